"""What was counted and what was put aside, for operators."""

import msgspec

from context_api.ngsild.model import Micros
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.queries import load_queries

_SQL = load_queries("counters")


class DeviceCounters(msgspec.Struct, frozen=True, kw_only=True):
    """received = stored + duplicate + corrected + ignored + quarantined, in messages and in values."""

    device_id: str
    messages_received: int
    messages_stored: int
    messages_duplicate: int
    messages_corrected: int
    messages_ignored: int
    messages_quarantined: int
    values_received: int
    values_stored: int
    values_duplicate: int
    values_corrected: int
    values_ignored: int
    values_quarantined: int
    values_late: int
    possible_repeats: int
    last_seen: Micros | None


class QuarantinedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was put aside."""

    id: int
    device_id: str
    topic: str
    payload: bytes
    payload_size: int
    """Bytes it had; the payload kept may be cut."""
    reason: str
    detail: str
    arrived_at: Micros
    replayed_at: Micros | None


def get_device_counters(
    database: Database, access: Access, device_id: str | None = None
) -> list[DeviceCounters]:
    """Give the counters of one device, or of all of the tenant, by id."""
    with database.connection() as connection:
        rows = connection.execute(
            _SQL["get_device_counters"], [access.tenant_id, device_id, device_id], binary=True
        ).fetchall()
    names = DeviceCounters.__struct_fields__
    return [DeviceCounters(**dict(zip(names, row, strict=True))) for row in rows]


def list_quarantine(
    database: Database,
    access: Access,
    *,
    limit: int = 100,
    before: int | None = None,
    device_id: str | None = None,
) -> list[QuarantinedMessage]:
    """Give the newest quarantined messages; `before` an id continues a list."""
    with database.connection() as connection:
        rows = connection.execute(
            _SQL["list_quarantine"],
            [access.tenant_id, before, before, device_id, device_id, limit],
            binary=True,
        ).fetchall()
    names = QuarantinedMessage.__struct_fields__
    return [QuarantinedMessage(**dict(zip(names, row, strict=True))) for row in rows]
