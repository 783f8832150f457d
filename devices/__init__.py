"""Registry, credentials, profiles, liveness, simulators, replay."""
