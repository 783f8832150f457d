"""Credentials of devices in the database: secrets, client certificates, who must be thrown out."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.store.access import Access
from context_api.store.audit import record_act
from context_api.store.database import Database
from context_api.store.devices import DeviceKind
from context_api.store.queries import load_queries

_SQL = load_queries("device_credentials")


class Credential(msgspec.Struct, frozen=True):
    """What is known of a secret; not the secret."""

    id: int
    number: int
    """Which of the device's user names it opens."""
    username: str
    prefix: str | None
    """Its first characters; None for those made before they were kept."""
    label: str | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    """Where a door of ours checked it, to the minute; a broker with a password file tells nobody."""


class Owner(NamedTuple):
    """Whose credentials they are."""

    kind: DeviceKind
    gateway: str | None
    """Who speaks for it, if it has no topics of its own."""


class NewSecret(NamedTuple):
    """The hashes of one secret, and which user name it opens."""

    username: str
    verifier: bytes
    broker_hash: str
    prefix: str
    number: int


class Issued(NamedTuple):
    """A new secret's row, and the generation the broker has to load."""

    credential: Credential
    generation: int


class Login(NamedTuple):
    """A valid secret of a user name, and whom it lets in."""

    id: int
    username: str
    tenant: str
    device_id: str
    kind: DeviceKind
    adapter: str
    application: str | None
    verifier: bytes
    expires_at: int | None
    """Seconds since 1970."""
    is_use_news: bool
    """Its last use was noted more than a minute ago."""


class Speaker(NamedTuple):
    """Who speaks under a user name that is valid."""

    tenant: str
    device_id: str
    kind: DeviceKind
    adapter: str
    application: str | None


class BrokerUsers(NamedTuple):
    """What the broker's files are made from, of one moment."""

    generation: int
    hashes: list[tuple[str, str]]
    """(user name, hash), sorted."""
    gateways: list[tuple[str, str, str]]
    """(user name, adapter, application), sorted."""
    revoked: list[tuple[str, datetime]] = []  # noqa: RUF012 - never changed
    """(serial, when) of certificates, sorted."""


class Kick(NamedTuple):
    """A connection to close: whoever uses this user name by a credential that is void."""

    source: str
    key: str
    username: str


class Certificate(msgspec.Struct, frozen=True):
    """A client certificate that was signed and is not revoked."""

    serial: str
    username: str
    fingerprint: str
    label: str | None
    not_before: datetime
    not_after: datetime
    created_at: datetime


Make = Callable[[Owner, Sequence[Credential]], NewSecret]
"""Gives the hashes of a new secret, knowing those that are valid; raises where there may be no more."""


def issue_credential(
    database: Database,
    access: Access,
    device_id: str,
    make: Make,
    *,
    label: str | None = None,
    overlap_s: float | None = None,
) -> Issued | None:
    """Add a secret; the others end after `overlap_s` seconds if that is given. None: no such device."""
    named = {"tenant_id": access.tenant_id, "device_id": device_id}
    with database.transaction() as connection:
        row = connection.execute(_SQL["lock_device"], named).fetchone()
        if row is None:
            return None
        valid = [Credential(*one) for one in connection.execute(_SQL["list_credentials"], named)]
        new = make(Owner(DeviceKind(row[0]), row[1]), valid)
        values = named | new._asdict() | {"label": label}
        inserted = connection.execute(_SQL["insert_credential"], values).fetchone()
        if inserted is None:
            raise RuntimeError("BUG: an insert returned no row")
        if overlap_s is not None:
            others = named | {"id": inserted[0], "overlap": timedelta(seconds=overlap_s)}
            connection.execute(_SQL["shorten_others"], others)
        after = {"id": inserted[0], "label": label, "overlapSeconds": overlap_s}
        record_act(connection, access, "create", "device-credential", device_id, after=after)
        return Issued(Credential(*inserted), _bump(connection))


def list_credentials(database: Database, access: Access, device_id: str) -> list[Credential]:
    """List the valid secrets of a device, the oldest first."""
    named = {"tenant_id": access.tenant_id, "device_id": device_id}
    with database.connection() as connection:
        return [Credential(*row) for row in connection.execute(_SQL["list_credentials"], named)]


def revoke_credential(database: Database, access: Access, device_id: str, credential_id: int) -> int | None:
    """Make one secret void; the generation, or None where there is no such valid secret."""
    named = {"tenant_id": access.tenant_id, "device_id": device_id, "id": credential_id}
    with database.transaction() as connection:
        if connection.execute(_SQL["revoke_credential"], named).fetchone() is None:
            return None
        record_act(connection, access, "revoke", "device-credential", device_id, before={"id": credential_id})
        return _bump(connection)


def expire_credentials(database: Database) -> float | None:
    """Make void what has expired; seconds until the next one does, None if none will."""
    with database.transaction() as connection:
        expired = connection.execute(_SQL["expire_credentials"]).fetchall()
        row = connection.execute(_SQL["next_expiry"]).fetchone()
        if expired:
            _bump(connection)
    return None if row is None or row[0] is None else float(row[0])


def mark_used(database: Database, credential_id: int) -> None:
    """Note that a secret was used just now, to the minute."""
    with database.connection() as connection:
        connection.execute(_SQL["mark_used"], {"id": credential_id})


def find_logins(database: Database, tenant: str, device_id: str) -> list[Login]:
    """Find the valid secrets of a device."""
    with database.connection() as connection:
        rows = connection.execute(_SQL["find_logins"], {"tenant": tenant, "device_id": device_id}).fetchall()
    return [_to_login(row) for row in rows]


def find_speaker(database: Database, tenant: str, device_id: str, username: str) -> Speaker | None:
    """Find who may use a user name, by a secret or by a certificate; None where nobody may any more."""
    named = {"tenant": tenant, "device_id": device_id, "username": username}
    with database.connection() as connection:
        row = connection.execute(_SQL["find_speaker"], named).fetchone()
    return None if row is None else Speaker(row[0], row[1], DeviceKind(row[2]), row[3], row[4])


def list_broker_users(database: Database) -> BrokerUsers:
    """Return every valid secret and gateway and every revoked certificate, with their generation."""
    with database.transaction() as connection:
        connection.execute("set transaction isolation level repeatable read, read only")
        generation = connection.execute(_SQL["get_generation"]).fetchone()
        return BrokerUsers(
            int(generation[0]) if generation else 0,
            [(row[0], row[1]) for row in connection.execute(_SQL["list_broker_hashes"])],
            [(row[0], row[1], row[2]) for row in connection.execute(_SQL["list_gateway_users"])],
            [(row[0], row[1]) for row in connection.execute(_SQL["list_revoked"])],
        )


def list_kicks(database: Database, limit: int) -> list[Kick]:
    """List whose connections have to be closed, those revoked last first."""
    with database.connection() as connection:
        rows = connection.execute(_SQL["list_kicks"], {"limit": limit}).fetchall()
    return [Kick(*row[:3]) for row in rows]


def mark_kicked(database: Database, kicks: Sequence[Kick]) -> None:
    """Note that these connections are closed."""
    with database.transaction() as connection:
        for source, statement in (
            ("secret", "mark_secrets_kicked"),
            ("certificate", "mark_certificates_kicked"),
        ):
            keys = [kick.key for kick in kicks if kick.source == source]
            if keys:
                connection.execute(_SQL[statement], {"keys": keys})


def get_authority(database: Database) -> tuple[str, bytes] | None:
    """Return the authority's certificate (PEM) and its sealed key; None while there is none."""
    with database.connection() as connection:
        row = connection.execute(_SQL["get_authority"]).fetchone()
    return None if row is None else (row[0], bytes(row[1]))


def insert_authority(database: Database, certificate: str, sealed_key: bytes) -> None:
    """Keep an authority, unless another process was quicker."""
    with database.connection() as connection:
        connection.execute(_SQL["insert_authority"], {"certificate": certificate, "sealed_key": sealed_key})


def get_owner(database: Database, access: Access, device_id: str) -> Owner | None:
    """Return whose credentials a device's are; None where there is no such device."""
    named = {"tenant_id": access.tenant_id, "device_id": device_id}
    with database.transaction() as connection:
        row = connection.execute(_SQL["lock_device"], named).fetchone()
    if row is None or access.devices_of not in (None, row[2]):
        return None
    return Owner(DeviceKind(row[0]), row[1])


def insert_certificate(
    database: Database, access: Access, device_id: str, values: dict[str, Any]
) -> Certificate:
    """Keep what is known of a signed certificate. Raises StoreRefused where the device is gone."""
    named = {"tenant_id": access.tenant_id, "device_id": device_id}
    with database.transaction() as connection:
        row = connection.execute(_SQL["insert_certificate"], named | values).fetchone()
        if row is None:
            raise RuntimeError("BUG: an insert returned no row")
        after = {"serial": values["serial"]}
        record_act(connection, access, "create", "device-certificate", device_id, after=after)
    return Certificate(*row)


def list_certificates(database: Database, access: Access, device_id: str) -> list[Certificate]:
    """List the valid certificates of a device, the oldest first."""
    named = {"tenant_id": access.tenant_id, "device_id": device_id}
    with database.connection() as connection:
        return [Certificate(*row) for row in connection.execute(_SQL["list_certificates"], named)]


def find_certificates(database: Database, tenant: str, device_id: str, username: str) -> list[Certificate]:
    """Find the valid certificates that carry a user name."""
    named = {"tenant": tenant, "device_id": device_id, "username": username}
    with database.connection() as connection:
        return [Certificate(*row) for row in connection.execute(_SQL["find_certificates"], named)]


def revoke_certificate(database: Database, access: Access, device_id: str, serial: str) -> int | None:
    """Put a certificate on the list of revoked ones; the generation, or None where there is none such."""
    named = {"tenant_id": access.tenant_id, "device_id": device_id, "serial": serial}
    with database.transaction() as connection:
        if connection.execute(_SQL["revoke_certificate"], named).fetchone() is None:
            return None
        record_act(connection, access, "revoke", "device-certificate", device_id, before={"serial": serial})
        return _bump(connection)


def _to_login(row: Sequence[Any]) -> Login:
    id_, username, tenant, device_id, kind, adapter, application, verifier, expires_at, is_news = row
    return Login(
        id=id_,
        username=username,
        tenant=tenant,
        device_id=device_id,
        kind=DeviceKind(kind),
        adapter=adapter,
        application=application,
        verifier=bytes(verifier),
        expires_at=expires_at,
        is_use_news=is_news,
    )


def _bump(connection: Connection[TupleRow]) -> int:
    row = connection.execute(_SQL["bump_generation"]).fetchone()
    return int(row[0]) if row else 0
