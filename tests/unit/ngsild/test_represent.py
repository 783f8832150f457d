"""Representations of entities (clauses 4.5.1 to 4.5.5)."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from context_api.ngsild.contexts import build_context, city_context_document
from context_api.ngsild.model import Entity, Instance, Kind
from context_api.ngsild.parse import Mode, parse_entity, parse_fragment
from context_api.ngsild.represent import to_concise, to_key_values, to_normalized
from context_api.ngsild.transition import same_attributes
from tests.unit.ngsild.builders import CORE, ROOM, SECOND, T0, name, room
from tests.unit.ngsild.strategies import entities

CITY = build_context([city_context_document()], "city")
POINT = {"type": "Point", "coordinates": [139.4686, 35.7546]}


def _as_sent(document: dict[str, Any]) -> Any:
    """Send a document through JSON, as it would be on the wire."""
    return msgspec.json.decode(msgspec.json.encode(document))


@settings(max_examples=50)
@given(entities())
def test_normalized_is_read_back(entity: Entity) -> None:
    document = to_normalized(entity, CORE)
    assert parse_entity(_as_sent(document), CORE, now=T0) == entity


@settings(max_examples=50)
@given(entities())
def test_concise_is_read_back(entity: Entity) -> None:
    document = to_concise(entity, CORE)
    assert parse_entity(_as_sent(document), CORE, now=T0) == entity


@settings(max_examples=50)
@given(entities())
def test_every_context_gives_the_same_entity_back(entity: Entity) -> None:
    default = "https://uri.etsi.org/ngsi-ld/default-context/"
    user = build_context([{"d": default, "open": "urn:v:1", "beta": "urn:other:beta"}], [])
    assert parse_entity(to_normalized(entity, user), user, now=T0) == entity


@settings(max_examples=50)
@given(entities())
def test_simplified_keeps_every_value(entity: Entity) -> None:
    fragment = parse_fragment(_as_sent(to_key_values(entity, CORE)), CORE, mode=Mode.MERGE, simplified=True)
    assert fragment.types == entity.types
    assert fragment.attributes.keys() == entity.attributes.keys()
    for term, instances in entity.attributes.items():
        former = [Instance(value=one.value, dataset_id=one.dataset_id) for one in instances]
        latter = [Instance(value=one.value, dataset_id=one.dataset_id) for one in fragment.attributes[term]]
        assert same_attributes({term: former}, {term: latter})


ENTITY = room(
    type=["Room", "Hall"],
    scope=["/Tokyo", "/Tokyo/Higashimurayama"],
    temperature={"value": 21.5, "unitCode": "CEL", "observedAt": "2026-11-23T00:00:00Z"},
    open=True,
    location=POINT,
    address={"value": {"type": "PostalAddress", "addressLocality": "東村山市"}},
    isIn={"object": "urn:ngsi-ld:City:1", "objectType": "City"},
    label={"languageMap": {"ja": "部屋", "en": "room"}},
    raw={"json": {"id": "x"}},
    state={"vocab": "open"},
    rows={"valueList": [1, 2]},
    route={"objectList": ["urn:a:1", "urn:a:2"]},
    noise=[{"value": 50}, {"value": 51, "datasetId": "urn:d:1"}],
)

NORMALIZED = {
    "id": ROOM,
    "type": ["Room", "Hall"],
    "scope": ["/Tokyo", "/Tokyo/Higashimurayama"],
    "temperature": {
        "type": "Property",
        "value": 21.5,
        "unitCode": "CEL",
        "observedAt": "2026-11-23T00:00:00Z",
    },
    "open": {"type": "Property", "value": True},
    "location": {"type": "GeoProperty", "value": POINT},
    "address": {"type": "Property", "value": {"type": "PostalAddress", "addressLocality": "東村山市"}},
    "isIn": {"type": "Relationship", "object": "urn:ngsi-ld:City:1", "objectType": "City"},
    "label": {"type": "LanguageProperty", "languageMap": {"ja": "部屋", "en": "room"}},
    "raw": {"type": "JsonProperty", "json": {"id": "x"}},
    "state": {"type": "VocabProperty", "vocab": "open"},
    "rows": {"type": "ListProperty", "valueList": [1, 2]},
    "route": {"type": "ListRelationship", "objectList": [{"object": "urn:a:1"}, {"object": "urn:a:2"}]},
    "noise": [
        {"type": "Property", "value": 50},
        {"type": "Property", "value": 51, "datasetId": "urn:d:1"},
    ],
}

CONCISE: dict[str, Any] = {
    "id": ROOM,
    "type": ["Room", "Hall"],
    "scope": ["/Tokyo", "/Tokyo/Higashimurayama"],
    "temperature": {"value": 21.5, "unitCode": "CEL", "observedAt": "2026-11-23T00:00:00Z"},
    "open": True,
    "location": POINT,
    "address": {"value": {"type": "PostalAddress", "addressLocality": "東村山市"}},
    "isIn": {"object": "urn:ngsi-ld:City:1", "objectType": "City"},
    "label": {"languageMap": {"ja": "部屋", "en": "room"}},
    "raw": {"json": {"id": "x"}},
    "state": {"vocab": "open"},
    "rows": {"valueList": [1, 2]},
    "route": {"objectList": ["urn:a:1", "urn:a:2"]},
    # An instance among several is an object: a bare value could not be told from an element of a list
    "noise": [{"value": 50}, {"value": 51, "datasetId": "urn:d:1"}],
}

KEY_VALUES = {
    "id": ROOM,
    "type": ["Room", "Hall"],
    "scope": ["/Tokyo", "/Tokyo/Higashimurayama"],
    "temperature": 21.5,
    "open": True,
    "location": POINT,
    "address": {"type": "PostalAddress", "addressLocality": "東村山市"},
    "isIn": "urn:ngsi-ld:City:1",
    "label": {"languageMap": {"ja": "部屋", "en": "room"}},
    "raw": {"json": {"id": "x"}},
    "state": {"vocab": "open"},
    "rows": [1, 2],
    "route": ["urn:a:1", "urn:a:2"],
    "noise": {"dataset": {"@none": 50, "urn:d:1": 51}},
}


def test_normalized() -> None:
    assert to_normalized(ENTITY, CORE) == NORMALIZED


def test_concise() -> None:
    assert to_concise(ENTITY, CORE) == CONCISE


def test_key_values() -> None:
    assert to_key_values(ENTITY, CORE) == KEY_VALUES


def test_attrs_limit_the_attributes() -> None:
    chosen = {name("open"), name("nowhere")}
    for write in (to_normalized, to_concise, to_key_values):
        assert list(write(ENTITY, CORE, attrs=chosen)) == ["id", "type", "scope", "open"]


def test_system_attributes_are_served_on_demand_only() -> None:
    expiry: dict[str, Any] = {"expiresAt": "2999-01-01T00:00:00Z"}
    entity = room(**expiry, temperature={"value": 1, **expiry})
    entity.modified_at = T0 + SECOND
    times = {"createdAt": "2026-09-21T14:13:20Z", "modifiedAt": "2026-09-21T14:13:20Z"}
    head = {"id": ROOM, "type": "Room"}
    later = {"modifiedAt": "2026-09-21T14:13:21Z"}
    assert to_normalized(entity, CORE) == {**head, "temperature": {"type": "Property", "value": 1}}
    assert to_normalized(entity, CORE, sys_attrs=True) == {
        **head,
        **times,
        **later,
        **expiry,
        "temperature": {"type": "Property", "value": 1, **times, **expiry},
    }
    assert to_concise(entity, CORE, sys_attrs=True)["temperature"] == {"value": 1, **times, **expiry}
    assert to_key_values(entity, CORE, sys_attrs=True) == {
        **head,
        **times,
        **later,
        **expiry,
        "temperature": 1,
    }


@pytest.mark.parametrize(
    ("instance", "written"),
    [
        (Instance(value=POINT), {"type": "Property", "value": POINT}),
        (Instance(value=[{"value": 1}]), {"value": [{"value": 1}]}),
        (Instance(value={"observedAt": "x"}), {"value": {"observedAt": "x"}}),
        (Instance(value={"@value": 1, "@type": "x"}), {"@value": 1, "@type": "x"}),
        (
            Instance(kind=Kind.GEO_PROPERTY, value=POINT, dataset_id="urn:d:1"),
            {"value": POINT, "datasetId": "urn:d:1"},
        ),
    ],
)
def test_concise_is_never_ambiguous(instance: Instance, written: Any) -> None:
    entity = Entity(id=ROOM, types=(name("Room"),), attributes={name("probe"): [instance]})
    assert to_concise(entity, CORE)["probe"] == written


def test_a_proof_shows_its_sealed_members_as_strings() -> None:
    proof = {"type": "Property", "value": {"a": 1}, "entityIdSealed": ROOM, "entityTypeSealed": "Room"}
    assert to_normalized(room(ngsildproof=proof), CORE)["ngsildproof"] == proof


def test_names_are_compacted_by_the_context_of_the_request() -> None:
    entity = parse_entity({"id": ROOM, "type": "AirQualityObserved", "pm25": 12.3}, CITY, now=T0)
    assert to_key_values(entity, CITY) == {"id": ROOM, "type": "AirQualityObserved", "pm25": 12.3}
    assert to_key_values(entity, CORE) == {
        "id": ROOM,
        "type": "https://smartdatamodels.org/dataModel.Environment/AirQualityObserved",
        "https://smartdatamodels.org/dataModel.Environment/pm25": 12.3,
    }
