"""The client against a real mosquitto: session, redelivery, bounds, refusals."""

import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from broker_bridge.models import Incoming
from broker_bridge.mqtt_client import MqttClient
from broker_bridge.settings import BridgeSettings, MqttVersion
from deploy.embedded.amqtt_broker import AmqttBroker
from deploy.embedded.mosquitto import BrokerAccess, Mosquitto
from devices.credentials import broker_hash
from tests.conftest import MosquittoFactory
from tests.integration.broker_bridge.publisher import Publisher
from tests.integration.broker_bridge.waiting import wait_until

pytestmark = pytest.mark.mosquitto

TENANT = "t" + uuid.uuid4().hex[:8]
TOPIC = f"machi/v1/{TENANT}/a/up"


class Running:
    """A client and what it delivered."""

    def __init__(self, settings: BridgeSettings) -> None:
        self.received: list[Incoming] = []
        self.client = MqttClient(settings, self.received.append)
        self.client.start()

    def payloads(self) -> list[bytes]:
        return [message.payload for message in self.received]


Start = Callable[..., Running]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts clients: `start(broker, version="5", in_flight=10)`; all are closed at the end."""
    running: list[Running] = []

    def _start(
        broker: Mosquitto | AmqttBroker,
        *,
        version: MqttVersion = "auto",
        in_flight: int = 100,
        client_id: str = TENANT,
        username: str | None = None,
        password: str | None = None,
        keepalive_s: int = 30,
        ca_file: Path | None = None,
        is_ready: bool = True,
    ) -> Running:
        settings = BridgeSettings(
            database_url="",
            mqtt_url=broker.url if ca_file is None else f"mqtts://localhost:{broker.port}",
            mqtt_version=version,
            mqtt_ca_file=str(ca_file) if ca_file else None,
            keepalive_s=keepalive_s,
            mqtt_username=username,
            mqtt_password=password,
            client_id=client_id,
            subscriptions=(f"machi/v1/{TENANT}/+/up",),
            in_flight=in_flight,
            backoff_min_s=0.05,
            backoff_max_s=0.2,
            refused_retry_s=0.3,
        )
        made = Running(settings)
        running.append(made)
        if is_ready:
            wait_until(lambda: made.client.state.is_ready)
        return made

    yield _start
    for made in running:
        made.client.close()


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_unacknowledged_messages_come_again_to_the_next_process(
    mosquitto_factory: MosquittoFactory, start: Start, version: MqttVersion
) -> None:
    broker = mosquitto_factory()
    first = start(broker, version=version)
    assert first.client.state.mqtt_version == version
    with Publisher(broker.port) as device:
        device.publish_all(TOPIC, [b"0", b"1", b"2", b"3"])
    wait_until(lambda: len(first.received) == 4)
    first.client.acknowledge(first.received[:2])
    first.client.close()

    second = start(broker, version=version)
    wait_until(lambda: len(second.received) == 2)
    assert second.payloads() == [b"2", b"3"]
    assert [message.is_dup for message in second.received] == [True, True]
    assert [m.packet_id for m in second.received] == [m.packet_id for m in first.received[2:]]
    assert second.client.session == 0
    second.client.acknowledge(second.received)
    second.client.close()

    third = start(broker, version=version)
    time.sleep(0.2)
    assert third.received == []


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_in_flight_is_bounded(
    mosquitto_factory: MosquittoFactory, start: Start, version: MqttVersion
) -> None:
    broker = mosquitto_factory()
    bridge = start(broker, version=version, in_flight=10)
    with Publisher(broker.port) as device:
        device.publish_all(TOPIC, [b"%d" % i for i in range(50)])
    wait_until(lambda: len(bridge.received) >= 10)
    time.sleep(0.2)
    assert len(bridge.received) <= 11
    assert bridge.client.in_flight[0] <= 11
    done = 0
    while done < 50:
        batch = bridge.received[done:]
        assert len(batch) <= 11
        bridge.client.acknowledge(batch)
        done += len(batch)
        time.sleep(0.01)
    assert bridge.payloads() == [b"%d" % i for i in range(50)]
    wait_until(lambda: bridge.client.in_flight == (0, 0))


def test_graceful_restart_of_the_broker_loses_nothing(
    mosquitto_factory: MosquittoFactory, start: Start
) -> None:
    broker = mosquitto_factory()
    bridge = start(broker, in_flight=5)
    with Publisher(broker.port) as device:
        device.publish_all(TOPIC, [b"%d" % i for i in range(20)])
    wait_until(lambda: len(bridge.received) == 5)
    broker.stop()
    wait_until(lambda: not bridge.client.state.is_ready)
    bridge.client.acknowledge(bridge.received[:3])  # committed while the broker was away
    broker.start()
    wait_until(lambda: len(bridge.received) >= 8)
    assert bridge.client.redelivered_in_flight == 5  # 3 of them acknowledged at once
    bridge.client.acknowledge(bridge.received[3:])
    done = 8
    while done < 20:
        batch = bridge.received[done:]
        bridge.client.acknowledge(batch)
        done += len(batch)
        time.sleep(0.01)
    assert bridge.payloads() == [b"%d" % i for i in range(20)]
    assert bridge.client.session == 1
    assert bridge.client.connections == 2


def test_packet_ids_of_a_lost_session_acknowledge_nothing(
    mosquitto_factory: MosquittoFactory, start: Start
) -> None:
    broker = mosquitto_factory()
    bridge = start(broker)
    with Publisher(broker.port) as device:
        device.publish_all(TOPIC, [b"old 1", b"old 2"])
    wait_until(lambda: len(bridge.received) == 2)
    broker.stop()
    Path(broker.folder / "mosquitto.db").unlink()
    broker.start()
    wait_until(lambda: bridge.client.connections == 2 and bridge.client.state.is_ready)
    with Publisher(broker.port) as device:
        device.publish_all(TOPIC, [b"new 1", b"new 2"])
    wait_until(lambda: len(bridge.received) == 4)
    old, new = bridge.received[:2], bridge.received[2:]
    assert [m.packet_id for m in old] == [m.packet_id for m in new] == [1, 2]
    assert [m.session for m in bridge.received] == [1, 1, 2, 2]
    bridge.client.acknowledge(old)
    wait_until(lambda: bridge.client.in_flight[0] == 2)
    bridge.client.close()

    again = start(broker)
    wait_until(lambda: len(again.received) == 2)
    assert again.payloads() == [b"new 1", b"new 2"]


@pytest.fixture
def access(tmp_path: Path) -> BrokerAccess:
    """One user, machi-bridge with the password "right", who may read the test's topics."""
    files = BrokerAccess(tmp_path / "passwords", tmp_path / "acl")
    files.password_file.write_text(f"machi-bridge:{broker_hash('right')}\n")
    files.acl_file.write_text(f"user machi-bridge\ntopic read machi/v1/{TENANT}/+/up\n")
    return files


def test_wrong_password_is_said_and_retried_slowly(
    mosquitto_factory: MosquittoFactory, start: Start, access: BrokerAccess
) -> None:
    broker = mosquitto_factory(access=access)
    bridge = start(broker, username="machi-bridge", password="wrong", is_ready=False)
    wait_until(lambda: "user name or password" in bridge.client.state.detail)
    assert not bridge.client.state.is_ready
    assert bridge.client.connections == 0
    access.password_file.write_text(f"machi-bridge:{broker_hash('wrong')}\n")  # now it is the right one
    broker.reload()
    wait_until(lambda: bridge.client.state.is_ready)


def test_refused_subscription_is_said(start: Start, access: BrokerAccess, tmp_path: Path) -> None:
    """mosquitto grants what it will never deliver; amqtt says no."""
    access.acl_file.write_text("user machi-bridge\ntopic read other/topics\n")
    with AmqttBroker(tmp_path / "amqtt", access=access) as broker:
        bridge = start(broker, username="machi-bridge", password="right", is_ready=False)
        wait_until(lambda: "refuses the subscription to machi/v1/" in bridge.client.state.detail)
        assert not bridge.client.state.is_ready
        assert bridge.client.connections == 1
        access.acl_file.write_text(f"user machi-bridge\ntopic read machi/v1/{TENANT}/+/up\n")
        broker.reload()
        wait_until(lambda: bridge.client.state.is_ready)
        assert bridge.client.connections == 1


def test_pause_longer_than_the_keepalive_loses_and_repeats_nothing(
    mosquitto_factory: MosquittoFactory, start: Start
) -> None:
    """With all it may hold the client reads no further, so it misses the broker's answers to its pings."""
    broker = mosquitto_factory()
    bridge = start(broker, version="3.1.1", in_flight=5, keepalive_s=1)
    with Publisher(broker.port) as device:
        device.publish_all(TOPIC, [b"%d" % i for i in range(100)])
    wait_until(lambda: bridge.client.connections >= 2)
    assert len(bridge.received) <= 6
    done = 0
    while done < 100:
        batch = bridge.received[done:]
        bridge.client.acknowledge(batch)
        done += len(batch)
        time.sleep(0.01)
    time.sleep(0.2)
    assert bridge.payloads() == [b"%d" % i for i in range(100)]
    bridge.client.close()
    again = start(broker, version="3.1.1")
    time.sleep(0.2)
    assert again.received == []


def test_second_client_with_our_id_is_said(mosquitto_factory: MosquittoFactory, start: Start) -> None:
    broker = mosquitto_factory()
    first = start(broker)
    second = start(broker)
    wait_until(lambda: "does another client use the id" in first.client.state.detail)
    second.client.close()
    wait_until(lambda: first.client.state.is_ready)


def test_qos_0_messages_are_delivered_and_bounded(mosquitto_factory: MosquittoFactory, start: Start) -> None:
    broker = mosquitto_factory()
    bridge = start(broker, in_flight=2)
    with Publisher(broker.port) as device:
        for i in range(3):
            device.publish(TOPIC, b"%d" % i, qos=0)
    wait_until(lambda: len(bridge.received) == 3)
    assert [message.packet_id for message in bridge.received] == [0, 0, 0]
    assert bridge.client.in_flight == (3, 3)
    bridge.client.acknowledge(bridge.received)
    wait_until(lambda: bridge.client.in_flight == (0, 0))


def test_broker_away_at_the_start_is_waited_for(mosquitto_factory: MosquittoFactory, start: Start) -> None:
    broker = mosquitto_factory()
    broker.stop()
    bridge = start(broker, is_ready=False)
    wait_until(lambda: "cannot reach" in bridge.client.state.detail)
    broker.start()
    wait_until(lambda: bridge.client.state.is_ready)
    assert bridge.client.connections == 1
