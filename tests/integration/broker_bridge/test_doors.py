"""Both doors, MQTT and HTTP, make the same of the same messages, and count it alike."""

import json
from typing import Any

import httpx
import msgspec

from context_api.http.settings import ApiSettings
from context_api.store.counters import DeviceCounters
from deploy.embedded.mosquitto import Mosquitto
from tests.integration.broker_bridge.conftest import running
from tests.integration.broker_bridge.publisher import Publisher
from tests.integration.broker_bridge.town import T0_MS, Town
from tests.integration.http.conftest import serving
from tests.support.waiting import wait_until

FUTURE_MS = 4_102_444_800_000
"""2100: whose clock says so is wrong."""


def at(time_ms: int, **members: object) -> str:
    """A message that carries its time."""
    return json.dumps({"observedAt": time_ms, **members})


MESSAGES: list[tuple[str, str]] = [
    (at(T0_MS, pm25=1, temperature=20), "stored"),
    (at(T0_MS, pm25=1, temperature=20), "duplicate"),
    (at(T0_MS, pm25=2, temperature=20), "corrected"),
    (at(T0_MS + 1000, pm25=3, colour="red"), "stored"),
    (at(T0_MS + 2000, pm25=None), "ignored"),
    (at(FUTURE_MS, pm25=5, temperature=7), "quarantined"),
    (at(T0_MS + 3000, pm25="much"), "quarantined"),
    ('{"colour": "red"}', "quarantined"),
    ("{oops", "quarantined"),
]
PARTS = ("stored", "duplicate", "corrected", "ignored", "quarantined")


def counters(town: Town, device: str) -> DeviceCounters | None:
    found = town.store.get_device_counters(town.access, device)
    if not found:
        return None
    for unit in ("messages", "values"):
        parts = [getattr(found[0], f"{unit}_{part}") for part in PARTS]
        assert getattr(found[0], f"{unit}_received") == sum(parts)
    return found[0]


def counted(found: DeviceCounters) -> dict[str, Any]:
    """Without what the two cannot have in common."""
    shown = msgspec.structs.asdict(found)
    del shown["device_id"], shown["last_seen"]
    return shown


def push(api: httpx.Client, device: str, payload: str) -> str:
    answer = api.post(f"/api/v1/ingest/{device}", content=payload)
    found = answer.json()
    assert answer.status_code == (202 if found["result"] == "quarantined" else 200), answer.text
    assert found["values"]["received"] == sum(found["values"][part] for part in PARTS)
    return str(found["result"])


def all_are_in(town: Town, device: str) -> bool | None:
    found = counters(town, device)
    return True if found is not None and found.messages_received == len(MESSAGES) else None


def test_the_same_messages_count_the_same(database_url: str, mosquitto: Mosquitto) -> None:
    api_settings = ApiSettings(
        database_url=database_url, port=0, auth=False, installation_secret=b"a secret of the tests"
    )
    with Town(database_url, ["doors-m", "doors-h"]) as town, serving(api_settings) as api:
        with running(town.settings(mosquitto.url, client_id="doors")), Publisher(mosquitto.port) as device:
            for payload, _ in MESSAGES:
                device.publish(town.topics["doors-m"], payload)
            device.wait()
            wait_until(lambda: all_are_in(town, "doors-m"))
        assert [push(api, "doors-h", payload) for payload, _ in MESSAGES] == [kind for _, kind in MESSAGES]
        by_mqtt, by_http = counters(town, "doors-m"), counters(town, "doors-h")
        assert by_mqtt is not None
        assert by_http is not None
        assert counted(by_mqtt) == counted(by_http)
        assert [getattr(by_http, f"messages_{part}") for part in PARTS] == [2, 1, 1, 1, 4]
        assert town.series("doors-m") == town.series("doors-h") == [2.0, 3.0]
        for device_id in ("doors-m", "doors-h"):
            shown = api.get(f"/api/v1/devices/{device_id}").json()
            assert shown["messages"]["received"] == len(MESSAGES)
            assert shown["values"]["received"] == by_http.values_received


def test_a_stranger_by_mqtt_waits_and_is_replayed(database_url: str, mosquitto: Mosquitto) -> None:
    api_settings = ApiSettings(
        database_url=database_url, port=0, auth=False, installation_secret=b"a secret of the tests"
    )
    with Town(database_url, ["doors-x"]) as town, serving(api_settings) as api:
        terms = {"profile": "air-quality", "prefix": "new-"}
        assert api.put("/api/v1/device-groups/doors", json=terms).status_code == 201
        settings = town.settings(mosquitto.url, client_id="doors-waiting")
        with running(settings), Publisher(mosquitto.port) as device:
            for number in range(3):
                measure = json.dumps({"observedAt": T0_MS + number * 1000, "pm25": number})
                device.publish("machi/v1/doors@default/new-1/up", measure)
            device.wait()
            wait_until(lambda: api.get("/api/v1/waiting-devices").json()["devices"] or None)
            wait_until(
                lambda: api.get("/api/v1/waiting-devices").json()["devices"][0]["messages"] == 3 or None
            )
            answer = api.post("/api/v1/waiting-devices/doors/new-1/approve", json={})
            assert answer.json()["replayed"] == {"stored": 3}, answer.text
            device.publish(
                answer.json()["mqtt"]["topic"], json.dumps({"observedAt": T0_MS + 9000, "pm25": 9})
            )
            device.publish(
                "machi/v1/doors@default/new-1/up", json.dumps({"observedAt": T0_MS + 9500, "pm25": 10})
            )
            device.wait()
            wait_until(lambda: len(town.series("new-1")) == 5 or None)
        assert town.series("new-1") == [0.0, 1.0, 2.0, 9.0, 10.0]
        found = counters(town, "new-1")
        assert found is not None
        assert (found.messages_received, found.messages_stored) == (5, 5)
