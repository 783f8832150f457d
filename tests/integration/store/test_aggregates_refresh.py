"""Aggregates kept ready: the same answers as from the values, at once, whatever is written when."""

import random
from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.changes import DeleteAttribute
from context_api.ngsild.model import Micros
from context_api.ngsild.query.periods import bucket_edges, parse_bucket
from context_api.store import aggregates
from context_api.store.access import Access
from context_api.store.aggregates import Aggregate, AggregateQuery, Aggregates, read_aggregates
from context_api.store.aggregates_pieces import Pieces
from context_api.store.aggregates_refresh import Refreshed, read_progress, refresh_aggregates
from context_api.store.database import Database, connect
from context_api.store.store import Store
from tests.integration.store.town import (
    DAY,
    PM25,
    SECOND,
    T0,
    ask,
    delivery,
    reading,
    value,
)

MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
NOW = T0 + 10 * MINUTE


@pytest.fixture
def owner(database_url: str) -> Iterator[Connection[TupleRow]]:
    with connect(database_url) as connection:
        yield connection


def write(
    store: Store, access: Access, values: dict[Micros, object], number: int = 1, **members: str
) -> None:
    store.ingest(
        access,
        [delivery("d1", reading(number, {PM25: value(what, at, **members)})) for at, what in values.items()],
    )


def series_of(database: Database) -> list[int]:
    return [number for (number,) in ask(database, "select id from series order by id")]


def read(
    database: Database, start: Micros, end: Micros, bucket: str = "hour", **members: object
) -> Aggregates:
    edges = bucket_edges(parse_bucket(bucket), start, end, ZoneInfo("Asia/Tokyo"))
    with database.connection() as connection:
        return read_aggregates(connection, series_of(database), AggregateQuery(start, end, edges))


def from_values(
    database: Database, start: Micros, end: Micros, bucket: str, patch: pytest.MonkeyPatch
) -> list[Aggregate]:
    """The same, with no use of ready aggregates."""
    with patch.context() as only_raw:
        only_raw.setattr(aggregates, "cut_window", lambda start, end, *_: Pieces([], [], [(start, end)]))
        found = read(database, start, end, bucket)
    assert found.source == "raw"
    return found.rows


def assert_same(found: list[Aggregate], expected: list[Aggregate]) -> None:
    """Sums of sums differ from sums in the last digits; all else is equal."""
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        for name in Aggregate.__struct_fields__:
            mine, theirs = getattr(one, name), getattr(other, name)
            if name in {"sum", "sumsq", "deviations"} and mine is not None and theirs is not None:
                assert mine == pytest.approx(theirs, rel=1e-12, abs=1e-9), name
            else:
                assert mine == theirs, name


@pytest.fixture
def refresh(owner: Connection[TupleRow]) -> Callable[[Micros], Refreshed]:
    return lambda now: refresh_aggregates(owner, now)


def test_new_hours_are_aggregated_as_they_end(
    store: Store, access: Access, database: Database, refresh: Callable[[Micros], Refreshed]
) -> None:
    assert refresh(NOW).hours == 1
    write(store, access, {T0 + i * MINUTE: float(i) for i in range(150)})
    assert refresh(T0 + HOUR + 4 * MINUTE) == (0, 0)
    assert refresh(T0 + HOUR + 5 * MINUTE) == (1, 0)
    found = read(database, T0, T0 + 3 * HOUR)
    assert found.source == "hourly+raw"
    assert [(one.count, one.first, one.last) for one in found.rows] == [
        (60, 0, 59),
        (60, 60, 119),
        (30, 120, 149),
    ]
    assert read(database, T0, T0 + HOUR).source == "hourly"
    assert ask(database, "select count(*) from observation_dirty") == [(0,)]


def test_what_was_there_before_is_aggregated_too(
    store: Store, access: Access, database: Database, owner: Connection[TupleRow]
) -> None:
    write(store, access, {T0 - i * 6 * HOUR: float(i) for i in range(400)})
    before = read(database, T0 - 100 * DAY, T0 + HOUR, "month")
    assert before.source == "raw"
    assert read_progress(owner).done_until is None
    refresh_aggregates(owner, NOW)
    after = read(database, T0 - 100 * DAY, T0 + HOUR, "month")
    assert after.source == "daily+hourly+raw"
    assert_same(after.rows, before.rows)
    assert read_progress(owner).dirty == 0


def test_a_late_value_is_in_the_answer_at_once(
    store: Store, access: Access, database: Database, refresh: Callable[[Micros], Refreshed]
) -> None:
    write(store, access, {T0 + i * HOUR: 1.0 for i in range(-96, 0)})
    refresh(NOW)
    days = T0 - 4 * DAY + 15 * HOUR, T0 - 9 * HOUR, "day"
    assert [one.count for one in read(database, *days).rows] == [24] * 3
    write(store, access, {T0 - 2 * DAY + 7: 100.0})
    late = read(database, *days)
    assert late.source == "daily+raw"
    assert [(one.count, one.sum) for one in late.rows] == [(24, 24), (25, 124), (24, 24)]
    assert refresh(NOW).ranges == 1
    again = read(database, *days)
    assert again.source == "daily"
    assert_same(again.rows, late.rows)


def test_a_correction_and_a_deletion_are_in_the_answer_at_once(
    store: Store, access: Access, database: Database, refresh: Callable[[Micros], Refreshed]
) -> None:
    write(store, access, {T0 - DAY + i * HOUR: 1.0 for i in range(24)})
    refresh(NOW)
    write(store, access, {T0 - DAY + HOUR: 50.0})
    assert read(database, T0 - DAY, T0, "PT0S").rows[0].sum == 73
    refresh(NOW)
    with database.connection() as connection:
        connection.execute("delete from observation where value = 50")
    deleted = read(database, T0 - DAY, T0)
    assert deleted.source == "hourly+raw"
    assert (len(deleted.rows), deleted.rows[1].bucket) == (23, 2)
    refresh(NOW)
    assert read(database, T0 - DAY, T0).rows == deleted.rows


def test_only_the_series_that_is_late_is_read_from_its_values(
    store: Store, access: Access, database: Database, refresh: Callable[[Micros], Refreshed]
) -> None:
    for number in (1, 2):
        write(store, access, {T0 - i * HOUR: 1.0 for i in range(1, 49)}, number)
    refresh(NOW)
    write(store, access, {T0 - DAY + 1: 5.0}, 2)
    [(series_id,)] = ask(database, "select distinct series_id from observation_dirty")
    assert series_id == series_of(database)[1]
    assert [one.sum for one in read(database, T0 - 2 * DAY, T0, "PT0S").rows] == [48, 53]


def test_a_writer_that_does_not_know_of_the_mark_is_waited_for(  # noqa: PLR0917
    store: Store,
    access: Access,
    database_url: str,
    refresh: Callable[[Micros], Refreshed],
    monkeypatch: pytest.MonkeyPatch,
    database: Database,
) -> None:
    """Its transaction began before hours were to be aggregated, and writes into one of them."""
    monkeypatch.setattr("context_api.store.aggregates_refresh._WAIT_S", 0.1)
    refresh(NOW)
    write(store, access, {T0 + MINUTE: 1.0})
    [series_id] = series_of(database)
    with connect(database_url) as slow:
        with slow.transaction():
            slow.execute(
                "insert into observation (series_id, at, value, recorded_at)"
                " select %s, at + interval '1 minute', 7, now() from observation",
                [series_id],
            )
            assert refresh(T0 + 2 * HOUR).hours == 0
        assert ask(database, "select count(*) from observation_dirty") == [(0,)]
    assert refresh(T0 + 2 * HOUR).hours == 1
    found = read(database, T0, T0 + HOUR)
    assert (found.source, found.rows[0].sum) == ("hourly", 8)


def test_one_at_a_time_refreshes(database_url: str, refresh: Callable[[Micros], Refreshed]) -> None:
    with connect(database_url) as other:
        other.execute("select pg_advisory_lock(%s)", [0x6D616368_61677267])
        assert refresh(NOW) == (0, 0)
        other.execute("select pg_advisory_unlock(%s)", [0x6D616368_61677267])
        assert refresh(NOW).hours == 1


def test_a_long_backlog_is_done_in_slices(
    store: Store,
    access: Access,
    database: Database,
    owner: Connection[TupleRow],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("context_api.store.aggregates_refresh.VALUES_PER_SLICE", 50)
    monkeypatch.setattr("context_api.store.aggregates_refresh._VALUES_PER_DAY", 20)
    monkeypatch.setattr("context_api.store.aggregates_refresh._DIRTY_SERIES", 1)
    for number in (1, 2):
        write(store, access, {T0 - i * 2 * HOUR: float(i) for i in range(1, 200)}, number)
    expected = from_values(database, T0 - 20 * DAY, T0, "day", monkeypatch)
    refresh_aggregates(owner, NOW)
    found = read(database, T0 - 20 * DAY, T0, "day")
    assert found.source == "daily+hourly"
    assert_same(found.rows, expected)


@pytest.mark.parametrize("seed", range(3))
def test_ready_aggregates_and_values_agree(  # noqa: PLR0917
    seed: int,
    store: Store,
    access: Access,
    database: Database,
    owner: Connection[TupleRow],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Random writes, units, deletions and refreshes; random windows, buckets cut anywhere."""
    chance = random.Random(seed)
    now = T0
    for _ in range(6):
        write_something(chance, store, access, now)
        if chance.random() < 0.7:
            refresh_aggregates(owner, now)
        now += chance.randrange(1, 40) * HOUR
        start = now - chance.randrange(1, 14 * 24 * 60) * MINUTE
        end = start + chance.randrange(1, 14 * 24 * 60) * MINUTE
        for bucket in ("hour", "day", "week", "PT0S", "PT90M", "month"):
            found = read(database, start, end, bucket)
            assert_same(found.rows, from_values(database, start, end, bucket, monkeypatch))


def write_something(chance: random.Random, store: Store, access: Access, now: Micros) -> None:
    at = [now - chance.randrange(12 * DAY // MINUTE) * MINUTE for _ in range(60)]
    for number in (1, 2):
        unit = {"unit_code": chance.choice(["CEL", "FAH"])} if chance.random() < 0.5 else {}
        values = {each: chance.choice([chance.gauss(20, 5), 7, True, "x"]) for each in at}
        write(store, access, values, number, **unit)
    if chance.random() < 0.5:
        store.apply(access, [DeleteAttribute(entity_id=reading(1, {}).entity_id, attribute=PM25)])
