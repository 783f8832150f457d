"""The attribute projection language (clause 4.21)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from context_api.ngsild.errors import BadRequestData, NgsiLdError, TooComplexQuery
from context_api.ngsild.model import Entity
from context_api.ngsild.projection import (
    MEMBERS,
    WHOLE,
    Names,
    Projection,
    parse_names,
    parse_projection,
    select_datasets,
)
from tests.unit.ngsild.builders import CORE, name
from tests.unit.ngsild.strategies import entities


def test_names_are_read_in_both_separators_and_to_any_depth() -> None:
    assert parse_names("id,name|type", "pick", CORE) == Names(frozenset(("id", "type")), {name("name"): None})
    nested = parse_names("locatedAt{id,name,isIn{name}}", "pick", CORE)
    inner = nested.attributes[name("locatedAt")]
    assert inner is not None
    assert inner.members == {"id"}
    assert inner.attributes[name("isIn")] == Names(frozenset(), {name("name"): None})
    assert nested.depth == 2


@pytest.mark.parametrize(
    "text",
    [
        *("", ",", "a,", ",a", "a,,b", "a||b", "a;b", "a{", "a{}", "a{b", "a{{b}", "a{,b}", "a}b", "{a}"),
        *("id{a}", "a{b}c", "a b", "1a", "observedAt", "@type", "a{" * 11 + "b" + "}" * 11),
    ],
)
def test_what_is_not_in_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(BadRequestData):
        parse_names(text, "pick", CORE)


def test_too_much_is_refused() -> None:
    with pytest.raises(TooComplexQuery):
        parse_names("a," * 5_000 + "a", "pick", CORE)


@given(st.text("ab,|{}id ", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        names = parse_names(text, "omit", CORE)
    except NgsiLdError:
        return
    assert names.members or names.attributes
    assert names.members <= MEMBERS


def test_nothing_can_be_picked_and_omitted() -> None:
    for pick, omit in (("id,a", "id"), ("a", "a"), ("a{b}", "a"), ("a{b}", "a{b}")):
        with pytest.raises(BadRequestData, match="both name"):
            parse_projection(pick, omit, CORE)
    assert parse_projection("a{b,c}", "a{c2}", CORE).depth == 1
    assert parse_projection(None, None, CORE) is WHOLE


def test_an_omitted_name_with_braces_keeps_the_relationship() -> None:
    projection = parse_projection(None, "type,rel{name},gone", CORE)
    assert projection.keeps(name("rel"))
    assert not projection.keeps(name("gone"))
    assert not projection.keeps_member("type")
    assert projection.keeps_member("id")
    behind = projection.behind(name("rel"))
    assert not behind.keeps(name("name"))
    assert behind.keeps_member("type")
    assert projection.behind(name("other")) == Projection()


def test_a_picked_name_without_braces_keeps_all_that_it_points_to() -> None:
    projection = parse_projection("id,rel", None, CORE)
    assert not projection.keeps(name("other"))
    assert projection.behind(name("rel")) == Projection()


@settings(max_examples=50, deadline=None)
@given(entities(), st.sets(st.sampled_from(["", "urn:d:1", "urn:d:2"]), min_size=1))
def test_datasets_keep_their_instances_only(entity: Entity, datasets: set[str]) -> None:
    kept = select_datasets(entity, frozenset(datasets))
    for term, instances in entity.attributes.items():
        expected = [one for one in instances if one.dataset_id in datasets]
        assert kept.attributes.get(term, []) == expected
        assert (term in kept.attributes) == bool(expected)
