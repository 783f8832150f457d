"""Queries of the current state, page by page.

Where SQL says all that a query says, PostgreSQL counts and pages alone. Where it only narrows (`where`),
rows are read in the order of their ids, a chunk at a time, and the predicate decides; that ends with the page
or, to count, with the last candidate. Either way the time is bounded: StoreTimeout.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.errors import BadRequestData, TooComplexQuery
from context_api.ngsild.model import Entity, Micros
from context_api.ngsild.query import EntityQuery, Ordering, order_entities, selects
from context_api.ngsild.query.conditions import CREATED_AT
from context_api.ngsild.query.ordering import OrderTerm
from context_api.ngsild.transition import drop_expired
from context_api.store import codec
from context_api.store.access import Access
from context_api.store.attribute_indexes import DeclaredIndexes, Usable
from context_api.store.database import STATEMENT_TIMEOUT_MS, Database
from context_api.store.errors import StoreRefused, StoreTimeout
from context_api.store.filters import where_query
from context_api.store.queries import load_queries
from context_api.store.reading import Page, read_entities
from context_api.store.terms import Terms
from context_api.store.where import Where

_SQL = load_queries("reading")

MAX_ORDERED = 10_000
"""Entities that one query may put in an order which the database does not know."""
MAX_LINKED = 10_000
"""Linked entities that one query remembers."""
FIRST_CHUNK = 64
LARGEST_CHUNK = 2_048
_BAD_PATTERN = "2201B"


def query_entities(  # noqa: PLR0917
    database: Database,
    terms: Terms,
    access: Access,
    query: EntityQuery,
    now: Micros,
    declared: DeclaredIndexes | None = None,
) -> Page:
    """Answer a query, by declared indexes where they serve it.

    Raises TermsMissing, BadRequestData for a pattern that is no regular expression, TooComplexQuery where
    more is to be ordered than memory should hold, StoreTimeout.
    """
    usable = {} if declared is None else declared.usable(database, terms, access.tenant_id, query)
    page = _answer(database, terms, access, query, now, usable)
    if declared is not None and usable and not declared.still_serve(database, access.tenant_id, usable):
        return _answer(database, terms, access, query, now, {})
    return page


def _answer(  # noqa: PLR0917
    database: Database,
    terms: Terms,
    access: Access,
    query: EntityQuery,
    now: Micros,
    usable: Mapping[int, Usable],
) -> Page:
    where = where_query(query, access.tenant_id, terms.find, now, usable)
    ordering = query.ordering
    try:
        with database.connection() as connection:
            reader = _Reader(connection, terms, tenant_id=access.tenant_id, query=query, where=where, now=now)
            if ordering is not None and not ordering.is_of_members:
                return reader.order(ordering)
            if where.exact:
                return reader.page()
            return reader.search(None if ordering is None else _sql_order(ordering))
    except StoreRefused as error:
        if error.sqlstate == _BAD_PATTERN:
            raise BadRequestData("a pattern in the query is no regular expression") from error
        raise


class _Reader:
    """One query on one connection."""

    def __init__(
        self,
        connection: Connection[TupleRow],
        terms: Terms,
        *,
        tenant_id: int,
        query: EntityQuery,
        where: Where,
        now: Micros,
    ) -> None:
        self._connection = connection
        self._tenant_id = tenant_id
        self._terms = terms
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
            rows = self._read(order, query.after, query.limit, query.offset)
            items = [entity for entity in map(self._decode, rows) if entity is not None]
        return Page(items, self._count() if query.count else None)

    def search(self, order: bytes | None) -> Page:
        """Look through the candidates."""
        query = self._query
        found = self._search() if order is None else self._search_ordered(order)
        items = list(islice(found, query.offset, query.offset + query.limit)) if query.limit else []
        if not query.count:
            return Page(items, None)
        if not query.limit:
            return Page(items, sum(1 for _ in found))
        if len(items) < query.limit and (items or not query.offset):
            return Page(items, query.offset + len(items))
        return Page(items, self._count_found(items, found))

    def order(self, ordering: Ordering) -> Page:
        """Put all that is found in order, in memory."""
        query = self._query
        found = list(islice(self._search(), MAX_ORDERED + 1))
        if len(found) > MAX_ORDERED:
            raise TooComplexQuery(
                f"more than {MAX_ORDERED} entities would have to be ordered; narrow the query, or order by"
                " id, createdAt or modifiedAt"
            )
        ordered = order_entities(found, ordering)
        return Page(ordered[query.offset : query.offset + query.limit], len(ordered) if query.count else None)

    def _count_found(self, items: list[Entity], found: Iterator[Entity]) -> int:
        if items:
            return self._query.offset + len(items) + sum(1 for _ in found)
        return sum(1 for _ in self._search())  # the offset lies behind the last one

    def _search(self) -> Iterator[Entity]:
        """Give the entities that the predicate selects, by id."""
        after, chunk = self._query.after, FIRST_CHUNK
        while True:
            rows = self._read(b"e.id", after, chunk, 0)
            yield from self._select(rows)
            if len(rows) < chunk:
                return
            after, chunk = rows[-1][0], min(2 * chunk, LARGEST_CHUNK)

    def _search_ordered(self, order: bytes) -> Iterator[Entity]:
        rows = self._read(order, None, MAX_ORDERED + 1, 0)
        if len(rows) > MAX_ORDERED:
            raise TooComplexQuery(f"more than {MAX_ORDERED} entities would have to be ordered")
        yield from self._select(rows)

    def _select(self, rows: list[TupleRow]) -> Iterator[Entity]:
        for row in rows:
            entity = self._decode(row)
            if entity is not None and (self._where.exact or selects(self._query, entity, self._resolve)):
                yield entity
        if time.monotonic() > self._deadline:
            raise StoreTimeout("The query looked at too many entities")

    def _read(self, order: bytes, after: str | None, limit: int, offset: int) -> list[TupleRow]:
        sql, parameters = self._where.sql, list(self._where.parameters)
        if after is not None:
            sql += b" and e.id > %s"
            parameters.append(after)
        page = _SQL["query_entities"].replace(b"{where}", sql).replace(b"{order}", order)
        return self._connection.execute(
            page, [*parameters, limit, offset], binary=True, prepare=False
        ).fetchall()

    def _count(self) -> int:
        counted = self._connection.execute(
            _SQL["count_entities"].replace(b"{where}", self._where.sql), self._where.parameters, prepare=False
        ).fetchone()
        return 0 if counted is None else int(counted[0])

    def _resolve(self, ids: Sequence[str]) -> dict[str, Entity]:
        """Give linked entities; those met before are remembered, up to a bound."""
        unknown = [one for one in ids if one not in self._linked]
        if unknown:
            if len(self._linked) > MAX_LINKED:
                self._linked.clear()
            self._linked.update(dict.fromkeys(unknown))
            self._linked.update(read_entities(self._connection, self._terms, self._tenant_id, ids, self._now))
        known = ((one, self._linked[one]) for one in ids)
        return {one: entity for one, entity in known if entity is not None}

    def _decode(self, row: Any) -> Entity | None:
        return drop_expired(codec.decode_entity(self._terms, codec.EntityRow._make(row)), self._now)


def _sql_order(ordering: Ordering) -> bytes:
    columns = [_column(term) + (b" desc" if term.descending else b"") for term in ordering.terms]
    return b", ".join([*columns, b"e.id"])


def _column(term: OrderTerm) -> bytes:
    if term.path is None:
        return b"e.id"
    return b"e.created_at" if term.path.names == (CREATED_AT,) else b"e.modified_at"
