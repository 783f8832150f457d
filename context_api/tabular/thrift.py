"""The part of Thrift's compact protocol that Parquet's footers are written in."""

from collections.abc import Sequence
from typing import NamedTuple

I32, I64, BINARY, LIST, STRUCT = 5, 6, 8, 9, 12
_BOOLEAN_TRUE = 1
_SHORT_LIST = 15


class Value(NamedTuple):
    """A value with its type."""

    type: int
    data: bytes


TRUE = Value(_BOOLEAN_TRUE, b"")


def varint(number: int) -> bytes:
    """Write an unsigned number, seven bits per byte."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _zigzag(number: int) -> bytes:
    return varint(number << 1 if number >= 0 else (-number << 1) - 1)


def i32(number: int) -> Value:
    """A 32-bit integer."""
    return Value(I32, _zigzag(number))


def i64(number: int) -> Value:
    """A 64-bit integer."""
    return Value(I64, _zigzag(number))


def binary(text: str) -> Value:
    """A string."""
    data = text.encode()
    return Value(BINARY, varint(len(data)) + data)


def list_of(type_: int, values: Sequence[Value]) -> Value:
    """A list of values of one type."""
    count = len(values)
    head = bytes([count << 4 | type_]) if count < _SHORT_LIST else bytes([0xF0 | type_]) + varint(count)
    return Value(LIST, head + b"".join([value.data for value in values]))


def struct(*fields: tuple[int, Value]) -> Value:
    """A struct; fields in the order of their numbers."""
    out = bytearray()
    last = 0
    for number, value in fields:
        out.append((number - last) << 4 | value.type)
        out += value.data
        last = number
    out.append(0)
    return Value(STRUCT, bytes(out))
