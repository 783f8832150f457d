"""Cayenne Low Power Payload: (channel, type, data)…, every type of a fixed size.

The type is the IPSO object id minus 3200. Facts: the public Cayenne LPP description, and the additional types
(generic sensor, voltage, current, …) that network servers decode as well.
"""

from typing import Any, NamedTuple

from adapters.codecs.types import Frame
from adapters.types import DecodeError, RawValue

_HEAD_BYTES = 2


class _Kind(NamedTuple):
    name: str
    size: int
    """Bytes of each part."""
    scale: float
    is_signed: bool = False
    unit_code: str | None = None
    parts: tuple[str, ...] = ()
    """Names of the parts, where a value has several."""


_KINDS = {
    0: _Kind("digital_in", 1, 1),
    1: _Kind("digital_out", 1, 1),
    2: _Kind("analog_in", 2, 100, is_signed=True),
    3: _Kind("analog_out", 2, 100, is_signed=True),
    100: _Kind("generic", 4, 1),
    101: _Kind("luminosity", 2, 1, unit_code="LUX"),
    102: _Kind("presence", 1, 1),
    103: _Kind("temperature", 2, 10, is_signed=True, unit_code="CEL"),
    104: _Kind("relative_humidity", 1, 2, unit_code="P1"),
    113: _Kind("accelerometer", 2, 1000, is_signed=True, parts=("x", "y", "z")),
    115: _Kind("barometric_pressure", 2, 10, unit_code="A97"),
    116: _Kind("voltage", 2, 100, unit_code="VLT"),
    117: _Kind("current", 2, 1000, unit_code="AMP"),
    118: _Kind("frequency", 4, 1, unit_code="HTZ"),
    120: _Kind("percentage", 1, 1, unit_code="P1"),
    121: _Kind("altitude", 2, 1, is_signed=True, unit_code="MTR"),
    125: _Kind("concentration", 2, 1, unit_code="59"),
    128: _Kind("power", 2, 1, unit_code="WTT"),
    130: _Kind("distance", 4, 1000, unit_code="MTR"),
    131: _Kind("energy", 4, 1000, unit_code="KWH"),
    132: _Kind("direction", 2, 1, unit_code="DD"),
    133: _Kind("unix_time", 4, 1),
    134: _Kind("gyrometer", 2, 100, is_signed=True, parts=("x", "y", "z")),
    135: _Kind("colour", 1, 1, parts=("r", "g", "b")),
    142: _Kind("switch", 1, 1),
}
_GPS, _GPS_BYTES = 136, 3
_GPS_SCALES = (("latitude", 10_000), ("longitude", 10_000), ("altitude", 100))


class CayenneLpp:
    """Names are `{type}_{channel}`, as The Things Stack writes them."""

    name = "cayenne-lpp"

    def decode(self, port: int | None, frame: bytes) -> Frame:  # noqa: ARG002
        """Return the values of a frame; the port does not matter. Raises DecodeError("bad-frame")."""
        values: dict[str, RawValue] = {}
        position = 0
        while position < len(frame):
            if position + _HEAD_BYTES > len(frame):
                raise DecodeError("bad-frame", f"byte {position} begins a value that is cut off")
            channel, kind = frame[position], frame[position + 1]
            name, value, size = _decode_value(kind, frame, position + _HEAD_BYTES)
            values[f"{name}_{channel}"] = value
            position += _HEAD_BYTES + size
        return Frame(values)


def _decode_value(number: int, frame: bytes, start: int) -> tuple[str, RawValue, int]:
    if number == _GPS:
        return "gps", RawValue(_decode_position(frame, start)), len(_GPS_SCALES) * _GPS_BYTES
    kind = _KINDS.get(number)
    if kind is None:
        raise DecodeError(
            "bad-frame", f"byte {start - 1} names type {number}, which Cayenne LPP does not have"
        )
    if not kind.parts:
        return kind.name, RawValue(_read(kind, frame, start), kind.unit_code), kind.size
    parts = {part: _read(kind, frame, start + at * kind.size) for at, part in enumerate(kind.parts)}
    return kind.name, RawValue(parts, kind.unit_code), len(parts) * kind.size


def _read(kind: _Kind, frame: bytes, start: int) -> float | int:
    number = _integer(frame, start, kind.size, is_signed=kind.is_signed)
    return number if kind.scale == 1 else number / kind.scale


def _decode_position(frame: bytes, start: int) -> dict[str, Any]:
    return {
        name: _integer(frame, start + at * _GPS_BYTES, _GPS_BYTES, is_signed=True) / scale
        for at, (name, scale) in enumerate(_GPS_SCALES)
    }


def _integer(frame: bytes, start: int, size: int, *, is_signed: bool) -> int:
    if start + size > len(frame):
        raise DecodeError("bad-frame", f"byte {start} begins {size} bytes; the frame has {len(frame)}")
    return int.from_bytes(frame[start : start + size], "big", signed=is_signed)
