"""The names of response headers, written as the specifications write them.

HTTP takes names in any case and uvicorn sends them in lower case; clients exist that look for `Location`.
"""

import asyncio
from typing import Any, Protocol

_SPECIAL = {b"ngsild": b"NGSILD", b"www": b"WWW", b"etag": b"ETag"}
_INTERIM = b"HTTP/1.1 100 "
_NAMES_MAX = 256
_JOINED_MAX = 64 * 1024
"""Bytes of a body that are worth a copy to save a system call."""


class Cycle(Protocol):
    """What answers one request by way of a transport."""

    transport: Any


class HeadWriter:
    """Stands in for the transport of a cycle until the response has begun.

    The head waits for the body that follows in the same turn of the loop, so that one system call sends both;
    a body that comes later does not keep it back.
    """

    __slots__ = ("_cycle", "_head", "_transport")

    def __init__(self, cycle: Cycle) -> None:
        self._cycle = cycle
        self._transport = cycle.transport
        self._head: bytes | None = None
        cycle.transport = self

    def write(self, data: bytes, /) -> None:
        """Keep the head, its names put right; what follows goes with it to the transport itself."""
        if self._head is not None:
            head, self._head = self._head, None
            self._cycle.transport = self._transport
            self._transport.write(head + data if len(data) <= _JOINED_MAX else head)
            if len(data) > _JOINED_MAX:
                self._transport.write(data)
        elif data.startswith(_INTERIM):
            self._transport.write(data)
        else:
            self._head = capitalize_head(data)
            asyncio.get_running_loop().call_soon(self._flush)

    def close(self) -> None:
        """Close the transport behind what was written."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._head is not None:
            self.write(b"")

    def __getattr__(self, name: str) -> Any:
        """All else is the transport's."""
        return getattr(self._transport, name)


def capitalize_head(head: bytes) -> bytes:
    """Capitalize the names in the head of a response, which ends with an empty line."""
    lines = head.split(b"\r\n")
    for index in range(1, len(lines) - 2):
        name, colon, value = lines[index].partition(b":")
        lines[index] = (_known.get(name) or _capitalize(name)) + colon + value
    return b"\r\n".join(lines)


_known: dict[bytes, bytes] = {}


def _capitalize(name: bytes) -> bytes:
    parts = name.lower().split(b"-")
    capitalized = b"-".join([_SPECIAL.get(part) or part.capitalize() for part in parts])
    if len(_known) < _NAMES_MAX:
        _known[name] = capitalized
    return capitalized
