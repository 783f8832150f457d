"""Native JSON: one object of values, or an array of them. The format is described in README.md."""

from datetime import tzinfo
from functools import partial
from typing import Any

from adapters.flatten import decode_objects
from adapters.json_text import check_value, load_json
from adapters.times import parse_iso, parse_time
from adapters.types import DecodeError, Message, RawReading, RawValue, State, describe
from context_api.ngsild.model import Micros

_TIME = "observedAt"
_MAX_UNIT_CHARS = 16
_NUL = b"\\u0000"
"""The only way in which JSON writes it: names are searched for it where it is there."""


class NativeAdapter:
    """Keeps no state. `zone` is that of times which name none; without it they are refused."""

    name = "native"

    def __init__(self, zone: tzinfo | None = None) -> None:
        self._decode_object = partial(_decode_object, zone=zone) if zone else _decode_object

    def decode(self, message: Message, state: State) -> tuple[list[RawReading], State]:
        """Return a reading per object. Raises DecodeError."""
        document = load_json(message.payload)
        if _NUL in message.payload:
            check_value(document, "the message")
        return decode_objects(document, self._decode_object), state


def _decode_object(item: Any, zone: tzinfo | None = None) -> RawReading:
    if not isinstance(item, dict):
        raise DecodeError(
            "bad-shape", f"expected an object of values or an array of them, got {describe(item)}"
        )
    observed_at = _decode_time(item.pop(_TIME, None), zone)
    values = {}
    for key, value in item.items():
        if type(value) is float or type(value) is int:
            values[key] = RawValue(value)
        else:
            values[key] = _decode_value(key, value, zone)
    return RawReading(values, None, observed_at)


def _decode_time(value: Any, zone: tzinfo | None) -> Micros | None:
    if type(value) is str:
        return parse_iso(value, zone)
    return None if value is None else parse_time(value, zone)


def _decode_value(key: str, value: Any, zone: tzinfo | None) -> RawValue:
    check_value(value, key)
    if not isinstance(value, dict) or "value" not in value:
        return RawValue(value)
    unit_code = value.get("unitCode")
    if unit_code is not None and not (isinstance(unit_code, str) and 0 < len(unit_code) <= _MAX_UNIT_CHARS):
        raise DecodeError("bad-shape", f"{key!r} has a unitCode that is no code: {describe(unit_code)}")
    return RawValue(value["value"], unit_code, _decode_time(value.get(_TIME), zone))
