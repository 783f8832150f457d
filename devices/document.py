"""A device as a document that is edited (RFC 7396) and compared for the history of changes. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from context_api.ngsild.time import format_datetime
from devices.draft import DEFAULT_ADAPTER, draft_from_json
from devices.errors import InvalidDevice
from devices.model import Device, DeviceDraft, DeviceKind
from devices.profile import Profile

_SECRETS = ("key", "secret", "password", "token", "credential")
"""A codec's parameter with one of these in its name is not shown in the history."""
HIDDEN = "***"
_ABSENT = object()
EDITABLE = tuple(
    field.encode_name for field in msgspec.structs.fields(DeviceDraft) if field.name not in ("id", "kind")
)


def kind_name(device: Device) -> str:
    """Return the kind as documents name it."""
    return "gateway" if device.kind is DeviceKind.GATEWAY else "device"


def document_of(device: Device, profile: Profile | None) -> dict[str, Any]:
    """Return the draft that would register a device as it is; members at their defaults are left out."""
    is_behind = device.gateway is not None
    interval = device.expected_interval_s
    document: dict[str, Any] = {
        "id": device.id,
        "kind": kind_name(device),
        "profile": device.profile,
        "name": device.name,
        "location": device.location,
        "expectedIntervalS": None if profile and interval == profile.expected_interval_s else interval,
        "static": device.static,
        "adapter": None if is_behind or device.adapter == DEFAULT_ADAPTER else device.adapter,
        "application": device.application,
        "gateway": device.gateway,
        "gatewayDevice": None if device.gateway_device == device.id else device.gateway_device,
        "owner": device.owner,
        "tags": list(device.tags),
        "serial": device.serial,
        "notes": device.notes,
        "installedAt": None if device.installed_at is None else format_datetime(device.installed_at),
        "codecParameters": device.codec_parameters,
        "messagesPerMinute": device.messages_per_minute,
    }
    return {name: value for name, value in document.items() if value not in (None, [], {})}


def merge_patch(target: Any, patch: Any) -> Any:
    """Apply a JSON merge patch (RFC 7396, section 2); nothing that comes in is changed."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def patched(document: Mapping[str, Any], patch: Any) -> DeviceDraft:
    """Return the draft that a merge patch makes of a device's document. Raises InvalidDevice."""
    if not isinstance(patch, dict):
        raise InvalidDevice("", "an edit is one JSON object with the members that change")
    for name in ("id", "kind"):
        if name in patch and patch[name] != document[name]:
            raise InvalidDevice(name, f"the {name} of a device stays; retire it and register another")
    for name in patch:
        if name not in EDITABLE and name not in ("id", "kind"):
            raise InvalidDevice(name, f"{name!r:.80} cannot be edited; these can: {', '.join(EDITABLE)}")
    return draft_from_json(merge_patch(document, patch))


def difference(former: Mapping[str, Any], latter: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the members that differ, before and after; what may be a secret is hidden."""
    names = [name for name in {**former, **latter} if former.get(name, _ABSENT) != latter.get(name, _ABSENT)]
    return (
        {name: _shown(name, former[name]) for name in names if name in former},
        {name: _shown(name, latter[name]) for name in names if name in latter},
    )


def _shown(name: str, value: Any) -> Any:
    return _without_secrets(value) if name == "codecParameters" else value


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: HIDDEN if any(one in name.lower() for one in _SECRETS) else _without_secrets(inner)
            for name, inner in value.items()
        }
    return [_without_secrets(inner) for inner in value] if isinstance(value, list) else value
