"""Aggregates of history: count, sum, extremes and ends of the numbers of series, bucket by bucket."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.model import Micros
from context_api.ngsild.query import TimeProperty
from context_api.store.packing import pack_ints, pack_time, pack_times
from context_api.store.queries import load_queries

_SQL = load_queries("aggregates")

RAW = "raw"

TIME_OF = {
    TimeProperty.OBSERVED_AT: b"o.at",
    TimeProperty.CREATED_AT: b"o.recorded_at",
    TimeProperty.MODIFIED_AT: b"coalesce(o.modified_at, o.recorded_at)",
    TimeProperty.DELETED_AT: b"o.deleted_at",
}


class Aggregate(msgspec.Struct, frozen=True, gc=False):
    """What the values of one series, bucket and unit come to. Deleted values do not count."""

    series_id: int
    bucket: int
    """Its index: from edges[bucket] to edges[bucket + 1]."""
    unit_code: str | None
    total: int
    """Values of any kind."""
    count: int
    """Numbers, where true is 1 and false is 0; the members below are theirs, None where there are none."""
    sum: float | None
    sumsq: float | None
    minimum: float | None
    maximum: float | None
    deviations: float | None
    """The sum of squared deviations from the mean: exact where sumsq has lost the digits."""
    first_at: Micros | None
    last_at: Micros | None
    first: float | None
    """The earliest number; None where the time looked at is not that of the observation."""
    last: float | None
    distinct: int | None = None
    """How many different values of any kind; only where asked for."""

    @property
    def mean(self) -> float | None:
        """The arithmetic mean."""
        return None if self.sum is None else self.sum / self.count

    @property
    def stddev(self) -> float | None:
        """The standard deviation of the values as a population."""
        return None if self.deviations is None else math.sqrt(max(0.0, self.deviations) / self.count)


class Aggregates(NamedTuple):
    """Aggregates by series, bucket and unit; empty buckets are left out."""

    rows: list[Aggregate]
    source: str
    """What they were computed from, such as `raw`."""


class AggregateQuery(NamedTuple):
    """Which values, cut into which buckets."""

    start: Micros
    end: Micros
    edges: Sequence[Micros]
    """As `periods.bucket_edges` gives them: they cover [start, end)."""
    timeproperty: TimeProperty = TimeProperty.OBSERVED_AT
    observed_only: bool = True
    """Leave out values that came without observedAt (a window on observedAt has only those, clause 4.11)."""
    distinct: bool = False
    """Count different values: from raw rows only, and slow."""


def read_aggregates(
    connection: Connection[TupleRow], series_ids: Sequence[int], query: AggregateQuery
) -> Aggregates:
    """Aggregate the values of series in [start, end), bucket by bucket.

    Values of different units are never mixed: such a bucket has one row for each. Raises StoreTimeout.
    """
    if not series_ids or query.end <= query.start:
        return Aggregates([], RAW)
    return _read_raw(connection, series_ids, query)


def read_extent(
    connection: Connection[TupleRow],
    series_ids: Sequence[int],
    start: Micros,
    end: Micros,
    *,
    observed_only: bool = True,
) -> tuple[Micros, Micros] | None:
    """Give the times of the first and the last value of any of the series in [start, end), if there is one.

    Costs two look-ups per series: for turning `before` and `after` into a window with two ends.
    """
    statement = _SQL["extent"].replace(b"{condition}", _condition(observed_only))
    given = {"series": pack_ints(series_ids), "start": pack_time(start), "end": pack_time(end)}
    row = connection.execute(statement, given, binary=True).fetchone()
    return None if row is None or row[0] is None else (row[0], row[1])


def _read_raw(
    connection: Connection[TupleRow], series_ids: Sequence[int], query: AggregateQuery
) -> Aggregates:
    edges = query.edges
    step = _step(edges)
    parameters: dict[str, object] = {
        "series": pack_ints(series_ids),
        "start": pack_time(query.start),
        "end": pack_time(query.end),
    }
    if step is None:
        bucket = b"width_bucket({time}, %(edges)s::timestamptz[]) - 1"
        parameters["edges"] = pack_times(edges)
    else:
        bucket = b"date_bin(%(step)s * interval '1 microsecond', {time}, %(origin)s)"
        parameters |= {"step": step, "origin": pack_time(edges[0])}
    rows = connection.execute(_raw_statement(query, bucket), parameters, binary=True).fetchall()
    return Aggregates([_aggregate(row, edges[0], step) for row in rows], RAW)


def _raw_statement(query: AggregateQuery, bucket: bytes) -> bytes:
    is_at = query.timeproperty is TimeProperty.OBSERVED_AT
    distinct = b", count(distinct coalesce(o.body -> 'v', to_jsonb(o.value))) as different"
    return (
        _SQL["raw"]
        .replace(b"{ends}", _SQL["ends" if is_at else "no_ends"])
        .replace(b"{bucket}", bucket)
        .replace(b"{condition}", _condition(is_at and query.observed_only))
        .replace(b"{time}", TIME_OF[query.timeproperty])
        .replace(b"{number}", _SQL["number"])
        .replace(b"{distinct}", distinct if query.distinct else b"")
        .replace(b"{distinct_name}", b", p.different" if query.distinct else b"")
    )


def _condition(observed_only: bool) -> bytes:
    return b"o.has_observed_at" if observed_only else b"true"


def _step(edges: Sequence[Micros]) -> int | None:
    """Give the length of the buckets if it is the same for all."""
    lengths = {after - before for before, after in pairwise(edges)}
    return lengths.pop() if len(lengths) == 1 else None


def _aggregate(row: tuple[Any, ...], origin: Micros, step: int | None) -> Aggregate:
    if step is None:
        return Aggregate(*row)
    return Aggregate(row[0], (row[1] - origin) // step, *row[2:])
