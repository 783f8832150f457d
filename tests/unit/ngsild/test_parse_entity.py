"""Entities as documents: what is read, what is refused and how it is said (clauses 4.5 to 4.7 and 5.5.4)."""

from typing import Any

import pytest

from context_api.ngsild.contexts import build_context
from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.model import NULL, Entity, Instance, Kind
from context_api.ngsild.parse import parse_entity
from tests.unit.ngsild.builders import CORE, DEFAULT_VOCABULARY, ROOM, SECOND, T0, name

POINT = {"type": "Point", "coordinates": [139.4686, 35.7546]}


def parsed(attribute: Any, term: str = "probe") -> list[Instance]:
    """Read an entity with one attribute and give its instances."""
    entity = parse_entity({"id": ROOM, "type": "Room", term: attribute}, CORE, now=T0)
    return entity.attributes[name(term)]


def test_an_entity() -> None:
    document = {
        "@context": "https://example.org/ignored-here",
        "id": ROOM,
        "type": ["Room", "ngsi-ld:Special", "Room"],
        "scope": "/Tokyo/Higashimurayama",
        "expiresAt": "2999-01-01T00:00:00Z",
        "createdAt": "2000-01-01T00:00:00Z",
        "temperature": {"type": "Property", "value": 21.5, "unitCode": "CEL"},
    }
    assert parse_entity(document, CORE, now=T0) == Entity(
        id=ROOM,
        types=(name("Room"), "https://uri.etsi.org/ngsi-ld/Special"),
        scopes=("/Tokyo/Higashimurayama",),
        attributes={name("temperature"): [Instance(value=21.5, unit_code="CEL")]},
        created_at=T0,
        modified_at=T0,
        expires_at=32_472_144_000 * SECOND,
    )


def test_keywords_and_their_aliases() -> None:
    context = build_context([{"ident": "@id", "kind": "@type"}], [])
    for document in ({"@id": ROOM, "@type": "Room"}, {"ident": ROOM, "kind": "Room"}):
        entity = parse_entity(document, context, now=T0)
        assert (entity.id, entity.types) == (ROOM, (name("Room"),))


@pytest.mark.parametrize(
    ("attribute", "instance"),
    [
        ({"type": "Property", "value": 1}, Instance(value=1)),
        ({"type": "Property", "value": {"a": [1, None]}}, Instance(value={"a": [1, None]})),
        ({"type": "Property", "value": ""}, Instance(value="")),
        ({"type": "Property", "value": False}, Instance(value=False)),
        ({"type": "Property", "value": 2**70}, Instance(value=2**70)),
        (
            {"type": "Property", "value": 1, "observedAt": "1970-01-01T00:00:01Z", "datasetId": "urn:d:1"},
            Instance(value=1, observed_at=SECOND, dataset_id="urn:d:1"),
        ),
        ({"type": "Property", "value": 1, "datasetId": "@none"}, Instance(value=1)),
        (
            {"type": "Property", "value": 1, "valueType": "ngsi-ld:X"},
            Instance(value=1, value_type="https://uri.etsi.org/ngsi-ld/X"),
        ),
        ({"type": "Property", "value": 1, "createdAt": "x", "instanceId": "urn:i:1"}, Instance(value=1)),
        (
            {"type": "Relationship", "object": "urn:a:1", "objectType": "Room"},
            Instance(kind=Kind.RELATIONSHIP, value="urn:a:1", value_type=name("Room")),
        ),
        (
            {"type": "Relationship", "object": ["urn:a:1", "urn:a:2"]},
            Instance(kind=Kind.RELATIONSHIP, value=["urn:a:1", "urn:a:2"]),
        ),
        ({"type": "GeoProperty", "value": POINT}, Instance(kind=Kind.GEO_PROPERTY, value=POINT)),
        (
            {"type": "GeoProperty", "value": '{"type": "Point", "coordinates": [139.4686, 35.7546]}'},
            Instance(kind=Kind.GEO_PROPERTY, value=POINT),
        ),
        (
            {"type": "LanguageProperty", "languageMap": {"ja": "駅", "en": ["a", "b"], "@none": "x"}},
            Instance(kind=Kind.LANGUAGE_PROPERTY, value={"ja": "駅", "en": ["a", "b"], "@none": "x"}),
        ),
        (
            {"type": "JsonProperty", "json": [{"id": "no uri", "type": None}]},
            Instance(kind=Kind.JSON_PROPERTY, value=[{"id": "no uri", "type": None}]),
        ),
        (
            {"type": "VocabProperty", "vocab": "open"},
            Instance(kind=Kind.VOCAB_PROPERTY, value=name("open")),
        ),
        (
            {"type": "VocabProperty", "vocab": ["open", "urn:v:1"]},
            Instance(kind=Kind.VOCAB_PROPERTY, value=[name("open"), "urn:v:1"]),
        ),
        (
            {"type": "ListProperty", "valueList": [1, "a", [2]], "unitCode": "MTR"},
            Instance(kind=Kind.LIST_PROPERTY, value=[1, "a", [2]], unit_code="MTR"),
        ),
        (
            {"type": "ListRelationship", "objectList": ["urn:a:1", {"object": "urn:a:2"}]},
            Instance(kind=Kind.LIST_RELATIONSHIP, value=["urn:a:1", "urn:a:2"]),
        ),
        # Concise: the type is inferred (4.5.2.3, 4.5.3.3, 4.7.3)
        (21.5, Instance(value=21.5)),
        ("text", Instance(value="text")),
        ([1, 2], Instance(value=[1, 2])),
        ([{"type": "ContactPoint", "phone": "x"}], Instance(value=[{"type": "ContactPoint", "phone": "x"}])),
        ([], Instance(value=[])),
        ({"street": "x"}, Instance(value={"street": "x"})),
        ({"@type": "DateTime", "@value": "x"}, Instance(value={"@type": "DateTime", "@value": "x"})),
        (POINT, Instance(kind=Kind.GEO_PROPERTY, value=POINT)),
        ({"value": POINT}, Instance(kind=Kind.GEO_PROPERTY, value=POINT)),
        ({"value": {"type": "PostalAddress"}}, Instance(value={"type": "PostalAddress"})),
        ({"object": "urn:a:1"}, Instance(kind=Kind.RELATIONSHIP, value="urn:a:1")),
        ({"languageMap": {"ja": "駅"}}, Instance(kind=Kind.LANGUAGE_PROPERTY, value={"ja": "駅"})),
        ({"json": {"type": "raw"}}, Instance(kind=Kind.JSON_PROPERTY, value={"type": "raw"})),
        ({"vocab": "open"}, Instance(kind=Kind.VOCAB_PROPERTY, value=name("open"))),
        ({"valueList": []}, Instance(kind=Kind.LIST_PROPERTY, value=[])),
        ({"objectList": []}, Instance(kind=Kind.LIST_RELATIONSHIP, value=[])),
    ],
)
def test_attributes(attribute: Any, instance: Instance) -> None:
    assert parsed(attribute) == [instance]


def test_sub_attributes() -> None:
    [instance] = parsed(
        {
            "value": 1,
            "accuracy": {"type": "Property", "value": 0.1, "by": {"object": "urn:a:1"}},
            "note": "short",
        }
    )
    by = Instance(kind=Kind.RELATIONSHIP, value="urn:a:1")
    assert instance.sub == {
        name("accuracy"): [Instance(value=0.1, sub={name("by"): [by]})],
        name("note"): [Instance(value="short")],
    }


def test_several_instances_the_default_one_first() -> None:
    instances = parsed(
        [
            {"value": 1, "datasetId": "urn:d:1"},
            {"type": "Property", "value": 2},
            {"value": 3, "datasetId": "urn:d:3"},
        ]
    )
    assert [(one.dataset_id, one.value) for one in instances] == [("", 2), ("urn:d:1", 1), ("urn:d:3", 3)]


def test_a_proof_keeps_its_sealed_members() -> None:
    [proof] = parsed(
        {"type": "Property", "value": {"type": "p"}, "entityIdSealed": ROOM, "entityTypeSealed": "Room"},
        "ngsildproof",
    )
    assert proof.sub == {
        "https://uri.etsi.org/ngsi-ld/entityIdSealed": [Instance(value=ROOM)],
        "https://uri.etsi.org/ngsi-ld/entityTypeSealed": [Instance(value=name("Room"))],
    }


def _deep(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def _nested_attribute(depth: int) -> Any:
    attribute: dict[str, Any] = {"type": "Property", "value": 1}
    for _ in range(depth):
        attribute = {"type": "Property", "value": 1, "sub": attribute}
    return attribute


@pytest.mark.parametrize(
    ("attribute", "pointer"),
    [
        (None, "/probe"),
        (NULL, "/probe"),
        ({"type": "Property"}, "/probe"),
        ({"type": "Property", "value": None}, "/probe/value"),
        ({"type": "Property", "value": NULL}, "/probe/value"),
        ({"type": "Property", "value": {"a": {"b": NULL}}}, "/probe/value/a/b"),
        ({"type": "Property", "value": [NULL]}, "/probe/value/0"),
        ({"type": "Property", "value": float("nan")}, "/probe/value"),
        ({"type": "Property", "value": [float("inf")]}, "/probe/value/0"),
        ({"type": "Property", "value": _deep(100)}, "/probe/value" + "/0" * 65),
        ({"type": "Property", "value": 1, "sub": {"type": "Property", "value": NULL}}, "/probe/sub/value"),
        ({"type": "Property", "value": 1, "object": "urn:a:1"}, "/probe/object"),
        ({"type": "Property", "value": 1, "languageMap": {"en": "x"}}, "/probe/languageMap"),
        ({"type": "Property", "value": 1, "valueList": [1]}, "/probe/valueList"),
        ({"type": "Property", "value": 1, "previousValue": 0}, "/probe/previousValue"),
        ({"type": "Property", "value": 1, "entity": {}}, "/probe/entity"),
        ({"type": "Property", "value": 1, "entityIdSealed": "x"}, "/probe/entityIdSealed"),
        ({"type": "Property", "value": 1, "objectType": "Room"}, "/probe/objectType"),
        ({"type": "Property", "value": 1, "@context": {}}, "/probe/@context"),
        ({"type": "Property", "value": 1, "id": "urn:a:1"}, "/probe/id"),
        ({"type": "Property", "value": 1, "unitCode": 5}, "/probe/unitCode"),
        ({"type": "Property", "value": 1, "unitCode": ""}, "/probe/unitCode"),
        ({"type": "Property", "value": 1, "observedAt": "2026-01-01T00:00:00+02:00"}, "/probe/observedAt"),
        ({"type": "Property", "value": 1, "observedAt": NULL}, "/probe/observedAt"),
        ({"type": "Property", "value": 1, "datasetId": "no uri"}, "/probe/datasetId"),
        ({"type": "Property", "value": 1, "datasetId": NULL}, "/probe/datasetId"),
        ({"type": "Property", "value": 1, "my sub": 1}, "/probe/my sub"),
        ({"type": "Property", "value": 1, "a/b~c": 1}, "/probe/a~1b~0c"),
        (_nested_attribute(20), "/probe" + "/sub" * 17),
        ({"type": "Unheard", "value": 1}, "/probe/type"),
        ({"type": 5, "value": 1}, "/probe/type"),
        ({"type": "PostalAddress", "street": "x"}, "/probe/type"),
        ({"value": 1, "object": "urn:a:1"}, "/probe/object"),
        ({"observedAt": "2026-01-01T00:00:00Z"}, "/probe"),
        ({"type": "Relationship", "object": "not a uri"}, "/probe/object"),
        ({"type": "Relationship", "object": []}, "/probe/object"),
        ({"type": "Relationship", "object": ["urn:a:1", 5]}, "/probe/object/1"),
        ({"type": "Relationship", "object": NULL}, "/probe/object"),
        ({"type": "Relationship", "object": "urn:a:1", "unitCode": "MTR"}, "/probe/unitCode"),
        ({"type": "Relationship", "object": "urn:a:1", "value": 42}, "/probe/value"),
        ({"type": "Relationship", "object": "urn:a:1", "objectType": 5}, "/probe/objectType"),
        ({"type": "GeoProperty", "value": "not a geometry"}, "/probe/value"),
        ({"type": "GeoProperty", "value": 5}, "/probe/value"),
        ({"type": "GeoProperty", "value": POINT, "unitCode": "MTR"}, "/probe/unitCode"),
        ({"type": "LanguageProperty"}, "/probe"),
        (
            {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2], "crs": {"a": NULL}}},
            "/probe/value/crs/a",
        ),
        ({"type": "GeoProperty", "value": '{"type": "Point", "coordinates": [NaN, 2]}'}, "/probe/value"),
        (
            {"type": "GeoProperty", "value": '{"type":"Point","coordinates":[1,2],"a":"\\ud800"}'},
            "/probe/value",
        ),
        (
            {"type": "GeoProperty", "value": '{"type":"Point","coordinates":[1,2],"a":' + "[" * 5000},
            "/probe/value",
        ),
        (
            {
                "type": "GeoProperty",
                "value": '{"type":"Point","coordinates":[1,2],"a":' + "[" * 90 + "]" * 90 + "}",
            },
            "/probe/value/a" + "/0" * 65,
        ),
        ({"type": "LanguageProperty", "languageMap": {"en": 5}}, "/probe/languageMap/en"),
        ({"type": "LanguageProperty", "languageMap": {"en": ["a", 5]}}, "/probe/languageMap/en"),
        ({"type": "LanguageProperty", "languageMap": {"": "x"}}, "/probe/languageMap/"),
        ({"type": "LanguageProperty", "languageMap": {"en_US": "x"}}, "/probe/languageMap/en_US"),
        ({"type": "LanguageProperty", "languageMap": {"a/b": "x"}}, "/probe/languageMap/a~1b"),
        ({"type": "Property", "value": 1, "unitCode": NULL}, "/probe/unitCode"),
        ({"type": "Property", "value": 1, "valueType": NULL}, "/probe/valueType"),
        ({"type": "Property", "value": 1, "valueType": ["a", "b"]}, "/probe/valueType"),
        ({"type": "Property", "value": {"a/b": {"~": NULL}}}, "/probe/value/a~1b/~0"),
        ({"type": "LanguageProperty", "languageMap": {}}, "/probe/languageMap"),
        ({"type": "LanguageProperty", "languageMap": {"@none": NULL}}, "/probe/languageMap/@none"),
        (
            {"type": "LanguageProperty", "languageMap": {"en": "x"}, "valueType": "xsd:string"},
            "/probe/valueType",
        ),
        ({"type": "JsonProperty", "json": 5}, "/probe/json"),
        ({"type": "JsonProperty", "json": [5]}, "/probe/json"),
        ({"type": "JsonProperty", "json": {"a": 1}, "unitCode": "MTR"}, "/probe/unitCode"),
        ({"type": "JsonProperty", "json": {"a": 1}, "value": 1}, "/probe/value"),
        ({"type": "VocabProperty", "vocab": 5}, "/probe/vocab"),
        ({"type": "VocabProperty", "vocab": []}, "/probe/vocab"),
        ({"type": "VocabProperty", "vocab": NULL}, "/probe/vocab"),
        ({"type": "ListProperty", "valueList": 5}, "/probe/valueList"),
        ({"type": "ListProperty", "valueList": [1], "value": 1}, "/probe/value"),
        ({"type": "ListRelationship", "objectList": ["not a uri"]}, "/probe/objectList/0"),
        ({"type": "ListRelationship", "objectList": [{"object": "urn:a:1", "x": 1}]}, "/probe/objectList/0"),
        ([{"value": 1}, {"value": 2}], "/probe/1"),
        ([{"value": 1}, {"value": 2, "datasetId": "@none"}], "/probe/1"),
        ([{"value": 1, "datasetId": "urn:d:1"}, {"value": 2, "datasetId": "urn:d:1"}], "/probe/1"),
        ([{"value": 1}, 5], "/probe/1"),
        ([{"type": "Propety", "value": 1}], "/probe/0/type"),
        ("a\0b", "/probe"),
        ({"type": "Property", "value": {"a": ["\0"]}}, "/probe/value/a/0"),
        ({"type": "Property", "value": {"\0": 1}}, "/probe/value"),
        ({"type": "Property", "value": 1, "unitCode": "\0"}, "/probe/unitCode"),
        ({"type": "LanguageProperty", "languageMap": {"en": "\0"}}, "/probe/languageMap/en"),
        ({"type": "VocabProperty", "vocab": "\0"}, "/probe/vocab"),
        ([{"value": number, "datasetId": f"urn:d:{number}"} for number in range(2000)], "/probe"),
    ],
)
def test_attributes_that_are_refused(attribute: Any, pointer: str) -> None:
    with pytest.raises(BadRequestData) as caught:
        parsed(attribute)
    assert caught.value.pointer == pointer
    assert caught.value.detail


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"id": None}, "/id"),
        ({"id": "room1"}, "/id"),
        ({"id": NULL}, "/id"),
        ({"@id": "urn:a:2"}, "/@id"),
        ({"type": None}, "/type"),
        ({"type": []}, "/type"),
        ({"type": "9Vehicle"}, "/type"),
        ({"type": ["Room", 5]}, "/type"),
        ({"scope": NULL}, "/scope"),
        ({"scope": ["/ok", "a-b"]}, "/scope"),
        ({"expiresAt": "2000-01-01"}, "/expiresAt"),
        ({"expiresAt": NULL}, "/expiresAt"),
        ({"datasetId": {"type": "Property", "value": 1}}, "/datasetId"),
        ({"instanceId": {"type": "Property", "value": 1}}, "/instanceId"),
        ({"observedAt": {"type": "Property", "value": 1}}, "/observedAt"),
        ({"my attr": 1}, "/my attr"),
        ({"a": 1, "ngsi-ld:default-context/a": 1}, "/ngsi-ld:default-context~1a"),
        ({"location": {"type": "Property", "value": 7}}, "/location/type"),
        ({"location": 7}, "/location"),
        ({"location": {"value": 7}}, "/location/value"),
        ({"ngsildproof": {"type": "Property", "value": "no object"}}, "/ngsildproof/value"),
        ({"ngsildproof": {"value": {"a": 1}, "entityIdSealed": 5}}, "/ngsildproof/entityIdSealed"),
    ],
)
def test_entities_that_are_refused(members: dict[str, Any], pointer: str) -> None:
    with pytest.raises(BadRequestData) as caught:
        parse_entity({"id": ROOM, "type": "Room", **members}, CORE, now=T0)
    assert caught.value.pointer == pointer


@pytest.mark.parametrize("document", [None, 5, "x", [], [{}], {}, {"id": ROOM}, {"type": "Room"}])
def test_what_is_no_entity(document: Any) -> None:
    with pytest.raises(BadRequestData):
        parse_entity(document, CORE, now=T0)


def test_a_document_of_too_many_attributes() -> None:
    document: dict[str, Any] = {f"a{number}": 1 for number in range(6000)}
    with pytest.raises(BadRequestData, match="at most 5000"):
        parse_entity({"id": ROOM, "type": "Room", **document}, CORE, now=T0)


def test_the_message_of_a_foreign_type_says_how_to_mend_it() -> None:
    with pytest.raises(BadRequestData) as caught:
        parsed({"type": "PostalAddress", "addressLocality": "東村山市"})
    assert '"PostalAddress" is no attribute type' in caught.value.detail
    assert 'into "value"' in caught.value.detail


def test_names_depend_on_the_context() -> None:
    context = build_context([{"probe": "https://example.org/probe"}], [])
    entity = parse_entity({"id": ROOM, "type": "Room", "probe": 1}, context, now=T0)
    assert list(entity.attributes) == ["https://example.org/probe"]
    assert entity.types == (f"{DEFAULT_VOCABULARY}Room",)
