"""Machi's own payload: flat JSON."""
