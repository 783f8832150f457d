"""What a converter hands through from the instruments behind it: SDI-12 answers and Modbus registers.

Facts: Milesight's payload description of UC50x. Which instrument answers, only the town knows
(`parameters`).
"""

import math
import struct

from adapters.codecs.types import Frame
from adapters.types import DecodeError, RawValue

_SDI12_CHARS = 36
_FIRST_MODBUS = 6
"""The first Modbus channel of the first kind of these devices has this number."""
_MODBUS_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 4}
_CHANNEL_SIZES = {**_MODBUS_SIZES, 2: 2, 3: 2, 8: 4, 9: 4, 10: 4, 11: 4}
_HALVES = {8: 0, 10: 0, 9: 2, 11: 2}
"""Types that hold 16 bits in four bytes, and where."""
_PASSING = ("period_in", "period_out", "total_in", "total_out")
_FLOATS = (5, 7)
_BITS = (0, 1)
_TYPE_BITS = 0x07
_ALARMS = {1: "threshold alarm", 2: "value change alarm"}
_MASK_END = 6
"""Of a past: the time (4 bytes) and which channels follow (2)."""
_CHANNELS = 16


class Sdi12Answer:
    """Channel, then the answer as text, filled up with NUL."""

    def read(self, frame: bytes, start: int, decoded: Frame) -> int:
        """Add what stands at `start`; return where the next value begins. Raises DecodeError."""
        channel, end = _byte(frame, start), start + 1 + _SDI12_CHARS
        decoded.values[f"sdi12_{channel + 1}"] = _text(_bytes(frame, start + 1, end))
        return end


class Sdi12Past:
    """The answers of a moment before."""

    def read(self, frame: bytes, start: int, decoded: Frame) -> int:
        """Add what stands at `start`; return where the next value begins. Raises DecodeError."""
        at, channels = _moment(frame, start)
        position, values = start + _MASK_END, {}
        for channel in channels:
            end = position + _SDI12_CHARS
            values[f"sdi12_{channel}"] = _text(_bytes(frame, position, end))
            position = end
        decoded.past.append((at, values))
        return position


class ModbusRegister:
    """Channel, type and the register, the lowest byte first; `has_alarm`: why it was sent follows."""

    def __init__(self, *, has_alarm: bool = False) -> None:
        self._has_alarm = has_alarm

    def read(self, frame: bytes, start: int, decoded: Frame) -> int:
        """Add what stands at `start`; return where the next value begins. Raises DecodeError."""
        name, kind = _modbus_name(frame, start), _byte(frame, start + 1) & _TYPE_BITS
        end = start + 2 + _MODBUS_SIZES[kind]
        _add_register(decoded.values, name, kind, _bytes(frame, start + 2, end))
        if not self._has_alarm:
            return end
        alarm = _byte(frame, end)
        decoded.values[f"{name}_alarm"] = RawValue(_ALARMS.get(alarm, alarm))
        return end + 1


class ModbusPast:
    """The registers of a moment before, four bytes each."""

    def read(self, frame: bytes, start: int, decoded: Frame) -> int:
        """Add what stands at `start`; return where the next value begins. Raises DecodeError."""
        at, channels = _moment(frame, start)
        position = start + _MASK_END
        values: dict[str, RawValue] = {}
        for channel in channels:
            kind = _byte(frame, position) & _TYPE_BITS
            register = _bytes(frame, position + 1, position + 5)
            _add_register(values, f"modbus_chn_{channel}", kind if kind in _FLOATS else 4, register)
            position += 5
        decoded.past.append((at, values))
        return position


class ModbusChannel:
    """Channel, length, type (its highest bit: signed) and the register, of UC100 and UC300."""

    def read(self, frame: bytes, start: int, decoded: Frame) -> int:
        """Add what stands at `start`; return where the next value begins. Raises DecodeError."""
        channel, _, kind = _bytes(frame, start, start + 3)
        end = start + 3 + _CHANNEL_SIZES.get(kind & 0x7F, 0)
        register = _bytes(frame, start + 3, end)
        if not register:
            raise DecodeError("bad-frame", f"byte {start + 2}: Modbus has no type {kind & 0x7F}")
        _add_register(decoded.values, f"modbus_chn_{channel + 1}", kind & 0x7F, register, signed=kind > 0x7F)
        return end


class ModbusChannelError:
    """A channel of UC100 and UC300 that could not be read."""

    def read(self, frame: bytes, start: int, decoded: Frame) -> int:
        """Add what stands at `start`; return where the next value begins. Raises DecodeError."""
        decoded.values[f"modbus_chn_{_byte(frame, start) + 1}_alarm"] = RawValue("read error")
        return start + 1


class PassingPast:
    """How many passed in and out before: time, what follows, then the period's and maybe the totals."""

    def read(self, frame: bytes, start: int, decoded: Frame) -> int:
        """Add what stands at `start`; return where the next value begins. Raises DecodeError."""
        at = int.from_bytes(_bytes(frame, start, start + 4), "little") * 1_000_000
        names = _PASSING if _byte(frame, start + 4) else _PASSING[:2]
        end = start + 5 + 2 * len(names)
        counts = struct.unpack(f"<{len(names)}H", _bytes(frame, start + 5, end))
        values = {name: RawValue(count) for name, count in zip(names, counts, strict=True)}
        decoded.past.append((at, values))
        return end


class ModbusError:
    """A channel that could not be read."""

    def read(self, frame: bytes, start: int, decoded: Frame) -> int:
        """Add what stands at `start`; return where the next value begins. Raises DecodeError."""
        decoded.values[f"{_modbus_name(frame, start)}_alarm"] = RawValue("read error")
        return start + 1


def _add_register(
    values: dict[str, RawValue], name: str, kind: int, register: bytes, *, signed: bool = False
) -> None:
    if kind in _FLOATS:
        number: float = struct.unpack("<f", register)[0]
        if math.isfinite(number):
            values[name] = RawValue(number)
    elif kind in _BITS:
        values[name] = RawValue({0: "off", 1: "on"}.get(register[0], register[0]))
    else:
        half = _HALVES.get(kind)
        part = register if half is None else register[half : half + 2]
        values[name] = RawValue(int.from_bytes(part, "little", signed=signed))


def _modbus_name(frame: bytes, start: int) -> str:
    return f"modbus_chn_{_byte(frame, start) - _FIRST_MODBUS}"


def _moment(frame: bytes, start: int) -> tuple[int, list[int]]:
    head = _bytes(frame, start, start + _MASK_END)
    mask = int.from_bytes(head[4:], "little")
    channels = [number + 1 for number in range(_CHANNELS) if mask >> number & 1]
    return int.from_bytes(head[:4], "little") * 1_000_000, channels


def _text(held: bytes) -> RawValue:
    """What stands before the filling; an instrument's noise is no letter."""
    text = held.split(b"\0", 1)[0].decode("ascii", "replace").strip()
    return RawValue(text)


def _byte(frame: bytes, position: int) -> int:
    return _bytes(frame, position, position + 1)[0]


def _bytes(frame: bytes, start: int, end: int) -> bytes:
    if end > len(frame):
        raise DecodeError("bad-frame", f"the frame ends at byte {len(frame)}, {end} are needed")
    return frame[start:end]
