"""Reading JSON from strangers: bounded in size and depth, and free of what the store cannot keep."""

from typing import Any

import orjson

from adapters.types import MAX_DEPTH, MAX_PAYLOAD_BYTES, DecodeError

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""What some systems put before UTF-8; RFC 8259, section 8.1, allows to ignore it."""
_PLAIN = frozenset({int, float, bool, type(None)})


def load_json(payload: bytes) -> Any:
    """Parse a payload. Raises DecodeError (too-large, bad-json)."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise DecodeError("too-large", f"{len(payload)} bytes; at most {MAX_PAYLOAD_BYTES} are accepted")
    try:
        return orjson.loads(payload.removeprefix(_BYTE_ORDER_MARK))
    except orjson.JSONDecodeError as error:
        raise DecodeError("bad-json", str(error)) from error


def check_value(value: Any, name: str) -> None:
    """Refuse a value that is too deep or holds a NUL character; numbers pass at once. Raises DecodeError."""
    if type(value) in _PLAIN:
        return
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [item for parent in level for item in _children(parent, name)]
        if not level:
            return
    raise DecodeError("too-deep", f"{name!r} is nested deeper than {MAX_DEPTH} levels")


def _children(value: Any, name: str) -> list[Any]:
    if isinstance(value, dict):
        for key in value:
            _check_text(key, name)
        return list(value.values())
    if isinstance(value, list):
        return value
    if isinstance(value, str):
        _check_text(value, name)
    return []


def _check_text(text: str, name: str) -> None:
    if "\0" in text:
        raise DecodeError("bad-text", f"{name!r} contains a NUL character")
