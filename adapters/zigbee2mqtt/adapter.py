"""Zigbee2MQTT: `zigbee2mqtt/{hub}/{friendly name}`, a device's state as JSON. See README.md."""

from typing import Any

from adapters.flatten import as_object, flatten
from adapters.json_text import load_json
from adapters.times import parse_time
from adapters.types import DecodeError, Message, RawReading, RawValue, State, describe
from context_api.ngsild.model import Micros

_BRIDGE = "bridge"
_AVAILABILITY = "availability"
_COMMANDS = ("set", "get")
_MEMBERS = ("last_seen", "update", "update_available", "device", "elapsed")
"""About the device or its software, not about the town."""


class Zigbee2MqttAdapter:
    """Keeps no state. The topic alone names the device."""

    name = "zigbee2mqtt"

    def decode(self, message: Message, state: State) -> tuple[list[RawReading], State]:
        """Return a device's state as one reading; what the bridge says of itself measures nothing.

        Nor does an empty message: it takes a removed device's retained state away.
        Raises DecodeError.
        """
        name, last = _split(message.topic)
        if name == _BRIDGE or last in _COMMANDS or not message.payload:
            return [], state
        if last == _AVAILABILITY:
            return [RawReading({_AVAILABILITY: RawValue(_availability(message.payload))})], state
        document = as_object(load_json(message.payload), "the state")
        observed_at = _last_seen(document.get("last_seen"))
        measured = {
            key: value for key, value in document.items() if key not in _MEMBERS and value is not None
        }
        if not measured:
            raise DecodeError("no-values", "the state carries no value")
        return [RawReading(flatten(measured, "the state"), None, observed_at)], state


def _split(topic: str) -> tuple[str, str]:
    """The friendly name, which may hold slashes, and what follows it; the bridge's own topics as `bridge`."""
    name = topic.partition("/")[2].partition("/")[2]
    if name.partition("/")[0] == _BRIDGE:
        return _BRIDGE, ""
    head, _, last = name.rpartition("/")
    return (head, last) if head and last in (_AVAILABILITY, *_COMMANDS) else (name, "")


def _availability(payload: bytes) -> str:
    """`online`, or `{"state": "online"}` of newer versions."""
    text = payload.strip()
    if text[:1] == b"{":
        state = as_object(load_json(payload), "availability").get("state")
    else:
        state = text.decode("utf-8", "replace")
    if not isinstance(state, str) or state.lower() not in ("online", "offline"):
        raise DecodeError("bad-shape", f"availability is {describe(state)}, not online or offline")
    return state.lower()


def _last_seen(value: Any) -> Micros | None:
    """ISO 8601 with an offset or milliseconds, as `advanced.last_seen` is set; nothing where it is off."""
    return None if value in (None, "", "N/A") else parse_time(value)
