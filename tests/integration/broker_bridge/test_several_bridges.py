"""Several bridges: each message is stored once, whoever dies, hangs, comes back, or is one bridge more."""

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest

from broker_bridge import BridgeSettings
from broker_bridge.models import Incoming
from broker_bridge.mqtt_client import MqttClient
from broker_bridge.parts import Part, Spread, plan_parts
from deploy.embedded.ports import free_port
from tests.conftest import MosquittoFactory
from tests.integration.broker_bridge.process import BridgeProcess
from tests.integration.broker_bridge.publisher import Publisher
from tests.integration.broker_bridge.town import T0_MS, Town, timed, untimed
from tests.integration.broker_bridge.waiting import metric, readiness, wait_for_broker, wait_until

pytestmark = pytest.mark.mosquitto

LEASE_S = 3.0


def _settings(
    town: Town, url: str, name: str, *, bridges: int = 2, spread: Spread = "divided"
) -> BridgeSettings:
    return town.settings(url, instance=name, bridges=bridges, spread=spread, lease_s=LEASE_S)


@contextmanager
def _bridges(*settings: BridgeSettings, deaf: tuple[str, ...] = ()) -> Iterator[list[BridgeProcess]]:
    """Bridges that serve a session each; whoever lives at the end must end in order."""
    made = [BridgeProcess(one, is_deaf=one.instance in deaf) for one in settings]
    try:
        for bridge in made:
            bridge.start()
        yield made
        assert all(bridge.stop() == 0 for bridge in made if bridge.process.is_alive())
    finally:
        for bridge in made:
            with suppress(AttributeError):
                bridge.kill()


def _holders(town: Town) -> dict[str, str]:
    """Client id -> who serves the session at present."""
    rows = town.ask(
        "select client_id, holder from bridge_session where holder is not null and held_until > now()"
    )
    return {str(client_id): str(holder) for client_id, holder in rows}


def _wait_for_holders(town: Town, holders: set[str], sessions: int) -> None:
    wait_until(lambda: len(_holders(town)) == sessions and set(_holders(town).values()) == holders)


def _sum(town: Town, names: str, kind: str) -> int:
    return sum(town.counters(name)[kind] for name in names)


@pytest.mark.parametrize("spread", ["divided", "shared"])
def test_two_bridges_store_each_message_once(
    town: Town, mosquitto_factory: MosquittoFactory, spread: Spread
) -> None:
    broker = mosquitto_factory()
    one, two = (_settings(town, broker.url, name, spread=spread) for name in ("one", "two"))
    with _bridges(one, two), Publisher(broker.port) as device:
        _wait_for_holders(town, {"one", "two"}, 2)
        wait_for_broker(one)
        wait_for_broker(two)
        for number in range(300):
            device.publish(town.topics["abc"[number % 3]], timed(number))
        device.publish_all(town.topics["b"], [untimed(number) for number in range(1000, 1100)])
        wait_until(lambda: _sum(town, "abc", "stored") == 400)
    assert town.series("a") == [float(number) for number in range(0, 300, 3)]
    assert sorted(town.series("b")) == [float(n) for n in [*range(1, 300, 3), *range(1000, 1100)]]
    assert _sum(town, "abc", "stored") == 400
    assert town.quarantine() == []


@pytest.mark.parametrize("spread", ["divided", "shared"])
def test_killed_bridge_is_replaced_and_nothing_is_lost_or_doubled(
    town: Town, mosquitto_factory: MosquittoFactory, spread: Spread
) -> None:
    broker = mosquitto_factory()
    one, two = (_settings(town, broker.url, name, spread=spread) for name in ("one", "two"))
    with _bridges(one, two) as bridges, Publisher(broker.port) as device:
        _wait_for_holders(town, {"one", "two"}, 2)
        for number in range(600):
            device.publish(town.topics["abc"[number % 3]], (timed if number % 2 else untimed)(number))
            if number == 200:
                wait_until(lambda: _sum(town, "abc", "received") > 20)
                bridges[1].kill()
            time.sleep(0.0005)
        wait_until(lambda: _sum(town, "abc", "stored") == 600)
        _wait_for_holders(town, {"one"}, 2)
        bridges[1].start()
        _wait_for_holders(town, {"one", "two"}, 2)
        device.publish_all(town.topics["a"], [timed(number) for number in range(600, 700)])
        wait_until(lambda: town.counters("a")["stored"] == 300)
    values = [value for name in "abc" for value in town.series(name)]
    assert sorted(values) == [float(number) for number in range(700)]
    assert _sum(town, "abc", "stored") == 700


def test_redelivery_to_another_bridge_is_recognised(town: Town, mosquitto_factory: MosquittoFactory) -> None:
    """The dead bridge had committed, and its acknowledgements had not left."""
    broker = mosquitto_factory()
    one, two = (_settings(town, broker.url, name) for name in ("one", "two"))
    with _bridges(one, two, deaf=("one", "two")) as bridges, Publisher(broker.port) as device:
        _wait_for_holders(town, {"one", "two"}, 2)
        for name in "abc":
            device.publish_all(town.topics[name], [untimed(number) for number in range(10)])
        wait_until(lambda: _sum(town, "abc", "stored") == 30)
        for bridge in bridges:
            bridge.kill()
        heir = BridgeProcess(replace(one, instance="heir")).start()
        wait_until(lambda: _sum(town, "abc", "duplicate") >= 30)
        assert heir.stop() == 0
    assert _sum(town, "abc", "stored") == 30
    for name in "abc":
        assert sorted(town.series(name)) == [float(number) for number in range(10)]


def test_bridge_that_hung_writes_nothing_twice(town: Town, mosquitto_factory: MosquittoFactory) -> None:
    """It wakes up with messages that another bridge has stored meanwhile."""
    broker = mosquitto_factory()
    one, two = (_settings(town, broker.url, name) for name in ("one", "two"))
    with _bridges(one, two) as bridges, Publisher(broker.port) as device:
        _wait_for_holders(town, {"one", "two"}, 2)
        with town.locked("receipt"):
            for name in "abc":
                device.publish_all(town.topics[name], [untimed(number) for number in range(20)])
            device.wait()
            wait_until(lambda: _in_flight(one) + _in_flight(two) == 60)
            os.kill(bridges[1].process.pid or 0, signal.SIGSTOP)
        try:
            _wait_for_holders(town, {"one"}, 2)
            wait_until(lambda: _sum(town, "abc", "stored") == 60)
        finally:
            os.kill(bridges[1].process.pid or 0, signal.SIGCONT)
        _wait_for_holders(town, {"one", "two"}, 2)
        wait_until(lambda: readiness(two).get("ready") is True)
    for name in "abc":
        assert sorted(town.series(name)) == [float(number) for number in range(20)]
    assert _sum(town, "abc", "stored") == 60


def _in_flight(settings: BridgeSettings) -> int:
    return int(metric(settings, "machi_bridge_in_flight_messages"))


def test_bridges_become_more_and_fewer_and_no_queue_is_left_behind(
    town: Town, mosquitto_factory: MosquittoFactory
) -> None:
    broker = mosquitto_factory()
    sent = 0

    def publish() -> None:
        nonlocal sent
        with Publisher(broker.port) as device:
            for number in range(sent, sent + 90):
                device.publish(town.topics["abc"[number % 3]], timed(number))
        sent += 90

    with _bridges(_settings(town, broker.url, "one", bridges=1)):
        pass
    for count in (3, 1):
        publish()  # waits in the sessions of the former number of bridges
        with _bridges(_settings(town, broker.url, "one", bridges=count)):
            publish()
            wait_until(lambda: _sum(town, "abc", "stored") == sent)
            _wait_for_subscribed(town, count)
    assert [len(town.series(name)) for name in "abc"] == [sent // 3] * 3
    assert town.quarantine() == []


def _wait_for_subscribed(town: Town, sessions: int) -> None:
    """As many sessions as that have a queue at the broker."""
    query = "select count(*) from bridge_session where not is_empty"
    wait_until(lambda: town.ask(query) == [(sessions,)])


def test_current_state_is_the_newest_whichever_bridge_wrote_last(
    town: Town, mosquitto_factory: MosquittoFactory
) -> None:
    """Shared subscriptions deal one device's messages to both bridges, here in no order of their times."""
    broker = mosquitto_factory()
    one, two = (_settings(town, broker.url, name, spread="shared") for name in ("one", "two"))
    order = list(range(600))
    random.Random(20_261_123).shuffle(order)
    with _bridges(one, two), Publisher(broker.port) as device:
        _wait_for_holders(town, {"one", "two"}, 2)
        for number in order:
            device.publish(town.topics["a"], timed(number))
        wait_until(lambda: town.counters("a")["stored"] == 600)
        assert metric(one, "machi_bridge_messages_received_total") > 0
        assert metric(two, "machi_bridge_messages_received_total") > 0
    entity_id = "urn:ngsi-ld:AirQualityObserved:a"
    entity = town.store.get_entities(town.access, [entity_id])[entity_id]
    [pm25] = next(instances for name, instances in entity.attributes.items() if name.endswith("/pm25"))
    assert (pm25.value, pm25.observed_at) == (599.0, (T0_MS + 599_000) * 1000)
    assert town.series("a") == [float(number) for number in range(600)]
    assert town.counters("a")["stored"] == 600


@pytest.mark.parametrize("spread", ["divided", "shared"])
def test_messages_of_a_source_with_state_reach_one_bridge_in_order(
    mosquitto_factory: MosquittoFactory, spread: Spread
) -> None:
    broker = mosquitto_factory()
    parts = plan_parts("b", 2, spread, ("plain/+", "stateful/+"), ("stateful/+",))
    received: list[list[Incoming]] = [[], []]
    clients = [_client(broker.url, part, taken.append) for part, taken in zip(parts, received, strict=True)]
    try:
        for client in clients:
            client.start()
        wait_until(lambda: all(client.state.is_ready for client in clients))
        with Publisher(broker.port) as device:
            for number in range(100):
                device.publish(f"stateful/{number % 5}", b"%d" % number)
                device.publish(f"plain/{number % 5}", b"%d" % number)
        wait_until(lambda: sum(map(len, received)) == 200)
    finally:
        for client in clients:
            client.close()
    for source in range(5):
        found = [[int(m.payload) for m in taken if m.topic == f"stateful/{source}"] for taken in received]
        assert sorted(found, key=len) == [[], list(range(source, 100, 5))]
    assert all(taken for taken in received)


def test_who_is_first_back_after_all_sessions_were_lost_keeps_everything(
    mosquitto_factory: MosquittoFactory,
) -> None:
    broker = mosquitto_factory()
    part = plan_parts("b", 2, "divided", ("plain/+",))[0]
    topics = [f"plain/{number}" for number in range(20)]
    ours = [topic for topic in topics if part.is_ours(topic)]
    received: list[Incoming] = []
    client = _client(broker.url, part, received.append)
    client.start()
    try:
        wait_until(lambda: client.state.is_ready)
        with Publisher(broker.port) as device:
            for topic in topics:
                device.publish(topic, b"1")
        wait_until(lambda: len(received) + client.passed_over == 20)
        assert [message.topic for message in received] == ours
        assert 0 < len(ours) < 20
        broker.stop()
        (broker.folder / "mosquitto.db").unlink()
        broker.start()
        wait_until(lambda: client.sessions_lost == 1 and client.state.is_ready)
        with Publisher(broker.port) as device:
            for topic in topics:
                device.publish(topic, b"2")
        wait_until(lambda: len(received) == len(ours) + 20)
    finally:
        client.close()


def _client(url: str, part: Part, deliver: "object") -> MqttClient:
    settings = BridgeSettings(
        database_url="", mqtt_url=url, client_id=part.client_id, subscriptions=part.subscriptions
    )
    assert callable(deliver)
    return MqttClient(settings, deliver, is_ours=part.is_ours)


def test_spare_bridge_waits_and_takes_over(town: Town, mosquitto_factory: MosquittoFactory) -> None:
    broker = mosquitto_factory()
    one, spare = (_settings(town, broker.url, name, bridges=1) for name in ("one", "spare"))
    with _bridges(one, spare) as bridges, Publisher(broker.port) as device:
        assert readiness(spare)["ready"] is True
        assert set(_holders(town).values()) == {"one"}
        bridges[0].kill()
        device.publish(town.topics["a"], timed(1))
        wait_until(lambda: town.count("a") == 1)
        assert set(_holders(town).values()) == {"spare"}


def test_shared_subscriptions_that_the_broker_lacks_are_said(
    town: Town, mosquitto_factory: MosquittoFactory
) -> None:
    broker = mosquitto_factory()
    settings = replace(_settings(town, broker.url, "one", spread="shared"), mqtt_version="3.1.1")
    bridge = BridgeProcess(settings)
    bridge.launch()
    try:
        wait_until(lambda: "MACHI_BRIDGE_SPREAD=divided" in str(readiness(settings).get("broker")))
    finally:
        bridge.stop()


def test_health_port_of_each_bridge(town: Town, mosquitto_factory: MosquittoFactory) -> None:
    broker = mosquitto_factory()
    settings = replace(_settings(town, broker.url, "one", bridges=2), http_port=free_port())
    with _bridges(settings):
        wait_until(lambda: metric(settings, "machi_bridge_sessions") == 2)
        assert metric(settings, "machi_bridge_passed_over") == 0
