"""MQTT in: session, micro-batches, acknowledgement, quarantine."""
