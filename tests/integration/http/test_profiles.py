"""Profiles of a town and previews through the API on a real database."""

import copy
import tomllib
from typing import Any

import httpx

from context_api.http.schemas_profiles import PREVIEW_REQUEST, PROFILE_DRAFT
from context_api.store.database import open_database
from context_api.store.deliveries_in import Delivery, QuarantineReason
from context_api.store.store import Store
from tests.integration.http.conftest import problem

PROFILES = "/api/v1/profiles"
PREVIEW = f"{PROFILES}/preview"


def _draft(**members: Any) -> dict[str, Any]:
    return {**copy.deepcopy(PROFILE_DRAFT), **members}


def test_a_profile_from_its_first_version_to_its_end(api: httpx.Client) -> None:
    created = api.post(PROFILES, json=PROFILE_DRAFT)
    assert created.status_code == 201
    assert created.headers["location"] == f"{PROFILES}/yard-gauge"
    assert (created.json()["version"], created.json()["devices"], created.json()["builtIn"]) == (1, 0, False)
    assert created.json()["document"] == {**PROFILE_DRAFT, "version": 1}
    problem(api.post(PROFILES, json=PROFILE_DRAFT), 409, "AlreadyExists")

    same = api.put(f"{PROFILES}/yard-gauge", json=PROFILE_DRAFT)
    assert (same.status_code, same.json()["version"]) == (200, 1)
    changed = _draft(title="Other")
    assert api.put(f"{PROFILES}/yard-gauge", json={**changed, "version": 1}).json()["version"] == 2
    assert api.put(f"{PROFILES}/yard-gauge", json={**changed, "version": 1}).json()["version"] == 2
    late = {**_draft(title="Late"), "version": 0 + 1}
    assert api.put(f"{PROFILES}/yard-gauge", json=_draft(title="Third")).json()["version"] == 3
    assert "Version 3" in problem(api.put(f"{PROFILES}/yard-gauge", json=late), 409, "Conflict")
    assert api.get(f"{PROFILES}/yard-gauge?version=1").json()["document"]["title"] == PROFILE_DRAFT["title"]
    problem(api.get(f"{PROFILES}/yard-gauge?version=9"), 404, "ResourceNotFound")
    versions = api.get(f"{PROFILES}/yard-gauge/versions").json()["versions"]
    assert [(one["version"], one["document"]["title"]) for one in versions] == [
        (3, "Third"),
        (2, "Other"),
        (1, PROFILE_DRAFT["title"]),
    ]
    assert api.delete(f"{PROFILES}/yard-gauge").status_code == 204
    problem(api.get(f"{PROFILES}/yard-gauge"), 404, "ResourceNotFound")
    problem(api.delete(f"{PROFILES}/yard-gauge"), 404, "ResourceNotFound")
    assert api.post(PROFILES, json=PROFILE_DRAFT).json()["version"] == 4, "a version is one document for ever"


def test_a_file_that_reads_back_as_the_same(api: httpx.Client) -> None:
    api.post(PROFILES, json=PROFILE_DRAFT)
    text = api.get(f"{PROFILES}/yard-gauge", headers={"Accept": "application/toml"})
    assert text.headers["content-type"] == "application/toml; charset=utf-8"
    assert tomllib.loads(text.text) == {**PROFILE_DRAFT, "version": 1}
    built_in = api.get(f"{PROFILES}/air-quality", headers={"Accept": "application/toml"}).text
    assert built_in.startswith("# Ambient air")


def test_built_in_profiles_stay(api: httpx.Client) -> None:
    listed = {one["name"]: one for one in api.get(PROFILES).json()["profiles"]}
    assert listed["air-quality"]["builtIn"] is True
    assert "my-air-quality" in problem(
        api.post(PROFILES, json=_draft(name="air-quality")), 409, "AlreadyExists"
    )
    problem(api.put(f"{PROFILES}/air-quality", json=_draft(name="air-quality")), 409, "AlreadyExists")
    problem(api.delete(f"{PROFILES}/air-quality"), 409, "Conflict")
    [version] = api.get(f"{PROFILES}/air-quality/versions").json()["versions"]
    assert version["version"] == listed["air-quality"]["version"]


_FAULTS: list[tuple[dict[str, Any], str, str]] = [
    ({"name": "Yard"}, "/name", "small letters"),
    ({"name": "preview"}, "/name", "another name"),
    ({"entityTyp": "X"}, "", "is it entityType?"),
    ({"values": {"a.b": {"attribute": "x y"}}}, "/values/a.b/attribute", "letters, digits"),
    ({"values": {"a": {"attribute": "x", "unitCode": "degC"}}}, "/values/a/unitCode", "UN/CEFACT"),
    (
        {"values": {"a": {"attribute": "x", "unitCode": "CEL", "payloadUnit": "MTR"}}},
        "/values/a/payloadUnit",
        "measure different things",
    ),
    ({"time": {"zone": "Asia/Kyoto"}}, "/time/zone", "Asia/Tokyo"),
    ({"codec": "milesight-em300-tt"}, "/codec", "milesight-em300-th"),
    ({"schema": {"type": "nonsense"}}, "/schema", "no JSON Schema"),
    ({"schema": {"$ref": "http://127.0.0.1/x"}}, "/schema", "leads out of the schema"),
    ({"entityId": "urn:ngsi-ld:X:y"}, "/entityId", "needs {device}"),
]


def test_a_fault_names_its_member(api: httpx.Client) -> None:
    for members, pointer, said in _FAULTS:
        answer = api.post(PROFILES, json=_draft(**members))
        assert said in problem(answer, 400, "BadRequestData"), members
        assert answer.json().get("pointer", "") == pointer


def test_devices_are_bound_to_the_latest_or_to_one_version(api: httpx.Client) -> None:
    api.post(PROFILES, json=PROFILE_DRAFT)
    api.put(f"{PROFILES}/yard-gauge", json=_draft(title="Second"))
    for device, profile in (("g-1", "yard-gauge"), ("g-2", "yard-gauge@1")):
        made = api.post("/api/v1/devices", json={"id": device, "profile": profile})
        assert made.status_code == 201, made.text
        assert made.json()["entityId"] == f"urn:ngsi-ld:FloodMonitoring:{device}"
    assert api.get(f"{PROFILES}/yard-gauge").json()["devices"] == 2
    for wrong in ("yard-gauge@3", "yard-gauge@x", "air-quality@1", "yard-gauge@"):
        problem(api.post("/api/v1/devices", json={"id": "g-3", "profile": wrong}), 400, "BadRequestData")
    assert "2 devices" in problem(api.delete(f"{PROFILES}/yard-gauge"), 409, "Conflict")
    other = _draft(entityType="Device")
    assert "entities keep their type" in problem(
        api.put(f"{PROFILES}/yard-gauge", json=other), 409, "Conflict"
    )
    other_tenant = {"NGSILD-Tenant": "next-town"}
    api.post(PROFILES, json=_draft(name="theirs"), headers=other_tenant)
    problem(api.get(f"{PROFILES}/yard-gauge", headers=other_tenant), 404, "ResourceNotFound")
    theirs = {"id": "g-1", "profile": "yard-gauge"}
    problem(api.post("/api/v1/devices", json=theirs, headers=other_tenant), 400, "BadRequestData")


def test_a_preview_shows_what_would_be_made_and_writes_nothing(api: httpx.Client) -> None:
    answer = api.post(PREVIEW, json=PREVIEW_REQUEST)
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert (shown["outcome"], shown["reason"]) == ("stored", None)
    assert shown["values"] == {"received": 4, "stored": 3, "ignored": 1, "quarantined": 0}
    gauge, device = shown["entities"]
    assert gauge["keyValues"]["currentLevel"] == 1.325
    assert gauge["keyValues"]["doorState"] == "closed"
    assert gauge["normalized"]["currentLevel"] == {
        "type": "Property",
        "value": 1.325,
        "unitCode": "MTR",
        "observedAt": "2026-11-23T00:00:00Z",
    }
    assert device["keyValues"] == {"id": "urn:ngsi-ld:Device:gauge-1", "type": "Device", "batteryLevel": 0.87}
    assert shown["ignoredKeys"] == ["x"]
    assert {"key": "level_cm", "attribute": "currentLevel", "value": 132.5, "unitCode": "CMT"}.items() <= (
        shown["converted"][0].items()
    )
    assert shown["decoded"][0]["values"]["state"] == {"value": {"door": 0}}
    assert api.get("/ngsi-ld/v1/entities?type=FloodMonitoring").json() == []
    problem(api.get("/api/v1/devices/gauge-1"), 404, "ResourceNotFound")


def test_previews_of_frames_of_faults_and_of_nothing(api: httpx.Client) -> None:
    uplink = {
        "end_device_ids": {"device_id": "em-1"},
        "uplink_message": {"f_port": 85, "frm_payload": "AXVkA2cQAQRocQ=="},
    }
    profile = {
        "entityType": "WeatherObserved",
        "codec": "milesight-em300-th",
        "values": {
            "temperature": {"attribute": "temperature", "unitCode": "CEL", "max": 20},
            "humidity": {"attribute": "relativeHumidity", "unitCode": "C62", "payloadUnit": "P1"},
        },
    }
    shown = api.post(PREVIEW, json={"profile": profile, "adapter": "tts_v3", "payload": uplink}).json()
    assert shown["outcome"] == "partly-quarantined"
    assert shown["reason"] == "out-of-range"
    assert "27.2, above 20" in shown["detail"]
    assert shown["findings"][0]["attribute"] == "temperature"
    assert shown["entities"][0]["keyValues"]["relativeHumidity"] == 0.565
    hexed = {"profile": "air-quality", "payload": b'{"pm25": 1}'.hex(), "payloadEncoding": "hex"}
    assert api.post(PREVIEW, json=hexed).json()["entities"][0]["keyValues"]["pm25"] == 1
    broken = api.post(PREVIEW, json={"profile": "air-quality", "payload": "{oops"}).json()
    assert (broken["outcome"], broken["reason"], broken["entities"]) == ("quarantined", "bad-json", [])


_REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"payload": {}}, "/profile"),
    ({"profile": "air-quality"}, "/payload"),
    ({"profile": "no-such", "payload": {}}, "/profile"),
    ({"profile": "air-quality", "payload": "xyz", "payloadEncoding": "hex"}, "/payload"),
    ({"profile": "air-quality", "payload": "", "payloadEncoding": "rot13"}, "/payloadEncoding"),
    ({"profile": "air-quality", "payload": {}, "adapter": "nothing"}, "/adapter"),
    ({"profile": "air-quality", "payload": {}, "device": {"id": "a b"}}, "/device/id"),
    ({"profile": {"entityType": "T", "values": {"a": {}}}, "payload": {}}, "/profile/values/a"),
    ({"profile": "air-quality", "message": {}}, "/message"),
    ({"profile": "air-quality", "payload": {}, "arrivedAt": "noon"}, "/arrivedAt"),
    ({"profile": "air-quality", "payload": {}, "typo": 1}, "/"),
]


def test_a_preview_that_cannot_be_made_says_why(api: httpx.Client) -> None:
    for request, pointer in _REFUSED:
        answer = api.post(PREVIEW, json=request)
        problem(answer, 400, "BadRequestData")
        assert answer.json()["pointer"] == pointer, request


def test_a_captured_message_is_previewed_with_another_profile(api: httpx.Client, database_url: str) -> None:
    api.post("/api/v1/devices", json={"id": "aq-1", "profile": "air-quality"})
    database = open_database(database_url)
    store = Store(database)
    payload = b'{"level_cm": 100}'
    store.ingest(
        store.tenant("default"),
        [
            Delivery(
                device_id="aq-1",
                topic="machi/v1/default/aq-1/up",
                payload=payload,
                arrived_at=1_795_392_000_000_000,
                quarantine=QuarantineReason("no-known-key", "the message has level_cm"),
            )
        ],
    )
    database.close()
    [kept] = api.get("/api/v1/quarantine").json()["messages"]
    asked = {"profile": PROFILE_DRAFT, "message": {"quarantine": kept["id"]}}
    shown = api.post(PREVIEW, json=asked).json()
    assert shown["outcome"] == "stored"
    assert shown["readings"][0]["attributes"] == ["currentLevel"]
    latest = api.post(PREVIEW, json={"message": {"latestOf": "aq-1"}}).json()
    assert (latest["outcome"], latest["reason"]) == ("quarantined", "no-known-key")
    missing = {"profile": PROFILE_DRAFT, "message": {"quarantine": kept["id"] + 1}}
    problem(api.post(PREVIEW, json=missing), 404, "ResourceNotFound")


def test_a_device_shows_what_it_sent_against_the_data_model(api: httpx.Client) -> None:
    api.post("/api/v1/devices", json={"id": "aq-1", "profile": "air-quality"})
    for value in (-1, -2, 5):
        sent = api.post("/api/v1/ingest/aq-1", json={"pm25": value, "no2": 3})
        assert sent.status_code in (200, 201, 202, 204), sent.text
    shown = api.get("/api/v1/devices/aq-1").json()
    [finding] = shown["findings"]
    assert (finding["attribute"], finding["reason"], finding["values"]) == ("pm25", "model-violation", 2)
    assert finding["lastDetail"] == "pm25 is -2, below the data model's 0"
    assert finding["firstAt"] <= finding["lastAt"]
    assert (shown["values"]["stored"], shown["values"]["quarantined"]) == (6, 0), "warn stores and counts"
