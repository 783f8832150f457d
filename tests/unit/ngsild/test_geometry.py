"""GeoJSON geometries (RFC 7946, clause 4.7)."""

from typing import Any

import pytest

from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.geometry import read_geometry

RING = [[139.0, 35.0], [140.0, 35.0], [140.0, 36.0], [139.0, 35.0]]


@pytest.mark.parametrize(
    ("kind", "coordinates"),
    [
        ("Point", [139.4686, 35.7546]),
        ("Point", [139.4686, 35.7546, 40]),
        ("Point", [-180, -90]),
        ("MultiPoint", [[139, 35]]),
        ("LineString", [[139, 35], [140, 35]]),
        ("MultiLineString", [[[139, 35], [140, 35]]]),
        ("Polygon", [RING]),
        ("Polygon", [RING, RING]),
        ("MultiPolygon", [[RING]]),
    ],
)
def test_geometries(kind: str, coordinates: Any) -> None:
    geometry = {"type": kind, "coordinates": coordinates}
    assert read_geometry(geometry, "") == geometry


@pytest.mark.parametrize(
    ("geometry", "pointer"),
    [
        ({"type": "GeometryCollection", "geometries": []}, "/type"),
        ({"type": "point", "coordinates": [139, 35]}, "/type"),
        ({"coordinates": [139, 35]}, "/type"),
        ({"type": "Point"}, ""),
        ({"type": "Point", "coordinates": []}, "/coordinates"),
        ({"type": "Point", "coordinates": [139]}, "/coordinates"),
        ({"type": "Point", "coordinates": [1, 2, 3, 4, 5]}, "/coordinates"),
        ({"type": "Point", "coordinates": ["139", 35]}, "/coordinates"),
        ({"type": "Point", "coordinates": [True, 35]}, "/coordinates"),
        ({"type": "Point", "coordinates": [float("nan"), 35]}, "/coordinates"),
        ({"type": "Point", "coordinates": [[139, 35]]}, "/coordinates"),
        ({"type": "MultiPoint", "coordinates": [139, 35]}, "/coordinates/0"),
        ({"type": "MultiPoint", "coordinates": []}, "/coordinates"),
        ({"type": "LineString", "coordinates": [[139, 35]]}, "/coordinates"),
        ({"type": "Polygon", "coordinates": [RING[:3]]}, "/coordinates/0"),
        ({"type": "Polygon", "coordinates": [[*RING[:3], [1, 1]]]}, "/coordinates/0"),
        ({"type": "Polygon", "coordinates": RING}, "/coordinates/0/0"),
        ({"type": "MultiPolygon", "coordinates": [[RING], [RING[:2]]]}, "/coordinates/1/0"),
        ({"type": "Point", "coordinates": [181, 0]}, "/coordinates"),
        ({"type": "Point", "coordinates": [0, -90.1]}, "/coordinates"),
        ([139, 35], ""),
        ("[139, 35]", ""),
        ("{", ""),
        (None, ""),
    ],
)
def test_what_is_no_geometry(geometry: Any, pointer: str) -> None:
    with pytest.raises(BadRequestData) as caught:
        read_geometry(geometry, "")
    assert caught.value.pointer == pointer


def test_swapped_coordinates_are_told() -> None:
    with pytest.raises(BadRequestData, match="are they swapped"):
        read_geometry({"type": "Point", "coordinates": [35.7546, 139.4686]}, "")
