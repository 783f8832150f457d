"""What is done by the clock: periodic notifications, bounds on what waits. Any process may call it.

Timers are rows: a process that takes one moves it on in the transaction that makes the notification, so
nothing is fired twice or forgotten, however many processes run and whenever they die.
"""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.store.database import Database
from context_api.store.deliveries import REST, RestPolicy, give_up_before, keep_documents
from context_api.store.deliveries_counts import Counts
from context_api.store.queries import load_queries

_SQL = load_queries("timers")
_BOUNDS_LOCK = 0x6D626E64  # "mbnd"
_BITE = 5_000
_TIMERS_MAX = 500


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """How many notifications may wait."""

    per_subscription: int = 100_000
    per_tenant: int = 1_000_000


def fire_timers(database: Database) -> int:
    """Make the periodic notifications that are due (clause 5.8.6); returns how many."""
    with database.transaction() as connection:
        connection.execute(_SQL["set_timers"])
        taken = connection.execute(_SQL["take_timers"], {"limit": _TIMERS_MAX}).fetchall()
        if not taken:
            return 0
        taken.sort()
        values = {"subscription_keys": [row[0] for row in taken], "tenant_ids": [row[1] for row in taken]}
        for block in ("queue_periodic", "insert_periodic", "count_periodic"):
            connection.execute(_SQL[block], values)
        connection.execute("select pg_notify('machi_outbox', '')")
    return len(taken)


def keep_bounds(database: Database, bounds: Bounds, give_up_s: float, rest: RestPolicy = REST) -> int:
    """Coalesce and give up what exceeds a bound; returns how many rows. One process at a time does it.

    A subscription over its limit keeps the newest notification of each entity, and its owner is told.
    """
    with database.transaction() as connection:
        locked = connection.execute(_SQL["lock_bounds"], {"lock": _BOUNDS_LOCK}).fetchone()
        if locked != (True,):
            return 0
        connection.execute(_SQL["remove_timers"])
        connection.execute(_SQL["remove_circuits"])
        done = _give_up_unreachable(connection, give_up_s, rest)
        done += _keep_subscriptions(connection, bounds.per_subscription)
        return done + _keep_tenants(connection, bounds.per_tenant)


def prepare_drop(connection: Connection[TupleRow], table: str, name: str, *, is_early: bool) -> None:
    """Save and count what would be lost with a day partition that is about to be dropped."""
    day = datetime.strptime(name[-8:], "%Y%m%d").date()  # noqa: DTZ007 - a day has no zone
    if table == "change":
        _repeat_keeping(connection, day)
    elif table == "outbox":
        while give_up_before(connection, day, up_to=True):
            pass
        with connection.transaction():
            connection.execute(_SQL["count_lost_letters"], {"day": day})
    if is_early:
        _count_bound(connection, 0, f"bytes of {table}", 1)


def _repeat_keeping(connection: Connection[TupleRow], day: date) -> None:
    while keep_documents(connection, [day]):
        pass


def _give_up_unreachable(connection: Connection[TupleRow], give_up_s: float, rest: RestPolicy) -> int:
    changed = connection.execute(
        _SQL["give_up_unreachable"],
        {"tolerated": rest.tolerated, "give_up_s": give_up_s, "bite": _BITE},
    ).fetchall()
    return _count(connection, changed)


def _keep_subscriptions(connection: Connection[TupleRow], limit: int) -> int:
    total = 0
    for key, tenant_id in connection.execute(_SQL["find_overfull"], {"limit": limit}).fetchall():
        done = _coalesce(
            connection,
            key,
            "more waited than the subscription may have wait: of each entity"
            " only the newest notification was kept",
        )
        if done:
            _count_bound(connection, tenant_id, "waiting of a subscription", done)
        total += done
    return total


def _keep_tenants(connection: Connection[TupleRow], limit: int) -> int:
    total = 0
    for tenant_id, excess, key in connection.execute(
        _SQL["find_overfull_tenants"], {"limit": limit}
    ).fetchall():
        reason = "more waited than the tenant may have wait: notifications were left out or given up"
        done = _coalesce(connection, key, reason)
        if not done:
            values = {"subscription_key": key, "bite": min(excess, _BITE)}
            done = _count(connection, connection.execute(_SQL["give_up_oldest"], values).fetchall())
            connection.execute(_SQL["tell_owner"], {"subscription_key": key, "error": reason})
        _count_bound(connection, tenant_id, "waiting of a tenant", done)
        total += done
    return total


def _coalesce(connection: Connection[TupleRow], key: int, reason: str) -> int:
    values = {"subscription_key": key, "bite": _BITE}
    done = _count(connection, connection.execute(_SQL["coalesce_overfull"], values).fetchall())
    connection.execute(_SQL["tell_owner"], {"subscription_key": key, "error": reason})
    return done


def _count(connection: Connection[TupleRow], changed: Sequence[TupleRow]) -> int:
    counts = Counts()
    counts.add_states(changed)
    counts.write(connection)
    return len(changed)


def _count_bound(connection: Connection[TupleRow], tenant_id: int, bound: str, count: int) -> None:
    connection.execute(_SQL["count_bound"], {"tenant_id": tenant_id, "bound": bound, "count": count})
