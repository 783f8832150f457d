"""What is made, expired and removed by the clock. Each says in a few words what it did."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.store import (
    aggregates_refresh,
    audit_months,
    columnstore,
    partitions,
    quarantine,
    retention,
    usage,
)
from context_api.store.alarms import Alarms
from context_api.store.budget import Budget
from context_api.store.completeness import JAPAN
from context_api.store.database import Database, connect
from context_api.store.deliveries import give_up_before
from context_api.store.deliveries_timers import prepare_drop
from context_api.store.device_listing import list_tenants_with_devices
from context_api.store.device_states import activate_first_heard
from context_api.store.errors import wrapped_errors
from context_api.store.features import read_features
from context_api.store.store import Store
from devices.registry import DeviceRegistry

_DAY_S = 86_400.0
RECEIPTS_KEPT_S = 8 * _DAY_S
"""Longer than the broker keeps the bridge's session (7 days): no redelivery comes later."""
TOMBSTONES_KEPT_S = 365 * _DAY_S
"""A reading of before a deletion that comes later than this would create the entity anew."""


def roll_partitions(url: str) -> str:
    """Make the partitions of the days ahead, drop those past their retention; what waits in them is counted.

    Raises StoreUnavailable where a long query is in the way: writers must not queue up behind us.
    """
    with connect(url) as connection, wrapped_errors():
        connection.execute("set lock_timeout = '2s'")
        made = partitions.create_partitions(connection)
        oldest_kept = datetime.now(UTC).date() - timedelta(days=partitions.RETENTION_DAYS["outbox"])
        _repeat(lambda: give_up_before(connection, oldest_kept))
        dropped = partitions.drop_partitions(connection, prepare=_prepare_drop)
    return f"made {len(made)}, dropped {len(dropped)}" if made or dropped else ""


def _prepare_drop(connection: Connection[TupleRow], table: str, name: str, *, is_early: bool) -> None:
    prepare_drop(connection, table, name, is_early=is_early)
    if table == "quarantine":
        day = datetime.strptime(name[-8:], "%Y%m%d").date()  # noqa: DTZ007 - a day has no zone
        quarantine.count_day(connection, day, is_early=is_early)


def roll_audit(url: str, keep_months: int) -> str:
    """Make the months ahead of the audit trail, and drop those past its retention; 0 keeps all."""
    with connect(url) as connection, wrapped_errors():
        connection.execute("set lock_timeout = '2s'")
        made = audit_months.make_months(connection)
        dropped = audit_months.drop_months(connection, keep_months) if keep_months else []
    return f"made {made}, dropped {len(dropped)} months" if made or dropped else ""


def count_usage(database: Database) -> str:
    """Take over how many notifications were delivered, for reports; forget the quotas of old days."""
    today = datetime.now(UTC).astimezone(JAPAN).date()
    counted = usage.count_notifications(database, today - timedelta(days=1))
    usage.drop_old_days(database, today - timedelta(days=1))
    return f"{counted} rows" if counted else ""


def bound_quarantine(database: Database) -> str:
    """Drop the oldest messages of tenants that have more aside than they may."""
    dropped = quarantine.keep_bounds(database)
    return f"dropped {dropped}" if dropped else ""


def expire_entities(store: Store) -> str:
    return _repeat(store.expire_entities)


def activate_devices(database: Database, store: Store) -> str:
    """Make the devices active that were heard of for the first time."""
    return _repeat(lambda: activate_first_heard(database, store))


def reconcile_devices(database: Database, registry: DeviceRegistry) -> str:
    """Put back what the entities of devices should say: somebody may have written or deleted them."""
    mended = sum(registry.reconcile(access) for access in list_tenants_with_devices(database))
    return f"mended {mended}" if mended else ""


def raise_alarms(alarms: Alarms) -> str:
    """Raise what has held long enough though no new value came."""
    return _repeat(alarms.raise_due)


def delete_receipts(store: Store) -> str:
    return _repeat(lambda: store.delete_receipts(RECEIPTS_KEPT_S))


def delete_tombstones(store: Store) -> str:
    return _repeat(lambda: store.delete_tombstones(TOMBSTONES_KEPT_S))


def refresh_aggregates(url: str, budget: Budget) -> str:
    """Aggregate the hours that have ended and what was written late; the rest waits for the next time."""
    with connect(url) as connection:
        return str(aggregates_refresh.refresh_aggregates(connection, budget=budget))


def drop_history(url: str, budget: Budget) -> str:
    """Drop the values that the policies of retention do not keep."""
    with connect(url) as connection:
        return str(retention.drop_old(connection, budget))


def compress_history(url: str, budget: Budget) -> str:
    """Compress old chunks where the database can; elsewhere there is nothing to do."""
    with connect(url) as connection, wrapped_errors():
        if not read_features(connection).has_compression:
            return ""
        days = timedelta(days=retention.read_compress_days(connection))
        before = round((datetime.now(UTC) - days).timestamp() * 1e6)
        done = columnstore.compress_before(connection, before, budget)
    return f"{done} chunks" if done else ""


def _repeat(bite: Callable[[], int]) -> str:
    """Bite by bite, so that no transaction is long; how many in all."""
    total = 0
    while (taken := bite()) > 0:
        total += taken
    return str(total) if total else ""
