"""The instances of many series, merged by time: a page holds all that happened up to an instant, and no more.

Each series gives its first rows; those that may have more before the instant at which the page will end are
asked again. So what is read is a small multiple of the page, however long the histories are.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.errors import TooManyResults
from context_api.ngsild.model import Micros
from context_api.ngsild.query import TemporalQuery, TimeProperty
from context_api.ngsild.temporal_scopes import ALWAYS, BEGINNING, END, Interval
from context_api.ngsild.time import format_datetime
from context_api.store.packing import pack_ints, pack_texts, pack_times
from context_api.store.queries import load_queries
from context_api.store.temporal_columns import MAX_VALUE_BYTES, Chunk, Columns, SeriesRow
from context_api.store.temporal_windows import Window

_SQL = load_queries("temporal")

MAX_BYTES = 64 * 1024 * 1024
"""Values that one answer may hold, besides plain numbers."""
MAX_AT_ONCE = 100_000
"""Instances that may have been written at one moment, where a window is about when they were."""
FEWEST_ROWS = 4
"""So many rows at least is a series asked for at a time."""


class Run:
    """One series, and what was read of it so far."""

    __slots__ = ("chunks", "is_open", "last", "row", "rows", "validity")

    def __init__(self, row: SeriesRow, validity: Sequence[Interval] = ALWAYS) -> None:
        self.row = row
        self.validity = validity if row.since == BEGINNING else clip_intervals(validity, row.since)
        """When its instances count, in order."""
        self.chunks: list[Chunk] = []
        self.rows = 0
        self.is_open = True
        """Whether there may be more rows than were read."""
        self.last: tuple[Micros, Micros] | None = None
        """Time and `at` of the row that was read last."""


def clip_intervals(intervals: Sequence[Interval], start: Micros) -> list[Interval]:
    """Give what of stretches of time is not before a time."""
    return [Interval(max(one.start, start), one.end) for one in intervals if one.end > start]


class RowReader:
    """Reads runs for one request, on one connection."""

    def __init__(
        self,
        connection: Connection[TupleRow],
        window: Window,
        query: TemporalQuery,
        *,
        with_recorded: bool,
    ) -> None:
        self._connection = connection
        self._window = window
        self._query = query
        self._statement = _statement(window, query, with_recorded=with_recorded)
        self._bytes = 0

    def read(self, runs: Sequence[Run], limit: int) -> Micros | None:
        """Fill the runs with the first `limit` instances, or all of one instant where that has more.

        Instances are ordered by time or, with lastN, backwards. Returns the instant at which the page ends;
        None: there is no more. Raises TooManyResults where the values are too large for one answer.
        """
        size = self._first_size(len(runs), limit)
        pending = list(runs)
        while pending:
            self._fetch(pending, size)
            if sum(run.rows for run in runs) > 4 * limit + MAX_AT_ONCE:
                raise TooManyResults(
                    f"More than {MAX_AT_ONCE:,} instances were written at one moment, which no page divides:"
                    " ask by observedAt, or for fewer entities or attributes"
                )
            bound = self._bound(runs, limit)
            pending = [run for run in runs if run.is_open and self._may_have_more(run, bound)]
            size = max(FEWEST_ROWS, min(size * 4, 4 * (limit + 1) // max(len(pending), 1)))
        end = self._end(runs, limit)
        if end is not None:
            for run in runs:
                _cut_run(run, end, is_backward=self._query.is_backward)
        if self._query.is_backward:
            for run in runs:
                run.chunks = run.chunks[::-1]
                for chunk in run.chunks:
                    chunk.reverse()
        return end

    def _first_size(self, runs: int, limit: int) -> int:
        size = max(FEWEST_ROWS, -(-12 * (limit + 1) // (10 * max(runs, 1))))
        size = min(size, limit + 1)
        return size if self._query.last_n is None else min(size, self._query.last_n)

    def _fetch(self, runs: Sequence[Run], size: int) -> None:
        query, window = self._query, self._window
        start = _start(query)
        lasts = [run.last or start for run in runs]
        share = max(MAX_BYTES // len(runs), 1)
        last_n: list[object] = [] if query.last_n is None else [*window.parameters, query.last_n]
        conditions = window.parameters if query.last_n is None else ()
        parameters: list[object] = [
            pack_ints([run.row.series.id for run in runs]),
            pack_times([run.validity[0].start for run in runs]),
            pack_times([run.validity[-1].end for run in runs]),
            pack_texts([_ranges(run.validity) for run in runs]),
            pack_times([key for key, _ in lasts]),
            pack_times([at for _, at in lasts]),
            *last_n,
            *conditions,
            size,
            share,
        ]
        rows = self._connection.execute(self._statement, parameters, binary=True).fetchall()
        found = {columns.number: columns for columns in map(Columns._make, rows)}
        for number, run in enumerate(runs, 1):
            columns = found.get(number)
            if columns is None:
                run.is_open = False
            else:
                self._add(run, columns, size, share)

    def _add(self, run: Run, columns: Columns, size: int, share: int) -> None:
        self._bytes += columns.size
        if self._bytes > 2 * MAX_BYTES:
            raise TooManyResults(
                "The values are too large for one answer: ask for fewer entities or attributes"
            )
        chunk = Chunk(columns)
        run.chunks.append(chunk)
        run.rows += columns.rows
        run.last = (chunk.keys[-1], chunk.times[-1])
        # Where values are large, rows may have been left out for their bytes rather than their number
        run.is_open = columns.rows >= size or (columns.size > 0 and columns.size + MAX_VALUE_BYTES > share)
        last_n = self._query.last_n
        if last_n is not None and self._query.behind is None and run.rows >= last_n:
            run.is_open = False

    def _bound(self, runs: Sequence[Run], limit: int) -> Micros | None:
        """Give the time of the first row that is too many; what is behind it need not be read."""
        if sum(run.rows for run in runs) <= limit:
            return None
        keys = sorted(_keys(runs), reverse=self._query.is_backward)
        return keys[limit]

    def _may_have_more(self, run: Run, bound: Micros | None) -> bool:
        if bound is None or run.last is None:
            return True
        last = run.last[0]
        if last == bound:
            return not self._window.is_indexed  # there may be several of one time
        return last > bound if self._query.is_backward else last < bound

    def _end(self, runs: Sequence[Run], limit: int) -> Micros | None:
        """Give the last instant that fits into the page as a whole, the first in any case."""
        if sum(run.rows for run in runs) <= limit:
            return None
        keys = sorted(_keys(runs), reverse=self._query.is_backward)
        if keys[0] == keys[limit]:
            # One instant is more than a page: it is served whole, and is the end only if there is more
            return None if keys[-1] == keys[0] and not any(run.is_open for run in runs) else keys[0]
        return next(key for key in reversed(keys[:limit]) if key != keys[limit])


def _keys(runs: Sequence[Run]) -> list[Micros]:
    return [key for run in runs for chunk in run.chunks for key in chunk.keys]


def _start(query: TemporalQuery) -> tuple[Micros, Micros]:
    """Give the time and `at` behind which rows are read first; nothing of the time itself is behind it."""
    first, last = (END, BEGINNING) if query.is_backward else (BEGINNING, END)
    return (first if query.behind is None else query.behind), last


def _ranges(validity: Sequence[Interval]) -> str | None:
    """Write several intervals as a multirange; one is told by its ends."""
    if len(validity) == 1:
        return None
    ranges = [
        f"[{format_datetime(start)},{'' if end == END else format_datetime(end)})" for start, end in validity
    ]
    return "{" + ",".join(ranges) + "}"


def _cut_run(run: Run, end: Micros, *, is_backward: bool) -> None:
    """Keep what is not behind the end; a run of which nothing is left keeps an empty chunk."""
    for chunk in run.chunks:
        if is_backward:
            chunk.cut(bisect_right(chunk.keys, -end, key=_negative))
        else:
            chunk.cut(bisect_right(chunk.keys, end))
    run.chunks = [chunk for chunk in run.chunks if chunk.times] or run.chunks[:1]


def _negative(key: Micros) -> Micros:
    return -key


def _statement(window: Window, query: TemporalQuery, *, with_recorded: bool) -> bytes:
    bounds = b"true"
    source = b"observation"
    within = _SQL["within"].replace(b"{condition}", window.condition)
    if query.last_n is None:
        bounds = within
    else:
        source = _SQL["last_n_source"].replace(b"{within}", within)
    sign = b"<" if query.is_backward else b">"
    if window.is_indexed:
        bounds += b" and o.at " + sign + b" s.behind"
    else:
        bounds += b" and ({key}, o.at) " + sign + b" (s.behind, s.behind_at)"
    recorded = b"string_agg(timestamptz_send(w.recorded_at), '')" if with_recorded else b"null::bytea"
    keys = b"null::bytea" if window.is_indexed else b"string_agg(timestamptz_send(w.key), '')"
    return (
        _SQL["read_columns"]
        .replace(b"{source}", source)
        .replace(b"{bounds}", bounds)
        .replace(b"{recorded}", recorded)
        .replace(b"{keys}", keys)
        .replace(b"{order}", b"desc" if query.is_backward else b"asc")
        .replace(b"{key}", window.key)
    )


def needs_recorded(timeproperty: TimeProperty, *, sys_attrs: bool, is_paired: bool) -> bool:
    """Whether createdAt is looked at when instances are written."""
    times: tuple[Any, ...] = (TimeProperty.CREATED_AT, TimeProperty.MODIFIED_AT)
    return sys_attrs or (is_paired and timeproperty in times)
