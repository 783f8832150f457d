"""UltraLight 2.0: `t|15|k|abc`, groups separated by `#`, each with its time in front. See README.md."""

from datetime import tzinfo
from typing import Any

import orjson

from adapters.fiware_topics import is_command_answer, single_attribute
from adapters.json_text import check_value
from adapters.times import parse_iso
from adapters.types import (
    MAX_PAYLOAD_BYTES,
    MAX_VALUES,
    DecodeError,
    Message,
    RawReading,
    RawValue,
    State,
    describe,
)
from context_api.ngsild.model import Micros

_GROUP, _FIELD = "#", "|"
_TIME = "TimeInstant"


class UltralightAdapter:
    """Keeps no state. `zone` is that of times which name none; without it they are refused."""

    name = "ultralight"

    def __init__(self, zone: tzinfo | None = None) -> None:
        self._zone = zone

    def decode(self, message: Message, state: State) -> tuple[list[RawReading], State]:
        """Return a reading per group; none where a command is answered. Raises DecodeError."""
        if is_command_answer(message.topic):
            return [], state
        text = _text(message.payload)
        attribute = single_attribute(message.topic)
        if attribute is not None:
            check_value(text, attribute)
            return [RawReading({attribute: RawValue(_cast(text))})], state
        if text.count(_FIELD) > 2 * MAX_VALUES:
            raise DecodeError("too-many-values", f"more than {MAX_VALUES} values are not accepted")
        return [_decode_group(group, self._zone) for group in text.split(_GROUP)], state


def _text(payload: bytes) -> str:
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise DecodeError("too-large", f"{len(payload)} bytes; at most {MAX_PAYLOAD_BYTES} are accepted")
    try:
        text = payload.decode()
    except UnicodeDecodeError as error:
        raise DecodeError("bad-text", f"the payload is not UTF-8: byte {error.start}") from error
    if "\0" in text:
        raise DecodeError("bad-text", "the payload contains a NUL character")
    if not text.strip():
        raise DecodeError("no-values", "the payload is empty")
    return text.strip()


def _decode_group(group: str, zone: tzinfo | None) -> RawReading:
    """Read `name|value|name|value`; an odd number of fields has a time in front. A leading `|` is allowed."""
    fields = group.removeprefix(_FIELD).split(_FIELD)
    observed_at: Micros | None = None
    if len(fields) % 2:
        observed_at, fields = _time(fields[0], zone), fields[1:]
    names = [name.strip() for name in fields[::2]]
    if not all(names):
        raise DecodeError("bad-shape", f"a value without a name in {describe(group)}")
    if not names:
        raise DecodeError("no-values", f"no value in {describe(group)}")
    values = {name: RawValue(_cast(value)) for name, value in zip(names, fields[1::2], strict=True)}
    if observed_at is None and _TIME in values:
        observed_at = _time(values.pop(_TIME).value, zone)
    return RawReading(values, None, observed_at)


def _time(value: Any, zone: tzinfo | None) -> Micros:
    if not isinstance(value, str):
        raise DecodeError("bad-time", f"{describe(value)} is not an ISO 8601 time")
    try:
        return parse_iso(value, zone)
    except DecodeError as error:
        detail = f"expected name|value pairs, with an ISO 8601 time in front at most: {error.detail}"
        raise DecodeError("bad-shape", detail) from error


def _cast(text: str) -> Any:
    """Numbers and booleans as such, everything else as text, as the IoT Agent casts them."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return value if isinstance(value, int | float) else text
