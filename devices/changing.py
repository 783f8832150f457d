"""What becomes of a device by an edit, or by other hardware. Pure but for the clock."""

import time
from collections.abc import Mapping

import msgspec

from context_api.store.access import Access
from devices.document import document_of, patched
from devices.draft import check_draft, read_installed_at
from devices.errors import InvalidDevice
from devices.model import Device, DeviceDraft, DeviceKind, HardwareDraft
from devices.preparing import prepare_device
from devices.profile import Profile

_OBSERVED = ("created_at", "modified_at", "state", "state_since", "state_reason", "revision", "last_seen")
_MAX_REASON_CHARS = 500


def edited_device(
    access: Access,
    former: Device,
    draft: DeviceDraft,
    profiles: Mapping[str, Profile],
    gateways: Mapping[str, str],
) -> Device:
    """Return the device as the edited draft has it, with the revision that it is made from.

    Raises InvalidDevice.
    """
    check_draft(draft, profiles)
    if (draft.gateway is None) != (former.gateway is None):
        raise InvalidDevice(
            "gateway", "a device stays behind a gateway or by itself; retire it and register it anew"
        )
    latter = prepare_device(access, draft, profiles, gateways)
    if former.kind is DeviceKind.GATEWAY and latter.adapter != former.adapter:
        raise InvalidDevice("adapter", "the adapter of a gateway stays; register another gateway")
    return msgspec.structs.replace(latter, **{name: getattr(former, name) for name in _OBSERVED})


def with_hardware(former: Device, draft: HardwareDraft, profiles: Mapping[str, Profile]) -> Device:
    """Return the device with other hardware, put in place now unless told. Raises InvalidDevice."""
    installed_at = read_installed_at(draft.installed_at)
    latter = msgspec.structs.replace(
        former,
        serial=draft.serial,
        installed_at=time.time_ns() // 1000 if installed_at is None else installed_at,
        gateway_device=draft.gateway_device or former.gateway_device,
    )
    if draft.gateway_device is not None and former.gateway is None:
        raise InvalidDevice("gatewayDevice", "only a device behind a gateway has this")
    reason = draft.reason
    if reason is not None and not (0 < len(reason) <= _MAX_REASON_CHARS and reason.isprintable()):
        raise InvalidDevice("reason", f"a reason has 1 to {_MAX_REASON_CHARS} printable characters")
    check_draft(patched(document_of(latter, profiles.get(former.profile or "")), {}), profiles)
    return latter
