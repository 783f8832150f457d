"""Deliveries in the database: lease the queues that are due, settle what became of them.

A queue is a (subscription, entity): its outbox rows go out one after the other. Any number of notifier
processes lease queues; a lease is a uuid and a time, renewed while its holder lives, taken over by another
after it has run out. A settlement that comes with a lease no longer held changes nothing.

Every row is counted in the transaction that changes its state, so that for each subscription
matched = delivered + coalesced + waiting + dead_lettered + cancelled at every moment (design, promise 2).
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.store.batch import EPOCH_LOCK
from context_api.store.database import Database
from context_api.store.deliveries_counts import Counts, State
from context_api.store.deliveries_model import (
    CHANGE,
    PERIODIC,
    REST,
    DeliveryCounts,
    Lease,
    LeasedQueue,
    OutboxRow,
    QueueKey,
    RestPolicy,
    RestResult,
    RowResult,
    Settled,
    Settlement,
    SubscriptionRow,
)
from context_api.store.queries import load_queries

__all__ = [
    "CHANGE",
    "PERIODIC",
    "REST",
    "DeliveryCounts",
    "Lease",
    "LeasedQueue",
    "OutboxRow",
    "QueueKey",
    "RestPolicy",
    "RestResult",
    "RowResult",
    "Settled",
    "Settlement",
    "State",
    "SubscriptionRow",
    "get_counts",
    "get_subscription_row",
    "give_up_before",
    "keep_documents",
    "lease_queues",
    "pause_subscription",
    "renew_leases",
    "settle",
    "throttling_s",
]

_SQL = load_queries("deliveries")

_Connection = Connection[TupleRow]


def lease_queues(
    database: Database,
    *,
    limit: int,
    per_subscription: int,
    rows_per_queue: int,
    lease_s: float,
    skip: Sequence[int] = (),
    rest: RestPolicy = REST,
) -> list[LeasedQueue]:
    """Lease up to `limit` due queues: at most `per_subscription` of each subscription, none of `skip`.

    Of a throttled subscription only the newest row of each queue is left, the others count as coalesced.
    """
    token = uuid.uuid4()
    with database.transaction() as connection:
        connection.execute(_SQL["commit_lazily"])
        heads = connection.execute(
            _SQL["lease_queues"],
            {
                "limit": limit,
                "per_subscription": per_subscription,
                "lease_s": lease_s,
                "lease": token,
                "skip": list(skip),
                "tolerated": rest.tolerated,
            },
        ).fetchall()
        if not heads:
            return []
        tried = {head[4] for head in heads if head[4] is not None}
        if tried:
            connection.execute(_SQL["begin_trials"], {"endpoints": sorted(tried), "trial_s": lease_s})
        subscriptions = _get_subscriptions(connection, {head[0] for head in heads})
        _coalesce(connection, [head for head in heads if _keeps_newest(subscriptions.get(head[0]), head[1])])
        rows = _get_waiting(connection, heads, rows_per_queue)
    return [
        LeasedQueue(
            lease=Lease(key, entity_id, token),
            attempts=attempts,
            failing_s=failing_s,
            subscription=subscriptions.get(key),
            rows=tuple(rows[QueueKey(key, entity_id)]),
            is_trial=trial is not None,
        )
        for key, entity_id, attempts, failing_s, trial in heads
    ]


def throttling_s(subscription: SubscriptionRow | None) -> float:
    """So many seconds at least lie between two notifications of an entity; 0: none."""
    document = subscription.document if subscription is not None else {}
    return float(document.get("throttling_s") or 0.0) if isinstance(document, Mapping) else 0.0


def _keeps_newest(subscription: SubscriptionRow | None, entity_id: str) -> bool:
    """Periodic notifications, whose queue names no entity, say the same when they are late."""
    return not entity_id or throttling_s(subscription) > 0


def _coalesce(connection: _Connection, heads: Sequence[Sequence[Any]]) -> None:
    if not heads:
        return
    counts = Counts()
    counts.add_states(
        connection.execute(
            _SQL["coalesce_queues"],
            {
                "subscription_keys": [head[0] for head in heads],
                "entity_ids": [head[1] for head in heads],
            },
        )
    )
    counts.write(connection)


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


def get_subscription_row(database: Database, key: int) -> SubscriptionRow | None:
    """Give a subscription as notifiers see it."""
    with database.connection() as connection:
        return _get_subscriptions(connection, [key]).get(key)


def renew_leases(database: Database, leases: Sequence[Lease], lease_s: float) -> set[Lease]:
    """Hold these leases for another `lease_s`; returns those still held, the others are lost."""
    with database.transaction() as connection:
        found = connection.execute(_SQL["renew_leases"], {**_columns(leases), "lease_s": lease_s})
        return {Lease(*row) for row in found}


def settle(database: Database, settlements: Sequence[Settlement], rest: RestPolicy = REST) -> Settled:
    """Write down what became of leased queues and give the leases back, in one transaction."""
    with database.transaction() as connection:
        connection.execute(_SQL["commit_lazily"])
        locked = connection.execute(_SQL["lock_leased"], _columns([s.lease for s in settlements]))
        held = {Lease(*row) for row in locked}
        valid = [settlement for settlement in settlements if settlement.lease in held]
        if not valid:
            return Settled(held=held, waiting=set())
        counts = Counts()
        _settle_rows(connection, valid, counts)
        _settle_rest(connection, valid, counts)
        counts.write(connection)
        waiting = _give_back(connection, valid)
        _note_endpoints(connection, valid, rest)
        return Settled(held=held, waiting=waiting)


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
    return DeliveryCounts(waiting=row[0], dead_lettered=row[1], leased=row[2], failing=row[3], resting=row[4])


def give_up_before(connection: _Connection, day: date, limit: int = 10_000, *, up_to: bool = False) -> int:
    """Dead-letter up to `limit` rows that wait from before a day: their partitions are about to be dropped.

    `up_to` includes the day. Returns how many. Without it, rows that no notifier came for would be gone and
    never counted.
    """
    before = day + timedelta(days=1) if up_to else day
    values = {"day": before, "limit": limit, "state": int(State.DEAD_LETTERED), "error": "kept no longer"}
    with connection.transaction():
        counts = Counts()
        changed = connection.execute(_SQL["give_up_before"], values).fetchall()
        counts.add_states(changed)
        counts.write(connection)
    return len(changed)


def keep_documents(connection: _Connection, days: Sequence[date], limit: int = 1_000) -> int:
    """Copy what up to `limit` waiting rows tell of out of changes that are about to be dropped; how many."""
    with connection.transaction():
        return connection.execute(_SQL["keep_documents"], {"days": list(days), "limit": limit}).rowcount


def _settle_rows(connection: _Connection, settlements: Sequence[Settlement], counts: Counts) -> None:
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
            "statuses": [result.status for result in results],
            "durations_ms": [result.duration_ms for result in results],
        },
    )
    counts.add_states(changed)


def _settle_rest(connection: _Connection, settlements: Sequence[Settlement], counts: Counts) -> None:
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


def _note_endpoints(connection: _Connection, settlements: Sequence[Settlement], rest: RestPolicy) -> None:
    """Let endpoints rest that fail, and use those again that have taken something."""
    good = {one.lease.subscription_key for one in settlements if _has_progressed(one)}
    if good:
        values = {"subscription_keys": sorted(good), "tolerated": rest.tolerated}
        recovered = [row[0] for row in connection.execute(_SQL["close_circuits"], values)]
        if recovered:
            connection.execute(_SQL["hurry_queues"], {"endpoints": recovered})
    policy = {"tolerated": rest.tolerated, "first_s": rest.first_s, "longest_s": rest.longest_s}
    bad = [
        one
        for one in settlements
        if one.endpoint_failed and (one.hold_s > 0 or one.lease.subscription_key not in good)
    ]
    trials = [one for one in bad if one.is_trial]
    if trials:
        connection.execute(_SQL["fail_trials"], {**_failure_columns(trials), **policy})
    others = [one for one in bad if not one.is_trial]
    if others:
        failures = [1] * len(others)
        connection.execute(
            _SQL["count_failures"], {**_failure_columns(others), "failures": failures, **policy}
        )


def _failure_columns(settlements: Sequence[Settlement]) -> dict[str, list[Any]]:
    return {
        "subscription_keys": [one.lease.subscription_key for one in settlements],
        "holds_s": [one.hold_s for one in settlements],
    }


def _has_progressed(settlement: Settlement) -> bool:
    return any(row.state is State.DELIVERED for row in settlement.rows)


def _give_back(connection: _Connection, settlements: Sequence[Settlement]) -> set[Lease]:
    """Remove the queues in which nothing waits, make the others due; returns the leases of those.

    A queue within its throttling stays although it is empty: its due time is the end of the window.
    """
    closing = [one for one in settlements if not (one.window_s > 0 and _has_progressed(one))]
    empty = connection.execute(_SQL["remove_empty_queues"], _queue_columns(closing)) if closing else ()
    removed = {QueueKey(*row) for row in empty}
    rest = [settlement for settlement in settlements if settlement.lease.queue not in removed]
    if rest:
        connection.execute(
            _SQL["release_queues"],
            {
                **_queue_columns(rest),
                "delays_s": [max(s.delay_s, s.window_s if _has_progressed(s) else 0.0) for s in rest],
                "attempts": [s.attempts for s in rest],
                "progressed": [_has_progressed(s) for s in rest],
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
