"""Devices in the database: rows, credentials, the generation the broker has to catch up with."""

import time
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any, NamedTuple

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from context_api.ngsild.model import Micros
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.queries import load_queries

_SQL = load_queries("devices")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_POLL_S = 0.02

CHANNEL_DEVICE = "machi_device"
CHANNEL_CREDENTIALS = "machi_credentials"
ALL_DEVICES = ""
"""The payload of CHANNEL_DEVICE when more than one device is touched; else it is `{tenant}/{device}`."""


class DeviceKind(IntEnum):
    """What a registration speaks for: itself, or the devices behind it."""

    DEVICE = 0
    GATEWAY = 1


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A registered device or gateway."""

    tenant: str
    tenant_id: int
    id: str
    kind: DeviceKind
    profile: str | None
    adapter: str
    entity_id: str | None
    name: str | None = None
    location: dict[str, Any] | None = None
    static: dict[str, Any] = msgspec.field(default_factory=dict)
    expected_interval_s: float | None = None
    application: str | None = None
    gateway: str | None = None
    gateway_device: str | None = None
    created_at: Micros = 0
    modified_at: Micros = 0
    retired_at: Micros | None = None


class DeviceFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which devices to list; members that are None do not restrict."""

    kind: DeviceKind | None = None
    profile: str | None = None
    gateway: str | None = None
    text: str | None = None
    """Part of the id or the name, whatever the case."""
    retired: bool = False


class DevicePage(msgspec.Struct, frozen=True):
    """One page, ordered by id; `next_after` continues it, None at the end."""

    devices: list[Device]
    total: int
    next_after: str | None


class NewCredential(NamedTuple):
    """The hashes of one secret."""

    username: str
    verifier: bytes
    broker_hash: str


class Inserted(NamedTuple):
    """The devices that were new, by id, and the generation that holds their credentials."""

    devices: dict[str, Device]
    generation: int


class BrokerUsers(NamedTuple):
    """What the broker's files are made from, of one moment."""

    generation: int
    hashes: list[tuple[str, str]]
    """(user name, hash), sorted."""
    gateways: list[tuple[str, str, str]]
    """(user name, adapter, application), sorted."""


class Verifier(NamedTuple):
    """A valid credential of a user name."""

    tenant_id: int
    tenant: str
    device_id: str
    verifier: bytes


def insert_devices(database: Database, rows: Sequence[tuple[Device, NewCredential | None]]) -> Inserted:
    """Insert devices with their credentials in one transaction; those whose id is taken are left out.

    Raises StoreRefused where an application, or a gateway's name for a device, is taken.
    """
    inserted: dict[str, Device] = {}
    with database.transaction() as connection:
        for device, credential in sorted(rows, key=_row_id):  # one order for all: no deadlocks
            row = connection.execute(_SQL["insert_device"], _to_row(device)).fetchone()
            if row is None:
                continue
            times = {"created_at": _to_micros(row[0]), "modified_at": _to_micros(row[1])}
            inserted[device.id] = msgspec.structs.replace(device, **times)
            _notify(connection, device)
            if credential is not None:
                identity = {"tenant_id": device.tenant_id, "device_id": device.id}
                connection.execute(_SQL["insert_credential"], identity | credential._asdict())
        return Inserted(inserted, _bump(connection) if inserted else _generation(connection)[0])


def retire_device(database: Database, access: Access, device_id: str) -> int | None:
    """Retire a device and void its credentials; the generation, or None where there is no such device."""
    with database.transaction() as connection:
        named = {"tenant_id": access.tenant_id, "id": device_id}
        row = connection.execute(_SQL["retire_device"], named).fetchone()
        if row is None:
            return None
        connection.execute(
            _SQL["revoke_credentials"], {"tenant_id": access.tenant_id, "device_id": device_id}
        )
        is_gateway = row[0] == DeviceKind.GATEWAY
        payload = ALL_DEVICES if is_gateway else f"{access.tenant}/{device_id}"
        connection.execute(_SQL["notify_device"], {"payload": payload})
        return _bump(connection)


def get_device(database: Database, access: Access, device_id: str) -> Device | None:
    """Return one device, retired or not."""
    with database.connection() as connection:
        named = {"tenant_id": access.tenant_id, "id": device_id}
        row = connection.execute(_SQL["get_device"], named).fetchone()
    return None if row is None else _from_row(row)


def list_devices(
    database: Database, access: Access, filters: DeviceFilter, *, limit: int, after: str = ""
) -> DevicePage:
    """Return the devices that match, by id, after the id `after`, and how many there are in all."""
    named = {
        "tenant_id": access.tenant_id,
        "after": after,
        "limit": limit + 1,
        **msgspec.structs.asdict(filters),
    }
    with database.connection() as connection:
        rows = connection.execute(_SQL["list_devices"], named).fetchall()
        counted = connection.execute(_SQL["count_devices"], named).fetchone()
    devices = [_from_row(row) for row in rows[:limit]]
    return DevicePage(devices, counted[0] if counted else 0, devices[-1].id if len(rows) > limit else None)


def find_direct_devices(
    database: Database, names: Collection[tuple[str, str]]
) -> dict[tuple[str, str], Device]:
    """Find devices with topics of their own, by (tenant, id)."""
    named = {"tenants": [name[0] for name in names], "devices": [name[1] for name in names]}
    with database.connection() as connection:
        rows = connection.execute(_SQL["find_direct_devices"], named).fetchall()
    return {(device.tenant, device.id): device for device in map(_from_row, rows)}


def find_gateway_devices(
    database: Database, names: Collection[tuple[str, str]]
) -> dict[tuple[str, str], Device]:
    """Find devices behind gateways, by (application, the gateway's name for the device)."""
    named = {"applications": [name[0] for name in names], "devices": [name[1] for name in names]}
    with database.connection() as connection:
        rows = connection.execute(_SQL["find_gateway_devices"], named).fetchall()
    found = [(row[0], _from_row(row[1:])) for row in rows]
    return {(application, device.gateway_device or device.id): device for application, device in found}


def find_tenants(database: Database, names: Collection[str]) -> dict[str, int]:
    """Find tenants' ids by name."""
    with database.connection() as connection:
        return dict(connection.execute(_SQL["find_tenants"], {"names": list(names)}).fetchall())


class Application(NamedTuple):
    """Whose gateway speaks for an application."""

    tenant: str
    tenant_id: int
    gateway: str
    adapter: str


def find_applications(database: Database, applications: Collection[str]) -> dict[str, Application]:
    """Find the gateway of each application."""
    with database.connection() as connection:
        rows = connection.execute(_SQL["find_applications"], {"applications": list(applications)}).fetchall()
    return {row[0]: Application(*row[1:]) for row in rows}


def find_verifiers(database: Database, username: str) -> list[Verifier]:
    """Return the valid credentials of a user name."""
    with database.connection() as connection:
        rows = connection.execute(_SQL["find_verifiers"], {"username": username}).fetchall()
    return [Verifier(row[0], row[1], row[2], bytes(row[3])) for row in rows]


def list_broker_users(database: Database) -> BrokerUsers:
    """Return every valid credential and gateway, with the generation they belong to."""
    with database.transaction() as connection:
        connection.execute("set transaction isolation level repeatable read, read only")
        return BrokerUsers(
            _generation(connection)[0],
            [(row[0], row[1]) for row in connection.execute(_SQL["list_broker_hashes"])],
            [(row[0], row[1], row[2]) for row in connection.execute(_SQL["list_gateway_topics"])],
        )


def get_generation(database: Database) -> tuple[int, int]:
    """Return the newest credential generation and the one the broker has loaded."""
    with database.connection() as connection:
        return _generation(connection)


def mark_applied(database: Database, generation: int) -> None:
    """Note which generation the broker has loaded."""
    with database.connection() as connection:
        connection.execute(_SQL["mark_applied"], {"generation": generation})


def wait_applied(database: Database, generation: int, timeout_s: float) -> bool:
    """Wait until the broker has loaded a generation; False if it has not after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while get_generation(database)[1] < generation:
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _row_id(row: tuple[Device, NewCredential | None]) -> str:
    return row[0].id


def _notify(connection: Connection[TupleRow], device: Device) -> None:
    payload = ALL_DEVICES if device.kind is DeviceKind.GATEWAY else f"{device.tenant}/{device.id}"
    connection.execute(_SQL["notify_device"], {"payload": payload})


def _bump(connection: Connection[TupleRow]) -> int:
    row = connection.execute(_SQL["bump_generation"]).fetchone()
    return int(row[0]) if row else 0


def _generation(connection: Connection[TupleRow]) -> tuple[int, int]:
    row = connection.execute(_SQL["get_generation"]).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def _to_row(device: Device) -> dict[str, Any]:
    row = msgspec.structs.asdict(device)
    row["location"] = None if device.location is None else Jsonb(device.location)
    row["static"] = Jsonb(device.static)
    row["kind"] = int(device.kind)
    return row


def _from_row(row: Sequence[Any]) -> Device:
    return Device(
        tenant=row[0],
        tenant_id=row[1],
        id=row[2],
        kind=DeviceKind(row[3]),
        profile=row[4],
        adapter=row[5],
        entity_id=row[6],
        name=row[7],
        location=row[8],
        static=row[9],
        expected_interval_s=row[10],
        application=row[11],
        gateway=row[12],
        gateway_device=row[13],
        created_at=_to_micros(row[14]),
        modified_at=_to_micros(row[15]),
        retired_at=None if row[16] is None else _to_micros(row[16]),
    )


def _to_micros(moment: datetime) -> Micros:
    return (moment - _EPOCH) // timedelta(microseconds=1)
