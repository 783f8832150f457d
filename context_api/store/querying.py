"""Queries of the current state, page by page.

Where SQL says all that a query says, PostgreSQL counts and pages alone. Where it only narrows (`where`),
rows are read in the order of their ids, a chunk at a time, and the predicate decides; that ends with the page
or, to count, with the last candidate. Either way the time is bounded: StoreTimeout.
"""

import threading
import time
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.errors import BadRequestData, TooComplexQuery, TooManyResults
from context_api.ngsild.model import Entity, Iri, Micros
from context_api.ngsild.query import EntityQuery, Ordering, TypeIs, order_entities, selects
from context_api.ngsild.query.conditions import CREATED_AT
from context_api.ngsild.query.ordering import OrderTerm
from context_api.ngsild.transition import drop_expired
from context_api.store import codec
from context_api.store.access import Access
from context_api.store.attribute_indexes import DeclaredIndexes, Usable
from context_api.store.database import STATEMENT_TIMEOUT_MS, Database
from context_api.store.errors import StoreRefused, StoreTimeout, StoreUnavailable
from context_api.store.filters import asked_types, where_query
from context_api.store.granted import Granted, granted_to
from context_api.store.packing import pack_texts, pack_time
from context_api.store.queries import load_queries
from context_api.store.reading import Page, read_entities
from context_api.store.terms import Terms
from context_api.store.where import Where

_SQL = load_queries("reading")

MAX_ORDERED = 10_000
"""Entities that one query may put in an order which the database does not know."""
MAX_LINKED = 1_000
"""Linked entities that one query remembers."""
MAX_PAGE_OCTETS = 4 << 20
"""Bytes of stored documents that one page or one look at candidates holds, and one entity of any size."""
LARGE_OCTETS = 512 << 10
MAX_LARGE = 2
"""So many pages above LARGE_OCTETS are in memory at the same time: decoded they take ten times as much."""
LARGE_WAIT_S = 5.0
FIRST_CHUNK = 64
LARGEST_CHUNK = 2_048
_OF_THE_PAGE = ("ordering", "limit", "offset", "after", "count")
_FIXED = codec.EntityRow._fields.index("fixed")
_BAD_PATTERN = "2201B"


class _Room:
    """The memory that one page takes: few large ones are let in at the same time."""

    def __init__(self, free: threading.BoundedSemaphore) -> None:
        self._free = free
        self._octets = 0
        self._is_large = False

    def take(self, octets: int) -> int:
        """Take room for so much more, before it is decoded; gives how much it is now.

        Raises StoreUnavailable where others do not make room in time.
        """
        self._octets += octets
        if self._octets > LARGE_OCTETS and not self._is_large:
            if not self._free.acquire(timeout=LARGE_WAIT_S):
                raise StoreUnavailable("Too many large answers are being written")
            self._is_large = True
        return self._octets

    def release(self) -> None:
        """Give the room back."""
        if self._is_large:
            self._is_large = False
            self._free.release()


class Querying:
    """What the queries of one process share."""

    def __init__(self, database: Database, terms: Terms) -> None:
        self._database = database
        self._terms = terms
        self._declared = DeclaredIndexes()
        self._large = threading.BoundedSemaphore(MAX_LARGE)

    def query_entities(self, access: Access, query: EntityQuery, now: Micros) -> Page:
        """Answer a query, by declared indexes where they serve it.

        Raises TermsMissing, BadRequestData for a pattern that is no regular expression, TooComplexQuery where
        more is to be ordered than memory should hold, TooManyResults where the page would be too large,
        StoreTimeout, StoreUnavailable.
        """
        usable = self._declared.usable(self._database, self._terms, access.tenant_id, query)
        page = self._answer(access, query, now, usable)
        if usable and not self._declared.still_serve(self._database, access.tenant_id, usable):
            return self._answer(access, query, now, {})
        return page

    def _answer(self, access: Access, query: EntityQuery, now: Micros, usable: Mapping[int, Usable]) -> Page:
        granted = granted_to(access, now, self._terms.find)
        where = where_query(query, access.tenant_id, self._terms.find, now, usable, granted)
        room = _Room(self._large)
        try:
            with self._database.connection() as connection:
                reader = _Reader(
                    connection,
                    self._terms,
                    room,
                    access=access,
                    query=query,
                    where=where,
                    granted=granted,
                    now=now,
                )
                page = _read_page(reader, query.ordering, granted, is_exact=where.exact)
        except StoreRefused as error:
            room.release()
            if error.sqlstate == _BAD_PATTERN:
                raise BadRequestData("a pattern in the query is no regular expression") from error
            raise
        except BaseException:
            room.release()
            raise
        weakref.finalize(page, room.release)  # it counts until nobody has the page any more
        return page


def _read_page(
    reader: "_Reader", ordering: Ordering | None, granted: Granted | None, *, is_exact: bool
) -> Page:
    if ordering is not None and not _is_sortable(ordering, granted):
        return reader.order(ordering)
    if is_exact:
        return reader.page()
    return reader.search(None if ordering is None else _sql_order(ordering))


def _is_sortable(ordering: Ordering, granted: Granted | None) -> bool:
    """Whether the database knows the order. When an entity was modified depends on what is seen of it."""
    if granted is not None and granted.hides_attributes:
        return all(one.path is None or one.path.names == (CREATED_AT,) for one in ordering.terms)
    return ordering.is_of_members


class _Row(NamedTuple):
    """A candidate; `octets` is how large its documents are in memory."""

    entity: codec.EntityRow
    octets: int


class _Reader:
    """One query on one connection."""

    def __init__(
        self,
        connection: Connection[TupleRow],
        terms: Terms,
        room: _Room,
        *,
        access: Access,
        query: EntityQuery,
        where: Where,
        granted: Granted | None,
        now: Micros,
    ) -> None:
        self._connection = connection
        self._access = access
        self._tenant_id = access.tenant_id
        self._granted = granted
        self._terms = terms
        self._room = room
        self._query = query
        self._where = where
        self._now = now
        self._linked: dict[str, Entity | None] = {}
        self._deadline = time.monotonic() + STATEMENT_TIMEOUT_MS / 1000

    def page(self) -> Page:
        """Let the database do it."""
        query = self._query
        items: list[Entity] = []
        if query.limit > 0:
            order = b"e.id" if query.ordering is None else _sql_order(query.ordering)
            rows, is_cut = self._read(order, (), query.limit, offset=query.offset, after=query.after)
            if is_cut:
                raise _too_large(len(rows))
            self._room.take(sum(row.octets for row in rows))
            items = [entity for row in rows if (entity := self._decode(row.entity)) is not None]
            if query.count and query.after is None and len(rows) < query.limit and (rows or not query.offset):
                return Page(items, query.offset + len(rows))
        return Page(items, self._count() if query.count else None)

    def search(self, order: bytes | None) -> Page:
        """Look through the candidates."""
        query = self._query
        found = self._search() if order is None else self._search_ordered(order)
        items = self._take(islice(found, query.offset, query.offset + query.limit)) if query.limit else []
        if not query.count:
            return Page(items, None)
        if not query.limit:
            return Page(items, sum(1 for _ in found))
        if len(items) < query.limit and (items or not query.offset):
            return Page(items, query.offset + len(items))
        return Page(items, self._count_found(items, found))

    def order(self, ordering: Ordering) -> Page:
        """Put all that is found in order by as much of it as that takes, in memory; then read the page."""
        query = self._query
        found = [_slimmed(one, ordering) for one, _ in islice(self._search(), MAX_ORDERED + 1)]
        if len(found) > MAX_ORDERED:
            raise TooComplexQuery(
                f"more than {MAX_ORDERED} entities would have to be ordered; narrow the query, or order by"
                " id, createdAt or modifiedAt"
            )
        ordered = order_entities(found, ordering)
        wanted = [one.id for one in ordered[query.offset : query.offset + query.limit]]
        rows = self._read_by_id(wanted)
        decoded = ((self._decode(row.entity), row.octets) for row in rows)
        items = self._take((entity, octets) for entity, octets in decoded if entity is not None)
        return Page(items, len(ordered) if query.count else None)

    def _take(self, found: Iterable[tuple[Entity, int]]) -> list[Entity]:
        """Keep the entities of the page. Raises TooManyResults where they are too large together."""
        items: list[Entity] = []
        for entity, octets in found:
            if self._room.take(octets) > MAX_PAGE_OCTETS and 0 < len(items) < self._query.limit - 1:
                raise _too_large(len(items))
            items.append(entity)
        return items

    def _count_found(self, items: list[Entity], found: Iterator[tuple[Entity, int]]) -> int:
        if items:
            return self._query.offset + len(items) + sum(1 for _ in found)
        return sum(1 for _ in self._search())  # the offset lies behind the last one

    def _search(self) -> Iterator[tuple[Entity, int]]:
        """Give the entities that the predicate selects, by id, and how large they are."""
        after, chunk = self._query.after, FIRST_CHUNK
        while True:
            rows, is_cut = self._read(b"e.id", (), chunk, after=after)
            yield from self._select(rows)
            if len(rows) < chunk and not is_cut:
                return
            after, chunk = rows[-1].entity.id, min(2 * chunk, LARGEST_CHUNK)

    def _search_ordered(self, order: bytes) -> Iterator[tuple[Entity, int]]:
        sql = _SQL["query_ids"].replace(b"{where}", self._where.sql).replace(b"{order}", order)
        given = [*self._where.parameters, MAX_ORDERED + 1]
        ids = [found for (found,) in self._connection.execute(sql, given, prepare=False).fetchall()]
        if len(ids) > MAX_ORDERED:
            raise TooComplexQuery(f"more than {MAX_ORDERED} entities would have to be ordered")
        yield from self._select(self._read_by_id(ids))

    def _select(self, rows: Iterable[_Row]) -> Iterator[tuple[Entity, int]]:
        for row in rows:
            entity = self._decode(row.entity)
            if entity is not None and (self._where.exact or selects(self._query, entity, self._resolve)):
                yield entity, row.octets
        if time.monotonic() > self._deadline:
            raise StoreTimeout("The query looked at too many entities")

    def _read_by_id(self, ids: Sequence[str]) -> Iterator[_Row]:
        """Read entities in the order of a list, not more at a time than memory should hold."""
        left = list(ids)
        while left:
            asked = left[:FIRST_CHUNK]
            listed = pack_texts(asked)
            where = Where(b"e.tenant_id = %s and e.id = any(%s)", (self._tenant_id, listed))
            order = b"array_position(%s, e.id)"
            rows, is_cut = self._read(order, (listed,), len(asked) + 1, where=where)
            yield from rows
            left = left[left.index(rows[-1].entity.id) + 1 :] if is_cut else left[len(asked) :]

    def _read(
        self,
        order: bytes,
        ordered_by: tuple[object, ...],
        limit: int,
        *,
        offset: int = 0,
        after: str | None = None,
        where: Where | None = None,
    ) -> tuple[list[_Row], bool]:
        """Read rows up to what memory should hold, and tell whether that cut them short."""
        where = where or self._where
        sql, parameters = where.sql, list(where.parameters)
        if after is not None:
            sql += b" and e.id > %s"
            parameters.append(after)
        statement = _SQL["query_entities"].replace(b"{where}", sql).replace(b"{order}", order)
        bounds = [limit, MAX_PAGE_OCTETS, limit, MAX_PAGE_OCTETS]
        given = [*bounds, *parameters, *ordered_by, limit, offset]
        rows: list[_Row] = []
        before = 0
        found = self._connection.execute(statement, given, binary=True, prepare=False).fetchall()
        for *columns, octets in found:
            if columns[_FIXED] is None:
                return rows, True
            rows.append(_Row(codec.EntityRow._make(columns), octets - before))
            before = octets
        return rows, False

    def _count(self) -> int:
        sql, parameters = _SQL["count_entities"].replace(b"{where}", self._where.sql), self._where.parameters
        type_ = _sole_type(self._query) if self._is_all_of_type() else None
        found = [] if type_ is None else self._terms.find([type_])
        if found:
            sql = _SQL["count_of_type"]
            parameters = (self._tenant_id, found[0], self._tenant_id, *[pack_time(self._now)] * 2, found[0])
        counted = self._connection.execute(sql, parameters, prepare=False).fetchone()
        return 0 if counted is None else int(counted[0])

    def _is_all_of_type(self) -> bool:
        """Whether the entities of the types that are asked for are all there for whoever asks."""
        return self._granted is None or self._granted.entities(asked_types(self._query)) is None

    def _resolve(self, ids: Sequence[str]) -> dict[str, Entity]:
        """Give linked entities; those met before are remembered, up to a bound."""
        unknown = [one for one in ids if one not in self._linked]
        if unknown:
            if len(self._linked) > MAX_LINKED:
                self._linked.clear()
            self._linked.update(dict.fromkeys(unknown))
            self._linked.update(read_entities(self._connection, self._terms, self._access, ids, self._now))
        known = ((one, self._linked[one]) for one in ids)
        return {one: entity for one, entity in known if entity is not None}

    def _decode(self, row: codec.EntityRow) -> Entity | None:
        entity = drop_expired(codec.decode_entity(self._terms, row), self._now)
        return entity if self._granted is None else self._granted.view(entity)


def _sole_type(query: EntityQuery) -> Iri | None:
    """Give the type that is all that a query asks for; None where it asks for more."""
    plain = EntityQuery(types=query.types, **{name: getattr(query, name) for name in _OF_THE_PAGE})
    return query.types.iri if isinstance(query.types, TypeIs) and query == plain else None


def _slimmed(entity: Entity, ordering: Ordering) -> Entity:
    """Leave of an entity what it is ordered by."""
    named = {term.path.names[0] for term in ordering.terms if term.path is not None}
    kept = {name: instances for name, instances in entity.attributes.items() if name in named}
    return msgspec.structs.replace(entity, attributes=kept)


def _too_large(count: int) -> TooManyResults:
    return TooManyResults(
        f"The answer would be larger than {MAX_PAGE_OCTETS >> 20} MB: after {count} entities that is reached;"
        f" ask for pages of limit={count}"
    )


def _sql_order(ordering: Ordering) -> bytes:
    columns = [_column(term) + (b" desc" if term.descending else b"") for term in ordering.terms]
    return b", ".join([*columns, b"e.id"])


def _column(term: OrderTerm) -> bytes:
    if term.path is None:
        return b"e.id"
    return b"e.created_at" if term.path.names == (CREATED_AT,) else b"e.modified_at"
