"""Entity and attribute fragments, and where NGSI-LD Null has a place (clauses 5.4, 5.5.4, 5.5.8, 5.5.12)."""

from typing import Any

import pytest

from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.model import NULL, Instance, Kind
from context_api.ngsild.parse import (
    Mode,
    parse_attribute,
    parse_attribute_fragment,
    parse_attribute_name,
    parse_fragment,
)
from context_api.ngsild.patch import NULL_TIME, PartialInstance, is_null
from tests.unit.ngsild.builders import CORE, SECOND, name

PROBE = name("probe")


def test_a_fragment_names_what_it_changes() -> None:
    fragment = parse_fragment(
        {"id": "urn:whatever:1", "type": "Hall", "scope": ["/a", "/b"], "probe": {"value": 1}}, CORE
    )
    assert fragment.types == (name("Hall"),)
    assert fragment.scopes == ("/a", "/b")
    assert fragment.attributes == {PROBE: [Instance(value=1)]}
    assert fragment.expires_at is None
    assert not fragment.remove_expiry


def test_what_a_fragment_leaves_out_stays_none() -> None:
    fragment = parse_fragment({"id": "urn:whatever:1"}, CORE)
    assert (fragment.types, fragment.scopes, fragment.attributes) == ((), None, {})


@pytest.mark.parametrize("document", [{}, [], None, 5])
def test_what_is_no_fragment(document: Any) -> None:
    with pytest.raises(BadRequestData):
        parse_fragment(document, CORE)


NULLS: list[Any] = [
    NULL,
    {"type": "Property", "value": NULL},
    {"type": "Relationship", "object": NULL},
    {"type": "GeoProperty", "value": NULL},
    {"type": "LanguageProperty", "languageMap": {"@none": NULL}},
    {"type": "LanguageProperty", "languageMap": NULL},
    {"type": "JsonProperty", "json": NULL},
    {"type": "VocabProperty", "vocab": NULL},
    {"type": "ListProperty", "valueList": [NULL]},
    {"type": "ListRelationship", "objectList": [NULL]},
    {"value": NULL},
    {"type": "Property", "value": NULL, "datasetId": "urn:d:1"},
]


@pytest.mark.parametrize("attribute", NULLS)
@pytest.mark.parametrize("mode", [Mode.UPDATE, Mode.MERGE])
def test_null_in_the_place_of_an_attribute(attribute: Any, mode: Mode) -> None:
    fragment = parse_fragment({"probe": attribute}, CORE, mode=mode)
    [instance] = fragment.attributes[PROBE]
    assert is_null(instance)


@pytest.mark.parametrize("attribute", NULLS)
def test_null_is_refused_when_appending(attribute: Any) -> None:
    with pytest.raises(BadRequestData):
        parse_fragment({"probe": attribute}, CORE, mode=Mode.CREATE)


def test_null_inside_values_has_a_place_in_merge_only() -> None:
    document = {"probe": {"value": {"country": NULL}}}
    merge = parse_fragment(document, CORE, mode=Mode.MERGE)
    assert merge.attributes[PROBE][0].value == {"country": NULL}
    with pytest.raises(BadRequestData) as caught:
        parse_fragment(document, CORE, mode=Mode.UPDATE)
    assert caught.value.pointer == "/probe/value/country"
    with pytest.raises(BadRequestData) as caught:
        parse_attribute_fragment(PROBE, document["probe"], CORE)
    assert caught.value.pointer == "/value/country"


def test_nulls_of_entity_members() -> None:
    fragment = parse_fragment({"scope": NULL, "expiresAt": NULL}, CORE, mode=Mode.MERGE)
    assert fragment.scopes == ()
    assert fragment.remove_expiry
    assert parse_fragment({"expiresAt": NULL}, CORE, mode=Mode.UPDATE).remove_expiry
    for document in ({"scope": NULL}, {"expiresAt": NULL}):
        with pytest.raises(BadRequestData):
            parse_fragment(document, CORE, mode=Mode.CREATE)
    for mode in Mode:
        with pytest.raises(BadRequestData) as caught:
            parse_fragment({"type": ["Room", NULL]}, CORE, mode=mode)
        assert caught.value.pointer == "/type"


def test_the_id_of_a_fragment_is_that_of_its_target() -> None:
    document = {"id": "urn:x:1", "probe": 1}
    assert parse_fragment(document, CORE, entity_id="urn:x:1").attributes.keys() == {PROBE}
    with pytest.raises(BadRequestData) as caught:
        parse_fragment(document, CORE, entity_id="urn:x:2")
    assert caught.value.pointer == "/id"


def test_what_an_update_replaces_has_nothing_to_remove() -> None:
    fragment = parse_fragment(
        {
            "probe": {
                "type": "Property",
                "value": 1,
                "unitCode": NULL,
                "observedAt": NULL,
                "expiresAt": NULL,
                "valueType": NULL,
                "note": NULL,
                "kept": {"type": "Property", "value": 2, "note": {"type": "Property", "value": NULL}},
            }
        },
        CORE,
        mode=Mode.UPDATE,
    )
    assert fragment.attributes[PROBE] == [Instance(value=1, sub={name("kept"): [Instance(value=2)]})]


def test_null_removes_nothing_in_an_array() -> None:
    for value in ({"a": [1, NULL]}, {"a": [{"b": NULL}]}, [NULL, 1]):
        with pytest.raises(BadRequestData):
            parse_fragment({"probe": {"value": value}}, CORE, mode=Mode.MERGE)
    assert parse_fragment({"probe": {"value": {"a": [1], "b": NULL}}}, CORE, mode=Mode.MERGE)


def test_the_body_of_a_partial_update_is_members_unless_it_is_a_geometry() -> None:
    [instance] = parse_attribute_fragment(PROBE, {"note": NULL, "other": {"a": 1}}, CORE).instances
    assert instance.value is None
    assert instance.sub is not None
    assert is_null(instance.sub[name("note")][0])
    assert instance.sub[name("other")][0].value == {"a": 1}
    geometry = {"type": "Point", "coordinates": [1, 2]}
    [instance] = parse_attribute_fragment(PROBE, geometry, CORE).instances
    assert instance.value == geometry


def test_a_merge_need_not_be_complete() -> None:
    fragment = parse_fragment(
        {
            "unit": {"type": "Property", "unitCode": "CEL"},
            "time": {"observedAt": NULL},
            "sub": {"accuracy": {"type": "Property", "value": 1}},
            "plain": {"street": "x"},
        },
        CORE,
        mode=Mode.MERGE,
    )
    assert fragment.attributes[name("unit")] == [PartialInstance(unit_code="CEL")]
    assert fragment.attributes[name("time")] == [PartialInstance(observed_at=NULL_TIME, kind_given=False)]
    [sub] = fragment.attributes[name("sub")]
    assert sub.value is None
    assert sub.sub == {name("accuracy"): [PartialInstance(value=1)]}
    [plain] = fragment.attributes[name("plain")]
    assert isinstance(plain, PartialInstance)
    assert plain.bare_sub is not None
    assert plain.bare_sub[name("street")][0].value == "x"
    plain.bare_sub = None
    assert [plain] == [PartialInstance(value={"street": "x"}, kind_given=False, is_bare=True)]


@pytest.mark.parametrize("mode", [Mode.CREATE, Mode.UPDATE])
def test_other_fragments_need_values(mode: Mode) -> None:
    with pytest.raises(BadRequestData, match='needs "value"'):
        parse_fragment({"probe": {"type": "Property", "unitCode": "CEL"}}, CORE, mode=mode)


def test_a_simplified_fragment() -> None:
    fragment = parse_fragment(
        {
            "number": 1,
            "address": {"type": "PostalAddress", "street": "x"},
            "gone": NULL,
            "says": {"languageMap": {"ja": "はい"}},
            "raw": {"json": {"a": 1}},
            "state": {"vocab": "open"},
            "many": {"dataset": {"@none": 1, "urn:d:1": 2}},
        },
        CORE,
        mode=Mode.MERGE,
        simplified=True,
    )
    values = {term: fragment.attributes[name(term)] for term in ("number", "address", "says", "raw", "state")}
    assert values["number"][0].value == 1
    assert values["address"][0].value == {"type": "PostalAddress", "street": "x"}
    assert (values["says"][0].kind, values["says"][0].value) == (Kind.LANGUAGE_PROPERTY, {"ja": "はい"})
    assert (values["raw"][0].kind, values["raw"][0].value) == (Kind.JSON_PROPERTY, {"a": 1})
    assert (values["state"][0].kind, values["state"][0].value) == (Kind.VOCAB_PROPERTY, name("open"))
    assert is_null(fragment.attributes[name("gone")][0])
    many = fragment.attributes[name("many")]
    assert [(one.dataset_id, one.value) for one in many] == [("", 1), ("urn:d:1", 2)]


def test_the_body_of_a_partial_update() -> None:
    fragment = parse_attribute_fragment(
        PROBE, {"type": "Property", "observedAt": "1970-01-01T00:00:01Z", "note": NULL}, CORE
    )
    [instance] = fragment.instances
    assert instance.observed_at == SECOND
    assert instance.value is None
    assert instance.sub is not None
    assert is_null(instance.sub[name("note")][0])


def test_the_body_that_replaces_an_attribute() -> None:
    assert parse_attribute(PROBE, {"value": 5}, CORE) == {PROBE: [Instance(value=5)]}
    with pytest.raises(BadRequestData):
        parse_attribute(PROBE, {"unitCode": "CEL"}, CORE)


@pytest.mark.parametrize("document", [{}, [], None])
def test_empty_bodies(document: Any) -> None:
    with pytest.raises(BadRequestData, match="empty"):
        parse_attribute(PROBE, document, CORE)
    with pytest.raises(BadRequestData, match="empty"):
        parse_attribute_fragment(PROBE, document, CORE)


def test_a_dataset_cannot_be_deleted_by_null() -> None:
    with pytest.raises(BadRequestData) as caught:
        parse_attribute_fragment(PROBE, {"datasetId": NULL}, CORE)
    assert caught.value.pointer == "/datasetId"


def test_attribute_names_in_urls() -> None:
    assert parse_attribute_name("temperature", CORE) == name("temperature")
    assert parse_attribute_name("https://example.org/a", CORE) == "https://example.org/a"
    for text in ("id", "type", "scope", "@id", "observedAt", "..", "", "a b"):
        with pytest.raises(BadRequestData):
            parse_attribute_name(text, CORE)
