"""Endpoints that fail rest, one try finds out whether they are well, and throttling keeps the newest."""

import time
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from context_api.store.database import Database, open_database
from context_api.store.deliveries import (
    LeasedQueue,
    RestPolicy,
    RowResult,
    Settlement,
    State,
    get_counts,
    keep_documents,
    lease_queues,
    settle,
)
from context_api.store.deliveries_again import replay_dead_letters
from tests.integration.notifications.writer import (
    Connection,
    add_subscription,
    count_queues,
    enqueue,
    get_counters,
    open_connection,
)

LONG = RestPolicy(tolerated=3, first_s=3_600.0, longest_s=3_600.0)
SHORT = RestPolicy(tolerated=3, first_s=0.001, longest_s=0.001)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = open_database(database_url)
    yield database
    database.close()


@pytest.fixture
def writer(database_url: str) -> Iterator[Connection]:
    with open_connection(database_url) as connection:
        yield connection


def to(uri: str, **more: Any) -> dict[str, Any]:
    return {"notification": {"endpoint": {"uri": uri}}, **more}


def lease(database: Database, rest: RestPolicy = LONG) -> list[LeasedQueue]:
    found = lease_queues(database, limit=50, per_subscription=10, rows_per_queue=16, lease_s=30, rest=rest)
    return sorted(found, key=lambda queue: queue.lease.queue)


def fail(queue: LeasedQueue, **more: Any) -> Settlement:
    head = queue.rows[0]
    row = RowResult(day=head.day, id=head.id, state=State.WAITING, error="HTTP 500", status=500)
    return Settlement(
        lease=queue.lease,
        rows=(row,),
        attempts=queue.attempts + 1,
        endpoint_failed=True,
        is_trial=queue.is_trial,
        **more,
    )


def deliver(queue: LeasedQueue, **more: Any) -> Settlement:
    rows = tuple(RowResult(day=row.day, id=row.id, state=State.DELIVERED, status=204) for row in queue.rows)
    return Settlement(lease=queue.lease, rows=rows, is_trial=queue.is_trial, **more)


def keys(queues: list[LeasedQueue]) -> list[tuple[int, str]]:
    return [(queue.lease.subscription_key, queue.lease.entity_id) for queue in queues]


def open_now(writer: Connection) -> None:
    """Time passes."""
    writer.execute("update delivery_circuit set open_until = now() - interval '1 second'")
    writer.execute("update delivery_queue set due_at = least(due_at, now())")


def test_an_endpoint_rests_after_failures_and_nobody_else_does(
    database: Database, writer: Connection
) -> None:
    dead = add_subscription(writer, "dead", to("http://dead.example/"))
    well = add_subscription(writer, "well", to("http://well.example/"))
    for number in range(3):
        enqueue(writer, dead, f"urn:e:{number}")
    settle(database, [fail(queue) for queue in lease(database)], LONG)
    enqueue(writer, well, "urn:e:1")
    assert keys(lease(database)) == [(well, "urn:e:1")]
    assert get_counts(database).resting == 1


def test_fewer_failures_do_not_make_it_rest(database: Database, writer: Connection) -> None:
    key = add_subscription(writer, "a", to("http://a.example/"))
    for number in range(2):
        enqueue(writer, key, f"urn:e:{number}")
    settle(database, [fail(queue) for queue in lease(database)], LONG)
    assert len(lease(database)) == 2


def test_after_its_rest_one_queue_is_tried_also_where_two_subscriptions_lead_there(
    database: Database, writer: Connection
) -> None:
    first = add_subscription(writer, "a", to("http://a.example/"))
    second = add_subscription(writer, "b", to("http://a.example/"))
    for number in range(3):
        enqueue(writer, first, f"urn:e:{number}")
        enqueue(writer, second, f"urn:e:{number}")
    settle(database, [fail(queue) for queue in lease(database)], LONG)
    open_now(writer)
    (trial,) = lease(database)
    assert trial.is_trial
    assert lease(database) == []
    settle(database, [fail(trial)], LONG)
    assert writer.execute("select failures, open_until > now() from delivery_circuit").fetchall() == [
        (4, True)
    ]


def test_one_success_opens_it_and_ends_the_back_off_of_what_waits(
    database: Database, writer: Connection
) -> None:
    key = add_subscription(writer, "a", to("http://a.example/"))
    for number in range(4):
        enqueue(writer, key, f"urn:e:{number}")
    settle(database, [fail(queue, delay_s=3_600.0) for queue in lease(database)], LONG)
    writer.execute("update delivery_circuit set open_until = now()")
    writer.execute("update delivery_queue set due_at = now() where entity_id = 'urn:e:3'")
    (trial,) = lease(database)
    settle(database, [deliver(trial)], LONG)
    assert [entity for _, entity in keys(lease(database))] == ["urn:e:0", "urn:e:1", "urn:e:2"]


def test_a_hold_begins_with_the_first_failure(database: Database, writer: Connection) -> None:
    key = add_subscription(writer, "a", to("http://a.example/"))
    enqueue(writer, key, "urn:e:1")
    enqueue(writer, key, "urn:e:2")
    one, other = lease(database)
    settle(database, [fail(one, hold_s=3_600.0), deliver(other)], LONG)
    enqueue(writer, key, "urn:e:3")
    assert lease(database) == []


def test_a_longer_row_of_failures_rests_longer(database: Database, writer: Connection) -> None:
    key = add_subscription(writer, "a", to("http://a.example/"))
    enqueue(writer, key, "urn:e:1")
    policy = RestPolicy(tolerated=1, first_s=100.0, longest_s=100.0 * 2**20)
    for _ in range(12):
        (queue,) = lease(database, policy)
        settle(database, [fail(queue)], policy)
        open_now(writer)
    (queue,) = lease(database, policy)
    settle(database, [fail(queue)], policy)
    (found,) = writer.execute("select failures, extract(epoch from open_until - now()) from delivery_circuit")
    assert found[0] == 13
    assert 0 <= found[1] <= 100.0 * 2**12


def test_throttling_keeps_the_newest_of_a_window_and_delivers_it_at_its_end(
    database: Database, writer: Connection
) -> None:
    key = add_subscription(writer, "a", to("http://a.example/", throttling_s=3_600.0))
    enqueue(writer, key, "urn:e:1", {"n": 0})
    (queue,) = lease(database)
    settle(database, [deliver(queue, window_s=3_600.0)])
    for number in range(1, 4):
        enqueue(writer, key, "urn:e:1", {"n": number})
    enqueue(writer, key, "urn:e:2", {"n": 9})
    (other,) = lease(database)
    assert other.lease.entity_id == "urn:e:2"  # each entity has a window of its own
    settle(database, [deliver(other, window_s=3_600.0)])
    writer.execute("update delivery_queue set due_at = now()")
    queues = lease(database)
    assert [[row.document for row in queue.rows] for queue in queues] == [[b'{"n": 3}'], []]
    settle(database, [deliver(queue, window_s=3_600.0) for queue in queues])
    counters = get_counters(writer, key)
    assert (counters["matched"], counters["delivered"], counters["waiting"]) == (5, 3, 0)
    assert count_queues(writer) == 1  # of the entity that was just delivered: its window is open


def test_a_window_survives_whoever_opened_it(database: Database, writer: Connection) -> None:
    key = add_subscription(writer, "a", to("http://a.example/", throttling_s=0.3))
    enqueue(writer, key, "urn:e:1")
    (queue,) = lease(database)
    settle(database, [deliver(queue, window_s=0.3)])
    enqueue(writer, key, "urn:e:1", {"n": 1})
    assert lease(database) == []
    deadline = time.monotonic() + 30
    while not (again := lease(database)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert again[0].rows[0].document == b'{"n": 1}'


def test_a_trial_ends_by_itself_when_its_process_dies(database: Database, writer: Connection) -> None:
    key = add_subscription(writer, "a", to("http://a.example/"))
    for number in range(3):
        enqueue(writer, key, f"urn:e:{number}")
    settle(database, [fail(queue) for queue in lease(database, SHORT)], SHORT)
    open_now(writer)
    assert len(lease(database, SHORT)) == 1
    open_now(writer)
    assert len(lease(database, SHORT)) == 1


def test_topics_of_a_broker_rest_together_and_paths_of_a_host_apart(
    database: Database, writer: Connection
) -> None:
    broker = "mqtts://town:secret@broker.example:8883"
    topics = [add_subscription(writer, f"topic-{n}", to(f"{broker}/town/{n}")) for n in range(2)]
    other = add_subscription(writer, "other", to("mqtts://broker.example:8884/town/0"))
    paths = [add_subscription(writer, f"path-{n}", to(f"https://partner.example/{n}")) for n in range(2)]
    for key in (topics[0], paths[0]):
        for number in range(LONG.tolerated):
            enqueue(writer, key, f"urn:e:{number}")
    settle(database, [fail(queue) for queue in lease(database)], LONG)
    assert get_counts(database).resting == 2
    for key in (topics[1], other, paths[1]):
        enqueue(writer, key, "urn:e:9")
    assert [queue.lease.subscription_key for queue in lease(database)] == [other, paths[1]]


@pytest.mark.parametrize("end", ["given up", "kept"])
def test_what_outlives_its_change_keeps_the_way_it_came(
    database: Database, writer: Connection, end: str
) -> None:
    """A notification that is sent after its change was dropped names the brokers it came through."""
    key = add_subscription(writer, "a", to("http://partner.example/"))
    enqueue(writer, key, "urn:e:1")
    writer.execute("update change set via = '1.1 other-broker'")
    (queue,) = lease(database)
    if end == "given up":
        row = queue.rows[0]
        dead = RowResult(day=row.day, id=row.id, state=State.DEAD_LETTERED, error="too old")
        settle(database, [Settlement(lease=queue.lease, rows=(dead,))], LONG)
    else:
        settle(database, [Settlement(lease=queue.lease)], LONG)
        with database.connection() as connection:
            assert keep_documents(connection, [queue.rows[0].change_day or date.min]) == 1
    writer.execute("delete from change")
    if end == "given up":
        assert replay_dead_letters(database, key) == 1
    (queue,) = lease(database)
    assert (queue.rows[0].via, queue.rows[0].document) == ("1.1 other-broker", b"{}")
