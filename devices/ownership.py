"""Whose devices are: an operator registers its own, and none that would open what is somebody else's."""

from collections.abc import Collection, Sequence

import msgspec

from context_api.ngsild.device_names import device_entity_id
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.devices import find_foreign
from devices.errors import InvalidDevice
from devices.model import Device, DeviceDraft


def owned(access: Access, draft: DeviceDraft) -> DeviceDraft:
    """Give a draft the owner that it is registered by. Raises InvalidDevice where it names another."""
    own = access.devices_of
    if own is None or draft.owner == own:
        return draft
    if draft.owner is not None:
        raise InvalidDevice("owner", f"you register and edit devices of {own!r}; leave owner out")
    return msgspec.structs.replace(draft, owner=own)


def owned_all(access: Access, drafts: Sequence[DeviceDraft]) -> Sequence[DeviceDraft]:
    """Give each draft its owner. Raises InvalidDevice."""
    return drafts if access.devices_of is None else [owned(access, draft) for draft in drafts]


def check_entities(database: Database, access: Access, devices: Collection[Device]) -> None:
    """Refuse devices that would write, and let be read, an entity that is there and not theirs.

    Raises InvalidDevice.
    """
    if access.devices_of is None:
        return
    named = [(device.id, device_entity_id(device.id)) for device in devices]
    named += [(device.id, device.entity_id) for device in devices if device.entity_id is not None]
    found = find_foreign(database, access, named)
    if found is not None:
        raise InvalidDevice(
            "id", f"the entity {found[1]!r:.200} of {found[0]!r:.80} is there, and not your devices'"
        )
