"""Organisations, keys and invitations behind the API: who may see, make and void what."""
