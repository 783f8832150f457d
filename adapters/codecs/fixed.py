"""Frames whose values stand at fixed places, told apart by their port: Dragino."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from adapters.codecs.types import Frame
from adapters.codecs.values import Values, compute_values, parse_values
from adapters.types import DecodeError


class FixedCodec:
    """One device's codec; `ports` maps each port to what its frames hold."""

    def __init__(self, name: str, ports: Mapping[int, Values]) -> None:
        self.name = name
        self._ports = ports

    def decode(self, port: int | None, frame: bytes) -> Frame:
        """Return the values of a frame. Raises DecodeError("bad-frame")."""
        values = self._ports.get(port if port is not None else next(iter(self._ports)))
        if values is None:
            known = ", ".join(map(str, self._ports))
            raise DecodeError("bad-frame", f"{self.name} sends on port {known}, not on {port}")
        if len(frame) < values.size:
            raise DecodeError("bad-frame", f"{len(frame)} bytes; {self.name} sends {values.size}")
        return Frame(compute_values(values, frame))


def load_dragino() -> list[FixedCodec]:
    """Return the codecs of the Dragino devices."""
    devices: dict[str, Any] = tomllib.loads((files(__package__) / "data" / "dragino.toml").read_text("utf-8"))
    return [
        FixedCodec(f"dragino-{name}", {int(port): parse_values(lines) for port, lines in ports.items()})
        for name, ports in devices.items()
    ]
