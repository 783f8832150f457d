"""Where a process has its changes from: the database, or what another process read there and published.

Both say the same, change by change, so it goes from one to the other at any number: every change of a tenant
that somebody listens to is given once, in order.
"""

import time
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

import structlog

from context_api.http.live.fanout import READ_MS, SILENCE_S, Entry, Fanout, FanoutAway, Row
from context_api.store.changes import ChangeRow, Page, SettledNumbers, get_changes
from context_api.store.database import Database
from context_api.store.errors import StoreError, is_transient

log = structlog.get_logger("stream")

DATABASE = "database"
REDIS = "redis"
_CHAIN_MAX = 64
"""Entries that are kept while the database is read up to where they begin."""
_ANCHOR_S = 1.0


class Look(NamedTuple):
    """What a look gave, and whether another is due at once."""

    rows: list[ChangeRow]
    is_more: bool
    source: str


class _Chain:
    """Entries of one tenant without a gap between them."""

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque()
        self.heard_at = 0.0

    def add(self, entry: Entry) -> None:
        self.heard_at = time.monotonic()
        end = self.entries[-1].until if self.entries else -1
        if self.entries and entry.after > end:
            self.entries.clear()
        elif self.entries and entry.until <= end:
            return  # two that publish at once say the same twice
        elif self.entries:
            entry = Entry(end, entry.until, [row for row in entry.rows if row.seq > end])
        self.entries.append(entry)
        if len(self.entries) > _CHAIN_MAX:
            self.entries.popleft()

    def covers(self, position: int) -> bool:
        """Whether it tells all that comes after a number, and somebody still tells it."""
        is_heard = time.monotonic() - self.heard_at < SILENCE_S
        return is_heard and bool(self.entries) and self.entries[0].after <= position

    def take(self, position: int) -> tuple[list[Row], int]:
        """Give what it tells after a number, and up to which."""
        rows = [row for entry in self.entries for row in entry.rows if row.seq > position]
        until = self.entries[-1].until
        # What comes next has to begin here
        self.entries = deque([Entry(until, until, ())])
        return rows, max(until, position)


class ChangeReader:
    """Used by one thread; the positions are set between two looks."""

    def __init__(self, database: Database, connect: Callable[[], Fanout] | None) -> None:
        """`connect` is tried again after a StoreError that may pass, not after another or a ValueError."""
        self._database = database
        self._connect = connect
        self.fanout: Fanout | None = None
        self._chains: defaultdict[int, _Chain] = defaultdict(_Chain)
        self._anchored_at = 0.0
        self._anchored: frozenset[int] = frozenset()
        self.begin()

    def begin(self) -> None:
        """Forget where it was: who comes next begins with what is new then."""
        self._settled = SettledNumbers()
        self._positions: dict[int, int] = {}
        self._newest = -1
        self._chains.clear()
        self._anchored = frozenset()

    @property
    def is_ready(self) -> bool:
        """Whether it is known where to begin."""
        return self._newest >= 0

    def position(self, tenant_id: int) -> int:
        """Up to which number all changes of a tenant were given; one that is new begins here."""
        return self._positions.get(tenant_id, self._newest)

    def follow(self, tenant_id: int) -> int:
        """Give a tenant's changes from now on; returns after which number."""
        return self._positions.setdefault(tenant_id, self._newest)

    def forget(self, tenant_id: int) -> None:
        """Give them no more."""
        self._positions.pop(tenant_id, None)
        self._chains.pop(tenant_id, None)

    def look(self) -> Look:
        """Give the changes that came. Raises StoreError."""
        fanout = self._fanout()
        tenants = sorted(self._positions)
        if fanout is not None and fanout.is_up and not fanout.is_publisher and tenants:
            try:
                found = self._from_redis(fanout, tenants)
            except FanoutAway:
                self._chains.clear()
                self._anchored = frozenset()
            else:
                if found is not None:
                    return found
        return self._from_database(fanout, tenants)

    def _fanout(self) -> Fanout | None:
        if self.fanout is None and self._connect is not None:
            try:
                self.fanout = self._connect()
            except (StoreError, ValueError) as error:
                if is_transient(error):
                    raise
                # Its text may hold the address, and that a password
                log.warning("changes_are_not_shared", reason=type(error).__name__)
                self._connect = None
        return self.fanout

    def _from_redis(self, fanout: Fanout, tenants: Collection[int]) -> Look | None:
        """Give what was published; None where it does not reach back to where we are."""
        self._anchor(fanout, tenants)
        is_following = self._covers(tenants)
        for tenant_id, entry in fanout.read(tenants, READ_MS if is_following else 0):
            self._chains[tenant_id].add(entry)
        if not self._covers(tenants):
            return None
        rows: list[ChangeRow] = []
        for tenant_id in tenants:
            own, until = self._chains[tenant_id].take(self._positions[tenant_id])
            rows += [ChangeRow(row.seq, tenant_id, row.trigger, row.at, row.document) for row in own]
            self._advance(tenant_id, until)
        return Look(sorted(rows), True, REDIS)

    def _anchor(self, fanout: Fanout, tenants: Collection[int]) -> None:
        """Begin with what is published from now on, where that was not said yet or nobody is heard."""
        asked = frozenset(tenants)
        is_due = time.monotonic() - self._anchored_at >= _ANCHOR_S and not self._covers(tenants)
        new = asked - self._anchored
        if is_due:
            new = frozenset(one for one in tenants if self._is_silent(one))
        if new:
            self._anchored_at = time.monotonic()
            fanout.anchor(new)
        self._anchored = asked

    def _is_silent(self, tenant_id: int) -> bool:
        return time.monotonic() - self._chains[tenant_id].heard_at >= SILENCE_S

    def _covers(self, tenants: Iterable[int]) -> bool:
        return all(self._chains[one].covers(self._positions[one]) for one in tenants)

    def _from_database(self, fanout: Fanout | None, tenants: Collection[int]) -> Look:
        others = fanout.wanted if fanout is not None and fanout.is_up and fanout.is_publisher else frozenset()
        with self._database.connection() as connection:
            settled = self._settled.look(connection)
            if self._newest < 0 or settled < 0:
                self._newest = max(self._newest, settled)
                return Look([], settled >= 0, DATABASE)
            after = min(self._positions.values(), default=self._newest)
            page = Page([], max(after, settled))
            if settled > after:
                page = get_changes(connection, sorted({*tenants, *others}), after, settled)
        if others and fanout is not None:
            fanout.publish(after, page.until, _of_tenants(page.rows, others))
        rows = [row for row in page.rows if row.seq > self._positions.get(row.tenant_id, page.until)]
        self._newest = max(self._newest, page.until)
        for tenant_id in tenants:
            self._advance(tenant_id, page.until)
        return Look(rows, page.until < settled, DATABASE)

    def _advance(self, tenant_id: int, until: int) -> None:
        self._positions[tenant_id] = max(self._positions[tenant_id], until)
        self._newest = max(self._newest, until)


def _of_tenants(rows: Iterable[ChangeRow], tenants: Iterable[int]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {tenant_id: [] for tenant_id in tenants}
    for row in rows:
        if row.tenant_id in found and row.document is not None:
            found[row.tenant_id].append(Row(row.seq, row.trigger, row.at, row.document))
    return found
