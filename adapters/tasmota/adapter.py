"""Tasmota: `tele/{topic}/SENSOR` and `/STATE`. Local times without a zone are Japan's. See README.md."""

from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from adapters.flatten import as_object, flatten
from adapters.json_text import load_json
from adapters.times import parse_iso, parse_time
from adapters.types import DecodeError, Message, RawReading, RawValue, State, describe
from context_api.ngsild.model import Micros

_ZONE = ZoneInfo("Asia/Tokyo")
_UNSET_BEFORE = 2010
"""A device without a clock starts in 1970."""
_UNSET_BEFORE_MICROS = 1_262_304_000_000_000
_STATUS = "StatusSNS"
"""What wraps the sensors where a device is asked for them (the command Status 10)."""
_OLD_FORMAT = "%Y.%m.%d %H:%M:%S"
_NOTHING_MEASURED = ("LWT", "RESULT", "INFO1", "INFO2", "INFO3", "UPTIME", "LOGGING")
_TEMPERATURES = ("Temperature", "DewPoint")
_UNITS = {"TempUnit": {"C": "CEL", "F": "FAH"}, "PressureUnit": {"hPa": "A97", "mmHg": "HN", "inHg": "F79"}}


class TasmotaAdapter:
    """Keeps no state. `zone` is that of times which name none."""

    name = "tasmota"

    def __init__(self, zone: tzinfo | None = None) -> None:
        self._zone = zone or _ZONE

    def decode(self, message: Message, state: State) -> tuple[list[RawReading], State]:
        """Return the values of one telemetry message as one reading. Raises DecodeError."""
        if message.topic.rpartition("/")[2] in _NOTHING_MEASURED:
            return [], state
        document = as_object(load_json(message.payload), "the message")
        if _STATUS in document:
            document = as_object(document[_STATUS], _STATUS)
        document.pop("Epoch", None)
        observed_at = _time(document.pop("Time", None), self._zone)
        units = {name: _unit(name, document.pop(name, None)) for name in _UNITS}
        return [RawReading(_with_units(flatten(document, "the message"), units), None, observed_at)], state


def _time(value: Any, zone: tzinfo) -> Micros | None:
    """ISO 8601 with or without a zone, `2018.02.01 22:52:09` of old firmware, or a number since 1970.

    Numbers are what the command Time 3 or 4 sets. An unset clock: None.
    """
    if value is None:
        return None
    if type(value) in (int, float):
        micros = parse_time(value)
        return micros if micros >= _UNSET_BEFORE_MICROS else None
    if not isinstance(value, str):
        raise DecodeError("bad-time", f"Time is {describe(value)}")
    moment = _moment(value, zone)
    if moment.year < _UNSET_BEFORE:
        return None
    return parse_iso((moment if moment.tzinfo else moment.replace(tzinfo=zone)).isoformat())


def _moment(value: str, zone: tzinfo) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        pass
    try:
        return datetime.strptime(value, _OLD_FORMAT).replace(tzinfo=zone)
    except ValueError as error:
        raise DecodeError("bad-time", f"Time is {describe(value)}, not an ISO 8601 time") from error


def _unit(name: str, value: Any) -> str | None:
    """The unit that the message names once for all its values of a kind."""
    if value is None:
        return None
    code = _UNITS[name].get(value) if isinstance(value, str) else None
    if code is None:
        raise DecodeError("bad-shape", f"{name} is {describe(value)}; known are {', '.join(_UNITS[name])}")
    return code


def _with_units(values: dict[str, RawValue], units: dict[str, str | None]) -> dict[str, RawValue]:
    for key, raw in values.items():
        kind = key.rpartition(".")[2]
        if kind in _TEMPERATURES and units["TempUnit"]:
            values[key] = RawValue(raw.value, units["TempUnit"])
        elif kind in ("Pressure", "SeaPressure") and units["PressureUnit"]:
            values[key] = RawValue(raw.value, units["PressureUnit"])
    return values
