"""The outline of a JSON document: brackets and colons outside of strings, found by C's string functions.

What bounds a body - how deep it is, whether a name stands twice, how long its numbers are - costs a tenth of
what looking at every object costs. The body must be JSON.
"""

import re
from typing import Any

import msgspec

_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_TEXT = re.compile(rb'"[^"]*"')
_OTHERS = bytes(set(range(256)) - set(b'[]{}:"'))
_BRACKETS = bytes.maketrans(b"{}", b"[]")
_PASSES = 8
"""So many levels are taken off by replacing; what is deeper is walked through: each pass costs the length."""
_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)


def outline(body: bytes) -> bytes:
    """Give the brackets and colons of a document that are outside of strings."""
    return _outside_of_strings(body, _OTHERS)


def count_outside_of_strings(body: bytes, signs: bytes) -> int:
    """Count signs that stand outside of strings; the body need not be JSON."""
    others = bytes(set(range(256)) - set(signs) - {ord('"')})
    return len(_outside_of_strings(body, others))


def _outside_of_strings(body: bytes, others: bytes) -> bytes:
    if b"\\" in body:
        body = _ESCAPE.sub(b"", body)
    # Two quotes side by side begin and end the same, or end one string and begin the next: either way nothing
    # that stands elsewhere changes sides when they go
    marks = body.translate(None, others).replace(b'""', b"")
    return _TEXT.sub(b"", marks).partition(b'"')[0]  # in a part of a document the last string may not end


def depth_of(marks: bytes) -> int:
    """Give the levels of objects and arrays in an outline."""
    brackets = marks.translate(_BRACKETS, b":")
    for level in range(_PASSES):
        if not brackets:
            return level
        brackets = brackets.replace(b"[]", b"")
    depth = deepest = 0
    for bracket in brackets:
        depth += 1 if bracket == ord("[") else -1
        deepest = max(deepest, depth)
    return _PASSES + deepest


def may_repeat_names(marks: bytes, document: Any) -> bool:
    """Whether an object of the document had a name twice: then the decoded document has fewer members.

    Where that cannot be told (numbers that cannot be written), it may.
    """
    try:
        written = msgspec.json.encode(document)
    except (ValueError, OverflowError):
        return True
    return outline(written).count(b":") != marks.count(b":")


def has_digits(body: bytes, count: int) -> bool:
    """Whether so many digits stand side by side anywhere, in strings too."""
    return b"0" * count in body.translate(_DIGITS)
