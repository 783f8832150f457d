"""How long history is kept: nothing is dropped by default, what is dropped is counted, aggregates stay."""

import logging
import time
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.changes import Reading
from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.model import Attributes, Micros
from context_api.ngsild.query.periods import bucket_edges, parse_bucket
from context_api.store.access import Access
from context_api.store.aggregates import AggregateQuery, Aggregates, read_aggregates
from context_api.store.aggregates_refresh import refresh_aggregates
from context_api.store.budget import Budget
from context_api.store.columnstore import compress_before, read_compressed
from context_api.store.database import Database, connect
from context_api.store.retention import (
    Dropped,
    Retention,
    delete_policy,
    drop_old,
    list_policies,
    put_policy,
    read_compress_days,
)
from context_api.store.store import Store
from tests.integration.store.town import DAY, HALL, PM25, ROOM, SECOND, ask, delivery, room, value

HOUR = 3600 * SECOND
NOW: Micros = time.time_ns() // 1000 // HOUR * HOUR
OLD = NOW - 100 * DAY


def reading(number: int, attributes: Attributes, types: tuple[str, ...] = (ROOM,)) -> Reading:
    return Reading(entity_id=room(number), types=types, attributes=attributes, arrived_at=NOW)


@pytest.fixture
def owner(database_url: str) -> Iterator[Connection[TupleRow]]:
    with connect(database_url) as connection:
        yield connection


@pytest.fixture
def filled(store: Store, access: Access, clock: object) -> Store:
    """Room 1 and hall 2: a value every six hours for 100 days."""
    for number, type_ in ((1, ROOM), (2, HALL)):
        values = [{PM25: value(float(i), OLD + i * 6 * HOUR)} for i in range(400)]
        store.ingest(access, [delivery("d1", reading(number, each, (type_,))) for each in values])
    return store


def count(database: Database) -> list[tuple[int, int]]:
    """Number of the room or hall, and of its values."""
    return [
        (int(entity_id[-1]), number)
        for entity_id, number in ask(
            database,
            "select s.entity_id, count(*) from observation o join series s on s.id = o.series_id"
            " group by 1 order by 1",
        )
    ]


def months(database: Database) -> Aggregates:
    start = bucket_edges(parse_bucket("month"), OLD, NOW, ZoneInfo("Asia/Tokyo"))
    ids = [number for (number,) in ask(database, "select id from series order by id")]
    with database.connection() as connection:
        return read_aggregates(connection, ids, AggregateQuery(start[0], start[-1], start))


def test_without_a_policy_nothing_is_dropped(
    filled: Store, database: Database, owner: Connection[TupleRow]
) -> None:
    refresh_aggregates(owner)
    assert drop_old(owner, Budget(60)) == Dropped()
    assert count(database) == [(1, 400), (2, 400)]


def test_values_go_and_aggregates_stay(
    filled: Store, access: Access, database: Database, owner: Connection[TupleRow],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    put_policy(database, access, ROOM, Retention(raw_days=30))
    before = months(database)
    assert drop_old(owner, Budget(60)) == Dropped()  # what is not aggregated stays
    refresh_aggregates(owner)
    with caplog.at_level(logging.WARNING):
        dropped = drop_old(owner, Budget(60))
    [(_, left), hall] = count(database)
    assert hall == (2, 400)
    assert 30 * 4 <= left <= 31 * 4
    assert dropped == Dropped(400 - left, 0)
    assert [record.values for record in caplog.records if record.message == "History dropped"] == [400 - left]  # type: ignore[attr-defined]
    [policy] = list_policies(database, access)
    assert (policy.values_dropped, policy.aggregates_dropped) == (400 - left, 0)
    assert policy.last_drop is not None
    after = months(database)
    for one, other in zip(after.rows, before.rows, strict=True):
        assert (one.series_id, one.bucket, one.count) == (other.series_id, other.bucket, other.count)
        assert (one.first, one.last, one.maximum) == (other.first, other.last, other.maximum)
    assert drop_old(owner, Budget(60)) == Dropped()


def test_a_value_that_comes_after_its_time_was_dropped_changes_no_aggregate(
    filled: Store, store: Store, access: Access, database: Database, owner: Connection[TupleRow]
) -> None:
    put_policy(database, access, ROOM, Retention(raw_days=30))
    refresh_aggregates(owner)
    drop_old(owner, Budget(60))
    expected = months(database).rows
    store.ingest(access, [delivery("d1", reading(1, {PM25: value(9999.0, OLD + 5 * DAY)}))])
    assert [one.sum for one in months(database).rows] == [one.sum for one in expected]
    refresh_aggregates(owner)
    assert [one.sum for one in months(database).rows] == [one.sum for one in expected]
    assert drop_old(owner, Budget(60)) == Dropped(1, 0)


def test_a_deleted_history_leaves_no_aggregates_of_what_was_dropped(
    filled: Store, access: Access, database: Database, owner: Connection[TupleRow]
) -> None:
    put_policy(database, access, ROOM, Retention(raw_days=30))
    refresh_aggregates(owner)
    drop_old(owner, Budget(60))
    [(entity_id,)] = ask(database, "select distinct entity_id from series where entity_id like '%%1'")
    filled.delete_history(access, entity_id)
    assert count(database) == [(2, 400)]
    left = (
        "select count(*), count(distinct series_id) from observation_{} where series_id in "
        "(select id from series where entity_id like '%%{}')"
    )
    for table in ("hourly", "daily"):
        assert ask(database, left.format(table, 1)) == [(0, 0)]
        [(rows, series)] = ask(database, left.format(table, 2))
        assert rows > series == 1


def test_values_go_with_their_aggregates(
    filled: Store, access: Access, database: Database, owner: Connection[TupleRow]
) -> None:
    put_policy(database, access, ROOM, Retention(raw_days=30, keep_aggregates=False))
    refresh_aggregates(owner)
    dropped = drop_old(owner, Budget(60))
    assert dropped.aggregates > 270
    assert sum(one.count for one in months(database).rows) == 800 - dropped.values


def test_an_entity_of_two_types_keeps_what_either_keeps(
    store: Store, access: Access, database: Database, owner: Connection[TupleRow]
) -> None:
    times = (OLD, NOW - 50 * DAY, NOW)
    readings = [reading(1, {PM25: value(1.0, at)}, (ROOM, HALL)) for at in times]
    store.ingest(access, [delivery("d1", *readings)])
    put_policy(database, access, ROOM, Retention(raw_days=10))
    put_policy(database, access, HALL, Retention(raw_days=90))
    refresh_aggregates(owner)
    assert drop_old(owner, Budget(60)).values == 1
    put_policy(database, access, HALL, Retention())
    assert drop_old(owner, Budget(60)) == Dropped()
    delete_policy(database, access, HALL)
    assert drop_old(owner, Budget(60)).values == 1


def test_nothing_is_dropped_when_time_is_up(
    filled: Store, access: Access, database: Database, owner: Connection[TupleRow]
) -> None:
    put_policy(database, access, ROOM, Retention(raw_days=30))
    refresh_aggregates(owner)
    assert drop_old(owner, Budget(60, lambda: True)) == Dropped()
    assert count(database) == [(1, 400), (2, 400)]


def test_policies_are_kept_per_tenant(store: Store, access: Access, database: Database) -> None:
    other = store.tenant("other", create=True)
    assert put_policy(database, access, ROOM, Retention(raw_days=30, compress_days=7))
    assert not put_policy(database, access, ROOM, Retention(raw_days=31))
    assert [policy.retention for policy in list_policies(database, access)] == [Retention(31)]
    assert list_policies(database, other) == []
    assert not delete_policy(database, other, ROOM)
    assert delete_policy(database, access, ROOM)
    assert list_policies(database, access) == []


@pytest.mark.parametrize("days", [0, -1, 36_501])
def test_days_are_bounded(days: int, access: Access, database: Database) -> None:
    with pytest.raises(BadRequestData, match="rawDays is a number of days from 1 to 36500"):
        put_policy(database, access, ROOM, Retention(raw_days=days))


def test_the_longest_wait_for_compression_counts(
    access: Access, database: Database, owner: Connection[TupleRow]
) -> None:
    assert read_compress_days(owner) == 30
    put_policy(database, access, ROOM, Retention(compress_days=7))
    assert read_compress_days(owner) == 7
    put_policy(database, access, HALL, Retention(compress_days=90))
    assert read_compress_days(owner) == 90


@pytest.mark.timescale
def test_whole_chunks_are_dropped(
    filled: Store, access: Access, database: Database, owner: Connection[TupleRow]
) -> None:
    def chunks() -> int:
        [(number,)] = ask(database, "select count(*) from timescaledb_information.chunks")
        return int(number)

    before = chunks()
    put_policy(database, access, ROOM, Retention(raw_days=30))
    refresh_aggregates(owner)
    drop_old(owner, Budget(60))
    assert chunks() == before  # the hall's values are in all of them
    put_policy(database, access, HALL, Retention(raw_days=60))
    drop_old(owner, Budget(60))
    assert 5 <= before - chunks() <= 7
    assert [policy.values_dropped >= 150 for policy in list_policies(database, access)] == [True, True]


@pytest.mark.timescale
def test_old_chunks_are_compressed_and_stay_open_to_late_values(  # noqa: PLR0917
    filled: Store, store: Store, access: Access, database: Database, owner: Connection[TupleRow],
    community: None,
) -> None:  # fmt: skip
    refresh_aggregates(owner)
    before = months(database)
    done = compress_before(owner, NOW - 30 * DAY, Budget(60))
    assert done == read_compressed(owner).compressed >= 9
    assert compress_before(owner, NOW - 30 * DAY, Budget(60)) == 0
    assert months(database).rows == before.rows
    late = reading(1, {PM25: value(5000.0, NOW - 60 * DAY + 1)})
    corrected = reading(2, {PM25: value(-7.0, OLD + 6 * HOUR)}, (HALL,))
    store.ingest(access, [delivery("d1", late, corrected)])
    after = months(database)
    assert "raw" in after.source
    assert sum(one.count for one in after.rows) == 801
    assert max(one.maximum or 0 for one in after.rows) == 5000.0
    assert min(one.minimum or 0 for one in after.rows) == -7.0
    refresh_aggregates(owner)
    assert months(database).rows == after.rows
    assert compress_before(owner, NOW - 30 * DAY, Budget(60)) == 2
    assert months(database).rows == after.rows


@pytest.fixture
def community(owner: Connection[TupleRow]) -> None:
    """Skip, by name, where the server's licence is Apache: that edition has no columnstore."""
    from context_api.store.features import read_features

    if not read_features(owner).has_compression:
        pytest.skip("the server's TimescaleDB is the Apache edition")
