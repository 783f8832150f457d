"""Profiles of a town through a real mosquitto and the bridge: new versions at once, faults aside."""

import json
import time
from typing import Any

import pytest

from context_api.ngsild.model import Instance
from context_api.store.findings import list_findings
from devices.model import DeviceDraft
from devices.profile_registry import ProfileRegistry
from devices.registry import DeviceRegistry
from tests.conftest import MosquittoFactory
from tests.integration.broker_bridge.conftest import running
from tests.integration.broker_bridge.publisher import Publisher
from tests.integration.broker_bridge.town import T0_MS, Town
from tests.integration.broker_bridge.waiting import wait_until

pytestmark = pytest.mark.mosquitto

_GAUGE: dict[str, Any] = {
    "name": "gauge",
    "entityType": "FloodMonitoring",
    "time": {"key": "ts", "format": "ms"},
    "values": {
        "level": {
            "attribute": "currentLevel",
            "unitCode": "MTR",
            "payloadUnit": "CMT",
            "min": -5,
            "max": 20,
        },
        "battery": {"attribute": "batteryLevel", "unitCode": "C62", "payloadUnit": "P1", "of": "device"},
        "gate.id": {"attribute": "gateNumber", "accepts": "text", "entity": "gate"},
        "gate.open": {"attribute": "status", "map": {"false": "closed", "true": "open"}, "entity": "gate"},
    },
    "entities": {"gate": {"entityType": "Gate", "entityId": "urn:ngsi-ld:Gate:{device}:{payload.gate.id}"}},
}


def _attribute(town: Town, entity_id: str, name: str) -> Instance | None:
    entity = town.store.get_entities(town.access, [entity_id]).get(entity_id)
    held = {} if entity is None else entity.attributes
    return next((instances[0] for iri, instances in held.items() if iri.endswith(f"/{name}")), None)


def _register(town: Town, device: str, profile: str) -> str:
    registered = DeviceRegistry(town.database).register(town.access, DeviceDraft(id=device, profile=profile))
    assert registered.credentials is not None
    return registered.credentials.topic


def test_a_new_version_is_used_at_once_but_by_devices_bound_to_one(
    town: Town, mosquitto_factory: MosquittoFactory
) -> None:
    profiles = ProfileRegistry(town.database)
    profiles.create(town.access, _GAUGE)
    latest, pinned = _register(town, "g-1", "gauge"), _register(town, "g-2", "gauge@1")
    broker = mosquitto_factory()
    with running(town.settings(broker.url)), Publisher(broker.port) as device:

        def publish(number: int) -> None:
            for topic in (latest, pinned):
                device.publish(topic, json.dumps({"ts": T0_MS + number, "level": 100 + number}))
            wait_until(lambda: _count(town, "g-1") + _count(town, "g-2") >= 2 * number)

        publish(1)
        assert _level(town, "g-1") == (1.01, "MTR") == _level(town, "g-2")
        changed = {
            **_GAUGE,
            "values": {"level": {"attribute": "currentLevel", "unitCode": "MMT", "scale": 10}},
        }
        known, is_new = profiles.update(town.access, "gauge", changed)
        assert (known.profile.version, is_new) == (2, True)
        number, deadline = 1, time.monotonic() + 60
        while _level(town, "g-1")[1] != "MMT":  # the notification is on its way while we publish
            assert time.monotonic() < deadline
            number += 1
            publish(number)
    assert _level(town, "g-1") == (1000.0 + 10 * number, "MMT")
    assert _level(town, "g-2") == (round(1 + number / 100, 10), "MTR")


def _count(town: Town, device: str) -> int:
    return town.counters(device)["stored"]


def _level(town: Town, device: str) -> tuple[Any, str | None]:
    level = _attribute(town, f"urn:ngsi-ld:FloodMonitoring:{device}", "currentLevel")
    return (None, None) if level is None else (level.value, level.unit_code)


def test_one_message_feeds_several_entities_and_leaves_what_is_faulty_aside(
    town: Town, mosquitto_factory: MosquittoFactory
) -> None:
    ProfileRegistry(town.database).create(town.access, _GAUGE)
    topic = _register(town, "g-1", "gauge")
    broker = mosquitto_factory()
    good = {"ts": T0_MS, "level": 150, "battery": 87, "gate": {"id": "7", "open": True}, "x": 1}
    faulty = {**good, "ts": T0_MS + 1000, "level": 99_999, "battery": 86}
    hostile = {**good, "ts": T0_MS + 2000, "gate": {"id": "7:x", "open": True}}
    with running(town.settings(broker.url)), Publisher(broker.port) as device:
        for payload in (good, faulty, hostile):
            device.publish(topic, json.dumps(payload))
        wait_until(lambda: town.counters("g-1")["received"] == 3)
    assert _level(town, "g-1") == (1.5, "MTR")
    battery = _attribute(town, "urn:ngsi-ld:Device:g-1", "batteryLevel")
    assert battery is not None
    assert (battery.value, battery.observed_at) == (0.86, (T0_MS + 1000) * 1000)
    gate = _attribute(town, "urn:ngsi-ld:Gate:g-1:7", "status")
    assert gate is not None
    assert gate.value == "open"
    assert _attribute(town, "urn:ngsi-ld:Gate:g-1:7", "refDevice") is not None
    assert town.quarantine() == [("g-1", "out-of-range"), ("g-1", "bad-entity-id")]
    counted = town.ask(
        "select values_received, values_stored, values_ignored, values_quarantined from device_counter"
        " where device_id = 'g-1'"
    )
    # good: 4 stored, x ignored; faulty: 3 stored, level aside, x ignored; hostile: as a whole, 5 names in it
    assert counted == [(5 + 5 + 4, 4 + 3, 2, 1 + 4)]
    [finding] = list_findings(town.database, town.access, "g-1")
    assert (finding.attribute, finding.reason, finding.found) == ("currentLevel", "out-of-range", 1)
    assert "999.99, above 20" in finding.last_detail
