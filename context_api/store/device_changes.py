"""Who changed what of a device, and which hardware it had."""

from typing import Any

import msgspec

from context_api.ngsild.model import Micros
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.queries import load_queries

_SQL = load_queries("device_changes")

CHANGES_KEPT = 1_000
"""So many changes of a device are kept; the oldest make way."""
HARDWARE_SHOWN = 100


class DeviceChange(msgspec.Struct, frozen=True):
    """A line of the history of a device: the members that changed, as they were and as they are."""

    number: int
    at: Micros
    principal: str
    action: str
    """registered, edited, state, hardware-replaced or retired."""
    before: dict[str, Any]
    after: dict[str, Any]
    reason: str | None


class ChangePage(msgspec.Struct, frozen=True):
    """The newest first; `next_before` continues it, None at the end. `total` counts what is kept."""

    changes: list[DeviceChange]
    total: int
    next_before: int | None


class Hardware(msgspec.Struct, frozen=True):
    """What was in place until `removed_at`."""

    serial: str | None
    installed_at: Micros | None
    removed_at: Micros
    reason: str | None
    principal: str


def list_changes(
    database: Database, access: Access, device_id: str, *, limit: int, before: int | None = None
) -> ChangePage:
    """Return the changes of a device, retired or not, below the number `before`."""
    named = {
        "tenant_id": access.tenant_id,
        "device_id": device_id,
        "before": before,
        "limit": limit + 1,
    }
    with database.connection() as connection:
        rows = connection.execute(_SQL["list_changes"], named, binary=True).fetchall()
        counted = connection.execute(_SQL["count_changes"], named).fetchone()
    changes = [
        DeviceChange(
            number=row[0],
            at=row[1],
            principal=row[2],
            action=row[3],
            before=msgspec.json.decode(row[4]),
            after=msgspec.json.decode(row[5]),
            reason=row[6],
        )
        for row in rows[:limit]
    ]
    return ChangePage(
        changes, counted[0] if counted else 0, changes[-1].number if len(rows) > limit else None
    )


def list_hardware(database: Database, access: Access, device_id: str) -> list[Hardware]:
    """Return the former hardware of a device, the newest first (at most HARDWARE_SHOWN)."""
    named = {"tenant_id": access.tenant_id, "device_id": device_id, "limit": HARDWARE_SHOWN}
    with database.connection() as connection:
        return [Hardware(*row) for row in connection.execute(_SQL["list_hardware"], named, binary=True)]
