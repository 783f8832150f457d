"""Times in a table: as text with their offset, as local text, or as a spreadsheet's day number."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from context_api.ngsild.model import Micros

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SERIAL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - spreadsheets know no zones
_DAY = timedelta(days=1)
_FIRST_SERIAL = 61.0
"""1 March 1900: before it spreadsheets disagree on the day."""


@lru_cache(maxsize=16_384)
def local_time(micros: Micros, zone: ZoneInfo) -> datetime:
    """Give a time by the clocks of a zone."""
    return (_EPOCH + timedelta(microseconds=micros)).astimezone(zone)


@lru_cache(maxsize=16_384)
def offset_text(micros: Micros, zone: ZoneInfo) -> str:
    """Write `2026-11-23T12:00:00+09:00`, with a fraction only where there is one (RFC 3339)."""
    text = local_time(micros, zone).isoformat()
    if len(text) > 25:
        head, sign, offset = text[:19], text[-6], text[-5:]
        return f"{head}{text[19:-6].rstrip('0')}{sign}{offset}"
    return text


@lru_cache(maxsize=16_384)
def local_text(micros: Micros, zone: ZoneInfo) -> str:
    """Write `2026-11-23 12:00:00` by the clocks of the zone, which spreadsheets read as a time."""
    local = local_time(micros, zone).replace(tzinfo=None)
    text = local.isoformat(sep=" ")
    return text.rstrip("0") if local.microsecond else text


@lru_cache(maxsize=16_384)
def serial_day(micros: Micros, zone: ZoneInfo) -> float | None:
    """Give the day number of a spreadsheet; None for a time before it counts."""
    serial = (local_time(micros, zone).replace(tzinfo=None) - _SERIAL_EPOCH) / _DAY
    return serial if serial >= _FIRST_SERIAL else None
