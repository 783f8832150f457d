"""Tenants: made on first write, unknown on read is an error (clause 4.14)."""

import re

from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.errors import BadRequestData, NonexistentTenant
from context_api.store.audit import Entry, record
from context_api.store.database import Database
from context_api.store.queries import load_queries

DEFAULT_TENANT = "default"
MAX_CACHED = 10_000

_SQL = load_queries("tenants")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class Tenants:
    """Name -> id, cached: a tenant that exists exists for good."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ids: dict[str, int] = {}

    def find(self, name: str, *, create: bool) -> int:
        """Give a tenant's id. Raises NonexistentTenant, and BadRequestData for a name that cannot be one."""
        known = self._ids.get(name)
        if known is not None:
            return known
        if not _NAME.fullmatch(name):
            raise BadRequestData(f"{name!r} is not a tenant name: 1 to 64 letters, digits, '-', '_' and '.'")
        with self._database.connection() as connection:
            row = connection.execute(_SQL["find_tenant"], [name]).fetchone()
            if row is None and create:
                row = _create(connection, name)
        if row is None:
            raise NonexistentTenant(f"the tenant {name} does not exist")
        if len(self._ids) >= MAX_CACHED:
            self._ids.clear()
        tenant_id: int = row[0]
        self._ids[name] = tenant_id
        return tenant_id


def _create(connection: Connection[TupleRow], name: str) -> TupleRow | None:
    """Make a tenant, unless somebody else was quicker."""
    with connection.transaction():
        if connection.execute(_SQL["create_tenant"], [name]).rowcount:
            record(connection, Entry(verb="create", kind="tenant", id=name))
        return connection.execute(_SQL["find_tenant"], [name]).fetchone()
