"""Keys of the API: made by us, shown once, kept as a keyed hash; each belongs to an organisation.

Their 160 random bits need no slow hash (a guess is hopeless); the hash is keyed with the installation's
secret, so that a copy of the database alone allows no key to be checked.
"""

import hmac
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.policy.credentials import OrganisationKind, bound_tenants
from context_api.policy.principal import Principal
from context_api.policy.roles import Role
from context_api.store.audit import Entry, record
from context_api.store.database import Database
from context_api.store.key_texts import Secret, hash_key, make_secret, read_key
from context_api.store.queries import load_queries

TOWN = 1
"""The organisation that an installation begins with (migration 0030)."""
CHANNEL = "machi_access"
"""Notified with the prefix of a key that changed; empty: any key may have."""
MAX_KEYS = 200
"""Valid keys of one organisation."""
_SQL = load_queries("keys")
_NOBODY = hash_key(bytes(16), "nobody")


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a key; not the key."""

    prefix: str
    role: Role
    label: str
    created_at: datetime
    revoked_at: datetime | None
    expires_at: datetime | None
    successor: str | None
    """The prefix of the key it was rotated to."""
    last_used_at: datetime | None
    """To the minute."""
    created_by: str
    organisation_id: int
    organisation: str
    kind: OrganisationKind
    is_of_every_tenant: bool
    """Whether the organisation is in every tenant, those to come as well."""
    disabled_at: datetime | None
    """When the organisation was disabled."""
    organisation_tenants: Sequence[str]
    own_tenants: Sequence[str] | None
    """Those that the key is narrowed to; None: all of its organisation's."""

    @property
    def tenants(self) -> frozenset[str] | None:
        """The tenants that it opens; None: every one."""
        return bound_tenants(
            self.role,
            every_tenant=self.is_of_every_tenant,
            organisation=self.organisation_tenants,
            own=self.own_tenants,
        )

    @property
    def principal(self) -> Principal:
        """Whom it stands for."""
        return Principal(f"key:{self.prefix}", self.role, self.organisation_id, self.tenants)

    def fault(self, now: datetime) -> str | None:
        """Say why it opens nothing; None where it does."""
        if self.revoked_at is not None:
            return "was revoked"
        if self.expires_at is not None and self.expires_at <= now:
            return f"expired at {self.expires_at:%Y-%m-%dT%H:%M:%SZ}"
        return None if self.disabled_at is None else "belongs to an organisation that is disabled"


class NewKey(msgspec.Struct, frozen=True):
    """A key at the only moment when its text is known."""

    text: str
    key: ApiKey

    def __repr__(self) -> str:
        return f"NewKey(prefix={self.key.prefix!r})"


class TooManyKeys(Exception):
    """The organisation has as many valid keys as it may have."""


class KeyDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A key that is to be made. That it may be made is decided by whoever asks for it."""

    organisation_id: int = TOWN
    role: Role = Role.ADMINISTRATOR
    tenants: Sequence[str] | None = None
    label: str = ""
    expires_at: datetime | None = None
    created_by: str = "system"


def create_key(
    database: Database, secret: bytes, *, label: str = "", draft: KeyDraft | None = None
) -> NewKey:
    """Make a key; without a draft, an administrator's of the installation. Raises TooManyKeys."""
    with database.transaction() as connection:
        return insert_key(connection, secret, draft or KeyDraft(label=label))


def create_first_key(database: Database, secret: bytes, *, label: str = "first key") -> NewKey | None:
    """Make an administrator's key if no valid one exists; of two callers at once only one makes it."""
    with database.transaction() as connection:
        connection.execute(_SQL["lock_keys"])
        row = connection.execute(_SQL["any_key"]).fetchone()
        if row is not None and row[0]:
            return None
        return insert_key(connection, secret, KeyDraft(label=label))


def insert_key(connection: Connection[TupleRow], secret: bytes, draft: KeyDraft) -> NewKey:
    """Make a key in the caller's transaction. Raises TooManyKeys."""
    made = make_secret()
    digest = hash_key(secret, made.text)
    connection.execute(_SQL["lock_organisation"], [draft.organisation_id])
    counted = connection.execute(_SQL["count_valid"], [draft.organisation_id]).fetchone()
    if counted is not None and counted[0] >= MAX_KEYS:
        raise TooManyKeys(f"the organisation has {MAX_KEYS} valid keys, as many as it may have; revoke some")
    return _insert(connection, made, digest, draft)


def read_secret(database: Database, secret: bytes, text: str) -> ApiKey | None:
    """Give the key of this text, whether it is valid or not; None where there is none."""
    parts = read_key(text)
    if parts is None or not parts.is_whole:
        return None
    with database.connection() as connection:
        row = connection.execute(_where("k.prefix = %s"), [parts.prefix]).fetchone()
    kept = _NOBODY if row is None else bytes(row[-1])
    if not hmac.compare_digest(kept, hash_key(secret, text)) or row is None:
        return None
    return _from_row(row)


def find_key(database: Database, secret: bytes, text: str) -> ApiKey | None:
    """Give the key of this text; None where it is unknown or void."""
    key = read_secret(database, secret, text)
    return None if key is None or key.fault(_now(key)) is not None else key


def get_key(database: Database, prefix: str) -> ApiKey | None:
    """Give the key of this prefix, whether it is valid or not."""
    with database.connection() as connection:
        return read_key_row(connection, prefix)


def read_key_row(connection: Connection[TupleRow], prefix: str) -> ApiKey | None:
    """Give the key of this prefix, in the caller's transaction."""
    row = connection.execute(_where("k.prefix = %s"), [prefix]).fetchone()
    return None if row is None else _from_row(row)


def list_keys(database: Database, organisations: Collection[int] | None = None) -> list[ApiKey]:
    """List keys, those of some organisations or all, the oldest first, void ones too."""
    chosen = None if organisations is None else list(organisations)
    query = _where("%(chosen)s::integer[] is null or k.organisation_id = any (%(chosen)s)")
    with database.connection() as connection:
        rows = connection.execute(query + b" order by k.created_at, k.prefix", {"chosen": chosen})
        return [_from_row(row) for row in rows]


def revoke_key(database: Database, prefix: str, *, by: str = "system") -> bool:
    """Make a key void; False where no valid key has this prefix. Processes are told at once."""
    with database.transaction() as connection:
        row = connection.execute(_SQL["revoke_key"], {"prefix": prefix, "by": by}).fetchone()
        if row is not None:
            record(connection, Entry(verb="revoke", kind="api-key", id=prefix, principal=by))
    return row is not None


def rotate_key(
    database: Database, secret: bytes, prefix: str, *, overlap: timedelta, draft: KeyDraft
) -> NewKey | None:
    """Make a key in the place of another, which ends after the overlap; what was granted to it goes on.

    None where the other is void, or has been rotated already.
    """
    with database.transaction() as connection:
        connection.execute(_SQL["lock_key"], [prefix])
        old = read_key_row(connection, prefix)
        if old is None or old.successor is not None or old.fault(_now(old)) is not None:
            return None
        made = make_secret()
        new = _insert(connection, made, hash_key(secret, made.text), draft)
        named = {"prefix": prefix, "successor": made.prefix, "overlap_s": overlap.total_seconds()}
        connection.execute(_SQL["set_successor"], named)
        connection.execute(_SQL["copy_grants"], named)
        after = {"successor": made.prefix, "overlapSeconds": overlap.total_seconds()}
        entry = Entry(verb="rotate", kind="api-key", id=prefix, after=after, principal=draft.created_by)
        record(connection, entry)
    return new


def note_use(database: Database, prefix: str) -> None:
    """Keep that a key was used now; at most once a minute."""
    with database.connection() as connection:
        connection.execute(_SQL["note_use"], [prefix])


def _insert(connection: Connection[TupleRow], made: Secret, digest: bytes, draft: KeyDraft) -> NewKey:
    values = {
        "prefix": made.prefix,
        "hash": digest,
        "role": draft.role,
        "label": draft.label,
        "organisation_id": draft.organisation_id,
        "tenants": None if draft.tenants is None else list(draft.tenants),
        "expires_at": draft.expires_at,
        "created_by": draft.created_by,
    }
    connection.execute(_SQL["insert_key"], values)
    key = read_key_row(connection, made.prefix)
    if key is None:
        raise RuntimeError("BUG: a key that was inserted is not there")
    after = {
        "organisation": key.organisation,
        "role": key.role,
        "tenants": None if key.own_tenants is None else list(key.own_tenants),
        "label": key.label,
        "expiresAt": None if key.expires_at is None else key.expires_at.isoformat(),
    }
    entry = Entry(verb="create", kind="api-key", id=key.prefix, after=after, principal=draft.created_by)
    record(connection, entry)
    return NewKey(made.text, key)


def _where(condition: str) -> bytes:
    return _SQL["select_keys"] + b" where " + condition.encode()


def _now(key: ApiKey) -> datetime:
    return datetime.now(key.created_at.tzinfo)


def _from_row(row: Sequence[Any]) -> ApiKey:
    (prefix, role, label, created, revoked, expires, successor, used, author, *owner) = row
    organisation_id, organisation, kind, every_tenant, disabled, organisation_tenants, own, _ = owner
    return ApiKey(
        prefix=prefix,
        role=Role(role),
        label=label,
        created_at=created,
        revoked_at=revoked,
        expires_at=expires,
        successor=successor,
        last_used_at=used,
        created_by=author,
        organisation_id=organisation_id,
        organisation=organisation,
        kind=OrganisationKind(kind),
        is_of_every_tenant=every_tenant,
        disabled_at=disabled,
        organisation_tenants=organisation_tenants,
        own_tenants=own,
    )
