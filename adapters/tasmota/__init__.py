"""Tasmota telemetry."""
