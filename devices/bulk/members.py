"""What the cells of a row make of a device's document. Pure.

What a row gives is a JSON merge patch (RFC 7396): a cell that empties a member is its null.
"""

from collections.abc import Mapping
from typing import Any

from devices.document import document_of, merge_patch
from devices.draft import DEFAULT_ADAPTER
from devices.model import Device
from devices.profile import Profile


def merged_document(
    device_id: str, given: Mapping[str, Any], device: Device | None, profiles: Mapping[str, Profile]
) -> dict[str, Any]:
    """Give the registration that a row asks for: what it gives, on top of what is there."""
    before = {"id": device_id, "kind": "device"} if device is None else _document(device, profiles)
    merged: dict[str, Any] = merge_patch(before, given)
    return {member: value for member, value in merged.items() if value not in (None, [], {})}


def is_changed(given: Mapping[str, Any], device: Device, profiles: Mapping[str, Profile]) -> bool:
    """Tell whether a row would change a device."""
    return bool(changed_members(given, device, profiles))


def changed_members(
    given: Mapping[str, Any], device: Device, profiles: Mapping[str, Profile]
) -> tuple[str, ...]:
    """Name the members of a device that a row would change, in the order of the alphabet."""
    before = _as_left_out(_document(device, profiles), device.id, profiles)
    after = _as_left_out(merged_document(device.id, given, device, profiles), device.id, profiles)
    return tuple(sorted(name for name in {*before, *after} if before.get(name) != after.get(name)))


def _document(device: Device, profiles: Mapping[str, Profile]) -> dict[str, Any]:
    return document_of(device, profiles.get(device.profile or ""))


def _as_left_out(
    document: Mapping[str, Any], device_id: str, profiles: Mapping[str, Profile]
) -> dict[str, Any]:
    """Leave out what the registry fills in by itself, so that naming it is no change."""
    profile = profiles.get(str(document.get("profile")))
    filled_in = {
        "expectedIntervalS": None if profile is None else profile.expected_interval_s,
        "gatewayDevice": device_id,
        "adapter": DEFAULT_ADAPTER,
    }
    return {
        member: value
        for member, value in document.items()
        if member not in filled_in or value != filled_in[member]
    }
