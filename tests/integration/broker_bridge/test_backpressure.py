"""A slow database slows acknowledgements; the broker queues; nothing grows in the bridge. Held by counts."""

from collections import Counter

import pytest

from broker_bridge.settings import MqttVersion
from tests.conftest import MosquittoFactory
from tests.integration.broker_bridge.conftest import running
from tests.integration.broker_bridge.publisher import Publisher
from tests.integration.broker_bridge.town import Town, timed, untimed
from tests.integration.broker_bridge.waiting import get, metric, readiness, wait_until

pytestmark = pytest.mark.mosquitto

IN_FLIGHT = 200


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_database_that_stands_still_leaves_the_queue_at_the_broker(
    town: Town, mosquitto_factory: MosquittoFactory, version: MqttVersion
) -> None:
    broker = mosquitto_factory()
    settings = town.settings(broker.url, in_flight=IN_FLIGHT, mqtt_version=version)
    with running(settings), Publisher(broker.port) as device:
        with town.locked("device_counter"):
            device.publish_all(town.topics["a"], [timed(number) for number in range(3_000)])
            device.wait()  # the broker has them all
            wait_until(lambda: metric(settings, "machi_bridge_in_flight_messages") >= IN_FLIGHT)
            held = [metric(settings, "machi_bridge_in_flight_messages") for _ in range(20)]
            # mosquitto 2.0.11 sends one more than it was told
            assert max(held) <= IN_FLIGHT + 1
            assert metric(settings, "machi_bridge_waiting_messages") <= IN_FLIGHT + 1
            assert town.count("a") == 0
        wait_until(lambda: town.count("a") == 3_000)
        wait_until(lambda: metric(settings, "machi_bridge_in_flight_messages") == 0)
        wait_until(lambda: readiness(settings).get("ready") is True)
    assert town.series("a") == [float(number) for number in range(3_000)]
    assert town.counters("a")["stored"] == 3_000


def test_slow_database_is_fed_in_bounded_batches(town: Town, mosquitto_factory: MosquittoFactory) -> None:
    """Every transaction takes a while, as behind a disk that is overloaded."""
    town.execute(
        "create function slow() returns trigger language plpgsql as "
        "'begin perform pg_sleep(0.05); return null; end'"
    )
    town.execute(
        "create trigger slow after insert or update on device_counter for each statement "
        "execute function slow()"
    )
    broker = mosquitto_factory()
    settings = town.settings(broker.url, in_flight=IN_FLIGHT, batch_messages=50)
    peak = 0.0
    with running(settings):
        with Publisher(broker.port) as device:
            device.publish_all(town.topics["b"], [untimed(number) for number in range(2_000)])
        while town.counters("b")["received"] < 2_000:
            peak = max(peak, metric(settings, "machi_bridge_in_flight_messages"))
        batches = _batches(get(settings, "/metrics")[1])
    assert 0 < peak <= IN_FLIGHT + 1
    assert batches["+Inf"] >= 2_000 / 50
    assert batches["50.0"] == batches["+Inf"]  # none was larger
    assert sorted(town.series("b")) == [float(number) for number in range(2_000)]
    assert town.counters("b")["stored"] == 2_000


def _batches(text: str) -> Counter[str]:
    """How many batches had at most so many messages."""
    name = 'machi_bridge_batch_messages_bucket{le="'
    lines = [line.removeprefix(name) for line in text.splitlines() if line.startswith(name)]
    return Counter({line.split('"')[0]: int(float(line.rsplit(" ", 1)[1])) for line in lines})


def test_large_messages_are_bounded_by_their_bytes(town: Town, mosquitto_factory: MosquittoFactory) -> None:
    broker = mosquitto_factory()
    limit = 256 * 1024
    settings = town.settings(broker.url, in_flight_bytes=limit, batch_bytes=64 * 1024)
    payload = b'{"observedAt": %d, "pm25": 1, "x": "' + b"x" * 20_000 + b'"}'
    with running(settings), Publisher(broker.port) as device:
        with town.locked("device_counter"):
            for number in range(100):
                device.publish(town.topics["a"], payload % (1_763_856_000_000 + number * 1000))
            device.wait()
            wait_until(lambda: metric(settings, "machi_bridge_in_flight_bytes") >= limit)
            assert metric(settings, "machi_bridge_in_flight_bytes") < limit + 2 * len(payload)
        wait_until(lambda: town.count("a") == 100)
    assert town.counters("a")["received"] == 100
