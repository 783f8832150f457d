"""Edits of devices while a real bridge reads them: the very next message is another one's."""

import json
import time
from typing import Any

import pytest

from context_api.store.device_states import activate_first_heard
from devices.model import DeviceDraft, HardwareDraft
from devices.profile_registry import ProfileRegistry
from devices.registry import DeviceRegistry
from tests.conftest import MosquittoFactory
from tests.integration.broker_bridge.conftest import running
from tests.integration.broker_bridge.publisher import Publisher
from tests.integration.broker_bridge.town import T0_MS, Town
from tests.integration.broker_bridge.waiting import wait_until

pytestmark = pytest.mark.mosquitto

HERE = {"type": "Point", "coordinates": [139.468, 35.755]}
THERE = {"type": "Point", "coordinates": [139.5, 35.8]}
_GAUGE: dict[str, Any] = {
    "name": "gauge",
    "entityType": "FloodMonitoring",
    "time": {"key": "ts", "format": "ms"},
    "values": {
        "level": {"attribute": "currentLevel", "unitCode": "MTR"},
        "battery": {"attribute": "batteryLevel", "unitCode": "C62", "payloadUnit": "P1", "of": "device"},
    },
}


def _values(town: Town, entity_id: str) -> dict[str, Any]:
    entity = town.store.get_entities(town.access, [entity_id]).get(entity_id)
    found = {} if entity is None else entity.attributes
    return {name.rpartition("/")[2]: instances[0].value for name, instances in found.items()}


def test_an_edit_counts_while_the_bridge_runs(town: Town, mosquitto_factory: MosquittoFactory) -> None:
    ProfileRegistry(town.database).create(town.access, _GAUGE)
    registry = DeviceRegistry(town.database)
    draft = DeviceDraft(id="g-1", profile="gauge", location=HERE, static={"areaServed": "本町"})
    registered = registry.register(town.access, draft)
    assert registered.credentials is not None
    topic = registered.credentials.topic
    broker = mosquitto_factory()
    with running(town.settings(broker.url)), Publisher(broker.port) as device:
        device.publish(topic, json.dumps({"ts": T0_MS, "level": 1.5, "battery": 87}))
        wait_until(lambda: town.counters("g-1")["received"] == 1)
        assert activate_first_heard(town.database, town.store) == 1
        known = registry.get(town.access, "g-1")
        assert known.state == "active"
        assert registry.health(town.access, [known])["g-1"] == {"batteryLevel": 0.87}

        registry.edit(town.access, "g-1", {"location": THERE, "static": {"areaServed": "栄町"}})
        assert _values(town, "urn:ngsi-ld:FloodMonitoring:g-1") == {
            "currentLevel": 1.5,
            "location": THERE,
            "areaServed": "栄町",
            "refDevice": "urn:ngsi-ld:Device:g-1",
        }
        registry.replace_hardware(town.access, "g-1", HardwareDraft(serial="2", reason="flood"))

        registry.edit(town.access, "g-1", {"profile": "weather"})
        number, deadline = 1, time.monotonic() + 60
        while not _values(town, "urn:ngsi-ld:WeatherObserved:g-1"):  # the notification is on its way
            assert time.monotonic() < deadline
            number += 1
            device.publish(topic, json.dumps({"temperature": 10 + number}))
            wait_until(lambda: town.counters("g-1")["received"] == number)  # noqa: B023 - called at once
    measured = _values(town, "urn:ngsi-ld:WeatherObserved:g-1")
    assert (measured["temperature"], measured["location"], measured["areaServed"]) == (
        10 + number,
        THERE,
        "栄町",
    )
    told = _values(town, "urn:ngsi-ld:Device:g-1")
    assert (told["deviceState"], told["serialNumber"], told["controlledAsset"], told["batteryLevel"]) == (
        "active",
        "2",
        "urn:ngsi-ld:WeatherObserved:g-1",
        0.87,
    )
