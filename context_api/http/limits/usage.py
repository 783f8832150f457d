"""Who used what: counted in memory, written some seconds later; a process that is killed loses those."""

import time
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry, Counter
from starlette.types import Scope

from context_api.http.auth import ANYONE
from context_api.http.permissions import PERMISSIONS, Permission
from context_api.ngsild.model import Entity, Iri
from context_api.policy.principal import Principal
from context_api.store.usage import UsageKey, Used

FLUSH_S = 5.0
KEYS_MAX = 10_000
"""So many different rows may wait; what is above is counted without its entity type."""
JAPAN = timezone(timedelta(hours=9), "JST")
_NOTED = "machi.usage"
_TOO_MANY = 429


class Noted(msgspec.Struct):
    """What a route says of an answer."""

    types: dict[Iri, int] = msgspec.field(default_factory=dict)
    written: int | None = None


def note_entities(scope: Scope, entities: Iterable[Entity]) -> None:
    """Note what is returned; an entity of several types counts as of the first."""
    types = _noted(scope).types
    for entity in entities:
        first = entity.types[0]
        types[first] = types.get(first, 0) + 1


def note_written(scope: Scope, count: int) -> None:
    """Note how many entities a batch wrote; without a note a write counts as one."""
    _noted(scope).written = count


def note_rows(scope: Scope, count: int) -> None:
    """Count rows of an export, when it ends."""
    counter: UsageCounter | None = scope.get("machi.counter")
    if counter is not None:
        counter.count_more(scope, export_rows=count)


def note_events(scope: Scope, count: int) -> None:
    """Count events that a live stream was sent; at once, for it may last an hour."""
    counter: UsageCounter | None = scope.get("machi.counter")
    if counter is not None and count:
        counter.count_more(scope, stream_events=count)


class UsageCounter:
    """Adds up what is used, by day of Japan, tenant, organisation, role and entity type."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._used: dict[UsageKey, Used] = {}
        self._written: dict[str, int] = {}
        self._totals: dict[str, int] = {}
        self._day = _today()
        self._day_ends = _next_midnight()
        self._flushed = Counter(
            "machi_usage_rows", "Rows of usage, by what became of them", ("result",), registry=registry
        )

    def count(self, scope: Scope, status: int, size: int) -> None:
        """Count a request that was answered."""
        principal: Principal | None = scope.get("machi.principal")
        route = scope.get("route")
        if principal is None or principal is ANYONE or route is None or "machi.tenant" not in scope:
            return
        if PERMISSIONS.get(route.name, Permission.OPEN) is Permission.OPEN:
            return
        self._turn_day()
        noted: Noted | None = scope.get(_NOTED)
        first = next(iter(noted.types), "") if noted is not None else ""
        used = self._row(principal, scope["machi.tenant"], first)
        used.requests += 1
        used.bytes += size
        if status == _TOO_MANY:
            used.refused += 1
        if noted is not None and status < 400:
            for type_, number in noted.types.items():
                self._row(principal, scope["machi.tenant"], type_).entities += number
        if status < 300 and scope["method"] in ("POST", "PUT", "PATCH", "DELETE"):
            self._count_written(noted, principal, scope, used)

    def count_more(self, scope: Scope, *, export_rows: int = 0, stream_events: int = 0) -> None:
        """Count what is told apart from an answer."""
        self._turn_day()
        principal: Principal = scope["machi.principal"]
        if principal is not ANYONE:
            used = self._row(principal, scope["machi.tenant"], "")
            used.export_rows += export_rows
            used.stream_events += stream_events

    def written_today(self, subject: str) -> int:
        """Give how many entities a subject has written today, as far as is known here."""
        self._turn_day()
        return self._totals.get(subject, 0) + self._written.get(subject, 0)

    def take(self) -> tuple[dict[UsageKey, Used], dict[str, int], date]:
        """Give what was counted, and begin anew."""
        used, self._used = self._used, {}
        written, self._written = self._written, {}
        for subject, count in written.items():
            self._totals[subject] = self._totals.get(subject, 0) + count
        return used, written, self._day

    def put_back(self, used: dict[UsageKey, Used], written: dict[str, int], day: date) -> None:
        """Keep what could not be written for the next time."""
        self._flushed.labels("delayed").inc(len(used))
        for key, one in used.items():
            self._at(key).add(one)
        if day == self._day:
            for subject, count in written.items():
                self._written[subject] = self._written.get(subject, 0) + count
                self._totals[subject] = self._totals.get(subject, 0) - count

    def learn_totals(self, totals: dict[str, int], count: int) -> None:
        """Take what all processes have written together, once ours is written."""
        self._totals = totals
        self._flushed.labels("written").inc(count)

    def _turn_day(self) -> None:
        if time.time() >= self._day_ends:
            self._day, self._day_ends = _today(), _next_midnight()
            self._written, self._totals = {}, {}

    def _row(self, principal: Principal, tenant: str, type_: Iri) -> Used:
        return self._at(UsageKey(self._day, tenant, principal.organisation or 0, str(principal.role), type_))

    def _at(self, key: UsageKey) -> Used:
        used = self._used.get(key)
        if used is None:
            if len(self._used) >= KEYS_MAX and key.type:
                return self._at(key._replace(type=""))
            used = self._used[key] = Used()
        return used

    def _count_written(self, noted: Noted | None, principal: Principal, scope: Scope, used: Used) -> None:
        permission = PERMISSIONS.get(scope["route"].name)
        if permission not in (Permission.ENTITIES_WRITE, Permission.HISTORY_WRITE):
            return
        count = 1 if noted is None or noted.written is None else noted.written
        used.written += count
        for subject in (principal.name, f"organisation:{principal.organisation}"):
            self._written[subject] = self._written.get(subject, 0) + count


def _noted(scope: Scope) -> Noted:
    found: Any = scope.get(_NOTED)
    if found is None:
        found = scope[_NOTED] = Noted()
    noted: Noted = found
    return noted


def _today() -> date:
    return datetime.now(UTC).astimezone(JAPAN).date()


def _next_midnight() -> float:
    tomorrow = _today() + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=JAPAN).timestamp()
