"""Messages by HTTP: who is let in, what is answered, what is counted, and that both doors are one."""

import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx
import pytest

from context_api.http.settings import ApiSettings
from context_api.store.database import Database, open_database
from context_api.store.store import Store
from devices.model import DeviceDraft, Registered
from devices.registry import DeviceRegistry
from tests.integration.http.conftest import SECRET, Serve, problem

AT = "2026-11-20T09:00:00+09:00"
MEASURE = {"observedAt": AT, "pm25": 12.3, "temperature": 18.4}
INGEST = "/api/v1/ingest"
Headers = dict[str, str]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def registry(database: Database) -> DeviceRegistry:
    return DeviceRegistry(database, hash_key=SECRET)


@pytest.fixture
def locked(settings: ApiSettings, serve: Serve) -> httpx.Client:
    """The API with access control."""
    return serve(replace(settings, auth=True))


def register(database: Database, registry: DeviceRegistry, **members: Any) -> tuple[str, str]:
    """Register, and give user name and password."""
    access = Store(database).tenant("default")
    registered = registry.register(access, DeviceDraft(**members))
    assert isinstance(registered, Registered)
    if registered.credentials is None:
        return "", ""
    return registered.credentials.username, registered.credentials.password


def basic(username: str, password: str) -> Headers:
    return {"Authorization": "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()}


def counters(database: Database, device: str) -> Any:
    """The counters of a device, whose equation must hold."""
    store = Store(database)
    (found,) = store.get_device_counters(store.tenant("default"), device)
    for unit in ("messages", "values"):
        parts = ("stored", "duplicate", "corrected", "ignored", "quarantined")
        total = sum(getattr(found, f"{unit}_{part}") for part in parts)
        assert getattr(found, f"{unit}_received") == total
    return found


def test_a_device_pushes_with_its_own_secret(
    locked: httpx.Client, database: Database, registry: DeviceRegistry, key: str
) -> None:
    user, password = register(database, registry, id="aq-001", profile="air-quality")
    for number, headers in enumerate(
        (
            basic(user, password),
            basic("aq-001", password),
            {"Authorization": f"Bearer {password}"},
            {"Authorization": f"Bearer {key}"},
        )
    ):
        measure = MEASURE | {"observedAt": f"2026-11-20T09:0{number}:00Z"}
        answer = locked.post(f"{INGEST}/aq-001", json=measure, headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.json()["result"] == "stored"
        assert answer.json()["values"] == {
            "received": 2, "stored": 2, "duplicate": 0, "corrected": 0, "ignored": 0, "quarantined": 0
        }  # fmt: skip
    entity = locked.get(
        "/ngsi-ld/v1/entities/urn:ngsi-ld:AirQualityObserved:aq-001",
        headers={"Authorization": f"Bearer {key}"},
    ).json()
    assert "12.3" in json.dumps(entity)
    assert counters(database, "aq-001").messages_stored == 4


def test_nobody_else_is_let_in(
    locked: httpx.Client, database: Database, registry: DeviceRegistry, key: str
) -> None:
    user, password = register(database, registry, id="aq-001", profile="air-quality")
    other, other_password = register(database, registry, id="aq-002", profile="air-quality")
    path = f"{INGEST}/aq-001"
    refused = locked.post(path, json=MEASURE)
    assert refused.headers["www-authenticate"]
    problem(refused, 401, "about:blank")
    problem(locked.post(path, json=MEASURE, headers=basic(user, "wrong")), 401, "about:blank")
    problem(locked.post(path, json=MEASURE, headers=basic(other, other_password)), 403, "about:blank")
    problem(
        locked.post(path, json=MEASURE, headers={"Authorization": f"Bearer {other_password}"}),
        401,
        "about:blank",
    )
    problem(locked.post(path, json=MEASURE, headers={"Authorization": "Digest x"}), 401, "about:blank")
    unknown = {"Authorization": "Bearer machi_aaaaaaaa_" + "a" * 32}
    problem(locked.post(path, json=MEASURE, headers=unknown), 401, "about:blank")
    with_key = {"Authorization": f"Bearer {key}"}
    problem(locked.post(f"{INGEST}/nobody", json=MEASURE, headers=with_key), 404, "ResourceNotFound")
    registry.retire(Store(database).tenant("default"), "aq-001")
    problem(locked.post(path, json=MEASURE, headers=basic(user, password)), 401, "about:blank")
    assert Store(database).get_device_counters(Store(database).tenant("default")) == []


def test_guessing_is_slowed_down_and_the_right_one_stays_in(
    locked: httpx.Client, database: Database, registry: DeviceRegistry
) -> None:
    user, password = register(database, registry, id="aq-001", profile="air-quality")
    other, other_password = register(database, registry, id="aq-002", profile="air-quality")
    answers = [
        locked.post(f"{INGEST}/aq-001", json=MEASURE, headers=basic(user, f"guess{n}")) for n in range(12)
    ]
    assert [answer.status_code for answer in answers[:10]] == [401] * 10
    assert answers[11].status_code == 429
    assert int(answers[11].headers["retry-after"]) >= 1
    good = locked.post(f"{INGEST}/aq-002", json=MEASURE, headers=basic(other, other_password))
    assert good.status_code == 200
    assert password


def test_what_comes_again_is_stored_once(
    api: httpx.Client, database: Database, registry: DeviceRegistry
) -> None:
    register(database, registry, id="aq-001", profile="air-quality")
    path = f"{INGEST}/aq-001"
    assert [api.post(path, json=MEASURE).json()["result"] for _ in range(2)] == ["stored", "duplicate"]
    untimed = {"pm25": 1.5}
    headers = {"Idempotency-Key": "f81d4fae"}
    results = [api.post(path, json=untimed, headers=headers).json()["result"] for _ in range(2)]
    assert results == ["stored", "duplicate"]
    assert api.post(path, json=untimed).json()["result"] == "stored"
    assert api.post(path, json=MEASURE | {"pm25": 9}).json()["values"]["corrected"] == 1
    found = counters(database, "aq-001")
    assert (found.messages_received, found.messages_stored, found.messages_duplicate) == (6, 3, 2)
    assert found.messages_corrected == 1


def test_the_same_key_at_the_same_time_is_stored_once(
    api: httpx.Client, database: Database, registry: DeviceRegistry
) -> None:
    register(database, registry, id="aq-001", profile="air-quality")

    def push(_: int) -> str:
        headers = {"Idempotency-Key": "same"}
        return str(api.post(f"{INGEST}/aq-001", json={"pm25": 1.5}, headers=headers).json()["result"])

    with ThreadPoolExecutor(8) as pool:
        results = sorted(pool.map(push, range(24)))
    assert results == ["duplicate"] * 23 + ["stored"]
    assert counters(database, "aq-001").messages_duplicate == 23


def test_bad_messages_are_put_aside_and_told(
    api: httpx.Client, database: Database, registry: DeviceRegistry
) -> None:
    register(database, registry, id="aq-001", profile="air-quality")
    path = f"{INGEST}/aq-001"
    answer = api.post(path, content=b"{oops", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 202
    assert (answer.json()["result"], answer.json()["reason"]) == ("quarantined", "bad-json")
    assert api.post(path, json={"colour": "red"}).json()["reason"] == "no-known-key"
    assert api.post(path, json={"pm25": "much"}).json()["values"]["quarantined"] == 1
    kept = api.get("/api/v1/quarantine").json()["messages"]
    assert [each["reason"] for each in kept] == ["bad-value", "no-known-key", "bad-json"]
    problem(api.post(path, content=b""), 400, "InvalidRequest")
    problem(api.post(path, content=b"x" * (1024 * 1024 + 1)), 413, "about:blank")
    problem(api.post(f"{path}?device=x", json=MEASURE), 400, "BadRequestData")
    problem(api.post(f"{path}?colour=x", json=MEASURE), 400, "InvalidRequest")
    assert counters(database, "aq-001").messages_quarantined == 3


def test_webhooks_of_network_servers_speak_for_their_devices(
    api: httpx.Client, database: Database, registry: DeviceRegistry
) -> None:
    register(database, registry, id="tts", kind="gateway", adapter="tts_v3", application="town@ttn")
    register(database, registry, id="aq-007", profile="air-quality", gateway="tts", gateway_device="eui-7")
    register(database, registry, id="chirp", kind="gateway", adapter="chirpstack_v4", application="app-1")
    register(
        database,
        registry,
        id="aq-008",
        profile="air-quality",
        gateway="chirp",
        gateway_device="0000000000000008",
    )
    uplink = {
        "end_device_ids": {"device_id": "eui-7"},
        "received_at": "2026-11-20T00:00:00Z",
        "uplink_message": {"decoded_payload": {"pm25": 7.5}, "received_at": "2026-11-20T00:00:00Z"},
    }
    stored = api.post(f"{INGEST}/tts", json=uplink)
    assert (stored.json()["result"], stored.json()["device"]) == ("stored", "aq-007"), stored.text
    event = {
        "time": "2026-11-20T00:00:00Z",
        "deviceInfo": {"devEui": "0000000000000008"},
        "fPort": 1,
        "object": {"pm25": 8.5},
    }
    stored = api.post(f"{INGEST}/chirp?event=up", json=event)
    assert (stored.json()["result"], stored.json()["device"]) == ("stored", "aq-008"), stored.text
    stranger = api.post(f"{INGEST}/tts", json=uplink | {"end_device_ids": {"device_id": "eui-9"}})
    assert (stranger.status_code, stranger.json()["reason"]) == (202, "unknown-device")
    nameless = api.post(f"{INGEST}/tts", json={"uplink_message": {}})
    assert (nameless.status_code, nameless.json()["reason"]) == (202, "no-sender")
    assert counters(database, "aq-007").messages_stored == 1


def test_fiware_devices_move_over(
    settings: ApiSettings, serve: Serve, database: Database, registry: DeviceRegistry
) -> None:
    application = "4jggokgpepnvsb2uv4s40d59ov"
    user, password = register(
        database, registry, id="iota", kind="gateway", adapter="iotagent_json", application=application
    )
    register(database, registry, id="ul", kind="gateway", adapter="ultralight", application="ulkey")
    register(database, registry, id="aq-1", profile="air-quality", gateway="iota", gateway_device="s1")
    register(database, registry, id="aq-2", profile="air-quality", gateway="ul", gateway_device="s2")
    strict = serve(replace(settings, auth=True))
    path = f"/iot/json?k={application}&i=s1"
    problem(strict.post(path, json={"pm25": 5}), 401, "about:blank")
    assert strict.post(path, json={"pm25": 5}, headers=basic(user, password)).json()["result"] == "stored"
    easy = serve(replace(settings, auth=True, fiware_keys=True))
    assert easy.post(f"{path}&t=2026-11-20T09:00:00Z", json={"pm25": 6}).json()["result"] == "stored"
    assert easy.post(f"{path}&t=2026-11-20T09:00:00Z", json={"pm25": 6}).json()["result"] == "duplicate"
    problem(easy.post("/iot/json?k=ulkey&i=s1", json={"pm25": 6}), 401, "about:blank")
    problem(easy.post("/iot/json?k=nobody&i=s1", json={"pm25": 6}), 401, "about:blank")
    problem(easy.post(f"/iot/json?k={application}", json={"pm25": 6}), 400, "BadRequestData")
    posted = easy.post("/iot/d?k=ulkey&i=s2&t=2026-11-20T09:00:00Z", content="pm25|7.5#temperature|20")
    assert (posted.json()["result"], posted.json()["values"]["stored"]) == ("stored", 2), posted.text
    got = easy.get("/iot/d", params={"k": "ulkey", "i": "s2", "d": "pm25|8.5", "t": "2026-11-20T09:01:00Z"})
    assert got.json()["result"] == "stored", got.text
    single = easy.post(f"/iot/json/attrs/pm25?k={application}&i=s1", content="9.5")
    assert single.json()["result"] == "stored", single.text
    assert counters(database, "aq-1").messages_stored == 3
    assert counters(database, "aq-2").values_stored == 3


def test_a_station_of_sensor_community_pushes_as_it_is(
    locked: httpx.Client, database: Database, registry: DeviceRegistry
) -> None:
    station = "esp8266-12331981"
    user, password = register(
        database, registry, id=station, profile="air-quality", adapter="sensor_community"
    )
    body = {
        "software_version": "NRZ-2020-133",
        "sensordatavalues": [{"value_type": "SDS_P2", "value": "5.30"}],
    }
    headers = basic(user, password) | {"X-Sensor": station, "X-Pin": "1"}
    stored = locked.post(f"{INGEST}/{station}", json=body, headers=headers)
    assert stored.json()["values"]["received"] == 1, stored.text
    other = locked.post(f"{INGEST}/{station}", json=body, headers=headers | {"X-Sensor": "esp8266-1"})
    assert (other.status_code, other.json()["reason"]) == (202, "other-device")


def test_one_that_floods_is_told_to_wait(
    settings: ApiSettings, serve: Serve, database: Database, registry: DeviceRegistry
) -> None:
    register(database, registry, id="aq-001", profile="air-quality")
    register(database, registry, id="aq-002", profile="air-quality")
    api = serve(replace(settings, device_rate=1.0))
    answers = [api.post(f"{INGEST}/aq-001", json={"pm25": n}) for n in range(12)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) > 1
    assert api.post(f"{INGEST}/aq-002", json=MEASURE).status_code == 200
    assert counters(database, "aq-001").messages_received == 10


def test_many_at_a_time_share_transactions(
    settings: ApiSettings, serve: Serve, database: Database, registry: DeviceRegistry
) -> None:
    for number in range(8):
        register(database, registry, id=f"aq-{number}", profile="air-quality")
    api = serve(settings)

    def push(number: int) -> str:
        at = f"2026-11-20T{number // 60:02}:{number % 60:02}:00Z"
        answer = api.post(f"{INGEST}/aq-{number % 8}", json={"observedAt": at, "pm25": number})
        return str(answer.json()["result"])

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(push, range(400))) == {"stored"}
    assert sum(counters(database, f"aq-{number}").messages_stored for number in range(8)) == 400
    metrics = api.get("/metrics").text
    batches = float(
        next(line for line in metrics.splitlines() if line.startswith("machi_http_pushes_batches ")).split()[
            1
        ]
    )
    assert batches < 400
