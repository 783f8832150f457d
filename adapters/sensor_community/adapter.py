"""Sensor.Community (airRohr): what a station pushes. Values come as texts. See README.md."""

import re
from typing import Any

from adapters.flatten import as_object, as_text
from adapters.json_text import check_value, load_json
from adapters.types import MAX_VALUES, DecodeError, Message, RawReading, RawValue, State, describe

_ALIASES = {"P0": "SDS_P0", "P1": "SDS_P1", "P2": "SDS_P2"}
"""Older and GSM firmware names its particles without the sensor. P1 is PM10, P2 is PM2.5."""
_TEXTS = ("GPS_date", "GPS_time", "GPS_timestamp")
_NOT_MEASURED = ("", "nan", "null", "-")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


class SensorCommunityAdapter:
    """Keeps no state."""

    name = "sensor_community"

    def decode(self, message: Message, state: State) -> tuple[list[RawReading], State]:
        """Return the values of one push as one reading. Raises DecodeError."""
        document = as_object(load_json(message.payload), "the message")
        entries = document.get("sensordatavalues")
        if not isinstance(entries, list):
            raise DecodeError("bad-shape", f"sensordatavalues is not an array but {describe(entries)}")
        if not entries:
            raise DecodeError("no-values", "sensordatavalues is empty")
        if len(entries) > MAX_VALUES:
            raise DecodeError("too-many-values", f"{len(entries)} values; at most {MAX_VALUES} are accepted")
        values = dict(pair for entry in entries if (pair := _decode_entry(entry)) is not None)
        if not values:
            raise DecodeError("no-values", "no entry of sensordatavalues has a value")
        return [RawReading(values, _device(document), None)], state


def _decode_entry(entry: Any) -> tuple[str, RawValue] | None:
    """Return a name and its value; nothing where the sensor did not answer."""
    members = as_object(entry, "an entry of sensordatavalues")
    name = as_text(members.get("value_type"), "value_type")
    check_value(name, "value_type")
    value = members.get("value")
    if value is None or (isinstance(value, str) and value.strip().lower() in _NOT_MEASURED):
        return None
    if name in _TEXTS:
        check_value(value, name)
        return name, RawValue(as_text(value, name))
    return _ALIASES.get(name, name), RawValue(_number(value, name))


def _number(value: Any, name: str) -> float | int:
    if type(value) in (int, float):
        return value  # type: ignore[no-any-return] # narrowed by type(), which mypy does not follow
    if isinstance(value, str) and len(value) <= 32 and _NUMBER.fullmatch(value.strip()):
        number = float(value)
        if abs(number) < float("inf"):
            return int(number) if value.strip().lstrip("+-").isdigit() else number
    raise DecodeError("bad-shape", f"{name!r:.40} is {describe(value)}, not a number")


def _device(document: dict[str, Any]) -> str | None:
    """`esp8266-12331981`, as the station also sends it in its X-Sensor header."""
    for chip in ("esp8266", "esp32", "raspi"):
        identifier = document.get(f"{chip}id")
        if identifier is not None:
            text = str(identifier) if type(identifier) is int else identifier
            return f"{chip}-{as_text(text, f'{chip}id')}"
    return None
