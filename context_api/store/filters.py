"""Queries, geoqueries and type selections as SQL over a row `e` of entity; see `where`."""

from collections.abc import Mapping, Sequence
from functools import partial

from context_api.ngsild.model import Iri, Micros
from context_api.ngsild.query import (
    AnyOf,
    EntityQuery,
    GeoQuery,
    TypeIs,
    TypeSelection,
    search_boxes,
    selected_types,
)
from context_api.ngsild.query.pattern import parse_id_pattern
from context_api.store.attribute_indexes import Usable
from context_api.store.conditions import has_type, is_entity, where_scopes
from context_api.store.granted import Granted
from context_api.store.packing import pack_ints, pack_time
from context_api.store.queries import load_queries
from context_api.store.where import NOTHING, Find, Guard, Where, all_of, any_of, where_q

_SQL = load_queries("reading")


def where_query(  # noqa: PLR0917
    query: EntityQuery,
    tenant_id: int,
    find: Find,
    now: Micros,
    usable: Mapping[int, Usable] | None = None,
    granted: Granted | None = None,
) -> Where:
    """Write all of a query but its page; `usable` are declared indexes, by attribute.

    Raises BadRequestData for an idPattern that is none.
    """
    selected = asked_types(query)
    guard = None if granted is None else partial(granted.guard, selected=selected)
    parts = [
        Where(b"e.tenant_id = %s", (tenant_id,)),
        Where(b"(e.expires_at is null or e.expires_at > %s)", (pack_time(now),)),
    ]
    parts += _where_selector(query.types, query.ids, query.id_pattern, find)
    if query.any_of:
        listed = [_where_selector(one.types, one.ids, one.id_pattern, find) for one in query.any_of]
        parts.append(any_of([all_of(each) if each else Where(b"true") for each in listed]))
    if granted is not None and (there := granted.entities(selected)) is not None:
        parts.append(there)
    if query.attrs:
        parts.append(_where_attributes(query.attrs, find, guard))
    if query.scopes is not None:
        parts.append(where_scopes(query.scopes))
    if query.geo is not None:
        seen = None if guard is None else guard(query.geo.geoproperty)
        placed = where_geo(query.geo, find)
        parts.append(placed if seen is None else all_of([seen, placed]))
    if query.q is not None:
        parts.append(where_q(query.q, find, now, usable or {}, guard))
    return all_of(parts)


def asked_types(query: EntityQuery) -> frozenset[Iri]:
    """Give types of which each entity that a query finds has one; none where it may be of any type."""
    if query.types is not None:
        return selected_types(query.types)
    if not query.any_of or any(one.types is None for one in query.any_of):
        return frozenset()
    return frozenset().union(*(selected_types(one.types) for one in query.any_of if one.types is not None))


def _where_attributes(names: Sequence[Iri], find: Find, guard: Guard | None) -> Where:
    """Write that an entity has one of these attributes in sight."""
    parts: list[Where] = []
    plain: list[int] = []
    for name in names:
        number, seen = find([name]), None if guard is None else guard(name)
        if seen is None:
            plain += number
        elif number:
            parts.append(all_of([seen, Where(_SQL["has_attribute"], (pack_ints(number),))]))
    if plain:
        parts.append(Where(_SQL["has_attribute"], (pack_ints(plain),)))
    return any_of(parts) if parts else NOTHING


def _where_selector(
    types: TypeSelection | None, ids: Sequence[str], id_pattern: str | None, find: Find
) -> list[Where]:
    parts = []
    if ids:
        parts.append(is_entity(ids))
    elif id_pattern is not None:
        parts.append(Where(b'e.id ~ %s collate "C"', (parse_id_pattern(id_pattern),)))
    if types is not None:
        parts.append(_where_types(types, find))
    return parts


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
    indexed = has_type(candidates)
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
