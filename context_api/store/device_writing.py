"""Writing devices, with a line each in their history of changes: inside a transaction that others open."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from psycopg import Connection, Cursor
from psycopg.errors import UniqueViolation
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from context_api.ngsild.time import format_datetime
from context_api.store.access import Access
from context_api.store.audit import record_act, record_acts
from context_api.store.batch import Batch
from context_api.store.device_changes import CHANGES_KEPT
from context_api.store.devices import ALL_DEVICES, Device, DeviceKind, DeviceState, bump_generation
from context_api.store.errors import StoreFault, StoreRefused
from context_api.store.queries import load_queries

_SQL = load_queries("device_writing")

_NOTIFIED_ONE_BY_ONE = 1_000
"""More devices than these are told of as all: by then it is cheaper to forget everything."""


class Note(NamedTuple):
    """One line of a history of changes: the members that changed, as they were and as they are."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    reason: str | None = None


class TakenName(NamedTuple):
    """A device cannot have a name, since another has it."""

    device_id: str
    holder: str
    is_application: bool


def find_taken_name(
    connection: Connection[TupleRow], access: Access, devices: Sequence[Device]
) -> TakenName | None:
    """Give the first device whose application, or whose name at its gateway, another device has."""
    rows = [_to_row(device) for device in devices if device.application or device.gateway]
    if not rows:
        return None
    named = {"tenant_id": access.tenant_id, "rows": Jsonb(rows)}
    row = connection.execute(_SQL["find_taken_names"], named).fetchone()
    return None if row is None else TakenName(*row)


def insert_devices(
    connection: Connection[TupleRow], access: Access, devices: Sequence[Device]
) -> frozenset[str]:
    """Insert devices; returns the ids of those that are new, or were retired. Taken ids are left out.

    Raises StoreRefused where an application, or a gateway's name for a device, was taken this moment.
    """
    named = {
        "tenant_id": access.tenant_id,
        "principal": access.principal,
        "devices_of": access.devices_of,
        "ids": [device.id for device in devices],
        "rows": Jsonb([_to_row(device) for device in devices]),
    }
    connection.execute(_SQL["keep_hardware_of_retired"], named)
    return frozenset(row[0] for row in _execute(connection, _SQL["insert_devices"], named))


def update_device(connection: Connection[TupleRow], access: Access, device: Device) -> bool:
    """Write a device anew; False where it no longer has its revision, or is retired.

    Raises StoreRefused where a gateway's name for the device was taken this moment.
    """
    named = {
        "tenant_id": access.tenant_id,
        "rows": Jsonb([_to_row(device)]),
        "revision": device.revision,
    }
    return bool(_execute(connection, _SQL["update_device"], named))


def retire_device(connection: Connection[TupleRow], access: Access, device_id: str) -> DeviceState | None:
    """Retire a device; returns its former state, None where there is none that is not retired."""
    named = {"tenant_id": access.tenant_id, "id": device_id}
    row = connection.execute(_SQL["retire_device"], named).fetchone()
    return None if row is None else row[0]


def note_changes(
    connection: Connection[TupleRow], access: Access, action: str, notes: Mapping[str, Note]
) -> None:
    """Write a line for each device, under the number that its row has counted up to."""
    rows = [{"id": device_id, **note._asdict()} for device_id, note in notes.items()]
    named = {
        "tenant_id": access.tenant_id,
        "principal": access.principal,
        "action": action,
        "rows": Jsonb(rows),
        "kept": CHANGES_KEPT,
    }
    connection.execute(_SQL["note_changes"], named)
    if len(notes) == 1:
        ((device_id, note),) = notes.items()
        before, after, reason = note.before, note.after, note.reason
        record_act(connection, access, action, "device", device_id, before=before, after=after, reason=reason)
    else:
        record_acts(connection, access, action, "device", list(notes))


def keep_hardware(
    connection: Connection[TupleRow], access: Access, device_id: str, reason: str | None
) -> None:
    """Note the hardware that is in place as replaced."""
    named = {
        "tenant_id": access.tenant_id,
        "id": device_id,
        "reason": reason,
        "principal": access.principal,
    }
    connection.execute(_SQL["keep_hardware"], named)


def notify_devices(connection: Connection[TupleRow], devices: Collection[Device]) -> None:
    """Tell whoever keeps devices in mind, at the commit, that these are others now."""
    payloads = [f"{device.tenant}/{device.id}" for device in devices]
    is_many = len(payloads) > _NOTIFIED_ONE_BY_ONE
    if is_many or any(device.kind is DeviceKind.GATEWAY for device in devices):
        payloads = [ALL_DEVICES]
    connection.execute(_SQL["notify_devices"], {"payloads": payloads})


def commit_generation(batch: Batch) -> int:
    """Commit with a new generation of credentials as the last thing, since others wait for it; returns it."""
    bumped: list[Cursor[TupleRow]] = []

    def bump(connection: Connection[TupleRow]) -> None:
        bumped.append(bump_generation(connection))

    batch.at_commit(bump)
    batch.commit()
    row = bumped[-1].fetchone()
    if row is None:
        raise StoreFault("BUG: the generation has no row")
    return int(row[0])


def _execute(connection: Connection[TupleRow], query: bytes, named: Mapping[str, Any]) -> list[TupleRow]:
    try:
        return connection.execute(query, named).fetchall()
    except UniqueViolation as error:  # not to be retried, as the write path would
        raise StoreRefused(str(error), sqlstate=error.sqlstate) from error


def _to_row(device: Device) -> dict[str, Any]:
    row = msgspec.structs.asdict(device)
    row["kind"] = int(device.kind)
    row["installed_at"] = None if device.installed_at is None else format_datetime(device.installed_at)
    return row
