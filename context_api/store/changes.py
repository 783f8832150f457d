"""Committed changes in the order of their numbers, for streams (design, section 4).

A number is drawn before its transaction commits. It is settled once every transaction that had begun to draw
by then has ended: all smaller numbers are visible then, or never will be.
"""

import time
from collections import deque
from typing import NamedTuple

from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.model import Micros
from context_api.store.database import Database
from context_api.store.partitions import RETENTION_DAYS
from context_api.store.queries import load_queries

_SQL = load_queries("changes")
PAGE_ROWS = 500
PAGE_BYTES = 16 * 2**20
"""A page ends after so many bytes of documents."""
_SAMPLES_MAX = 64
_SETTLE_EVERY_S = 0.02


class ChangeRow(NamedTuple):
    """A committed change; the document only where its tenant was asked for."""

    seq: int
    tenant_id: int
    trigger: int
    at: Micros
    document: bytes | None


class Page(NamedTuple):
    """Changes in order, and up to which number this is all."""

    rows: list[ChangeRow]
    until: int


class _Sample(NamedTuple):
    """A number, and a transaction that began after all that may have drawn up to it."""

    seq: int
    transaction: int


class SettledNumbers:
    """Finds up to which number all is settled; for one thread."""

    def __init__(self) -> None:
        self._samples: deque[_Sample] = deque()
        self._settled = -1

    def look(self, connection: Connection[TupleRow]) -> int:
        """Give the number up to which nothing is missing any more; -1 where that is not known yet."""
        newest = _ask(connection, "get_last_number")
        if newest <= self._settled:
            return self._settled
        if not self._samples or newest > self._samples[-1].seq:
            if len(self._samples) >= _SAMPLES_MAX:
                self._samples.pop()
            self._samples.append(_Sample(newest, _ask(connection, "take_transaction")))
        oldest_running = _ask(connection, "get_oldest_running")
        while self._samples and self._samples[0].transaction < oldest_running:
            self._settled = self._samples.popleft().seq
        return self._settled


def wait_settled(database: Database, timeout_s: float) -> int | None:
    """Wait until no change is missing of those that have a number now; gives the number that was drawn last.

    None where a transaction takes longer than the timeout, in seconds.
    """
    deadline = time.monotonic() + timeout_s
    numbers = SettledNumbers()
    newest = get_last_number(database)
    while True:
        with database.connection() as connection:
            if numbers.look(connection) >= newest:
                return newest
        if time.monotonic() >= deadline:
            return None
        time.sleep(_SETTLE_EVERY_S)


def get_changes(
    connection: Connection[TupleRow], tenants: list[int], after: int, until: int, *, limit: int = PAGE_ROWS
) -> Page:
    """Read a page of settled changes; the documents of other tenants are left out."""
    values = {
        "tenants": tenants,
        "after": after,
        "until": until,
        "limit": limit,
        "max_bytes": PAGE_BYTES,
    }
    found = connection.execute(_SQL["get_changes"], values).fetchall()
    rows = [ChangeRow(*row[:5]) for row in found]
    is_whole = not found or (len(found) == found[0][5] and len(found) < limit)
    return Page(rows, until if is_whole else rows[-1].seq)


def get_last_number(database: Database) -> int:
    """Give the number that was drawn last; its change may not be committed yet."""
    with database.connection() as connection:
        return _ask(connection, "get_last_number")


def get_first_kept(database: Database) -> int | None:
    """Give the number of the oldest change that is kept; None where there is none."""
    with database.connection() as connection:
        row = connection.execute(_SQL["get_first_kept"], {"days": RETENTION_DAYS["change"]}).fetchone()
    return None if row is None else row[0]


def get_identity(database: Database) -> str:
    """Name the database: sequence numbers of another one mean nothing here."""
    with database.connection() as connection:
        row = connection.execute(_SQL["get_identity"]).fetchone()
    if row is None:
        raise RuntimeError("BUG: the database has no row in pg_database")
    name: str = row[0]
    return name


def _ask(connection: Connection[TupleRow], query: str) -> int:
    row = connection.execute(_SQL[query]).fetchone()
    number: int = row[0] if row is not None else 0
    return number
