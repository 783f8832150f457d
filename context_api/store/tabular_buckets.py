"""Aggregates of history for tables, by bucket and series."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.model import Micros
from context_api.ngsild.query.temporal import TimeProperty
from context_api.store.aggregates import AggregateQuery, read_aggregates
from context_api.store.errors import wrapped_errors
from context_api.store.queries import load_queries
from context_api.store.tabular import SeriesFound
from context_api.store.tabular_sql import fill, ids_literal, rows_of, time_literal

_AT_ONCE = 50_000
"""Buckets, of all series together, that are read at once."""
_AGGREGATES = load_queries("aggregates")

_Found = list[tuple[int, int, str | None, dict[str, float | int | None]]]
"""Series, index of the bucket, unit, aggregates by method."""


class Bucket(NamedTuple):
    """What the values of one series, bucket and unit come to."""

    time: Micros
    series: int
    unit_code: str | None
    values: dict[str, float | int | None]
    """By method."""


def read_buckets(  # noqa: PLR0917
    connection: Connection[TupleRow],
    series: Sequence[SeriesFound],
    edges: Sequence[Micros],
    start: Micros,
    end: Micros,
    as_of: Micros | None,
    note_source: Callable[[str], None],
) -> Iterator[list[Bucket]]:
    """Give aggregates by bucket and series, some thousands at a time; empty buckets are left out.

    `note_source` is told what each part came from.
    """
    positions = {one.id: position for position, one in enumerate(series)}
    step = max(1, _AT_ONCE // max(1, len(series)))
    for index in range(0, len(edges) - 1, step):
        part = edges[index : index + step + 1]
        low, high = max(start, part[0]), min(end, part[-1])
        if low >= high:
            continue
        found: _Found = []
        for since in sorted({one.since for one in series if one.since < high}):
            seen, first = [one for one in series if one.since == since], max(low, since)
            with wrapped_errors():
                found += (
                    _aggregate(connection, seen, part, first, high, note_source)
                    if as_of is None
                    else _aggregate_then(connection, seen, part, first, high, as_of, note_source)
                )
        rows = [
            Bucket(part[bucket], positions[series_id], unit, values)
            for series_id, bucket, unit, values in found
        ]
        rows.sort(key=lambda row: (row.time, row.series, row.unit_code or ""))
        yield rows


def _aggregate(  # noqa: PLR0917
    connection: Connection[TupleRow],
    series: Sequence[SeriesFound],
    edges: Sequence[Micros],
    low: Micros,
    high: Micros,
    note_source: Callable[[str], None],
) -> _Found:
    query = AggregateQuery(low, high, edges, TimeProperty.OBSERVED_AT, observed_only=False)
    found = read_aggregates(connection, [one.id for one in series], query)
    note_source(found.source)
    return [
        (
            one.series_id,
            one.bucket,
            one.unit_code,
            {
                "avg": one.mean,
                "min": one.minimum,
                "max": one.maximum,
                "sum": one.sum,
                "count": one.count,
                "first": one.first,
                "last": one.last,
                "stddev": one.stddev,
            },
        )
        for one in found.rows
        if one.count
    ]


def _aggregate_then(  # noqa: PLR0917
    connection: Connection[TupleRow],
    series: Sequence[SeriesFound],
    edges: Sequence[Micros],
    low: Micros,
    high: Micros,
    as_of: Micros,
    note_source: Callable[[str], None],
) -> _Found:
    statement = fill(
        "then_buckets",
        edges=b"array[" + b",".join([time_literal(each) for each in edges]) + b"]::timestamptz[]",
        number=_AGGREGATES["number"],
        source=rows_of(ids_literal([one.id for one in series]), low, high, as_of),
    )
    note_source("raw")
    rows = connection.execute(statement, binary=True).fetchall()
    return [
        (
            series_id,
            bucket,
            unit,
            {
                "avg": total / count,
                "min": least,
                "max": most,
                "sum": total,
                "count": count,
                "first": first,
                "last": last,
                "stddev": deviation,
            },
        )
        for series_id, bucket, unit, count, total, least, most, deviation, first, last in rows
        if count
    ]
