"""The frame inside a network server's message: base64 and a port, for a codec."""

import base64
import binascii
from typing import Any

from adapters.codecs.types import MAX_FRAME_BYTES, Codec, Frame
from adapters.types import DecodeError, RawReading, RawValue, describe
from context_api.ngsild.model import Micros

_MAX_PORT = 255


def decode_frame(codec: Codec | None, port: Any, data: Any, name: str) -> Frame:
    """Return what a codec finds in base64 `data`, the member `name` of the message.

    Raises DecodeError: no-codec where there is none to read it, bad-frame.
    """
    if codec is None:
        raise DecodeError("no-codec", f"{name} is not decoded, and the device's profile names no codec")
    if not isinstance(data, str):
        raise DecodeError("bad-frame", f"{name} is not base64 but {describe(data)}")
    try:
        frame = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise DecodeError("bad-frame", f"{name} is not base64: {error}") from error
    if len(frame) > MAX_FRAME_BYTES:
        raise DecodeError(
            "bad-frame", f"{name} has {len(frame)} bytes; at most {MAX_FRAME_BYTES} are accepted"
        )
    decoded = codec.decode(_port(port), frame)
    decoded.values = _flat(decoded.values)
    return decoded


def _flat(values: dict[str, RawValue]) -> dict[str, RawValue]:
    """Name the parts of a value as the network server's decoder would: `gps_1.latitude`."""
    if not any(isinstance(raw.value, dict) for raw in values.values()):
        return values
    flat: dict[str, RawValue] = {}
    for name, raw in values.items():
        if isinstance(raw.value, dict):
            flat |= {f"{name}.{part}": RawValue(value, raw.unit_code) for part, value in raw.value.items()}
        else:
            flat[name] = raw
    return flat


def frame_readings(frame: Frame, device: str | None, observed_at: Micros | None) -> list[RawReading]:
    """Return a reading for now and one for each moment before; none where the device only tells of itself."""
    moments = [(observed_at, frame.values), *frame.past]
    return [RawReading(values, device, at) for at, values in moments if values]


def _port(port: Any) -> int | None:
    if port is None:
        return None
    if type(port) is not int or not 0 <= port <= _MAX_PORT:
        raise DecodeError("bad-frame", f"the port is {describe(port)}; LoRaWAN has 0 to 255")
    return port
