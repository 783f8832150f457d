"""Devices that come by themselves: they wait, are let in or turned away; nothing is stored before."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from context_api.http.settings import ApiSettings
from context_api.store.access import Access
from context_api.store.database import Database, open_database
from context_api.store.store import Store
from devices.model import DeviceDraft, SilentSource, Source, UnknownSource
from devices.registry import DeviceRegistry
from devices.sources import Sources
from devices.strangers import KEPT_MESSAGES
from tests.integration.http.conftest import SECRET, Serve, problem
from tests.support.waiting import wait_until

GROUPS = "/api/v1/device-groups"
WAITING = "/api/v1/waiting-devices"
INGEST = "/api/v1/ingest/schools"
TERMS = {"profile": "air-quality", "prefix": "aq-", "maxDevices": 2}
COUNTED = ("stored", "duplicate", "corrected", "ignored", "quarantined")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def access(database: Database) -> Access:
    return Store(database).tenant("default")


def send(api: httpx.Client, device: str, minute: int, pm25: float = 1.0) -> dict[str, Any]:
    measure = {"observedAt": f"2026-11-20T09:{minute:02}:00Z", "pm25": pm25}
    answer = api.post(f"{INGEST}?device={device}", json=measure)
    assert answer.status_code in (200, 202), answer.text
    found: dict[str, Any] = answer.json()
    return found


def balanced(database: Database, access: Access) -> dict[str, Any]:
    found = {one.device_id: one for one in Store(database).get_device_counters(access)}
    for one in found.values():
        for unit in ("messages", "values"):
            parts = [getattr(one, f"{unit}_{part}") for part in COUNTED]
            assert getattr(one, f"{unit}_received") == sum(parts), one
            assert min(parts) >= 0
    return found


def test_without_a_group_nobody_waits(api: httpx.Client, database: Database, access: Access) -> None:
    DeviceRegistry(database, hash_key=SECRET).register(
        access, DeviceDraft(id="schools", kind="gateway", adapter="tts_v3", application="town@ttn")
    )
    assert send(api, "aq-1", 0)["reason"] == "unknown-device"
    assert api.get(WAITING).json() == {"devices": []}
    assert api.get(GROUPS).json() == {"groups": []}


def test_a_device_waits_is_approved_and_its_messages_are_replayed_in_order(
    api: httpx.Client, database: Database, access: Access
) -> None:
    made = api.put(f"{GROUPS}/schools", json=TERMS)
    assert made.status_code == 201, made.text
    assert made.json()["mqtt"]["topic"] == "machi/v1/schools@default/{device}/up"
    assert made.headers["cache-control"] == "no-store"
    for minute in range(3):
        assert send(api, "aq-7", minute, 10.0 + minute)["reason"] == "waiting-approval"
    assert send(api, "no-7", 0)["reason"] == "unknown-device"  # another prefix
    (waiting,) = api.get(WAITING).json()["devices"]
    assert (waiting["group"], waiting["name"], waiting["messages"]) == ("schools", "aq-7", 3)
    assert json.loads(waiting["sample"])["pm25"] == 10.0
    assert balanced(database, access)["schools/aq-7"].messages_quarantined == 3
    entity_id = "urn:ngsi-ld:AirQualityObserved:aq-7"
    assert Store(database).get_entities(access, [entity_id]) == {}
    location = {"type": "Point", "coordinates": [139.4657, 35.7598]}
    approved = api.post(f"{WAITING}/schools/aq-7/approve", json={"location": location})
    assert approved.status_code == 201, approved.text
    answer = approved.json()
    assert (answer["id"], answer["entityId"], answer["replayed"]) == ("aq-7", entity_id, {"stored": 3})
    assert answer["mqtt"]["topic"] == "machi/v1/default/aq-7/up"
    registry = DeviceRegistry(database, hash_key=SECRET)
    verified = registry.verify("default/aq-7", answer["mqtt"]["password"])
    assert verified is not None
    assert tuple(verified)[:2] == ("default", "aq-7")
    found = balanced(database, access)
    assert "schools/aq-7" not in found
    assert (found["aq-7"].messages_received, found["aq-7"].messages_stored) == (3, 3)
    entity = api.get(f"/ngsi-ld/v1/entities/{entity_id}?options=keyValues").json()
    pm25 = next(value for name, value in entity.items() if name.rpartition("/")[2] == "pm25")
    assert pm25 == 12.0
    assert api.get(WAITING).json() == {"devices": []}
    assert (
        send(api, "aq-7", 5)["result"] == "stored"
    )  # the group's key goes on speaking for whom it brought in
    direct = api.post("/api/v1/ingest/aq-7", json={"observedAt": "2026-11-20T10:00:00Z", "pm25": 3})
    assert direct.json()["result"] == "stored"
    problem(api.post(f"{WAITING}/schools/aq-7/approve", json={}), 409, "AlreadyExists")
    problem(api.post(f"{WAITING}/schools/nobody/approve", json={}), 404, "ResourceNotFound")
    assert balanced(database, access)["aq-7"].messages_stored == 5


def test_a_rejected_device_is_counted_and_not_kept(
    api: httpx.Client, database: Database, access: Access
) -> None:
    api.put(f"{GROUPS}/schools", json=TERMS)
    send(api, "aq-7", 0)
    assert api.post(f"{WAITING}/schools/aq-7/reject").json() == {"discarded": 1}
    assert send(api, "aq-7", 1)["result"] == "ignored"
    assert api.get("/api/v1/quarantine").json() == {"messages": []}
    (rejected,) = api.get(f"{WAITING}?state=rejected").json()["devices"]
    assert rejected["name"] == "aq-7"
    counted = balanced(database, access)["schools/aq-7"]
    assert (counted.messages_quarantined, counted.messages_ignored) == (1, 1)
    assert api.post(f"{WAITING}/schools/aq-7/approve", json={"deviceId": "aq-70"}).json()["id"] == "aq-70"


def test_what_waits_is_bounded(api: httpx.Client, database: Database, access: Access) -> None:
    api.put(f"{GROUPS}/schools", json=TERMS)
    for number in range(KEPT_MESSAGES):
        send(api, "aq-1", number % 60, float(number))
    assert send(api, "aq-1", 0)["result"] == "ignored"
    assert send(api, "aq-2", 0)["reason"] == "waiting-approval"
    assert send(api, "aq-3", 0)["reason"] == "unknown-device"  # two devices may come
    (first, second) = api.get(f"{WAITING}?limit=2").json()["devices"]
    assert (first["messages"], second["messages"]) == (KEPT_MESSAGES, 1)
    following = api.get(f"{WAITING}?limit=1").json()["next"]
    assert [one["name"] for one in api.get(f"{WAITING}?after={following}").json()["devices"]] == ["aq-2"]
    balanced(database, access)


def test_a_group_ends(api: httpx.Client, database: Database) -> None:
    assert api.put(f"{GROUPS}/schools", json=TERMS).status_code == 201
    changed = api.put(f"{GROUPS}/schools", json=TERMS | {"expiresAt": "2020-01-01T00:00:00Z"})
    assert (changed.status_code, "mqtt" in changed.json()) == (200, False)
    assert send(api, "aq-7", 0)["reason"] == "unknown-device"
    api.put(f"{GROUPS}/schools", json=TERMS)
    send(api, "aq-7", 0)
    (group,) = api.get(GROUPS).json()["groups"]
    assert group["devices"] == {"waiting": 1, "approved": 0, "rejected": 0}
    assert api.delete(f"{GROUPS}/schools").status_code == 204
    problem(api.delete(f"{GROUPS}/schools"), 404, "ResourceNotFound")
    # who was let in a moment ago is remembered for two seconds
    path = f"{INGEST}?device=aq-7"
    wait_until(lambda: api.post(path, json={"pm25": 1}).status_code == 404 or None)
    assert Sources(database).find("machi/v1/schools@default/aq-7/up").__class__ is UnknownSource


def test_unknown_devices_of_a_network_server_wait_too(
    api: httpx.Client, database: Database, access: Access
) -> None:
    registry = DeviceRegistry(database, hash_key=SECRET)
    registry.register(access, DeviceDraft(id="tts", kind="gateway", adapter="tts_v3", application="town@ttn"))
    put = api.put(f"{GROUPS}/tts", json={"profile": "air-quality"})
    assert (put.status_code, "mqtt" in put.json()) == (200, False)
    uplink = {
        "end_device_ids": {"device_id": "eui-7"},
        "uplink_message": {"decoded_payload": {"pm25": 7.5}, "received_at": "2026-11-20T00:00:00Z"},
    }
    assert api.post("/api/v1/ingest/tts", json=uplink).json()["reason"] == "waiting-approval"
    approved = api.post(f"{WAITING}/tts/eui-7/approve", json={"deviceId": "school-7"})
    assert approved.status_code == 201, approved.text
    assert ("mqtt" in approved.json(), approved.json()["replayed"]) == (False, {"stored": 1})
    device = registry.get(access, "school-7")
    assert (device.gateway, device.gateway_device) == ("tts", "eui-7")


def test_the_key_of_a_group_speaks_for_no_registered_device(
    settings: ApiSettings, serve: Serve, database: Database, access: Access, key: str
) -> None:
    locked = serve(replace(settings, auth=True))
    bearer = {"Authorization": f"Bearer {key}"}
    DeviceRegistry(database, hash_key=SECRET).register(access, DeviceDraft(id="aq-1", profile="air-quality"))
    mqtt = locked.put(f"{GROUPS}/schools", json=TERMS, headers=bearer).json()["mqtt"]
    auth = (mqtt["username"], mqtt["password"])
    refused = locked.post("/api/v1/ingest/aq-1", json={"pm25": 1}, auth=auth)
    problem(refused, 403, "about:blank")
    # the name of a registered device, by the group's key: it is another device, and waits
    assert (
        locked.post(f"{INGEST}?device=aq-1", json={"pm25": 1}, auth=auth).json()["device"] == "schools/aq-1"
    )
    taken = locked.post(f"{WAITING}/schools/aq-1/approve", json={}, headers=bearer)
    problem(taken, 409, "AlreadyExists")
    found = Sources(database)
    assert isinstance(found.find("machi/v1/default/aq-1/up"), Source)
    waits = found.find("machi/v1/schools@default/aq-1/up")
    assert isinstance(waits, UnknownSource)
    assert waits.device_id == "schools/aq-1"
    assert not isinstance(found.find("machi/v1/schools@default/zz-1/up"), SilentSource)


def test_wrong_terms_are_refused(api: httpx.Client, database: Database, access: Access) -> None:
    for terms, pointer in (
        ({"profile": "nothing"}, "/profile"),
        ({"prefix": "a b"}, "/prefix"),
        ({"maxDevices": 0}, "/maxDevices"),
        ({"maxDevices": "x"}, "/maxDevices"),
        ({"expiresAt": "soon"}, "/expiresAt"),
        ({"colour": "red"}, ""),
    ):
        answer = api.put(f"{GROUPS}/schools", json=terms)
        problem(answer, 400, "BadRequestData")
        assert answer.json()["pointer"] == pointer, terms
    registry = DeviceRegistry(database, hash_key=SECRET)
    registry.register(access, DeviceDraft(id="aq-1", profile="air-quality"))
    problem(api.put(f"{GROUPS}/aq-1", json={}), 400, "BadRequestData")
    draft = {"id": "g", "kind": "gateway", "adapter": "native", "application": "other"}
    problem(api.post("/api/v1/devices", json=draft), 400, "BadRequestData")
