"""Promise 1: acknowledged means committed, whoever is killed."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from broker_bridge import BridgeSettings
from broker_bridge.models import Incoming
from broker_bridge.mqtt_client import MqttClient
from deploy.embedded.mosquitto import Mosquitto
from deploy.embedded.postgres import EmbeddedPostgres
from tests.conftest import MosquittoFactory
from tests.integration.broker_bridge.conftest import running
from tests.integration.broker_bridge.process import BridgeProcess
from tests.integration.broker_bridge.publisher import Publisher
from tests.integration.broker_bridge.town import Town, timed, untimed
from tests.integration.broker_bridge.waiting import readiness, wait_until

pytestmark = pytest.mark.mosquitto


def _unacknowledged(settings: BridgeSettings) -> list[bytes]:
    """What the broker still holds for the bridge: asked by a client that takes its place and its session."""
    received: list[Incoming] = []
    client = MqttClient(replace(settings, in_flight=10_000), received.append)
    client.start()
    wait_until(lambda: client.state.is_ready)
    time.sleep(0.5)
    client.close()
    return sorted(message.payload for message in received)


@contextmanager
def _frozen(server: EmbeddedPostgres) -> Iterator[None]:
    """Every process of the server stopped, as a disk that hangs would stop it."""
    assert server.process is not None
    main = server.process.pid
    pids = [main, *_children(main)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_nothing_is_acknowledged_while_the_database_is_frozen(
    own_postgres: EmbeddedPostgres, mosquitto_factory: MosquittoFactory
) -> None:
    broker = mosquitto_factory()
    with Town(own_postgres.url, ["a"]) as town:
        bridge = BridgeProcess(town.settings(broker.url)).start()
        payloads = sorted(timed(number) for number in range(40))
        with Publisher(broker.port) as device, _frozen(own_postgres):
            device.publish_all(town.topics["a"], payloads)
            device.wait()
            time.sleep(0.5)
            bridge.kill()
            assert _unacknowledged(bridge.settings) == payloads
        bridge.start()
        wait_until(lambda: town.count("a") == 40)
        assert bridge.stop() == 0
        assert _unacknowledged(bridge.settings) == []
        assert town.counters("a")["stored"] == 40


def test_kill_of_the_bridge_loses_and_doubles_nothing(
    town: Town, mosquitto_factory: MosquittoFactory
) -> None:
    broker = mosquitto_factory()
    bridge = BridgeProcess(town.settings(broker.url)).start()
    with Publisher(broker.port) as device:
        for number in range(1_500):
            device.publish(town.topics["ab"[number % 2]], timed(number))
            if number in (400, 900):
                wait_until(lambda: town.count("a") > 20)
                bridge.kill()
                bridge.start()
            time.sleep(0.0005)
    wait_until(lambda: town.count("a") + town.count("b") == 1_500)
    assert bridge.stop() == 0
    assert town.series("a") == [float(number) for number in range(0, 1_500, 2)]
    assert town.series("b") == [float(number) for number in range(1, 1_500, 2)]
    assert town.counters("a")["stored"] + town.counters("b")["stored"] == 1_500
    assert town.quarantine() == []
    assert _unacknowledged(bridge.settings) == []


def test_redelivery_of_a_message_without_time_is_recognised(
    town: Town, mosquitto_factory: MosquittoFactory
) -> None:
    broker = mosquitto_factory()
    settings = town.settings(broker.url)
    with running(settings):
        pass
    with Publisher(broker.port) as device:
        device.publish_all(town.topics["a"], [untimed(number) for number in range(10)])
    _commit_without_acknowledging(settings, town)
    assert town.counters("a")["stored"] == 10
    with running(settings):
        wait_until(lambda: town.counters("a")["received"] == 20)
        with Publisher(broker.port) as device:  # the same content again, from the device this time
            device.publish(town.topics["a"], untimed(3))
        wait_until(lambda: town.counters("a")["received"] == 21)
    counters = town.counters("a")
    assert (counters["stored"], counters["duplicate"]) == (11, 10)
    assert sorted(town.series("a")) == sorted([*map(float, range(10)), 3.0])


def _commit_without_acknowledging(settings: BridgeSettings, town: Town) -> None:
    """A bridge that is killed between the commit and the acknowledgements."""
    bridge = BridgeProcess(settings, is_deaf=True).start()
    wait_until(lambda: town.counters("a")["received"] == 10)
    bridge.kill()


def test_kill_of_postgres_loses_and_doubles_nothing(
    own_postgres: EmbeddedPostgres, mosquitto_factory: MosquittoFactory
) -> None:
    broker = mosquitto_factory()
    with Town(own_postgres.url, ["a"]) as town, Publisher(broker.port) as device:
        settings = town.settings(broker.url)
        with running(settings):
            for number in range(1_000):
                device.publish(town.topics["a"], timed(number))
                if number == 500:
                    _kill(own_postgres)
                time.sleep(0.0005)
            wait_until(lambda: readiness(settings)["database"] != "ok", 30)
            own_postgres.start()
            wait_until(lambda: _stored(town) == 1_000, 40)
            wait_until(lambda: readiness(settings)["ready"] is True)
        assert town.series("a") == [float(number) for number in range(1_000)]
        assert town.quarantine() == []
        assert _unacknowledged(settings) == []


def _kill(server: EmbeddedPostgres) -> None:
    assert server.process is not None
    server.process.kill()
    server.process.wait()


def _stored(town: Town) -> int:
    try:
        return town.count("a")
    except Exception:
        return 0


def test_graceful_restart_of_the_broker_loses_nothing(
    town: Town, mosquitto_factory: MosquittoFactory
) -> None:
    broker = mosquitto_factory()
    with running(town.settings(broker.url)), Publisher(broker.port) as device:
        for number in range(600):
            device.publish(town.topics["a"], timed(number))
            if number == 300:
                broker.stop()
                broker.start()
        wait_until(lambda: town.count("a") == 600)
    assert town.series("a") == [float(number) for number in range(600)]


def test_lost_session_of_the_broker_acknowledges_no_wrong_message(
    own_postgres: EmbeddedPostgres, mosquitto_factory: MosquittoFactory
) -> None:
    """Packet ids begin anew while messages under the same ids are still being written."""
    broker = mosquitto_factory()
    with Town(own_postgres.url, ["a", "b"]) as town:
        bridge = BridgeProcess(town.settings(broker.url)).start()
        with _frozen(own_postgres):
            with Publisher(broker.port) as device:
                device.publish_all(town.topics["a"], [timed(number) for number in range(5)])
            time.sleep(0.3)
            broker.stop()
            (broker.folder / "mosquitto.db").unlink()
            broker.start()
            time.sleep(1.0)  # the bridge is back
            with Publisher(broker.port) as device:
                device.publish_all(town.topics["b"], [timed(number) for number in range(5)])
            time.sleep(0.3)
        wait_until(lambda: town.count("a") == 5 and town.count("b") == 5)
        assert bridge.stop() == 0
        assert _unacknowledged(bridge.settings) == []


def test_stop_finishes_what_was_taken(town: Town, mosquitto_factory: MosquittoFactory) -> None:
    broker: Mosquitto = mosquitto_factory()
    settings = town.settings(broker.url)
    bridge = BridgeProcess(settings).start()
    with Publisher(broker.port) as device:
        device.publish_all(town.topics["a"], [timed(number) for number in range(3_000)])
        wait_until(lambda: town.count("a") > 0)
        assert bridge.stop() == 0
    stored = town.counters("a")["received"]
    left = len(_unacknowledged(settings))
    assert stored + left == 3_000  # nothing was written and left unacknowledged, nothing lost
