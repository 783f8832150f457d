"""Reads of history for tables: any number of rows in the order of time, in constant memory.

The window is walked in slices, each of which holds no more rows than are sorted in memory: the index gives a
series by time, so a slice costs one look-up per series and its own rows. All slices belong to one read-only
snapshot. CSV is written by PostgreSQL, many lines per message; Python passes blocks on. Other formats get
rows.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import pairwise
from types import TracebackType
from typing import Any, NamedTuple, Self

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.model import Micros
from context_api.ngsild.temporal_scopes import BEGINNING
from context_api.store.database import connect
from context_api.store.errors import wrapped_errors
from context_api.store.observations import INTEGER
from context_api.store.queries import load_queries
from context_api.store.tabular_sql import (
    VALUE,
    fill,
    ids_literal,
    local_time,
    offset_time,
    rows_of,
    texts_literal,
    time_literal,
    to_datetime,
    unit_of,
    window_of,
)

STATEMENT_TIMEOUT_MS = 600_000
"""One slice, which waits for a slow reader too; a reader that stops reading is let go earlier, by the API."""
IDLE_TIMEOUT = "10min"
COPY_ROWS = 50_000
FETCH_ROWS = 20_000
LONG_ROWS = 200
"""So many values that are no numbers are held at once: each may be a document."""
MAX_SERIES = 8_000
"""The key that lines are sorted by has room for so many."""
MAX_SLICE = 30 * 365 * 86_400_000_000
"""Microseconds; for the same reason."""
_FIRST_SLICE = 3_600_000_000
_SQL = load_queries("tabular")

_COPY_HEADER = b"PGCOPY\n\xff\r\n\0"
_COPY_HEADER_SIZE = 19
_COPY_TRAILER = b"\xff\xff"


class SeriesFound(NamedTuple):
    """One series that a request selects."""

    id: int
    entity_id: str
    attribute: str
    """IRI."""
    dataset_id: str
    kind: int
    unit_code: str | None
    entity_type: str | None
    """IRI."""
    first_at: Micros
    last_at: Micros
    is_observed: bool
    """Whether its newest value carries observedAt."""
    is_number: bool
    since: Micros = BEGINNING
    """From which time on its values are seen by whoever asks."""


UNKNOWN = (0, 0, True, True)
"""Stands for what was not looked up of a series."""


class Place(NamedTuple):
    """What an entity is called and where it is; both as they are stored."""

    name: Any
    location: Any


class Value(NamedTuple):
    """One recorded value; `series` is its position in the order that the reader was given."""

    time: Micros
    series: int
    value: Any
    unit_code: str | None


class LineTemplate(NamedTuple):
    """What a line of CSV holds of its series: before the value, and (its unit) after it.

    Ready as CSV fields.
    """

    head: str
    tail: str


class HistoryReader(AbstractContextManager["HistoryReader"]):
    """One snapshot of a tenant's history on a connection of its own; `cancel` may come from another thread.

    Every method raises StoreUnavailable where the database is away and StoreTimeout where it was cancelled.
    """

    def __init__(
        self, url: str, tenant_id: int, zone: str, *, statement_timeout_ms: int = STATEMENT_TIMEOUT_MS
    ) -> None:
        self._tenant_id = tenant_id
        self._connection = connect(url, statement_timeout_ms=statement_timeout_ms)
        try:
            self._begin(zone)
        except BaseException:
            self.close()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __enter__(self) -> Self:
        return self

    @property
    def is_narrowed(self) -> bool:
        """Whether there may be more than is told to whoever asks."""
        return False

    @property
    def connection(self) -> "Connection[TupleRow]":
        """The connection that the snapshot is on, for other reads of the store."""
        return self._connection

    def close(self) -> None:
        """End the snapshot and the connection."""
        self._connection.close()

    def cancel(self) -> None:
        """Stop the statement that is running, if one is."""
        with wrapped_errors():
            self._connection.cancel_safe(timeout=5)

    def _begin(self, zone: str) -> None:
        with wrapped_errors():
            execute = self._connection.execute
            execute("begin isolation level repeatable read read only")
            execute("select set_config('timezone', %s, true)", [zone])
            execute("select set_config('work_mem', '32MB', true), set_config('jit', 'off', true)")
            execute("select set_config('idle_in_transaction_session_timeout', %s, true)", [IDLE_TIMEOUT])
            # A plan for thousands of ids in parallel would take the processors from everybody else
            execute("select set_config('max_parallel_workers_per_gather', '0', true)")
            row = self._connection.execute(_SQL["get_version"], binary=True).fetchone()
        self.now: Micros = 0 if row is None else row[0]

    # What there is

    def find_names(self, names: Sequence[str]) -> dict[int, str]:
        """Give the terms, by number, that have one of these IRIs or short names."""
        return dict(self._fetch("find_names", {"names": list(names)}))

    def find_types(self) -> list[str]:
        """Give the types (IRIs) that the tenant has a history of, twenty at most."""
        return [iri for (iri,) in self._fetch("find_types", [self._tenant_id])]

    def find_known_ids(self, ids: Sequence[str]) -> set[str]:
        """Give those of the entities that have a history."""
        return {found for (found,) in self._fetch("find_known_ids", [self._tenant_id, list(ids)])}

    def find_series(
        self,
        *,
        ids: Sequence[str] | None,
        types: Sequence[int] | None,
        attributes: Sequence[int] | None,
        limit: int,
    ) -> list[SeriesFound]:
        """Give the series with values that are selected; None selects everything.

        Where there are `limit` of them or more, `limit` are given, without looking at their values.
        """
        chosen = {"ids": ids, "types": types, "attributes": attributes}
        given = {name: None if each is None else list(each) for name, each in chosen.items()}
        rows = self._fetch("find_series", {**given, "tenant_id": self._tenant_id, "limit": limit})
        if len(rows) >= limit:
            return [SeriesFound._make([*row, *UNKNOWN, BEGINNING]) for row in rows]
        with wrapped_errors():
            found = self._connection.execute(
                _SQL["get_extent"], [[row[0] for row in rows]], binary=True
            ).fetchall()
        extents = {row[0]: row[1:] for row in found}
        return [SeriesFound(*row, *extents[row[0]]) for row in rows if row[0] in extents]

    def get_places(self, ids: Sequence[str]) -> dict[str, Place]:
        """Give names and places of entities."""
        terms = self.find_names(["name", "location"])
        by_name = {
            name: [str(number) for number, iri in terms.items() if iri.endswith(name)]
            for name in ("name", "location")
        }
        given = {"tenant_id": self._tenant_id, "ids": list(ids)}
        with wrapped_errors():
            rows = self._connection.execute(
                _SQL["get_places"],
                {**given, "names": by_name["name"], "places": by_name["location"]},
                binary=True,
            ).fetchall()
        return {
            row[0]: Place(*[None if each is None else msgspec.json.decode(each) for each in row[1:]])
            for row in rows
        }

    def count_corrections(
        self, series: Sequence[SeriesFound], start: Micros, end: Micros, as_of: Micros
    ) -> int:
        """Count the values in a window that were corrected before a time."""
        count = 0
        for ids, low, high in _stretches(series, start, end):
            given = [ids, to_datetime(low), to_datetime(high), to_datetime(as_of)]
            count += int(self._fetch("count_corrections", given)[0][0])
        return count

    # Rows

    def read_values(
        self, series: Sequence[SeriesFound], start: Micros, end: Micros, as_of: Micros | None = None
    ) -> Iterator[list[Value]]:
        """Give the values in [start, end) by time and series, some thousands at a time (texts: fewer)."""
        ids = ids_literal([one.id for one in series])
        units = [one.unit_code for one in series]
        for mine, low, high in self._parts(series, start, end, FETCH_ROWS):
            statement = fill("get_rows", ids=ids, source=rows_of(mine, low, high, as_of))
            for rows in self._fetch_in_parts(statement, is_long=not _are_numbers(series)):
                yield [_value(row, units) for row in rows]

    def copy_csv(
        self,
        series: Sequence[SeriesFound],
        templates: Sequence[LineTemplate],
        start: Micros,
        end: Micros,
        *,
        as_of: Micros | None = None,
        is_local: bool = False,
        units: dict[str, str] | None = None,
        zone: str = "UTC",
    ) -> Iterator[bytes]:
        """Give the same as lines of CSV, in blocks: time, head, value, tail.

        `is_local` leaves the offset out of the times; `units` are the signs of unit codes.
        """
        ids = ids_literal([one.id for one in series])
        time, ending = local_time(zone) if is_local else offset_time(zone)
        heads = texts_literal([f"{ending},{one.head}," for one in templates])
        tails = texts_literal([f",{one.tail}" for one in templates])
        for mine, low, high in self._parts(series, start, end, COPY_ROWS):
            statement = fill(
                "copy_lines" if _are_numbers(series) else "copy_each_line",
                time=time,
                value=VALUE,
                unit=unit_of(units or {}),
                ids=ids,
                heads=heads,
                tails=tails,
                source=rows_of(mine, low, high, as_of),
                start=time_literal(low),
            )
            yield from self._copy(statement)

    # How

    def _fetch(self, name: str, given: dict[str, Any] | list[Any]) -> list[tuple[Any, ...]]:
        with wrapped_errors():
            return self._connection.execute(_SQL[name], given).fetchall()

    def _fetch_in_parts(self, statement: bytes, *, is_long: bool) -> Iterator[list[tuple[Any, ...]]]:
        """Fetch a slice at once or, where its values may be long, a little at a time."""
        if not is_long:
            with wrapped_errors():
                yield self._connection.execute(statement, binary=True).fetchall()
            return
        with wrapped_errors(), self._connection.cursor("values") as cursor:
            cursor.execute(statement, binary=True)
            while rows := cursor.fetchmany(LONG_ROWS):
                yield rows

    def _parts(
        self, series: Sequence[SeriesFound], start: Micros, end: Micros, most: int
    ) -> Iterator[tuple[bytes, Micros, Micros]]:
        """Cut a window into slices, each with the series that are seen in it."""
        for seen, first, last in _stretches(series, start, end):
            ids = ids_literal(seen)
            for low, high in self._slices(ids, first, last, most):
                yield ids, low, high

    def _slices(self, ids: bytes, start: Micros, end: Micros, most: int) -> Iterator[tuple[Micros, Micros]]:
        """Cut a window into slices that hold at least one and at most `most` rows each.

        Gaps are leapt over.
        """
        low, width = start, _FIRST_SLICE
        while low < end:
            high = min(end, low + width)
            count = self._count(ids, low, high, most + 1)
            if count > most and high - low > 1:
                width = max(1, (high - low) // 4)
                continue
            if count:
                yield low, high
                low = high
            else:
                low = self._next_at(ids, high)
            if count < most // 2:
                width = min(MAX_SLICE, width * (8 if count < most // 16 else 2))

    def _count(self, ids: bytes, low: Micros, high: Micros, limit: int) -> int:
        statement = fill("count_rows", window=window_of(ids, low, high), limit=b"%d" % limit)
        with wrapped_errors():
            row = self._connection.execute(statement).fetchone()
        return 0 if row is None else int(row[0])

    def _next_at(self, ids: bytes, start: Micros) -> Micros:
        """Give the time of the next value from a time on; where there is none, one after everything."""
        with wrapped_errors():
            row = self._connection.execute(
                fill("next_at", ids=ids, start=time_literal(start)), binary=True
            ).fetchone()
        found: Micros | None = None if row is None else row[0]
        return 2**62 if found is None else found

    def _copy(self, statement: bytes) -> Iterator[bytes]:
        """Give the one text of each row.

        Binary COPY hands it over as it is: nothing is escaped or looked at.
        """
        command = b"copy (" + statement + b") to stdout (format binary)"
        with wrapped_errors(), self._connection.cursor() as cursor, cursor.copy(command) as copy:
            for part in copy:
                message = bytes(part)
                if message.startswith(_COPY_HEADER):
                    message = message[_COPY_HEADER_SIZE:]
                if message and message != _COPY_TRAILER:
                    yield message[6:]  # after the number of columns and the length


def _stretches(
    series: Sequence[SeriesFound], start: Micros, end: Micros
) -> Iterator[tuple[list[int], Micros, Micros]]:
    """Cut a window where more series come into sight; one piece where all are seen all the time."""
    bounds = sorted({one.since for one in series if start < one.since < end})
    for low, high in pairwise([start, *bounds, end]):
        seen = [one.id for one in series if one.since <= low]
        if seen:
            yield seen, low, high


def _value(row: tuple[Any, ...], units: Sequence[str | None]) -> Value:
    at, rank, value, body = row
    series = rank - 1
    if body is None:
        return Value(at, series, value, units[series])
    if body == INTEGER:
        return Value(at, series, int(value), units[series])
    members = msgspec.json.decode(body)
    return Value(at, series, members.get("v", value), members.get("u", units[series]))


def _are_numbers(series: Sequence[SeriesFound]) -> bool:
    return all(one.is_number for one in series)
