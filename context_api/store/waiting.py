"""Devices that nobody registered yet: on whose terms they may wait, what they sent, what was decided.

Their messages are in the quarantine, under the reason WAITING and the device id `{gateway}/{name}`, which no
registered device can have. So they are counted, bounded and replayed like everything else there.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.model import Micros
from context_api.store.access import Access
from context_api.store.audit import record_act
from context_api.store.database import Database
from context_api.store.deliveries_in import Delivery
from context_api.store.packing import pack_bigints, pack_texts, pack_time, pack_times
from context_api.store.queries import load_queries

_SQL = load_queries("waiting")
WAITING = "waiting-approval"
"""The reason in the quarantine of what came before an approval."""


class Judged(NamedTuple):
    """What is known of an unknown device whose gateway takes such in."""

    tenant_id: int
    gateway: str
    name: str
    prefix: str
    state: str | None
    """None: it has not been heard before."""
    device_id: str | None
    messages: int
    size: int
    """Their bytes."""
    places: int
    """So many more may come to this gateway."""
    kept: int
    """Messages of all that wait in the tenant."""


class Group(NamedTuple):
    """The terms of a gateway, and how many came by them."""

    id: str
    adapter: str
    application: str | None
    profile: str | None
    prefix: str
    max_devices: int
    expires_at: datetime | None
    created_at: datetime
    waiting: int
    approved: int
    rejected: int


class WaitingDevice(NamedTuple):
    """One that waits, or waited."""

    gateway: str
    name: str
    state: str
    device_id: str | None
    messages: int
    size: int
    """Their bytes."""
    first_seen: datetime
    last_seen: datetime
    profile: str | None
    """Its group's."""
    sample: bytes | None
    """The first message that is kept of it."""


def waiting_id(gateway: str, name: str) -> str:
    """Whom its messages are counted for until it is registered."""
    return f"{gateway}/{name}"


def judge(database: Database, names: Collection[tuple[int, str, str]]) -> list[Judged]:
    """Say how (tenant id, gateway, name) stand; those whose gateway takes in nobody are left out."""
    ordered = sorted(names)
    named = {
        "tenant_ids": [one[0] for one in ordered],
        "gateways": [one[1] for one in ordered],
        "names": [one[2] for one in ordered],
    }
    with database.connection() as connection:
        return [Judged(*row) for row in connection.execute(_SQL["judge"], named)]


def record_waiting(connection: Connection[TupleRow], tenant_id: int, aside: Sequence[Delivery]) -> None:
    """Note who waits, in the transaction of their messages."""
    found: dict[tuple[str, str], list[Delivery]] = {}
    for one in aside:
        if one.quarantine is not None and one.quarantine.reason == WAITING:
            gateway, _, name = one.device_id.partition("/")
            found.setdefault((gateway, name), []).append(one)
    if not found:
        return
    keys = sorted(found)
    connection.execute(
        _SQL["record"],
        {
            "tenant_id": tenant_id,
            "gateways": pack_texts([gateway for gateway, _ in keys]),
            "names": pack_texts([name for _, name in keys]),
            "messages": pack_bigints([len(found[key]) for key in keys]),
            "bytes": pack_bigints([sum(len(one.payload) for one in found[key]) for key in keys]),
            "first": pack_times([min(one.arrived_at for one in found[key]) for key in keys]),
            "last": pack_times([max(one.arrived_at for one in found[key]) for key in keys]),
        },
    )


def put_group(
    database: Database,
    access: Access,
    gateway: str,
    *,
    profile: str | None,
    prefix: str,
    max_devices: int,
    expires_at: Micros | None,
) -> bool:
    """Set the terms of a gateway; tells whether it had none before."""
    named = {
        "tenant_id": access.tenant_id,
        "gateway": gateway,
        "profile": profile,
        "prefix": prefix,
        "max_devices": max_devices,
        "expires_at": None if expires_at is None else pack_time(expires_at),
    }
    with database.transaction() as connection:
        row = connection.execute(_SQL["put_group"], named).fetchone()
        after = {"profile": profile, "prefix": prefix, "maxDevices": max_devices}
        record_act(connection, access, "put", "device-group", gateway, after=after)
    return row is not None and bool(row[0])


def list_groups(database: Database, access: Access, gateway: str | None = None) -> list[Group]:
    """Give the gateways that take in unknown devices, by id."""
    with database.connection() as connection:
        named = {"tenant_id": access.tenant_id, "gateway": gateway}
        return [Group(*row) for row in connection.execute(_SQL["list_groups"], named)]


def delete_group(database: Database, access: Access, gateway: str) -> bool:
    """Take in nobody any more; False where nobody was taken in."""
    with database.transaction() as connection:
        named = {"tenant_id": access.tenant_id, "gateway": gateway}
        is_deleted = connection.execute(_SQL["delete_group"], named).rowcount > 0
        if is_deleted:
            record_act(connection, access, "delete", "device-group", gateway)
    return is_deleted


def list_waiting(
    database: Database,
    access: Access,
    *,
    gateway: str | None = None,
    name: str | None = None,
    state: str | None = "waiting",
    after: tuple[str, str] = ("", ""),
    limit: int = 100,
) -> list[WaitingDevice]:
    """Give those that wait, by gateway and name, after one of them."""
    named = {
        "tenant_id": access.tenant_id,
        "gateway": gateway,
        "name": name,
        "state": state,
        "after_gateway": after[0],
        "after_name": after[1],
        "limit": limit,
    }
    with database.connection() as connection:
        return [WaitingDevice(*row) for row in connection.execute(_SQL["list_waiting"], named)]


def decide(database: Database, access: Access, gateway: str, name: str, device_id: str | None) -> None:
    """Approve one as a device, to which its messages and counts go; None: it is rejected."""
    named: dict[str, Any] = {
        "tenant_id": access.tenant_id,
        "gateway": gateway,
        "name": name,
        "state": "rejected" if device_id is None else "approved",
        "device_id": device_id,
        "principal": access.principal,
        "waiting_id": waiting_id(gateway, name),
    }
    with database.transaction() as connection:
        connection.execute(_SQL["decide"], named)
        if device_id is not None:
            connection.execute(_SQL["move_messages"], named)
            connection.execute(_SQL["move_counter"], named)
        after = {"state": named["state"], "device": device_id}
        record_act(connection, access, "change", "waiting-device", named["waiting_id"], after=after)
