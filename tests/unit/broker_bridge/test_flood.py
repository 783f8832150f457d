"""What is held back of a device that sends too much, and when nothing is."""

from broker_bridge.flood import CALM_BATCHES, RATE_LIMITED, FloodGate
from broker_bridge.models import Incoming
from devices.model import UnknownSource

STRANGER = UnknownSource("default", 1, "unknown-device", "nobody")


def message(topic: str = "machi/v1/default/x/up") -> Incoming:
    return Incoming(1, 1, 1, topic, b"{}", False, False, 0, {})


def calm(gate: FloodGate, connections: int = 1) -> None:
    for _ in range(CALM_BATCHES):
        assert not gate.begin(1, connections)


def held_back(gate: FloodGate, count: int, topic: str = "machi/v1/default/x/up") -> list[str]:
    found = [gate.hold_back(message(topic), STRANGER, 0.0) for _ in range(count)]
    kinds = []
    for one in found:
        if one is None:
            kinds.append("pass")
        else:
            kinds.append("kept" if one.delivery.quarantine is not None else str(one.delivery.ignored))
    return kinds


def test_a_backlog_is_no_flood() -> None:
    gate = FloodGate(1, batch_messages=100)
    assert not gate.begin(100, 1)
    calm(gate)
    assert gate.begin(100, 1)
    assert not gate.begin(1, 2)  # connected anew: what queued meanwhile comes now
    calm_again = [gate.begin(1, 2) for _ in range(CALM_BATCHES)]
    assert calm_again == [False] * (CALM_BATCHES - 1) + [True]
    gate.note_outage()
    assert not gate.begin(1, 2)


def test_large_batches_go_on_being_a_backlog() -> None:
    gate = FloodGate(1, batch_messages=100)
    assert [gate.begin(25, 1) for _ in range(50)] == [False] * 50


def test_what_is_above_the_limit_is_counted_and_one_is_kept() -> None:
    gate = FloodGate(1, batch_messages=100)
    assert held_back(gate, 13) == ["pass"] * 10 + ["kept", RATE_LIMITED, RATE_LIMITED]
    assert held_back(gate, 1, "machi/v1/default/y/up") == ["pass"]


def test_without_a_limit_everything_passes() -> None:
    gate = FloodGate(0, batch_messages=100)
    calm(gate)
    assert not gate.begin(1, 1)
