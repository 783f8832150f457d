"""What an erasure of devices is about: their entities go with them."""

from collections.abc import Sequence

from context_api.ngsild.device_names import device_entity_id
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.devices import get_device
from context_api.store.erasure import Subjects
from devices.registry import DeviceRegistry
from devices.transactions import unknown


def subjects_of(
    database: Database, access: Access, entities: Sequence[str], devices: Sequence[str]
) -> Subjects:
    """Add to the entities those of the devices, retired or not. Raises DeviceUnknown."""
    wanted = dict.fromkeys(entities)
    for device_id in devices:
        device = get_device(database, access, device_id)
        if device is None:
            raise unknown(device_id)
        wanted[device_entity_id(device_id)] = None
        if device.entity_id is not None:
            wanted[device.entity_id] = None
    return Subjects(list(wanted), list(dict.fromkeys(devices)))


def retire_all(database: Database, registry: DeviceRegistry, access: Access, devices: Sequence[str]) -> None:
    """Retire the devices that are not: their credentials are void, what they send is no longer taken."""
    for device_id in devices:
        device = get_device(database, access, device_id)
        if device is not None and device.retired_at is None:
            registry.retire(access, device_id)
