"""Pure NGSI-LD: model, contexts, merge rules, query languages, representations."""
