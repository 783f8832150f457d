"""Histories are read from documents, and what is none is refused (clauses 4.5.6 to 4.5.8 and 5.2.20)."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.model import NULL, Instance, Kind, Micros
from context_api.ngsild.parse_temporal import (
    is_deletion,
    parse_temporal_entity,
    parse_temporal_fragment,
    parse_temporal_instance,
)
from context_api.ngsild.query.aggregation import Aggregation, AggrMethod, parse_aggregation
from context_api.ngsild.query.periods import Period
from context_api.ngsild.query.scope import parse_scope_query
from context_api.ngsild.temporal import SCOPE
from context_api.ngsild.temporal_scopes import BEGINNING, END, Interval, ScopesSince, valid_intervals
from tests.unit.ngsild.builders import CORE, ROOM, SECOND, T0, name

AT, LATER = "2026-09-21T14:13:20Z", "2026-09-21T14:13:21Z"
PROBE = name("probe")


def number(value: Any, at: str = AT, **members: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value, "observedAt": at, **members}


def attributes(**members: Any) -> dict[str, list[Instance]]:
    return parse_temporal_fragment(members, CORE).attributes


def test_an_attribute_is_an_instance_or_an_array_of_any_number_for_one_dataset() -> None:
    one, two = Instance(value=1, observed_at=T0), Instance(value=2, observed_at=T0 + SECOND)
    assert attributes(probe=number(1)) == {PROBE: [one]}
    assert attributes(probe=[number(1), number(2, LATER), number(1)]) == {PROBE: [one, two, one]}
    assert attributes(probe=[number(1, datasetId="urn:d:1")])[PROBE][0].dataset_id == "urn:d:1"
    assert attributes(probe=[1, 2])[PROBE] == [Instance(value=[1, 2])]
    assert attributes(probe={"value": 1})[PROBE] == [Instance(value=1)]


def test_null_stands_for_a_deletion() -> None:
    deletions = [
        number(NULL),
        {"type": "Relationship", "object": NULL},
        {"type": "LanguageProperty", "languageMap": {"@none": NULL}},
    ]
    for given_, kind in zip(
        deletions, (Kind.PROPERTY, Kind.RELATIONSHIP, Kind.LANGUAGE_PROPERTY), strict=True
    ):
        [instance] = attributes(probe=[given_])[PROBE]
        assert (is_deletion(instance), instance.kind) == (True, kind)
    assert not is_deletion(Instance(value=None))
    assert not is_deletion(Instance(value={"@none": "x"}))


def test_scopes_are_plain_or_properties_with_times() -> None:
    assert attributes(scope="/a")[SCOPE] == [Instance(value=["/a"])]
    assert attributes(scope=["/a", "/b"])[SCOPE] == [Instance(value=["/a", "/b"])]
    both = [number("/a"), number(["/a", "/b"], LATER), number([], LATER)]
    one, two, gone = attributes(scope=both)[SCOPE]
    assert (one.value, one.observed_at, two.value, is_deletion(gone)) == (["/a"], T0, ["/a", "/b"], True)


def test_whole_entities() -> None:
    document = {
        "@id": ROOM,
        "@type": ["Room", "Hall"],
        "expiresAt": LATER,
        "createdAt": AT,
        "probe": [number(1)],
    }
    read = parse_temporal_entity(document, CORE)
    assert (read.id, read.types, read.expires_at) == (ROOM, (name("Room"), name("Hall")), T0 + SECOND)


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ([], ""),
        ({}, "/id"),
        ({"id": ROOM}, "/type"),
        ({"id": "room", "type": "Room"}, "/id"),
        ({"id": ROOM, "type": "Room", "expiresAt": NULL}, "/expiresAt"),
        ({"id": ROOM, "type": "Room", "observedAt": AT}, "/observedAt"),
        ({"id": ROOM, "type": "Room", "a b": 1}, "/a b"),
        ({"id": ROOM, "type": "Room", "probe": [number(1), number(1, "now")]}, "/probe/1/observedAt"),
        ({"id": ROOM, "type": "Room", "probe": [{"type": "Property"}]}, "/probe/0"),
        ({"id": ROOM, "type": "Room", "scope": "a b"}, "/scope"),
        ({"id": ROOM, "type": "Room", "scope": [{"value": "/a", "type": "X"}]}, "/scope/0"),
        ({"id": ROOM, "type": "Room", "probe": 1, name("probe"): 2}, f"/{name('probe').replace('/', '~1')}"),
    ],
)
def test_what_is_no_history_is_refused_with_its_place(document: Any, pointer: str) -> None:
    with pytest.raises(BadRequestData) as refused:
        parse_temporal_entity(document, CORE)
    assert refused.value.pointer == pointer


def test_one_instance_may_come_alone_or_as_its_attribute() -> None:
    expected = Instance(value=1, observed_at=T0)
    for document in (number(1), [number(1)], {"probe": [number(1)]}, {"probe": number(1)}):
        assert parse_temporal_instance(PROBE, document, CORE) == expected
    empty: tuple[Any, ...] = ({}, [], None, {"probe": []})
    for wrong in empty:
        with pytest.raises(BadRequestData, match="empty"):
            parse_temporal_instance(PROBE, wrong, CORE)
    with pytest.raises(BadRequestData):
        parse_temporal_instance(PROBE, {"probe": [number(1), number(2)]}, CORE)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from((NULL, AT, "Property")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("type", "value", "observedAt", "datasetId", "a", "scope")), inner)
    ),
    max_leaves=8,
)


@given(JSON)
def test_whatever_comes_is_read_or_refused(value: Any) -> None:
    try:
        read = parse_temporal_fragment({"probe": value, "scope": value}, CORE)
    except BadRequestData:
        return
    assert set(read.attributes) == {PROBE, SCOPE}


def test_aggregations_are_read() -> None:
    given_ = {"aggrMethods": "avg, max,avg", "aggrPeriodDuration": "P1M", "timezone": "Asia/Tokyo"}
    read = parse_aggregation(given_)
    assert (read.methods, read.period) == ((AggrMethod.AVG, AggrMethod.MAX), Period(months=1))
    assert str(read.zone) == "Asia/Tokyo"
    assert parse_aggregation({"aggrMethods": ["sum"]}) == Aggregation(methods=(AggrMethod.SUM,))
    refused: tuple[dict[str, object], ...] = (
        {},
        {"aggrMethods": []},
        {"aggrMethods": [1]},
        {"aggrMethods": "avg,,max"},
        {"aggrMethods": "avg", "aggrPeriodDuration": 3600},
        {"aggrMethods": "avg", "aggrPeriodDuration": "P"},
        {"aggrMethods": "avg", "timezone": "Mars/Olympus"},
    )
    for wrong in refused:
        with pytest.raises(BadRequestData):
            parse_aggregation(wrong)


CHANGES = st.lists(
    st.tuples(st.integers(0, 20), st.sampled_from(((), ("/a",), ("/b",), ("/a", "/b")))),
    unique_by=lambda each: each[0],
    max_size=8,
)


@given(CHANGES, st.sampled_from(("/a", "/b", "/#", "/a;/b")))
def test_scopes_are_valid_until_they_are_replaced(
    changes: list[tuple[Micros, tuple[str, ...]]], text: str
) -> None:
    """Against the definition: at each moment the last change before it counts."""
    query = parse_scope_query(text)
    history = [ScopesSince(at, scopes) for at, scopes in sorted(changes)]
    intervals = valid_intervals(history, query)
    for moment in range(-1, 22):
        now = [scopes for at, scopes in history if at <= moment]
        valid = bool(now) and query.matches(now[-1])
        assert any(start <= moment < end for start, end in intervals) == valid
    assert all(earlier.end < later.start for earlier, later in pairwise(intervals))


def test_scopes_may_be_valid_from_the_beginning_to_the_end() -> None:
    query = parse_scope_query("/a")
    assert valid_intervals([ScopesSince(BEGINNING, ("/a",))], query) == [Interval(BEGINNING, END)]
