"""What each act of the registry writes in one transaction: device, changes, credentials, entity."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from context_api.ngsild.changes import Change, UpdateAttributes
from context_api.ngsild.device_names import device_entity_id
from context_api.ngsild.model import Iri
from context_api.store import device_writing as writing
from context_api.store import devices as store
from context_api.store.batch import Batch
from context_api.store.device_writing import Note
from context_api.store.devices import NewCredential
from devices.document import difference, document_of
from devices.entity import (
    change_to,
    device_attributes,
    device_entity,
    hardware_mark,
    static_change,
    static_of,
)
from devices.errors import DeviceChanged, DeviceUnknown, InvalidDevice
from devices.model import Device
from devices.profile import Profile

Profiles = Mapping[str, Profile]


class Replacement(NamedTuple):
    """The credential of new hardware, None where its gateway has it, and why the former was replaced."""

    credential: NewCredential | None
    reason: str | None


def register(
    batch: Batch, devices: Sequence[Device], credentials: Mapping[str, NewCredential], profiles: Profiles
) -> tuple[dict[str, Device], int]:
    """Write devices that are new; returns them by id, and the generation of their credentials.

    Raises InvalidDevice where a name is taken.
    """
    access, connection = batch.access, batch.connection
    batch.begin([device_entity_id(device.id) for device in devices], len(devices))
    _refuse_taken(batch, devices)
    new = writing.insert_devices(connection, access, devices)
    if not new:
        batch.commit()
        return {}, 0
    made = store.get_devices(connection, access, new)
    store.save_credentials(
        connection, access, {each: one for each, one in credentials.items() if each in new}
    )
    notes = {
        device.id: Note(*difference({}, document_of(device, _profile(device, profiles))))
        for device in made.values()
    }
    writing.note_changes(connection, access, "registered", notes)
    writing.notify_devices(connection, made.values())
    _tell(batch, made.values(), profiles)
    return made, writing.commit_generation(batch)


def edit(batch: Batch, former: Device, latter: Device, profiles: Profiles) -> Device:
    """Write an edited device. Raises DeviceChanged, and InvalidDevice where a name is taken."""
    access, connection = batch.access, batch.connection
    batch.begin(_touched(former, latter), 3)
    _refuse_taken(batch, [latter])
    device = _update(batch, latter)
    note = Note(
        *difference(
            document_of(former, _profile(former, profiles)), document_of(latter, _profile(latter, profiles))
        )
    )
    writing.note_changes(connection, access, "edited", {device.id: note})
    writing.notify_devices(connection, [device])
    _tell(batch, [device], profiles, _gone(former, device, profiles))
    _tell_measured(batch, former, device, profiles)
    if former.application != latter.application:
        writing.commit_generation(batch)
    else:
        batch.commit()
    return device


def retire(batch: Batch, device_id: str, profiles: Profiles) -> int:
    """Retire a device and void its credentials; returns the generation. Raises DeviceUnknown."""
    access, connection = batch.access, batch.connection
    batch.begin([device_entity_id(device_id)], 1)
    former = writing.retire_device(connection, access, device_id)
    if former is None:
        raise unknown(device_id)
    store.revoke_credentials(connection, access, device_id)
    writing.note_changes(
        connection, access, "retired", {device_id: Note({"state": former}, {"state": "retired"})}
    )
    devices = store.get_devices(connection, access, [device_id]).values()
    writing.notify_devices(connection, devices)
    _tell(batch, devices, profiles)
    return writing.commit_generation(batch)


def replace_hardware(
    batch: Batch,
    former: Device,
    latter: Device,
    replacement: Replacement,
    profiles: Profiles,
) -> tuple[Device, int]:
    """Put other hardware in the place of a device's; returns the device and the generation.

    Raises DeviceChanged, and InvalidDevice where the gateway's name for it is taken.
    """
    access, connection = batch.access, batch.connection
    batch.begin(_touched(former, latter), 3)
    _refuse_taken(batch, [latter])
    writing.keep_hardware(connection, access, former.id, replacement.reason)
    device = _update(batch, latter)
    store.revoke_credentials(connection, access, former.id)
    if replacement.credential is not None:
        store.save_credentials(connection, access, {former.id: replacement.credential})
    before, after = difference(document_of(former, None), document_of(latter, None))
    writing.note_changes(
        connection, access, "hardware-replaced", {device.id: Note(before, after, replacement.reason)}
    )
    writing.notify_devices(connection, [device])
    _tell(batch, [device], profiles, _gone(former, device, profiles))
    _mark_hardware(batch, device, replacement.reason, profiles)
    return device, writing.commit_generation(batch)


def reconcile(batch: Batch, device_ids: Sequence[str], profiles: Profiles) -> int:
    """Give the entities of devices what the registry says of them; returns how many had something else."""
    batch.begin([device_entity_id(each) for each in device_ids], len(device_ids))
    devices = store.get_devices(batch.connection, batch.access, device_ids)
    told = _tell(batch, devices.values(), profiles)
    batch.commit()
    return told


def unknown(device_id: str) -> DeviceUnknown:
    """Return the error for a device that is not there."""
    return DeviceUnknown(f"There is no device {device_id!r:.80}")


def _profile(device: Device, profiles: Profiles) -> Profile | None:
    return profiles.get(device.profile or "")


def _touched(former: Device, latter: Device) -> set[str]:
    measured = {former.entity_id, latter.entity_id} - {None}
    return {device_entity_id(former.id), *(each for each in measured if each is not None)}


def _update(batch: Batch, latter: Device) -> Device:
    if not writing.update_device(batch.connection, batch.access, latter):
        raise DeviceChanged(f"Device {latter.id} was changed by somebody else meanwhile; read it again")
    return store.get_devices(batch.connection, batch.access, [latter.id])[latter.id]


def _refuse_taken(batch: Batch, devices: Sequence[Device]) -> None:
    taken = writing.find_taken_name(batch.connection, batch.access, devices)
    if taken is None:
        return
    if taken.is_application:  # its holder may be of another tenant: not to be named
        raise InvalidDevice(
            "application", f"Device {taken.device_id}: another gateway speaks for this application"
        )
    raise InvalidDevice(
        "gatewayDevice", f"Device {taken.device_id}: {taken.holder} has this name at the gateway"
    )


def _tell(batch: Batch, devices: Iterable[Device], profiles: Profiles, gone: Iterable[Iri] = ()) -> int:
    """Write what the registry says of devices onto their entities; returns how many that changed."""
    changes = [
        change for device in devices if (change := _entity_change(batch, device, profiles, gone)) is not None
    ]
    _apply(batch, changes)
    return len(changes)


def _entity_change(batch: Batch, device: Device, profiles: Profiles, gone: Iterable[Iri]) -> Change | None:
    wanted = device_entity(device, _profile(device, profiles))
    return change_to(batch.current(wanted.id), wanted, gone)


def _gone(former: Device, latter: Device, profiles: Profiles) -> set[Iri]:
    before = device_attributes(former, _profile(former, profiles))
    return before.keys() - device_attributes(latter, _profile(latter, profiles)).keys()


def _tell_measured(batch: Batch, former: Device, latter: Device, profiles: Profiles) -> None:
    """Carry an edit to the entity that the device measures, where that is there already."""
    profile, old_profile = _profile(latter, profiles), _profile(former, profiles)
    if profile is None or old_profile is None or latter.entity_id is None:
        return
    if latter.entity_id != former.entity_id:
        return
    current = batch.current(latter.entity_id)
    change = static_change(current, static_of(former, old_profile), static_of(latter, profile))
    _apply(batch, [] if change is None else [change])


def _mark_hardware(batch: Batch, device: Device, reason: str | None, profiles: Profiles) -> None:
    profile = _profile(device, profiles)
    if profile is None or device.entity_id is None or batch.current(device.entity_id) is None:
        return
    mark = hardware_mark(device, profile, reason, batch.now())
    _apply(batch, [UpdateAttributes(entity_id=device.entity_id, attributes=mark)])


def _apply(batch: Batch, changes: Sequence[Change]) -> None:
    for outcome in batch.apply(changes, [batch.access.principal] * len(changes)):
        if outcome.error is not None:
            raise outcome.error
