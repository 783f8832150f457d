"""Reads of history for tables: any number of rows in the order of time, in constant memory.

The window is walked in slices, each of which holds no more rows than are sorted in memory: the index gives a
series by time, so a slice costs one look-up per series and its own rows. All slices belong to one read-only
snapshot. CSV is written by PostgreSQL, many lines per message; Python passes blocks on. Other formats get
rows.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, NamedTuple, Self

import msgspec
from psycopg import Connection, sql
from psycopg.rows import TupleRow

from context_api.ngsild.model import Micros
from context_api.ngsild.query.temporal import TimeProperty
from context_api.store.aggregates import AggregateQuery, read_aggregates
from context_api.store.database import connect
from context_api.store.errors import wrapped_errors
from context_api.store.observations import INTEGER
from context_api.store.queries import load_queries

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
_BUCKETS = 50_000
"""Buckets, of all series together, that are read at once."""
_FIRST_SLICE = 3_600_000_000
_SQL = load_queries("tabular")
_AGGREGATES = load_queries("aggregates")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_COPY_HEADER = b"PGCOPY\n\xff\r\n\0"
_COPY_HEADER_SIZE = 19
_COPY_TRAILER = b"\xff\xff"
_WHOLE_HOURS = {"Asia/Tokyo", "UTC"}
"""Zones that were whole hours from UTC at all times since 1900: their times are written faster."""


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


class Bucket(NamedTuple):
    """What the values of one series, bucket and unit come to."""

    time: Micros
    series: int
    unit_code: str | None
    values: dict[str, float | int | None]
    """By method."""


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
        """Give the series with values that are selected, at most `limit`; None selects everything."""
        chosen = {"ids": ids, "types": types, "attributes": attributes}
        given = {name: None if each is None else list(each) for name, each in chosen.items()}
        rows = self._fetch("find_series", {**given, "tenant_id": self._tenant_id, "limit": limit})
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

    def count_corrections(self, series_ids: Sequence[int], start: Micros, end: Micros, as_of: Micros) -> int:
        """Count the values in a window that were corrected before a time."""
        given = [list(series_ids), _datetime(start), _datetime(end), _datetime(as_of)]
        return int(self._fetch("count_corrections", given)[0][0])

    # Rows

    def read_values(
        self, series: Sequence[SeriesFound], start: Micros, end: Micros, as_of: Micros | None = None
    ) -> Iterator[list[Value]]:
        """Give the values in [start, end) by time and series, some thousands at a time (texts: fewer)."""
        ids = _ids_literal(series)
        units = [one.unit_code for one in series]
        for low, high in self._slices(ids, start, end, FETCH_ROWS):
            statement = _fill("get_rows", ids=ids, source=_source(ids, low, high, as_of))
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
        ids = _ids_literal(series)
        time, ending = _local_time(zone) if is_local else _offset_time(zone)
        heads = _texts_literal([f"{ending},{one.head}," for one in templates])
        tails = _texts_literal([f",{one.tail}" for one in templates])
        for low, high in self._slices(ids, start, end, COPY_ROWS):
            statement = _fill(
                "copy_lines" if _are_numbers(series) else "copy_each_line",
                time=time,
                value=_VALUE,
                unit=_unit(units or {}),
                ids=ids,
                heads=heads,
                tails=tails,
                source=_source(ids, low, high, as_of),
                start=_time(low),
            )
            yield from self._copy(statement)

    def read_buckets(  # noqa: PLR0917
        self,
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
        step = max(1, _BUCKETS // max(1, len(series)))
        for index in range(0, len(edges) - 1, step):
            part = edges[index : index + step + 1]
            low, high = max(start, part[0]), min(end, part[-1])
            if low >= high:
                continue
            with wrapped_errors():
                found = (
                    self._aggregate(series, part, low, high, note_source)
                    if as_of is None
                    else self._aggregate_then(series, part, low, high, as_of, note_source)
                )
            rows = [
                Bucket(part[bucket], positions[series_id], unit, values)
                for series_id, bucket, unit, values in found
            ]
            rows.sort(key=lambda row: (row.time, row.series, row.unit_code or ""))
            yield rows

    def _aggregate(
        self,
        series: Sequence[SeriesFound],
        edges: Sequence[Micros],
        low: Micros,
        high: Micros,
        note_source: Callable[[str], None],
    ) -> list[tuple[int, int, str | None, dict[str, float | int | None]]]:
        query = AggregateQuery(low, high, edges, TimeProperty.OBSERVED_AT, observed_only=False)
        found = read_aggregates(self._connection, [one.id for one in series], query)
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
        self,
        series: Sequence[SeriesFound],
        edges: Sequence[Micros],
        low: Micros,
        high: Micros,
        as_of: Micros,
        note_source: Callable[[str], None],
    ) -> list[tuple[int, int, str | None, dict[str, float | int | None]]]:
        statement = _fill(
            "then_buckets",
            edges=b"array[" + b",".join([_time(each) for each in edges]) + b"]::timestamptz[]",
            number=_AGGREGATES["number"],
            source=_source(_ids_literal(series), low, high, as_of),
        )
        note_source("raw")
        rows = self._connection.execute(statement, binary=True).fetchall()
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
        statement = _fill("count_rows", window=_window(ids, low, high), limit=b"%d" % limit)
        with wrapped_errors():
            row = self._connection.execute(statement).fetchone()
        return 0 if row is None else int(row[0])

    def _next_at(self, ids: bytes, start: Micros) -> Micros:
        """Give the time of the next value from a time on; where there is none, one after everything."""
        with wrapped_errors():
            row = self._connection.execute(
                _fill("next_at", ids=ids, start=_time(start)), binary=True
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


_CLEAN = (
    b"translate(o.body ->> 'v', E'\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x08\\x0b\\x0c\\x0e\\x0f\\x10\\x11\\x12"
    b"\\x13\\x14\\x15\\x16\\x17\\x18\\x19\\x1a\\x1b\\x1c\\x1d\\x1e\\x1f\\x7f', '')"
)
"""As `tabular.safety.harmless` does it: no control characters but tab and line ends."""
_HARMLESS = (
    b"case when " + _CLEAN + b" ~ '^(\\t|\\r|\\s*[-=+@\xef\xbc\x9d\xef\xbc\x8b\xef\xbc\x8d\xef\xbc\xa0])'"
    b" then '''' else '' end || " + _CLEAN
)
_TEXT = (
    b"case when " + _CLEAN + b" ~ '[,\"\r\n]'"
    b" then '\"' || replace(" + _HARMLESS + b", '\"', '\"\"') || '\"' else " + _HARMLESS + b" end"
)
_NUMBER = (
    b"case when abs(o.value) < 1e15 or o.value <> trunc(o.value) then o.value::text"
    b" else o.value::numeric::text end"
)
_VALUE = (
    b"case when o.body is null then o.value::text when jsonb_typeof(o.body) = 'number' then "
    + _NUMBER
    + b" when o.body -> 'v' is null then o.value::text"
    b" when jsonb_typeof(o.body -> 'v') in ('number', 'boolean') then o.body ->> 'v'"
    b" else " + _TEXT + b" end"
)
"""An integer keeps its digits; what is no number is made harmless and quoted."""


def _unit(signs: dict[str, str]) -> bytes:
    """Write the unit of a value: its series', unless it came in another one."""
    known = _literal(msgspec.json.encode(signs).decode())
    other = (
        b"coalesce("
        + known
        + b"::jsonb ->> (o.body ->> 'u'), regexp_replace(o.body ->> 'u', '[^A-Z0-9]', '', 'g'), '')"
    )
    return b"case when o.body ? 'u' then ',' || " + other + b" else g.tail end"


def _local_time(zone: str) -> tuple[bytes, str]:
    return b"(o.at at time zone " + _literal(zone) + b")::text", ""


def _offset_time(zone: str) -> tuple[bytes, str]:
    """Give the expression of a time with its offset, and what follows it: RFC 3339, in the session's zone."""
    if zone in _WHOLE_HOURS:
        return b"replace(o.at::text, ' ', 'T')", ":00"
    return b"btrim(to_json(o.at)::text, '\"')", ""


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


def _source(ids: bytes, low: Micros, high: Micros, as_of: Micros | None) -> bytes:
    if as_of is None:
        return _fill("now_rows", window=_window(ids, low, high))
    return _fill("then_rows", window=_window(ids, low, high), as_of=_time(as_of))


def _window(ids: bytes, low: Micros, high: Micros) -> bytes:
    return b"o.series_id = any(" + ids + b") and o.at >= " + _time(low) + b" and o.at < " + _time(high)


def _fill(name: str, **parts: bytes) -> bytes:
    statement = _SQL[name]
    for key, part in parts.items():
        statement = statement.replace(b"{" + key.encode() + b"}", part)
    return statement


def _ids_literal(series: Sequence[SeriesFound]) -> bytes:
    return b"'{" + ",".join([str(one.id) for one in series]).encode() + b"}'::integer[]"


def _texts_literal(texts: Sequence[str]) -> bytes:
    return b"array[" + b",".join([_literal(text) for text in texts]) + b"]::text[]"


def _literal(text: str) -> bytes:
    return sql.Literal(text).as_bytes(None)


def _time(micros: Micros) -> bytes:
    return f"'{_datetime(micros).isoformat()}'::timestamptz".encode()


def _datetime(micros: Micros) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)
