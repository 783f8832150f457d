"""Keys of conditions: an entity that fulfils one has one of its keys."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from context_api.ngsild.query.keys import Bound, Keyed, find_bound, find_keys, keys_at, numbers_at
from context_api.ngsild.query.predicate import matches
from context_api.ngsild.query.q import parse_q
from tests.unit.ngsild.builders import CORE, name, room

_TERMS = st.sampled_from(
    [
        *("a==1", "a==1.0,5", 'a=="x"', 'a=="x","y"', "a==urn:a:1", "a==office", "a==1..5", "a==true"),
        *('a=="2026-01-01T00:00:00Z"', "a==2026-01-01", "a!=1", "a>0", "a", "!a", "b==1", 'b~="x"'),
        *("a>=5", "a<3.5", "a<=1", "b>1", 'a>"x"', "a>2026-01-01", "a.b>1", "a[b]<5"),
        *("a.b==1", "a[b]==1", "a[ja]==x", 'createdAt=="2026-01-01T00:00:00Z"', "partOf{a}==1"),
    ]
)
_CONDITIONS = st.recursive(
    _TERMS,
    lambda inner: st.tuples(st.lists(inner, min_size=2, max_size=3), st.sampled_from(";|")).map(
        lambda parts: f"({parts[1].join(parts[0])})"
    ),
    max_leaves=4,
)
_PLAIN = st.sampled_from([1, 1.0, 5, 3.5, True, "x", "y", "urn:a:1", "2026-01-01T00:00:00Z", "2026-01-01"])
_VALUES: st.SearchStrategy[Any] = st.one_of(
    _PLAIN,
    st.lists(_PLAIN, max_size=3),
    st.lists(st.lists(_PLAIN, max_size=2), max_size=2),
    _PLAIN.map(lambda value: {"@type": "T", "@value": value}),
    _PLAIN.map(lambda value: {"@type": "T", "@value": [value]}),
    _PLAIN.map(lambda value: {"b": value}),
)
_ATTRIBUTES: st.SearchStrategy[Any] = st.one_of(
    _VALUES.map(lambda value: {"type": "Property", "value": value}),
    _VALUES.map(lambda value: {"type": "Property", "value": 0, "b": {"type": "Property", "value": value}}),
    st.lists(st.sampled_from(["urn:a:1", "urn:a:2"]), min_size=1, max_size=2).map(
        lambda uris: {"object": uris}
    ),
    st.sampled_from([{"languageMap": {"ja": "x", "en": ["y", "z"]}}, {"vocab": ["office", "x"]}]),
    _PLAIN.map(lambda value: [{"value": value}, {"value": "other", "datasetId": "urn:d:1"}]),
    st.sampled_from([{"valueList": [1, "x"]}, {"json": {"b": 1}}, {"objectList": ["urn:a:1"]}]),
)


@settings(deadline=None, max_examples=400)
@given(_CONDITIONS, st.dictionaries(st.sampled_from(["a", "b"]), _ATTRIBUTES, max_size=2))
def test_who_fulfils_a_condition_has_one_of_its_keys(text: str, attributes: dict[str, Any]) -> None:
    condition = parse_q(text, CORE)
    entity = room(**attributes)
    keyed = find_keys(condition)
    if keyed is not None and matches(condition, entity, lambda ids: {}):
        assert keys_at(keyed.attribute, entity) & set(keyed.keys)
    bound = find_bound(condition)
    if bound is not None and matches(condition, entity, lambda ids: {}):
        smallest, largest = numbers_at(bound.attribute, entity) or (math.inf, -math.inf)
        assert largest >= bound.number if bound.is_floor else smallest <= bound.number


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("a==1", {("number", 1)}),
        ('a=="x","y"', {("text", "x"), ("text", "y")}),
        ("b>5;a==urn:a:1", {("text", "urn:a:1")}),
        ("a==1|b==1", None),
        ("a!=1", None),
        ("a==1..5", None),
        ("a==1,true", None),
        ("a.b==1", None),
        ("createdAt==2026-01-01T00:00:00Z", None),
        ("a==" + ",".join(map(str, range(101))), None),
    ],
)
def test_what_is_keyed(text: str, keys: set[Any] | None) -> None:
    keyed = find_keys(parse_q(text, CORE))
    assert (keyed and (keyed.attribute, set(keyed.keys))) == (keys and (name("a"), keys))
    assert keyed is None or isinstance(keyed, Keyed)


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("a>1", (1, True)),
        ("a>=1.5", (1.5, True)),
        ("b==5;a<-2", (-2, False)),
        ("a<=0", (0, False)),
        ("a>1|b>1", None),
        ('a>"x"', None),
        ("a>2026-01-01", None),
        ("a.b>1", None),
        ("a[b]>1", None),
        ("partOf{a}>1", None),
    ],
)
def test_what_is_bounded(text: str, bound: tuple[float, bool] | None) -> None:
    found = find_bound(parse_q(text, CORE))
    assert (found and (found.attribute, *found[1:])) == (bound and (name("a"), *bound))
    assert found is None or isinstance(found, Bound)
