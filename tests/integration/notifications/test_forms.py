"""Forms of notifications from end to end: MQTT to a real broker, linked entities, what changed, GeoJSON."""

import json
import logging
import uuid
from collections.abc import Iterator
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from context_api.ngsild.contexts import core_context
from context_api.ngsild.subscription import Subscription, change_subscription, parse_fragment
from context_api.notifications.retry import RetryPolicy
from context_api.store.subscriptions import StoredSubscription
from deploy.embedded.mosquitto import Mosquitto
from tests.conftest import MosquittoFactory
from tests.integration.notifications.test_dispatcher import wait_until
from tests.integration.notifications.test_process import City, StartNotifier, only
from tests.integration.notifications.writer import Connection, get_counters
from tests.support.receiver import Answer, Receiver

SECRET = "Zq7-hidden-word-4711"
SUBSCRIPTION = "urn:ngsi-ld:Subscription:s"


class Listener:
    """An MQTT 5.0 client that keeps what it receives of a topic."""

    def __init__(self, broker: Mosquitto, topic: str) -> None:
        self.messages: list[paho.MQTTMessage] = []
        self._granted = False
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self._client.on_message = lambda client, data, message: self.messages.append(message)
        self._client.on_subscribe = self._on_subscribe
        self._client.on_connect = lambda client, *_: client.subscribe(topic, qos=2)
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()
        wait_until(lambda: self._granted)

    def _on_subscribe(
        self, client: paho.Client, data: Any, mid: int, reasons: list[ReasonCode], more: Properties | None
    ) -> None:
        self._granted = True

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.mark.parametrize("qos", ["0", "1", "2"])
@pytest.mark.parametrize("version", ["mqtt3.1.1", "mqtt5.0"])
def test_mqtt_messages_reach_a_broker(
    *,
    city: City,
    writer: Connection,
    start_notifier: StartNotifier,
    mosquitto: Mosquitto,
    http_receiver: Receiver,
    version: str,
    qos: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    topic = f"town/{uuid.uuid4().hex}/水位"
    listener = Listener(mosquitto, topic)
    endpoint = {
        "uri": f"mqtt://town:{SECRET}@127.0.0.1:{mosquitto.port}/{topic}",
        "receiverInfo": [{"key": "X-Town", "value": "東村山"}],
        "notifierInfo": [{"key": "MQTT-Version", "value": version}, {"key": "MQTT-QoS", "value": qos}],
        "secrets": [SECRET],
    }
    key = city.subscribe(http_receiver, notification={"endpoint": endpoint, "format": "keyValues"})
    start_notifier()
    for value in range(5):
        city.create(value, t={"value": value})
    wait_until(lambda: len(listener.messages) == 5)
    listener.close()
    received = [json.loads(message.payload) for message in listener.messages]
    assert sorted(one["body"]["data"][0]["t"] for one in received) == [0, 1, 2, 3, 4]
    for message, one in zip(listener.messages, received, strict=True):
        assert one.keys() == {"metadata", "body"}
        assert one["metadata"].items() >= {"Content-Type": "application/json", "X-Town": "東村山"}.items()
        assert one["metadata"]["Link"].startswith("<https://uri.etsi.org/ngsi-ld/v1/")
        assert "Machi-Signature" in one["metadata"]
        assert message.qos == int(qos)
        assert message.properties is not None
        told = dict(getattr(message.properties, "UserProperty", []))
        assert told == (one["metadata"] if version == "mqtt5.0" else {})
    wait_until(lambda: get_counters(writer, key)["delivered"] == 5)
    assert SECRET not in caplog.text


def test_a_broker_that_is_away_is_tried_again(
    *,
    city: City,
    writer: Connection,
    start_notifier: StartNotifier,
    http_receiver: Receiver,
    free_port: int,
    mosquitto_factory: MosquittoFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    endpoint = {
        "uri": f"mqtt://town:{SECRET}@127.0.0.1:{free_port}/town",
        "notifierInfo": [{"key": "MQTT-QoS", "value": "1"}],
    }
    city.subscribe(http_receiver, notification={"endpoint": endpoint})
    start_notifier()
    city.create()

    def last_error() -> str:
        row = writer.execute("select last_error from subscription_counter").fetchone()
        return str(row and row[0])

    wait_until(lambda: "no connection to the MQTT broker" in last_error())
    broker = mosquitto_factory(port=free_port)
    listener = Listener(broker, "town")
    city.update(t={"value": 2})
    wait_until(lambda: bool(listener.messages))
    listener.close()
    assert SECRET not in caplog.text
    assert SECRET not in last_error()


def test_linked_entities_are_fetched_when_the_notification_is_written(
    city: City, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    city.create(2, t={"value": 2}, next={"object": "urn:ngsi-ld:Weather:3"})
    city.create(3, t={"value": 3})
    notification = {
        "format": "keyValues",
        "join": "inline",
        "joinLevel": 2,
        "pick": ["id", "next{t,next{t}}"],
    }
    city.subscribe(http_receiver, notification=notification)
    start_notifier()
    city.create(1, next={"object": "urn:ngsi-ld:Weather:2"})
    assert only(http_receiver).json["data"] == [
        {"id": "urn:ngsi-ld:Weather:1", "next": {"t": 2, "next": {"t": 3}}}
    ]


def test_what_changed_is_shown(city: City, http_receiver: Receiver, start_notifier: StartNotifier) -> None:
    city.create(t={"value": 1})
    triggers = ["attributeUpdated", "entityDeleted"]
    city.subscribe(
        http_receiver, notificationTrigger=triggers, notification={"showChanges": True, "format": "concise"}
    )
    start_notifier()
    city.update(t={"value": 2})
    http_receiver.wait_for(1)
    city.delete()
    _, deleted = [one.json["data"][0] for one in http_receiver.wait_for(2)]
    assert http_receiver.wait_for(1)[0].json["data"][0]["t"] == {"value": 2, "previousValue": 1}
    assert deleted["t"] == {"value": "urn:ngsi-ld:null", "previousValue": 2}


@pytest.mark.parametrize("prefers_json", [False, True])
def test_geojson_carries_its_context_unless_asked_not_to(
    city: City, http_receiver: Receiver, start_notifier: StartNotifier, prefers_json: bool
) -> None:
    info = [{"key": "Prefer", "value": "body=json"}] if prefers_json else [{"key": "X-A", "value": "b"}]
    endpoint = {"accept": "application/geo+json", "receiverInfo": info}
    city.subscribe(http_receiver, notification={"endpoint": endpoint, "format": "keyValues"})
    start_notifier()
    city.create(location={"type": "Point", "coordinates": [139.5, 35.7]})
    request = only(http_receiver)
    data = request.json["data"]
    assert (data["type"], data["features"][0]["geometry"]["coordinates"]) == (
        "FeatureCollection",
        [139.5, 35.7],
    )
    assert request.headers["content-type"] == "application/geo+json"
    assert ("@context" in data, "link" in request.headers) == (not prefers_json, prefers_json)


def test_nothing_is_sent_where_nothing_is_left(
    city: City, writer: Connection, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    key = city.subscribe(http_receiver, notification={"pick": ["nothing"]})
    start_notifier()
    city.create()
    wait_until(lambda: get_counters(writer, key)["waiting"] == 0)
    counters = get_counters(writer, key)
    assert (counters["matched"], counters["cancelled"], counters["sent"]) == (1, 1, 0)
    assert http_receiver.requests == []


def test_a_query_about_linked_entities_is_judged_by_what_they_are(
    city: City, writer: Connection, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    for number, value in ((8, 1), (9, 5)):
        city.create(number, t={"value": value})
    key = city.subscribe(http_receiver, q="next{t}>3", notification={"format": "keyValues", "pick": ["id"]})
    start_notifier()
    city.create(1, next={"object": "urn:ngsi-ld:Weather:8"})
    city.create(2, next={"object": "urn:ngsi-ld:Weather:9"})
    assert only(http_receiver).json["data"] == [{"id": "urn:ngsi-ld:Weather:2"}]
    wait_until(lambda: get_counters(writer, key)["waiting"] == 0)
    counters = get_counters(writer, key)
    assert (counters["delivered"], counters["cancelled"]) == (1, 1)


def test_a_mended_endpoint_is_tried_at_once_and_in_the_new_form(
    city: City, http_receiver: Receiver, second_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    http_receiver.always = Answer(500)
    city.subscribe(http_receiver)
    start_notifier(retry=RetryPolicy(first_s=100_000.0, longest_s=100_000.0))
    city.create(t={"value": 1})
    http_receiver.wait_for(1)
    wait_until(lambda: _find(city).state.times_failed == 1)

    def mend(current: Subscription) -> Subscription:
        fragment = {"notification": {"format": "keyValues", "endpoint": {"uri": f"{second_receiver.url}/in"}}}
        return change_subscription(current, parse_fragment(fragment, core_context(), 0))

    city.store.update_subscription(city.access, SUBSCRIPTION, mend)
    assert only(second_receiver).json["data"] == [{"id": "urn:ngsi-ld:Weather:1", "type": "Weather", "t": 1}]
    assert len(http_receiver.requests) == 1


def _find(city: City) -> StoredSubscription:
    return city.store.get_subscription(city.access, SUBSCRIPTION)


@pytest.fixture
def second_receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()
