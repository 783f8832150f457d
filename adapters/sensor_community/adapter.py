"""Sensor.Community (airRohr): what a station pushes. Values come as texts. See README.md."""

from typing import Any

from adapters.flatten import as_object, as_text
from adapters.json_text import load_json
from adapters.types import MAX_VALUES, DecodeError, Message, RawReading, RawValue, State, describe

_ALIASES = {"P0": "SDS_P0", "P1": "SDS_P1", "P2": "SDS_P2"}
"""Older and GSM firmware names its particles without the sensor. P1 is PM10, P2 is PM2.5."""


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
        values = dict(_decode_entry(entry) for entry in entries)
        return [RawReading(values, _device(document), None)], state


def _decode_entry(entry: Any) -> tuple[str, RawValue]:
    members = as_object(entry, "an entry of sensordatavalues")
    name = as_text(members.get("value_type"), "value_type")
    return _ALIASES.get(name, name), RawValue(_number(members.get("value"), name))


def _number(value: Any, name: str) -> float | int:
    if type(value) in (int, float):
        return value  # type: ignore[no-any-return] # narrowed by type(), which mypy does not follow
    if isinstance(value, str) and len(value) <= 32:
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if abs(number) < float("inf"):
            return int(number) if value.strip().lstrip("+-").isdigit() else number
    raise DecodeError("bad-shape", f"{name!r:.40} is {describe(value)}, not a number")


def _device(document: dict[str, Any]) -> str | None:
    """`esp8266-12331981`, as the station also sends it in its X-Sensor header."""
    for chip in ("esp8266", "esp32", "raspi"):
        identifier = document.get(f"{chip}id")
        if identifier is not None:
            return f"{chip}-{as_text(identifier, f'{chip}id')}"
    return None
