"""GeoJSON geometries (RFC 7946; NGSI-LD takes all of them but GeometryCollection, clause 4.7)."""

from typing import Any

import msgspec

from context_api.ngsild.errors import BadRequestData

GEOMETRY_TYPES = frozenset(
    ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon")
)
# How deep the positions of each type lie in its coordinates
_DEPTHS = {
    "Point": 0,
    "MultiPoint": 1,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
}
_LINE_TYPES = frozenset(("LineString", "MultiLineString"))
_AREA_TYPES = frozenset(("Polygon", "MultiPolygon"))


def looks_like_geometry(value: Any) -> bool:
    """Whether a value can be told to be meant as a geometry (clause 4.5.2.3)."""
    if not isinstance(value, dict) or "coordinates" not in value:
        return False
    kind = value.get("type", value.get("@type"))
    return isinstance(kind, str) and kind in GEOMETRY_TYPES


def read_geometry(value: Any, pointer: str) -> dict[str, Any]:
    """Give a geometry as an object; a string that holds one as JSON is accepted (clause 4.7.2).

    Raises BadRequestData for what is no geometry, for positions outside the Earth (longitude comes first) and
    for rings that are not closed.
    """
    if isinstance(value, str):
        value = _decode(value, pointer)
    if not isinstance(value, dict):
        raise BadRequestData("a GeoProperty's value is a GeoJSON geometry object", pointer=pointer)
    geometry: dict[str, Any] = value
    if "@type" in geometry and "type" not in geometry:
        geometry = {("type" if key == "@type" else key): inner for key, inner in geometry.items()}
    kind = geometry.get("type")
    if not isinstance(kind, str) or kind not in GEOMETRY_TYPES:
        raise BadRequestData(
            f"a geometry's type is one of {', '.join(sorted(GEOMETRY_TYPES))}, not {str(kind)[:40]!r}",
            pointer=f"{pointer}/type",
        )
    if "coordinates" not in geometry:
        raise BadRequestData("a geometry needs coordinates", pointer=pointer)
    _check_nested(geometry["coordinates"], _DEPTHS[kind], kind, f"{pointer}/coordinates")
    return geometry


def _decode(text: str, pointer: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadRequestData(
            "a GeoProperty's value is a GeoJSON geometry, or a string that holds one as JSON", pointer=pointer
        ) from error


def _check_nested(value: Any, depth: int, kind: str, pointer: str) -> None:
    if depth == 0:
        _check_position(value, pointer)
        return
    if not isinstance(value, list) or not value:
        raise BadRequestData(f"the coordinates of a {kind} are arrays of positions here", pointer=pointer)
    for index, part in enumerate(value):
        _check_nested(part, depth - 1, kind, f"{pointer}/{index}")
    if depth == 1 and kind in _LINE_TYPES and len(value) < 2:
        raise BadRequestData("a line has two positions or more", pointer=pointer)
    if depth == 1 and kind in _AREA_TYPES and (len(value) < 4 or value[0] != value[-1]):
        raise BadRequestData(
            "a ring has four positions or more, and the last one is the first", pointer=pointer
        )


def _check_position(value: Any, pointer: str) -> None:
    if not isinstance(value, list) or not 2 <= len(value) <= 4 or not all(map(_is_number, value)):
        raise BadRequestData("a position is [longitude, latitude], in numbers", pointer=pointer)
    longitude, latitude = value[0], value[1]
    if not -180 <= longitude <= 180 or not -90 <= latitude <= 90:
        swapped = -180 <= latitude <= 180 and -90 <= longitude <= 90
        hint = "; longitude comes first: are they swapped?" if swapped else ""
        raise BadRequestData(
            f"[{longitude}, {latitude}] lies outside longitude -180..180, latitude -90..90{hint}",
            pointer=pointer,
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15
