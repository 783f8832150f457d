"""How complete a history is: by series and day in Japan, what was expected and what came.

Received values are counted by `aggregates`, corrected ones from `observation_superseded`; late and duplicate
ones were counted as they came (`arrivals`). The interval is that of the entity's device or, where it has
none, learned from the times of the newest values.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.model import Micros
from context_api.ngsild.query.periods import Period, bucket_edges
from context_api.ngsild.query.temporal import TimeProperty
from context_api.store.aggregates import AggregateQuery, read_aggregates
from context_api.store.errors import wrapped_errors
from context_api.store.packing import pack_ints
from context_api.store.queries import load_queries
from context_api.store.tabular import SeriesFound

JAPAN = ZoneInfo("Asia/Tokyo")
SAMPLE = 201
"""Values that an interval is learned from."""
_FEWEST = 10
_NEAR = 0.25
_SECOND = 1_000_000
_SQL = load_queries("completeness")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Interval(NamedTuple):
    """How often a series is expected to have a value."""

    seconds: float | None
    """None: it has no regular interval, so nothing is expected of it."""
    origin: str
    """"device", "learned" or "unknown"."""
    until: Micros | None = None
    """When its device was retired: nothing is expected from then on."""


class Day(NamedTuple):
    """One series on one day."""

    series: int
    """Its position among those asked for."""
    day: date
    expected: int | None
    received: int
    late: int
    duplicate: int
    corrected: int


class Completeness(NamedTuple):
    """The answer."""

    intervals: list[Interval]
    days: list[Day]
    """By day, then series; every day of the window from the series' first value on."""
    source: str
    """What the received values were counted from."""


def read_completeness(  # noqa: PLR0917
    connection: Connection[TupleRow],
    tenant_id: int,
    series: Sequence[SeriesFound],
    start: Micros,
    end: Micros,
    now: Micros,
) -> Completeness:
    """Count [start, end), whose ends are midnights in Japan. Raises StoreTimeout."""
    edges = bucket_edges(Period(days=1), start, end, JAPAN)
    with wrapped_errors():
        intervals = _intervals(connection, tenant_id, series, min(end, now))
        found = read_aggregates(
            connection,
            [one.id for one in series],
            AggregateQuery(start, end, edges, TimeProperty.OBSERVED_AT, observed_only=False),
        )
        arrivals, corrections = _exceptions(connection, series, start, end)
    received: dict[tuple[int, int], int] = {}
    for row in found.rows:
        key = (row.series_id, row.bucket)
        received[key] = received.get(key, 0) + row.total
    days: list[Day] = []
    for bucket, (low, high) in enumerate(pairwise(edges)):
        day = _date(low)
        for position, one in enumerate(series):
            if high <= one.first_at or low >= now or low < one.since:
                continue
            late, duplicate = arrivals.get((one.id, day), (0, 0))
            days.append(
                Day(
                    position,
                    day,
                    expected_count(intervals[position], max(low, one.first_at), min(high, now)),
                    received.get((one.id, bucket), 0),
                    late,
                    duplicate,
                    corrections.get((one.id, day), 0),
                )
            )
    return Completeness(intervals, days, found.source)


def expected_count(interval: Interval, low: Micros, high: Micros) -> int | None:
    """Tell how many values are due in [low, high)."""
    if interval.seconds is None:
        return None
    if interval.until is not None:
        high = min(high, interval.until)
    return max(0, round((high - low) / _SECOND / interval.seconds))


def learn_interval(times: Sequence[Micros]) -> float | None:
    """Give the usual interval, in seconds, of times (the newest first); None where there is none.

    That is the median, if at least half of all intervals are within a quarter of it: gaps, bursts and doubles
    do not move it, and what comes by chance (an alarm, a door) has none.
    """
    gaps = sorted(later - earlier for later, earlier in pairwise(times))
    if len(gaps) < _FEWEST:
        return None
    median = gaps[len(gaps) // 2]
    near = sum(abs(gap - median) <= _NEAR * median for gap in gaps)
    if median <= 0 or 2 * near < len(gaps):
        return None
    seconds = median / _SECOND
    return round(seconds) if seconds >= 10 else round(seconds, 3)


def _intervals(
    connection: Connection[TupleRow], tenant_id: int, series: Sequence[SeriesFound], before: Micros
) -> list[Interval]:
    ids = sorted({one.entity_id for one in series})
    rows = connection.execute(_SQL["get_devices"], [tenant_id, ids], binary=True).fetchall()
    devices: dict[str, tuple[float | None, Micros | None]] = {row[0]: (row[1], row[2]) for row in rows}
    unset = [one.id for one in series if devices.get(one.entity_id, (None, None))[0] is None]
    learned: dict[int, float | None] = {}
    if unset:
        given = [_datetime(before), SAMPLE, pack_ints(unset)]
        found = connection.execute(_SQL["get_latest_times"], given, binary=True).fetchall()
        learned = {number: learn_interval(times) for number, times in found}
    return [_interval(one, devices, learned) for one in series]


def _interval(
    one: SeriesFound,
    devices: dict[str, tuple[float | None, Micros | None]],
    learned: dict[int, float | None],
) -> Interval:
    seconds, until = devices.get(one.entity_id, (None, None))
    if seconds is not None:
        return Interval(seconds, "device", until)
    seconds = learned.get(one.id)
    return Interval(seconds, "unknown" if seconds is None else "learned", until)


def _exceptions(
    connection: Connection[TupleRow], series: Sequence[SeriesFound], start: Micros, end: Micros
) -> tuple[dict[tuple[int, date], tuple[int, int]], dict[tuple[int, date], int]]:
    """Give (late, duplicate), and corrected, by series and day."""
    ids = [one.id for one in series]
    arrivals = connection.execute(_SQL["get_arrivals"], [ids, _date(start), _date(end)]).fetchall()
    corrections = connection.execute(
        _SQL["get_corrections"], [ids, _datetime(start), _datetime(end)]
    ).fetchall()
    return (
        {(number, day): (late, duplicate) for number, day, late, duplicate in arrivals},
        {(number, day): count for number, day, count in corrections},
    )


def _date(micros: Micros) -> date:
    return _datetime(micros).astimezone(JAPAN).date()


def _datetime(micros: Micros) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)
