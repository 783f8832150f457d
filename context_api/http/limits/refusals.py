"""Refusals that matter, for the audit trail: counted per minute and source, so that nobody can fill it."""

from collections import Counter
from datetime import UTC, datetime
from typing import NamedTuple

from starlette.types import Scope

from context_api.http.acting import client_address
from context_api.policy.principal import Principal
from context_api.store.audit import Entry, Origin

EVERY_S = 60.0
SOURCES_MAX = 2_000
"""So many different refusals are told apart in a minute; what is above is counted together."""
ENTRIES_MAX = 20
"""So many entries are written per minute and process: the most frequent ones, and one for the rest."""
_COOKIE = b"cookie"
_AUTHORIZATION = b"authorization"
_REASONS = {401: "credential refused", 403: "forbidden"}


class Refusal(NamedTuple):
    """What is counted together."""

    status: int
    principal: str
    organisation: int | None
    address: str | None
    tenant: str
    operation: str


_REST = Refusal(0, "unknown", None, None, "", "others")


class Refusals:
    """Counts refused requests that showed a credential, or were made by somebody who is known."""

    def __init__(self) -> None:
        self._counts: Counter[Refusal] = Counter()
        self._since = datetime.now(UTC)

    def count(self, scope: Scope, status: int) -> None:
        """Count a request that was answered with 401 or 403."""
        if status not in _REASONS:
            return
        principal: Principal | None = scope.get("machi.principal")
        if status == 401 and not _shows_credential(scope):
            return
        is_known = principal is not None and status == 403
        refusal = Refusal(
            status,
            principal.name if principal is not None and is_known else "unknown",
            principal.organisation if principal is not None and is_known else None,
            client_address(scope),
            _tenant(scope),
            getattr(scope.get("route"), "name", None) or "none",
        )
        if refusal not in self._counts and len(self._counts) >= SOURCES_MAX:
            refusal = _REST
        self._counts[refusal] += 1

    def take(self) -> list[tuple[Origin, Entry]]:
        """Give the entries of what was counted, and begin anew."""
        counts, self._counts = self._counts, Counter()
        since, self._since = self._since, datetime.now(UTC)
        if not counts:
            return []
        rest = counts.pop(_REST, 0)
        kept = counts.most_common(ENTRIES_MAX)
        rest += counts.total() - sum(count for _, count in kept)
        found = [_entry(refusal, count, since, self._since) for refusal, count in kept]
        return [*found, _entry(_REST, rest, since, self._since)] if rest else found


def _entry(refusal: Refusal, count: int, since: datetime, until: datetime) -> tuple[Origin, Entry]:
    after: dict[str, object] = {"count": count, "since": since, "until": until}
    after |= {"status": refusal.status, "tenant": refusal.tenant}
    entry = Entry(
        verb="refuse",
        kind="request",
        id=refusal.operation,
        outcome="refused",
        after=after,
        reason=_REASONS.get(refusal.status),
    )
    return Origin(refusal.principal, refusal.organisation, refusal.address), entry


def _shows_credential(scope: Scope) -> bool:
    return any(name in (_AUTHORIZATION, _COOKIE) for name, _ in scope["headers"])


def _tenant(scope: Scope) -> str:
    """Give the tenant that was asked for, also where the gate refused it."""
    for name, value in scope["headers"]:
        if name == b"ngsild-tenant":
            return str(value.decode("latin-1")[:63])
    return str(scope.get("machi.tenant", ""))
