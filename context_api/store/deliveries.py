"""Deliveries in the database: lease the queues that are due, settle what became of them.

A queue is a (subscription, entity): its outbox rows go out one after the other. Any number of notifier
processes lease queues; a lease is a uuid and a time, renewed while its holder lives, taken over by another
after it has run out. A settlement that comes with a lease no longer held changes nothing.

Every row is counted in the transaction that changes its state, so that for each subscription
matched = delivered + coalesced + waiting + dead_lettered + cancelled at every moment (design, promise 2).
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from enum import IntEnum
from typing import Any, NamedTuple

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.model import Micros
from context_api.store.batch import EPOCH_LOCK
from context_api.store.database import Database
from context_api.store.queries import load_queries

_SQL = load_queries("deliveries")

_Connection = Connection[TupleRow]


class State(IntEnum):
    """What became of an outbox row; the number is what the store keeps."""

    WAITING = 0
    DELIVERED = 1
    DEAD_LETTERED = 2
    CANCELLED = 3
    COALESCED = 4


class QueueKey(NamedTuple):
    """Names a queue."""

    subscription_key: int
    entity_id: str


class Lease(NamedTuple):
    """A queue, and the right to settle it."""

    subscription_key: int
    entity_id: str
    token: uuid.UUID

    @property
    def queue(self) -> QueueKey:
        return QueueKey(self.subscription_key, self.entity_id)


class OutboxRow(msgspec.Struct, frozen=True, kw_only=True):
    """One notification that waits, with the change it tells of."""

    day: date
    id: int
    trigger: int
    attempts: int
    created_at: Micros
    changed_at: Micros | None
    document: bytes | None
    """The change's document (see codec.decode_change); None where retention has dropped the change."""


class SubscriptionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription as stored; a notifier keeps what it parses until `modified_at` moves."""

    key: int
    tenant_id: int
    tenant: str
    id: str
    document: Any
    context: Any
    is_active: bool
    expires_at: Micros | None
    modified_at: Micros


class LeasedQueue(msgspec.Struct, frozen=True, kw_only=True):
    """A leased queue with its first waiting rows."""

    lease: Lease
    attempts: int
    """Failures in a row of the queue's head."""
    failing_s: float | None
    """For how long nothing of it could be delivered; None if nothing failed."""
    subscription: SubscriptionRow | None
    """None: deleted."""
    rows: tuple[OutboxRow, ...]


class RowResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one row; WAITING is an attempt that failed and will be repeated."""

    day: date
    id: int
    state: State
    attempted: bool = True
    error: str | None = None


class RestResult(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of all rows of a queue that still wait, or of those older than `older_than_s`."""

    state: State
    error: str
    older_than_s: float | None = None


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a lease. If something still waits, the queue is due again after `delay_s`.

    `attempts` are the failures in a row up to now; a row delivered before them begins the failing anew.
    """

    lease: Lease
    rows: tuple[RowResult, ...] = ()
    rest: RestResult | None = None
    attempts: int = 0
    delay_s: float = 0.0


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What a settlement did."""

    held: set[Lease]
    """The leases that were still held; the settlements of the others had no effect."""
    waiting: set[Lease]
    """Those of them whose queue still has rows."""


class DeliveryCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How deliveries stand, over all subscriptions."""

    waiting: int
    dead_lettered: int
    leased: int
    failing: int


def lease_queues(
    database: Database,
    *,
    limit: int,
    per_subscription: int,
    rows_per_queue: int,
    lease_s: float,
    skip: Sequence[int] = (),
) -> list[LeasedQueue]:
    """Lease up to `limit` due queues: at most `per_subscription` of each subscription, none of `skip`."""
    token = uuid.uuid4()
    with database.transaction() as connection:
        heads = connection.execute(
            _SQL["lease_queues"],
            {
                "limit": limit,
                "per_subscription": per_subscription,
                "lease_s": lease_s,
                "lease": token,
                "skip": list(skip),
            },
        ).fetchall()
        if not heads:
            return []
        rows = _get_waiting(connection, heads, rows_per_queue)
        subscriptions = _get_subscriptions(connection, {head[0] for head in heads})
    return [
        LeasedQueue(
            lease=Lease(key, entity_id, token),
            attempts=attempts,
            failing_s=failing_s,
            subscription=subscriptions.get(key),
            rows=tuple(rows[QueueKey(key, entity_id)]),
        )
        for key, entity_id, attempts, failing_s in heads
    ]


def _get_waiting(
    connection: _Connection, heads: Sequence[Sequence[Any]], limit: int
) -> dict[QueueKey, list[OutboxRow]]:
    rows: dict[QueueKey, list[OutboxRow]] = defaultdict(list)
    found = connection.execute(
        _SQL["get_waiting"],
        {
            "subscription_keys": [head[0] for head in heads],
            "entity_ids": [head[1] for head in heads],
            "limit": limit,
        },
    )
    names = OutboxRow.__struct_fields__
    for key, entity_id, *columns in found:
        rows[QueueKey(key, entity_id)].append(OutboxRow(**dict(zip(names, columns, strict=True))))
    return rows


def _get_subscriptions(connection: _Connection, keys: Iterable[int]) -> dict[int, SubscriptionRow]:
    found = connection.execute(_SQL["get_subscriptions"], {"subscription_keys": sorted(keys)})
    names = SubscriptionRow.__struct_fields__
    return {row[0]: SubscriptionRow(**dict(zip(names, row, strict=True))) for row in found}


def renew_leases(database: Database, leases: Sequence[Lease], lease_s: float) -> set[Lease]:
    """Hold these leases for another `lease_s`; returns those still held, the others are lost."""
    with database.transaction() as connection:
        found = connection.execute(_SQL["renew_leases"], {**_columns(leases), "lease_s": lease_s})
        return {Lease(*row) for row in found}


def settle(database: Database, settlements: Sequence[Settlement]) -> Settled:
    """Write down what became of leased queues and give the leases back, in one transaction."""
    with database.transaction() as connection:
        locked = connection.execute(_SQL["lock_leased"], _columns([s.lease for s in settlements]))
        held = {Lease(*row) for row in locked}
        valid = [settlement for settlement in settlements if settlement.lease in held]
        if not valid:
            return Settled(held=held, waiting=set())
        counts = _Counts()
        _settle_rows(connection, valid, counts)
        _settle_rest(connection, valid, counts)
        counts.write(connection)
        return Settled(held=held, waiting=_give_back(connection, valid))


def pause_subscription(database: Database, key: int, reason: str) -> None:
    """Make a subscription inactive: no change that commits after this returns is matched by it.

    What waits is kept until it is resumed or too old. Of one that is gone or paused already nothing changes.
    """
    with database.transaction() as connection:
        # Writers share this lock until they commit (see subscriptions.py): it comes before any row
        connection.execute(_SQL["lock_epoch_of"], {"lock": EPOCH_LOCK, "key": key})
        connection.execute(_SQL["pause_subscription"], {"key": key, "reason": reason})


def get_counts(database: Database) -> DeliveryCounts:
    """How deliveries stand, for metrics."""
    with database.transaction() as connection:
        row = connection.execute(_SQL["count_deliveries"]).fetchone()
    assert row is not None  # noqa: S101 - an aggregate without GROUP BY has one row
    return DeliveryCounts(waiting=row[0], dead_lettered=row[1], leased=row[2], failing=row[3])


def give_up_before(connection: _Connection, day: date, limit: int = 10_000) -> int:
    """Dead-letter up to `limit` rows that wait from before a day: their partitions are about to be dropped.

    Returns how many. Without it, rows that no notifier came for would be gone and never counted.
    """
    values = {"day": day, "limit": limit, "state": int(State.DEAD_LETTERED), "error": "kept no longer"}
    with connection.transaction():
        counts = _Counts()
        changed = connection.execute(_SQL["give_up_before"], values).fetchall()
        counts.add_states(changed)
        counts.write(connection)
    return len(changed)


class _Counts:
    """What one transaction adds to the counters of each subscription."""

    def __init__(self) -> None:
        self.states: dict[int, dict[State, int]] = defaultdict(lambda: defaultdict(int))
        self.sent: dict[int, int] = defaultdict(int)
        self.failed: dict[int, int] = defaultdict(int)
        self.errors: dict[int, str] = {}

    def add_attempts(self, key: int, results: Sequence[RowResult]) -> None:
        for result in results:
            if not result.attempted:
                continue
            self.sent[key] += 1
            if result.state is not State.DELIVERED:
                self.failed[key] += 1
                self.errors[key] = result.error or "failed"

    def add_states(self, changed: Iterable[Sequence[Any]]) -> None:
        for key, state in changed:
            self.states[key][State(state)] += 1

    def write(self, connection: _Connection) -> None:
        keys = sorted(self.states.keys() | self.sent.keys())
        if not keys:
            return
        connection.execute(
            _SQL["add_to_counters"],
            {
                "subscription_keys": keys,
                "delivered": [self.states[key][State.DELIVERED] for key in keys],
                "dead_lettered": [self.states[key][State.DEAD_LETTERED] for key in keys],
                "cancelled": [self.states[key][State.CANCELLED] for key in keys],
                "sent": [self.sent[key] for key in keys],
                "failed": [self.failed[key] for key in keys],
                "errors": [self.errors.get(key) for key in keys],
            },
        )


def _settle_rows(connection: _Connection, settlements: Sequence[Settlement], counts: _Counts) -> None:
    results = [result for settlement in settlements for result in settlement.rows]
    if not results:
        return
    for settlement in settlements:
        counts.add_attempts(settlement.lease.subscription_key, settlement.rows)
    changed = connection.execute(
        _SQL["settle_rows"],
        {
            "days": [result.day for result in results],
            "ids": [result.id for result in results],
            "states": [int(result.state) for result in results],
            "attempted": [result.attempted for result in results],
            "errors": [result.error for result in results],
        },
    )
    counts.add_states(changed)


def _settle_rest(connection: _Connection, settlements: Sequence[Settlement], counts: _Counts) -> None:
    rests = [(s.lease, s.rest) for s in settlements if s.rest is not None]
    if not rests:
        return
    changed = connection.execute(
        _SQL["settle_rest"],
        {
            "subscription_keys": [lease.subscription_key for lease, _ in rests],
            "entity_ids": [lease.entity_id for lease, _ in rests],
            "states": [int(rest.state) for _, rest in rests],
            "errors": [rest.error for _, rest in rests],
            "older_than_s": [rest.older_than_s for _, rest in rests],
        },
    )
    counts.add_states(changed)


def _give_back(connection: _Connection, settlements: Sequence[Settlement]) -> set[Lease]:
    """Remove the queues in which nothing waits, make the others due; returns the leases of those."""
    empty = connection.execute(_SQL["remove_empty_queues"], _queue_columns(settlements))
    removed = {QueueKey(*row) for row in empty}
    rest = [settlement for settlement in settlements if settlement.lease.queue not in removed]
    if rest:
        connection.execute(
            _SQL["release_queues"],
            {
                **_queue_columns(rest),
                "delays_s": [s.delay_s for s in rest],
                "attempts": [s.attempts for s in rest],
                "progressed": [any(row.state is State.DELIVERED for row in s.rows) for s in rest],
            },
        )
    return {settlement.lease for settlement in rest}


def _queue_columns(settlements: Sequence[Settlement]) -> dict[str, list[Any]]:
    return {
        "subscription_keys": [settlement.lease.subscription_key for settlement in settlements],
        "entity_ids": [settlement.lease.entity_id for settlement in settlements],
    }


def _columns(leases: Sequence[Lease]) -> dict[str, list[Any]]:
    return {
        "subscription_keys": [lease.subscription_key for lease in leases],
        "entity_ids": [lease.entity_id for lease in leases],
        "leases": [lease.token for lease in leases],
    }
