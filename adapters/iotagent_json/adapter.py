"""FIWARE IoT Agent JSON: `{"t": 15, "TimeInstant": "…Z"}`, or an array of them. See README.md."""

from datetime import tzinfo
from functools import partial
from typing import Any

from adapters.fiware_topics import is_command_answer, single_attribute
from adapters.flatten import as_object, decode_objects
from adapters.json_text import check_value, load_json
from adapters.times import parse_iso
from adapters.types import DecodeError, Message, RawReading, RawValue, State, describe
from context_api.ngsild.model import Micros

_TIME = "TimeInstant"


class IotAgentJsonAdapter:
    """Keeps no state. `zone` is that of times which name none; without it they are refused."""

    name = "iotagent_json"

    def __init__(self, zone: tzinfo | None = None) -> None:
        self._decode_object = partial(_decode_object, zone=zone)

    def decode(self, message: Message, state: State) -> tuple[list[RawReading], State]:
        """Return a reading per object; none where a command is answered. Raises DecodeError."""
        if is_command_answer(message.topic):
            return [], state
        attribute = single_attribute(message.topic)
        if attribute is not None:
            return [RawReading({attribute: RawValue(_single(message.payload, attribute))})], state
        return decode_objects(load_json(message.payload), self._decode_object), state


def _single(payload: bytes, attribute: str) -> Any:
    """Read the payload of a topic that names its attribute: JSON, else the text as it is."""
    try:
        value = load_json(payload)
    except DecodeError as error:
        if error.reason != "bad-json":
            raise
        value = payload.decode("utf-8", "replace")
    check_value(value, attribute)
    return value


def _decode_object(value: Any, zone: tzinfo | None) -> RawReading:
    members = as_object(value, "a measure")
    observed_at = _time(members.pop(_TIME, None), zone)
    for key, member in members.items():
        check_value(member, key)
        check_value(key, "a name")
    return RawReading({key: RawValue(member) for key, member in members.items()}, None, observed_at)


def _time(value: Any, zone: tzinfo | None) -> Micros | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise DecodeError("bad-time", f"{_TIME} is {describe(value)}, not an ISO 8601 time")
    return parse_iso(value, zone)
