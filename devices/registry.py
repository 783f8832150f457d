"""Registering devices: the one place where a device, its entity and its credentials come into being."""

from typing import TYPE_CHECKING

from devices.model import Device, DeviceDraft, DeviceFilter, DevicePage, Registered

if TYPE_CHECKING:
    from context_api.store.access import Access
    from context_api.store.database import Database


class DeviceRegistry:
    """The devices of all tenants; every call names its tenant by an `Access`."""

    def __init__(self, database: "Database", *, hash_key: bytes = b"") -> None:
        self._database = database
        self._hash_key = hash_key

    def register(self, access: "Access", draft: DeviceDraft) -> Registered:
        """Register a device; its credentials are returned this once.

        Raises InvalidDevice (a bad id, profile, location, …), DeviceExists. A retired id may be registered
        anew: same entity and history, new credentials.
        """
        raise NotImplementedError

    def get(self, access: "Access", device_id: str) -> Device:
        """Return one device. Raises DeviceUnknown."""
        raise NotImplementedError

    def list(
        self, access: "Access", filters: DeviceFilter, *, limit: int = 100, after: str = ""
    ) -> DevicePage:
        """Return a page of devices, by id, after the id `after`."""
        raise NotImplementedError

    def retire(self, access: "Access", device_id: str) -> int:
        """Retire a device: its credentials are void, its entity and history stay.

        Returns the credential generation. Raises DeviceUnknown.
        """
        raise NotImplementedError

    def wait_applied(self, generation: int, timeout_s: float = 2.0) -> bool:
        """Wait until the broker has loaded a credential generation; False after `timeout_s`."""
        raise NotImplementedError
