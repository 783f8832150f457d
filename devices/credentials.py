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
PREFIX_CHARS = 6
"""Shown in lists, so that people can tell two secrets apart; 130 bits stay unknown."""
MAX_SECRETS = 2
"""Of a device: the one in use, and the one that takes its place."""
MAX_GATEWAY_SECRETS = 1_000
"""Of a gateway: devices that speak to the broker under its topics need one each, since the broker keeps one
connection per user name."""
_PERSON = b"machi-device"
_SECOND = "v1/"


class Service(NamedTuple):
    """A user of the broker that is no device; `rules` are such as "read machi/v1/+/+/up"."""

    username: str
    password: str
    rules: tuple[str, ...]


WORKER_USERNAME = "machi-worker"
"""Who closes connections of revoked credentials. It may read and write nothing."""

BRIDGE_RULES = ("read machi/v1/+/+/state", *(f"read {one}" for one in SUBSCRIPTIONS))
"""What the bridge reads."""


def username_of(tenant: str, device_id: str, number: int = 1, *, is_gateway: bool = False) -> str:
    """Return the user name that a device's secret of this number opens.

    Mosquitto's password file has one secret per user name, and its ACL patterns put the name into the topic.
    So the second name of a device is a longer piece of its own topic: `pattern write machi/v1/%u/up` becomes
    `pattern write machi/%u/up`, and no device needs a line of its own (docs/decisions/0010).
    """
    name = f"{tenant}/{device_id}"
    if number == 1:
        return name
    return f"{name}~{number}" if is_gateway else f"{_SECOND}{name}"


def split_username(username: str) -> tuple[str, str] | None:
    """Return (tenant, device id) of a user name; None for the name of a service, or none at all."""
    levels = username.partition("~")[0].split("/")
    if len(levels) == 3 and levels[0] == _SECOND[:-1]:
        del levels[0]
    return (levels[0], levels[1]) if len(levels) == 2 and all(levels) else None


def new_secret() -> str:
    """Return a secret of 160 random bits that is safe in files, URLs and on labels."""
    return base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode("ascii").lower()


def new_credential(username: str, secret: str, hash_key: bytes) -> NewCredential:
    """Return the hashes to keep of a secret."""
    verifier = hash_secret(secret, hash_key)
    return NewCredential(username, verifier, broker_hash(secret), secret[:PREFIX_CHARS])


def hash_secret(secret: str, hash_key: bytes) -> bytes:
    """Return the keyed hash for checks of our own; a copy of the database alone allows none."""
    # blake2b takes at most 64 bytes of key; longer ones count in full
    key = hash_key if len(hash_key) <= 64 else hashlib.blake2b(hash_key).digest()
    return hashlib.blake2b(secret.encode(), key=key, digest_size=32, person=_PERSON).digest()


def derived_secret(username: str, hash_key: bytes) -> str:
    """Return a service's secret that follows from the installation's: nobody has to keep it."""
    digest = hash_secret(f"service:{username}", hash_key)[:_SECRET_BYTES]
    return base64.b32encode(digest).decode("ascii").lower()


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
