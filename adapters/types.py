"""What every adapter speaks: a message of the outside world in, raw readings out.

An adapter is pure: `decode(message, state) -> (readings, state)`. It knows a wire format, not a data model;
names and units are turned into attributes by a profile (`devices.profile`). Everything it accepts is bounded
(the limits below), and whatever it cannot accept it refuses with `DecodeError`, never with another exception.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from context_api.ngsild.model import Micros

MAX_PAYLOAD_BYTES = 1024 * 1024
"""The brokers we ship refuse larger packets too (max_packet_size)."""
MAX_DEPTH = 16
"""Nesting of one value (a GeoJSON MultiPolygon needs 4)."""
MAX_VALUES = 10_000
"""Values of one message, over all its readings."""
MAX_DETAIL_CHARS = 300

NO_PROPERTIES: Mapping[str, str] = {}


class Message(msgspec.Struct, frozen=True):
    """One message as it came in; `properties` are MQTT 5 user properties."""

    topic: str
    payload: bytes
    properties: Mapping[str, str] = NO_PROPERTIES
    retain: bool = False
    arrived_at: Micros | None = None
    """For formats whose times are relative to now (SenML); None: such a time is refused."""


class RawValue(msgspec.Struct, frozen=True, gc=False):
    """One value under the device's own name; what it leaves open, the profile or the reading says."""

    value: Any
    unit_code: str | None = None
    observed_at: Micros | None = None


class RawReading(msgspec.Struct, frozen=True):
    """The values that belong to one moment; without `observed_at` the arrival counts.

    `device` is the name the payload gives its sender, where the format carries one (network servers do).
    """

    values: dict[str, RawValue]
    device: str | None = None
    observed_at: Micros | None = None


class DecodeError(Exception):
    """A payload that cannot become readings: quarantined with `reason` (one of REASONS) and `detail`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = shorten(detail)


REASONS = {
    "too-large": "the payload is larger than 1 MiB",
    "bad-json": "the payload is not JSON",
    "bad-cbor": "the payload is not the CBOR that sensors send",
    "bad-shape": "the payload is JSON of another shape than the format's",
    "too-deep": "a value is nested deeper than 16 levels",
    "too-many-values": "the message carries more than 10,000 values",
    "bad-time": "a time is not a time, or lacks its offset from UTC",
    "bad-text": "a text contains a NUL character, which the store cannot keep",
    "no-values": "the message carries no value",
    "no-codec": "the network server did not decode the frame and no codec of ours is set",
    "bad-frame": "the frame is not what the codec reads: cut off, or of another device",
}
"""The reasons of adapters. Those of the mapping stand in `devices.ingest.REASONS`."""

State = Any
"""What an adapter remembers between the messages of one source; None at the start."""


class Adapter(Protocol):
    """A wire format. Registered by name in `adapters.registry`."""

    name: str

    def decode(self, message: Message, state: State) -> tuple[list[RawReading], State]:
        """Return the readings of a message and the next state. Raises DecodeError.

        No reading at all says that the message measures nothing by its nature (a join, an acknowledgement):
        it is counted as ignored, not quarantined.
        """


def shorten(detail: str) -> str:
    """Return a detail that is safe to store and to show: bounded, printable."""
    clean = detail if detail.isprintable() else detail.encode("unicode_escape", "replace").decode("ascii")
    return clean if len(clean) <= MAX_DETAIL_CHARS else clean[: MAX_DETAIL_CHARS - 1] + "…"


def describe(value: Any) -> str:
    """Name a value in a detail: a container by its kind only, since its repr could be long or too deep."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    return f"{value!r:.60}"
