"""Secrets of devices: made by machine, so long that no slow hash is needed, kept as hashes only."""

import base64
import hashlib
import hmac
import secrets
from typing import NamedTuple

from context_api.store.devices import NewCredential
from devices.topics import SUBSCRIPTIONS

_SECRET_BYTES = 20
"""160 bits: guessing is hopeless, with or without a slow hash."""
_SALT_BYTES = 12
BROKER_ITERATIONS = 1
"""Of mosquitto's PBKDF2. It checks every connected client again at each reload, in its only thread: with its
own default of 101 that costs 0.1 ms per client (docs/decisions/0002-broker-credentials.md)."""
_PERSON = b"machi-device"


class Service(NamedTuple):
    """A user of the broker that is no device; `rules` are such as "read machi/v1/+/+/up"."""

    username: str
    password: str
    rules: tuple[str, ...]


BRIDGE_RULES = ("read machi/v1/+/+/state", *(f"read {one}" for one in SUBSCRIPTIONS))
"""What the bridge reads."""


def new_secret() -> str:
    """Return a secret of 160 random bits that is safe in files, URLs and on labels."""
    return base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode("ascii").lower()


def new_credential(username: str, secret: str, hash_key: bytes) -> NewCredential:
    """Return the hashes to keep of a secret."""
    return NewCredential(username, hash_secret(secret, hash_key), broker_hash(secret))


def hash_secret(secret: str, hash_key: bytes) -> bytes:
    """Return the keyed hash for checks of our own; a copy of the database alone allows none."""
    # blake2b takes at most 64 bytes of key; longer ones count in full
    key = hash_key if len(hash_key) <= 64 else hashlib.blake2b(hash_key).digest()
    return hashlib.blake2b(secret.encode(), key=key, digest_size=32, person=_PERSON).digest()


def is_secret_right(secret: str, verifier: bytes, hash_key: bytes) -> bool:
    """Tell whether a secret belongs to a verifier, in constant time."""
    return hmac.compare_digest(hash_secret(secret, hash_key), verifier)


def broker_hash(secret: str, *, salt: bytes | None = None, iterations: int = BROKER_ITERATIONS) -> str:
    """Return `$7$iterations$salt$hash` (PBKDF2-HMAC-SHA512), mosquitto's own format."""
    salt = secrets.token_bytes(_SALT_BYTES) if salt is None else salt
    digest = hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, iterations)
    encoded = (base64.b64encode(part).decode("ascii") for part in (salt, digest))
    return "$".join(("", "7", str(iterations), *encoded))


def service_hash(service: Service) -> str:
    """Return the same hash for the same service, so that an unchanged password file stays unchanged."""
    salt = hashlib.blake2b(f"{service.username}:{service.password}".encode(), person=_PERSON).digest()
    return broker_hash(service.password, salt=salt[:_SALT_BYTES])
