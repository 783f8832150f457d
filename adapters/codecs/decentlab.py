"""Decentlab: protocol 2. Version, device number, a bit mask of sensors, their 16-bit words, the battery.

What each device sends stands in data/decentlab.toml: a list per sensor, a formula per value. Facts: the
payload descriptions that the vendor publishes for each device.
"""

import tomllib
from collections.abc import Sequence
from importlib.resources import files

from adapters.codecs.types import Frame
from adapters.codecs.values import compute_values, parse_values
from adapters.types import DecodeError, RawValue

_VERSION = 2
_HEAD_BYTES = 5
_BATTERY = ["battery_voltage = x0 / 1000 [V]"]


class Decentlab:
    """One device's codec. A sensor whose bit is not set sends nothing."""

    def __init__(self, name: str, sensors: Sequence[Sequence[str]]) -> None:
        self.name = name
        self._sensors = [parse_values(lines) for lines in sensors]

    def decode(self, port: int | None, frame: bytes) -> Frame:  # noqa: ARG002
        """Return the values of a frame; the port does not matter. Raises DecodeError("bad-frame")."""
        if len(frame) < _HEAD_BYTES or frame[0] != _VERSION:
            raise DecodeError("bad-frame", f"no frame of Decentlab's protocol {_VERSION}")
        mask = int.from_bytes(frame[3:5], "big")
        values = {"device_id": RawValue(int.from_bytes(frame[1:3], "big"))}
        position = _HEAD_BYTES
        for bit, sensor in enumerate(self._sensors):
            if mask >> bit & 1:
                end = position + 2 * sensor.size
                values |= compute_values(sensor, _words(frame, position, end))
                position = end
        if position != len(frame) or mask >> len(self._sensors):
            raise DecodeError("bad-frame", f"{len(frame)} bytes are no frame of {self.name}")
        return Frame(values)


def _words(frame: bytes, start: int, end: int) -> list[int]:
    if end > len(frame):
        raise DecodeError("bad-frame", f"the frame ends at byte {len(frame)}, {end} are needed")
    return [int.from_bytes(frame[at : at + 2], "big") for at in range(start, end, 2)]


def load_decentlab() -> list[Decentlab]:
    """Return the codecs of all devices in the data file; the battery comes last where it does not say so."""
    devices = tomllib.loads((files(__package__) / "data" / "decentlab.toml").read_text("utf-8"))
    return [
        Decentlab(f"decentlab-{name}", _with_battery(device["sensors"])) for name, device in devices.items()
    ]


def _with_battery(sensors: list[list[str]]) -> list[list[str]]:
    names = [line.partition(" ")[0] for lines in sensors for line in lines]
    return sensors if "battery_voltage" in names else [*sensors, _BATTERY]
