"""The entity ordering language (clause 4.23): `name,age;desc` or, with a place, `location;dist-asc`."""

import json
import re
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

import msgspec

from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import BadRequestData, OperationNotSupported, TooComplexQuery
from context_api.ngsild.geometry import read_geometry
from context_api.ngsild.model import Entity, Kind
from context_api.ngsild.query.conditions import CREATED_AT, MODIFIED_AT, Moment, Path
from context_api.ngsild.query.distance import SPHERE, distance_m
from context_api.ngsild.query.geo import read_coordinates, read_shape
from context_api.ngsild.query.predicate import find_targets
from context_api.ngsild.query.q import parse_path

MAX_TERMS = 10
_DIRECTIONS = {
    "": (False, False),
    "asc": (False, False),
    "desc": (True, False),
    "dist-asc": (False, True),
    "dist-desc": (True, True),
}
_COLLATION = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*", re.ASCII)
_MEMBERS = frozenset(("id", "type"))


class OrderTerm(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to order by."""

    member: str | None = None
    """id or type."""
    path: Path | None = None
    """Where it is neither of these."""
    descending: bool = False
    by_distance: bool = False


class Ordering(msgspec.Struct, frozen=True, kw_only=True):
    """What entities are ordered by; where all of it is equal, by id."""

    terms: tuple[OrderTerm, ...]
    geometry: dict[str, Any] | None = None
    """From where distances are measured, as GeoJSON."""

    @property
    def is_of_members(self) -> bool:
        """Whether it names id, createdAt and modifiedAt only, which a database orders by alone."""
        return all(_is_of_members(term) for term in self.terms)


def parse_ordering(
    texts: Iterable[str],
    context: Context,
    *,
    order_from: object = None,
    geometry: object = "Point",
    collation: str | None = None,
) -> Ordering:
    """Read the items of orderBy; `order_from` and `geometry` give the place for distances.

    Raises BadRequestData for what is not in the grammar or lacks its place, TooComplexQuery above the bounds,
    and OperationNotSupported for a collation: strings are ordered by their characters' numbers.
    """
    terms = tuple(_parse_term(text, context) for text in texts)
    if not terms:
        raise BadRequestData("orderBy needs something to order by")
    if len(terms) > MAX_TERMS:
        raise TooComplexQuery(f"orderBy has at most {MAX_TERMS} parts")
    if collation is not None:
        if not _COLLATION.fullmatch(collation):
            raise BadRequestData(f"{collation[:80]!r} is no language tag (BCP 47)")
        raise OperationNotSupported("ordering by a collation is not served yet")
    place = None
    if order_from is not None:
        coordinates = read_coordinates(order_from, "orderFrom")
        place = read_geometry({"type": geometry, "coordinates": coordinates}, "")
    elif any(term.by_distance for term in terms):
        raise BadRequestData("ordering by distance needs orderFrom, the coordinates of a place")
    return Ordering(terms=terms, geometry=place)


def _parse_term(text: str, context: Context) -> OrderTerm:
    written, _, direction = text.partition(";")
    if direction not in _DIRECTIONS or text.endswith(";"):
        raise BadRequestData(
            f"the direction in orderBy is asc, desc, dist-asc or dist-desc, not {direction[:80]!r}"
        )
    descending, by_distance = _DIRECTIONS[direction]
    if written in _MEMBERS:
        if by_distance:
            raise BadRequestData(f"{written} is no GeoProperty: it has no distance")
        return OrderTerm(member=written, descending=descending)
    path = parse_path(written, context)
    if path.hops:
        raise OperationNotSupported("ordering by linked entities is not served")
    return OrderTerm(path=path, descending=descending, by_distance=by_distance)


def order_entities(entities: Iterable[Entity], ordering: Ordering) -> list[Entity]:
    """Sort entities; those that have not what is ordered by come last, whatever the direction."""
    ordered = sorted(entities, key=lambda entity: entity.id)
    place = None if ordering.geometry is None else read_shape(ordering.geometry)
    for term in reversed(ordering.terms):
        keyed = [(_key(entity, term, place), entity) for entity in ordered]
        present = [(key, entity) for key, entity in keyed if key is not None]
        present.sort(key=itemgetter(0), reverse=term.descending)
        ordered = [entity for _, entity in present] + [entity for key, entity in keyed if key is None]
    return ordered


def _is_of_members(term: OrderTerm) -> bool:
    if term.path is None:
        return term.member == "id"
    return not term.path.members and term.path.names in {(CREATED_AT,), (MODIFIED_AT,)}


def _key(entity: Entity, term: OrderTerm, place: Any) -> tuple[int, Any] | None:
    if term.path is None:
        return (1, entity.id) if term.member == "id" else (1, entity.types)
    if term.by_distance:
        distance = _distance(entity, term.path, place)
        if distance is not None:
            return -1, distance
    target = next(find_targets(term.path, entity), None)
    if target is None or not target.values:
        return None
    return _rank(target.values[0])


def _distance(entity: Entity, path: Path, place: Any) -> float | None:
    instances: Sequence[Any] = entity.attributes.get(path.names[0], ())
    for name in path.names[1:]:
        instances = [below for one in instances for below in (one.sub or {}).get(name, ())]
    for one in instances:
        if one.kind is Kind.GEO_PROPERTY:
            return distance_m(place, read_shape(one.value), SPHERE)
    return None


def _rank(value: Any) -> tuple[int, Any] | None:
    """Give a sort key: numbers, strings, objects, arrays, booleans, times, null (clause 4.23.2)."""
    if isinstance(value, bool):
        return 4, value
    if isinstance(value, int | float):
        return 0, value
    if isinstance(value, str):
        return 1, value
    if isinstance(value, Moment):
        return 7, value.micros
    if value is None:
        return 8, 0
    return (2 if isinstance(value, dict) else 3), json.dumps(value, sort_keys=True, ensure_ascii=False)
