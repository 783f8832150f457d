"""What a codec is: the bytes of one LoRaWAN frame in, named values out. Pure, declarative where it can be."""

from typing import Protocol

import msgspec

from adapters.types import RawValue
from context_api.ngsild.model import Micros

MAX_FRAME_BYTES = 1024
"""LoRaWAN carries 242 bytes at most; some network servers join what a device split."""


class Frame(msgspec.Struct):
    """What a frame says, under the vendor's names. Without any value it tells of the device only."""

    values: dict[str, RawValue]
    """Measured now."""
    past: list[tuple[Micros, dict[str, RawValue]]] = msgspec.field(default_factory=list)
    """Measured before, kept while the network was away: times and their values."""


class Codec(Protocol):
    """A vendor's frame format. Registered by name in `adapters.codecs.registry`."""

    name: str

    def decode(self, port: int | None, frame: bytes) -> Frame:
        """Return what a frame says. Raises DecodeError("bad-frame")."""
