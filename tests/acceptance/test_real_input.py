"""Data that nobody of the project wrote (MACHI_TEST_DATA): in by the real processes, read back by the API."""

import csv
import gzip
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.test_one_reading import Sensor
from tests.support.town import Town
from tests.support.waiting import wait_until

pytestmark = pytest.mark.mosquitto

HISTORY = "/ngsi-ld/v1/temporal/entities"


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    running = Town(tmp_path, MACHI_SIMULATE="0")
    running.start()
    yield running
    running.close()


@pytest.fixture
def api(town: Town) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=town.url, headers={"Authorization": f"Bearer {town.key}"}, timeout=30, trust_env=False
    ) as client:
        yield client


@pytest.fixture
def amedas() -> Path:
    return data("timeseries", "jp_amedas", "temperature_2023-08.csv.gz")


@pytest.fixture
def jartic() -> Path:
    return data("timeseries", "jp_jartic_kumamoto", "traffic_5min.csv.gz")


@pytest.fixture
def uplinks() -> Path:
    return data("payloads", "tts_v3")


def data(*parts: str) -> Path:
    """A file or folder of the real input; without it the test is skipped, by its name."""
    root = os.environ.get("MACHI_TEST_DATA", "")
    path = Path(root, *parts)
    if not root or not path.exists():
        pytest.skip(f"MACHI_TEST_DATA/{'/'.join(parts)} is not here")
    return path


def test_a_day_of_a_weather_station(amedas: Path, town: Town, api: httpx.Client) -> None:
    played = replay(town, amedas, "amedas-temperature", "2023-08-10", "--only", "amdno=44132")
    assert "23 messages published, 23 acknowledged" in played
    entity = "urn:ngsi-ld:WeatherObserved:amedas-44132"
    wait_for(lambda: stored(api, "amedas-44132") == 23)
    # What expected_counts.json says of this station and day, which was counted from the file itself
    values = history(api, entity, "temperature", "2023-08-09T15:00:00Z", "2023-08-10T15:00:00Z")
    assert len(values) == 23
    assert (min(values), max(values)) == (26.8, 33.9)
    assert round(sum(values) / len(values), 6) == 29.482609
    shown = api.get(f"/ngsi-ld/v1/entities/{entity}").json()
    assert shown["temperature"]["unitCode"] == "CEL"
    assert shown["name"]["value"] == "アメダス 東京"
    assert shown["temperature"]["observedAt"] <= "2023-08-10T14:00:00Z"
    again = replay(town, amedas, "amedas-temperature", "2023-08-10", "--only", "amdno=44132", "--backfill")
    assert "23 values: 0 stored, 23 there already, 0 corrected, 0 rows refused" in again
    assert counters(api, "amedas-44132")["received"] == 23
    assert values == history(api, entity, "temperature", "2023-08-09T15:00:00Z", "2023-08-10T15:00:00Z")


def test_a_day_of_traffic(jartic: Path, town: Town, api: httpx.Client) -> None:
    replay(town, jartic, "jartic-5min", "2026-07-28")
    expected = traffic_of(jartic, "2026-07-28")
    assert len(expected) == 8
    wait_for(
        lambda: sum(device["received"] for device in messages_of_all(api)) == messages_in(expected),
        timeout_s=60,
    )
    assert all(device["received"] == device["stored"] for device in messages_of_all(api))
    compared = 0
    for code, rows in expected.items():
        for direction, attribute in (("up", "traffic_up"), ("down", "traffic_down")):
            wanted = [float(row[attribute]) for row in rows if row[attribute] not in {"", "NA"}]
            entity = f"urn:ngsi-ld:TrafficFlowObserved:jartic-{code}-{direction}"
            found = history(api, entity, "intensity", "2026-07-27T15:00:00Z", "2026-07-28T15:00:00Z")
            assert found == wanted
            compared += len(found)
    assert compared > 4_000


def test_uplinks_of_lorawan_devices(uplinks: Path, town: Town, api: httpx.Client) -> None:
    lht65 = json.loads((uplinks / "captured_uplink_lht65.json").read_bytes())
    lht52 = json.loads((uplinks / "captured_uplink_lht52_device_info_port5.json").read_bytes())
    gateway = register(
        api, id="ttn-1", kind="gateway", adapter="tts_v3", application="smarthouse-22rdk-29600@ttn"
    )
    other = register(api, id="ttn-2", kind="gateway", adapter="tts_v3", application="piegn@ttn")
    register(api, id="lht65-4c84", profile="dragino-lht65", gateway="ttn-1")
    register(api, id="lht52-temp-1", profile="dragino-lht52", gateway="ttn-2")
    raw = {**lht65, "uplink_message": dict(lht65["uplink_message"])}
    del raw["uplink_message"]["decoded_payload"]
    uplink(town, gateway, "v3/smarthouse-22rdk-29600@ttn/devices/lht65-4c84/up", lht65, raw)
    uplink(town, other, "v3/piegn@ttn/devices/lht52-temp-1/up", lht52)
    wait_for(lambda: counters(api, "lht65-4c84")["received"] == 2)
    wait_for(lambda: stored(api, "lht52-temp-1") == 1)
    first = api.get("/ngsi-ld/v1/entities/urn:ngsi-ld:WeatherObserved:lht65-4c84").json()
    found = {name: first[name]["value"] for name in ("batteryVoltage", "temperature", "probeTemperature")}
    assert found == {"batteryVoltage": 3.103, "temperature": 14.65, "probeTemperature": 13.18}
    # 67.6 % in the payload; the data model has a fraction of 1
    assert (first["relativeHumidity"]["value"], first["relativeHumidity"]["unitCode"]) == (0.676, "C62")
    assert first["temperature"]["observedAt"] == "2021-11-11T08:33:34.926321Z"
    second = api.get("/ngsi-ld/v1/entities/urn:ngsi-ld:WeatherObserved:lht52-temp-1").json()
    assert second["batteryVoltage"] == {
        "type": "Property",
        "value": 3.054,
        "unitCode": "VLT",
        "observedAt": "2022-08-29T08:54:11.965576Z",
    }
    assert api.get("/api/v1/quarantine").json()["messages"] == []
    assert counters(api, "lht65-4c84")["duplicate"] == 1, "our codec reads the frame as TTN did"


def wait_for(holds: Callable[[], bool], timeout_s: float = 60.0) -> None:
    """Until something holds."""
    wait_until(lambda: holds() or None, timeout_s)


def replay(town: Town, file: Path, map_name: str, day: str, *options: str) -> str:
    """Play one day (JST) of a recording by the command; what it says at the end."""
    since, until = f"{day}T00:00:00+09:00", f"{day[:-2]}{int(day[-2:]) + 1:02}T00:00:00+09:00"
    command = ["replay", str(file), "--map", map_name, "--speed", "max", "--since", since, "--until", until]
    done = town.run(*command, *options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def traffic_of(file: Path, day: str) -> dict[str, list[dict[str, str]]]:
    """The rows of a day by point; a point whose rows lack its code is known by its coordinates."""
    with gzip.open(file, "rt", encoding="utf-8-sig", newline="") as text:
        rows = list(csv.DictReader(text))
    codes = {(row["lon"], row["lat"]): row["point_code"] for row in rows if row["point_code"]}
    found: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        if row["datetime"].startswith(day):
            found.setdefault(codes[row["lon"], row["lat"]], []).append(row)
    return {code: sorted(rows, key=lambda row: row["datetime"]) for code, rows in found.items()}


def messages_in(points: dict[str, list[dict[str, str]]]) -> int:
    """One message for each direction of a row that has any value of it."""
    kinds = ("", "_small", "_large", "_unidentified")
    rows = [row for rows in points.values() for row in rows]
    return sum(
        any(row[f"traffic_{direction}{kind}"] for kind in kinds)
        for row in rows
        for direction in ("up", "down")
    )


def history(api: httpx.Client, entity: str, attribute: str, start: str, end: str) -> list[float]:
    """The values of an attribute from the temporal API, oldest first."""
    window = {"timerel": "between", "timeAt": start, "endTimeAt": end}
    answer = api.get(
        f"{HISTORY}/{entity}", params={**window, "attrs": attribute, "options": "temporalValues"}
    )
    assert answer.status_code == 200, answer.text
    return [value for value, _ in answer.json()[attribute]["values"]]


def counters(api: httpx.Client, device: str) -> dict[str, int]:
    """The message counters of a device."""
    found: dict[str, int] = api.get(f"/api/v1/devices/{device}").json()["messages"]
    return found


def stored(api: httpx.Client, device: str) -> int:
    return counters(api, device)["stored"]


def messages_of_all(api: httpx.Client) -> list[dict[str, int]]:
    """The message counters of every device."""
    return [counters(api, device["id"]) for device in api.get("/api/v1/devices").json()["devices"]]


def register(api: httpx.Client, **draft: Any) -> dict[str, Any]:
    """Register a device or gateway; its answer."""
    answer = api.post("/api/v1/devices", json=draft)
    assert answer.status_code == 201, answer.text
    registered: dict[str, Any] = answer.json()
    return registered


def uplink(town: Town, gateway: dict[str, Any], topic: str, *messages: dict[str, Any]) -> None:
    """Publish as the network server does, with the gateway's credentials."""
    server = Sensor(town.mqtt_port, gateway["mqtt"]["username"], gateway["mqtt"]["password"])
    try:
        for message in messages:
            server.publish(topic, message)
    finally:
        server.close()
