"""The geoquery language (clause 4.10): which entities lie how to a geometry.

What lies where is decided here, by shapely in the plane of longitude and latitude (as GeoJSON draws its
lines) and by `distance` in metres on the ellipsoid; the store uses `search_boxes` to fetch few candidates.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any

import msgspec
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from context_api.ngsild.errors import BadRequestData, TooComplexQuery
from context_api.ngsild.geometry import read_geometry
from context_api.ngsild.model import Entity, Iri, Kind
from context_api.ngsild.query.distance import distance_m

LOCATION = "https://uri.etsi.org/ngsi-ld/location"
MAX_LENGTH = 1_000_000
"""Characters of coordinates that are given as text."""
MAX_POSITIONS = 10_000


class GeoRelation(StrEnum):
    """How the entity's geometry stands to the query's."""

    NEAR = "near"
    """At most that far, in metres."""
    FAR = "far"
    """Further away: near with minDistance."""
    WITHIN = "within"
    CONTAINS = "contains"
    OVERLAPS = "overlaps"
    INTERSECTS = "intersects"
    EQUALS = "equals"
    DISJOINT = "disjoint"


class GeoQuery(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A relation to a geometry."""

    relation: GeoRelation
    geometry: dict[str, Any]
    """GeoJSON."""
    distance_m: float | None = None
    """With NEAR and FAR."""
    geoproperty: Iri = LOCATION


_RELATIONS = [one for one in GeoRelation if one not in {GeoRelation.NEAR, GeoRelation.FAR}]
_NEAR = re.compile(r"near;(maxDistance|minDistance)==((?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)", re.ASCII)


def parse_geo_query(parameters: Mapping[str, object], *, geoproperty: Iri = LOCATION) -> GeoQuery:
    """Read georel, geometry and coordinates; other keys are not looked at.

    The coordinates are text as in a URL, or an array as in a JSON body. Raises BadRequestData where a part is
    missing or wrong, TooComplexQuery above its bounds.
    """
    for name in ("georel", "geometry", "coordinates"):
        if parameters.get(name) is None:
            raise BadRequestData(f"a geoquery needs {name}; it has georel, geometry and coordinates")
    relation, distance = _read_relation(parameters["georel"])
    geometry = read_geometry(
        {"type": parameters["geometry"], "coordinates": read_coordinates(parameters["coordinates"])}, ""
    )
    return GeoQuery(relation=relation, distance_m=distance, geometry=geometry, geoproperty=geoproperty)


def read_coordinates(value: object, what: str = "coordinates") -> Any:
    """Read coordinates, as a JSON array or as the text of one; whether they make a geometry is not judged."""
    if isinstance(value, str):
        if len(value) > MAX_LENGTH:
            raise TooComplexQuery(f"{what} have at most {MAX_LENGTH} characters")
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise BadRequestData(f"{what} are a JSON array, such as [139.47,35.75]") from error
    if not isinstance(value, list):
        raise BadRequestData(f"{what} are a JSON array, such as [139.47,35.75]")
    if _count_positions(value) > MAX_POSITIONS:
        raise TooComplexQuery(f"{what} have at most {MAX_POSITIONS} positions")
    return value


def _count_positions(value: object, depth: int = 0) -> int:
    if not isinstance(value, list) or depth > 4:
        return 1
    if not any(isinstance(one, list) for one in value):
        return 1
    return sum(_count_positions(one, depth + 1) for one in value)


def _read_relation(georel: object) -> tuple[GeoRelation, float | None]:
    if isinstance(georel, str):
        if georel in _RELATIONS:
            return GeoRelation(georel), None
        found = _NEAR.fullmatch(georel)
        if found is not None:
            distance = float(found[2])
            if 0 < distance < math.inf:
                return (GeoRelation.NEAR if found[1] == "maxDistance" else GeoRelation.FAR), distance
    raise BadRequestData(
        "georel is near;maxDistance==METRES, near;minDistance==METRES (above 0) or one of"
        f" {', '.join(_RELATIONS)}; not {str(georel)[:80]!r}"
    )


def write_relation(query: GeoQuery) -> str:
    """Write georel as it was given."""
    if query.distance_m is None:
        return str(query.relation)
    modifier = "maxDistance" if query.relation is GeoRelation.NEAR else "minDistance"
    return f"near;{modifier}=={query.distance_m!r}".removesuffix(".0")


class GeoPredicate:
    """A geoquery made ready to judge entities. Safe to use from many threads."""

    def __init__(self, query: GeoQuery) -> None:
        self._query = query
        self._reference = read_shape(query.geometry)
        shapely.prepare(self._reference)

    def matches(self, entity: Entity) -> bool:
        """Whether any geometry of the entity's GeoProperty stands so; without one there is no match."""
        return any(
            instance.kind is Kind.GEO_PROPERTY and self._judge(read_shape(instance.value))
            for instance in entity.attributes.get(self._query.geoproperty, ())
        )

    def _judge(self, target: BaseGeometry) -> bool:
        limit = self._query.distance_m
        if limit is None:
            return bool(_PREDICATES[self._query.relation](self._reference, target))
        distance = distance_m(self._reference, target)
        return distance <= limit if self._query.relation is GeoRelation.NEAR else distance > limit


# The query's geometry comes first, since it is the prepared one: a is within b as b contains a
_PREDICATES: dict[GeoRelation, Callable[[BaseGeometry, BaseGeometry], Any]] = {
    GeoRelation.WITHIN: shapely.contains,
    GeoRelation.CONTAINS: shapely.within,
    GeoRelation.OVERLAPS: shapely.overlaps,
    GeoRelation.INTERSECTS: shapely.intersects,
    GeoRelation.EQUALS: shapely.equals,
    GeoRelation.DISJOINT: shapely.disjoint,
}


def read_shape(geometry: Mapping[str, Any]) -> BaseGeometry:
    """Make a shape of a GeoJSON geometry, in two dimensions; rings that cross themselves are put right."""
    if geometry["type"] == "Point":
        longitude, latitude = geometry["coordinates"][:2]
        return shapely.Point(longitude, latitude)
    made = shapely.force_2d(shape(geometry))
    if made.is_valid:
        return made
    repaired = shapely.make_valid(made, method="structure", keep_collapsed=False)
    return shapely.make_valid(made) if repaired.is_empty else repaired


@lru_cache(maxsize=256)
def _compile(encoded: bytes) -> GeoPredicate:
    return GeoPredicate(msgspec.json.decode(encoded, type=GeoQuery))


def compile_geo_query(query: GeoQuery) -> GeoPredicate:
    """Make a geoquery ready; the last ones are remembered."""
    return _compile(msgspec.json.encode(query))


Box = tuple[float, float, float, float]
"""West, south, east, north, in degrees."""

# The shortest degree of latitude and the shortest radius of the ellipsoid, a little shortened
_METRES_PER_DEGREE = 110_500.0
_RADIUS_M = 6_335_000.0


def search_boxes(query: GeoQuery) -> list[Box] | None:
    """Give boxes of which each matching geometry touches one; None where it may be anywhere."""
    if query.relation in {GeoRelation.FAR, GeoRelation.DISJOINT}:
        return None
    west, south, east, north = read_shape(query.geometry).bounds
    if query.distance_m is None:
        return [(west, south, east, north)]
    reach = query.distance_m / _METRES_PER_DEGREE
    south, north = south - reach, north + reach
    if south <= -90 or north >= 90:
        return [(-180.0, max(south, -90.0), 180.0, min(north, 90.0))]
    widest = max(abs(south), abs(north))
    ratio = math.sin(query.distance_m / _RADIUS_M) / math.cos(math.radians(widest))
    if ratio >= 1:
        return [(-180.0, south, 180.0, north)]
    aside = math.degrees(math.asin(ratio)) * 1.01
    west, east = west - aside, east + aside
    if east - west >= 360:
        return [(-180.0, south, 180.0, north)]
    boxes = [(max(west, -180.0), south, min(east, 180.0), north)]
    if west < -180:
        boxes.append((west + 360, south, 180.0, north))
    if east > 180:
        boxes.append((-180.0, south, east - 360, north))
    return boxes
