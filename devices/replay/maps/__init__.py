"""Maps for recordings that are published: one TOML file each."""
