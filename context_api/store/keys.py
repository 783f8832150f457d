"""Keys of the HTTP API: made by us, shown once, kept as a keyed hash.

A key is `machi_<prefix>_<secret>`. Its 160 random bits need no slow hash (a guess is hopeless); the hash is
keyed with the installation's secret, so that a copy of the database alone allows no key to be checked.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection

from context_api.store.database import Database
from context_api.store.queries import load_queries

ADMINISTRATOR = "administrator"
MIN_SECRET_BYTES = 16
_SECRET_LENGTH = 32  # base32 letters, 5 bits each
_PREFIX_LENGTH = 8
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_KEY = re.compile(r"machi_([a-z2-7]{8})_[a-z2-7]{32}")
_SQL = load_queries("keys")


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a key; not the key."""

    prefix: str
    role: str
    label: str
    created_at: datetime
    revoked_at: datetime | None = None


class NewKey(msgspec.Struct, frozen=True):
    """A key at the only moment when its text is known."""

    text: str
    key: ApiKey

    def __repr__(self) -> str:
        return f"NewKey(prefix={self.key.prefix!r})"


def create_key(database: Database, secret: bytes, *, label: str = "", role: str = ADMINISTRATOR) -> NewKey:
    """Make a key."""
    with database.connection() as connection:
        return _insert(connection, secret, label, role)


def create_first_key(database: Database, secret: bytes, *, label: str = "first key") -> NewKey | None:
    """Make an administrator's key if no valid one exists; of two callers at once only one makes it."""
    with database.transaction() as connection:
        connection.execute(_SQL["lock_keys"])
        row = connection.execute(_SQL["any_key"]).fetchone()
        if row is not None and row[0]:
            return None
        return _insert(connection, secret, label, ADMINISTRATOR)


def find_key(database: Database, secret: bytes, text: str) -> ApiKey | None:
    """Give the key of this text; None where it is unknown or revoked."""
    match = _KEY.fullmatch(text)
    if match is None:
        return None
    with database.connection() as connection:
        row = connection.execute(_SQL["find_key"], {"prefix": match[1]}).fetchone()
    if row is None or not hmac.compare_digest(bytes(row[0]), hash_key(secret, text)):
        return None
    key = _from_row(row[1:])
    return None if key.revoked_at is not None else key


def find_valid_key(database: Database, prefix: str) -> ApiKey | None:
    """Give the key of this prefix, for whom its text was checked before; None where it was revoked."""
    with database.connection() as connection:
        row = connection.execute(_SQL["find_key"], {"prefix": prefix}).fetchone()
    key = None if row is None else _from_row(row[1:])
    return None if key is None or key.revoked_at is not None else key


def list_keys(database: Database) -> list[ApiKey]:
    """List all keys, the oldest first, revoked ones too."""
    with database.connection() as connection:
        return [_from_row(row) for row in connection.execute(_SQL["list_keys"])]


def revoke_key(database: Database, prefix: str) -> bool:
    """Make a key void; False where no valid key has this prefix. Processes notice within two seconds."""
    with database.connection() as connection:
        return connection.execute(_SQL["revoke_key"], {"prefix": prefix}).fetchone() is not None


def hash_key(secret: bytes, text: str) -> bytes:
    """Hash a key's text. Raises ValueError where the installation's secret is too short to protect it."""
    if len(secret) < MIN_SECRET_BYTES:
        raise ValueError(f"the installation's secret must have at least {MIN_SECRET_BYTES} bytes")
    # blake2b takes at most 64 bytes of key; longer secrets count in full
    key = secret if len(secret) <= 64 else hashlib.blake2b(secret).digest()
    return hashlib.blake2b(text.encode(), key=key, digest_size=32, person=b"machi-api-key").digest()


def _insert(connection: Connection[Any], secret: bytes, label: str, role: str) -> NewKey:
    prefix = _random(_PREFIX_LENGTH)
    text = f"machi_{prefix}_{_random(_SECRET_LENGTH)}"
    values = {"prefix": prefix, "hash": hash_key(secret, text), "role": role, "label": label}
    row = connection.execute(_SQL["insert_key"], values).fetchone()
    if row is None:
        raise RuntimeError("BUG: an insert returned no row")
    return NewKey(text, _from_row(row))


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _from_row(row: Sequence[Any]) -> ApiKey:
    prefix, role, label, created_at, revoked_at = row
    return ApiKey(prefix=prefix, role=role, label=label, created_at=created_at, revoked_at=revoked_at)
