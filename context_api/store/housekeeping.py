"""What the worker calls by the clock: bounded slices, so that no call holds locks for long."""

from context_api.ngsild.model import Micros
from context_api.store.database import Database
from context_api.store.packing import pack_time
from context_api.store.queries import load_queries

_SQL = load_queries("housekeeping")


def find_expired(database: Database, now: Micros, limit: int) -> dict[tuple[int, str], list[str]]:
    """Find entities that are, or have attributes, past their expiresAt, by (tenant id, tenant name)."""
    with database.connection() as connection:
        rows = connection.execute(_SQL["find_expired"], [pack_time(now), limit]).fetchall()
    found: dict[tuple[int, str], list[str]] = {}
    for tenant_id, tenant, entity_id in rows:
        found.setdefault((tenant_id, tenant), []).append(entity_id)
    return found


def delete_tombstones(database: Database, before: Micros, limit: int) -> int:
    """Forget deletions before a time: older readings would bring back what was deleted.

    Those of entities that are gone have rows of their own, the others are in their entity's. Returns how many
    rows it took.
    """
    deleted = _delete(database, "delete_tombstones", before, limit)
    if deleted:
        return deleted
    with database.connection() as connection:
        return connection.execute(_SQL["thin_tombstones"], {"before": before, "limit": limit}).rowcount


def delete_receipts(database: Database, before: Micros, limit: int) -> int:
    """Forget receipts of messages that arrived before a time. Returns how many."""
    return _delete(database, "delete_receipts", before, limit)


def _delete(database: Database, block: str, before: Micros, limit: int) -> int:
    with database.connection() as connection:
        return connection.execute(_SQL[block], [pack_time(before), limit]).rowcount
