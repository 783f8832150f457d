"""Scope queries, geoqueries and type selections as SQL over a row `e` of entity; see `where`."""

from collections.abc import Mapping, Sequence

from context_api.ngsild.model import Micros
from context_api.ngsild.query import (
    AnyOf,
    EntityQuery,
    GeoQuery,
    ScopeQuery,
    TypeIs,
    TypeSelection,
    search_boxes,
    selected_types,
)
from context_api.ngsild.query.pattern import parse_id_pattern
from context_api.ngsild.query.scope import AllScopes, AnyScope
from context_api.store.attribute_indexes import Usable
from context_api.store.packing import pack_ints, pack_texts, pack_time
from context_api.store.queries import load_queries
from context_api.store.where import NOTHING, Find, Where, all_of, any_of, where_q

_SQL = load_queries("reading")


def where_query(
    query: EntityQuery, tenant_id: int, find: Find, now: Micros, usable: Mapping[int, Usable] | None = None
) -> Where:
    """Write all of a query but its page; `usable` are declared indexes, by attribute.

    Raises BadRequestData for an idPattern that is none.
    """
    parts = [
        Where(b"e.tenant_id = %s", (tenant_id,)),
        Where(b"(e.expires_at is null or e.expires_at > %s)", (pack_time(now),)),
    ]
    parts += _where_selector(query.types, query.ids, query.id_pattern, find)
    if query.any_of:
        listed = [_where_selector(one.types, one.ids, one.id_pattern, find) for one in query.any_of]
        parts.append(any_of([all_of(each) if each else Where(b"true") for each in listed]))
    if query.attrs:
        attributes = find(query.attrs)
        parts.append(Where(_SQL["has_attribute"], (pack_ints(attributes),)) if attributes else NOTHING)
    if query.scopes is not None:
        parts.append(where_scopes(query.scopes))
    if query.geo is not None:
        parts.append(where_geo(query.geo, find))
    if query.q is not None:
        parts.append(where_q(query.q, find, now, usable or {}))
    return all_of(parts)


def _where_selector(
    types: TypeSelection | None, ids: Sequence[str], id_pattern: str | None, find: Find
) -> list[Where]:
    parts = []
    if ids:
        parts.append(Where(b"e.id = any(%s)", (pack_texts(askable(ids)),)))
    elif id_pattern is not None:
        parts.append(Where(b'e.id ~ %s collate "C"', (parse_id_pattern(id_pattern),)))
    if types is not None:
        parts.append(_where_types(types, find))
    return parts


def askable(ids: Sequence[str]) -> list[str]:
    """Leave out ids that no row can have: PostgreSQL refuses the character U+0000."""
    return [each for each in ids if "\0" not in each]


def where_scopes(query: ScopeQuery) -> Where:
    """Write a scope query: a scope is tested as text."""
    if isinstance(query, AnyScope):
        return any_of([where_scopes(part) for part in query.parts])
    if isinstance(query, AllScopes):
        return all_of([where_scopes(part) for part in query.parts])
    # Levels are letters, digits and underscores: nothing in them means anything to a pattern
    pattern = "^/?" + "/".join("[^/]+" if level == "+" else level for level in query.levels)
    if not query.deep:
        pattern += "$"
    elif query.levels:
        pattern += "(/|$)"
    return Where(b'exists (select from unnest(e.scopes) as scope where scope ~ %s collate "C")', (pattern,))


def where_geo(query: GeoQuery, find: Find) -> Where:
    """Write the part of a geoquery that an index serves: the exact one is judged in memory."""
    found = find([query.geoproperty])
    if not found:
        return NOTHING
    boxes = search_boxes(query)
    if boxes is None:
        key = found[0]
        return Where(b"(e.fixed ? '%d' or e.live ? '%d')" % (key, key), exact=False)
    return any_of(
        [
            Where(b"e.bounds && box(point(%s, %s), point(%s, %s))", (east, north, west, south), exact=False)
            for west, south, east, north in boxes
        ]
    )


def _where_types(selection: TypeSelection, find: Find) -> Where:
    candidates = find(sorted(selected_types(selection)))
    if not candidates:
        return NOTHING
    indexed = Where(_SQL["has_type"], (pack_ints(candidates),))
    return indexed if _is_any_of_types(selection) else all_of([indexed, _type_predicate(selection, find)])


def _is_any_of_types(selection: TypeSelection) -> bool:
    """Whether having one of `selected_types` says it all."""
    if isinstance(selection, AnyOf):
        return all(isinstance(part, TypeIs) for part in selection.parts)
    return isinstance(selection, TypeIs)


def _type_predicate(selection: TypeSelection, find: Find) -> Where:
    if isinstance(selection, TypeIs):
        found = find([selection.iri])
        return Where(b"%s = any(e.types)", (found[0],)) if found else NOTHING
    parts = [_type_predicate(part, find) for part in selection.parts]
    return any_of(parts) if isinstance(selection, AnyOf) else all_of(parts)
