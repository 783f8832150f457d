"""Draft -> device: what follows from the profile, the gateway and the defaults. Pure."""

from collections.abc import Mapping

from adapters.codecs.parameters import CodecParameterError, parse_parameters
from context_api.store.access import Access
from devices.draft import DEFAULT_ADAPTER, read_installed_at
from devices.entity_ids import EntityIdError
from devices.errors import InvalidDevice
from devices.gateways import gateway_filters
from devices.model import Device, DeviceDraft, DeviceKind
from devices.profile import Profile


def prepare_device(
    access: Access, draft: DeviceDraft, profiles: Mapping[str, Profile], gateways: Mapping[str, str]
) -> Device:
    """Return the device that a checked draft asks for; `gateways` says the adapter of each, by id.

    Raises InvalidDevice where the draft's gateway is not among them.
    """
    if draft.kind == "gateway":
        return _build(access, draft, DeviceKind.GATEWAY, draft.adapter or DEFAULT_ADAPTER)
    profile = profiles[draft.profile or ""]
    _check_parameters(draft)
    return _build(
        access,
        draft,
        DeviceKind.DEVICE,
        _adapter(draft, gateways),
        entity_id=_entity_id(access, draft, profile),
        expected_interval_s=draft.expected_interval_s or profile.expected_interval_s,
        gateway_device=None if draft.gateway is None else draft.gateway_device or draft.id,
    )


def _entity_id(access: Access, draft: DeviceDraft, profile: Profile) -> str:
    try:
        return profile.entity_id(draft.id, access.tenant, draft.static)
    except EntityIdError as error:
        raise InvalidDevice("static", f"the profile's entityId: {error}") from error


def _check_parameters(draft: DeviceDraft) -> None:
    if not draft.codec_parameters:
        return
    try:
        parse_parameters(draft.codec_parameters)
    except CodecParameterError as error:
        raise InvalidDevice("codecParameters", str(error)) from error


def publishing_topic(device: Device) -> str | None:
    """Return where a device publishes with credentials of its own (a gateway's holds `+`), else None."""
    if device.kind is DeviceKind.GATEWAY:
        return gateway_filters(device.adapter, device.application or "")[0]
    return None if device.gateway is not None else f"machi/v1/{device.tenant}/{device.id}/up"


def _adapter(draft: DeviceDraft, gateways: Mapping[str, str]) -> str:
    if draft.gateway is None:
        return draft.adapter or DEFAULT_ADAPTER
    if draft.gateway not in gateways:
        raise InvalidDevice("gateway", f"There is no gateway {draft.gateway}; register it first")
    return gateways[draft.gateway]


def _build(
    access: Access,
    draft: DeviceDraft,
    kind: DeviceKind,
    adapter: str,
    *,
    entity_id: str | None = None,
    expected_interval_s: float | None = None,
    gateway_device: str | None = None,
) -> Device:
    return Device(
        tenant=access.tenant,
        tenant_id=access.tenant_id,
        id=draft.id,
        kind=kind,
        profile=draft.profile,
        adapter=adapter,
        entity_id=entity_id,
        name=draft.name,
        location=draft.location,
        static=draft.static,
        expected_interval_s=expected_interval_s or draft.expected_interval_s,
        application=draft.application,
        gateway=draft.gateway,
        gateway_device=gateway_device,
        owner=draft.owner,
        tags=draft.tags,
        serial=draft.serial,
        notes=draft.notes,
        installed_at=read_installed_at(draft.installed_at),
        codec_parameters=draft.codec_parameters,
        messages_per_minute=draft.messages_per_minute,
    )
