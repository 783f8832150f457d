"""Deliveries from the outbox to real receivers: retries, order, isolation, leases, stopping."""

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from context_api.notifications.delivery import MessageError, QueueDelivery
from context_api.notifications.dispatcher import Dispatcher
from context_api.notifications.endpoints import origin_of
from context_api.notifications.metrics import NotifierMetrics
from context_api.notifications.outbound import OutboundPolicy, open_client, parse_networks
from context_api.notifications.retry import RetryPolicy
from context_api.notifications.sender import HttpSender, Message
from context_api.notifications.settings import NotifierSettings
from context_api.store.database import open_database
from context_api.store.deliveries import LeasedQueue, OutboxRow, lease_queues
from tests.integration.notifications.writer import (
    Connection,
    add_subscription,
    count_orphans,
    count_queues,
    enqueue,
    get_counters,
    open_connection,
)
from tests.support.receiver import Answer, Received, Receiver

FAST = RetryPolicy(first_s=0.05, longest_s=0.2)


class Notifier:
    """Dispatcher and deliveries in a thread; a body is the change's document with the row's id."""

    def __init__(self, settings: NotifierSettings) -> None:
        self.settings = settings
        self.metrics = NotifierMetrics()
        self.paused: list[tuple[int, str]] = []
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),))
        self._thread.start()

    def stop(self) -> float:
        """Stop in order; returns how long that took."""
        began = time.monotonic()
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(15)
        assert not self._thread.is_alive()
        return time.monotonic() - began

    async def _run(self) -> None:
        database = open_database(self.settings.database_url, pool_max=4)
        client = open_client(OutboundPolicy(self.settings.outbound_allow))
        delivery = QueueDelivery(
            self.settings,
            self.metrics,
            HttpSender(client),
            self._make,
            pause_subscription=self._pause,
            is_stopping=lambda: self.dispatcher.stopping,
        )
        self.dispatcher = Dispatcher(
            database,
            self.settings,
            self.metrics,
            deliver=delivery.deliver,
            endpoint_of=lambda queue: origin_of(_url_of(queue)),
        )
        await self.dispatcher.run(self._stop)
        await client.aclose()
        await asyncio.to_thread(database.close)

    async def _make(self, queue: LeasedQueue, row: OutboxRow, notified_at: int) -> Message:
        document = json.loads(row.document or b"{}")
        if document.get("unwritable"):
            raise MessageError("the @context is not at hand")
        body = json.dumps({"id": row.id, "entity": queue.lease.entity_id, **document}).encode()
        assert queue.subscription is not None
        timeout_s = queue.subscription.document.get("timeout_s")
        return Message(_url_of(queue), [(b"Content-Type", b"application/json")], body, timeout_s=timeout_s)

    async def _pause(self, key: int, reason: str) -> None:
        self.paused.append((key, reason))


def _url_of(queue: LeasedQueue) -> str:
    return str(queue.subscription.document["url"]) if queue.subscription else ""


StartNotifier = Callable[..., Notifier]


@pytest.fixture
def start_notifier(database_url: str) -> Iterator[StartNotifier]:
    """Starts notifiers with short times; `start_notifier(lease_s=…)` changes settings."""
    started: list[Notifier] = []
    settings = NotifierSettings(
        database_url=database_url,
        outbound_allow=parse_networks(["127.0.0.0/8"]),
        retry=FAST,
        poll_s=0.05,
        timeout_s=2.0,
        stop_s=1.0,
    )

    def start(**changes: Any) -> Notifier:
        notifier = Notifier(replace(settings, **changes))
        started.append(notifier)
        return notifier

    yield start
    for notifier in started:
        notifier.stop()


@pytest.fixture
def writer(database_url: str) -> Iterator[Connection]:
    with open_connection(database_url) as connection:
        yield connection


@pytest.fixture
def start_receiver() -> Iterator[Callable[[], Receiver]]:
    """For tests that need several receivers."""
    started: list[Receiver] = []

    def start() -> Receiver:
        started.append(Receiver())
        return started[-1]

    yield start
    for receiver in started:
        receiver.stop()


def subscribe(writer: Connection, receiver: Receiver | str, name: str = "a", **more: Any) -> int:
    url = receiver if isinstance(receiver, str) else f"{receiver.url}/in"
    return add_subscription(writer, name, {"url": url, **more})


def wait_until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def wait_settled(writer: Connection, key: int, timeout_s: float = 10.0) -> dict[str, int]:
    """The counters once nothing waits; the equation holds all the time."""
    wait_until(lambda: get_counters(writer, key)["waiting"] == 0, timeout_s)
    return get_counters(writer, key)


def ids_of(requests: list[Received]) -> list[int]:
    return [request.json["id"] for request in requests]


def test_one_change_is_one_notification(
    writer: Connection, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    start_notifier()
    key = subscribe(writer, http_receiver)
    id_ = enqueue(writer, key, "urn:e:1", {"pm25": 12.5})
    (request,) = http_receiver.wait_for(1)
    assert request.json == {"id": id_, "entity": "urn:e:1", "pm25": 12.5}
    assert (request.method, request.path) == ("POST", "/in")
    assert request.headers["content-length"] == str(len(request.body))
    assert "transfer-encoding" not in request.headers
    counters = wait_settled(writer, key)
    assert counters == {
        "matched": 1,
        "delivered": 1,
        "dead_lettered": 0,
        "cancelled": 0,
        "waiting": 0,
        "sent": 1,
        "failed": 0,
    }
    time.sleep(0.2)
    assert len(http_receiver.requests) == 1
    wait_until(lambda: count_queues(writer) == 0)


@pytest.mark.parametrize("status", [201, 202, 204, 226])
def test_any_2xx_is_success(
    writer: Connection, http_receiver: Receiver, start_notifier: StartNotifier, status: int
) -> None:
    http_receiver.answer(status)
    start_notifier()
    key = subscribe(writer, http_receiver)
    enqueue(writer, key, "urn:e:1")
    counters = wait_settled(writer, key)
    assert (counters["delivered"], counters["failed"]) == (1, 0)


@pytest.mark.parametrize("status", [500, 503, 429, 404, 302])
def test_a_failure_is_repeated_with_the_same_id_and_delivered_once(
    writer: Connection, http_receiver: Receiver, start_notifier: StartNotifier, status: int
) -> None:
    http_receiver.answer(Answer(status, {"Location": f"{http_receiver.url}/elsewhere"}))
    start_notifier()
    key = subscribe(writer, http_receiver)
    id_ = enqueue(writer, key, "urn:e:1")
    assert ids_of(http_receiver.wait_for(2)) == [id_, id_]
    assert [request.path for request in http_receiver.requests] == ["/in", "/in"]
    counters = wait_settled(writer, key)
    assert (counters["delivered"], counters["sent"], counters["failed"]) == (1, 2, 1)
    row = writer.execute(
        "select last_error, last_failure <= last_success from subscription_counter"
    ).fetchone()
    assert row is not None
    assert row[0].startswith(f"HTTP {status} ")
    assert row[1]


def test_order_per_entity_holds_under_retries(
    writer: Connection, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    key = subscribe(writer, http_receiver)
    sent = {f"urn:e:{n}": [enqueue(writer, key, f"urn:e:{n}") for _ in range(12)] for n in range(4)}
    flaky = iter([500, 200, 200, 503, 200] * 100)
    http_receiver.always = lambda _: Answer(next(flaky))
    start_notifier()
    start_notifier()
    counters = wait_settled(writer, key, 30)
    assert counters["delivered"] == 48
    assert counters["sent"] == 48 + counters["failed"] == len(http_receiver.requests)
    for entity_id, ids in sent.items():
        seen = [
            request.json["id"] for request in http_receiver.requests if request.json["entity"] == entity_id
        ]
        assert list(dict.fromkeys(seen)) == ids
        assert seen == sorted(seen)


def test_a_dead_endpoint_delays_nobody_else(
    writer: Connection, start_receiver: Callable[[], Receiver], start_notifier: StartNotifier
) -> None:
    hanging, healthy = start_receiver(), start_receiver()
    hanging.always = Answer(delay_s=3.0)
    dead = [subscribe(writer, hanging, f"dead{n}") for n in range(3)]
    for key in dead:
        for number in range(60):
            enqueue(writer, key, f"urn:e:{number}")
    # Fewer leases than the dead endpoint could use: its limit must leave room for the others
    start_notifier(
        leases=40, leases_per_endpoint=20, leases_per_subscription=10, sends_per_endpoint=4, timeout_s=20.0
    )
    hanging.wait_for(4)
    key = subscribe(writer, healthy, "healthy")
    began = time.time()
    for number in range(50):
        enqueue(writer, key, f"urn:e:{number}")
    requests = healthy.wait_for(50, 60)
    assert requests[-1].at - began < 15, "waiting for one dead endpoint takes 20 s"
    assert get_counters(writer, dead[0])["delivered"] == 0


def test_an_endpoint_that_hangs_gives_no_reason_to_ask_the_database(
    writer: Connection,
    start_receiver: Callable[[], Receiver],
    start_notifier: StartNotifier,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The answers of others free no room of it: nothing is leased because of them."""
    leased: list[int] = []

    def counting(*given: Any, **options: Any) -> list[LeasedQueue]:
        queues = lease_queues(*given, **options)
        leased.append(len(queues))
        return queues

    monkeypatch.setattr("context_api.notifications.dispatcher.lease_queues", counting)
    hanging, healthy = start_receiver(), start_receiver()
    hanging.always = Answer(delay_s=60.0)
    dead, well = subscribe(writer, hanging, "dead"), subscribe(writer, healthy, "well")
    for number in range(20):
        enqueue(writer, dead, f"urn:e:{number}")
    for number in range(3):
        enqueue(writer, well, f"urn:e:{number}")
    start_notifier(poll_s=60.0, leases_per_subscription=4, timeout_s=120.0, stop_s=0.1)
    assert wait_settled(writer, well, 60)["delivered"] == 3
    time.sleep(0.3)  # whoever asked in vain has done so by now
    assert leased == [7]


def test_the_back_off_grows_and_retry_after_is_honoured(
    writer: Connection, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    http_receiver.answer(Answer(503, {"Retry-After": "1"}))
    start_notifier()
    key = subscribe(writer, http_receiver)
    enqueue(writer, key, "urn:e:1")
    first, second = http_receiver.wait_for(2)
    assert second.at - first.at >= 0.95


def test_a_receiver_down_past_the_limit_gets_dead_letters(
    writer: Connection, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    http_receiver.always = Answer(500)
    key = subscribe(writer, http_receiver)
    enqueue(writer, key, "urn:e:1")
    start_notifier(retry=replace(FAST, give_up_s=0.6))
    time.sleep(0.3)
    enqueue(writer, key, "urn:e:1")
    wait_until(lambda: get_counters(writer, key)["dead_lettered"] == 2)
    counters = wait_settled(writer, key)
    assert counters["delivered"] == 0
    assert counters["failed"] >= 2
    errors = writer.execute("select last_error, state from outbox order by id").fetchall()
    assert [state for _, state in errors] == [2, 2]
    assert all("HTTP 500" in error and error.startswith("given up") for error, _ in errors)


def test_410_is_a_dead_letter_at_once_and_pauses(
    writer: Connection, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    http_receiver.answer(410)
    notifier = start_notifier()
    key = subscribe(writer, http_receiver)
    enqueue(writer, key, "urn:e:1")
    counters = wait_settled(writer, key)
    assert (counters["dead_lettered"], counters["sent"], counters["failed"]) == (1, 1, 1)
    assert notifier.paused == [(key, "HTTP 410 Gone")]


def test_a_deleted_subscription_cancels_what_waits(
    writer: Connection, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    http_receiver.always = Answer(500)
    key = subscribe(writer, http_receiver)
    enqueue(writer, key, "urn:e:1")
    start_notifier()
    http_receiver.wait_for(2)
    enqueue(writer, key, "urn:e:1")
    writer.execute("delete from subscription where key = %s", [key])
    wait_until(lambda: writer.execute("select 1 from outbox where state = 0").fetchone() is None)
    assert (
        writer.execute("select state, last_error from outbox").fetchall()
        == [(3, "the subscription was deleted")] * 2
    )
    assert count_queues(writer) == 0


def test_an_expired_subscription_cancels_what_waits(
    writer: Connection, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    key = subscribe(writer, http_receiver)
    enqueue(writer, key, "urn:e:1")
    writer.execute("update subscription set expires_at = now() - interval '1 s'")
    start_notifier()
    counters = wait_settled(writer, key)
    assert (counters["cancelled"], counters["sent"]) == (1, 0)
    assert http_receiver.requests == []


def test_a_paused_subscription_waits_until_it_is_resumed(
    writer: Connection, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    key = subscribe(writer, http_receiver)
    writer.execute("update subscription set is_active = false")
    enqueue(writer, key, "urn:e:1")
    start_notifier(paused_check_s=0.1)
    time.sleep(0.4)
    assert http_receiver.requests == []
    writer.execute("update subscription set is_active = true")
    assert wait_settled(writer, key)["delivered"] == 1


def test_a_private_address_is_refused_and_the_reason_kept(
    writer: Connection, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    key = subscribe(writer, http_receiver)
    enqueue(writer, key, "urn:e:1")
    start_notifier(outbound_allow=())
    wait_until(lambda: get_counters(writer, key)["failed"] >= 2)
    assert http_receiver.requests == []
    row = writer.execute("select last_error from subscription_counter").fetchone()
    assert row is not None
    assert "not public" in row[0]


def test_a_closed_port_is_retried_until_somebody_listens(
    writer: Connection, free_port: int, start_notifier: StartNotifier
) -> None:
    key = subscribe(writer, f"http://127.0.0.1:{free_port}/in")
    id_ = enqueue(writer, key, "urn:e:1")
    start_notifier()
    wait_until(lambda: get_counters(writer, key)["failed"] >= 2)
    receiver = Receiver(free_port)
    try:
        assert ids_of(receiver.wait_for(1)) == [id_]
        assert wait_settled(writer, key)["delivered"] == 1
    finally:
        receiver.stop()


def test_a_slow_receiver_fails_after_the_timeout_of_its_endpoint(
    writer: Connection, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    http_receiver.answer(Answer(delay_s=1.0))
    key = subscribe(writer, http_receiver, timeout_s=0.2)
    id_ = enqueue(writer, key, "urn:e:1")
    start_notifier()
    assert ids_of(http_receiver.wait_for(2)) == [id_, id_]
    counters = wait_settled(writer, key)
    assert (counters["delivered"], counters["failed"]) == (1, 1)
    row = writer.execute("select last_error from subscription_counter").fetchone()
    assert row == ("no answer within 0.2 s",)


def test_a_huge_answer_is_not_read(
    writer: Connection, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    http_receiver.answer(Answer(200, body=b"x" * (4 << 20)))
    key = subscribe(writer, http_receiver)
    enqueue(writer, key, "urn:e:1")
    enqueue(writer, key, "urn:e:1")
    start_notifier()
    assert wait_settled(writer, key)["delivered"] == 2


def test_a_notification_that_cannot_be_written_is_retried_and_says_why(
    writer: Connection, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    key = subscribe(writer, http_receiver)
    enqueue(writer, key, "urn:e:1", {"unwritable": True})
    other = enqueue(writer, key, "urn:e:2")
    start_notifier()
    assert ids_of(http_receiver.wait_for(1)) == [other]
    wait_until(lambda: get_counters(writer, key)["failed"] >= 2)
    row = writer.execute("select last_error from subscription_counter").fetchone()
    assert row == ("the @context is not at hand",)


def test_a_change_that_is_no_longer_kept_is_a_dead_letter(
    writer: Connection, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    key = subscribe(writer, http_receiver)
    enqueue(writer, key, "urn:e:1")
    writer.execute("delete from change")
    second = enqueue(writer, key, "urn:e:1")
    start_notifier()
    counters = wait_settled(writer, key)
    assert (counters["dead_lettered"], counters["delivered"], counters["sent"]) == (1, 1, 1)
    assert ids_of(http_receiver.requests) == [second]


def test_stopping_finishes_requests_and_gives_leases_back(
    writer: Connection, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    http_receiver.always = Answer(delay_s=0.5)
    key = subscribe(writer, http_receiver)
    for _ in range(3):
        enqueue(writer, key, "urn:e:1")
    notifier = start_notifier()
    http_receiver.wait_for(1)
    assert notifier.stop() < 15
    assert get_counters(writer, key)["delivered"] == 1
    assert writer.execute("select lease from delivery_queue").fetchall() == [(None,)]
    start_notifier()
    assert wait_settled(writer, key)["delivered"] == 3
    assert len(http_receiver.requests) == 3


def test_stopping_cuts_a_request_that_hangs(
    writer: Connection, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    http_receiver.answer(Answer(), Answer(delay_s=20))
    key = subscribe(writer, http_receiver)
    first, second = enqueue(writer, key, "urn:e:1"), enqueue(writer, key, "urn:e:1")
    notifier = start_notifier(timeout_s=20.0, stop_s=0.3)
    http_receiver.wait_for(2)
    assert notifier.stop() < 15
    assert get_counters(writer, key)["delivered"] == 1
    start_notifier()
    assert wait_settled(writer, key)["delivered"] == 2
    assert ids_of(http_receiver.requests) == [first, second, second]


def test_a_long_request_keeps_its_lease_by_renewal(
    writer: Connection, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    http_receiver.answer(Answer(delay_s=1.5))
    key = subscribe(writer, http_receiver)
    enqueue(writer, key, "urn:e:1")
    start_notifier(lease_s=0.6)
    start_notifier(lease_s=0.6)
    assert wait_settled(writer, key)["delivered"] == 1
    assert len(http_receiver.requests) == 1


def test_a_database_that_goes_away_and_returns_is_survived(
    writer: Connection, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    notifier = start_notifier()
    key = subscribe(writer, http_receiver)
    enqueue(writer, key, "urn:e:1")
    wait_settled(writer, key)
    writer.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    )
    enqueue(writer, key, "urn:e:1")
    assert wait_settled(writer, key)["delivered"] == 2
    wait_until(lambda: notifier.dispatcher.trouble == "")


def test_many_notifiers_share_the_work_without_doubles(
    writer: Connection, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    keys = [subscribe(writer, http_receiver, name) for name in "abc"]
    for _ in range(3):
        start_notifier()
    for number in range(60):
        for key in keys:
            enqueue(writer, key, f"urn:e:{number % 7}")
    for key in keys:
        assert wait_settled(writer, key, 20)["delivered"] == 60
    assert len(http_receiver.requests) == len(set(ids_of(http_receiver.requests))) == 180
    assert (count_orphans(writer), count_queues(writer)) == (0, 0)


def test_limits_are_no_reason_to_wait_for_the_next_poll(
    writer: Connection, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    key = subscribe(writer, http_receiver)
    for number in range(60):
        enqueue(writer, key, f"urn:e:{number}")
    for _ in range(10):
        enqueue(writer, key, "urn:e:0")
    start_notifier(poll_s=60.0, leases=8, leases_per_subscription=4, rows_per_queue=2)
    assert wait_settled(writer, key, 20)["delivered"] == 70
