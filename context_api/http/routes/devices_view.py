"""Devices as they are served; never a credential but the one time it is made."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from context_api.ngsild.device_names import device_entity_id
from context_api.ngsild.model import Micros
from context_api.ngsild.time import format_datetime
from context_api.store.counters import DeviceCounters
from context_api.store.device_changes import ChangePage, Hardware
from context_api.store.findings import CountedFinding
from devices.document import kind_name
from devices.model import Device, Registered

_COUNTED = ("received", "stored", "duplicate", "corrected", "ignored", "quarantined")


def describe(device: Device, health: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Write a device; `health` is what its entities tell of it."""
    health = health or {}
    return {
        "id": device.id,
        "kind": kind_name(device),
        "state": device.state,
        "stateSince": format_datetime(device.state_since),
        "stateReason": device.state_reason,
        "profile": device.profile,
        "entityId": device.entity_id,
        "deviceEntityId": device_entity_id(device.id),
        "name": device.name,
        "location": device.location,
        "static": device.static,
        "expectedIntervalS": device.expected_interval_s,
        "adapter": device.adapter,
        "application": device.application,
        "gateway": device.gateway,
        "gatewayDevice": device.gateway_device,
        "owner": device.owner,
        "tags": device.tags,
        "serial": device.serial,
        "notes": device.notes,
        "installedAt": _time(device.installed_at),
        "codecParameters": device.codec_parameters,
        "messagesPerMinute": device.messages_per_minute,
        "lastSeen": _time(device.last_seen),
        "battery": health.get("batteryLevel"),
        "signal": health.get("rssi"),
        "firmware": health.get("firmwareVersion"),
        "revision": device.revision,
        "createdAt": format_datetime(device.created_at),
        "modifiedAt": format_datetime(device.modified_at),
        "retiredAt": _time(device.retired_at),
    }


def describe_counters(counters: DeviceCounters | None) -> dict[str, Any]:
    """Write the counters; a device that never spoke has none."""
    found = msgspec.structs.asdict(counters) if counters is not None else {}
    return {
        "messages": {name: found.get(f"messages_{name}", 0) for name in _COUNTED},
        "values": {name: found.get(f"values_{name}", 0) for name in (*_COUNTED, "late")},
        "possibleRepeats": found.get("possible_repeats", 0),
    }


def describe_hardware(hardware: Sequence[Hardware]) -> list[dict[str, Any]]:
    """Write what was in place before."""
    return [
        {
            "serial": one.serial,
            "installedAt": _time(one.installed_at),
            "removedAt": format_datetime(one.removed_at),
            "reason": one.reason,
            "by": one.principal,
        }
        for one in hardware
    ]


def describe_changes(page: ChangePage) -> dict[str, Any]:
    """Write a page of a device's history of changes."""
    changes = [
        {
            "number": one.number,
            "at": format_datetime(one.at),
            "by": one.principal,
            "action": one.action,
            "before": one.before,
            "after": one.after,
            "reason": one.reason,
        }
        for one in page.changes
    ]
    return {"changes": changes, "total": page.total, "next": page.next_before}


def describe_registered(registered: Registered, mqtt_url: str | None, *, is_active: bool) -> dict[str, Any]:
    """Write a registration, with its credentials; `is_active`: the broker knows them."""
    device = registered.device
    answer: dict[str, Any] = {
        "id": device.id,
        "entityId": device.entity_id,
        "deviceEntityId": device_entity_id(device.id),
        "serial": device.serial,
    }
    credentials = registered.credentials
    if credentials is not None:
        answer["mqtt"] = {
            "username": credentials.username,
            "password": credentials.password,
            "topic": credentials.topic,
            "active": is_active,
        }
        if mqtt_url is not None:
            answer["mqtt"]["url"] = mqtt_url
    return answer


def _time(moment: Micros | None) -> str | None:
    return None if moment is None else format_datetime(moment)


def describe_findings(found: Sequence[CountedFinding]) -> list[dict[str, Any]]:
    """Write what the device sent against its profile or data model, the latest first."""
    return [
        {
            "attribute": one.attribute,
            "reason": one.reason,
            "values": one.found,
            "firstAt": _time(one.first_at),
            "lastAt": _time(one.last_at),
            "lastDetail": one.last_detail,
        }
        for one in found
    ]
