"""Registering devices: the one place where a device, its entity id and its credentials come into being."""

from collections.abc import Mapping, Sequence

import msgspec

from context_api.store import devices as store
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.devices import NewCredential
from context_api.store.errors import StoreRefused
from devices.catalog import built_in_profiles
from devices.credentials import is_secret_right, new_credential, new_secret
from devices.draft import DEFAULT_ADAPTER, check_draft, check_tenant
from devices.errors import DeviceExists, DeviceUnknown, InvalidDevice
from devices.gateways import gateway_filters
from devices.model import (
    Credentials,
    Device,
    DeviceDraft,
    DeviceFilter,
    DeviceKind,
    DevicePage,
    Registered,
)
from devices.profile import Profile

MAX_PAGE = 1000


class DeviceRegistry:
    """The devices of all tenants; every call names its tenant by an `Access`.

    `hash_key` keys the hashes of secrets: the installation's secret.
    """

    def __init__(
        self, database: Database, *, hash_key: bytes = b"", profiles: Mapping[str, Profile] | None = None
    ) -> None:
        self._database = database
        self._hash_key = hash_key
        self.profiles = built_in_profiles() if profiles is None else profiles

    def register(self, access: Access, draft: DeviceDraft) -> Registered:
        """Register a device; its credentials are returned this once.

        Raises InvalidDevice (a bad id, profile, location, …), DeviceExists. A retired id may be registered
        anew: same entity and history, new credentials.
        """
        [registered] = self.register_many(access, [draft])
        if isinstance(registered, DeviceExists):
            raise registered
        return registered

    def register_many(self, access: Access, drafts: Sequence[DeviceDraft]) -> list[Registered | DeviceExists]:
        """Register devices in one transaction and one credential generation.

        A taken id is answered with DeviceExists and leaves the rest alone.

        Raises InvalidDevice for the first draft that cannot be registered; then nothing is.
        """
        check_tenant(access.tenant)
        for draft in drafts:
            check_draft(draft, self.profiles)
        prepared = [self._prepare(access, draft) for draft in drafts]
        rows = [(device, self._hashes(credentials)) for device, credentials in prepared]
        try:
            inserted = store.insert_devices(self._database, rows)
        except StoreRefused as error:
            raise _taken(error) from error
        return [
            Registered(inserted.devices[device.id], credentials, inserted.generation)
            if device.id in inserted.devices
            else DeviceExists(f"Device {device.id} exists already")
            for device, credentials in prepared
        ]

    def get(self, access: Access, device_id: str) -> Device:
        """Return one device that is not retired. Raises DeviceUnknown."""
        device = store.get_device(self._database, access, device_id)
        if device is None or device.retired_at is not None:
            raise _unknown(device_id)
        return device

    def list(self, access: Access, filters: DeviceFilter, *, limit: int = 100, after: str = "") -> DevicePage:
        """Return a page of devices, by id, after the id `after`."""
        return store.list_devices(
            self._database, access, filters, limit=max(0, min(limit, MAX_PAGE)), after=after
        )

    def retire(self, access: Access, device_id: str) -> int:
        """Retire a device: its credentials are void, its entity and history stay.

        Returns the credential generation. Raises DeviceUnknown.
        """
        generation = store.retire_device(self._database, access, device_id)
        if generation is None:
            raise _unknown(device_id)
        return generation

    def wait_applied(self, generation: int, timeout_s: float = 2.0) -> bool:
        """Wait until the broker has loaded a credential generation; False after `timeout_s`."""
        return store.wait_applied(self._database, generation, timeout_s)

    def verify(self, username: str, secret: str) -> tuple[str, str] | None:
        """Return (tenant, device id) of a user name whose secret is right, else None."""
        for found in store.find_verifiers(self._database, username):
            if is_secret_right(secret, found.verifier, self._hash_key):
                return found.tenant, found.device_id
        return None

    def _prepare(self, access: Access, draft: DeviceDraft) -> tuple[Device, Credentials | None]:
        if draft.kind == "gateway":
            topic = gateway_filters(draft.adapter or "", draft.application or "")[0]
            return _build_device(access, draft, DeviceKind.GATEWAY), _credentials(access, draft.id, topic)
        profile = self.profiles[draft.profile or ""]
        device = msgspec.structs.replace(
            _build_device(access, draft, DeviceKind.DEVICE),
            entity_id=profile.entity_id(draft.id),
            expected_interval_s=draft.expected_interval_s or profile.expected_interval_s,
        )
        if draft.gateway is None:
            return device, _credentials(access, draft.id, f"machi/v1/{access.tenant}/{draft.id}/up")
        behind = msgspec.structs.replace(
            device,
            adapter=self._gateway(access, draft.gateway).adapter,
            gateway_device=draft.gateway_device or draft.id,
        )
        return behind, None

    def _hashes(self, credentials: Credentials | None) -> NewCredential | None:
        if credentials is None:
            return None
        return new_credential(credentials.username, credentials.password, self._hash_key)

    def _gateway(self, access: Access, gateway_id: str) -> Device:
        gateway = store.get_device(self._database, access, gateway_id)
        if gateway is None or gateway.kind is not DeviceKind.GATEWAY or gateway.retired_at is not None:
            raise InvalidDevice("gateway", f"There is no gateway {gateway_id}; register it first")
        return gateway


def _build_device(access: Access, draft: DeviceDraft, kind: DeviceKind) -> Device:
    return Device(
        tenant=access.tenant,
        tenant_id=access.tenant_id,
        id=draft.id,
        kind=kind,
        profile=draft.profile,
        adapter=draft.adapter or DEFAULT_ADAPTER,
        entity_id=None,
        name=draft.name,
        location=draft.location,
        static=draft.static,
        expected_interval_s=draft.expected_interval_s,
        application=draft.application,
        gateway=draft.gateway,
    )


def _credentials(access: Access, device_id: str, topic: str) -> Credentials:
    return Credentials(f"{access.tenant}/{device_id}", new_secret(), topic)


def _unknown(device_id: str) -> DeviceUnknown:
    return DeviceUnknown(f"There is no device {device_id!r:.80}")


def _taken(error: StoreRefused) -> InvalidDevice | StoreRefused:
    """Which of the two unique names is taken; anything else stays what it was."""
    text = str(error)
    if "device_application" in text:
        return InvalidDevice("application", "Another gateway speaks for this application")
    if "device_behind_gateway" in text:
        return InvalidDevice("gatewayDevice", "Another device has this name at the gateway")
    return error
