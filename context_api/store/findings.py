"""What devices sent against their profiles and data models: counted by device, attribute and fault."""

from collections.abc import Sequence
from typing import NamedTuple

from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.model import Micros
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.deliveries_in import Delivery
from context_api.store.packing import pack_bigints, pack_texts, pack_times
from context_api.store.queries import load_queries

_SQL = load_queries("findings")


class CountedFinding(NamedTuple):
    """How often values of an attribute broke a rule."""

    device_id: str
    attribute: str
    """As the profile names it."""
    reason: str
    """out-of-range, unknown-word or model-violation."""
    found: int
    first_at: Micros
    last_at: Micros
    last_detail: str


def write_findings(connection: Connection[TupleRow], tenant_id: int, deliveries: Sequence[Delivery]) -> None:
    """Count the findings of a batch, in its transaction."""
    counts: dict[tuple[str, str, str], tuple[int, Micros, str]] = {}
    for delivery in deliveries:
        for one in delivery.findings:
            key = (delivery.device_id, one.attribute, one.reason)
            known = counts.get(key, (0, 0, ""))
            counts[key] = (known[0] + one.values, max(known[1], delivery.arrived_at), one.detail)
    if not counts:
        return
    keys = sorted(counts)  # one order for all: no deadlocks
    rows = [counts[key] for key in keys]
    connection.execute(
        _SQL["count_findings"],
        [
            tenant_id,
            *[pack_texts([_clean(key[part]) for key in keys]) for part in range(3)],
            pack_bigints([row[0] for row in rows]),
            pack_times([row[1] for row in rows]),
            pack_texts([_clean(row[2]) for row in rows]),
        ],
    )


def list_findings(database: Database, access: Access, device_id: str) -> list[CountedFinding]:
    """Return what was found of a device, the latest first."""
    with database.connection() as connection:
        rows = connection.execute(_SQL["list_findings"], [access.tenant_id, device_id], binary=True)
        return [CountedFinding(*row) for row in rows]


def delete_findings(database: Database, access: Access, device_id: str) -> int:
    """Forget what was found of a device, once its cause is mended; the number of rows."""
    with database.connection() as connection:
        return connection.execute(_SQL["delete_findings"], [access.tenant_id, device_id]).rowcount


def _clean(text: str) -> str:
    """What a stranger sent must not break the row that tells of it."""
    return text.replace("\0", "\N{SYMBOL FOR NULL}").encode(errors="replace").decode()
