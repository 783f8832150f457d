"""Reads of the current state; what has expired is never served."""

from collections.abc import Sequence
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.model import Entity, Micros
from context_api.ngsild.transition import drop_expired
from context_api.store import codec
from context_api.store.access import Access
from context_api.store.conditions import askable
from context_api.store.database import Database
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
    """Give those of the entities that exist for whoever asks, as they are to them. Raises TermsMissing."""
    with database.connection() as connection:
        return read_entities(connection, terms, access, ids, now)


def read_entities(
    connection: Connection[TupleRow], terms: Terms, access: Access, ids: Sequence[str], now: Micros
) -> dict[str, Entity]:
    """Do the same on a connection that is lent already."""
    rows = connection.execute(
        _SQL["get_entities"], [access.tenant_id, pack_texts(askable(ids)), pack_time(now)], binary=True
    ).fetchall()
    living = {entity.id: entity for entity in _living(terms, rows, now)}
    rights = access.filter
    if rights is None or rights.hides_nothing(access.operation, now):
        return living
    seen = ((one, rights.view(entity, access.operation, now)) for one, entity in living.items())
    return {one: entity for one, entity in seen if entity is not None}


def _living(terms: Terms, rows: Sequence[Any], now: Micros) -> list[Entity]:
    decoded = [drop_expired(codec.decode_entity(terms, codec.EntityRow._make(row)), now) for row in rows]
    return [entity for entity in decoded if entity is not None]
