"""Frames of (key, value)… pairs whose sizes a data file knows.

Elsys has one byte of key, the type; Milesight two, the channel and the type.
"""

import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, NamedTuple, Protocol

from adapters.codecs.instruments import (
    ModbusChannel,
    ModbusChannelError,
    ModbusError,
    ModbusPast,
    ModbusRegister,
    PassingPast,
    Sdi12Answer,
    Sdi12Past,
)
from adapters.codecs.types import Frame
from adapters.codecs.values import Values, compute_values, parse_values
from adapters.types import DecodeError

_ELSYS_KEY_BYTES, _MILESIGHT_KEY_BYTES = 1, 2
_TIME_BYTES = 4
_SETTINGS = (0xF8, 0xF9, 0xFD, 0xFE, 0xFF)
"""Milesight: what begins with these and is no value in the table answers a command, in a size of its own."""
_ELSYS_SETTINGS = 0x3E
"""What a device tells of its settings, to the end of the frame."""


class _Held(Protocol):
    """What follows a key."""

    def read(self, frame: bytes, start: int, decoded: Frame) -> int:
        """Add what stands at `start`; return where the next key begins. Raises DecodeError."""


class _Fixed(NamedTuple):
    """Values of a fixed size; `is_past`: seconds since 1970, lowest byte first, then the values of then."""

    values: Values
    is_past: bool = False

    def read(self, frame: bytes, start: int, decoded: Frame) -> int:
        end = start + self.values.size + (_TIME_BYTES if self.is_past else 0)
        if end > len(frame):
            raise DecodeError("bad-frame", f"the frame ends at byte {len(frame)}, {end} are needed")
        part = frame[start:end]
        if self.is_past:
            observed_at = int.from_bytes(part[:_TIME_BYTES], "little") * 1_000_000
            decoded.past.append((observed_at, compute_values(self.values, part[_TIME_BYTES:])))
        else:
            decoded.values |= compute_values(self.values, part)
        return end


_INSTRUMENTS: Mapping[str, _Held] = {
    "sdi12": Sdi12Answer(),
    "sdi12-past": Sdi12Past(),
    "modbus": ModbusRegister(),
    "modbus-alarm": ModbusRegister(has_alarm=True),
    "modbus-past": ModbusPast(),
    "modbus-error": ModbusError(),
    "modbus-channel": ModbusChannel(),
    "modbus-channel-error": ModbusChannelError(),
    "passing-past": PassingPast(),
}


class TlvCodec:
    """One device's codec; `table` maps keys to what follows them."""

    def __init__(self, name: str, key_bytes: int, table: Mapping[bytes, _Held]) -> None:
        self.name = name
        self._key_bytes = key_bytes
        self._table = table

    def decode(self, port: int | None, frame: bytes) -> Frame:  # noqa: ARG002
        """Return what a frame says; the port does not matter. Raises DecodeError("bad-frame")."""
        decoded = Frame({})
        position = 0
        while position < len(frame):
            key = frame[position : position + self._key_bytes]
            held = self._table.get(key)
            if held is None and self._ends(frame, position, decoded):
                break
            if held is None:
                raise DecodeError("bad-frame", f"byte {position}: {self.name} has no value {key.hex()}")
            position = held.read(frame, position + self._key_bytes, decoded)
        return decoded

    def _ends(self, frame: bytes, position: int, decoded: Frame) -> bool:
        """Say whether the measurements end here: at a command's answer, or filled up with zeros."""
        if self._key_bytes == _MILESIGHT_KEY_BYTES and frame[position] in _SETTINGS:
            return len(frame) - position > self._key_bytes
        if self._key_bytes == _ELSYS_KEY_BYTES and frame[position] == _ELSYS_SETTINGS:
            return True
        return bool(decoded.values) and not any(frame[position:])


def load_elsys() -> list[TlvCodec]:
    """Return the one codec of all Elsys devices."""
    return [TlvCodec("elsys", _ELSYS_KEY_BYTES, _table(_read("elsys.toml")["values"]))]


def load_milesight() -> list[TlvCodec]:
    """Return the codecs of the Milesight devices; each takes over what it `extends`."""
    given = _read("milesight.toml")
    return [
        TlvCodec(f"milesight-{name}", _MILESIGHT_KEY_BYTES, _table(_extended(given, name)))
        for name in given
        if not name.startswith("_")
    ]


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((files(__package__) / "data" / name).read_text("utf-8"))


def _extended(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    entry = dict(given[name])
    table: dict[str, Any] = {}
    for base in entry.pop("extends", ()):
        table |= _extended(given, base)
    return table | entry


def _table(entries: Mapping[str, Any]) -> dict[bytes, _Held]:
    return {bytes.fromhex(key): _held(entry) for key, entry in entries.items()}


def _held(entry: int | str | Sequence[str] | Mapping[str, Any]) -> _Held:
    """A number says how many bytes to skip, lines what they hold, `{past, size}` what was measured before.

    A word names what an instrument behind the device sends.
    """
    if isinstance(entry, int):
        return _Fixed(Values(entry, ()))
    if isinstance(entry, str):
        return _INSTRUMENTS[entry]
    if isinstance(entry, Mapping):
        return _Fixed(parse_values(entry["past"], entry.get("size")), is_past=True)
    return _Fixed(parse_values(entry))
