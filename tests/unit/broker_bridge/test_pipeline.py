"""What is acknowledged, and when, whatever the store does. The store is a fake with a plan of failures."""

import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue

import pytest

from adapters.types import NO_PROPERTIES
from broker_bridge.metrics import Metrics
from broker_bridge.models import Incoming
from broker_bridge.pipeline import SUSPECTS_MAX, Pipeline
from broker_bridge.settings import BridgeSettings
from context_api.store.access import Access
from context_api.store.deliveries_in import Delivery, DeliveryKind, DeliveryOutcome
from context_api.store.errors import StoreError, StoreFault, StoreRefused, StoreTimeout, StoreUnavailable
from devices.model import UnknownSource

Fault = Callable[[Sequence[Delivery]], StoreError | None]


class FakeBroker:
    session = 1
    connections = 1

    def __init__(self) -> None:
        self.acknowledged: list[int] = []

    def acknowledge(self, messages: Sequence[Incoming]) -> None:
        self.acknowledged += [message.token for message in messages]


class FakeDirectory:
    """Knows nobody: every message goes to quarantine, which is as good as stored here."""

    def find_many(self, topics: set[str]) -> dict[str, UnknownSource]:
        return {topic: UnknownSource(topic[:1], ord(topic[0]), "unknown-device", "") for topic in topics}


class FakeSessions:
    def name(self, session: int) -> str:
        return f"bridge/{session}"


class FakeStore:
    """Fails as `fault` says; what it wrote is in `written`, with the reason it was quarantined under."""

    def __init__(self, fault: Fault = lambda _: None) -> None:
        self.fault = fault
        self.written: list[tuple[bytes, str]] = []
        self.calls = 0

    def ingest(self, access: Access, deliveries: Sequence[Delivery]) -> list[DeliveryOutcome]:
        self.calls += 1
        error = self.fault(deliveries)
        if error is not None:
            raise error
        for delivery in deliveries:
            assert access.tenant == delivery.topic[:1]
            assert delivery.quarantine is not None
            self.written.append((delivery.payload, delivery.quarantine.reason))
        return [DeliveryOutcome(DeliveryKind.QUARANTINED, reason="unknown-device") for _ in deliveries]


class Bench:
    """A pipeline with its fakes."""

    def __init__(self, fault: Fault = lambda _: None) -> None:
        self.inbox: SimpleQueue[Incoming] = SimpleQueue()
        self.broker = FakeBroker()
        self.store = FakeStore(fault)
        self.metrics = Metrics()
        self.pipeline = Pipeline(
            BridgeSettings(database_url="", batch_messages=64, backoff_min_s=0.5),
            inbox=self.inbox,
            broker=self.broker,
            directory=FakeDirectory(),
            store=self.store,
            sessions=FakeSessions(),
            metrics=self.metrics,
        )
        self._sent = 0

    def send(self, *payloads: bytes, topic: str = "t/x") -> None:
        for payload in payloads:
            self._sent += 1
            self.inbox.put(
                Incoming(self._sent, self._sent, 1, topic, payload, False, False, 1, NO_PROPERTIES)
            )

    def payloads(self) -> list[bytes]:
        return [payload for payload, _ in self.store.written]


def _bad(*payloads: bytes, error: type[StoreError] = StoreRefused) -> Fault:
    """Fails on any batch that holds one of these messages, until they come as mere quarantine."""

    def fault(deliveries: Sequence[Delivery]) -> StoreError | None:
        for delivery in deliveries:
            reason = delivery.quarantine.reason if delivery.quarantine else ""
            if delivery.payload in payloads and reason == "unknown-device":
                return error("no")
        return None

    return fault


def test_batch_is_acknowledged_after_it_is_written() -> None:
    bench = Bench()
    bench.send(b"1", b"2", b"3")
    assert bench.pipeline.turn(0) == 0
    assert bench.payloads() == [b"1", b"2", b"3"]
    assert bench.broker.acknowledged == [1, 2, 3]
    assert bench.store.calls == 1


def test_each_tenant_is_written_by_itself() -> None:
    bench = Bench(_bad(b"2", error=StoreUnavailable))
    bench.send(b"1", topic="a/x")
    bench.send(b"2", topic="b/x")
    assert bench.pipeline.turn(0) > 0
    assert bench.broker.acknowledged == [1]
    assert bench.pipeline.trouble == "no"
    bench.store.fault = lambda _: None
    bench.send(b"3", topic="a/x")
    assert bench.pipeline.turn(0) == 0
    assert bench.broker.acknowledged == [1, 2, 3]
    assert bench.pipeline.trouble is None


def test_nothing_is_acknowledged_while_the_database_is_away() -> None:
    bench = Bench(lambda _: StoreUnavailable("away"))
    bench.send(b"1", b"2")
    pauses = [bench.pipeline.turn(0) for _ in range(4)]
    assert 0.25 <= pauses[0] <= 0.5
    assert 2.0 <= pauses[3] <= 4.0
    assert bench.broker.acknowledged == []
    assert bench.store.calls == 4  # no halving: it would not help
    bench.store.fault = lambda _: None
    bench.send(b"3")
    bench.pipeline.turn(0)
    assert bench.payloads() == [b"1", b"2", b"3"]
    assert bench.broker.acknowledged == [1, 2, 3]


@pytest.mark.parametrize("error", [StoreRefused, StoreFault])
def test_message_that_the_store_fails_on_is_cornered(error: type[StoreError]) -> None:
    bench = Bench(_bad(b"5", b"11", error=error))
    bench.send(*[b"%d" % number for number in range(16)])
    assert bench.pipeline.turn(0) == 0
    assert sorted(bench.broker.acknowledged) == list(range(1, 17))
    reasons = dict(bench.store.written)
    assert len(bench.store.written) == 16
    assert reasons.pop(b"5") == reasons.pop(b"11") == "store-refused"
    assert set(reasons.values()) == {"unknown-device"}


def test_lone_message_that_fails_waits_for_another_to_show_whose_fault_it_is() -> None:
    bench = Bench(_bad(b"1"))
    bench.send(b"1")
    assert bench.pipeline.turn(0) > 0
    assert bench.broker.acknowledged == []
    assert bench.pipeline.trouble == "no message can be written: no"
    bench.send(b"2")
    assert bench.pipeline.turn(0) == 0
    assert dict(bench.store.written) == {b"1": "store-refused", b"2": "unknown-device"}
    assert sorted(bench.broker.acknowledged) == [1, 2]


def test_fault_of_the_store_quarantines_nothing() -> None:
    bench = Bench(lambda _: StoreFault("relation does not exist"))
    bench.send(*[b"%d" % number for number in range(64)])
    assert bench.pipeline.turn(0) > 0
    assert bench.store.written == []
    assert bench.broker.acknowledged == []
    assert bench.store.calls <= 64 + SUSPECTS_MAX


def test_batch_that_takes_too_long_is_halved() -> None:
    bench = Bench(lambda deliveries: StoreTimeout("slow") if len(deliveries) > 4 else None)
    bench.send(*[b"%d" % number for number in range(16)])
    assert bench.pipeline.turn(0) == 0
    assert bench.payloads() == [b"%d" % number for number in range(16)]


def test_bounds_of_a_batch_hold() -> None:
    bench = Bench()
    bench.send(*[b"%d" % number for number in range(100)])
    bench.pipeline.turn(0)
    assert len(bench.store.written) == 64
    bench.pipeline.drain(time.monotonic() + 1)
    assert len(bench.store.written) == 100


def test_drain_gives_up_when_it_cannot_write() -> None:
    bench = Bench(lambda _: StoreUnavailable("away"))
    bench.send(*[b"%d" % number for number in range(100)])
    bench.pipeline.drain(time.monotonic() + 60)
    assert bench.store.calls == 1


def test_metrics_tell_outcomes_and_reasons() -> None:
    bench = Bench()
    bench.send(b"1", b"2")
    bench.pipeline.turn(0)
    text = bench.metrics.render().decode()
    assert "machi_bridge_messages_received_total 2.0" in text
    assert 'machi_bridge_messages_total{outcome="quarantined"} 2.0' in text
    assert 'machi_bridge_messages_quarantined_total{reason="unknown-device"} 2.0' in text
    assert "machi_bridge_batch_messages_count 1.0" in text
