"""Registering many devices from one file: reading it, judging its rows, and carrying them out."""
