"""Reads of the current state; what has expired is never served."""

from collections.abc import Sequence
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.model import Entity, Iri, Micros
from context_api.ngsild.transition import drop_expired
from context_api.store import codec
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.filters import askable
from context_api.store.packing import pack_texts, pack_time
from context_api.store.queries import load_queries
from context_api.store.terms import Terms

_SQL = load_queries("reading")


class Page(msgspec.Struct, frozen=True, weakref=True):
    """One page of entities."""

    items: list[Entity]
    count: int | None
    """How many there are on all pages, where that was asked for."""


def get_entities(
    database: Database, terms: Terms, access: Access, ids: Sequence[str], now: Micros
) -> dict[str, Entity]:
    """Give those of the entities that exist. Raises TermsMissing."""
    with database.connection() as connection:
        return read_entities(connection, terms, access.tenant_id, ids, now)


def read_entities(
    connection: Connection[TupleRow], terms: Terms, tenant_id: int, ids: Sequence[str], now: Micros
) -> dict[str, Entity]:
    """Do the same on a connection that is lent already."""
    rows = connection.execute(
        _SQL["get_entities"], [tenant_id, pack_texts(askable(ids)), pack_time(now)], binary=True
    ).fetchall()
    return {entity.id: entity for entity in _living(terms, rows, now)}


def get_types(database: Database, terms: Terms, access: Access, now: Micros) -> list[Iri]:
    """Give the types of which there are entities, sorted. Raises TermsMissing."""
    with database.connection() as connection:
        rows = connection.execute(
            _SQL["get_types"], [access.tenant_id, access.tenant_id, access.tenant_id, pack_time(now)]
        ).fetchall()
    return sorted(terms.iris(number for (number,) in rows))


def _living(terms: Terms, rows: Sequence[Any], now: Micros) -> list[Entity]:
    decoded = [drop_expired(codec.decode_entity(terms, codec.EntityRow._make(row)), now) for row in rows]
    return [entity for entity in decoded if entity is not None]
