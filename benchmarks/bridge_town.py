"""The town of the bridge's benchmarks: devices, entities of Smart Data Models size, subscriptions, messages.

Every device keeps an AirQualityObserved of 26 attributes: 5 measured, a location, the device, 19 that hardly
ever change. 100 subscriptions watch that type; 5 of them match, together one message in 101.
"""

import json
from collections.abc import Iterator
from typing import Any

from context_api.ngsild.changes import UpsertEntity
from context_api.ngsild.contexts import core_context
from context_api.ngsild.model import Entity, Instance, Kind
from context_api.ngsild.subscription import parse_subscription
from context_api.store.access import Access
from context_api.store.store import Store

VALUES = ("pm25", "pm10", "no2", "temperature", "humidity")
TYPE = "AirQualityObserved"
MATCH_EVERY = 101
PEAK = 1_000
"""What a value is that a subscription waits for; all others are below 100."""

expand = core_context().expand
_FIXED = tuple(f"fixed{number}" for number in range(19))


def make_entities(store: Store, access: Access, entity_ids: list[str]) -> None:
    """Make the entities as a town has them before a message arrives, without the measured attributes."""
    for start in range(0, len(entity_ids), 500):
        entities = [_make_entity(number, each) for number, each in enumerate(entity_ids[start : start + 500])]
        outcomes = store.apply(
            access, [UpsertEntity(entity_id=entity.id, entity=entity, update=True) for entity in entities]
        )
        if any(outcome.error is not None for outcome in outcomes):
            raise RuntimeError("an entity was refused")


def _make_entity(number: int, entity_id: str) -> Entity:
    place = {"type": "Point", "coordinates": [139.468 + number / 1e5, 35.754]}
    attributes = {expand(name): [Instance(value=f"some text of usual length {number}")] for name in _FIXED}
    attributes[expand("location")] = [Instance(kind=Kind.GEO_PROPERTY, value=place)]
    attributes[expand("refDevice")] = [Instance(kind=Kind.RELATIONSHIP, value=f"urn:ngsi-ld:Device:{number}")]
    return Entity(id=entity_id, types=(expand(TYPE),), attributes=attributes)


def subscribe(store: Store, access: Access) -> None:
    """Make the 100 subscriptions."""
    for number, members in enumerate(_subscriptions()):
        document = {
            "id": f"urn:ngsi-ld:Subscription:town-{number}",
            "type": "Subscription",
            "entities": [{"type": TYPE}],
            "notification": {"endpoint": {"uri": f"http://127.0.0.1:9/{number}"}},
            **members,
        }
        store.create_subscription(access, parse_subscription(document, core_context(), 0), None)


def _subscriptions() -> Iterator[dict[str, Any]]:
    """What distinguishes them: 5 that match now and then, 95 of the kinds that towns have."""
    for name in VALUES[:4]:
        yield {"watchedAttributes": [name], "q": f"{name}>={PEAK}"}
    yield {"watchedAttributes": ["relativeHumidity"], "q": f"relativeHumidity>={PEAK / 100}"}
    for number in range(40):  # thresholds that nothing reaches
        name = VALUES[number % 4]
        yield {"watchedAttributes": [name], "q": f"{name}>{10 * PEAK + number}"}
    for number in range(20):  # areas elsewhere
        west, south = 135.0 + number / 10, 34.0
        ring = [
            [west, south],
            [west + 0.1, south],
            [west + 0.1, south + 0.1],
            [west, south + 0.1],
            [west, south],
        ]
        yield {"geoQ": {"georel": "within", "geometry": "Polygon", "coordinates": [ring]}}
    for number in range(15):  # another value of what holds still
        yield {"q": f'refDevice=="urn:ngsi-ld:Device:other-{number}"'}
    for number in range(10):  # other entities
        yield {"entities": [{"type": TYPE, "id": f"urn:ngsi-ld:{TYPE}:other-{number}"}]}
    for number in range(10):  # attributes that do not change
        yield {"watchedAttributes": [f"fixed{number}"]}


def expected_matches(messages: int) -> int:
    """How many of so many messages match a subscription."""
    return (messages + MATCH_EVERY - 1) // MATCH_EVERY


def payload(at_ms: int, number: int) -> bytes:
    """The `number`th message, of the time given."""
    values = {name: round(10 + (number * 7 + i * 3) % 97 / 7, 2) for i, name in enumerate(VALUES)}
    if number % MATCH_EVERY == 0:
        values[VALUES[number // MATCH_EVERY % len(VALUES)]] = PEAK
    return json.dumps({"observedAt": at_ms, **values}).encode()
