"""Aggregates of history: count, sum, extremes and ends of the numbers of series, bucket by bucket."""

import math
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec
from psycopg import Connection, IsolationLevel
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from context_api.ngsild.model import Micros
from context_api.ngsild.query import TimeProperty
from context_api.ngsild.temporal_scopes import BEGINNING
from context_api.store.aggregates_pieces import HOUR, Pieces, Range, cut_window, exclude
from context_api.store.packing import pack_ints, pack_time, pack_times
from context_api.store.queries import load_queries

_SQL = load_queries("aggregates")

RAW = "raw"
MAX_PIECES = 50_000
"""Where a window falls into more, all of it is taken from the values."""

MAX_LOOKED_UP = 1_000
"""In so many buckets at most the first and last values are looked up one by one."""

_LEVELS = ("daily", "hourly")

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
    first: float | None
    """The earliest number."""
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
    """What they were computed from: `raw` values, `hourly` or `daily` aggregates, joined by `+`."""


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
    since: Micros = BEGINNING
    """Values of before do not count, whatever the window is about."""


def read_aggregates(
    connection: Connection[TupleRow], series_ids: Sequence[int], query: AggregateQuery
) -> Aggregates:
    """Aggregate the values of series in [start, end), bucket by bucket.

    Ready aggregates serve where they give the same answer as the values, which serve for the rest: the ends
    of a window, the present hour, what was written late and is not aggregated yet. Different units are
    never mixed: such a bucket has one row for each. Outside a transaction, or in one that is repeatable read.
    Raises StoreTimeout.
    """
    if not series_ids or query.end <= query.start:
        return Aggregates([], RAW)
    step = _step(query.edges)
    with _snapshot(connection):
        pieces = _choose(connection, series_ids, query, step)
        rows = _read(connection, pieces, query, step)
    return Aggregates([Aggregate(*row) for row in rows], _source(pieces))


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


@contextmanager
def _snapshot(connection: Connection[TupleRow]) -> Iterator[None]:
    """Let several statements see one state of the database."""
    if connection.info.transaction_status is not TransactionStatus.IDLE:
        yield
        return
    before = connection.isolation_level
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    try:
        with connection.transaction():
            # Compiling a plan over many chunks takes longer than running it
            connection.execute("set local jit = off")
            yield
    finally:
        connection.isolation_level = before


def _choose(
    connection: Connection[TupleRow], series_ids: Sequence[int], query: AggregateQuery, step: int | None
) -> dict[int, Pieces]:
    """Give the pieces of the window for each series."""
    everything = Pieces([], [], [(query.start, query.end)])
    raw = dict.fromkeys(series_ids, everything)
    if query.distinct or query.timeproperty is not TimeProperty.OBSERVED_AT:
        return raw
    state = connection.execute(
        _SQL["get_state"],
        [pack_ints(series_ids), pack_time(query.end), pack_time(query.start)],
        binary=True,
    ).fetchall()
    common = cut_window(query.start, query.end, query.edges, state[0][0], step)
    if not (common.daily or common.hourly):
        return raw
    chosen = dict.fromkeys(series_ids, common)
    for _, series_id, first, last in state:
        if series_id is not None:
            chosen[series_id] = exclude(chosen[series_id], [(first, last)])
    return raw if sum(len(part) for pieces in chosen.values() for part in pieces) > MAX_PIECES else chosen


def _source(pieces: dict[int, Pieces]) -> str:
    used = [level for level in Pieces._fields if any(getattr(each, level) for each in pieces.values())]
    return "+".join(used) or RAW


def _read(
    connection: Connection[TupleRow], pieces: dict[int, Pieces], query: AggregateQuery, step: int | None
) -> list[tuple[Any, ...]]:
    parameters: dict[str, object] = {"series": pack_ints(list(pieces))}
    parts = [
        _kept(level, query, step)
        for level in _LEVELS
        if _add_ranges(parameters, level, [(key, getattr(each, level)) for key, each in pieces.items()])
    ]
    if _add_ranges(parameters, RAW, [(key, each.raw) for key, each in pieces.items()]):
        ranges = [each for one in pieces.values() for each in one.raw]
        parameters["start"] = pack_time(min(first for first, _ in ranges))
        parameters["end"] = pack_time(max(last for _, last in ranges))
        if query.since != BEGINNING:
            parameters["since"] = pack_time(query.since)
        buckets = (len(query.edges) - 1) * len(pieces)
        parts.append(_raw(query, step, look_up=buckets <= MAX_LOOKED_UP))
    if not parts:
        return []
    statement = (
        _SQL[_shape(query, step, {level for level in _LEVELS if f"{level}_ids" in parameters})]
        .replace(b"{parts}", b" union all ".join(parts))
        .replace(b"{combined}", _SQL["combined"])
        .replace(b"{units}", _SQL["units"])
    )
    if step is None:
        parameters["edges"] = pack_times(query.edges)
    else:
        origin = query.edges[0]
        parameters |= {
            "step": step,
            "origin": pack_time(origin),
            "origin_s": origin / 1e6,
            "step_s": step / 1e6,
        }
    # Planned for its own parameters: with them the planner leaves out the chunks of other times
    return connection.execute(statement, parameters, binary=True, prepare=False).fetchall()


def _add_ranges(parameters: dict[str, object], level: str, ranges: list[tuple[int, list[Range]]]) -> bool:
    rows = [(key, first, last) for key, mine in ranges for first, last in mine]
    if not rows:
        return False
    parameters[f"{level}_ids"] = pack_ints([key for key, _, _ in rows])
    parameters[f"{level}_from"] = pack_times([first for _, first, _ in rows])
    parameters[f"{level}_until"] = pack_times([last for _, _, last in rows])
    return True


def _shape(query: AggregateQuery, step: int | None, levels: Set[str]) -> str:
    """Name the statement: values alone make whole buckets, and so do hours that begin with the clock's."""
    if query.distinct:
        return "read_distinct"
    if not levels:
        return "read_single"
    is_single = step == HOUR and query.edges[0] % HOUR == 0 and "daily" not in levels
    return "read_single" if is_single and query.observed_only else "read"


def _bucket(step: int | None) -> bytes:
    """Turn {time} into the index of its bucket."""
    if step is None:
        return b"width_bucket({time}, %(edges)s::timestamptz[]) - 1"
    # The start of the bucket exactly; as a number of seconds it may be off, but not by half a bucket
    start = b"date_part('epoch', date_bin(%(step)s * interval '1 microsecond', {time}, %(origin)s))"
    return b"round((" + start + b" - %(origin_s)s::float8) / %(step_s)s::float8)::integer"


def _kept(level: str, query: AggregateQuery, step: int | None) -> bytes:
    return (
        _SQL["kept"]
        .replace(b"{bucket}", _bucket(step).replace(b"{time}", b"a.at"))
        .replace(b"{table}", level.encode())
        .replace(b"{condition}", b"a.has_observed_at" if query.observed_only else b"true")
    )


def _raw(query: AggregateQuery, step: int | None, *, look_up: bool) -> bytes:
    is_at = query.timeproperty is TimeProperty.OBSERVED_AT
    distinct = b", count(distinct coalesce(o.body -> 'v', to_jsonb(o.value))) as different"
    return (
        raw_statement(look_up=look_up and is_at)
        .replace(b"{bucket}", _bucket(step))
        .replace(b"{observed}", b"true")
        .replace(b"{condition}", _condition(is_at and query.observed_only) + _since(query))
        .replace(b"{time}", TIME_OF[query.timeproperty])
        .replace(b"{distinct}", distinct if query.distinct else b"")
        .replace(b"{more}", b", r.different" if query.distinct else b"")
    )


def raw_statement(*, look_up: bool) -> bytes:
    """Give the statement that aggregates values, with {bucket}, {observed}, {condition}, {time} left open.

    The first and last number of a bucket are looked up, which suits few buckets of many values, or picked
    from all its numbers in order, which suits many buckets of few.
    """
    if look_up:
        first, last, numbers, ends = b"f.number", b"l.number", b"", _SQL["ends"]
    else:
        first, last = b"r.numbers[1]", b"r.numbers[cardinality(r.numbers)]"
        numbers, ends = _SQL["numbers"], b""
    return (
        _SQL["raw"]
        .replace(b"{first}", first)
        .replace(b"{last}", last)
        .replace(b"{numbers}", numbers)
        .replace(b"{ends}", ends)
        .replace(b"{number}", _SQL["number"])
    )


def _condition(observed_only: bool) -> bytes:
    return b"o.has_observed_at" if observed_only else b"true"


def _since(query: AggregateQuery) -> bytes:
    """Say it where the window does not: it may be about when values were written."""
    return b"" if query.since == BEGINNING else b" and o.at >= %(since)s"


def _step(edges: Sequence[Micros]) -> int | None:
    """Give the length of the buckets if it is the same for all."""
    lengths = {after - before for before, after in pairwise(edges)}
    return lengths.pop() if len(lengths) == 1 else None
