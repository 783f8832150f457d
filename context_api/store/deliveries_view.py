"""What a partner sees of a subscription: how it stands, its deliveries, its dead letters, its statistics."""

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from context_api.ngsild.errors import ResourceNotFound
from context_api.ngsild.model import Micros
from context_api.store.access import Access, Owner
from context_api.store.database import Database
from context_api.store.deliveries_counts import FAILED, LATENCY_STEPS, State, kind_of_state, latency_of_step
from context_api.store.deliveries_model import OutboxRow
from context_api.store.owners import narrowed
from context_api.store.queries import load_queries

_SQL = load_queries("partner")
_NEWEST = 2**63 - 1
_PERCENTILES = (50, 95, 99)


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """How a subscription stands: matched = delivered + coalesced + waiting + dead_lettered + cancelled."""

    key: int
    id: str
    is_active: bool
    status_reason: str | None
    expires_at: Micros | None
    waiting_limit: int | None
    """None: the installation's."""
    matched: int
    delivered: int
    coalesced: int
    dead_lettered: int
    cancelled: int
    not_kept: int
    """Dead letters that are older than they are kept."""
    last_success: Micros | None
    last_failure: Micros | None
    last_error: str | None
    over_limit_at: Micros | None
    endpoint_failures: int
    """In a row."""
    endpoint_rests_until: Micros | None
    organisation_id: int
    owner_role: str
    organisation: str
    """Whose it is, by name."""
    is_disabled: bool
    """Whether its organisation is, or is not in the tenant any more: then it rests."""

    @property
    def owner(self) -> Owner:
        """Whose it is."""
        return Owner(self.organisation_id, self.owner_role)

    @property
    def waiting(self) -> int:
        """Notifications on their way."""
        return self.matched - self.delivered - self.coalesced - self.dead_lettered - self.cancelled


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """One notification and what became of it."""

    id: int
    state: State
    kind: int
    entity_id: str
    sequence: int
    attempts: int
    status: int | None
    error: str | None
    replayed: bool
    duration_ms: int | None
    created_at: Micros
    replayed_at: Micros | None
    settled_at: Micros | None

    @property
    def latency_s(self) -> float | None:
        """From the change (or from when it was asked for again) to the receiver's answer."""
        if self.state is not State.DELIVERED or self.settled_at is None:
            return None
        return max(0.0, (self.settled_at - (self.replayed_at or self.created_at)) / 1e6)


class Hour(msgspec.Struct, frozen=True, kw_only=True):
    """What happened within an hour (UTC)."""

    at: Micros
    delivered: int
    failed: int
    """Attempts that failed."""
    dead_lettered: int
    coalesced: int
    cancelled: int


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """The last hours of a subscription."""

    hours: list[Hour]
    latency_s: dict[int, float]
    """Percentile -> seconds, at most 26 % too high; empty where nothing was delivered."""
    oldest_waiting: Micros | None


def find_key(database: Database, access: Access, subscription_id: str) -> int:
    """Give the key of a subscription. Raises ResourceNotFound."""
    with database.connection() as connection:
        row = connection.execute(
            _SQL["find_key"], {"tenant_id": access.tenant_id, "id": subscription_id, **narrowed(access)}
        ).fetchone()
    if row is None:
        raise ResourceNotFound(f"the subscription {subscription_id} does not exist")
    key: int = row[0]
    return key


def get_overview(database: Database, access: Access, subscription_id: str) -> Overview:
    """Raises ResourceNotFound."""
    found = list_overviews(database, access, limit=1, subscription_id=subscription_id)
    if not found:
        raise ResourceNotFound(f"the subscription {subscription_id} does not exist")
    return found[0]


def list_overviews(
    database: Database,
    access: Access,
    *,
    limit: int,
    after: str = "",
    subscription_id: str | None = None,
) -> list[Overview]:
    """Give a page by id, those after an id."""
    with database.connection() as connection:
        rows = connection.execute(
            _SQL["list_overviews"],
            {
                "tenant_id": access.tenant_id,
                "id": subscription_id,
                "after": after,
                "limit": limit,
                **narrowed(access),
            },
        ).fetchall()
    names = Overview.__struct_fields__
    return [Overview(**dict(zip(names, row, strict=True))) for row in rows]


def list_deliveries(
    database: Database, key: int, *, limit: int, before: int | None = None, states: Sequence[State] = ()
) -> list[DeliveryView]:
    """Give the newest notifications; `before` an id continues a list."""
    with database.connection() as connection:
        rows = connection.execute(
            _SQL["list_deliveries"],
            {
                "subscription_key": key,
                "states": [int(state) for state in (states or tuple(State))],
                "before": _NEWEST if before is None else before,
                "limit": limit,
            },
        ).fetchall()
    names = DeliveryView.__struct_fields__
    return [DeliveryView(**dict(zip(names, (row[0], State(row[1]), *row[2:]), strict=True))) for row in rows]


def get_dead_letter(database: Database, key: int, delivery_id: int) -> tuple[str, OutboxRow]:
    """Give the entity and the row of a dead letter. Raises ResourceNotFound."""
    with database.connection() as connection:
        row = connection.execute(
            _SQL["get_dead_letter"], {"subscription_key": key, "id": delivery_id}
        ).fetchone()
    if row is None:
        raise ResourceNotFound(f"the subscription has no dead letter {delivery_id}")
    entity_id, *columns = row
    return entity_id, OutboxRow(**dict(zip(OutboxRow.__struct_fields__, columns, strict=True)))


def get_statistics(database: Database, key: int, hours: int) -> Statistics:
    """What happened within the last hours."""
    with database.connection() as connection:
        rows = connection.execute(_SQL["get_stats"], {"subscription_key": key, "hours": hours}).fetchall()
        oldest = connection.execute(_SQL["get_oldest_waiting"], {"subscription_key": key}).fetchone()
    by_hour: dict[Micros, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    steps: dict[int, int] = defaultdict(int)
    for hour, kind, count in rows:
        by_hour[hour][kind] += count
        if kind <= LATENCY_STEPS:
            steps[kind] += count
    return Statistics(
        hours=[_hour(at, kinds) for at, kinds in sorted(by_hour.items())],
        latency_s=percentiles(steps),
        oldest_waiting=oldest[0] if oldest is not None else None,
    )


def percentiles(steps: dict[int, int]) -> dict[int, float]:
    """Give the latency that so many percent of the deliveries stayed within."""
    total = sum(steps.values())
    found: dict[int, float] = {}
    for percent in _PERCENTILES if total else ():
        passed = 0
        for step in sorted(steps):
            passed += steps[step]
            if passed * 100 >= total * percent:
                found[percent] = latency_of_step(step)
                break
    return found


def _hour(at: Micros, kinds: dict[int, int]) -> Hour:
    def of(state: State) -> int:
        return kinds.get(kind_of_state(state), 0)

    return Hour(
        at=at,
        delivered=sum(count for kind, count in kinds.items() if kind <= LATENCY_STEPS),
        failed=kinds.get(FAILED, 0),
        dead_lettered=of(State.DEAD_LETTERED),
        coalesced=of(State.COALESCED),
        cancelled=of(State.CANCELLED),
    )
