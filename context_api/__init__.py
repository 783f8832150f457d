"""The context: NGSI-LD semantics, the store, the HTTP API, notifications."""
