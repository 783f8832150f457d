"""Geoqueries, scope queries and ordering, in memory (clauses 4.10, 4.19 and 4.23)."""

from typing import Any

import msgspec
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

from context_api.ngsild.errors import BadRequestData, NgsiLdError, OperationNotSupported, TooComplexQuery
from context_api.ngsild.model import Entity, Instance, Kind
from context_api.ngsild.query import (
    GeoQuery,
    compile_geo_query,
    order_entities,
    parse_geo_query,
    parse_ordering,
    parse_scope_query,
    search_boxes,
)
from context_api.ngsild.query.distance import SPHERE, WGS84, distance_m
from context_api.ngsild.query.geo import LOCATION
from tests.unit.ngsild.builders import CORE, name, room

SQUARE = [[[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]]
HOLED = [*SQUARE, [[4, 4], [6, 4], [6, 6], [4, 6], [4, 4]]]
BOW_TIE = [[[0, 0], [10, 10], [10, 0], [0, 10], [0, 0]]]


def placed(kind: str, coordinates: Any, property_name: str = "location") -> Entity:
    geometry = {"type": kind, "coordinates": coordinates}
    members: dict[str, Any] = {property_name: {"type": "GeoProperty", "value": geometry}}
    return room(**members)


def asked(georel: str, kind: str, coordinates: Any) -> GeoQuery:
    return parse_geo_query({"georel": georel, "geometry": kind, "coordinates": coordinates})


@pytest.mark.parametrize(
    ("georel", "reference", "target", "expected"),
    [
        ("within", ("Polygon", SQUARE), ("Point", [5, 5]), True),
        ("within", ("Polygon", HOLED), ("Point", [5, 5]), False),
        ("within", ("Polygon", HOLED), ("Point", [2, 2]), True),
        ("within", ("Polygon", SQUARE), ("Point", [0, 5]), False),
        ("within", ("Polygon", BOW_TIE), ("Point", [1, 5]), True),
        ("within", ("Polygon", BOW_TIE), ("Point", [5, 2, 30]), False),
        ("within", ("Polygon", BOW_TIE), ("Point", [8, 5]), True),
        ("contains", ("Point", [5, 5]), ("Polygon", SQUARE), True),
        ("contains", ("Point", [50, 5]), ("Polygon", SQUARE), False),
        ("contains", ("Point", [5, 5]), ("Point", [5, 5]), True),
        ("intersects", ("LineString", [[-1, 5], [1, 5]]), ("Polygon", SQUARE), True),
        ("intersects", ("Point", [5, 5]), ("Polygon", HOLED), False),
        ("overlaps", ("Polygon", BOW_TIE), ("Polygon", SQUARE), False),
        ("overlaps", ("Polygon", [[[5, 5], [15, 5], [15, 15], [5, 5]]]), ("Polygon", SQUARE), True),
        ("equals", ("Polygon", SQUARE), ("Polygon", [[[10, 0], [10, 10], [0, 10], [0, 0], [10, 0]]]), True),
        ("disjoint", ("Point", [50, 5]), ("Polygon", SQUARE), True),
        ("disjoint", ("Point", [5, 5]), ("Polygon", SQUARE), False),
        ("near;maxDistance==1000", ("Point", [8, 40]), ("Point", [8.0116, 40]), True),
        ("near;maxDistance==980", ("Point", [8, 40]), ("Point", [8.0116, 40]), False),
        ("near;minDistance==980", ("Point", [8, 40]), ("Point", [8.0116, 40]), True),
        ("near;minDistance==1e3", ("Point", [8, 40]), ("Point", [8.0116, 40]), False),
        ("near;maxDistance==1", ("Point", [5, 5]), ("Polygon", SQUARE), True),
        ("near;maxDistance==2000", ("LineString", [[0, 60], [10, 60]]), ("Point", [10, 60.009]), True),
        ("near;maxDistance==2000", ("LineString", [[0, 61], [10, 61]]), ("Point", [10, 60.009]), False),
        ("near;maxDistance==20000", ("Point", [0, 85]), ("LineString", [[1, 85], [0, 85.6]]), True),
        ("near;maxDistance==5000", ("Point", [0, 85]), ("LineString", [[1, 85], [0, 85.6]]), False),
        ("near;maxDistance==1", ("Point", [-180, -1]), ("Polygon", SQUARE), False),
        ("near;maxDistance==1", ("Point", [-175, -5]), ("LineString", [[0, 0], [10, 10]]), False),
        ("near;maxDistance==23000", ("Point", [179.9, 0]), ("Point", [-179.9, 0]), True),
        ("near;maxDistance==23000", ("Point", [179.9, 0]), ("LineString", [[-179.9, 0], [-179, 0]]), True),
    ],
)
def test_relations(georel: str, reference: tuple[str, Any], target: tuple[str, Any], expected: bool) -> None:
    query = asked(georel, *reference)
    entity = placed(*target)
    assert compile_geo_query(query).matches(entity) is expected
    stored = msgspec.json.decode(msgspec.json.encode(query), type=GeoQuery)
    assert compile_geo_query(stored).matches(entity) is expected


def test_only_the_geoproperty_that_was_named_counts() -> None:
    query = asked("disjoint", "Point", "[8, 40]")
    other = msgspec.structs.replace(query, geoproperty=name("observationSpace"))
    entity = placed("Point", [1, 1], "observationSpace")
    assert not compile_geo_query(query).matches(entity)
    assert compile_geo_query(other).matches(entity)
    assert not compile_geo_query(query).matches(room(location2="x"))


@pytest.mark.parametrize(
    "changed",
    [
        {"georel": "touches"}, {"georel": "near"}, {"georel": "near;maxDistance==0"}, {"georel": None},
        {"georel": "near;maxDistance==-100"}, {"georel": "near;maxDistance==inf"}, {"georel": 5},
        {"georel": "near;maxDistance==5;minDistance==1"}, {"georel": "near;maxDistance==1e999"},
        {"georel": "within;maxDistance==5"}, {"georel": "far"}, {"georel": "near;maxDistance=5"},
        {"coordinates": "8,40"}, {"coordinates": "[8"}, {"coordinates": [8]}, {"coordinates": "{}"},
        {"coordinates": [200, 5]}, {"coordinates": None}, {"geometry": "Circle"}, {"geometry": None},
        {"geometry": "GeometryCollection"}, {"geometry": "Polygon"}, {"coordinates": "[" * 100_000},
    ],
)  # fmt: skip
def test_what_is_no_geoquery(changed: dict[str, Any]) -> None:
    parameters = {"georel": "within", "geometry": "Point", "coordinates": [8, 40]} | changed
    with pytest.raises(BadRequestData):
        parse_geo_query(parameters)


def test_a_geoquery_is_bounded() -> None:
    line = [[0, 0], [1, 1]] * 10_000
    with pytest.raises(TooComplexQuery):
        asked("within", "LineString", line)


longitudes, latitudes = st.floats(-180, 180), st.floats(-90, 90)


@given(longitudes, latitudes, longitudes, latitudes, st.floats(1, 2e7))
def test_what_is_near_touches_a_box(
    longitude: float, latitude: float, other_longitude: float, other_latitude: float, metres: float
) -> None:
    query = asked(f"near;maxDistance=={metres!r}", "Point", [longitude, latitude])
    target = [other_longitude, other_latitude]
    assume(compile_geo_query(query).matches(placed("Point", target)))
    boxes = search_boxes(query)
    assert boxes is not None
    assert any(w <= target[0] <= e and s <= target[1] <= n for w, s, e, n in boxes)


@given(st.floats(-179, 179), st.floats(-89, 89), st.floats(0, 359), st.floats(1, 900_000))
def test_what_is_just_near_enough_touches_a_box(
    longitude: float, latitude: float, azimuth: float, metres: float
) -> None:
    """The same at the rim, where a box that is too small would show."""
    x, y, _ = WGS84.fwd(longitude, latitude, azimuth, metres * 0.999_999)
    boxes = search_boxes(asked(f"near;maxDistance=={metres!r}", "Point", [longitude, latitude]))
    assert boxes is not None
    assert any(w <= x <= e and s <= y <= n for w, s, e, n in boxes)


def test_relations_that_no_box_can_help() -> None:
    assert search_boxes(asked("disjoint", "Point", [1, 2])) is None
    assert search_boxes(asked("near;minDistance==5", "Point", [1, 2])) is None
    assert search_boxes(asked("within", "Polygon", SQUARE)) == [(0, 0, 10, 10)]


def test_distances() -> None:
    near, far = shapely.Point(139.7671, 35.6812), shapely.Point(135.4959, 34.7025)
    assert distance_m(near, far) == pytest.approx(403_826, rel=1e-3)
    assert distance_m(near, far, SPHERE) == pytest.approx(402_700, rel=5e-3)
    south, north = shapely.LineString([(0, 0), (1, 0)]), shapely.LineString([(0, 1), (1, 1)])
    assert distance_m(south, north) == pytest.approx(110_574, rel=1e-4)
    assert distance_m(south, shapely.Point(0.5, 0)) == 0
    box = shapely.box(0, 10, 4, 14)
    assert distance_m(shapely.Point(2, 9), box) == pytest.approx(WGS84.inv(2, 9, 2, 10)[2], rel=1e-4)
    assert distance_m(box, shapely.box(0, 16, 4, 18)) == pytest.approx(WGS84.inv(0, 14, 0, 16)[2], rel=1e-3)


# Scopes


@pytest.mark.parametrize(
    ("written", "scopes", "expected"),
    [
        ("/Madrid", ["/Madrid"], True),
        ("/Madrid", ["Madrid"], True),
        ("/Madrid", ["/Madrid/Gardens"], False),
        ("/Madrid", ["/Madri"], False),
        ("/Madrid/#", ["/Madrid/Gardens/ParqueSur"], True),
        ("/Madrid/#", ["/Madrid"], True),
        ("/Madrid/#", ["/Madrid2"], False),
        ("/Madrid/+/ParqueNorte", ["/Madrid/Sights/ParqueNorte"], True),
        ("/Madrid/+/ParqueNorte", ["/Madrid/ParqueNorte"], False),
        ("/+", ["/Madrid"], True),
        ("/+", ["/Madrid/x"], False),
        ("/+/#", ["/Madrid/x"], True),
        ("/#", ["/Madrid"], True),
        ("/#", [], False),
        ("(/Madrid/Districts;/CompanyA)", ["/Madrid/Districts", "/CompanyA"], True),
        ("(/Madrid/Districts;/CompanyA)", ["/Madrid/Districts"], False),
        ("(/Madrid/Districts;/CompanyA)|CompanyB", ["/CompanyB"], True),
        ("/a;/b,/c", ["/c"], True),
        ("/a;(/b,/c)", ["/c"], False),
        ("/東京/東村山", ["/東京/東村山"], True),
    ],
)
def test_scope_queries(written: str, scopes: list[str], expected: bool) -> None:
    assert parse_scope_query(written).matches(scopes) is expected


@pytest.mark.parametrize(
    "written", ["", "/", "/a/", "//a", "/a#", "/#/a", "/a/#/b", "(/a", "/a)", "/1", "/a;", "/a b", "/a,,/b"]
)
def test_what_is_no_scope_query(written: str) -> None:
    with pytest.raises(BadRequestData):
        parse_scope_query(written)


@pytest.mark.parametrize("written", ["/a," * 300 + "/a", "(" * 30 + "/a" + ")" * 30, "/" + "a" * 5000])
def test_what_is_too_complex_a_scope_query(written: str) -> None:
    with pytest.raises(TooComplexQuery):
        parse_scope_query(written)


# Ordering


def ordered(written: str, **members: Any) -> list[str]:
    values: dict[str, Any] = {
        "a": 2,
        "b": 10,
        "c": "x",
        "d": "Y",
        "e": True,
        "f": None,
        "g": [1],
        "h": {"k": 1},
    }
    entities = [
        msgspec.structs.replace(
            room(**({} if value is None else {"v": value}), at=index + 1), id=f"urn:{key}"
        )
        for index, (key, value) in enumerate(values.items())
    ]
    for entity, longitude in zip(entities, (8, 7, 6, 5), strict=False):
        point = {"type": "Point", "coordinates": [longitude, 40]}
        entity.attributes[LOCATION] = [Instance(kind=Kind.GEO_PROPERTY, value=point)]
    ordering = parse_ordering(written.split(","), CORE, **members)
    return [entity.id[4:] for entity in order_entities(reversed(entities), ordering)]


@pytest.mark.parametrize(
    ("written", "members", "expected"),
    [
        ("v", {}, "abdchgef"),
        ("v;desc", {}, "eghcdbaf"),
        ("v;asc", {}, "abdchgef"),
        ("id;desc", {}, "hgfedcba"),
        ("type", {}, "abcdefgh"),
        ("createdAt;desc", {}, "hgfedcba"),
        ("v[k]", {}, "habcdefg"),
        ("none,id;desc", {}, "hgfedcba"),
        ("type,createdAt;desc", {}, "hgfedcba"),
        ("location;dist-asc", {"order_from": "[8,40]"}, "abcdefgh"),
        ("location;dist-desc", {"order_from": [8, 40]}, "dcbaefgh"),
        ("location;dist-asc", {"order_from": [[5, 40], [5, 41]], "geometry": "LineString"}, "dcbaefgh"),
    ],
)
def test_ordering(written: str, members: dict[str, Any], expected: str) -> None:
    assert "".join(ordered(written, **members)) == expected


@pytest.mark.parametrize(
    ("written", "members", "error"),
    [
        ("location;dist-asc", {}, BadRequestData),
        ("v;up", {}, BadRequestData),
        ("v;", {}, BadRequestData),
        ("id;dist-asc", {"order_from": [1, 2]}, BadRequestData),
        ("location;dist-asc", {"order_from": "8,40"}, BadRequestData),
        ("location;dist-asc", {"order_from": [8, 40], "geometry": 5}, BadRequestData),
        ("v", {"collation": "!!nope"}, BadRequestData),
        ("v", {"collation": "de-u-co-phonebk"}, OperationNotSupported),
        ("", {}, BadRequestData),
        ("a{b}", {}, OperationNotSupported),
        (",".join("abcdefghijkl"), {}, TooComplexQuery),
    ],
)
def test_what_is_no_ordering(written: str, members: dict[str, Any], error: type[NgsiLdError]) -> None:
    with pytest.raises(error):
        parse_ordering(written.split(","), CORE, **members)


def test_members_are_what_a_database_orders_by() -> None:
    assert parse_ordering(["id", "createdAt;desc"], CORE).is_of_members
    assert not parse_ordering(["id", "v"], CORE).is_of_members
    assert not parse_ordering(["type"], CORE).is_of_members
