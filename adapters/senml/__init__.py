"""Sensor Measurement Lists (RFC 8428)."""
