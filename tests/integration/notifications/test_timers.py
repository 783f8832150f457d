"""What happens by the clock: periodic notifications, bounds, giving up, and what a dropped day leaves."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from context_api.store import partitions
from context_api.store.database import Database, open_database
from context_api.store.deliveries import RestPolicy, lease_queues
from context_api.store.deliveries_timers import Bounds, fire_timers, keep_bounds, prepare_drop
from tests.integration.notifications.writer import (
    Connection,
    add_subscription,
    enqueue,
    get_counters,
    open_connection,
)

DAY_S = 86_400.0
ENDPOINT = {"notification": {"endpoint": {"uri": "http://a.example/"}}}


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = open_database(database_url, pool_max=8)
    yield database
    database.close()


@pytest.fixture
def writer(database_url: str) -> Iterator[Connection]:
    with open_connection(database_url) as connection:
        yield connection


def counted(writer: Connection, key: int, name: str) -> int:
    row = writer.execute(
        f"select {name} from subscription_counter where subscription_key = %s".encode(), [key]
    ).fetchone()
    assert row is not None
    number: int = row[0]
    return number


def make_due(writer: Connection) -> None:
    """The interval is over."""
    writer.execute("update subscription_timer set due_at = now() - interval '1 second'")


def test_a_timer_fires_once_however_many_processes_look(database: Database, writer: Connection) -> None:
    key = add_subscription(writer, "a", {"interval_s": 3_600, **ENDPOINT})
    assert fire_timers(database) == 0
    make_due(writer)
    fired: list[int] = []
    threads = [threading.Thread(target=lambda: fired.append(fire_timers(database))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(fired) == [0, 0, 0, 0, 0, 1]
    counters = get_counters(writer, key)
    assert (counters["matched"], counters["waiting"]) == (1, 1)


def test_intervals_that_nobody_saw_are_left_out_and_the_rhythm_stays(
    database: Database, writer: Connection
) -> None:
    key = add_subscription(writer, "a", {"interval_s": 3_600, **ENDPOINT})
    fire_timers(database)
    writer.execute("update subscription_timer set due_at = now() - interval '2 hours 15 minutes'")
    assert fire_timers(database) == 1
    (minutes,) = writer.execute(
        "select extract(epoch from due_at - now()) / 60 from subscription_timer"
    ).fetchone() or (None,)
    assert minutes is not None
    assert 40 < minutes <= 45
    assert get_counters(writer, key)["matched"] == 1


def test_of_late_periodic_notifications_the_newest_is_sent(database: Database, writer: Connection) -> None:
    key = add_subscription(writer, "a", {"interval_s": 3_600, **ENDPOINT})
    for _ in range(3):
        fire_timers(database)
        make_due(writer)
        fire_timers(database)
    (queue,) = lease_queues(database, limit=9, per_subscription=9, rows_per_queue=9, lease_s=30)
    assert (queue.lease.entity_id, len(queue.rows)) == ("", 1)
    assert counted(writer, key, "coalesced") == 2


def test_a_paused_or_changed_subscription_has_no_timer(database: Database, writer: Connection) -> None:
    add_subscription(writer, "a", {"interval_s": 3_600, **ENDPOINT})
    fire_timers(database)
    writer.execute("update subscription set is_active = false")
    make_due(writer)
    assert fire_timers(database) == 0
    keep_bounds(database, Bounds(), DAY_S)
    assert writer.execute("select count(*) from subscription_timer").fetchone() == (0,)


def test_over_the_tenants_bound_the_oldest_become_dead_letters_that_can_be_replayed(
    database: Database, writer: Connection
) -> None:
    key = add_subscription(writer, "a", ENDPOINT)
    for number in range(5):
        enqueue(writer, key, f"urn:e:{number}", {"n": number})
    assert keep_bounds(database, Bounds(per_subscription=100, per_tenant=3), DAY_S) == 2
    counters = get_counters(writer, key)
    assert (counters["waiting"], counters["dead_lettered"]) == (3, 2)
    dead = writer.execute("select entity_id, document from outbox where state = 2 order by id").fetchall()
    assert dead == [("urn:e:0", b'{"n": 0}'), ("urn:e:1", b'{"n": 1}')]
    assert writer.execute("select bound, count from bound_met").fetchall() == [("waiting of a tenant", 2)]


def test_what_waits_too_long_for_an_endpoint_that_rests_is_given_up_with_its_content(
    database: Database, writer: Connection
) -> None:
    key = add_subscription(writer, "a", ENDPOINT)
    enqueue(writer, key, "urn:e:old", {"n": 1})
    writer.execute("update outbox set created_at = now() - interval '25 hours'")
    enqueue(writer, key, "urn:e:new", {"n": 2})
    rest = RestPolicy(tolerated=5)
    assert keep_bounds(database, Bounds(), DAY_S, rest) == 0
    writer.execute(
        "insert into delivery_circuit"
        " select endpoint, 9, now() + interval '1 hour', now() - interval '25 hours' from subscription"
    )
    assert keep_bounds(database, Bounds(), DAY_S, rest) == 1
    assert writer.execute("select entity_id, document from outbox where state = 2").fetchall() == [
        ("urn:e:old", b'{"n": 1}')
    ]
    assert get_counters(writer, key)["waiting"] == 1


def test_a_circuit_without_subscription_is_forgotten(database: Database, writer: Connection) -> None:
    writer.execute("insert into delivery_circuit values (gen_random_uuid(), 1, now(), now())")
    keep_bounds(database, Bounds(), DAY_S)
    assert writer.execute("select count(*) from delivery_circuit").fetchone() == (0,)


def test_what_waits_takes_its_change_along_when_the_day_of_the_change_goes(
    database: Database, writer: Connection
) -> None:
    key = add_subscription(writer, "a", ENDPOINT)
    enqueue(writer, key, "urn:e:1", {"n": 1})
    prepare_drop(writer, "change", f"change_{datetime.now(UTC):%Y%m%d}", is_early=True)
    writer.execute("truncate change")
    (queue,) = lease_queues(database, limit=9, per_subscription=9, rows_per_queue=9, lease_s=30)
    assert queue.rows[0].document == b'{"n": 1}'
    assert queue.rows[0].changed_at is not None
    assert writer.execute("select bound from bound_met").fetchall() == [("bytes of change",)]


def test_a_day_of_notifications_that_goes_is_given_up_and_counted(writer: Connection) -> None:
    key = add_subscription(writer, "a", ENDPOINT)
    for number in range(3):
        enqueue(writer, key, f"urn:e:{number}")
    later = datetime.now(UTC).date() + timedelta(days=9)
    dropped = partitions.drop_partitions(writer, later, {"outbox": 8}, prepare=prepare_drop)
    assert f"outbox_{datetime.now(UTC):%Y%m%d}" in dropped
    assert counted(writer, key, "dead_lettered") == 3
    assert counted(writer, key, "not_kept") == 3
