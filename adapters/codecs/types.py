"""What a codec is: the bytes of one LoRaWAN frame in, named values out. Pure, declarative where it can be."""

from collections.abc import Mapping
from typing import Protocol

from adapters.types import RawValue

MAX_FRAME_BYTES = 1024
"""LoRaWAN carries 242 bytes at most; some network servers join what a device split."""


class Codec(Protocol):
    """A vendor's frame format. Registered by name in `adapters.codecs.registry`."""

    name: str

    def decode(self, port: int | None, frame: bytes) -> Mapping[str, RawValue]:
        """Return the values of a frame under the vendor's names. Raises DecodeError("bad-frame")."""
