"""Devices in the database: rows, credentials, the generation the broker has to catch up with."""

from enum import IntEnum
from typing import Any

import msgspec

from context_api.ngsild.model import Micros


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
    static: dict[str, Any] = {}
    expected_interval_s: float | None = None
    application: str | None = None
    gateway: str | None = None
    gateway_device: str | None = None
    created_at: Micros
    modified_at: Micros
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
