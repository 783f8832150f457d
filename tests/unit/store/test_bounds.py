"""The box around an entity's geometries."""

from typing import Any

import pytest

from context_api.ngsild.model import Entity, Instance, Kind
from context_api.store.bounds import bounds_of


@pytest.mark.parametrize(
    ("geometry", "box"),
    [
        ({"type": "Point", "coordinates": [139.4, 35.7]}, "(139.4,35.7),(139.4,35.7)"),
        ({"type": "Point", "coordinates": [139, 35, 7]}, "(139.0,35.0),(139.0,35.0)"),
        ({"type": "LineString", "coordinates": [[1, 5], [3, 2]]}, "(3.0,5.0),(1.0,2.0)"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [4, 0], [4, 3], [0, 0]]]}, "(4.0,3.0),(0.0,0.0)"),
        (
            {"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [1, 2]}]},
            "(1.0,2.0),(1.0,2.0)",
        ),
        ({"type": "Point", "coordinates": []}, None),
        ({"type": "Point", "coordinates": ["a", "b"]}, None),
        ("nowhere", None),
    ],
)
def test_the_box_of_a_geometry(geometry: Any, box: str | None) -> None:
    location = Instance(kind=Kind.GEO_PROPERTY, value=geometry)
    assert bounds_of(Entity(id="urn:x", types=("t",), attributes={"location": [location]})) == box


def test_all_geometries_count_and_nothing_else() -> None:
    first = Instance(kind=Kind.GEO_PROPERTY, value={"type": "Point", "coordinates": [1, 2]})
    second = Instance(
        kind=Kind.GEO_PROPERTY, dataset_id="urn:d", value={"type": "Point", "coordinates": [-1, 9]}
    )
    other = Instance(value={"type": "Point", "coordinates": [50, 50]})
    entity = Entity(id="urn:x", types=("t",), attributes={"a": [first, second], "b": [other]})
    assert bounds_of(entity) == "(1.0,9.0),(-1.0,2.0)"
