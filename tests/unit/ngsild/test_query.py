"""Type selection, idPattern and temporal queries (clauses 4.17, 5.2.33 and 4.11)."""

import re
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from context_api.ngsild.errors import BadRequestData, TooComplexQuery
from context_api.ngsild.query import (
    AllOf,
    AnyOf,
    TemporalQuery,
    TimeProperty,
    TimeRelation,
    TypeIs,
    TypeSelection,
    compile_id_pattern,
    parse_id_pattern,
    parse_temporal_query,
    parse_type_selection,
    selected_types,
    write_type_selection,
)
from tests.unit.ngsild.builders import CORE, SECOND, name

A, B, C = (TypeIs(name(term)) for term in "ABC")


@pytest.mark.parametrize(
    ("text", "selection"),
    [
        ("A", A),
        ("A,B", AnyOf((A, B))),
        ("A|B", AnyOf((A, B))),
        ("(A;B)", AllOf((A, B))),
        ("A;B", AllOf((A, B))),
        ("(A;B),C", AnyOf((AllOf((A, B)), C))),
        ("A;B|C", AnyOf((AllOf((A, B)), C))),
        ("(A|B);C", AllOf((AnyOf((A, B)), C))),
        ("((A))", A),
        ("https://example.org/T#x", TypeIs("https://example.org/T#x")),
        ("*", None),
    ],
)
def test_type_selection(text: str, selection: TypeSelection | None) -> None:
    parsed = parse_type_selection(text, CORE)
    assert parsed == selection
    assert parse_type_selection(write_type_selection(parsed, CORE.compact), CORE) == selection


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "A,",
        ",A",
        "A;;B",
        "(A",
        "A)",
        "()",
        "A B",
        " A",
        "A(B)",
        "9A",
        "A,*",
        "A;(B|C",
        "(A)(B)",
        "a-b",
    ],
)
def test_what_is_no_type_selection(text: str) -> None:
    with pytest.raises(BadRequestData):
        parse_type_selection(text, CORE)


def test_type_selections_are_bounded() -> None:
    with pytest.raises(TooComplexQuery):
        parse_type_selection("(" * 100 + "A" + ")" * 100, CORE)
    with pytest.raises(TooComplexQuery):
        parse_type_selection(",".join(f"T{number}" for number in range(2000)), CORE)


SELECTIONS: st.SearchStrategy[TypeSelection] = st.recursive(
    st.sampled_from([A, B, C]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: AnyOf(tuple(parts))),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: AllOf(tuple(parts))),
    ),
    max_leaves=6,
)
TYPES = st.lists(st.sampled_from([A.iri, B.iri, C.iri, name("D")]), unique=True).map(tuple)


@given(SELECTIONS, TYPES)
def test_selections_mean_the_same_after_every_way(selection: TypeSelection, types: tuple[str, ...]) -> None:
    expected = selection.matches(types)
    written = parse_type_selection(write_type_selection(selection, CORE.compact), CORE)
    assert written is not None
    assert written.matches(types) == expected
    stored = msgspec.json.decode(msgspec.json.encode(selection), type=TypeSelection)
    assert stored == selection
    if expected:
        assert selected_types(selection) & set(types)


@pytest.mark.parametrize(
    ("pattern", "found", "missed"),
    [
        ("urn:ngsi-ld:Room:.*", "urn:ngsi-ld:Room:1", "urn:ngsi-ld:Hall:1"),
        ("^urn:.*:(aq|no)-[0-9]+$", "urn:x:aq-12", "urn:x:aq-"),
        ("[0-9]{2}|x", "urn:12", "urn:1"),
        (r"\.\d{3,}", "urn:a.123", "urn:a.12"),
        ("(?:a|b)?c", "urn:c", "urn:d"),
        ("[]a]", "urn:]", "urn:b"),
        ("東村山", "urn:東村山:1", "urn:小平:1"),
    ],
)
def test_id_patterns(pattern: str, found: str, missed: str) -> None:
    compiled = compile_id_pattern(parse_id_pattern(pattern))
    assert compiled.search(found)
    assert not compiled.search(missed)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        None,
        5,
        "[",
        "(",
        ")",
        "a)",
        "*",
        "a**",
        "a*?",
        "a{2}{3}",
        "(?=a)",
        "(?<a>b)",
        r"\1",
        r"(a)\1",
        "a{3,2}",
        "\\",
    ],
)
def test_what_is_no_id_pattern(pattern: Any) -> None:
    with pytest.raises(BadRequestData):
        parse_id_pattern(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a*)*",
        "((a|b)*c)*",
        "(a{1,9}){1,9}",
        "a*a*a*a*a*b",
        "a{1000}",
        "a" * 600,
        "(" * 20 + ")" * 20,
    ],
)
def test_id_patterns_that_might_run_for_long(pattern: str) -> None:
    with pytest.raises(TooComplexQuery):
        parse_id_pattern(pattern)


@given(st.text(st.sampled_from("ab.*+?()[]{}|^$\\123,"), max_size=12), st.text("ab", max_size=40))
def test_patterns_that_are_taken_end_soon(pattern: str, text: str) -> None:
    try:
        checked = parse_id_pattern(pattern)
    except (BadRequestData, TooComplexQuery):
        return
    started = time.thread_time()
    re.search(checked, text)
    assert time.thread_time() - started < 10


@pytest.mark.parametrize(
    ("parameters", "query"),
    [
        ({}, TemporalQuery(deletions=False)),
        ({"lastN": "5"}, TemporalQuery(last_n=5, deletions=False)),
        ({"lastN": 5}, TemporalQuery(last_n=5, deletions=False)),
        (
            {"timerel": "before", "timeAt": "1970-01-01T00:00:01Z"},
            TemporalQuery(timerel=TimeRelation.BEFORE, time_at=SECOND, deletions=False),
        ),
        (
            {
                "timerel": "after",
                "timeAt": "1970-01-01T00:00:01Z",
                "timeproperty": "modifiedAt",
                "other": "x",
            },
            TemporalQuery(timerel=TimeRelation.AFTER, time_at=SECOND, timeproperty=TimeProperty.MODIFIED_AT),
        ),
        (
            {
                "timerel": "between",
                "timeAt": "1970-01-01T00:00:01Z",
                "endTimeAt": "1970-01-01T00:00:02Z",
                "timeproperty": "createdAt",
                "lastN": "1",
            },
            TemporalQuery(
                timerel=TimeRelation.BETWEEN,
                time_at=SECOND,
                end_time_at=2 * SECOND,
                timeproperty=TimeProperty.CREATED_AT,
                last_n=1,
            ),
        ),
    ],
)
def test_temporal_queries(parameters: dict[str, object], query: TemporalQuery) -> None:
    assert parse_temporal_query(parameters) == query


@pytest.mark.parametrize(
    ("parameters", "hint"),
    [
        ({"timerel": "before"}, "needs timeAt"),
        ({"timerel": "sometime", "timeAt": "1970-01-01T00:00:01Z"}, "before, after, between"),
        ({"timerel": ["before"], "timeAt": "1970-01-01T00:00:01Z"}, "before, after, between"),
        ({"timeAt": "1970-01-01T00:00:01Z"}, "need timerel"),
        ({"endTimeAt": "1970-01-01T00:00:01Z"}, "need timerel"),
        ({"timerel": "between", "timeAt": "1970-01-01T00:00:01Z"}, "endTimeAt"),
        (
            {"timerel": "after", "timeAt": "1970-01-01T00:00:01Z", "endTimeAt": "1970-01-01T00:00:02Z"},
            "endTimeAt",
        ),
        (
            {"timerel": "between", "timeAt": "1970-01-01T00:00:02Z", "endTimeAt": "1970-01-01T00:00:01Z"},
            "later",
        ),
        ({"timerel": "before", "timeAt": "yesterday"}, "timeAt"),
        ({"timeproperty": "birthday"}, "timeproperty"),
        *(({"lastN": value}, "lastN") for value in ("0", "-1", "x", "1.5", "", 0, True, 1.0, "9999999999")),
    ],
)
def test_what_is_no_temporal_query(parameters: dict[str, object], hint: str) -> None:
    with pytest.raises(BadRequestData) as caught:
        parse_temporal_query(parameters)
    assert hint in caught.value.detail


def test_a_temporal_query_may_be_required() -> None:
    with pytest.raises(BadRequestData, match="needs timerel"):
        parse_temporal_query({"lastN": "1"}, required=True)
