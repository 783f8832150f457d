"""CBOR (RFC 8949) as SenML uses it: numbers, texts, bytes, arrays, maps, booleans, null. Bounded in depth.

No tags but decimal fractions and those that only annotate (their value is read, the tag dropped), and no
texts or bytes of indefinite length: sensors do not send them, and less can be attacked.
"""

import math
import struct
from typing import Any

from adapters.types import MAX_DEPTH, MAX_PAYLOAD_BYTES, DecodeError

_INDEFINITE = 31
_BREAK = object()
_SIMPLE = {20: False, 21: True, 22: None, 23: None}
_FLOATS = {25: (2, ">e"), 26: (4, ">f"), 27: (8, ">d")}
_LENGTHS = {24: 1, 25: 2, 26: 4, 27: 8}
_SIMPLE_MAJOR = 7
_ANNOTATING_TAGS = (0, 1, 32, 55799)
"""Times, URIs and the mark of CBOR itself (RFC 8949, section 3.4)."""
_DECIMAL_TAG = 4
"""Decimal fractions, as RFC 8428, section 6, allows them: an exponent of ten and a whole number."""
_LARGEST_EXPONENT = 300


def load_cbor(payload: bytes) -> Any:
    """Parse one CBOR item that fills the payload. Raises DecodeError (too-large, bad-cbor, too-deep)."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise DecodeError("too-large", f"{len(payload)} bytes; at most {MAX_PAYLOAD_BYTES} are accepted")
    reader = _Reader(payload)
    value = reader.read(0)
    if value is _BREAK:
        raise DecodeError("bad-cbor", "a break without a beginning")
    if reader.position != len(payload):
        raise DecodeError("bad-cbor", f"{len(payload) - reader.position} bytes follow the item")
    return value


class _Reader:
    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self.position = 0

    def read(self, depth: int) -> Any:
        """One item; _BREAK for the end of an indefinite one."""
        if depth > MAX_DEPTH:
            raise DecodeError("too-deep", f"the payload is nested deeper than {MAX_DEPTH} levels")
        head = self._take(1)[0]
        major, info = head >> 5, head & 31
        if major == _SIMPLE_MAJOR:
            return self._read_simple(info)
        if info == _INDEFINITE:
            return self._read_indefinite(major, depth)
        return self._read_definite(major, self._read_number(info), depth)

    def _read_definite(self, major: int, number: int, depth: int) -> Any:
        """What a head and its number begin (RFC 8949, section 3.1)."""
        match major:
            case 0:
                return number
            case 1:
                return -1 - number
            case 2:
                value: Any = self._take(number)
            case 3:
                value = self._text(number)
            case 6:
                value = self._read_tagged(number, depth)
            case _:
                value = self._read_container(major, number, depth)
        return value

    def _read_container(self, major: int, count: int, depth: int) -> Any:
        if count > len(self._payload) - self.position:
            raise DecodeError("bad-cbor", f"{count} items are announced, but not that many bytes follow")
        if major == 4:
            return [self._item(depth) for _ in range(count)]
        return dict(self._pair(depth) for _ in range(count))

    def _read_indefinite(self, major: int, depth: int) -> Any:
        if major not in (4, 5):
            raise DecodeError("bad-cbor", "only arrays and maps may be of indefinite length")
        items: list[Any] = []
        while (item := self.read(depth + 1)) is not _BREAK:
            items.append((_key(item), self._item(depth)) if major == 5 else item)
        return items if major == 4 else dict(items)

    def _item(self, depth: int) -> Any:
        value = self.read(depth + 1)
        if value is _BREAK:
            raise DecodeError("bad-cbor", "a break without a beginning")
        return value

    def _pair(self, depth: int) -> tuple[Any, Any]:
        return _key(self._item(depth)), self._item(depth)

    def _read_tagged(self, tag: int, depth: int) -> Any:
        if tag == _DECIMAL_TAG:
            return _decimal(self._item(depth))
        if tag not in _ANNOTATING_TAGS:
            raise DecodeError("bad-cbor", f"tag {tag} is not read here")
        return self._item(depth)

    def _read_simple(self, info: int) -> Any:
        if info == _INDEFINITE:
            return _BREAK
        if info in _SIMPLE:
            return _SIMPLE[info]
        if info in _FLOATS:
            size, layout = _FLOATS[info]
            value: float = struct.unpack(layout, self._take(size))[0]
            if not math.isfinite(value):
                raise DecodeError("bad-cbor", "a number that is not finite")
            return value
        raise DecodeError("bad-cbor", f"simple value {info} is not read here")

    def _read_number(self, info: int) -> int:
        if info < 24:
            return info
        if info not in _LENGTHS:
            raise DecodeError("bad-cbor", f"additional information {info} is reserved")
        return int.from_bytes(self._take(_LENGTHS[info]), "big")

    def _text(self, size: int) -> str:
        try:
            return self._take(size).decode()
        except UnicodeDecodeError as error:
            raise DecodeError("bad-cbor", "a text that is not UTF-8") from error

    def _take(self, size: int) -> bytes:
        end = self.position + size
        if end > len(self._payload):
            raise DecodeError("bad-cbor", f"the payload ends at byte {len(self._payload)}, {end} are needed")
        taken = self._payload[self.position : end]
        self.position = end
        return taken


def _key(value: Any) -> Any:
    if not isinstance(value, str | int):
        raise DecodeError("bad-cbor", "a map's key is neither a text nor a whole number")
    return value


def _decimal(given: Any) -> float:
    match given:
        case [int(exponent), int(mantissa)] if abs(exponent) <= _LARGEST_EXPONENT:
            value = float(f"{mantissa:d}e{exponent:d}")
            if math.isfinite(value):
                return value
    raise DecodeError("bad-cbor", "a decimal fraction that is no exponent (-300 to 300) and whole number")
