"""The conformance suite of NGSI-LD, run against the whole installation; nothing of the suite is kept here."""
