"""Reads of the current state; what has expired is never served."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.model import Entity, Iri, Micros
from context_api.ngsild.query import AnyOf, EntityQuery, TypeIs, TypeSelection, selected_types
from context_api.ngsild.transition import drop_expired
from context_api.store import codec
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.errors import StoreRefused
from context_api.store.packing import pack_ints, pack_texts, pack_time
from context_api.store.queries import load_queries
from context_api.store.terms import Terms

_SQL = load_queries("reading")


class Page(msgspec.Struct, frozen=True):
    """One page of entities, ordered by id."""

    items: list[Entity]
    count: int | None
    """How many there are on all pages, where that was asked for."""


def get_entities(
    database: Database, terms: Terms, access: Access, ids: Sequence[str], now: Micros
) -> dict[str, Entity]:
    """Give those of the entities that exist. Raises TermsMissing."""
    with database.connection() as connection:
        rows = connection.execute(
            _SQL["get_entities"], [access.tenant_id, pack_texts(_askable(ids)), pack_time(now)], binary=True
        ).fetchall()
    return {entity.id: entity for entity in _living(terms, rows, now)}


def query_entities(database: Database, terms: Terms, access: Access, query: EntityQuery, now: Micros) -> Page:
    """Answer a query. Raises TermsMissing, BadRequestData for a pattern that is no regular expression."""
    condition = _condition(terms, access, query, now)
    if condition is None:
        return Page([], 0 if query.count else None)
    where, parameters = condition
    try:
        with database.connection() as connection:
            rows = []
            if query.limit > 0:
                page = _SQL["query_entities"].replace(b"{where}", where)
                rows = connection.execute(
                    page, [*parameters, query.limit, query.offset], binary=True
                ).fetchall()
            count = None
            if query.count:
                counted = connection.execute(
                    _SQL["count_entities"].replace(b"{where}", where), parameters
                ).fetchone()
                count = counted[0] if counted is not None else 0
    except StoreRefused as error:
        if error.sqlstate == "2201B":
            raise BadRequestData(f"idPattern {query.id_pattern!r} is not a regular expression") from error
        raise
    return Page(_living(terms, rows, now), count)


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


def _askable(ids: Sequence[str]) -> list[str]:
    """Leave out ids that no row can have: PostgreSQL refuses the character U+0000."""
    return [each for each in ids if "\0" not in each]


def _condition(
    terms: Terms, access: Access, query: EntityQuery, now: Micros
) -> tuple[bytes, list[object]] | None:
    """Give the WHERE clause and its parameters; None where nothing can match."""
    parts = [b"e.tenant_id = %s and (e.expires_at is null or e.expires_at > %s)"]
    parameters: list[object] = [access.tenant_id, pack_time(now)]
    if query.ids:
        parts.append(b"e.id = any(%s)")
        parameters.append(pack_texts(_askable(query.ids)))
    elif query.id_pattern is not None:
        parts.append(b"e.id ~ %s")
        parameters.append(_pattern(query.id_pattern))
    if query.types is not None:
        candidates = terms.find(selected_types(query.types))
        if not candidates:
            return None
        parts.append(_SQL["has_type"])
        parameters.append(pack_ints(candidates))
        if not _is_any_of_types(query.types):
            parts.append(_type_predicate(terms, query.types, parameters))
    if query.attrs:
        attributes = terms.find(query.attrs)
        if not attributes:
            return None
        parts.append(_SQL["has_attribute"])
        parameters.append(pack_ints(attributes))
    return b" and ".join(parts), parameters


def _pattern(pattern: str) -> str:
    if "\0" in pattern:
        raise BadRequestData("idPattern must not hold the character U+0000")
    # PostgreSQL reads *** and (?…) at the start as options of its own dialect.
    if re.match(r"\*\*\*|\(\?[a-z]+\)", pattern):
        raise BadRequestData(f"idPattern {pattern!r} is not a regular expression")
    return pattern


def _is_any_of_types(selection: TypeSelection) -> bool:
    """Whether having one of `selected_types` says it all."""
    if isinstance(selection, AnyOf):
        return all(isinstance(part, TypeIs) for part in selection.parts)
    return isinstance(selection, TypeIs)


def _type_predicate(terms: Terms, selection: TypeSelection, parameters: list[object]) -> bytes:
    """Write a type selection as SQL over `e.types`; the same AST's `matches` says it in memory."""
    if isinstance(selection, TypeIs):
        found = terms.find([selection.iri])
        if not found:
            return b"false"
        parameters.append(found[0])
        return b"%s = any(e.types)"
    word = b" or " if isinstance(selection, AnyOf) else b" and "
    return b"(" + word.join([_type_predicate(terms, part, parameters) for part in selection.parts]) + b")"
