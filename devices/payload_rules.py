"""What a profile takes out of a payload before its values are mapped: the time, and where the device is."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from adapters.times import parse_epoch, parse_iso, parse_time
from adapters.types import DecodeError, RawReading, RawValue, describe
from context_api.ngsild.model import Micros

FORMATS = ("auto", "iso", "s", "ms", "us", "arrival")
_UNIT_US = {"s": 1_000_000, "ms": 1000, "us": 1}
_LONGEST_NUMBER = 32
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_DATE_CHARS = 10


class TimeRule(msgspec.Struct, frozen=True):
    """Where the time of a reading stands.

    Without `key` the adapter's time counts. `arrival` drops every time: the clock of the device is wrong.
    """

    key: str | None = None
    format: str = "auto"
    zone: str | None = None

    def applied(self, raw: RawReading) -> RawReading:
        """Return the reading with its time; the key is taken out. Raises DecodeError("bad-time")."""
        if self.format == "arrival":
            values = {
                key: RawValue(given.value, given.unit_code)
                for key, given in raw.values.items()
                if key != self.key
            }
            return RawReading(values, raw.device, None)
        if self.key is None:
            return raw
        given = raw.values.get(self.key)
        if given is None or given.value is None:
            return raw
        values = {key: value for key, value in raw.values.items() if key != self.key}
        return RawReading(values, raw.device, self._read(given.value))

    def _read(self, value: Any) -> Micros:
        zone = None if self.zone is None else ZoneInfo(self.zone)
        return _READERS[self.format](value, zone)


def _read_auto(value: Any, zone: tzinfo | None) -> Micros:
    number = as_number(value)
    return _read_iso(value, zone) if number is None else parse_time(number)


def _read_iso(value: Any, zone: tzinfo | None) -> Micros:
    if not isinstance(value, str):
        raise DecodeError("bad-time", f"{describe(value)} is no text with an ISO 8601 time")
    return parse_iso(value[:_DATE_CHARS].replace("/", "-") + value[_DATE_CHARS:], zone)


def _reader(unit_us: int) -> Callable[[Any, tzinfo | None], Micros]:
    def read(value: Any, _: tzinfo | None) -> Micros:
        number = as_number(value)
        if number is None or abs(number) > 1e18:
            raise DecodeError("bad-time", f"{describe(value)} is no count of units since 1970")
        return parse_epoch(number, unit_us)

    return read


_READERS: Mapping[str, Callable[[Any, tzinfo | None], Micros]] = {
    "auto": _read_auto,
    "iso": _read_iso,
    **{name: _reader(unit_us) for name, unit_us in _UNIT_US.items()},
}


def as_number(value: Any) -> float | int | None:
    """Return a finite number, or the one that a text is; None for anything else."""
    if type(value) is int or type(value) is float:
        return value if math.isfinite(value) else None
    if not isinstance(value, str) or len(value) > _LONGEST_NUMBER or not _NUMBER.fullmatch(value.strip()):
        return None
    try:
        return int(value)
    except ValueError:
        number = float(value)
    return number if math.isfinite(number) else None


class PositionRule(msgspec.Struct, frozen=True):
    """Two keys, in degrees, that become one GeoJSON Point; zero for both says that there is no fix."""

    latitude: str
    longitude: str

    def applied(self, raw: RawReading) -> RawReading:
        """Return the reading with `location` in place of the two. Raises DecodeError("bad-shape")."""
        latitude, longitude = (raw.values.get(key) for key in (self.latitude, self.longitude))
        if latitude is None or longitude is None:
            return raw
        values = {
            key: value for key, value in raw.values.items() if key not in (self.latitude, self.longitude)
        }
        point = [_degrees(longitude.value, self.longitude, 180), _degrees(latitude.value, self.latitude, 90)]
        if None not in point and point != [0, 0]:
            values["location"] = RawValue({"type": "Point", "coordinates": point}, None, latitude.observed_at)
        return RawReading(values, raw.device, raw.observed_at)


def _degrees(value: Any, name: str, most: float) -> float | None:
    if value is None:
        return None
    number = as_number(value)
    if number is None or abs(number) > most:
        raise DecodeError("bad-shape", f"{name} is {describe(value)}, not a number from -{most} to {most}")
    return float(number)


def dig(value: Any, path: Sequence[str]) -> Any:
    """Return what an object or array holds at the end of a path; None where it ends before."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isascii() and step.isdigit() and int(step[:6]) < len(value):
            value = value[int(step[:6])]
        else:
            return None
    return value
