"""One reading from the sensor to the partner and the chart, through the real processes, access on.

MQTT publish -> PUBACK -> row -> entity -> webhook at a real HTTP receiver -> temporal query -> counters; on
the embedded PostgreSQL and, marked `timescale`, on a TimescaleDB.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import paho.mqtt.client as mqtt
import psycopg
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from tests.support.receiver import Receiver
from tests.support.town import Town
from tests.support.waiting import wait_until

ENTITY = "urn:ngsi-ld:AirQualityObserved:aq-001"
ROW = """
select o.at, o.value, o.has_observed_at
from machi.observation o join machi.series s on s.id = o.series_id join machi.term t on t.id = s.attribute_id
where s.entity_id = %s and t.iri = 'https://uri.etsi.org/ngsi-ld/default-context/pm25'
order by o.at
"""


class Sensor:
    """A stranger: it knows the address, its name and its password."""

    def __init__(self, port: int, username: str, password: str) -> None:
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=username.replace("/", "-"))
        self._client.username_pw_set(username, password)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def publish(self, topic: str, payload: Any) -> None:
        """QoS 1; returns when the broker's PUBACK is there."""
        sent = self._client.publish(topic, json.dumps(payload), qos=1)
        sent.wait_for_publish(10)
        assert sent.is_published()
        assert sent.rc is MQTTErrorCode.MQTT_ERR_SUCCESS

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    running = Town(tmp_path, MACHI_SIMULATE="0")
    running.start()
    yield running
    running.close()


@pytest.fixture
def timescale_town(tmp_path: Path, empty_database_url: str) -> Iterator[Town]:
    """The same processes on somebody else's database."""
    running = Town(tmp_path, MACHI_SIMULATE="0", MACHI_DATABASE_URL=empty_database_url)
    running.start()
    yield running
    running.close()


@pytest.mark.mosquitto
def test_one_reading_arrives_everywhere(town: Town, http_receiver: Receiver) -> None:
    database_url = json.loads((town.data / "running.json").read_text())["database_url"]
    _follow_one_reading(town, http_receiver, database_url)


@pytest.mark.mosquitto
@pytest.mark.timescale
def test_one_reading_arrives_everywhere_on_timescale(
    timescale_town: Town, http_receiver: Receiver, empty_database_url: str
) -> None:
    _follow_one_reading(timescale_town, http_receiver, empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        hypertables = connection.execute(
            "select hypertable_name from timescaledb_information.hypertables"
        ).fetchall()
    assert ("observation",) in hypertables


def _follow_one_reading(town: Town, receiver: Receiver, database_url: str) -> None:
    with httpx.Client(base_url=town.url, headers={"Authorization": f"Bearer {town.key}"}, timeout=30) as api:
        _subscribe(api, receiver)
        device = _register(api)
        before = datetime.now(UTC).replace(microsecond=0)
        sensor = Sensor(town.mqtt_port, device["mqtt"]["username"], device["mqtt"]["password"])
        try:
            sensor.publish(
                device["mqtt"]["topic"],
                {
                    "observedAt": before.isoformat(),
                    "pm25": 12.3,
                    "temperature": {"value": 18, "unitCode": "CEL"},
                },
            )
            sensor.publish(device["mqtt"]["topic"], {"pm25": "a word"})
        finally:
            sensor.close()
        _see_the_webhook(receiver, before)
        _see_the_row(database_url, before)
        _see_the_entity(api, before)
        _see_the_history(api, before)
        _see_the_counters(api)


def _subscribe(api: httpx.Client, receiver: Receiver) -> None:
    answer = api.post(
        "/ngsi-ld/v1/subscriptions",
        json={
            "type": "Subscription",
            "entities": [{"type": "AirQualityObserved"}],
            "watchedAttributes": ["pm25"],
            "notification": {"endpoint": {"uri": f"{receiver.url}/hook"}},
        },
    )
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"].startswith("/ngsi-ld/v1/subscriptions/urn:ngsi-ld:Subscription:")


def _register(api: httpx.Client) -> dict[str, Any]:
    location = {"type": "Point", "coordinates": [139.4685, 35.7546]}
    answer = api.post(
        "/api/v1/devices", json={"id": "aq-001", "profile": "air-quality", "location": location}
    )
    assert answer.status_code == 201, answer.text
    device: dict[str, Any] = answer.json()
    assert urlsplit(device["mqtt"]["topic"]).path == "machi/v1/default/aq-001/up"
    return device


def _see_the_webhook(receiver: Receiver, at: datetime) -> None:
    request = receiver.wait_for(1, timeout_s=15)[0]
    assert (request.method, request.path) == ("POST", "/hook")
    assert request.headers["content-type"] == "application/json"
    notification = request.json
    assert notification["type"] == "Notification"
    [entity] = notification["data"]
    assert entity["id"] == ENTITY
    assert entity["pm25"]["value"] == 12.3
    assert entity["pm25"]["observedAt"] == _utc(at)


def _see_the_row(database_url: str, at: datetime) -> None:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(ROW, [ENTITY]).fetchall()
    assert rows == [(at, 12.3, True)]


def _see_the_entity(api: httpx.Client, at: datetime) -> None:
    entity = api.get(f"/ngsi-ld/v1/entities/{ENTITY}").json()
    assert entity["type"] == "AirQualityObserved"
    assert entity["pm25"] == {"type": "Property", "value": 12.3, "unitCode": "GQ", "observedAt": _utc(at)}
    assert entity["temperature"]["value"] == 18
    assert entity["temperature"]["unitCode"] == "CEL"
    assert entity["location"]["value"] == {"type": "Point", "coordinates": [139.4685, 35.7546]}
    assert entity["refDevice"]["object"] == "urn:ngsi-ld:Device:aq-001"
    [listed] = api.get(
        "/ngsi-ld/v1/entities", params={"type": "AirQualityObserved", "options": "keyValues"}
    ).json()
    assert (listed["id"], listed["pm25"]) == (ENTITY, 12.3)


def _see_the_history(api: httpx.Client, at: datetime) -> None:
    params = {"timerel": "after", "timeAt": _utc(at), "attrs": "pm25", "options": "temporalValues"}
    history = api.get(f"/ngsi-ld/v1/temporal/entities/{ENTITY}", params=params).json()
    assert history["pm25"]["values"] == [[12.3, _utc(at)]]


def _see_the_counters(api: httpx.Client) -> None:
    def settled() -> dict[str, Any] | None:
        device: dict[str, Any] = api.get("/api/v1/devices/aq-001").json()
        return device if device["messages"]["received"] == 2 else None

    counters = wait_until(settled)
    assert counters["messages"] == {
        "received": 2,
        "stored": 1,
        "duplicate": 0,
        "corrected": 0,
        "ignored": 0,
        "quarantined": 1,
    }
    [bad] = api.get("/api/v1/quarantine").json()["messages"]
    assert (bad["deviceId"], bad["reason"]) == ("aq-001", "bad-value")


def _utc(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
