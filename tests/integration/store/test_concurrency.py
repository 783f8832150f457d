"""Several writers at once: nobody overwrites, doubles or loses; a database that goes away says so."""

import threading
from collections.abc import Callable

import psycopg
import pytest

from context_api.ngsild.changes import Change, Outcome
from context_api.store.access import Access
from context_api.store.batch import Batch
from context_api.store.database import Database, open_database
from context_api.store.errors import StoreConflict, StoreTimeout, StoreUnavailable
from context_api.store.store import Store
from tests.integration.store.town import (
    NAME,
    PM25,
    SECOND,
    T0,
    TickingClock,
    ask,
    attribute_values,
    create,
    delivery,
    error_of,
    history,
    reading,
    room,
    subscription,
    update,
    value,
)


def together(*works: Callable[[], None]) -> None:
    """Run all at once; the first failure fails the test."""
    failures: list[BaseException] = []

    def run(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []


def test_one_of_many_creators_wins(store: Store, access: Access, database: Database) -> None:
    outcomes: list[Outcome] = []
    together(*[lambda: outcomes.extend(store.apply(access, [create(1)])) for _ in range(8)])
    assert sorted(error_of(outcome) for outcome in outcomes) == ["", *["AlreadyExists"] * 7]
    assert ask(database, "select count(*) from change") == [(1,)]


def test_a_cached_state_that_is_no_longer_true_is_not_used(
    store: Store, access: Access, database: Database
) -> None:
    other = Store(database, clock=TickingClock(T0 + SECOND))
    store.apply(access, [create(1, {PM25: value(1), NAME: value("a")})])
    other.apply(access, [update(1, {NAME: value("b")})])
    store.apply(access, [update(1, {PM25: value(2)})])
    other.apply(access, [update(1, {PM25: value(3)})])
    store.apply(access, [update(1, {NAME: value("c")})])
    stored = other.get_entities(access, [room(1)])[room(1)]
    assert attribute_values(stored) == {"pm25": 3, "name": "c"}


def test_a_writer_that_waited_sees_what_it_waited_for(
    store: Store, access: Access, database: Database
) -> None:
    """The version it reads must be that of the row it finally locked, not of the one before waiting."""
    other = Store(database, clock=TickingClock(T0 + SECOND))
    for each in (store, other):
        each.apply(access, [create(1), update(1, {PM25: value(0)})])
    holder = threading.Event()
    release = threading.Event()
    commit = Batch.commit

    def slow_commit(self: Batch) -> None:
        holder.set()
        release.wait(30)
        commit(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Batch, "commit", slow_commit)
        first = threading.Thread(target=lambda: other.apply(access, [update(1, {NAME: value("first")})]))
        first.start()
        assert holder.wait(30)
        patch.setattr(Batch, "commit", commit)
        second = threading.Thread(target=lambda: store.apply(access, [update(1, {PM25: value(5)})]))
        second.start()
        second.join(0.3)
        assert second.is_alive()
        release.set()
        first.join(30)
        second.join(30)
    stored = Store(database).get_entities(access, [room(1)])[room(1)]
    assert attribute_values(stored) == {"pm25": 5, "name": "first"}


def test_many_writers_on_the_same_entities(store: Store, access: Access, database: Database) -> None:
    """Batches over the same rooms in different orders, from two processes: everything lands once."""
    store.create_subscription(access, subscription("rooms"), None)
    stores = [store, Store(database, clock=TickingClock(T0 + SECOND))]

    def work(writer: int) -> None:
        for step in range(10):
            rooms = range(6) if writer % 2 else reversed(range(6))
            at = T0 + (step * 4 + writer) * SECOND
            attributes = {PM25: value(1.0 * writer, at)}
            batch = [delivery(f"d{number}", reading(number, attributes)) for number in rooms]
            stores[writer % 2].ingest(access, batch)

    together(*[lambda writer=writer: work(writer) for writer in range(4)])
    counters = store.get_device_counters(access)
    assert [(one.messages_received, one.values_stored) for one in counters] == [(40, 40)] * 6
    assert all(len(history(database, number, PM25)) == 40 for number in range(6))
    (matched,) = ask(database, "select matched from subscription_counter")
    assert ask(database, "select count(*), count(distinct (change_day, change_seq)) from outbox") == [
        matched * 2
    ]
    in_order = ask(
        database,
        "select bool_and(seq_order = commit_order) from"
        " (select row_number() over (partition by entity_id order by change_seq) as seq_order,"
        " row_number() over (partition by entity_id order by id) as commit_order from outbox) as rows",
    )
    assert in_order == [(True,)]


def test_a_conflict_is_repeated_until_it_passes(
    store: Store, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[int] = []
    commit = Batch.commit

    def commit_the_third_time(self: Batch) -> None:
        attempts.append(1)
        if len(attempts) < 3:
            raise StoreConflict("deadlock", sqlstate="40P01")
        commit(self)

    monkeypatch.setattr(Batch, "commit", commit_the_third_time)
    (outcome,) = store.apply(access, [create(1)])
    assert outcome.created
    assert len(attempts) == 3


def test_a_conflict_that_stays_is_unavailable(
    store: Store, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(_: Batch) -> None:
        raise StoreConflict("deadlock", sqlstate="40P01")

    monkeypatch.setattr(Batch, "commit", never)
    with pytest.raises(StoreUnavailable, match="Still in conflict after 10 attempts"):
        store.apply(access, [create(1)])


def test_after_a_killed_connection_calls_work_again(
    store: Store, access: Access, database: Database, database_url: str
) -> None:
    store.apply(access, [create(1)])
    with psycopg.connect(database_url, autocommit=True) as killer:
        killer.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
    change: list[Change] = [update(1, {PM25: value(1)})]
    for _ in range(5):
        try:
            (outcome,) = store.apply(access, change)
            break
        except StoreUnavailable:
            continue
    assert outcome.error is None
    database.check()


def test_a_server_that_is_not_there_is_unavailable(free_port: int) -> None:
    database = open_database(f"postgresql://nobody@127.0.0.1:{free_port}/none", pool_min=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database._pool, "timeout", 0.5)
        with pytest.raises(StoreUnavailable):
            Store(database).tenant("default")
    database.close()


def test_a_statement_that_takes_too_long_is_a_timeout(database_url: str) -> None:
    database = open_database(database_url, statement_timeout_ms=50)
    with pytest.raises(StoreTimeout), database.connection() as connection:
        connection.execute("select pg_sleep(5)")
    database.close()


def test_a_failed_transaction_leaves_the_connection_clean(
    store: Store, access: Access, database: Database
) -> None:
    store.apply(access, [create(1, {NAME: value("\0")})])
    with database.connection() as connection:
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    assert ask(database, "select count(*) from entity") == [(0,)]


def test_a_transaction_commits_or_rolls_back(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute("insert into term (iri) values ('urn:kept')")
    with pytest.raises(KeyError), database.transaction() as connection:
        connection.execute("insert into term (iri) values ('urn:lost')")
        raise KeyError("x")
    assert ask(database, "select iri from term") == [("urn:kept",)]
