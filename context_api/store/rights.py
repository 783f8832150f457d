"""What principals may do, read from the database, for the API and for the writers' index of subscriptions."""

import logging
import threading
import time
from collections import OrderedDict
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.errors import NgsiLdError
from context_api.ngsild.query import parse_scope_query
from context_api.ngsild.query.geo import read_shape
from context_api.policy.defaults import rights_of
from context_api.policy.grant import Grant, Operation
from context_api.policy.principal import Principal
from context_api.policy.rights import Floor, Floors, Marks, Rights
from context_api.policy.roles import Role
from context_api.store.database import Database
from context_api.store.queries import load_queries

CHANNEL = "machi_access"
"""Notified with every change of a right."""
PUBLIC = 2
"""The organisation whose grants everybody has (migration 0030)."""
CACHE_SECONDS = 2.0
CACHE_ENTRIES = 5_000
MAX_OWN_ENTITIES = 20_000
"""Entities of an operator's own devices that are looked at."""

_SQL = load_queries("rights")
_log = logging.getLogger(__name__)

KEY = "key:"


def load_rights(connection: Connection[TupleRow], tenant_id: int, principal: Principal) -> Rights | None:
    """Give what a principal may do in a tenant; None: everything, for an administrator."""
    if principal.role is Role.ADMINISTRATOR:
        return None
    rows = connection.execute(_SQL["get_grants"], _asked(tenant_id, principal), binary=True).fetchall()
    grants = [grant for row in rows if (grant := _read_grant(row)) is not None]
    own: list[str] = []
    if principal.role is Role.OPERATOR and principal.organisation is not None:
        given = [tenant_id, principal.organisation, MAX_OWN_ENTITIES]
        own = [found for (found,) in connection.execute(_SQL["get_own_entities"], given)]
    floors = load_floors(connection, tenant_id)
    return rights_of(principal.role, grants, load_marks(connection, tenant_id), own, floors)


def load_ended(
    connection: Connection[TupleRow], tenant_id: int, principal: Principal, limit: int
) -> list[Grant]:
    """Give the grants of a principal of which the time is over, the newest first: they give nothing."""
    asked = _asked(tenant_id, principal) | {"limit": limit}
    rows = connection.execute(_SQL["get_ended_grants"], asked, binary=True).fetchall()
    return [grant for row in rows if (grant := _read_grant(row)) is not None]


def _asked(tenant_id: int, principal: Principal) -> dict[str, Any]:
    return {
        "tenant": tenant_id,
        "organisation": principal.organisation,
        "public": PUBLIC,
        "key": principal.name.removeprefix(KEY) if principal.name.startswith(KEY) else None,
    }


def load_marks(connection: Connection[TupleRow], tenant_id: int) -> Marks:
    """Give what is personal in a tenant."""
    found = connection.execute(_SQL["get_marks"], [tenant_id])
    return {type_: frozenset(names) for type_, names in found}


def load_floors(connection: Connection[TupleRow], tenant_id: int) -> Floors:
    """Give what counts people in a tenant, and the smallest count that the public sees."""
    found = connection.execute(_SQL["get_floors"], [tenant_id])
    return {type_: Floor(frozenset(names), smallest) for type_, names, smallest in found}


def _read_grant(row: TupleRow) -> Grant | None:
    """Read a row; one that cannot be understood grants nothing."""
    (
        *(key, operations, types, attributes, scopes, area, valid_from, valid_until, history_from, personal),
        is_public,
    ) = row
    try:
        return Grant(
            id=key,
            operations=frozenset(Operation(one) for one in operations),
            types=frozenset(types),
            attributes=frozenset(attributes),
            scopes=None if scopes is None else parse_scope_query(scopes),
            area=None if area is None else read_shape(msgspec.json.decode(area)),
            valid_from=valid_from,
            valid_until=valid_until,
            history_from=history_from,
            personal=personal,
            is_public=is_public,
        )
    except (NgsiLdError, ValueError, TypeError, KeyError, msgspec.MsgspecError) as error:
        _log.error(
            "A grant cannot be read, it grants nothing",
            extra={"action": "read_grant", "grant": key, "error": str(error)},
        )
        return None


_Asked = tuple[int, Principal]


class RightsCache:
    """The rights of those who asked lately: short-lived and bounded. Safe to use from many threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: OrderedDict[_Asked, tuple[float, Rights | None]] = OrderedDict()
        self._lock = threading.Lock()
        self._generation = 0

    def recall(self, tenant_id: int, principal: Principal) -> tuple[Rights | None] | None:
        """Give what is remembered; None where nothing is, or where it is too old."""
        found = self._known.get((tenant_id, principal))
        return (found[1],) if found is not None and found[0] > time.monotonic() else None

    def get(self, tenant_id: int, principal: Principal) -> Rights | None:
        """Give what a principal may do in a tenant; None: everything. Raises StoreUnavailable."""
        known = self.recall(tenant_id, principal)
        if known is not None:
            return known[0]
        generation, until = self._generation, time.monotonic() + CACHE_SECONDS
        with self._database.connection() as connection:
            rights = load_rights(connection, tenant_id, principal)
        with self._lock:
            if generation == self._generation:  # else what was read may be older than what was forgotten
                self._known[tenant_id, principal] = (until, rights)
                self._known.move_to_end((tenant_id, principal))
                while len(self._known) > CACHE_ENTRIES:
                    self._known.popitem(last=False)
        return rights

    def forget(self, *_: Any) -> None:
        """Drop everything: something has changed."""
        with self._lock:
            self._generation += 1
            self._known.clear()
