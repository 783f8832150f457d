"""The body of a notification (clauses 5.3.1 and 5.8.6)."""

from typing import Any

import pytest

from context_api.ngsild.changes import Change, DeleteAttribute, DeleteEntity
from context_api.ngsild.contexts import build_context
from context_api.ngsild.merge import Transition
from context_api.ngsild.model import NULL, Entity
from context_api.ngsild.notification import render_notification
from context_api.ngsild.subscription import parse_subscription
from tests.unit.ngsild.builders import CORE, ROOM, SECOND, T0, applied, name, room

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
    }
    if watched is not None:
        document["watchedAttributes"] = watched
    more: dict[str, Any] = {}
    if transition is not None:
        more = {"trigger": transition.trigger, "touched": transition.touched, "changed_at": T0 + SECOND}
    subscription = parse_subscription(document, CORE, T0)
    body = render_notification(subscription, "urn:n:1", entity, NOW, context, **more)
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
