"""Watching over devices: silence, faults, what is raised of them."""
