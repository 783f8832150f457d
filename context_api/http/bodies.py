"""Request bodies: bounded, and JSON without anything that two readers could take differently.

Python's own decoder accepts NaN, duplicate names and lone surrogates; fast ones drop duplicates silently.
What passes here has one meaning, fits the database and is nested no deeper than our recursive code allows.
"""

import asyncio
import json
from collections.abc import Sequence
from functools import partial
from typing import Any, NoReturn

import msgspec
from starlette.requests import ClientDisconnect, Request

from context_api.http.errors import BodyTooLarge, LengthRequired, RequestTimeout, Unavailable
from context_api.http.gate import release_at_end
from context_api.http.negotiation import content_type
from context_api.http.outline import (
    count_outside_of_strings,
    depth_of,
    has_digits,
    may_repeat_names,
    outline,
)
from context_api.http.room import Room
from context_api.ngsild.errors import BadRequestData, InvalidRequest
from context_api.ngsild.names import escape

MAX_DEPTH = 100
"""Levels of objects and arrays; GeoJSON needs 4, the deepest Smart Data Models example 9."""

_LONG_INTEGER = 300
"""Digits: a double has up to 309 before the point."""
_LARGEST_DOUBLE = 1.7976931348623157e308
_SHOWN = 60
_LARGE_BYTES = 64 * 1024


MAX_CONTAINERS = 400_000
"""Objects and arrays in one body: an empty object of 3 bytes takes 70 in memory, one with members 300."""
MAX_VALUES = 1_000_000
"""Values in one body."""
_SMALL_ROOM_BYTES = 4 * 1024 * 1024


class BodyReader:
    """Reads bodies: each within `max_bytes` and `timeout_s`, all that are under way within `total_bytes`.

    A decoded body is ten times its size and more. So large ones are decoded and worked on one after the
    other, small ones as many as make up a few megabytes; they do not wait for each other.
    """

    def __init__(self, *, max_bytes: int, total_bytes: int, timeout_s: float) -> None:
        self._max_bytes = max_bytes
        self._total_bytes = max(total_bytes, max_bytes)
        self._timeout_s = timeout_s
        self._held = 0
        self._small = Room(_SMALL_ROOM_BYTES)
        self._large = Room(max_bytes)

    async def read_json(self, request: Request, accepted: Sequence[str]) -> Any:
        """Read and decode a body; what is large is decoded in a thread, and others are served meanwhile."""
        declared = declared_length(request)
        content_type(request, accepted)
        if declared > self._max_bytes:
            raise BodyTooLarge(f"The body has {declared} bytes; at most {self._max_bytes} are accepted")
        if self._held + declared > self._total_bytes:
            raise Unavailable("Too many large bodies are being read")
        self._held += declared
        try:
            body = await _read_body(request, self._timeout_s)
            is_large = len(body) > _LARGE_BYTES
            room = self._large if is_large else self._small
            release_at_end(request.scope, partial(room.give, await room.take(len(body))))
            return await asyncio.to_thread(parse_json, body) if is_large else parse_json(body)
        finally:
            self._held -= declared

    async def read_bytes(self, request: Request, max_bytes: int) -> bytes:
        """Read a body that is not looked into here, whatever its media type."""
        declared = declared_length(request)
        if declared > max_bytes:
            raise BodyTooLarge(f"The body has {declared} bytes; at most {max_bytes} are accepted")
        if self._held + declared > self._total_bytes:
            raise Unavailable("Too many large bodies are being read")
        self._held += declared
        try:
            return await _read_body(request, self._timeout_s)
        finally:
            self._held -= declared


async def _read_body(request: Request, timeout_s: float) -> bytes:
    try:
        async with asyncio.timeout(timeout_s):
            # Not request.body(), which would keep it until the answer is given
            body = b"".join([chunk async for chunk in request.stream()])
    except TimeoutError as error:
        raise RequestTimeout(f"The body did not arrive within {timeout_s:g} s") from error
    except ClientDisconnect as error:
        raise InvalidRequest("The connection closed before the whole body had arrived") from error
    if not body.strip():
        raise InvalidRequest("The body is empty; send a JSON document")
    return body


def declared_length(request: Request) -> int:
    """Give the declared length. Raises LengthRequired without one, InvalidRequest where it is no number."""
    text = request.headers.get("content-length")
    if text is None:
        raise LengthRequired("The request needs a body and its Content-Length")
    if text == "0":
        raise InvalidRequest("The request needs a body, and has none")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise InvalidRequest(f"Content-Length is {text[:_SHOWN]!r}; it must be a number of bytes")
    return int(text)


def parse_json(body: bytes) -> Any:
    """Decode a JSON document.

    Raises InvalidRequest (not JSON), BadRequestData (JSON we must not take), BodyTooLarge (too many values).
    """
    _check_count(body)
    try:
        document = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, RecursionError) as error:
        _explain(body, error)
    marks = outline(body)
    if depth_of(marks) > MAX_DEPTH:
        raise _too_deep()
    if may_repeat_names(marks, document):
        _check_duplicates(body)
    if b"\\u0000" in body or has_digits(body, _LONG_INTEGER):
        _check_values(document, "")
    return document


def _too_deep() -> InvalidRequest:
    return InvalidRequest(f"The document is nested deeper than {MAX_DEPTH} levels")


def _check_count(body: bytes) -> None:
    """Refuse what would take many times its size in memory, before it does."""
    if body.count(b"{") + body.count(b"[") <= MAX_CONTAINERS and body.count(b",") <= MAX_VALUES:
        return
    if depth_of(outline(body[:_LARGE_BYTES])) > MAX_DEPTH:
        raise _too_deep()
    if count_outside_of_strings(body, b"{[") > MAX_CONTAINERS:
        raise BodyTooLarge(f"The body has more than {MAX_CONTAINERS} objects and arrays")
    if count_outside_of_strings(body, b",") > MAX_VALUES:
        raise BodyTooLarge(f"The body has more than {MAX_VALUES} values")


def _check_duplicates(body: bytes) -> None:
    try:
        json.loads(body, object_pairs_hook=_unique)
    except _Repeated:
        raise _locate_duplicate(body) from None
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"The body is not JSON: {error}") from error


class _Repeated(Exception):
    """A name stands twice in one object; where is found out apart."""


def _unique(pairs: list[tuple[str, object]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        raise _Repeated


class _Pairs(list[tuple[str, Any]]):
    """An object with all its members, repeated ones too."""


def _locate_duplicate(body: bytes) -> InvalidRequest:
    """Describe the first name that stands twice in one object."""
    waiting: list[tuple[Any, str]] = [(json.loads(body, object_pairs_hook=_Pairs), "")]
    while waiting:
        value, pointer = waiting.pop()
        if isinstance(value, _Pairs):
            seen: set[str] = set()
            for name, member in value:
                where = f"{pointer}/{escape(name)}"
                if name in seen:
                    detail = f'The member "{name[:_SHOWN]}" stands twice in one object'
                    return InvalidRequest(detail, pointer=where)
                seen.add(name)
                waiting.append((member, where))
        elif isinstance(value, list):
            waiting += [(item, f"{pointer}/{index}") for index, item in enumerate(value)]
    return InvalidRequest("A member stands twice in one object")


def _explain(body: bytes, error: Exception) -> NoReturn:
    """Say what is wrong with a body that did not decode, with its place where that can be told."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise InvalidRequest(f"The body is not UTF-8: byte {fault.start} is no part of it") from error
    if text.startswith("\ufeff"):
        raise InvalidRequest("The body starts with a byte order mark; send UTF-8 without one") from error
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as fault:
        raise _too_deep() from fault
    except json.JSONDecodeError as fault:
        place = f"line {fault.lineno}, column {fault.colno}"
        raise InvalidRequest(f"The body is not JSON: {fault.msg} at {place}") from error
    except ValueError as fault:
        raise InvalidRequest(f"The body is not JSON: {fault}") from error
    _check_values(document, "")
    raise InvalidRequest(f"The body is not JSON: {error}") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _check_values(value: object, pointer: str) -> None:
    """Refuse what no UTF-8 text or PostgreSQL can hold: lone surrogates, U+0000, numbers beyond a double."""
    if isinstance(value, dict):
        for name, member in value.items():
            _check_text(name, pointer)
            _check_values(member, f"{pointer}/{_printable(name)}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_values(item, f"{pointer}/{index}")
    elif isinstance(value, str):
        _check_text(value, pointer)
    elif isinstance(value, int | float) and not -_LARGEST_DOUBLE <= value <= _LARGEST_DOUBLE:
        raise BadRequestData("A number is too large for a double", pointer=pointer)


def _check_text(text: str, pointer: str) -> None:
    if "\0" in text:
        raise BadRequestData("The character U+0000 cannot be stored", pointer=pointer)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        code = ord(text[error.start])
        raise InvalidRequest(f"U+{code:04X} is half of a surrogate pair", pointer=pointer) from error


def _printable(name: str) -> str:
    return escape(name.encode("utf-8", "replace").decode())
