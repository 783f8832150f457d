"""Passwords of the devices of one import, which nobody has to keep until they are fetched. Pure.

Each is a keyed hash of the user name, under the installation's secret and a random salt of the import. So the
database holds nothing that opens anything (a salt without the key is worth nothing), a process that is killed
in the middle makes the same passwords again, and once the salt is forgotten nobody can make them once more.
"""

import base64
import hashlib
import secrets

from devices.credentials import hash_secret

_SALT_BYTES = 32
_SECRET_BYTES = 20
_PERSON = b"machi-import"


def new_salt() -> bytes:
    """Give 256 random bits."""
    return secrets.token_bytes(_SALT_BYTES)


def import_secret(hash_key: bytes, salt: bytes, username: str) -> str:
    """Give a password of 160 bits, safe in files and URLs, as `new_secret` makes them."""
    key = hash_secret(salt.hex(), hash_key)
    made = hashlib.blake2b(username.encode(), key=key, digest_size=_SECRET_BYTES, person=_PERSON).digest()
    return base64.b32encode(made).decode("ascii").lower()
