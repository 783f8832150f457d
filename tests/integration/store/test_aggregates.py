"""Aggregates of history, held against plain Python over the same values."""

import statistics
from zoneinfo import ZoneInfo

import pytest

from context_api.ngsild.changes import DeleteAttribute
from context_api.ngsild.model import Micros
from context_api.ngsild.query import TimeProperty
from context_api.ngsild.query.periods import bucket_edges, parse_bucket
from context_api.store.access import Access
from context_api.store.aggregates import AggregateQuery, Aggregates, read_aggregates, read_extent
from context_api.store.database import Database
from context_api.store.store import Store
from tests.integration.store.town import (
    DAY,
    NAME,
    PM25,
    SECOND,
    T0,
    ask,
    delivery,
    reading,
    update,
    value,
)

MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


def write(store: Store, access: Access, name: str, values: dict[Micros, object], **members: str) -> None:
    store.ingest(
        access,
        [delivery("d1", reading(1, {name: value(content, at, **members)})) for at, content in values.items()],
    )


def series_of(database: Database) -> list[int]:
    return [number for (number,) in ask(database, "select id from series order by id")]


def aggregate(
    database: Database, start: Micros, end: Micros, bucket: str = "hour", **members: object
) -> Aggregates:
    edges = bucket_edges(parse_bucket(bucket), start, end, ZoneInfo("Asia/Tokyo"))
    with database.connection() as connection:
        return read_aggregates(
            connection,
            series_of(database),
            AggregateQuery(start, end, edges, **members),  # type: ignore[arg-type]
        )


def test_counts_sums_extremes_and_ends(store: Store, access: Access, database: Database) -> None:
    values: dict[Micros, object] = {T0 + i * 7 * MINUTE: float((i * 37) % 11) for i in range(20)}
    write(store, access, PM25, values, unit_code="GQ")
    found = aggregate(database, T0, T0 + 3 * HOUR)
    assert found.source == "raw"
    assert [one.bucket for one in found.rows] == [0, 1, 2]
    for one in found.rows:
        mine = [float(str(v)) for at, v in values.items() if (at - T0) // HOUR == one.bucket]
        assert one.unit_code == "GQ"
        assert (one.total, one.count, one.sum, one.minimum, one.maximum, one.first, one.last) == (
            len(mine), len(mine), sum(mine), min(mine), max(mine), mine[0], mine[-1],
        )  # fmt: skip
        assert one.sumsq == sum(each * each for each in mine)
        assert one.mean == pytest.approx(statistics.mean(mine))
        assert one.stddev == pytest.approx(statistics.pstdev(mine))


def test_a_window_cuts_its_first_and_last_bucket(store: Store, access: Access, database: Database) -> None:
    write(store, access, PM25, {T0 + i * MINUTE: float(i) for i in range(120)})
    found = aggregate(database, T0 + 30 * MINUTE, T0 + 90 * MINUTE)
    assert [(one.bucket, one.count, one.first, one.last) for one in found.rows] == [
        (0, 30, 30.0, 59.0),
        (1, 30, 60.0, 89.0),
    ]


def test_months_are_those_of_the_zone(store: Store, access: Access, database: Database) -> None:
    """T0 is 23 November; a value at 30 November 15:00 UTC is of December in Japan."""
    write(store, access, PM25, {T0: 1.0, T0 + 7 * DAY + 15 * HOUR - 1: 2.0, T0 + 7 * DAY + 15 * HOUR: 4.0})
    found = aggregate(database, T0, T0 + 60 * DAY, "month")
    assert [(one.bucket, one.sum) for one in found.rows] == [(0, 3.0), (1, 4.0)]


def test_units_are_never_mixed(store: Store, access: Access, database: Database) -> None:
    write(store, access, PM25, {T0: 1.0, T0 + 1: 2.0}, unit_code="GQ")
    write(store, access, PM25, {T0 + 2: 30.0}, unit_code="GP")
    write(store, access, PM25, {T0 + 3: 400.0})
    found = aggregate(database, T0, T0 + HOUR)
    assert {one.unit_code: (one.count, one.sum) for one in found.rows} == {
        "GQ": (2, 3.0), "GP": (1, 30.0), None: (1, 400.0),
    }  # fmt: skip


def test_no_number_counts_but_adds_nothing(store: Store, access: Access, database: Database) -> None:
    write(store, access, PM25, {T0: "x", T0 + 1: True, T0 + 2: False, T0 + 3: 5, T0 + 4: 1e200, T0 + 5: [1]})
    [one] = aggregate(database, T0, T0 + HOUR, distinct=True).rows
    assert (one.total, one.count, one.sum, one.maximum, one.first, one.distinct) == (6, 3, 6.0, 5.0, 1.0, 6)


def test_text_alone_has_no_sum(store: Store, access: Access, database: Database) -> None:
    write(store, access, NAME, {T0: "x", T0 + 1: "y", T0 + 2: "x"})
    [one] = aggregate(database, T0, T0 + HOUR, distinct=True).rows
    assert (one.total, one.count, one.sum, one.mean, one.stddev, one.distinct) == (3, 0, None, None, None, 2)


def test_the_deviation_keeps_its_digits(store: Store, access: Access, database: Database) -> None:
    write(store, access, PM25, {T0 + i: 1e9 + i % 3 for i in range(300)})
    [one] = aggregate(database, T0, T0 + HOUR).rows
    assert one.stddev == pytest.approx(statistics.pstdev([float(i % 3) for i in range(300)]), rel=1e-9)


def test_only_what_was_observed_unless_asked_for(store: Store, access: Access, database: Database) -> None:
    write(store, access, PM25, {T0: 1.0})
    store.apply(access, [update(1, {PM25: value(8.0)})])
    observed = aggregate(database, T0, T0 + HOUR)
    everything = aggregate(database, T0, T0 + HOUR, observed_only=False)
    assert [one.sum for one in observed.rows] == [1.0]
    assert [one.sum for one in everything.rows] == [9.0]


def test_deleted_values_do_not_count(store: Store, access: Access, database: Database) -> None:
    write(store, access, PM25, {T0: 1.0})
    store.apply(access, [DeleteAttribute(entity_id=reading(1, {}).entity_id, attribute=PM25)])
    [one] = aggregate(database, T0, T0 + HOUR, observed_only=False).rows
    assert (one.total, one.sum) == (1, 1.0)


def test_windows_on_system_times(store: Store, access: Access, database: Database) -> None:
    write(store, access, PM25, {T0 - DAY: 1.0, T0 - 2 * DAY: 3.0})
    [one] = aggregate(database, T0, T0 + HOUR, timeproperty=TimeProperty.CREATED_AT).rows
    assert (one.count, one.sum, one.first, one.last) == (2, 4.0, 1.0, 3.0)


def test_nothing_asked_nothing_found(store: Store, access: Access, database: Database) -> None:
    with database.connection() as connection:
        assert read_aggregates(connection, [], AggregateQuery(T0, T0 + 1, [T0, T0 + 1])).rows == []
    assert aggregate(database, T0, T0 + HOUR).rows == []


def test_the_extent_of_series(store: Store, access: Access, database: Database) -> None:
    write(store, access, PM25, {T0 + 5: 1.0, T0 + DAY: 2.0, T0 + 2 * DAY: 3.0})
    with database.connection() as connection:
        ids = series_of(database)
        assert read_extent(connection, ids, 0, T0 * 2) == (T0 + 5, T0 + 2 * DAY)
        assert read_extent(connection, ids, T0 + 6, T0 + 2 * DAY) == (T0 + DAY, T0 + DAY)
        assert read_extent(connection, ids, T0 + 3 * DAY, T0 * 2) is None
        assert read_extent(connection, [], 0, T0) is None
