"""Devices through the API on a real database: editing, finding, other hardware, who changed what."""

from typing import Any

import httpx
import pytest

from context_api.store.database import open_database
from context_api.store.device_states import set_states
from context_api.store.store import Store
from tests.integration.http.conftest import problem

DEVICES = "/api/v1/devices"
ENTITIES = "/ngsi-ld/v1/entities"
POINT = {"type": "Point", "coordinates": [139.4657, 35.7598]}
DRAFT: dict[str, Any] = {
    "id": "aq-001",
    "profile": "air-quality",
    "name": "本町一丁目",
    "location": POINT,
    "owner": "kankyo",
    "tags": ["station", "2026"],
    "serial": "SN-1",
    "notes": "柱の上\n高さ 3 m",
    "installedAt": "2026-11-20",
    "codecParameters": {"names": {"adc_1": "level"}},
    "messagesPerMinute": 6,
}


@pytest.fixture
def device(api: httpx.Client) -> dict[str, Any]:
    """A registered device; returns the answer to its registration."""
    answer: dict[str, Any] = api.post(DEVICES, json=DRAFT).json()
    return answer


def test_what_was_registered_is_shown(api: httpx.Client, device: dict[str, Any]) -> None:
    response = api.get(f"{DEVICES}/aq-001")
    assert response.headers["etag"] == '"1"'
    shown = response.json()
    assert {name: shown[name] for name in DRAFT} == {**DRAFT, "installedAt": "2026-11-19T15:00:00Z"}
    assert (shown["state"], shown["stateReason"], shown["lastSeen"]) == ("provisioned", None, None)
    assert (shown["battery"], shown["signal"], shown["firmware"]) == (None, None, None)
    assert shown["deviceEntityId"] == device["deviceEntityId"] == "urn:ngsi-ld:Device:aq-001"
    assert shown["hardware"] == []


def test_a_device_is_an_entity(api: httpx.Client, device: dict[str, Any]) -> None:
    [entity] = api.get(ENTITIES, params={"type": "Device", "options": "keyValues"}).json()
    since = entity.pop("dateInstalled")
    assert since == {"@type": "DateTime", "@value": "2026-11-19T15:00:00Z"}
    measured = entity.pop("controlledProperty")
    assert {"pm25", "temperature", "relativeHumidity"} <= set(measured)
    assert not {"location", "batteryLevel", "rssi", "firmwareVersion"} & set(measured)
    entity.pop("@context", None)
    assert entity == {
        "id": "urn:ngsi-ld:Device:aq-001",
        "type": "Device",
        "category": ["sensor"],
        "controlledAsset": "urn:ngsi-ld:AirQualityObserved:aq-001",
        "deviceState": "provisioned",
        "location": POINT,
        "name": "本町一丁目",
        "owner": ["kankyo"],
        "serialNumber": "SN-1",
    }


def test_editing(api: httpx.Client, device: dict[str, Any]) -> None:
    patch = {"name": "本町二丁目", "tags": ["station"], "notes": None, "static": {"areaServed": "本町"}}
    edited = api.patch(
        f"{DEVICES}/aq-001", json=patch, headers={"Content-Type": "application/merge-patch+json"}
    )
    assert edited.status_code == 200
    assert edited.headers["etag"] == '"2"'
    shown = edited.json()
    assert shown == api.get(f"{DEVICES}/aq-001").json()
    assert {name: shown[name] for name in ("name", "tags", "notes", "static", "owner")} == {
        "name": "本町二丁目",
        "tags": ["station"],
        "notes": None,
        "static": {"areaServed": "本町"},
        "owner": "kankyo",
    }
    entity = api.get(f"{ENTITIES}/urn:ngsi-ld:Device:aq-001", params={"options": "keyValues"}).json()
    assert entity["name"] == "本町二丁目"
    again = api.patch(f"{DEVICES}/aq-001", json=patch)
    assert (again.status_code, again.headers["etag"]) == (200, '"2"')  # nothing changed
    api.patch(f"{DEVICES}/aq-001", json={"owner": None, "location": None})
    entity = api.get(f"{ENTITIES}/urn:ngsi-ld:Device:aq-001", params={"options": "keyValues"}).json()
    assert "owner" not in entity
    assert "location" not in entity


def test_only_one_of_two_edits_of_one_revision_counts(api: httpx.Client, device: dict[str, Any]) -> None:
    path = f"{DEVICES}/aq-001"
    assert api.patch(path, json={"name": "a"}, headers={"If-Match": '"1"'}).status_code == 200
    late = api.patch(path, json={"name": "b"}, headers={"If-Match": '"1"'})
    assert late.status_code == 412
    assert late.json()["detail"] == "Device aq-001 is at revision 2, not 1; read it again"
    assert api.get(path).json()["name"] == "a"
    assert api.patch(path, json={"name": "c"}, headers={"If-Match": 'W/"2"'}).status_code == 200
    assert api.patch(path, json={"name": "d"}, headers={"If-Match": "*"}).status_code == 200
    problem(api.patch(path, json={"name": "e"}, headers={"If-Match": "2"}), 400, "BadRequestData")


WRONG_EDITS: list[tuple[Any, str, str]] = [
    ({"id": "aq-002"}, "/id", "stays"),
    ({"kind": "gateway"}, "/kind", "stays"),
    ({"state": "active"}, "/state", "cannot be edited; these can: profile"),
    ({"profile": "nothing"}, "/profile", "there is no profile 'nothing'"),
    ({"profile": None}, "/profile", "a device has a profile"),
    ({"location": {"coordinates": [999, 0]}}, "/location", "not on Earth"),
    ({"tags": ["a", "a"]}, "/tags", "twice"),
    ({"tags": ["a", 1]}, "/tags/1", "Expected `str`"),
    ({"gateway": "tts"}, "/gateway", "stays"),
    ({"expectedIntervalS": 0}, "/expectedIntervalS", "above 0"),
    ([], "", "one JSON object"),
]


def test_a_wrong_edit_says_what_and_where(api: httpx.Client, device: dict[str, Any]) -> None:
    for patch, pointer, detail in WRONG_EDITS:
        refused = api.patch(f"{DEVICES}/aq-001", json=patch)
        assert detail in problem(refused, 400, "BadRequestData"), patch
        assert refused.json()["pointer"] == pointer, patch
    assert api.get(f"{DEVICES}/aq-001").json()["revision"] == 1


def test_who_changed_what(api: httpx.Client, device: dict[str, Any], database_url: str) -> None:
    path = f"{DEVICES}/aq-001"
    api.patch(path, json={"name": "北", "codecParameters": {"names": {"adc_2": "depth"}}})
    database = open_database(database_url)
    access = Store(database).tenant("default")
    set_states(database, access.tenant_id, {"aq-001": "silent"}, "nothing for 10 min")
    database.close()
    api.delete(path)
    answer = api.get(f"{path}/changes").json()
    assert (answer["total"], answer["next"]) == (4, None)
    lines = [
        (one["number"], one["by"], one["action"], one["before"], one["after"], one["reason"])
        for one in answer["changes"]
    ]
    by = lines[1][1]
    assert lines[0] == (4, lines[0][1], "retired", {"state": "silent"}, {"state": "retired"}, None)
    assert lines[1] == (
        3,
        "liveness",
        "state",
        {"state": "provisioned"},
        {"state": "silent"},
        "nothing for 10 min",
    )
    assert by == "liveness"
    assert lines[2][2:] == (
        "edited",
        {"name": "本町一丁目", "codecParameters": {"names": {"adc_1": "level"}}},
        {"name": "北", "codecParameters": {"names": {"adc_1": "level", "adc_2": "depth"}}},
        None,
    )
    assert lines[3][2:4] == ("registered", {})
    assert device["mqtt"]["password"] not in str(answer)
    page = api.get(f"{path}/changes?limit=3").json()
    assert page["next"] == 2
    rest = api.get(f"{path}/changes?limit=3&before={page['next']}").json()
    assert [one["number"] for one in rest["changes"]] == [1]
    problem(api.get(f"{DEVICES}/none/changes"), 404, "ResourceNotFound")


def test_other_hardware(api: httpx.Client, device: dict[str, Any]) -> None:
    api.post(
        ENTITIES,
        json={
            "id": "urn:ngsi-ld:AirQualityObserved:aq-001",
            "type": "AirQualityObserved",
            "pm25": {"type": "Property", "value": 9.5},
        },
    )
    body = {"serial": "SN-2", "reason": "落雷", "installedAt": "2026-11-23T09:00:00+09:00"}
    answer = api.post(f"{DEVICES}/aq-001/replace-hardware", json=body)
    assert answer.status_code == 200
    replaced = answer.json()
    assert replaced["entityId"] == device["entityId"]
    assert replaced["serial"] == "SN-2"
    assert replaced["mqtt"]["username"] == device["mqtt"]["username"]
    assert replaced["mqtt"]["password"] != device["mqtt"]["password"]
    shown = api.get(f"{DEVICES}/aq-001").json()
    assert (shown["serial"], shown["installedAt"], shown["revision"]) == (
        "SN-2",
        "2026-11-23T00:00:00Z",
        2,
    )
    [former] = shown["hardware"]
    assert (former["serial"], former["installedAt"], former["reason"]) == (
        "SN-1",
        "2026-11-19T15:00:00Z",
        "落雷",
    )
    temporal = "/ngsi-ld/v1/temporal/entities"
    history = api.get(f"{temporal}/urn:ngsi-ld:Device:aq-001", params={"attrs": "serialNumber"}).json()
    assert {(one["value"], one["observedAt"]) for one in history["serialNumber"]} == {
        ("SN-1", "2026-11-19T15:00:00Z"),
        ("SN-2", "2026-11-23T00:00:00Z"),
    }
    marked = api.get(
        f"{temporal}/urn:ngsi-ld:AirQualityObserved:aq-001", params={"attrs": "refDevice"}
    ).json()["refDevice"]
    mark = marked if isinstance(marked, dict) else marked[0]
    assert mark["object"] == "urn:ngsi-ld:Device:aq-001"
    assert mark["serialNumber"]["value"] == "SN-2"
    assert mark["reason"]["value"] == "落雷"
    [newest, *_] = api.get(f"{DEVICES}/aq-001/changes").json()["changes"]
    assert (newest["action"], newest["reason"]) == ("hardware-replaced", "落雷")
    assert newest["before"]["serial"] == "SN-1"
    assert newest["after"]["serial"] == "SN-2"


WRONG_HARDWARE: list[tuple[Any, str]] = [
    ({"serial": ""}, "/serial"),
    ({"serial": 5}, "/serial"),
    ({"reason": "a\nb"}, "/reason"),
    ({"installedAt": "soon"}, "/installedAt"),
    ({"gatewayDevice": "x"}, "/gatewayDevice"),
    ({"colour": "red"}, ""),
    ([], ""),
]


def test_wrong_hardware(api: httpx.Client, device: dict[str, Any]) -> None:
    for body, pointer in WRONG_HARDWARE:
        refused = api.post(f"{DEVICES}/aq-001/replace-hardware", json=body)
        problem(refused, 400, "BadRequestData")
        assert refused.json()["pointer"] == pointer, body
    assert api.get(f"{DEVICES}/aq-001").json()["serial"] == "SN-1"


@pytest.fixture
def fleet(api: httpx.Client, database_url: str) -> None:
    """Five devices: three that were heard of."""
    for number, (name, owner, tags) in enumerate(
        [
            ("北口ロータリー", "kankyo", ["station"]),
            ("南口", "kankyo", ["station", "noise"]),
            ("River North", "kasen", []),
            ("ﾃｽﾄ 機", None, ["lab"]),
            (None, "kasen", []),
        ]
    ):
        draft = {
            "id": f"d-{number}",
            "profile": "noise" if number % 2 else "air-quality",
            "tags": tags,
            "serial": f"SN-00{number}",
            "location": {"type": "Point", "coordinates": [139.46 + number / 100, 35.75]},
        }
        draft |= {key: value for key, value in {"name": name, "owner": owner}.items() if value}
        assert api.post(DEVICES, json=draft).status_code == 201
    database = open_database(database_url)
    access = Store(database).tenant("default")
    set_states(database, access.tenant_id, {"d-0": "active", "d-1": "silent", "d-2": "faulty"}, "test")
    with database.connection() as connection:
        connection.execute(
            "insert into device_counter (tenant_id, device_id, last_seen) select id, each.device, each.at"
            " from tenant, (values ('d-0', '2026-11-23T03:00Z'::timestamptz), ('d-1', '2026-11-23T01:00Z'),"
            " ('d-2', '2026-11-23T02:00Z')) each (device, at) where name = 'default'"
        )
    database.close()


FOUND = [
    ("", "01234"),
    ("state=silent,faulty", "12"),
    ("state=retired", ""),
    ("owner=kankyo", "01"),
    ("tag=station", "01"),
    ("tag=station,noise", "1"),
    ("profile=noise", "13"),
    ("kind=gateway", ""),
    ("kind=device&state=provisioned", "34"),
    ("text=ろーたりー", "0"),  # hiragana finds katakana
    ("text=テスト", "3"),  # full width finds half width
    ("text=north RIVER", "2"),
    ("text=ＳＮ-003", "3"),
    ("text=kasen", "24"),
    ("text=lab", "3"),
    ("text=口", "01"),
    ("text=口 NOISE", "1"),
    ("text=100%25", ""),
    ("near=139.46,35.75&radius=950", "01"),
    ("near=139.46,35.75", "01"),
    ("near=139.46,35.75&radius=500", "0"),
    ("bbox=139.465,35.7,139.485,35.8", "12"),
    ("lastSeenAfter=2026-11-23T02:00:00Z", "02"),
    ("lastSeenBefore=2026-11-23T02:00:00Z", "134"),
    ("sort=-id", "43210"),
    ("sort=lastSeen", "12034"),
    ("sort=-lastSeen", "02134"),
    ("sort=owner", "01243"),
    ("sort=-createdAt&limit=2", "43"),
    ("sort=-createdAt&limit=2&offset=2", "21"),
    ("after=d-2", "34"),
    ("limit=2&after=d-0", "12"),
]
WRONG_QUESTIONS = [
    "state=broken",
    "kind=sensor",
    "near=139.46",
    "near=nan,35",
    "near=35.75,139.46",
    "radius=5",
    "bbox=1,2,3",
    "bbox=139.5,35,139.4,36",
    "lastSeenAfter=yesterday",
    "sort=colour",
    "sort=name&after=d-1",
    "offset=5&after=d-1",
    "colour=red",
]


@pytest.mark.usefixtures("fleet")
def test_finding(api: httpx.Client) -> None:
    for query, found in FOUND:
        page = api.get(f"{DEVICES}?{query}").json()
        assert "".join(one["id"].removeprefix("d-") for one in page["devices"]) == found, query
    for query in WRONG_QUESTIONS:
        assert api.get(f"{DEVICES}?{query}").status_code == 400, query
    page = api.get(f"{DEVICES}?limit=2&text=口").json()
    assert (page["total"], page["next"]) == (2, None)
    page = api.get(f"{DEVICES}?limit=2").json()
    assert (page["total"], page["next"]) == (5, "d-1")
    page = api.get(f"{DEVICES}?limit=2&after=d-1").json()
    assert (page["total"], page["next"]) == (5, "d-3")
    page = api.get(f"{DEVICES}?sort=-lastSeen&limit=2").json()
    assert (page["total"], page["next"]) == (5, None)


def test_battery_signal_and_firmware_come_from_the_entities(
    api: httpx.Client, device: dict[str, Any]
) -> None:
    older, newer = "2026-11-23T00:00:00Z", "2026-11-23T00:05:00Z"
    api.post(
        ENTITIES,
        json={
            "id": device["entityId"],
            "type": "AirQualityObserved",
            "batteryLevel": {"type": "Property", "value": 0.5, "observedAt": newer},
            "rssi": {"type": "Property", "value": -60, "observedAt": older},
        },
    )
    attributes = {
        "batteryLevel": {"type": "Property", "value": 0.9, "observedAt": older},
        "rssi": {"type": "Property", "value": -71, "observedAt": newer},
        "firmwareVersion": {"type": "Property", "value": "1.4.2"},
    }
    path = f"{ENTITIES}/{device['deviceEntityId']}/attrs"
    assert api.post(path, json=attributes).status_code == 204
    shown = api.get(f"{DEVICES}/aq-001").json()
    assert (shown["battery"], shown["signal"], shown["firmware"]) == (0.5, -71, "1.4.2")
    assert api.get(DEVICES).json()["devices"][0]["battery"] == 0.5


def test_another_tenant_reaches_nothing(api: httpx.Client, device: dict[str, Any]) -> None:
    other = {"NGSILD-Tenant": "other"}
    api.post(DEVICES, json={"id": "x", "profile": "noise"}, headers=other)
    path = f"{DEVICES}/aq-001"
    for refused in (
        api.get(path, headers=other),
        api.patch(path, json={"name": "x"}, headers=other),
        api.delete(path, headers=other),
        api.get(f"{path}/changes", headers=other),
        api.post(f"{path}/replace-hardware", json={"serial": "x"}, headers=other),
    ):
        problem(refused, 404, "ResourceNotFound")
    assert [one["id"] for one in api.get(DEVICES, headers=other).json()["devices"]] == ["x"]
    entities = api.get(ENTITIES, params={"type": "Device"}, headers=other).json()
    assert [one["id"] for one in entities] == ["urn:ngsi-ld:Device:x"]
    assert api.get(path).json()["revision"] == 1
    # the same id in both: two devices
    api.post(DEVICES, json={"id": "aq-001", "profile": "noise"}, headers=other)
    api.patch(path, json={"name": "theirs"}, headers=other)
    assert api.get(path).json()["name"] == "本町一丁目"


def test_a_retired_device_is_listed_and_may_come_back(api: httpx.Client, device: dict[str, Any]) -> None:
    path = f"{DEVICES}/aq-001"
    assert api.delete(path).status_code == 204
    assert api.get(DEVICES).json()["total"] == 0
    [retired] = api.get(f"{DEVICES}?state=retired").json()["devices"]
    assert (retired["state"], retired["serial"]) == ("retired", "SN-1")
    assert retired["retiredAt"] is not None
    entity = api.get(f"{ENTITIES}/urn:ngsi-ld:Device:aq-001", params={"options": "keyValues"}).json()
    assert entity["deviceState"] == "retired"
    problem(api.patch(path, json={"name": "x"}), 404, "ResourceNotFound")
    again = api.post(DEVICES, json=DRAFT | {"serial": "SN-9"})
    assert again.status_code == 201
    assert again.headers["etag"] == '"3"'
    entity = api.get(f"{ENTITIES}/urn:ngsi-ld:Device:aq-001", params={"options": "keyValues"}).json()
    assert (entity["deviceState"], entity["serialNumber"]) == ("provisioned", "SN-9")
    [former] = api.get(path).json()["hardware"]
    assert (former["serial"], former["reason"]) == ("SN-1", "retired")
    assert former["removedAt"] == retired["retiredAt"]
