"""The SQL of tables as text.

COPY takes no parameters, so literals stand in their place: numbers and times that are made here, and texts
that the driver quotes.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from psycopg import sql

from context_api.ngsild.model import Micros
from context_api.store.queries import load_queries

_SQL = load_queries("tabular")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WHOLE_HOURS = {"Asia/Tokyo", "UTC"}
"""Zones that were whole hours from UTC at all times since 1900: their times are written faster."""

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
VALUE = (
    b"case when o.body is null then o.value::text when jsonb_typeof(o.body) = 'number' then "
    + _NUMBER
    + b" when o.body -> 'v' is null then o.value::text"
    b" when jsonb_typeof(o.body -> 'v') in ('number', 'boolean') then o.body ->> 'v'"
    b" else " + _TEXT + b" end"
)
"""An integer keeps its digits; what is no number is made harmless and quoted."""


def unit_of(signs: dict[str, str]) -> bytes:
    """Write the unit of a value: its series', unless it came in another one."""
    known = _literal(msgspec.json.encode(signs).decode())
    other = (
        b"coalesce("
        + known
        + b"::jsonb ->> (o.body ->> 'u'), regexp_replace(o.body ->> 'u', '[^A-Z0-9]', '', 'g'), '')"
    )
    return b"case when o.body ? 'u' then ',' || " + other + b" else g.tail end"


def local_time(zone: str) -> tuple[bytes, str]:
    """Give the expression of a time by the clocks of a zone, and what follows it."""
    return b"(o.at at time zone " + _literal(zone) + b")::text", ""


def offset_time(zone: str) -> tuple[bytes, str]:
    """Give the expression of a time with its offset, and what follows it: RFC 3339, in the session's zone."""
    if zone in _WHOLE_HOURS:
        return b"replace(o.at::text, ' ', 'T')", ":00"
    return b"btrim(to_json(o.at)::text, '\"')", ""


def rows_of(ids: bytes, low: Micros, high: Micros, as_of: Micros | None) -> bytes:
    """Give the rows of series in [low, high), as they are or as they stood at a time."""
    if as_of is None:
        return fill("now_rows", window=window_of(ids, low, high))
    return fill("then_rows", window=window_of(ids, low, high), as_of=time_literal(as_of))


def window_of(ids: bytes, low: Micros, high: Micros) -> bytes:
    """Give the condition for rows of series in [low, high)."""
    return (
        b"o.series_id = any("
        + ids
        + b") and o.at >= "
        + time_literal(low)
        + b" and o.at < "
        + time_literal(high)
    )


def fill(name: str, **parts: bytes) -> bytes:
    """Put parts into a named block."""
    statement = _SQL[name]
    for key, part in parts.items():
        statement = statement.replace(b"{" + key.encode() + b"}", part)
    return statement


def ids_literal(ids: Sequence[int]) -> bytes:
    """Write series as an array."""
    return b"'{" + ",".join([str(each) for each in ids]).encode() + b"}'::integer[]"


def texts_literal(texts: Sequence[str]) -> bytes:
    """Write texts as an array."""
    return b"array[" + b",".join([_literal(text) for text in texts]) + b"]::text[]"


def _literal(text: str) -> bytes:
    return sql.Literal(text).as_bytes(None)


def time_literal(micros: Micros) -> bytes:
    """Write a time."""
    return f"'{to_datetime(micros).isoformat()}'::timestamptz".encode()


def to_datetime(micros: Micros) -> datetime:
    """Give a time as the driver takes it."""
    return _EPOCH + timedelta(microseconds=micros)
