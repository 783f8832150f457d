"""Devices in the database, their credentials, the generation the broker has to catch up with."""

import time
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any, Literal, NamedTuple

import msgspec
from psycopg import Connection, Cursor
from psycopg.rows import TupleRow

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

DeviceState = Literal["provisioned", "active", "silent", "faulty", "retired"]
"""provisioned: it has never spoken. silent: for longer than expected. faulty: what it says cannot be."""


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
    owner: str | None = None
    tags: tuple[str, ...] = ()
    serial: str | None = None
    notes: str | None = None
    installed_at: Micros | None = None
    codec_parameters: dict[str, Any] = msgspec.field(default_factory=dict)
    messages_per_minute: int | None = None
    state: DeviceState = "provisioned"
    state_since: Micros = 0
    state_reason: str | None = None
    revision: int = 1
    """Counts what people changed: the ETag."""
    last_seen: Micros | None = None


class NewCredential(NamedTuple):
    """The hashes of one secret."""

    username: str
    verifier: bytes
    broker_hash: str
    prefix: str
    """The first characters of the secret, by which people tell two apart."""


def get_devices(connection: Connection[TupleRow], access: Access, ids: Collection[str]) -> dict[str, Device]:
    """Return those of the devices that there are, retired or not, by id."""
    named = {"tenant_id": access.tenant_id, "ids": list(ids)}
    rows = connection.execute(_of_known("get_devices"), named).fetchall()
    found = map(_from_row, rows)
    return {device.id: device for device in found if access.devices_of in (None, device.owner)}


def find_foreign(
    database: Database, access: Access, named: Collection[tuple[str, str]]
) -> tuple[str, str] | None:
    """Give the first (device, entity) whose entity is there, and is not that of a device one may see."""
    values = {
        "tenant_id": access.tenant_id,
        "owner": access.devices_of,
        "devices": [device for device, _ in named],
        "entities": [entity for _, entity in named],
    }
    with database.connection() as connection:
        row = connection.execute(_SQL["find_foreign"], values).fetchone()
    return None if row is None else (row[0], row[1])


def get_device(database: Database, access: Access, device_id: str) -> Device | None:
    """Return one device, retired or not."""
    with database.connection() as connection:
        return get_devices(connection, access, [device_id]).get(device_id)


def find_direct_devices(
    database: Database, names: Collection[tuple[str, str]]
) -> dict[tuple[str, str], Device]:
    """Find devices with topics of their own, by (tenant, id)."""
    named = {"tenants": [name[0] for name in names], "devices": [name[1] for name in names]}
    with database.connection() as connection:
        rows = connection.execute(_of_known("find_direct_devices"), named).fetchall()
    return {(device.tenant, device.id): device for device in map(_from_row, rows)}


def find_gateway_devices(
    database: Database, names: Collection[tuple[str, str]]
) -> dict[tuple[str, str], Device]:
    """Find devices behind gateways, by (application, the gateway's name for the device)."""
    named = {"applications": [name[0] for name in names], "devices": [name[1] for name in names]}
    with database.connection() as connection:
        rows = connection.execute(_of_known("find_gateway_devices"), named).fetchall()
    found = [(row[0], _from_row(row[1:])) for row in rows]
    return {(application, device.gateway_device or device.id): device for application, device in found}


def find_tenants(database: Database, names: Collection[str]) -> dict[str, int]:
    """Find tenants' ids by name."""
    with database.connection() as connection:
        return dict(connection.execute(_SQL["find_tenants"], {"names": list(names)}).fetchall())


class Verifier(NamedTuple):
    """A valid credential of a user name."""

    tenant_id: int
    tenant: str
    device_id: str
    verifier: bytes


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


def save_credentials(
    connection: Connection[TupleRow], access: Access, credentials: Mapping[str, NewCredential]
) -> None:
    """Add a credential to each of the devices, by id."""
    rows = [
        {"tenant_id": access.tenant_id, "device_id": device_id, **credential._asdict()}
        for device_id, credential in credentials.items()
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_SQL["insert_credential"], rows)


def revoke_credentials(connection: Connection[TupleRow], access: Access, device_id: str) -> None:
    """Void all credentials of a device, certificates included."""
    named = {"tenant_id": access.tenant_id, "device_id": device_id}
    connection.execute(_SQL["revoke_credentials"], named)
    connection.execute(_SQL["revoke_certificates"], named)


def bump_generation(connection: Connection[TupleRow]) -> Cursor[TupleRow]:
    """Make a new generation, which the cursor gives: a transaction's last statement, others wait for it."""
    return connection.execute(_SQL["bump_generation"])


def _generation(connection: Connection[TupleRow]) -> tuple[int, int]:
    row = connection.execute(_SQL["get_generation"]).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def _of_known(name: str) -> bytes:
    return b"with known as (" + _SQL["known_devices"] + b")\n" + _SQL[name]


_COLUMNS = Device.__struct_fields__
_TIMES = ("created_at", "modified_at", "retired_at", "installed_at", "state_since", "last_seen")


def _from_row(row: Sequence[Any]) -> Device:
    members: dict[str, Any] = dict(zip(_COLUMNS, row, strict=True))
    members["kind"] = DeviceKind(members["kind"])
    members["tags"] = tuple(members["tags"])
    for name in _TIMES:
        members[name] = None if members[name] is None else _to_micros(members[name])
    return Device(**members)


def _to_micros(moment: datetime) -> Micros:
    return (moment - _EPOCH) // timedelta(microseconds=1)
