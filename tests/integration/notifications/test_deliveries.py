"""Leases and settlements in a real database."""

import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from context_api.store.database import Database, open_database
from context_api.store.deliveries import (
    Lease,
    LeasedQueue,
    RestResult,
    RowResult,
    Settlement,
    State,
    get_counts,
    lease_queues,
    renew_leases,
    settle,
)
from tests.integration.notifications.writer import (
    Connection,
    add_subscription,
    count_orphans,
    count_queues,
    enqueue,
    get_counters,
    open_connection,
)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = open_database(database_url, pool_max=4)
    yield database
    database.close()


@pytest.fixture
def writer(database_url: str) -> Iterator[Connection]:
    with open_connection(database_url) as connection:
        yield connection


def lease(database: Database, **options: Any) -> list[LeasedQueue]:
    defaults = {"limit": 100, "per_subscription": 10, "rows_per_queue": 16, "lease_s": 30.0}
    queues = lease_queues(database, **{**defaults, **options})
    return sorted(queues, key=lambda queue: queue.lease.queue)


def delivered(queue: LeasedQueue) -> Settlement:
    """All of its leased rows went out."""
    rows = tuple(RowResult(day=row.day, id=row.id, state=State.DELIVERED) for row in queue.rows)
    return Settlement(lease=queue.lease, rows=rows)


def failed(queue: LeasedQueue, delay_s: float, error: str = "HTTP 500") -> Settlement:
    """The head was refused."""
    head = queue.rows[0]
    result = RowResult(day=head.day, id=head.id, state=State.WAITING, error=error)
    return Settlement(lease=queue.lease, rows=(result,), attempts=queue.attempts + 1, delay_s=delay_s)


def test_a_leased_queue_has_its_rows_in_order_with_change_and_subscription(
    database: Database, writer: Connection
) -> None:
    key = add_subscription(writer, "a", {"a": 1})
    ids = [enqueue(writer, key, "urn:e:1", {"n": n}) for n in range(3)]
    (queue,) = lease(database)
    assert queue.lease.queue == (key, "urn:e:1")
    assert [row.id for row in queue.rows] == ids
    assert [row.document for row in queue.rows] == [b'{"n": 0}', b'{"n": 1}', b'{"n": 2}']
    assert queue.rows[0].changed_at == queue.rows[0].created_at
    assert abs(queue.rows[0].created_at - time.time() * 1e6) < 60e6
    assert (queue.attempts, queue.failing_s) == (0, None)
    assert queue.subscription is not None
    assert (queue.subscription.id, queue.subscription.tenant) == ("urn:ngsi-ld:Subscription:a", "default")
    assert (queue.subscription.document, queue.subscription.is_active) == ({"a": 1}, True)
    assert lease(database) == []


def test_delivered_rows_are_counted_and_the_empty_queue_goes(database: Database, writer: Connection) -> None:
    key = add_subscription(writer, "a")
    for _ in range(3):
        enqueue(writer, key, "urn:e:1")
    (queue,) = lease(database, rows_per_queue=2)
    settled = settle(database, [delivered(queue)])
    assert (settled.held, settled.waiting) == ({queue.lease}, {queue.lease})
    counters = get_counters(writer, key)
    assert (counters["matched"], counters["delivered"], counters["waiting"]) == (3, 2, 1)
    (queue,) = lease(database, rows_per_queue=2)
    assert settle(database, [delivered(queue)]).waiting == set()
    assert get_counters(writer, key) == {
        "matched": 3,
        "delivered": 3,
        "dead_lettered": 0,
        "cancelled": 0,
        "waiting": 0,
        "sent": 3,
        "failed": 0,
    }
    assert count_queues(writer) == 0


def test_a_failed_queue_is_due_again_after_its_delay_and_says_since_when(
    database: Database, writer: Connection
) -> None:
    key = add_subscription(writer, "a")
    enqueue(writer, key, "urn:e:1")
    (queue,) = lease(database)
    settle(database, [failed(queue, delay_s=0.3)])
    assert lease(database) == []
    enqueue(writer, key, "urn:e:1")  # a new value must not shorten the back-off
    assert lease(database) == []
    time.sleep(0.35)
    (again,) = lease(database)
    assert (again.attempts, again.rows[0].attempts, len(again.rows)) == (1, 1, 2)
    assert again.failing_s is not None
    assert 0.35 <= again.failing_s < 60
    settle(database, [failed(again, delay_s=0)])
    (third,) = lease(database)
    assert third.attempts == 2
    assert third.failing_s is not None
    assert third.failing_s > again.failing_s
    counters = get_counters(writer, key)
    assert (counters["sent"], counters["failed"], counters["waiting"]) == (2, 2, 2)
    row = writer.execute("select last_error, last_success from subscription_counter").fetchone()
    assert row == ("HTTP 500", None)


def test_success_ends_the_failing(database: Database, writer: Connection) -> None:
    key = add_subscription(writer, "a")
    enqueue(writer, key, "urn:e:1")
    enqueue(writer, key, "urn:e:1")
    (queue,) = lease(database, rows_per_queue=1)
    settle(database, [failed(queue, delay_s=0)])
    (queue,) = lease(database, rows_per_queue=1)
    settle(database, [delivered(queue)])
    (queue,) = lease(database)
    assert (queue.attempts, queue.failing_s, len(queue.rows)) == (0, None, 1)


def test_a_delivery_before_the_failure_begins_the_failing_anew(
    database: Database, writer: Connection
) -> None:
    key = add_subscription(writer, "a")
    enqueue(writer, key, "urn:e:1")
    enqueue(writer, key, "urn:e:1")
    (queue,) = lease(database)
    settle(database, [failed(queue, delay_s=0.2)])
    time.sleep(0.3)
    (queue,) = lease(database)
    first, second = queue.rows
    rows = (
        RowResult(day=first.day, id=first.id, state=State.DELIVERED),
        RowResult(day=second.day, id=second.id, state=State.WAITING, error="HTTP 500"),
    )
    began = time.monotonic()
    settle(database, [Settlement(lease=queue.lease, rows=rows, attempts=1)])
    (queue,) = lease(database)
    assert queue.attempts == 1
    assert queue.failing_s is not None
    assert queue.failing_s <= time.monotonic() - began, (
        "it counts from the success, not from the first failure"
    )
    counters = get_counters(writer, key)
    assert (counters["delivered"], counters["sent"], counters["failed"]) == (1, 3, 2)


def test_dead_letters_and_cancellations_are_counted(database: Database, writer: Connection) -> None:
    key = add_subscription(writer, "a")
    for _ in range(3):
        enqueue(writer, key, "urn:e:1")
    (queue,) = lease(database)
    head = queue.rows[0]
    dead = RowResult(day=head.day, id=head.id, state=State.DEAD_LETTERED, error="HTTP 410")
    settle(database, [Settlement(lease=queue.lease, rows=(dead,))])
    (queue,) = lease(database)
    assert len(queue.rows) == 2
    rest = RestResult(state=State.CANCELLED, error="expired")
    settle(database, [Settlement(lease=queue.lease, rest=rest)])
    counters = get_counters(writer, key)
    assert (counters["dead_lettered"], counters["cancelled"], counters["waiting"]) == (1, 2, 0)
    assert (counters["sent"], counters["failed"]) == (1, 1)
    assert count_queues(writer) == 0


def test_only_rows_older_than_the_limit_are_given_up(database: Database, writer: Connection) -> None:
    key = add_subscription(writer, "a")
    old = [enqueue(writer, key, "urn:e:1") for _ in range(2)]
    writer.execute("update outbox set created_at = now() - interval '25 hours' where id = any (%s)", [old])
    young = enqueue(writer, key, "urn:e:1")
    (queue,) = lease(database)
    rest = RestResult(state=State.DEAD_LETTERED, error="given up", older_than_s=86_400)
    settle(database, [Settlement(lease=queue.lease, rest=rest)])
    assert get_counters(writer, key)["dead_lettered"] == 2
    (queue,) = lease(database)
    assert [row.id for row in queue.rows] == [young]


def test_rows_of_a_deleted_subscription_are_cancelled(database: Database, writer: Connection) -> None:
    key = add_subscription(writer, "a")
    enqueue(writer, key, "urn:e:1")
    writer.execute("delete from subscription where key = %s", [key])
    (queue,) = lease(database)
    assert queue.subscription is None
    settle(database, [Settlement(lease=queue.lease, rest=RestResult(state=State.CANCELLED, error="deleted"))])
    assert writer.execute("select state from outbox").fetchall() == [(State.CANCELLED,)]
    assert count_queues(writer) == 0


def test_a_row_whose_change_is_gone_has_no_document(database: Database, writer: Connection) -> None:
    key = add_subscription(writer, "a")
    enqueue(writer, key, "urn:e:1")
    writer.execute("delete from change")
    (queue,) = lease(database)
    assert (queue.rows[0].document, queue.rows[0].changed_at) == (None, None)


def test_a_lease_runs_out_and_the_stale_settlement_has_no_effect(
    database: Database, writer: Connection
) -> None:
    key = add_subscription(writer, "a")
    enqueue(writer, key, "urn:e:1")
    (lost,) = lease(database, lease_s=0.2)
    assert lease(database) == []
    time.sleep(0.25)
    (taken,) = lease(database)
    assert settle(database, [delivered(lost)]).held == set()
    counters = get_counters(writer, key)
    assert (counters["delivered"], counters["waiting"], counters["sent"]) == (0, 1, 0)
    assert settle(database, [delivered(taken)]).held == {taken.lease}
    assert settle(database, [delivered(taken)]).held == set()
    assert get_counters(writer, key)["delivered"] == 1


def test_a_renewed_lease_is_not_taken_over(database: Database, writer: Connection) -> None:
    key = add_subscription(writer, "a")
    enqueue(writer, key, "urn:e:1")
    (queue,) = lease(database, lease_s=0.3)
    stranger = Lease(key, "urn:e:1", uuid.uuid4())
    assert renew_leases(database, [queue.lease, stranger], 30) == {queue.lease}
    time.sleep(0.35)
    assert lease(database) == []


def test_limits_are_kept_and_skipped_subscriptions_left_alone(database: Database, writer: Connection) -> None:
    keys = [add_subscription(writer, name) for name in "abc"]
    for key in keys:
        for number in range(5):
            enqueue(writer, key, f"urn:e:{number}")
    first = lease(database, per_subscription=2)
    assert [queue.lease.subscription_key for queue in first] == [key for key in keys for _ in range(2)]
    second = lease(database, per_subscription=2, skip=keys[:2])
    assert [queue.lease.subscription_key for queue in second] == [keys[2]] * 2
    assert len(lease(database, limit=1)) == 1
    counts = get_counts(database)
    assert (counts.waiting, counts.leased, counts.failing) == (15, 9, 0)


def test_the_longest_due_goes_first(database: Database, writer: Connection) -> None:
    keys = [add_subscription(writer, name) for name in "ab"]
    enqueue(writer, keys[0], "urn:e:1")
    enqueue(writer, keys[1], "urn:e:1")
    writer.execute(
        "update delivery_queue set due_at = now() - interval '1 hour' where subscription_key = %s", [keys[1]]
    )
    (queue,) = lease(database, limit=1)
    assert queue.lease.subscription_key == keys[1]


def test_a_row_written_while_its_queue_is_settled_is_not_stranded(
    database: Database, database_url: str, writer: Connection
) -> None:
    """A writer that has locked the queue makes the settlement wait, which then sees the row it wrote."""
    key = add_subscription(writer, "a")
    enqueue(writer, key, "urn:e:1")
    (queue,) = lease(database)
    with open_connection(database_url, autocommit=False) as other:
        second = enqueue(other, key, "urn:e:1")
        settling = threading.Thread(target=settle, args=(database, [delivered(queue)]))
        settling.start()
        settling.join(0.3)
        assert settling.is_alive()
        other.commit()
        settling.join(30)
    (queue,) = lease(database)
    assert [row.id for row in queue.rows] == [second]
    assert count_orphans(writer) == 0


def test_a_writer_that_meets_a_settlement_makes_the_queue_anew(
    database: Database, database_url: str, writer: Connection
) -> None:
    """The settlement has removed the queue and is not committed: the writer waits and inserts it again."""
    key = add_subscription(writer, "a")
    enqueue(writer, key, "urn:e:1")
    (queue,) = lease(database)
    with open_connection(database_url, autocommit=False) as settler:
        settler.execute("update outbox set state = 1 where subscription_key = %s", [key])
        settler.execute("select from delivery_queue where subscription_key = %s for update", [key])
        settler.execute("delete from delivery_queue where subscription_key = %s", [key])
        writing = threading.Thread(target=enqueue, args=(writer, key, "urn:e:1"))
        writing.start()
        writing.join(0.3)
        assert writing.is_alive()
        settler.commit()
        writing.join(30)
    assert settle(database, [delivered(queue)]).held == set()
    assert count_orphans(writer) == 0
    assert count_queues(writer) == 1


def test_writers_and_notifiers_at_once_lose_nothing(database: Database, database_url: str) -> None:
    """Two writers and two notifiers on three queues: every row is delivered once, none is stranded."""
    with open_connection(database_url) as connection:
        keys = [add_subscription(connection, name) for name in "ab"]
    seen: list[int] = []
    done = threading.Event()

    def write(entity_id: str) -> None:
        with open_connection(database_url) as connection:
            for number in range(150):
                enqueue(connection, keys[number % 2], entity_id)

    def notify() -> None:
        while True:
            last = done.is_set()
            queues = lease(database)
            held = settle(database, [delivered(queue) for queue in queues]).held
            seen.extend(row.id for queue in queues if queue.lease in held for row in queue.rows)
            if last and not queues:
                return

    writers = [threading.Thread(target=write, args=(entity_id,)) for entity_id in ("urn:e:1", "urn:e:1")]
    notifiers = [threading.Thread(target=notify) for _ in range(2)]
    for thread in writers + notifiers:
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in notifiers:
        thread.join()
    with open_connection(database_url) as connection:
        assert [get_counters(connection, key)["delivered"] for key in keys] == [150, 150]
        assert (count_orphans(connection), count_queues(connection)) == (0, 0)
    assert len(seen) == len(set(seen)) == 300
