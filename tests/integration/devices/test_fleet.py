"""Many connections in one thread, on a real mosquitto."""

import time
from collections.abc import Callable

import pytest

from deploy.embedded.mosquitto import Mosquitto
from devices.broker_address import parse_broker_url
from devices.fleet import Fleet, Login

pytestmark = pytest.mark.mosquitto


def _step_until(fleet: Fleet, holds: Callable[[], bool], timeout_s: float = 10) -> None:
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline
        fleet.step(0.02)


def test_messages_survive_a_broker_that_restarts(mosquitto_factory: Callable[..., Mosquitto]) -> None:
    broker = mosquitto_factory()
    fleet = Fleet(parse_broker_url(broker.url))
    members = [fleet.add(Login(f"t/d-{number}", "x", f"fleet/{number}")) for number in range(30)]
    _step_until(fleet, lambda: fleet.counts.connected == 30)
    for member in members:
        assert fleet.publish(member, b"one")
    assert fleet.drain(5)
    broker.stop()
    _step_until(fleet, lambda: fleet.counts.connected == 0)
    for member in members:
        assert fleet.publish(member, b"two")
    assert fleet.waiting() == 30
    broker.start()
    assert fleet.drain(20)
    assert (fleet.counts.published, fleet.counts.acknowledged, fleet.counts.dropped) == (60, 60, 0)
    fleet.close()


def test_a_queue_is_bounded(free_port: int) -> None:
    fleet = Fleet(parse_broker_url(f"mqtt://127.0.0.1:{free_port}"))
    member = fleet.add(Login("t/d", "x", "t"))
    accepted = [fleet.publish(member, b"x") for _ in range(1000)]
    assert 100 <= sum(accepted) <= 300
    assert fleet.counts.dropped == 1000 - sum(accepted)
    fleet.close()


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mqtt://broker", ("broker", 1883, False)),
        ("mqtts://broker", ("broker", 8883, True)),
        ("mqtt://[::1]:1", ("::1", 1, False)),
    ],
)
def test_broker_urls(url: str, address: tuple[str, int, bool]) -> None:
    assert parse_broker_url(url) == address


@pytest.mark.parametrize("url", ["broker:1883", "http://broker", "mqtt://", ""])
def test_what_is_no_broker_url(url: str) -> None:
    with pytest.raises(ValueError, match="is no broker"):
        parse_broker_url(url)
