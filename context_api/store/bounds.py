"""The box around all geometries of an entity, for the index; the exact predicate is taken in memory."""

from collections.abc import Iterator
from typing import Any

from context_api.ngsild.model import Entity, Kind


def bounds_of(entity: Entity) -> str | None:
    """Give a PostgreSQL box around an entity's GeoProperties; None where it has none."""
    geo = Kind.GEO_PROPERTY
    points: list[tuple[float, float]] = []
    for instances in entity.attributes.values():
        for instance in instances:
            if instance.kind is geo:
                points += _points(instance.value)
    if not points:
        return None
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return f"({max(xs)},{max(ys)}),({min(xs)},{min(ys)})"


def _points(geometry: Any) -> Iterator[tuple[float, float]]:
    """Walk a GeoJSON geometry; the parser has judged it before, so what is no position is passed over."""
    if not isinstance(geometry, dict):
        return
    for part in geometry.get("geometries") or ():
        yield from _points(part)
    yield from _positions(geometry.get("coordinates"))


def _positions(coordinates: Any) -> Iterator[tuple[float, float]]:
    if not isinstance(coordinates, list | tuple) or not coordinates:
        return
    if isinstance(coordinates[0], int | float):
        if len(coordinates) > 1 and isinstance(coordinates[1], int | float):
            yield float(coordinates[0]), float(coordinates[1])
        return
    for each in coordinates:
        yield from _positions(each)
