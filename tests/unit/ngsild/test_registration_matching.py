"""Which registrations a query is about, and which contradict each other."""

from typing import Any

import pytest

from context_api.ngsild.contexts import core_context
from context_api.ngsild.query import (
    EntityQuery,
    parse_geo_query,
    parse_q,
    parse_scope_query,
    parse_temporal_query,
    parse_type_selection,
)
from context_api.ngsild.registration import parse_registration
from context_api.ngsild.registration_matching import (
    RegistrationQuery,
    find_conflict,
    held_queries,
    matches,
)
from context_api.ngsild.registration_model import Registration

VOCABULARY = "https://uri.etsi.org/ngsi-ld/default-context/"
CORE = core_context()


def register(*information: dict[str, Any], **members: Any) -> Registration:
    document = {
        "type": "ContextSourceRegistration",
        "information": list(information) or [{"entities": [{"type": "Room"}]}],
        "endpoint": "http://north.test",
        **members,
    }
    return parse_registration(document, CORE, 0)


def ask(**parts: Any) -> RegistrationQuery:
    if "types" in parts:
        parts["types"] = parse_type_selection(parts["types"], CORE)
    if "attrs" in parts:
        parts["attrs"] = frozenset(f"{VOCABULARY}{name}" for name in parts["attrs"])
    return RegistrationQuery(**parts)


ENTITY = {"type": "Room", "id": "urn:x:1"}
PATTERN = {"type": "Room", "idPattern": "x:1.*"}


@pytest.mark.parametrize(
    ("entity", "parts", "expected"),
    [
        ({"type": "Room"}, {"types": "Room"}, True),
        ({"type": "Room"}, {"types": "Car"}, False),
        ({"type": "Room"}, {"types": "Car,Room"}, True),
        ({"type": ["Room", "Place"]}, {"types": "Room;Place"}, True),
        ({"type": "Room"}, {"types": "Room;Place"}, False),
        ({"type": "Room"}, {"types": "Room", "ids": ("urn:x:9",)}, True),
        (ENTITY, {"types": "Room"}, True),
        (ENTITY, {"types": "Room", "ids": ("urn:x:1", "urn:x:2")}, True),
        (ENTITY, {"types": "Room", "ids": ("urn:x:2",)}, False),
        (ENTITY, {"types": "Room", "id_pattern": "1$"}, True),
        (ENTITY, {"types": "Room", "id_pattern": "2$"}, False),
        (PATTERN, {"types": "Room", "ids": ("urn:x:12",)}, True),
        (PATTERN, {"types": "Room", "ids": ("urn:x:2",)}, False),
        (PATTERN, {"types": "Room", "id_pattern": "anything"}, True),
        ({**ENTITY, "idPattern": ".*"}, {"types": "Room", "ids": ("urn:x:2",)}, False),
    ],
)
def test_entities(entity: dict[str, Any], parts: dict[str, Any], expected: bool) -> None:
    assert matches(register({"entities": [entity]}), ask(**parts)) is expected


@pytest.mark.parametrize(
    ("info", "attrs", "expected"),
    [
        ({"entities": [ENTITY]}, ["size"], True),
        ({"propertyNames": ["size"]}, ["size", "name"], True),
        ({"relationshipNames": ["size"]}, ["size"], True),
        ({"propertyNames": ["size"]}, ["name"], False),
        ({"entities": [ENTITY], "propertyNames": ["size"]}, [], True),
    ],
)
def test_attributes(info: dict[str, Any], attrs: list[str], expected: bool) -> None:
    assert matches(register(info), ask(types="Room", attrs=attrs)) is expected


def test_entities_and_attributes_have_to_meet_in_one_element() -> None:
    registration = register(
        {"entities": [{"type": "Room"}], "propertyNames": ["size"]},
        {"entities": [{"type": "Car"}], "propertyNames": ["speed"]},
    )
    assert matches(registration, ask(types="Car", attrs=["speed"]))
    assert not matches(registration, ask(types="Car", attrs=["size"]))


YEAR = {"startAt": "2020-01-01T00:00:00Z", "endAt": "2021-01-01T00:00:00Z"}
OPEN = {"startAt": "2020-01-01T00:00:00Z"}


def window(timerel: str, time_at: str, end: str | None = None) -> dict[str, str]:
    parts = {"timerel": timerel, "timeAt": f"{time_at}-01T00:00:00Z"}
    return parts if end is None else {**parts, "endTimeAt": f"{end}-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("interval", "temporal", "expected"),
    [
        (YEAR, None, False),
        (None, None, True),
        (None, window("after", "2020-06"), False),
        (YEAR, window("before", "2022-01"), True),
        (YEAR, window("before", "2019-01"), False),
        (YEAR, window("after", "2020-06"), True),
        (YEAR, window("after", "2021-06"), False),
        (OPEN, window("after", "2099-06"), True),
        (YEAR, window("between", "2019-01", "2020-02"), True),
        (YEAR, window("between", "2018-01", "2019-02"), False),
        (YEAR, window("between", "2022-01", "2023-01"), False),
    ],
)
@pytest.mark.parametrize(
    ("member", "timeproperty"),
    [
        ("observationInterval", None),
        ("observationInterval", "observedAt"),
        ("managementInterval", "createdAt"),
        ("managementInterval", "modifiedAt"),
        ("managementInterval", "deletedAt"),
    ],
)
def test_times(
    interval: dict[str, str] | None,
    temporal: dict[str, str] | None,
    expected: bool,
    member: str,
    timeproperty: str | None,
) -> None:
    registration = register(**({} if interval is None else {member: interval}))
    asked = None
    if temporal is not None:
        asked = parse_temporal_query({**temporal, "timeproperty": timeproperty})
        other = "managementInterval" if member == "observationInterval" else "observationInterval"
        if interval is not None:
            assert not matches(register(**{other: interval}), ask(types="Room", temporal=asked))
    assert matches(registration, ask(types="Room", temporal=asked)) is expected


SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]]}


@pytest.mark.parametrize(
    ("location", "georel", "coordinates", "expected"),
    [
        (None, "near;maxDistance==2000", [5, 5], False),
        ({"type": "Point", "coordinates": [5, 5]}, "near;maxDistance==2000", [5, 5.001], True),
        ({"type": "Point", "coordinates": [5, 5]}, "near;maxDistance==2000", [5, 6], False),
        (SQUARE, "near;maxDistance==2000", [5, 5], True),
        (SQUARE, "within", [5, 5], True),
        (SQUARE, "within", [15, 5], False),
        (SQUARE, "equals", [5, 5], True),
        (SQUARE, "disjoint", [5, 5], False),
        (SQUARE, "disjoint", [15, 5], True),
    ],
)
def test_places_match_where_they_may_hold_what_is_asked_for(
    location: Any, georel: str, coordinates: list[float], expected: bool
) -> None:
    registration = register(**({} if location is None else {"location": location}))
    geo = parse_geo_query({"georel": georel, "geometry": "Point", "coordinates": coordinates})
    assert matches(registration, ask(types="Room", geo=geo)) is expected


@pytest.mark.parametrize(
    ("csf", "expected"),
    [
        ('endpoint=="http://north.test"', True),
        ('endpoint=="http://south.test"', False),
        ('owner=="city"', True),
        ("quality>2", True),
        ("quality>3", False),
        ("!missing", True),
        ('mode=="inclusive";operations=="federationOps"', True),
        ('contextSourceInfo[X-Area]=="north"', True),
    ],
)
def test_members_and_properties_by_csf(csf: str, expected: bool) -> None:
    registration = register(
        owner="city",
        quality={"type": "Property", "value": 3},
        contextSourceInfo=[{"key": "X-Area", "value": "north"}],
    )
    assert matches(registration, ask(types="Room", csf=parse_q(csf, CORE))) is expected


def test_scopes() -> None:
    registration = register(scope="/Tokyo/Higashimurayama")
    assert matches(registration, ask(types="Room", scopes=parse_scope_query("/Tokyo/#")))
    assert not matches(registration, ask(types="Room", scopes=parse_scope_query("/Berlin")))


def proxied(mode: str, entity: dict[str, Any] | None, *names: str, **members: Any) -> Registration:
    info: dict[str, Any] = {} if entity is None else {"entities": [entity]}
    if names:
        info["propertyNames"] = list(names)
    return register(info, mode=mode, **members)


@pytest.mark.parametrize(
    ("new", "old", "clashes"),
    [
        (proxied("exclusive", ENTITY, "a"), proxied("exclusive", ENTITY, "a", "b"), True),
        (proxied("exclusive", ENTITY, "a"), proxied("exclusive", ENTITY, "b"), False),
        (proxied("exclusive", ENTITY, "a"), proxied("exclusive", {**ENTITY, "id": "urn:x:2"}, "a"), False),
        (proxied("exclusive", ENTITY, "a"), proxied("redirect", {"type": "Room"}), True),
        (proxied("exclusive", ENTITY, "a"), proxied("redirect", {"type": "Car"}), False),
        (proxied("exclusive", ENTITY, "a"), proxied("redirect", PATTERN, "a"), True),
        (proxied("exclusive", ENTITY, "a"), proxied("redirect", PATTERN, "b"), False),
        (proxied("exclusive", ENTITY, "a"), proxied("redirect", None, "a"), True),
        (proxied("redirect", ENTITY, "a"), proxied("exclusive", ENTITY, "a"), True),
        (proxied("redirect", {"type": "Room"}), proxied("exclusive", ENTITY, "a"), True),
        (proxied("redirect", ENTITY, "a"), proxied("redirect", ENTITY, "a"), False),
        (proxied("inclusive", ENTITY, "a"), proxied("exclusive", ENTITY, "a"), False),
        (proxied("exclusive", ENTITY, "a"), proxied("inclusive", ENTITY, "a"), False),
    ],
)
def test_conflicts(new: Registration, old: Registration, clashes: bool) -> None:
    assert find_conflict(new, [old]) is (old if clashes else None)
    assert find_conflict(new, [new]) is None


def test_what_may_not_be_held_here() -> None:
    room, size = f"{VOCABULARY}Room", f"{VOCABULARY}size"
    assert held_queries(proxied("inclusive", ENTITY)) == []
    assert held_queries(proxied("exclusive", ENTITY, "size")) == [
        EntityQuery(ids=("urn:x:1",), attrs=(size,), limit=1)
    ]
    (query,) = held_queries(proxied("redirect", PATTERN))
    assert (query.id_pattern, query.ids, query.attrs) == ("x:1.*", (), ())
    assert query.types is not None
    assert query.types.matches((room,))
    (query,) = held_queries(proxied("redirect", {"type": ["Room", "Place"]}, "size"))
    assert query.types is not None
    assert not query.types.matches((room,))
    assert held_queries(proxied("redirect", None, "size")) == [EntityQuery(attrs=(size,), limit=1)]
