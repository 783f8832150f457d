"""ChirpStack v4 events."""
