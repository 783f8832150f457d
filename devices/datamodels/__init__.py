"""Compact rules of the data models that the built-in profiles use: one TOML file per entity type."""
