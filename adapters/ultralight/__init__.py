"""FIWARE UltraLight 2.0 measures."""
