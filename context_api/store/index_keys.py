"""What a condition asks of a declared index: keys and ranges of keys, in the order of the index.

The pure half of the SQL functions value_key, attribute_key and attribute_keys (migration 0012). A number is
its nearest double and a text its first bytes, in SQL as here, so that whatever meets a condition has a key
that is asked for; the condition itself is tested besides.
"""

import math
import re
import struct
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from context_api.ngsild.model import Micros
from context_api.ngsild.query.conditions import (
    ENTITY_MEMBERS,
    Compares,
    Equals,
    Exists,
    Literal,
    LiteralKind,
    Operand,
    Operator,
    Range,
    Term,
)

MANY = b"\xff"
"""Stands for an attribute with several keys, and for one with more than are kept."""
MAX_TEXT_BYTES = 256
_NUMBER, _TEXT, _FLAG = b"\x01", b"\x02", b"\x05"
_INFINITE, _ZERO = 1.7e308, 1e-300
_SIGN = 1 << 63
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND: Micros = 1_000_000
DAY: Micros = 86_400 * SECOND
_UPWARDS = frozenset((Operator.GREATER, Operator.GREATER_OR_EQUAL))
_LITERAL_PREFIX = re.compile(r"\^((?:[^\\\[\](){}.*+?|^$]|\\[^A-Za-z0-9])+)")


class KeyRange(NamedTuple):
    """From `low` up to, not including, `below`; None: without that end.

    An end is left open where nothing but other types lies beyond it: an attribute seldom has values of
    several, and each end costs a plan that does not use the index another look at the value.
    """

    low: bytes | None = None
    below: bytes | None = None


class Wanted(NamedTuple):
    """Keys of which an entity has one."""

    keys: tuple[bytes, ...] = ()
    ranges: "tuple[KeyRange, ...]" = ()


def wanted_keys(term: Term) -> Wanted | None:
    """Give the keys that a term asks for; None where an index on its attribute does not serve it.

    Served are terms about the values of an attribute of the entity itself: not about members of a value, not
    about sub-attributes, nothing through a link, and nothing negated.
    """
    path = term.path
    if path.hops or path.members or len(path.names) != 1 or path.names[0] in ENTITY_MEMBERS:
        return None
    if isinstance(term, Exists) or (not isinstance(term, Compares) and term.negated):
        return None
    if isinstance(term, Equals):
        return _any_of(term.operands)
    if isinstance(term, Compares):
        found = _beyond(term.operator, term.operand)
    else:
        found = _beginning_with(term.pattern)
    return None if found is None else Wanted(ranges=(found,))


def key_of(value: Any) -> bytes | None:
    """Give the key of a JSON value; None for null, objects and arrays."""
    if isinstance(value, bool):
        return _FLAG + bytes([value])
    if isinstance(value, str):
        return _TEXT + value.encode("utf-8", "surrogatepass")[:MAX_TEXT_BYTES]
    if isinstance(value, int | float):
        (bits,) = struct.unpack(">Q", struct.pack(">d", _as_double(value)))
        return _NUMBER + struct.pack(">Q", bits ^ _SIGN if bits < _SIGN else ~bits & (2 * _SIGN - 1))
    return None


def _as_double(number: float) -> float:
    if abs(number) > _INFINITE:
        return math.inf if number > 0 else -math.inf
    return 0.0 if abs(number) < _ZERO else float(number)


def _any_of(operands: tuple[Operand, ...]) -> Wanted | None:
    keys: list[bytes] = []
    ranges: list[KeyRange] = []
    for operand in operands:
        if isinstance(operand, Literal) and operand.kind not in {LiteralKind.DATETIME, LiteralKind.TIME}:
            key = key_of(operand.value)
            if key is not None:
                keys.append(key)
            continue
        low, high = (operand.low, operand.high) if isinstance(operand, Range) else (operand, operand)
        above, below = _beyond(Operator.GREATER_OR_EQUAL, low), _beyond(Operator.LESS_OR_EQUAL, high)
        if above is None or below is None or low.kind is not high.kind:
            return None
        ranges.append(KeyRange(above.low, below.below))
    return Wanted(tuple(keys), tuple(ranges))


def _beyond(operator: Operator, literal: Literal) -> KeyRange | None:
    """Give the range of what stands in this order to a literal; the literal's own key is always in it."""
    is_upwards = operator in _UPWARDS
    if literal.kind is LiteralKind.DATETIME:
        # By the day with which the text of a time begins; a leap second belongs to the day before
        key = key_of(day_text(int(literal.value) + (-SECOND if is_upwards else DAY)))
    elif literal.kind in {LiteralKind.NUMBER, LiteralKind.TEXT, LiteralKind.DATE}:
        key = key_of(literal.value)
    else:
        return None
    if key is None:
        return None
    return KeyRange(low=key) if is_upwards else KeyRange(below=key + b"\0")


def _beginning_with(pattern: str) -> KeyRange | None:
    """Give the range of the texts that begin as a pattern says; None where it does not say it plainly."""
    found = _LITERAL_PREFIX.match(pattern)
    if found is None or "|" in pattern:
        return None
    written, following = found[1], pattern[found.end() : found.end() + 1]
    plain = re.sub(r"\\(.)", r"\1", written, flags=re.DOTALL)
    if following in {"*", "?", "{"}:
        plain = plain[:-1]  # which may be missing
    if not plain:
        return None
    key = key_of(plain) or _TEXT
    return KeyRange(key, key[:-1] + bytes([key[-1] + 1]))


def day_text(micros: Micros) -> str:
    """Give the day of a time as texts of times begin; for one beyond all days, what is beyond their texts."""
    try:
        return (_EPOCH + timedelta(microseconds=micros)).strftime("%Y-%m-%d").rjust(10, "0")
    except OverflowError:
        return "0000" if micros < 0 else "9999-99"
