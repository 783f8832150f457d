"""The body of a notification (clauses 5.3.1 and 5.8.6)."""

from typing import Any

import pytest

from context_api.ngsild.changes import Change, DeleteAttribute, DeleteEntity, UpdateAttributes
from context_api.ngsild.contexts import build_context
from context_api.ngsild.merge import Transition
from context_api.ngsild.model import NULL, Entity
from context_api.ngsild.notification import render_notification, walk_linked
from context_api.ngsild.subscription import Subscription, parse_subscription
from context_api.ngsild.transition import NO_TRIGGER, Touched
from tests.unit.ngsild.builders import CORE, ROOM, SECOND, T0, applied, name, resulting, room

NOW = T0 + 100 * SECOND
ENTITY = room(
    temperature={"value": 21.5, "unitCode": "CEL"},
    label={"languageMap": {"ja": "部屋"}},
    tag=[{"value": "a"}, {"value": "b", "datasetId": "urn:d:1"}],
    rows=[{"value": [1, 2]}, {"value": [], "datasetId": "urn:d:1"}],
)


def notified(
    entity: Entity,
    transition: Transition | None = None,
    *,
    accept: str = "application/json",
    triggers: list[str] | None = None,
    watched: list[str] | None = None,
    context: Any = CORE,
    members: dict[str, Any] | None = None,
    **notification: Any,
) -> dict[str, Any]:
    """Render a notification of an entity and give the entity in it."""
    document: dict[str, Any] = {
        "id": "urn:s:1",
        "type": "Subscription",
        "entities": [{"type": "Room"}],
        "notification": {
            "endpoint": {"uri": "http://partner.example/", "accept": accept},
            **notification,
        },
        "notificationTrigger": triggers or ["entityCreated"],
        **(members or {}),
    }
    if watched is not None:
        document["watchedAttributes"] = watched
    more: dict[str, Any] = {}
    if transition is not None:
        more = {"trigger": transition.trigger, "touched": transition.touched, "changed_at": T0 + SECOND}
    subscription = parse_subscription(document, CORE, T0)
    body = render_notification(
        subscription, "urn:n:1", entity, NOW, context, names_context=accept != "application/json", **more
    )
    assert body is not None
    [data] = body.pop("data")
    assert body == {
        "id": "urn:n:1",
        "type": "Notification",
        "subscriptionId": "urn:s:1",
        "notifiedAt": "2026-09-21T14:15:00Z",
    }
    shown: dict[str, Any] = data
    return shown


HEAD = {"id": ROOM, "type": "Room"}
TEMPERATURE = {"type": "Property", "value": 21.5, "unitCode": "CEL"}


def test_normalized_is_the_default() -> None:
    assert notified(ENTITY) == {
        **HEAD,
        "temperature": TEMPERATURE,
        "label": {"type": "LanguageProperty", "languageMap": {"ja": "部屋"}},
        "tag": [
            {"type": "Property", "value": "a"},
            {"type": "Property", "value": "b", "datasetId": "urn:d:1"},
        ],
        "rows": [
            {"type": "Property", "value": [1, 2]},
            {"type": "Property", "value": [], "datasetId": "urn:d:1"},
        ],
    }


@pytest.mark.parametrize(
    ("format", "temperature"),
    [
        ("normalized", TEMPERATURE),
        ("concise", {"value": 21.5, "unitCode": "CEL"}),
        ("keyValues", 21.5),
        ("simplified", 21.5),
    ],
)
def test_formats_and_attributes(format: str, temperature: Any) -> None:
    assert notified(ENTITY, format=format, attributes=["temperature", "nowhere"]) == {
        **HEAD,
        "temperature": temperature,
    }


def test_sys_attrs() -> None:
    shown = notified(ENTITY, sysAttrs=True, attributes=["temperature"])
    assert shown["createdAt"] == shown["modifiedAt"] == "2026-09-21T14:13:20Z"
    assert shown["temperature"]["modifiedAt"] == "2026-09-21T14:13:20Z"


def test_ld_json_carries_the_context() -> None:
    context = build_context([{"temperature": "https://example.org/t"}], ["https://example.org/c.jsonld"])
    entity = room()
    entity.attributes = {"https://example.org/t": ENTITY.attributes[name("temperature")]}
    shown = notified(entity, accept="application/ld+json", context=context)
    assert shown["@context"] == ["https://example.org/c.jsonld"]
    assert shown["temperature"] == TEMPERATURE
    assert "@context" not in notified(entity, context=context)


def _deleted(change: Change) -> Transition:
    return applied(ENTITY, change)


def _without(term: str, dataset_id: str = "") -> tuple[Entity, Transition]:
    change = DeleteAttribute(entity_id=ROOM, attribute=name(term), dataset_id=dataset_id)
    transition = _deleted(change)
    assert transition.after is not None
    return transition.after, transition


@pytest.mark.parametrize(
    ("format", "term", "dataset_id", "shown"),
    [
        ("normalized", "temperature", "", {"type": "Property", "value": NULL}),
        ("normalized", "label", "", {"type": "LanguageProperty", "languageMap": {"@none": NULL}}),
        (
            "normalized",
            "tag",
            "urn:d:1",
            [
                {"type": "Property", "value": "a"},
                {"type": "Property", "value": NULL, "datasetId": "urn:d:1"},
            ],
        ),
        ("concise", "temperature", "", NULL),
        ("concise", "tag", "urn:d:1", [{"value": "a"}, {"value": NULL, "datasetId": "urn:d:1"}]),
        ("keyValues", "temperature", "", NULL),
        ("keyValues", "label", "", NULL),
        ("keyValues", "tag", "urn:d:1", {"dataset": {"@none": "a", "urn:d:1": NULL}}),
        ("keyValues", "tag", "", {"dataset": {"urn:d:1": "b", "@none": NULL}}),
        ("concise", "rows", "urn:d:1", [{"value": [1, 2]}, {"value": NULL, "datasetId": "urn:d:1"}]),
    ],
)
def test_deleted_attributes(format: str, term: str, dataset_id: str, shown: Any) -> None:
    entity, transition = _without(term, dataset_id)
    assert notified(entity, transition, format=format, triggers=["attributeDeleted"])[term] == shown


def test_deleted_attributes_with_system_times() -> None:
    entity, transition = _without("temperature")
    assert notified(entity, transition, sysAttrs=True, triggers=["attributeDeleted"])["temperature"] == {
        "type": "Property",
        "value": NULL,
        "createdAt": "2026-09-21T14:13:20Z",
        "modifiedAt": "2026-09-21T14:13:20Z",
        "deletedAt": "2026-09-21T14:13:21Z",
    }


def test_deleted_attributes_that_nobody_asked_for() -> None:
    entity, transition = _without("temperature")
    assert "temperature" not in notified(entity, transition, attributes=["label"])


def test_a_deleted_entity() -> None:
    transition = _deleted(DeleteEntity(entity_id=ROOM))
    deleted_at = {"deletedAt": "2026-09-21T14:13:21Z"}
    assert notified(ENTITY, transition, triggers=["entityDeleted"]) == {**HEAD, **deleted_at}
    assert notified(ENTITY, transition, triggers=["entityDeleted"], sysAttrs=True) == {
        **HEAD,
        **deleted_at,
        "createdAt": "2026-09-21T14:13:20Z",
        "modifiedAt": "2026-09-21T14:13:20Z",
    }
    watched = notified(ENTITY, transition, triggers=["attributeDeleted"], watched=["temperature"])
    assert watched == {**HEAD, **deleted_at, "temperature": {"type": "Property", "value": NULL}}


KINDS: dict[str, Any] = {
    "temperature": {"value": 21.5, "unitCode": "CEL"},
    "label": {"languageMap": {"ja": "部屋", "en": "room"}},
    "partOf": {"object": "urn:ngsi-ld:House:1"},
    "data": {"json": {"a": None}},
    "sort": {"vocab": "office"},
    "row": {"valueList": [1]},
    "doors": {"objectList": ["urn:d:1"]},
    "location": {"value": {"type": "Point", "coordinates": [139.5, 35.7]}, "type": "GeoProperty"},
}
CHANGED: dict[str, Any] = {
    "temperature": {"value": 22.0},
    "label": {"languageMap": {"ja": "室"}},
    "partOf": {"object": "urn:ngsi-ld:House:2"},
    "data": {"json": {"b": 5}},
    "sort": {"vocab": "lab"},
    "row": {"valueList": [2]},
    "doors": {"objectList": []},
    "location": {"value": {"type": "Point", "coordinates": [139.4, 35.7]}, "type": "GeoProperty"},
}
PREVIOUS: dict[str, Any] = {
    "temperature": {"previousValue": 21.5},
    "label": {"previousLanguageMap": {"ja": "部屋", "en": "room"}},
    "partOf": {"previousObject": "urn:ngsi-ld:House:1"},
    "data": {"previousJson": {"a": None}},
    "sort": {"previousVocab": "office"},
    "row": {"previousValueList": [1]},
    "doors": {"previousObjectList": [{"object": "urn:d:1"}]},
    "location": {"previousValue": {"type": "Point", "coordinates": [139.5, 35.7]}},
}


def changed_to(before: Entity, **members: Any) -> tuple[Entity, Transition]:
    """Update attributes of an entity."""
    update = UpdateAttributes(entity_id=ROOM, attributes=room(**members).attributes)
    transition = applied(before, update)
    return resulting(transition), transition


@pytest.mark.parametrize("term", sorted(KINDS))
def test_former_values_are_shown_where_they_were_replaced(term: str) -> None:
    entity, transition = changed_to(room(**KINDS), **{term: CHANGED[term]})
    without = notified(entity, transition, triggers=["attributeUpdated"])
    shown = notified(entity, transition, triggers=["attributeUpdated"], showChanges=True)
    assert shown == without | {term: without[term] | PREVIOUS[term]}


@pytest.mark.parametrize("term", sorted(KINDS))
@pytest.mark.parametrize("format", ["normalized", "concise"])
def test_former_values_are_shown_where_they_were_deleted(term: str, format: str) -> None:
    before = room(**KINDS)
    change = DeleteAttribute(entity_id=ROOM, attribute=name(term))
    transition = applied(before, change)
    shown = notified(
        resulting(transition), transition, format=format, triggers=["attributeDeleted"], showChanges=True
    )
    (previous,) = (key for key in shown[term] if key.startswith("previous"))
    value = PREVIOUS[term][previous]
    assert shown[term][previous] == (["urn:d:1"] if format == "concise" and term == "doors" else value)
    assert NULL in str(shown[term])
    gone = applied(before, DeleteEntity(entity_id=ROOM))
    everything = notified(before, gone, format=format, triggers=["entityDeleted"], showChanges=True)
    assert everything.keys() == {"id", "type", "deletedAt", *KINDS}
    assert everything[term] == shown[term]


def test_nothing_is_former_where_nothing_was_or_nothing_changed() -> None:
    entity, transition = changed_to(room(tag={"value": 1}), temperature={"value": 1}, tag={"value": 1})
    shown = notified(entity, transition, triggers=["attributeCreated"], showChanges=True)
    assert "previous" not in str(shown)


def test_a_former_value_stands_at_its_instance() -> None:
    entity, transition = changed_to(ENTITY, tag={"value": "c", "datasetId": "urn:d:1"})
    shown = notified(entity, transition, showChanges=True, format="concise", attributes=["tag"])
    assert shown["tag"] == [{"value": "a"}, {"value": "c", "datasetId": "urn:d:1", "previousValue": "b"}]
    alone = notified(
        entity, transition, showChanges=True, format="concise", members={"datasetId": ["urn:d:1"]}
    )
    assert alone["tag"] == {"value": "c", "datasetId": "urn:d:1", "previousValue": "b"}
    other = notified(entity, transition, showChanges=True, format="concise", members={"datasetId": ["@none"]})
    assert other["tag"] == "a"
    assert "rows" in other
    assert "previous" not in str(other)


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ({"pick": ["id", "label"]}, {"id", "label"}),
        ({"pick": ["label,tag"]}, {"label", "tag"}),
        ({"omit": ["type", "label"]}, {"id", "temperature", "tag", "rows"}),
        ({"pick": ["id", "label", "tag"], "omit": ["rows"]}, {"id", "label", "tag"}),
    ],
)
def test_members_are_picked_and_omitted(asked: dict[str, Any], shown: set[str]) -> None:
    assert notified(ENTITY, **asked).keys() == shown
    entity, transition = _without("temperature")
    assert notified(entity, transition, triggers=["attributeDeleted"], **asked).keys() == shown
    gone = _deleted(DeleteEntity(entity_id=ROOM))
    deleted = notified(ENTITY, gone, triggers=["entityDeleted"], **asked)
    assert deleted.keys() == (shown & {"id", "type"}) | {"deletedAt"}


def subscribed(**notification: Any) -> Subscription:
    document = {
        "type": "Subscription",
        "entities": [{"type": "Room"}],
        "notification": {"endpoint": {"uri": "http://partner.example/"}, **notification},
    }
    return parse_subscription(document, CORE, T0)


def test_nothing_is_notified_where_nothing_is_left() -> None:
    body = render_notification(subscribed(pick=["nothing"]), "urn:n:1", ENTITY, NOW, CORE)
    assert body is None


def test_one_language_and_an_earlier_version() -> None:
    entity, transition = changed_to(room(label=KINDS["label"]), label=CHANGED["label"])
    members = {"lang": "en"}
    shown = notified(entity, transition, showChanges=True, members=members)
    assert shown["label"] == {"type": "Property", "value": "室", "lang": "ja", "previousValue": "room"}
    assert notified(room(sort={"vocab": "office"}), members={"ngsildConformance": "1.6"})["sort"] == {
        "type": "Property",
        "value": "office",
    }


def test_geojson_is_a_feature_collection() -> None:
    entity = room(location=KINDS["location"], temperature={"value": 5})
    subscription = subscribed(
        format="keyValues", endpoint={"uri": "http://a.example/", "accept": "application/geo+json"}
    )
    body = render_notification(subscription, "urn:n:1", entity, NOW, CORE, names_context=True)
    assert body is not None
    point = {"type": "Point", "coordinates": [139.5, 35.7]}
    properties = {"type": "Room", "temperature": 5, "location": point}
    assert body["data"] == {
        "type": "FeatureCollection",
        "features": [{"id": ROOM, "type": "Feature", "geometry": point, "properties": properties}],
        "@context": CORE.source,
    }
    gone = applied(entity, DeleteEntity(entity_id=ROOM))
    body = render_notification(subscription, "urn:n:1", entity, NOW, CORE, trigger=gone.trigger)
    assert body is not None
    (feature,) = body["data"]["features"]
    assert (feature["geometry"], feature["properties"]["type"]) == (None, "Room")


@pytest.mark.parametrize("join", ["inline", "flat"])
@pytest.mark.parametrize("accept", ["application/json", "application/geo+json"])
def test_linked_entities_come_along(join: str, accept: str) -> None:
    entity = room(partOf={"object": "urn:ngsi-ld:House:1"})
    house = Entity(id="urn:ngsi-ld:House:1", types=(name("House"),), attributes={})
    subscription = subscribed(
        join=join, format="keyValues", endpoint={"uri": "http://a.example/", "accept": accept}
    )
    walk = walk_linked(subscription, entity)
    assert walk is not None
    assert walk.wanted() == [house.id]
    walk.add({house.id: house})
    assert walk.wanted() == []
    body = render_notification(subscription, "urn:n:1", entity, NOW, CORE, walk=walk)
    assert body is not None
    linked = {"id": house.id, "type": "House"}
    data = body["data"]
    shown = data["features"] if accept == "application/geo+json" else data
    if join == "flat":
        assert [one["id"] for one in shown] == [ROOM, house.id]
        assert "partOf': 'urn:ngsi-ld:House:1'" in str(shown[0])
    else:
        assert len(shown) == 1
        assert (shown[0].get("properties") or shown[0])["partOf"] == linked


def test_a_deleted_entity_links_to_nothing() -> None:
    gone = _deleted(DeleteEntity(entity_id=ROOM))
    assert walk_linked(subscribed(join="flat"), ENTITY, gone.trigger) is None
    assert walk_linked(subscribed(), ENTITY) is None


def test_a_touched_instance_that_is_not_there_any_more_is_passed_over() -> None:
    """A version without datasets has one instance left: what was replaced in another is not told."""
    before = ENTITY.attributes[name("tag")][1]
    touched = [Touched(name("tag"), "urn:d:1", before, room(tag={"value": "x"}).attributes[name("tag")][0])]
    subscription = parse_subscription(
        {
            "type": "Subscription",
            "entities": [{"type": "Room"}],
            "ngsildConformance": "1.2",
            "notification": {"endpoint": {"uri": "http://a.example/"}, "showChanges": True},
        },
        CORE,
        T0,
    )
    body = render_notification(
        subscription, "urn:n:1", ENTITY, NOW, CORE, trigger=NO_TRIGGER, touched=touched
    )
    assert body is not None
    assert body["data"][0]["tag"] == {"type": "Property", "value": "a"}


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ({}, {"type": "Property", "value": NULL}),
        ({"format": "concise"}, NULL),
        ({"format": "keyValues"}, NULL),
        (
            {"format": "concise", "showChanges": True},
            [
                {"value": NULL, "previousValue": "a"},
                {"value": NULL, "datasetId": "urn:d:1", "previousValue": "b"},
            ],
        ),
    ],
)
def test_an_attribute_that_is_gone_with_all_its_instances(asked: dict[str, Any], shown: Any) -> None:
    transition = applied(ENTITY, DeleteAttribute(entity_id=ROOM, attribute=name("tag"), delete_all=True))
    entity = resulting(transition)
    assert notified(entity, transition, triggers=["attributeDeleted"], **asked)["tag"] == shown
