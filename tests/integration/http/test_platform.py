"""Devices, quarantine and profiles through the API on a real database."""

from dataclasses import replace

import httpx

from context_api.http.settings import ApiSettings
from context_api.store.database import open_database
from context_api.store.deliveries_in import Delivery, QuarantineReason
from context_api.store.store import Store
from devices.registry import DeviceRegistry
from tests.integration.http.conftest import SECRET, Serve, problem
from tests.integration.http.town import fill_town

DEVICES = "/api/v1/devices"
DRAFT = {
    "id": "aq-001",
    "profile": "air-quality",
    "location": {"type": "Point", "coordinates": [139.4657, 35.7598]},
}


def test_registering_a_device(api: httpx.Client, database_url: str) -> None:
    created = api.post(DEVICES, json=DRAFT)
    assert created.status_code == 201
    assert created.headers["location"] == f"{DEVICES}/aq-001"
    assert created.headers["cache-control"] == "no-store"
    answer = created.json()
    assert answer["entityId"] == "urn:ngsi-ld:AirQualityObserved:aq-001"
    mqtt = answer["mqtt"]
    assert mqtt["username"] == "default/aq-001"
    assert mqtt["topic"] == "machi/v1/default/aq-001/up"
    assert mqtt["url"] == "mqtt://127.0.0.1:1883"
    assert mqtt["active"] is True
    database = open_database(database_url)
    registry = DeviceRegistry(database, hash_key=SECRET)
    assert registry.verify("default/aq-001", mqtt["password"]) == ("default", "aq-001")
    database.close()
    detail = problem(api.post(DEVICES, json=DRAFT), 409, "AlreadyExists")
    assert "aq-001" in detail
    shown = api.get(f"{DEVICES}/aq-001").json()
    assert mqtt["password"] not in str(shown)
    assert shown["messages"]["received"] == 0
    assert api.delete(f"{DEVICES}/aq-001").status_code == 204
    problem(api.get(f"{DEVICES}/aq-001"), 404, "ResourceNotFound")
    problem(api.delete(f"{DEVICES}/aq-001"), 404, "ResourceNotFound")


def test_credentials_that_the_broker_has_not_loaded_are_not_called_active(
    settings: ApiSettings, serve: Serve, key: str
) -> None:
    locked = serve(replace(settings, auth=True))
    answer = locked.post(DEVICES, json=DRAFT, headers={"Authorization": f"Bearer {key}"})
    assert answer.json()["mqtt"]["active"] is False


def test_wrong_drafts_are_refused(api: httpx.Client) -> None:
    for members, pointer in (
        ({"id": 5}, "/id"),
        ({"id": "a b"}, "/id"),
        ({"profile": "nothing"}, "/profile"),
        ({"location": {"type": "Point", "coordinates": [999, 0]}}, "/location"),
        ({"colour": "red"}, ""),
    ):
        answer = api.post(DEVICES, json={**DRAFT, **members})
        problem(answer, 400, "BadRequestData")
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["pointer"] == pointer, members
    assert api.get(DEVICES).json()["total"] == 0


def test_listing_and_counting(api: httpx.Client, database_url: str) -> None:
    fill_town(database_url, devices=20, hours=0.2, interval_s=60)
    page = api.get(f"{DEVICES}?limit=8").json()
    assert (len(page["devices"]), page["total"]) == (8, 20)
    following = api.get(f"{DEVICES}?limit=100&after={page['next']}").json()
    assert len(following["devices"]) == 12
    assert following["next"] is None
    ids = [each["id"] for each in page["devices"] + following["devices"]]
    assert ids == sorted(ids)
    parking = api.get(f"{DEVICES}?profile=parking").json()["devices"]
    assert [each["profile"] for each in parking] == ["parking"] * 3
    assert api.get(f"{DEVICES}?text=RIVER").json()["total"] == 2
    device = api.get(f"{DEVICES}/{ids[0]}").json()
    for counted in (device["messages"], device["values"]):
        parts = [counted[name] for name in ("stored", "duplicate", "corrected", "ignored", "quarantined")]
        assert counted["received"] == sum(parts) > 0
    assert device["lastSeen"].endswith("Z")


def test_quarantine_shows_what_was_put_aside(api: httpx.Client, database_url: str) -> None:
    database = open_database(database_url)
    store = Store(database)
    store.ingest(
        store.tenant("default"),
        [
            Delivery(
                device_id="aq-001",
                topic="machi/v1/default/aq-001/up",
                payload=payload,
                arrived_at=1_795_392_000_000_000,
                quarantine=QuarantineReason("not-json", "it is not JSON"),
            )
            for payload in (b"{oops", b"\xff\x00")
        ],
    )
    database.close()
    newest, older = api.get("/api/v1/quarantine").json()["messages"]
    assert (newest["payload"], newest["payloadEncoding"]) == ("/wA=", "base64")
    assert (older["payload"], older["payloadEncoding"], older["payloadSize"]) == ("{oops", "utf-8", 5)
    assert (older["reason"], older["arrivedAt"]) == ("not-json", "2026-11-23T00:00:00Z")
    rest = api.get(f"/api/v1/quarantine?limit=1&before={newest['id']}").json()["messages"]
    assert [each["id"] for each in rest] == [older["id"]]
    assert api.get("/api/v1/quarantine?device=other").json() == {"messages": []}


def test_profiles_are_listed(api: httpx.Client) -> None:
    profiles = {each["name"]: each for each in api.get("/api/v1/profiles").json()["profiles"]}
    assert profiles["air-quality"]["entityType"] == "AirQualityObserved"
    assert {"key": "pm25", "attribute": "pm25", "unitCode": "GQ"} in profiles["air-quality"]["fields"]
