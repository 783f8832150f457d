"""Which devices there are: filters, search, order, pages."""

from typing import Any, Literal, NamedTuple, get_args

import msgspec

from context_api.ngsild.model import Micros
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.devices import Device, DeviceKind, DeviceState, get_devices
from context_api.store.packing import pack_time
from context_api.store.queries import load_queries

_SQL = load_queries("device_listing")

MAX_WORDS = 8
PRINCIPAL = "registry"
"""Whom history names as the author of what the registry mends."""
MAX_OFFSET = 1_000_000

SortKey = Literal["id", "name", "owner", "profile", "state", "lastSeen", "createdAt", "modifiedAt"]
SORT_KEYS: tuple[str, ...] = get_args(SortKey)
_ORDERS: dict[SortKey, bytes] = {
    "id": b"id",
    "name": b"name",
    "owner": b"owner",
    "profile": b"profile",
    "state": b"state",
    "lastSeen": b"last_seen",
    "createdAt": b"created_at",
    "modifiedAt": b"modified_at",
}

_PAGE = b"""
select (select count(*) from matched), array(
    select id from matched where id > %(after)s order by {order} nulls last, id
    limit %(limit)s offset %(offset)s)"""


class Near(NamedTuple):
    """A circle on the ground."""

    longitude: float
    latitude: float
    radius_m: float


class Box(NamedTuple):
    """A bounding box as GeoJSON has it; it does not cross the antimeridian."""

    west: float
    south: float
    east: float
    north: float


class DeviceFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which devices to list; members that are None or empty do not restrict."""

    kind: DeviceKind | None = None
    profile: str | None = None
    gateway: str | None = None
    owner: str | None = None
    tags: tuple[str, ...] = ()
    """All of them."""
    states: tuple[DeviceState, ...] | None = None
    text: str | None = None
    """Words that stand in id, name, serial number, owner or tags, whatever their case, width or kana."""
    seen_after: Micros | None = None
    """Heard of at this time or later."""
    seen_before: Micros | None = None
    """Not heard of since; never counts as such."""
    near: Near | None = None
    bbox: Box | None = None
    retired: bool | None = False


class DevicePage(msgspec.Struct, frozen=True):
    """One page. By id, `next_after` continues it; None at its end."""

    devices: list[Device]
    total: int
    next_after: str | None


def list_devices(
    database: Database,
    access: Access,
    filters: DeviceFilter,
    *,
    limit: int,
    after: str = "",
    offset: int = 0,
    sort: SortKey = "id",
    descending: bool = False,
) -> DevicePage:
    """Return a page of the devices that match, and how many there are in all.

    `after` an id is for the order by id; the others are paged by `offset`. What lacks the key comes last.
    """
    named = {
        "tenant_id": access.tenant_id,
        "after": after,
        "limit": limit + 1,
        "offset": offset,
        "devices_of": access.devices_of,
        **_restrictions(filters),
    }
    order = _ORDERS[sort] + (b" desc" if descending else b"")
    matched = b"with matched as materialized (" + _SQL["match_devices"] + b")"
    query = matched + _PAGE.replace(b"{order}", order)
    with database.connection() as connection:
        row = connection.execute(query, named).fetchone()
        total, ids = row or (0, [])
        found = get_devices(connection, access, ids)
    devices = [found[each] for each in ids[:limit] if each in found]
    return DevicePage(devices, total, ids[limit - 1] if len(ids) > limit > 0 else None)


def list_tenants_with_devices(database: Database) -> list[Access]:
    """Return the tenants that have devices, as the registry itself sees them."""
    with database.connection() as connection:
        return [Access(row[0], row[1], PRINCIPAL) for row in connection.execute(_SQL["list_tenants"])]


def _restrictions(filters: DeviceFilter) -> dict[str, Any]:
    named = msgspec.structs.asdict(filters)
    named["tags"] = list(filters.tags)
    named["states"] = None if filters.states is None else list(filters.states)
    named["words"] = (filters.text or "").split()[:MAX_WORDS]
    for name in ("seen_after", "seen_before"):
        named[name] = None if named[name] is None else pack_time(named[name])
    for name in ("near", "bbox"):
        named[name] = None if named[name] is None else list(named[name])
    return named
