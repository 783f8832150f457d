"""Context source registrations in the database; one writer per tenant at a time, so conflicts are seen."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.errors import AlreadyExists, BadRequestData, Conflict, ResourceNotFound
from context_api.ngsild.model import Micros
from context_api.ngsild.registration_matching import RegistrationQuery, find_conflict, matches
from context_api.ngsild.registration_model import (
    PROXIED,
    Registration,
    RegistrationTimes,
    registration_from_json,
)
from context_api.store.access import Access
from context_api.store.audit import record_act
from context_api.store.codec import encode_json
from context_api.store.database import Database
from context_api.store.owners import narrowed, owner_of
from context_api.store.packing import pack_time
from context_api.store.queries import load_queries

CHANNEL = "machi_registrations"
"""Notified with the name of a tenant whose registrations changed."""
MAX_REGISTRATIONS = 10_000
"""Of one tenant; a query looks at each."""
REGISTRATION_LOCK = 3
"""Class of the advisory lock per tenant, beside those of `batch`."""

_SQL = load_queries("registrations")

Check = Callable[[Registration], None]
"""Raises Conflict where local entities stand against a registration."""


class StoredRegistration(msgspec.Struct, frozen=True):
    """A registration with what the broker knows about it."""

    registration: Registration
    times: RegistrationTimes


def create_registration(
    database: Database, access: Access, registration: Registration, check: Check, now: Micros
) -> None:
    """Store a registration. Raises AlreadyExists, Conflict, BadRequestData above MAX_REGISTRATIONS."""
    check(registration)
    tenant_id = access.tenant_id
    with _changing(database, access, now) as connection:
        counted = connection.execute(_SQL["count_registrations"], [tenant_id]).fetchone()
        if counted is not None and counted[0] >= MAX_REGISTRATIONS:
            raise BadRequestData(f"the tenant has {MAX_REGISTRATIONS} registrations already")
        _check_others(connection, access, registration)
        row = connection.execute(
            _SQL["create_registration"],
            [
                tenant_id,
                registration.id,
                _encode(registration),
                registration.mode in PROXIED,
                pack_time(now),
                pack_time(now),
                _pack_expiry(registration),
                *owner_of(access),
            ],
        ).fetchone()
        if row is None:
            raise AlreadyExists(f"the registration {registration.id} exists already")
        after = {"mode": registration.mode}
        record_act(connection, access, "create", "registration", registration.id, after=after)


def update_registration(  # noqa: PLR0917
    database: Database,
    access: Access,
    registration_id: str,
    change: Callable[[Registration], Registration],
    check: Check,
    now: Micros,
) -> None:
    """Let `change` make another registration of what there is. Raises ResourceNotFound, Conflict."""
    check(change(get_registration(database, access, registration_id, now).registration))
    with _changing(database, access, now) as connection:
        changed = change(_get(connection, access, registration_id, now).registration)
        _check_others(connection, access, changed)
        connection.execute(
            _SQL["update_registration"],
            [
                _encode(changed),
                changed.mode in PROXIED,
                pack_time(now),
                _pack_expiry(changed),
                access.tenant_id,
                registration_id,
            ],
        )
        after = {"mode": changed.mode}
        record_act(connection, access, "change", "registration", registration_id, after=after)


def get_registration(
    database: Database, access: Access, registration_id: str, now: Micros
) -> StoredRegistration:
    """Raises ResourceNotFound."""
    with database.connection() as connection:
        return _get(connection, access, registration_id, now)


def query_registrations(
    database: Database, access: Access, query: RegistrationQuery, now: Micros
) -> list[StoredRegistration]:
    """Give the registrations that match, in the order of creation."""
    with database.connection() as connection:
        rows = connection.execute(
            _SQL["list_registrations"],
            {"tenant_id": access.tenant_id, "now": pack_time(now), **narrowed(access)},
            binary=True,
        ).fetchall()
    return [one for one in map(_from_row, rows) if matches(one.registration, query)]


def delete_registration(database: Database, access: Access, registration_id: str, now: Micros) -> None:
    """Raises ResourceNotFound."""
    with _changing(database, access, now) as connection:
        deleted = connection.execute(_SQL["delete_registration"], _one(access, registration_id, now))
        if deleted.rowcount == 0:
            raise _unknown(registration_id)
        record_act(connection, access, "delete", "registration", registration_id)


def list_proxied(database: Database, access: Access) -> tuple[Registration, ...]:
    """Give the exclusive and the redirecting registrations, also those that have expired meanwhile."""
    with database.connection() as connection:
        rows = connection.execute(_SQL["get_proxied"], [access.tenant_id]).fetchall()
    return tuple(registration_from_json(document) for (document,) in rows)


def get_installation_id(database: Database) -> str:
    """Give what tells this installation from all others."""
    with database.connection() as connection:
        row = connection.execute(_SQL["get_installation"]).fetchone()
    return "" if row is None else str(row[0])


@contextmanager
def _changing(database: Database, access: Access, now: Micros) -> Iterator[Connection[TupleRow]]:
    with database.transaction() as connection:
        connection.execute(_SQL["lock_registrations"], [REGISTRATION_LOCK, access.tenant_id])
        connection.execute(_SQL["delete_expired"], [access.tenant_id, pack_time(now)])
        yield connection
        connection.execute(_SQL["notify_changed"], [CHANNEL, access.tenant])


def _check_others(connection: Connection[TupleRow], access: Access, registration: Registration) -> None:
    if registration.mode not in PROXIED:
        return
    rows = connection.execute(_SQL["get_proxied"], [access.tenant_id]).fetchall()
    other = find_conflict(registration, (registration_from_json(document) for (document,) in rows))
    if other is not None:
        raise Conflict(f"the registration {other.id} ({other.mode}) is about the same entity and attribute")


def _get(
    connection: Connection[TupleRow], access: Access, registration_id: str, now: Micros
) -> StoredRegistration:
    row = connection.execute(
        _SQL["get_registration"], _one(access, registration_id, now), binary=True
    ).fetchone()
    if row is None:
        raise _unknown(registration_id)
    return _from_row(row)


def _one(access: Access, registration_id: str, now: Micros) -> dict[str, object]:
    return {"tenant_id": access.tenant_id, "id": registration_id, "now": pack_time(now), **narrowed(access)}


def _from_row(row: TupleRow) -> StoredRegistration:
    document, created_at, modified_at = row
    return StoredRegistration(registration_from_json(document), RegistrationTimes(created_at, modified_at))


def _encode(registration: Registration) -> str:
    return encode_json(msgspec.to_builtins(registration)).decode()


def _pack_expiry(registration: Registration) -> object:
    return None if registration.expires_at is None else pack_time(registration.expires_at)


def _unknown(registration_id: str) -> ResourceNotFound:
    return ResourceNotFound(f"the registration {registration_id} does not exist")
