"""The names of response headers, written as the specifications write them.

HTTP takes names in any case and uvicorn sends them in lower case; clients exist that look for `Location`.
"""

from typing import Any, Protocol

_SPECIAL = {b"ngsild": b"NGSILD", b"www": b"WWW", b"etag": b"ETag"}
_INTERIM = b"HTTP/1.1 100 "
_NAMES_MAX = 256


class Cycle(Protocol):
    """What answers one request by way of a transport."""

    transport: Any


class HeadWriter:
    """Stands in for the transport of a cycle until the head of its response is written."""

    __slots__ = ("_cycle", "_transport")

    def __init__(self, cycle: Cycle) -> None:
        self._cycle = cycle
        self._transport = cycle.transport
        cycle.transport = self

    def write(self, data: bytes, /) -> None:
        """Write the head with its names put right; what follows goes to the transport itself."""
        if not data.startswith(_INTERIM):
            self._cycle.transport = self._transport
            data = capitalize_head(data)
        self._transport.write(data)

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
