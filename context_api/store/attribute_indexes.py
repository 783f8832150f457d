"""Attributes that operators have declared indexed: declared and described here, built by `index_building`.

An index holds keys (`index_keys`) of what `fixed` has of an attribute. What sensors measure is in `live`,
which every reading rewrites: an index on that would make each update of an entity write all its indexes. An
attribute that an entity has, or had, with observedAt is therefore refused, and an index on one that gets it
later rests.
"""

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.errors import AlreadyExists, Conflict, OperationNotSupported, ResourceNotFound
from context_api.ngsild.model import Iri, Kind, Micros
from context_api.ngsild.query import AllOf, EntityQuery, TypeIs, TypeSelection
from context_api.ngsild.query.conditions import terms_of
from context_api.store.access import Access
from context_api.store.audit import record_act
from context_api.store.database import Database
from context_api.store.index_keys import MANY, Wanted
from context_api.store.packing import pack_byteas
from context_api.store.queries import load_queries
from context_api.store.terms import Terms, TermsMissing

MAX_OF_TENANT = 16
MAX_IN_ALL = 64
"""Each costs every statement on entities a little, whosever they are: planning looks at all of them."""
_LOOK_AGAIN_S = 2.0
_DECLARATIONS_LOCK = 0x6D61_6964_78
_MEASURED = (
    "entities have, or had, it with observedAt. Each reading would have to write the index too; queries on it"
    " look through the entities of the type instead. A type whose entities have it without observedAt may be"
    " named"
)
_WITHOUT_KEYS = frozenset((Kind.GEO_PROPERTY,))

_SQL = load_queries("attribute_indexes")


class AttributeIndex(msgspec.Struct, frozen=True, kw_only=True):
    """A declared index, as it stands."""

    id: int
    attribute: Iri
    type: Iri | None
    """Of entities of this type only."""
    state: str
    """waiting, building, ready, failed; resting: ready, but an entity has the attribute with observedAt."""
    reason: str | None
    created_at: Micros
    ready_at: Micros | None
    size_bytes: int
    uses: int
    """Scans since the server's statistics began."""
    progress: float | None
    """How much of the entities has been read, from 0 to 1, while it is built."""


class Usable(NamedTuple):
    """An index that a query of the tenant may use."""

    tenant_id: int
    attribute_id: int
    type_id: int | None
    has_many: bool = True
    """Whether an entity has several values of it: only then is the other index asked too."""


class IndexRegistry:
    """Declares and describes the indexes of tenants. Safe to use from many threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._terms = Terms(database)

    def declare(self, access: Access, attribute: Iri, type_: Iri | None = None) -> AttributeIndex:
        """Declare an index; the worker builds it.

        Raises AlreadyExists, Conflict where there are too many, OperationNotSupported for an attribute that
        is measured or a GeoProperty.
        """
        self._terms.learn(TermsMissing(iris={attribute} if type_ is None else {attribute, type_}))
        attribute_id = int(self._terms.key(attribute))
        type_id = None if type_ is None else int(self._terms.key(type_))
        chosen = [access.tenant_id, attribute_id, type_id, type_id]
        with self._database.transaction() as connection:
            connection.execute(_SQL["lock_declarations"], [_DECLARATIONS_LOCK])
            live = connection.execute(_SQL["find_live_types"], chosen).fetchone()
            kinds = {Kind(kind) for (kind,) in connection.execute(_SQL["find_kinds"], chosen).fetchall()}
            counted = connection.execute(_SQL["count_indexes"], [access.tenant_id]).fetchone()
            made = connection.execute(_SQL["create_index"], chosen[:3]).fetchone()
            if made is None:
                of_type = "" if type_ is None else f" of {type_}"
                raise AlreadyExists(f"There is an index on {attribute}{of_type} already")
            if live is not None:
                raise OperationNotSupported(f"{attribute} is measured: {_MEASURED}")
            if kinds and kinds <= _WITHOUT_KEYS:
                raise OperationNotSupported(
                    f"{attribute} is a GeoProperty: places have an index of their own"
                )
            _refuse_too_many(counted)
            after = {"attribute": attribute, "type": type_}
            record_act(connection, access, "create", "index", str(made[0]), after=after)
        return self.get(access, made[0])

    def list_all(self, access: Access) -> list[AttributeIndex]:
        """Give the indexes of a tenant in the order of their declaration."""
        return self._read(access, None)

    def get(self, access: Access, index_id: int) -> AttributeIndex:
        """Give one. Raises ResourceNotFound."""
        found = self._read(access, index_id)
        if not found:
            raise ResourceNotFound(f"There is no index {index_id}")
        return found[0]

    def delete(self, access: Access, index_id: int) -> None:
        """Declare an index no longer; the worker drops it. Raises ResourceNotFound."""
        with self._database.transaction() as connection:
            if connection.execute(_SQL["delete_index"], [access.tenant_id, index_id]).fetchone() is None:
                raise ResourceNotFound(f"There is no index {index_id}")
            record_act(connection, access, "delete", "index", str(index_id))

    def _read(self, access: Access, index_id: int | None) -> list[AttributeIndex]:
        with self._database.connection() as connection:
            rows = connection.execute(
                _SQL["get_indexes"], [access.tenant_id, index_id, index_id], binary=True
            ).fetchall()
        named = {str(number) for row in rows for number in (row[1], row[2], row[7]) if number is not None}
        self._terms.learn(TermsMissing(keys=named))
        return [_from_row(self._terms, row) for row in rows]


class DeclaredIndexes:
    """Which indexes queries may use: as of two seconds ago at most. One for a process; for all threads.

    A query that used one asks afterwards whether that `still_serve`d it: a writer may have given the
    attribute an observedAt, or a second value, meanwhile.
    """

    def __init__(self) -> None:
        self._of_tenants: dict[int, list[Usable]] = {}
        self._looked_at = float("-inf")

    def usable(
        self, database: Database, terms: Terms, tenant_id: int, query: EntityQuery
    ) -> Mapping[int, Usable]:
        """Give the indexes that may serve a query's q, by attribute."""
        if query.q is None:
            return {}
        found = self._of(database, tenant_id)
        if not found:
            return {}
        asked = set(terms.find([term.path.names[0] for term in terms_of(query.q)]))
        guaranteed = {None, *terms.find(_guaranteed(query.types))}
        return {
            one.attribute_id: one for one in found if one.attribute_id in asked and one.type_id in guaranteed
        }

    def still_serve(self, database: Database, tenant_id: int, used: Mapping[int, Usable]) -> bool:
        """Whether these indexes have missed nothing up to now."""
        with database.connection() as connection:
            rows = connection.execute(_SQL["get_usable"], [tenant_id, tenant_id]).fetchall()
            serving = {Usable(*row) for row in rows}
            single = [one for one in used.values() if not one.has_many]
            if serving.issuperset(one._replace(has_many=True) for one in used.values()) and not any(
                one.has_many for one in _looked_at(connection, single)
            ):
                return True
        self._looked_at = float("-inf")
        return False

    def _of(self, database: Database, tenant_id: int) -> list[Usable]:
        now = time.monotonic()
        if now - self._looked_at > _LOOK_AGAIN_S:
            with database.connection() as connection:
                rows = connection.execute(_SQL["get_usable"], [None, None]).fetchall()
                found = _looked_at(connection, [Usable(*row) for row in rows])
            of_tenants: dict[int, list[Usable]] = {}
            for one in found:
                of_tenants.setdefault(one.tenant_id, []).append(one)
            self._of_tenants, self._looked_at = of_tenants, now
        return self._of_tenants.get(tenant_id, [])


def narrowing(usable: Usable, wanted: Wanted) -> tuple[bytes, tuple[object, ...]]:
    """Write the clause that an index serves: entities with one of the keys, or with so many that it may be.

    The numbers stand in the text, as in the index's own condition, which the planner compares with it.
    """
    key, keys = key_expressions(usable.attribute_id, "e.")
    tests: list[bytes] = []
    parameters: list[object] = []
    if len(wanted.keys) == 1:
        tests.append(key + b" = %s")  # whose entities the index gives in the order of their ids
        parameters.append(wanted.keys[0])
    elif wanted.keys:
        tests.append(key + b" = any(%s)")
        parameters.append(pack_byteas(wanted.keys))
    if wanted.keys and usable.has_many:
        tests.append(keys + b" && %s")
        parameters.append(pack_byteas([*wanted.keys, MANY]))
    for low, below in wanted.ranges:
        ends = [(b" >= %s", low)] * (low is not None) + [(b" < %s", below)] * (below is not None)
        tests.append(b"(" + b" and ".join([key + test for test, _ in ends]) + b")")
        parameters += [end for _, end in ends]
    if usable.has_many and any(one.below is not None for one in wanted.ranges):
        tests.append(key + b" = '\\xff'")  # after every key, so that only an end above leaves it out
    condition = belongs(usable.tenant_id, usable.type_id, "e.").encode()
    return b"(" + condition + b" and (" + (b" or ".join(tests) or b"false") + b"))", tuple(parameters)


def key_expressions(attribute_id: int, row: str = "") -> tuple[bytes, bytes]:
    """Write what the two indexes of an attribute hold: its one key, and its keys where it has several."""
    instances = f"{row}fixed -> '{attribute_id:d}'"
    return f"machi.attribute_key({instances})".encode(), f"machi.attribute_keys({instances})".encode()


def belongs(tenant_id: int, type_id: int | None, row: str = "") -> str:
    """Write which entities an index is about."""
    condition = f"{row}tenant_id = {tenant_id:d}"
    return condition if type_id is None else f"{condition} and {row}types @> '{{{type_id:d}}}'"


def _looked_at(connection: Connection[TupleRow], found: Sequence[Usable]) -> list[Usable]:
    """Tell of each index whether an entity has several values; one look at each."""
    if not found:
        return []
    asked = [
        b"select %d, exists (select from machi.entity where %b and %b = '\\xff')"
        % (number, belongs(one.tenant_id, one.type_id).encode(), key_expressions(one.attribute_id)[0])
        for number, one in enumerate(found)
    ]
    rows = connection.execute(b" union all ".join(asked), prepare=False).fetchall()
    return [found[number]._replace(has_many=has_many) for number, has_many in rows]


def _guaranteed(types: TypeSelection | None) -> Sequence[Iri]:
    """Give types that whatever is selected is sure to have."""
    if isinstance(types, TypeIs):
        return [types.iri]
    if isinstance(types, AllOf):
        return [iri for part in types.parts for iri in _guaranteed(part)]
    return []


def _refuse_too_many(counted: TupleRow | None) -> None:
    of_tenant, in_all = counted or (0, 0)
    if of_tenant >= MAX_OF_TENANT:
        raise Conflict(f"The tenant has {of_tenant} indexes, the most that it may have; delete one first")
    if in_all >= MAX_IN_ALL:
        raise Conflict(f"There are {in_all} indexes in all tenants, the most that are served")


def _from_row(terms: Terms, row: TupleRow) -> AttributeIndex:
    number, attribute_id, type_id, state, reason, created_at, ready_at, live_type, size, uses, progress = row
    if state == "ready" and live_type is not None:
        state = "resting"
        reason = (
            f"An entity of type {terms.iri(str(live_type))} has, or had, the attribute with observedAt:"
            " queries look through the entities instead"
        )
    return AttributeIndex(
        id=number,
        attribute=terms.iri(str(attribute_id)),
        type=None if type_id is None else terms.iri(str(type_id)),
        state=state,
        reason=reason,
        created_at=created_at,
        ready_at=ready_at,
        size_bytes=size,
        uses=uses,
        progress=progress,
    )
