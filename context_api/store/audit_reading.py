"""Reading the audit trail: pages of entries, and whole chains to be verified."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.store.audit import INSTALLATION
from context_api.store.audit_chain import Anchor, Finding, Link, Verifier
from context_api.store.database import Database
from context_api.store.queries import load_queries

_SQL = load_queries("audit")
LINKS_AT_ONCE = 5_000
PAGE_MAX = 1_000


class Place(NamedTuple):
    """Where a list goes on: after this entry."""

    at: datetime
    chain: int
    number: int


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries are wanted; None: any."""

    chains: Sequence[int] | None = None
    since: datetime | None = None
    until: datetime | None = None
    principal: str | None = None
    organisation: int | None = None
    verb: str | None = None
    kind: str | None = None
    target: str | None = None
    outcome: str | None = None
    request: str | None = None


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the trail."""

    at: datetime
    chain: int
    tenant: str | None
    """None: of the installation."""
    number: int
    said: dict[str, Any]
    """principal, verb, kind, id, outcome, … (`audit.write_body`)."""
    hash: bytes

    @property
    def place(self) -> Place:
        """Where a list goes on after it."""
        return Place(self.at, self.chain, self.number)


class Head(NamedTuple):
    """The end of a chain."""

    chain: int
    tenant: str | None
    number: int
    at: datetime
    hash: bytes


class Verdict(NamedTuple):
    """What the verification of a chain found."""

    chain: int
    entries: int
    first: int
    """The number of the oldest entry that is kept."""
    finding: Finding | None


def list_entries(
    database: Database, wanted: AuditFilter, *, limit: int, after: Place | None = None
) -> list[Recorded]:
    """Give entries, the newest first; `after` continues a list."""
    named = msgspec.structs.asdict(wanted) | {
        "chains": None if wanted.chains is None else list(wanted.chains),
        "after_at": None if after is None else after.at,
        "after_chain": None if after is None else after.chain,
        "after_number": None if after is None else after.number,
        "limit": min(limit, PAGE_MAX),
    }
    with database.connection() as connection:
        rows = connection.execute(_SQL["list_entries"], named).fetchall()
    return [
        Recorded(at=row[0], chain=row[1], tenant=row[2], number=row[3], said=_said(row[4]), hash=row[5])
        for row in rows
    ]


def iterate_entries(database: Database, wanted: AuditFilter) -> Iterator[Recorded]:
    """Give all entries that are wanted, the newest first, page by page."""
    after: Place | None = None
    while True:
        page = list_entries(database, wanted, limit=PAGE_MAX, after=after)
        yield from page
        if len(page) < PAGE_MAX:
            return
        after = page[-1].place


def list_heads(connection: Connection[TupleRow]) -> list[Head]:
    """Give the end of every chain."""
    return [Head(*row) for row in connection.execute(_SQL["list_heads"]).fetchall()]


def verify(connection: Connection[TupleRow], anchors: Iterable[Anchor] = ()) -> Iterator[Verdict]:
    """Read every chain from its beginning and compare it with its hashes, its head and the anchors.

    It sees one state of the trail: entries that come while it runs are left to the next time.
    """
    known = list(anchors)
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        heads = {head.chain: Anchor(head.chain, head.number, head.hash) for head in list_heads(connection)}
        chains = {row[0] for row in connection.execute(_SQL["list_chains"]).fetchall()}
        for chain in sorted(chains | {one.chain for one in known} | {INSTALLATION}):
            verifier = Verifier(chain, known, heads.get(chain, Anchor(chain, 0, b"")))
            for links in _read_links(connection, chain):
                if not verifier.read(links):
                    break
            yield Verdict(chain, verifier.entries, verifier.first, verifier.finish())


def _read_links(connection: Connection[TupleRow], chain: int) -> Iterator[list[Link]]:
    """Give the links of a chain by number; of two with the same number, the earlier first."""
    last = (-1, 0)
    while True:
        rows = connection.execute(_SQL["read_links"], [chain, *last, LINKS_AT_ONCE]).fetchall()
        yield [Link(chain, row[0], row[1], row[2], row[3], row[4], tuple(row[5:])) for row in rows]
        if len(rows) < LINKS_AT_ONCE:
            return
        last = (rows[-1][0], rows[-1][1])


def _said(body: str) -> dict[str, Any]:
    """Read a body; one that somebody made unreadable is shown as it is, and `verify` names it."""
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        return {"unreadable": body}
