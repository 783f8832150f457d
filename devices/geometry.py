"""GeoJSON geometries as devices and operators write them (RFC 7946)."""

from typing import Any

_DEPTHS = {
    "Point": 0,
    "MultiPoint": 1,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
}
"""How many arrays stand around a position."""


def geometry_fault(value: Any) -> str | None:
    """Say what is wrong with a geometry; None if nothing is."""
    if not isinstance(value, dict):
        return "a location is a GeoJSON object, such as a Point"
    depth = _DEPTHS.get(value["type"]) if isinstance(value.get("type"), str) else None
    if depth is None:
        return f"the type of a location is one of {', '.join(_DEPTHS)}"
    positions = [value.get("coordinates")]
    for _ in range(depth):
        if not all(isinstance(position, list) and position for position in positions):
            return f"the coordinates do not have the shape of a {value['type']}"
        positions = [inner for position in positions for inner in position or ()]
    return next((fault for position in positions if (fault := _position_fault(position))), None)


def _position_fault(position: Any) -> str | None:
    if not (isinstance(position, list) and len(position) in (2, 3) and all(map(_is_number, position))):
        return "a position is [longitude, latitude] or [longitude, latitude, altitude], in numbers"
    if not (-180 <= position[0] <= 180 and -90 <= position[1] <= 90):
        return f"[{position[0]}, {position[1]}] is not on Earth; the longitude stands first"
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
