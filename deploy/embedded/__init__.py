"""The servers of `make run` and of the tests: PostgreSQL, Redis and an MQTT broker as our own children."""
