"""The times that devices write: ISO 8601, or a number of seconds, milliseconds or microseconds since 1970."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from adapters.types import DecodeError, describe
from context_api.ngsild.model import Micros

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DATE_CHARS = len("2026-11-23T09")
_EARLIEST = (datetime(1900, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LATEST = (datetime(9999, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND
_MILLISECONDS_FROM = 1e11
"""Numbers from here on are milliseconds: as seconds this is the year 5138, as milliseconds it is 1973."""
_MICROSECONDS_FROM = 1e14
"""And from here on microseconds, likewise."""
_MICROSECONDS_TO = 1e17


def parse_time(value: Any, zone: tzinfo | None = None) -> Micros:
    """Read a device's time. Raises DecodeError("bad-time").

    Digits beyond microseconds are cut, not rounded. `zone` is that of a text which names none.
    """
    if isinstance(value, str):
        return parse_iso(value, zone)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DecodeError("bad-time", f"{describe(value)} is neither text nor a number")
    size = abs(value)
    if size >= _MICROSECONDS_TO:
        raise DecodeError("bad-time", f"{describe(value)} is no count of seconds, ms or µs since 1970")
    unit = 1_000_000 if size < _MILLISECONDS_FROM else 1000 if size < _MICROSECONDS_FROM else 1
    return parse_epoch(value, unit)


def parse_epoch(value: float, unit_us: int) -> Micros:
    """Read a finite number of units of `unit_us` microseconds since 1970. Raises DecodeError("bad-time")."""
    micros = value * unit_us
    return _checked(micros if isinstance(micros, int) else round(micros), value)


def parse_iso(text: str, zone: tzinfo | None = None) -> Micros:
    """Read an ISO 8601 date and time that names its offset, or is of `zone`. Raises DecodeError("bad-time").

    Where clocks are set back, an hour that comes twice is read as the first of the two.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = _parse_small_z(text)
    if moment.tzinfo is None and zone is not None:
        moment = moment.replace(tzinfo=zone)
    if moment.tzinfo is None or len(text) < _DATE_CHARS:
        raise DecodeError("bad-time", f"{describe(text)} lacks a time of day or an offset (Z, +09:00)")
    since = moment - _EPOCH
    return _checked((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds, text)


def _parse_small_z(text: str) -> datetime:
    """RFC 3339 allows small letters; fromisoformat does not."""
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise DecodeError("bad-time", f"{describe(text)} is not an ISO 8601 time") from error


def _checked(micros: Micros, shown: object) -> Micros:
    if not _EARLIEST <= micros <= _LATEST:
        raise DecodeError("bad-time", f"{describe(shown)} lies outside the years 1900 to 9998")
    return micros
