"""The profiles that towns write, in the database: every version a document that never changes."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from context_api.ngsild.errors import AlreadyExists, Conflict, ResourceNotFound
from context_api.ngsild.model import Micros
from context_api.store.access import Access
from context_api.store.audit import record_act
from context_api.store.database import Database
from context_api.store.queries import load_queries

_SQL = load_queries("profiles")

MAX_PROFILES = 500
"""Of a tenant."""
MAX_VERSIONS = 100
"""Of a profile; older ones are dropped where no device is bound to them."""


class StoredProfile(NamedTuple):
    """One version of a profile."""

    name: str
    version: int
    document: dict[str, Any]
    created_at: Micros
    """Of the version."""
    created_by: str
    latest: int
    profile_created_at: Micros


class Written(NamedTuple):
    """What a write came to: the version that stands, and whether it is a new one."""

    version: int
    is_new: bool


def create_profile(database: Database, access: Access, name: str, document: Mapping[str, Any]) -> Written:
    """Write the first version of a profile. Raises AlreadyExists, Conflict (too many)."""
    with database.transaction() as connection:
        named = {"tenant_id": access.tenant_id, "name": name}
        connection.execute(_SQL["lock_profiles"], named)
        row = connection.execute(_SQL["lock_profile"], named).fetchone()
        if row is not None and not row[1]:
            raise AlreadyExists(f"Profile {name} exists already; PUT writes a new version of it")
        counted = connection.execute(_SQL["count_profiles"], named).fetchone()
        if counted is not None and counted[0] >= MAX_PROFILES:
            raise Conflict(
                f"The tenant has {counted[0]} profiles, the most that it may have; delete one first"
            )
        return _write(connection, access, name, document, 1 if row is None else row[0] + 1)


def update_profile(
    database: Database, access: Access, name: str, document: Mapping[str, Any], *, based_on: int | None
) -> Written:
    """Write a new version, unless the latest says the same; `based_on` is the version that was edited.

    Raises ResourceNotFound, Conflict where somebody wrote a version meanwhile.
    """
    with database.transaction() as connection:
        named = {"tenant_id": access.tenant_id, "name": name, "version": None}
        connection.execute(_SQL["lock_profiles"], named)
        row = connection.execute(_SQL["lock_profile"], named).fetchone()
        found = connection.execute(_SQL["get_profile"], named).fetchone()
        if row is None or found is None:
            raise _absent(name)
        latest = row[0]
        if found[2] == document:
            return Written(latest, is_new=False)
        if based_on is not None and based_on not in (latest, latest + 1):
            raise Conflict(f"Version {latest} of profile {name} was written meanwhile; edit that one")
        return _write(connection, access, name, document, latest + 1)


def delete_profile(database: Database, access: Access, name: str) -> None:
    """Delete a profile. Raises ResourceNotFound, Conflict while devices are bound to it."""
    with database.transaction() as connection:
        named = {"tenant_id": access.tenant_id, "name": name}
        connection.execute(_SQL["lock_profiles"], named)
        bound = sum(count for _, count in connection.execute(_SQL["count_devices"], named))
        if bound:
            raise Conflict(f"{bound} devices are bound to profile {name}; give them another one first")
        if not connection.execute(_SQL["delete_profile"], named).rowcount:
            raise _absent(name)
        connection.execute(_SQL["notify_profile"])
        record_act(connection, access, "delete", "profile", name)


def find_profile(
    database: Database, tenant_id: int, name: str, version: int | None = None
) -> StoredProfile | None:
    """Return a version of a profile, the latest where none is named; None where there is none."""
    named = {"tenant_id": tenant_id, "name": name, "version": version}
    with database.connection() as connection:
        row = connection.execute(_SQL["get_profile"], named, binary=True).fetchone()
    return None if row is None else _from_row(row)


def list_profiles(database: Database, access: Access) -> list[StoredProfile]:
    """Return the latest version of each profile of a tenant, by name."""
    with database.connection() as connection:
        return [
            _from_row(row)
            for row in connection.execute(_SQL["list_profiles"], {"tenant_id": access.tenant_id}, binary=True)
        ]


def list_latest(database: Database, tenant_id: int) -> dict[str, int]:
    """Return the number of the latest version of each profile of a tenant."""
    with database.connection() as connection:
        return dict(connection.execute(_SQL["list_latest"], {"tenant_id": tenant_id}).fetchall())


def list_versions(database: Database, access: Access, name: str) -> list[StoredProfile]:
    """Return the versions of a profile that are kept, the latest first. Raises ResourceNotFound."""
    named = {"tenant_id": access.tenant_id, "name": name}
    with database.connection() as connection:
        rows = connection.execute(_SQL["list_versions"], named, binary=True)
        found = [_from_row(row) for row in rows]
    if not found:
        raise _absent(name)
    return found


def count_devices(database: Database, access: Access, name: str | None = None) -> dict[str, int]:
    """Return how many devices name each profile (`name`, or `name@version`), or those of one."""
    named = {"tenant_id": access.tenant_id, "name": name}
    with database.connection() as connection:
        return dict(connection.execute(_SQL["count_devices"], named).fetchall())


def _write(
    connection: Connection[TupleRow], access: Access, name: str, document: Mapping[str, Any], version: int
) -> Written:
    values = {
        "tenant_id": access.tenant_id,
        "name": name,
        "version": version,
        "document": Jsonb(document),
        "created_by": access.principal,
        "up_to": version - MAX_VERSIONS,
    }
    for statement in ("put_profile", "insert_version", "drop_old_versions", "notify_profile"):
        connection.execute(_SQL[statement], values)
    verb = "create" if version == 1 else "change"
    record_act(connection, access, verb, "profile", name, after={"version": version})
    return Written(version, is_new=True)


def _from_row(row: TupleRow) -> StoredProfile:
    """A row that came in binary: its document is text yet."""
    return StoredProfile(row[0], row[1], orjson.loads(row[2]), *row[3:])


def _absent(name: str) -> ResourceNotFound:
    return ResourceNotFound(f"The tenant has no profile {name!r:.80} of its own")


def bound_devices(counts: Mapping[str, int], names: Sequence[str]) -> dict[str, int]:
    """Return the devices of each profile, whichever version they are bound to."""
    found = dict.fromkeys(names, 0)
    for bound, count in counts.items():
        name = bound.partition("@")[0]
        if name in found:
            found[name] += count
    return found
