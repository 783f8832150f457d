"""Keeps the hourly and daily aggregates: new hours as they end, and again what was written late.

One at a time does so, under an advisory lock. A reader takes what is not done yet from the values.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.model import Micros
from context_api.store.aggregates import raw_statement
from context_api.store.aggregates_pieces import DAY, DAY_ORIGIN, HOUR
from context_api.store.budget import Budget
from context_api.store.errors import StoreFault, wrapped_errors
from context_api.store.packing import pack_ints, pack_time, pack_times
from context_api.store.queries import load_queries

_SQL = load_queries("aggregates_refresh")
_READ = load_queries("aggregates")

LATE_S = 300
"""An hour is aggregated so long after it has ended: what comes a little late makes nothing dirty."""
VALUES_PER_SLICE = 200_000
SERIES_PER_SLICE = 2_000
_DIRTY_SERIES = 200
_VALUES_PER_DAY = 1_500
_WAIT_S = 10.0
_LOCK = 0x6D616368_61677267
_EARLIEST: Micros = -62_135_542_800_000_000
"""0001-01-01T15:00:00Z."""

_Dirty = tuple[int, Micros, Micros]
"""Series, from, until."""


class Progress(NamedTuple):
    """How far the aggregates are."""

    done_until: datetime | None
    """None: nothing is aggregated yet."""
    dirty: int
    """Ranges that are to be done again."""


class Refreshed(NamedTuple):
    """What one call did."""

    hours: int = 0
    """By which aggregates reach further now."""
    ranges: int = 0
    """Dirty ranges done again."""

    def __str__(self) -> str:
        return f"{self.hours} hours, {self.ranges} dirty ranges" if any(self) else ""


def refresh_aggregates(
    connection: Connection[TupleRow], now: Micros | None = None, budget: Budget | None = None
) -> Refreshed:
    """Aggregate the hours that have ended, then what is dirty; what the budget has no room for waits.

    The connection is in autocommit mode: every slice is a transaction. `now` is the clock's time.
    """
    present = time.time_ns() // 1000 if now is None else now
    with wrapped_errors():
        if not _call(connection, "try_lock"):
            return Refreshed()
        try:
            return _refresh(connection, present - LATE_S * 1_000_000, budget or Budget(20.0))
        finally:
            _call(connection, "unlock")


def _refresh(connection: Connection[TupleRow], until: Micros, budget: Budget) -> Refreshed:
    hours = _advance(connection, until, budget)
    ranges = 0
    while not budget.is_spent:
        done = _refresh_dirty(connection)
        if not done:
            break
        ranges += done
    return Refreshed(hours, ranges)


def read_progress(connection: Connection[TupleRow]) -> Progress:
    """Tell how far the aggregates are, for `machi doctor`."""
    with wrapped_errors():
        row = connection.execute(_SQL["get_progress"], binary=True).fetchone()
    if row is None or row[1] < _EARLIEST:
        return Progress(None, 0)
    return Progress(datetime.fromtimestamp(row[1] / 1e6, UTC), row[2])


def _advance(connection: Connection[TupleRow], until: Micros, budget: Budget) -> int:
    """Let the aggregates reach to the last hour before a time; gives by how many hours they grew."""
    target = until - until % HOUR
    marked, done, is_first, _ = _state(connection)
    if target > marked:
        connection.execute(_SQL["mark"], [pack_time(target)])
        marked = target
    if marked <= done or not _await_unaware(connection):
        return 0
    if is_first or done < _EARLIEST:
        _begin(connection, marked)
        return 1
    before = done
    while done < marked and not budget.is_spent:
        step = min(marked, done - done % DAY + DAY)
        _aggregate_all(connection, done, step)
        done = step
    return (done - before) // HOUR


def _state(connection: Connection[TupleRow]) -> tuple[Micros, Micros, bool, bool]:
    row = connection.execute(_SQL["get_state"], binary=True).fetchone()
    if row is None:
        raise StoreFault("The row of aggregate_state was deleted")
    return row[0], row[1], row[2], row[3]


def _await_unaware(connection: Connection[TupleRow]) -> bool:
    """Wait for transactions that may write without marking; False: one takes long, so later."""
    patience = Budget(_WAIT_S)
    while not _state(connection)[3]:
        if patience.is_spent:
            return False
        time.sleep(0.02)
    return True


def _begin(connection: Connection[TupleRow], marked: Micros) -> None:
    """All that is there is dirty: from then on the rest is as ever."""
    with connection.transaction():
        connection.execute(_SQL["mark_everything"], [pack_time(marked)])
        connection.execute(_SQL["set_done"], [pack_time(marked)])


def _aggregate_all(connection: Connection[TupleRow], start: Micros, end: Micros) -> None:
    """Aggregate [start, end) of every series, some thousands at a time; then it counts as done."""
    last = 0
    while True:
        row = connection.execute(_SQL["next_series"], [last, SERIES_PER_SLICE]).fetchone()
        ids: list[int] = row[0] if row is not None else []
        if not ids:
            break
        with connection.transaction():
            _aggregate(connection, [(each, start, end) for each in ids])
        last = ids[-1]
    connection.execute(_SQL["set_done"], [pack_time(end)])


def _refresh_dirty(connection: Connection[TupleRow]) -> int:
    """Do a slice of what is dirty; gives how many ranges, 0 when nothing is left."""
    with connection.transaction():
        done = _state(connection)[1]
        taken = connection.execute(_SQL["take_dirty"], [_DIRTY_SERIES], binary=True).fetchall()
        if not taken:
            return 0
        now, later = _slice(connection, [_clip(row, done) for row in taken])
        if later:
            ids, firsts, lasts = zip(*later, strict=True)
            connection.execute(_SQL["put_back"], [pack_ints(ids), pack_times(firsts), pack_times(lasts)])
        if now:
            _aggregate(connection, now)
        return len(taken)


def _clip(row: TupleRow, done: Micros) -> _Dirty:
    """What is not done yet will be anyway; what was dropped by retention stays as it was aggregated."""
    series_id, first, last, raw_from = row
    return series_id, first if raw_from is None else max(first, raw_from), min(last, done)


def _slice(connection: Connection[TupleRow], ranges: Sequence[_Dirty]) -> tuple[list[_Dirty], list[_Dirty]]:
    """Choose ranges, or their beginnings, of so many values in all; the others are for later."""
    now: list[_Dirty] = []
    later: list[_Dirty] = []
    room = VALUES_PER_SLICE
    for series_id, first, last in _merge(ranges):
        if room <= 0:
            later.append((series_id, first, last))
            continue
        if last - first <= DAY:
            now.append((series_id, first, last))
            room -= _VALUES_PER_DAY
            continue
        count, start, beyond = _measure(connection, series_id, first, last, max(room, _VALUES_PER_DAY))
        room -= count
        cut = last if beyond is None else min(last, max(_day(beyond), _day(start) + DAY))
        now.append((series_id, first, cut))
        if cut < last:
            later.append((series_id, cut, last))
    return now, later


def _measure(
    connection: Connection[TupleRow], series_id: int, first: Micros, last: Micros, values: int
) -> tuple[int, Micros, Micros | None]:
    """Count the values of a range up to a number; with the times of the first and the one beyond."""
    given = {"id": series_id, "from": pack_time(first), "until": pack_time(last), "values": values + 1}
    row = connection.execute(_SQL["measure"], given, binary=True).fetchone()
    count, start, newest = row or (0, None, None)
    return count, first if start is None else start, newest if count > values else None


def _merge(ranges: Sequence[_Dirty]) -> list[_Dirty]:
    """Join ranges of a series that overlap or touch; leave out what is empty."""
    merged: list[_Dirty] = []
    for series_id, first, last in sorted(ranges):
        if first >= last:
            continue
        if merged and merged[-1][0] == series_id and merged[-1][2] >= first:
            merged[-1] = (series_id, merged[-1][1], max(merged[-1][2], last))
        else:
            merged.append((series_id, first, last))
    return merged


def _aggregate(connection: Connection[TupleRow], ranges: Sequence[_Dirty]) -> None:
    """Make the hours of some ranges anew, and the days they are part of that are complete by then."""
    connection.execute("set local work_mem = '64MB'")
    connection.execute("set local jit = off")
    given = _parameters(ranges)
    connection.execute(_SQL["forget"].replace(b"{level}", b"hourly"), given)
    raw = (
        raw_statement(look_up=False)
        .replace(b"{bucket}", b"date_bin('1 hour', {time}, timestamptz '2000-01-01 00:00:00Z')")
        .replace(b"{observed}", b"o.has_observed_at")
        .replace(b"{more}", b", r.has_observed_at")
        .replace(b"{condition}", b"true")
        .replace(b"{distinct}", b"")
        .replace(b"{time}", b"o.at")
    )
    connection.execute(_SQL["fill_hours"].replace(b"{raw}", raw), given, prepare=False)
    days = _merge([(series_id, _day(first), _day(last)) for series_id, first, last in ranges])
    if days:
        given = _parameters(days)
        connection.execute(_SQL["forget"].replace(b"{level}", b"daily"), given)
        connection.execute(_SQL["fill_days"].replace(b"{combined}", _READ["combined"]), given)


def _parameters(ranges: Sequence[_Dirty]) -> dict[str, object]:
    ids, firsts, lasts = zip(*ranges, strict=True)
    return {
        "raw_ids": pack_ints(ids),
        "raw_from": pack_times(firsts),
        "raw_until": pack_times(lasts),
        "start": pack_time(min(firsts)),
        "end": pack_time(max(lasts)),
    }


def _day(at: Micros) -> Micros:
    """When the Japanese day of a time begins."""
    return at - (at - DAY_ORIGIN) % DAY


def _call(connection: Connection[TupleRow], block: str) -> bool:
    row = connection.execute(_SQL[block], [_LOCK]).fetchone()
    return row is not None and bool(row[0])
