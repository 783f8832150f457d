"""The chain of the audit trail: what an entry's hash is made of, and how a broken chain is found. No I/O.

An entry's hash covers its content and the hash before it, so that whoever changes, removes, inserts or moves
an entry has to make every later hash anew; those that were noted elsewhere (anchors) then no longer fit.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

GENESIS = bytes(32)
"""What stands for the hash before the first entry."""
EXPIRED = "expire"
"""The verb of an entry that says which older ones were dropped by retention …"""
TRAIL = "audit"
"""… and its kind."""


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as it is stored; the columns that repeat its body are in `repeated`."""

    chain: int
    number: int
    at: int
    """Microseconds since 1970."""
    body: str
    previous: bytes
    hash: bytes
    repeated: tuple[Any, ...] = ()


REPEATED = ("principal", "organisation", "verb", "kind", "id", "outcome", "request")
"""The members of a body that have a column."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The end of a chain as it once was."""

    chain: int
    number: int
    hash: bytes


class Fault(StrEnum):
    """What can be wrong with a chain; each is a tampering, or a damage."""

    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    BEGINNING = "beginning removed"
    TAIL = "tail removed"
    REWRITTEN = "rewritten"


@dataclass(frozen=True, slots=True)
class Finding:
    """The first entry of a chain that is not as it was."""

    chain: int
    number: int
    fault: Fault
    detail: str


def hash_of(previous: bytes, chain: int, number: int, at: int, body: str) -> bytes:
    """Hash an entry: SHA-256 of what was before it, of its place (big-endian), its time and its text."""
    place = chain.to_bytes(4, "big", signed=True) + number.to_bytes(8, "big", signed=True)
    return hashlib.sha256(previous + place + at.to_bytes(8, "big", signed=True) + body.encode()).digest()


class Verifier:
    """Reads one chain in the order of its numbers, some links at a time, and keeps what it has to compare."""

    def __init__(self, chain: int, anchors: Iterable[Anchor] = (), head: Anchor | None = None) -> None:
        self._chain = chain
        self._anchors = {one.number: one.hash for one in anchors if one.chain == chain}
        self._head = head
        self._last: Link | None = None
        self._beginning: Link | None = None
        self._is_attested = False
        self.entries = 0
        self.finding: Finding | None = None

    @property
    def first(self) -> int:
        """The number of the oldest entry; above 1, those before it expired."""
        return 0 if self._beginning is None else self._beginning.number

    def read(self, links: Sequence[Link]) -> bool:
        """Look at the next links. False: something is wrong, and no more need be read."""
        for link in links:
            self.finding = self._judge(link)
            if self.finding is not None:
                return False
            self.entries += 1
            self._is_attested = self._is_attested or _attests(link, self._beginning)
            self._last = link
        return True

    def finish(self) -> Finding | None:
        """Say what is wrong, once all were read."""
        if self.finding is None:
            self.finding = self._judge_end()
        return self.finding

    def _judge(self, link: Link) -> Finding | None:
        misplaced = self._judge_place(link)
        if misplaced is not None:
            return misplaced
        if hash_of(link.previous, link.chain, link.number, link.at, link.body) != link.hash:
            return self._found(link.number, Fault.CHANGED, "its hash is not that of its content")
        if link.repeated and link.repeated != repeated_of(link.body):
            return self._found(link.number, Fault.CHANGED, "its columns differ from its content")
        if self._anchors.get(link.number, link.hash) != link.hash:
            return self._found(link.number, Fault.REWRITTEN, "an anchor has another hash for this entry")
        return None

    def _judge_place(self, link: Link) -> Finding | None:
        last = self._last
        if last is None:
            self._beginning = link
            is_first = link.number == 1 and link.previous != GENESIS
            return self._found(1, Fault.CHANGED, "the first entry follows nothing") if is_first else None
        if link.number == last.number:
            return self._found(link.number, Fault.INSERTED, "two entries have this number")
        if link.number != last.number + 1:
            missing = link.number - last.number - 1
            return self._found(last.number + 1, Fault.REMOVED, f"{missing} missing before {link.number}")
        if link.at < last.at:
            return self._found(link.number, Fault.REORDERED, "it is earlier than the entry before it")
        if link.previous != last.hash:
            return self._found(link.number, Fault.INSERTED, "it does not follow the entry before it")
        return None

    def _judge_end(self) -> Finding | None:
        last = self._last
        reached = 0 if last is None else last.number
        for number in sorted(self._anchors):
            if number > reached:
                return self._found(
                    reached + 1, Fault.TAIL, f"an anchor knows entries up to {max(self._anchors)}"
                )
        if self._head is not None and self._head.number != reached:
            return self._found(reached + 1, Fault.TAIL, f"the chain's head is at {self._head.number}")
        if self._head is not None and last is not None and self._head.hash != last.hash:
            return self._found(last.number, Fault.CHANGED, "the chain's head has another hash")
        beginning = self._beginning
        if beginning is not None and beginning.number > 1 and not self._is_attested:
            return self._found(
                1, Fault.BEGINNING, f"no entry says that those before {beginning.number} expired"
            )
        return None

    def _found(self, number: int, fault: Fault, detail: str) -> Finding:
        return Finding(self._chain, number, fault, detail)


def repeated_of(body: str) -> tuple[Any, ...]:
    """Give the members of a body that have a column; an unreadable body has none."""
    try:
        said = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        return ()
    return tuple(said.get(name) for name in REPEATED)


def _attests(link: Link, beginning: Link | None) -> bool:
    """Whether an entry says that all before the beginning were dropped, and what the last hash was."""
    if beginning is None or beginning.number == 1 or f'"verb":"{EXPIRED}"' not in link.body:
        return False
    said = msgspec.json.decode(link.body, type=dict[str, Any])
    if (said.get("verb"), said.get("kind")) != (EXPIRED, TRAIL):
        return False
    after = said.get("after") or {}
    return (after.get("through"), after.get("hash")) == (beginning.number - 1, beginning.previous.hex())
