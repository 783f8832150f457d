"""The form of an answer: projection, linked entities, GeoJSON, older versions."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from context_api.ngsild import linked, presentation
from context_api.ngsild.downgrade import downgrade, parse_version
from context_api.ngsild.errors import TooManyResults
from context_api.ngsild.geojson import LOCATION
from context_api.ngsild.linked import Join
from context_api.ngsild.model import Entity, Kind
from context_api.ngsild.parse import parse_entity
from context_api.ngsild.presentation import PLAIN, Presentation, present, walk_from
from context_api.ngsild.projection import parse_projection
from context_api.ngsild.represent import to_concise, to_key_values, to_normalized
from tests.unit.ngsild.builders import CORE, T0, name, room
from tests.unit.ngsild.strategies import entities

POINT = {"type": "Point", "coordinates": [139.46, 35.75]}


def entity(number: int, **members: Any) -> Entity:
    return parse_entity({"id": f"urn:a:{number}", "type": "T", **members}, CORE, now=T0)


def link(*numbers: int) -> dict[str, Any]:
    uris = [f"urn:a:{number}" for number in numbers]
    return {"type": "Relationship", "object": uris[0] if len(uris) == 1 else uris}


def answer(
    asked: list[Entity], others: list[Entity], wanted: Presentation, *, rounds: int = 12
) -> list[dict[str, Any]]:
    """Write entities, with what the store would find of those they link to."""
    there = {one.id: one for one in others}
    walk = walk_from(asked, wanted)
    for _ in range(rounds):
        ids = walk.wanted()
        if not ids:
            break
        walk.add({one: there[one] for one in ids if one in there})
    return present(asked, wanted, CORE, walk).documents


@settings(max_examples=30, deadline=None)
@given(entities(), st.sampled_from([to_normalized, to_concise, to_key_values]))
def test_a_plain_answer_is_the_representation(drawn: Entity, write: Any) -> None:
    presented = present([drawn], PLAIN._replace(write=write), CORE)
    assert presented.documents == [write(drawn, CORE)]
    assert not presented.is_altered


@settings(max_examples=30, deadline=None)
@given(entities(), st.sampled_from([to_normalized, to_concise, to_key_values]), st.data())
def test_pick_and_omit_of_the_same_names_part_an_entity(
    drawn: Entity, write: Any, data: st.DataObject
) -> None:
    whole = write(drawn, CORE)
    members = data.draw(st.lists(st.sampled_from(["id", "type", "scope", "alpha", "beta"]), min_size=1))
    names = ",".join(members)
    picked = present([drawn], Presentation(write, projection=parse_projection(names, None, CORE)), CORE)
    omitted = present([drawn], Presentation(write, projection=parse_projection(None, names, CORE)), CORE)
    parts = [document for one in (picked, omitted) for document in one.documents]
    assert {key: value for part in parts for key, value in part.items()} == whole
    assert sum(map(len, parts)) == len(whole)


def test_an_entity_of_which_nothing_is_left_is_left_out() -> None:
    wanted = Presentation(projection=parse_projection("nothing", None, CORE))
    assert present([room(a=1)], wanted, CORE).documents == []


def test_inline() -> None:
    asked = entity(1, rel=link(2), many=link(2, 9, 3), a=1)
    others = [entity(2, b=2, rel=link(4)), entity(3), entity(4)]
    wanted = Presentation(join=Join.INLINE)
    (document,) = answer([asked], others, wanted)
    two = {"id": "urn:a:2", "type": "T", "b": {"type": "Property", "value": 2}, "rel": link(4)}
    assert document["rel"] == {**link(2), "entity": two}
    assert document["many"] == {**link(2, 9, 3), "entity": [two, {"id": "urn:a:3", "type": "T"}]}
    (deeper,) = answer([asked], others, wanted._replace(join_level=2))
    assert deeper["rel"]["entity"]["rel"]["entity"] == {"id": "urn:a:4", "type": "T"}


def test_inline_simplified() -> None:
    asked = entity(1, rel=link(2), many=link(2, 9), list={"objectList": ["urn:a:2"]}, a={"x": 1})
    wanted = Presentation(to_key_values, join=Join.INLINE)
    (document,) = answer([asked], [entity(2)], wanted)
    two = {"id": "urn:a:2", "type": "T"}
    assert document == {
        "id": "urn:a:1",
        "type": "T",
        "rel": two,
        "many": [two, "urn:a:9"],
        "list": [two],
        "a": {"x": 1},
    }


def test_inline_by_dataset() -> None:
    instances = [link(2), {**link(3), "datasetId": "urn:d:1"}, {"value": {"x": 1}, "datasetId": "urn:d:2"}]
    asked = entity(1, rel=instances)
    others = [entity(2), entity(3)]
    (document,) = answer([asked], others, Presentation(join=Join.INLINE))
    assert [one.get("entity", {}).get("id") for one in document["rel"]] == ["urn:a:2", "urn:a:3", None]
    (simple,) = answer([asked], others, Presentation(to_key_values, join=Join.INLINE))
    assert simple["rel"]["dataset"] == {
        "@none": {"id": "urn:a:2", "type": "T"},
        "urn:d:1": {"id": "urn:a:3", "type": "T"},
        "urn:d:2": {"x": 1},
    }
    (chosen,) = answer([asked], others, Presentation(join=Join.INLINE, datasets=frozenset(["urn:d:1"])))
    assert chosen["rel"]["entity"]["id"] == "urn:a:3"


def test_lists_of_relationships() -> None:
    asked = entity(1, rel={"objectList": ["urn:a:3", "urn:a:2"]})
    (document,) = answer([asked], [entity(2), entity(3)], Presentation(join=Join.INLINE))
    assert [one["id"] for one in document["rel"]["entityList"]] == ["urn:a:3", "urn:a:2"]


def test_circles_end() -> None:
    ring = [entity(number, rel=link((number + 1) % 3)) for number in range(3)]
    wanted = Presentation(join=Join.INLINE, join_level=10)
    (document,) = answer([ring[0]], ring, wanted)
    last = document["rel"]["entity"]["rel"]["entity"]
    assert last["id"] == "urn:a:2"
    assert "entity" not in last["rel"]
    flat = answer([ring[0]], ring, wanted._replace(join=Join.FLAT))
    assert [one["id"] for one in flat] == ["urn:a:0", "urn:a:1", "urn:a:2"]


def test_flat_has_each_entity_once_nearest_first() -> None:
    asked = [entity(1, rel=link(3)), entity(2, rel=link(3, 1))]
    others = [entity(3, rel=link(4)), entity(4)]
    wanted = Presentation(to_key_values, join=Join.FLAT, join_level=2)
    assert [one["id"] for one in answer(asked, others, wanted)] == [
        f"urn:a:{number}" for number in (1, 2, 3, 4)
    ]
    assert answer([asked[0]], [], wanted) == [{"id": "urn:a:1", "type": "T", "rel": "urn:a:3"}]


def test_what_the_client_has_is_not_followed() -> None:
    asked = [entity(1, rel=link(2))]
    wanted = Presentation(join=Join.INLINE, contained_by=frozenset(["urn:a:2"]))
    (document,) = answer(asked, [entity(2)], wanted)
    assert document["rel"] == link(2)


def test_projection_goes_along_the_links() -> None:
    asked = [entity(1, rel=link(2), other=link(3), a=1)]
    others = [entity(2, a=2, b=3), entity(3)]
    projection = parse_projection("id,rel{a}", None, CORE)
    wanted = Presentation(to_key_values, projection=projection, join=Join.INLINE)
    assert answer(asked, others, wanted) == [{"id": "urn:a:1", "rel": {"a": 2}}]
    walk = walk_from(asked, wanted)
    assert walk.wanted() == ["urn:a:2"]
    nothing = Presentation(projection=parse_projection("rel{c}", None, CORE), join=Join.INLINE)
    assert answer(asked, others, nothing) == [{"rel": link(2)}]
    assert walk_from(asked, Presentation(attrs=frozenset([name("a")]), join=Join.FLAT)).wanted() == []


def test_linked_entities_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linked, "MAX_LINKED", 5)
    asked = entity(0, rel=link(*range(1, 8)))
    with pytest.raises(TooManyResults):
        walk_from([asked], Presentation(join=Join.FLAT)).wanted()
    monkeypatch.setattr(presentation, "MAX_LINKED", 50)
    dense = [entity(number, rel=link(*range(4))) for number in range(4)]
    with pytest.raises(TooManyResults):
        answer(dense * 10, dense, Presentation(join=Join.INLINE, join_level=10))


@settings(max_examples=30, deadline=None)
@given(entities(), st.sampled_from([to_normalized, to_concise, to_key_values]))
def test_a_feature_holds_the_whole_representation(drawn: Entity, write: Any) -> None:
    (feature,) = present([drawn], Presentation(write, geometry_property=LOCATION), CORE).documents
    assert {"id": feature["id"], **feature["properties"]} == write(drawn, CORE)


def test_features() -> None:
    instances = [{"type": "GeoProperty", "value": {**POINT, "coordinates": [1, 2]}, "datasetId": "urn:d:1"}]
    asked = entity(1, location=POINT, place=instances, a=1)
    wanted = Presentation(to_key_values, geometry_property=LOCATION)
    (feature,) = present([asked], wanted, CORE).documents
    assert feature["geometry"] == POINT
    assert (feature["id"], feature["type"]) == ("urn:a:1", "Feature")
    assert feature["properties"].keys() == {"type", "location", "place", "a"}
    (other,) = present([asked], wanted._replace(geometry_property=name("place")), CORE).documents
    assert other["geometry"]["coordinates"] == [1, 2]
    for term in ("a", "nothing"):
        (none,) = present([asked], wanted._replace(geometry_property=name(term)), CORE).documents
        assert none["geometry"] is None
    picked = wanted._replace(projection=parse_projection("a", None, CORE))
    (small,) = present([asked], picked, CORE).documents
    assert small == {"id": "urn:a:1", "type": "Feature", "geometry": POINT, "properties": {"a": 1}}


@settings(max_examples=30, deadline=None)
@given(entities(), st.integers(0, 9))
def test_an_older_version_has_only_what_it_knew(drawn: Entity, minor: int) -> None:
    lower = downgrade(drawn, minor, CORE)
    assert downgrade(lower, minor, CORE) is lower
    assert minor < 9 or lower is drawn
    kinds = {one.kind for instances in lower.attributes.values() for one in instances}
    if minor < 8:
        assert kinds <= {Kind.PROPERTY, Kind.RELATIONSHIP, Kind.GEO_PROPERTY, Kind.LANGUAGE_PROPERTY}
    if minor < 4:
        assert Kind.LANGUAGE_PROPERTY not in kinds
        assert lower.scopes == ()
    if minor < 3:
        assert len(lower.types) == 1
        assert all(len(instances) == 1 for instances in lower.attributes.values())
    assert lower.attributes.keys() == drawn.attributes.keys()


def test_versions() -> None:
    vocab = entity(1, a={"type": "VocabProperty", "vocab": ["open"]})
    (document,) = present([vocab], Presentation(minor=5), CORE).documents
    assert document["a"] == {"type": "Property", "value": ["open"]}
    assert present([vocab], Presentation(minor=5), CORE).is_altered
    assert not present([vocab], Presentation(minor=8), CORE).is_altered
    assert [parse_version(text) for text in ("1.5", "1.9", "1.10", "2.0", "", "1")] == [
        5,
        9,
        None,
        None,
        None,
        None,
    ]
