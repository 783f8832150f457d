"""The registry: the one place where a device, its entity and its credentials come into being and change.

Each act is one transaction of the write path (`devices.transactions`); registering many is one per slice.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from context_api.ngsild.changes import Change, CreateEntity
from context_api.ngsild.device_names import device_entity_id
from context_api.store import device_changes, device_listing
from context_api.store import devices as store
from context_api.store.access import Access
from context_api.store.batch import Batch
from context_api.store.counters import DeviceCounters
from context_api.store.database import Database
from context_api.store.device_changes import ChangePage, Hardware
from context_api.store.device_listing import SortKey
from context_api.store.devices import NewCredential
from context_api.store.errors import StoreRefused
from context_api.store.store import Store
from devices import transactions
from devices.changing import edited_device, with_hardware
from devices.credentials import new_credential, new_secret
from devices.device_credentials import find_login
from devices.document import document_of, patched
from devices.draft import check_draft, check_tenant
from devices.entity import change_to, device_entity, health_of
from devices.errors import DeviceChanged, DeviceExists, InvalidDevice
from devices.model import (
    Credentials,
    Device,
    DeviceDraft,
    DeviceFilter,
    DeviceKind,
    DevicePage,
    HardwareDraft,
    Registered,
)
from devices.ownership import check_entities, owned, owned_all
from devices.preparing import prepare_device, publishing_topic
from devices.profile import Profile
from devices.shelf import Shelf
from devices.transactions import Replacement

MAX_PAGE = 1000
SLICE = 200
"""So many devices are registered in one transaction: until its commit other new entities may have to wait."""
_ATTEMPTS = 5
_OBSERVED = ("created_at", "modified_at", "state", "state_since", "state_reason", "revision", "last_seen")
_T = TypeVar("_T")


class DeviceRegistry:
    """The devices of all tenants; every call names its tenant by an `Access`. Threads may share it.

    `hash_key` keys the hashes of secrets: the installation's secret.
    """

    def __init__(
        self,
        database: Database,
        *,
        hash_key: bytes = b"",
        profiles: Mapping[str, Profile] | None = None,
        store: Store | None = None,
    ) -> None:
        self._database = database
        self._store = Store(database) if store is None else store
        self._hash_key = hash_key
        self._profiles = profiles

    def profiles_of(self, access: Access) -> Mapping[str, Profile]:
        """Return the profiles that devices of a tenant may have, as they are now, by name."""
        return Shelf(self._database, access.tenant_id) if self._profiles is None else self._profiles

    def register(self, access: Access, draft: DeviceDraft) -> Registered:
        """Register a device; its credentials are returned this once.

        Raises InvalidDevice (a bad id, profile, location, …), DeviceExists. A retired id may be registered
        anew: same entity and history, new credentials.
        """
        [registered] = self.register_many(access, [draft])
        if isinstance(registered, DeviceExists):
            raise registered
        return registered

    def register_many(
        self,
        access: Access,
        drafts: Sequence[DeviceDraft],
        *,
        secret_of: Callable[[str], str] | None = None,
    ) -> list[Registered | DeviceExists]:
        """Register devices, SLICE in a transaction; gateways among them come first.

        `secret_of` gives the password of a user name; absent: a random one. A taken id is answered with
        DeviceExists and leaves the rest alone. Raises InvalidDevice for the first draft that cannot be
        registered: then nothing is; but where a name at a gateway is taken, the slices before it are.
        """
        check_tenant(access.tenant)
        drafts = owned_all(access, drafts)
        profiles = self.profiles_of(access)
        for draft in drafts:
            check_draft(draft, profiles)
        wanted = self._prepare(access, drafts, profiles)
        check_entities(self._database, access, wanted.values())
        done: dict[str, Registered] = {}
        for devices in _slices(sorted(wanted.values(), key=_gateways_first)):
            done |= self._register(access, devices, profiles, secret_of)
        return [self._answer(draft.id, done) for draft in drafts]

    def get(self, access: Access, device_id: str) -> Device:
        """Return one device that is not retired. Raises DeviceUnknown."""
        device = store.get_device(self._database, access, device_id)
        if device is None or device.retired_at is not None:
            raise transactions.unknown(device_id)
        return device

    def list(
        self,
        access: Access,
        filters: DeviceFilter,
        *,
        limit: int = 100,
        after: str = "",
        offset: int = 0,
        sort: SortKey = "id",
        descending: bool = False,
    ) -> DevicePage:
        """Return a page of devices: by id after the id `after`, or in another order from `offset` on."""
        return device_listing.list_devices(
            self._database,
            access,
            filters,
            limit=max(0, min(limit, MAX_PAGE)),
            after=after,
            offset=offset,
            sort=sort,
            descending=descending,
        )

    def edit(self, access: Access, device_id: str, patch: Any, *, revision: int | None = None) -> Device:
        """Apply a JSON merge patch (RFC 7396) to the document of a device; returns the device as it then is.

        With `revision` it happens only if the device still has it. Raises DeviceUnknown, InvalidDevice,
        DeviceChanged.
        """

        def attempt() -> Device:
            former = self._at_revision(access, device_id, revision)
            profiles = self.profiles_of(access)
            draft = owned(access, patched(document_of(former, profiles.get(former.profile or "")), patch))
            latter = edited_device(access, former, draft, profiles, self._gateways(access, [draft]))
            if latter == former:
                return former
            check_entities(self._database, access, [latter])
            return self._transact(
                access,
                [latter],
                profiles,
                lambda batch: transactions.edit(batch, former, latter, profiles),
            )

        return _again(attempt, revision)

    def replace_hardware(self, access: Access, device_id: str, draft: HardwareDraft) -> Registered:
        """Put other hardware in the place of a device's: same id, entity and history, new credentials.

        The former credentials are void at the commit. Raises DeviceUnknown, InvalidDevice, DeviceChanged.
        """

        def attempt() -> Registered:
            former = self.get(access, device_id)
            profiles = self.profiles_of(access)
            latter = with_hardware(former, draft, profiles)
            credentials = _new_credentials(latter)
            device, generation = self._transact(
                access,
                [latter],
                profiles,
                lambda batch: transactions.replace_hardware(
                    batch, former, latter, Replacement(self._hashed(credentials), draft.reason), profiles
                ),
            )
            return Registered(device, credentials, generation)

        return _again(attempt, None)

    def retire(self, access: Access, device_id: str) -> int:
        """Retire a device: its credentials are void, its entity and history stay.

        Returns the credential generation. Raises DeviceUnknown.
        """
        device = self.get(access, device_id)
        profiles = self.profiles_of(access)
        return self._transact(
            access, [device], profiles, lambda batch: transactions.retire(batch, device_id, profiles)
        )

    def list_changes(
        self, access: Access, device_id: str, *, limit: int = 100, before: int | None = None
    ) -> ChangePage:
        """Return who changed what of a device, retired or not, the newest first. Raises DeviceUnknown."""
        if store.get_device(self._database, access, device_id) is None:
            raise transactions.unknown(device_id)
        limit = max(1, min(limit, MAX_PAGE))
        return device_changes.list_changes(self._database, access, device_id, limit=limit, before=before)

    def list_hardware(self, access: Access, device_id: str) -> Sequence[Hardware]:
        """Return the hardware that a device had before, the newest first."""
        return device_changes.list_hardware(self._database, access, device_id)

    def counters(self, access: Access, device_id: str) -> DeviceCounters | None:
        """Return what became of a device's messages; None: it never sent one."""
        return next(iter(self._store.get_device_counters(access, device_id)), None)

    def health(self, access: Access, devices: Sequence[Device]) -> dict[str, Mapping[str, Any]]:
        """Return the newest battery level, signal and firmware that each device's entities tell of, by id."""
        ids = {device.entity_id for device in devices} | {device_entity_id(device.id) for device in devices}
        entities = self._store.get_entities(access, [each for each in ids if each is not None])
        profiles = self.profiles_of(access)
        return {
            device.id: health_of(
                [entities.get(device_entity_id(device.id)), entities.get(device.entity_id or "")],
                profiles.get(device.profile or ""),
            )
            for device in devices
        }

    def reconcile(self, access: Access) -> int:
        """Put back what the entities of a tenant's devices should say; returns how many did not say it."""
        mended, after = 0, ""
        while True:
            page = self.list(access, DeviceFilter(retired=None), limit=SLICE, after=after)
            drifted = self._drifted(access, page.devices)
            if drifted:
                mended += self._reconcile(access, drifted)
            if page.next_after is None:
                return mended
            after = page.next_after

    def wait_applied(self, generation: int, timeout_s: float = 2.0) -> bool:
        """Wait until the broker has loaded a credential generation; False after `timeout_s`."""
        return store.wait_applied(self._database, generation, timeout_s)

    def verify(self, username: str, secret: str) -> tuple[str, str] | None:
        """Return (tenant, device id) of a user name whose secret is right, else None."""
        login = find_login(self._database, username, secret, self._hash_key)
        return None if login is None else (login.tenant, login.device_id)

    def _prepare(
        self, access: Access, drafts: Sequence[DeviceDraft], profiles: Mapping[str, Profile]
    ) -> dict[str, Device]:
        """The devices of drafts, by id; of two drafts with one id the first counts."""
        gateways = self._gateways(access, drafts)
        wanted: dict[str, Device] = {}
        for draft in drafts:
            if draft.id not in wanted:
                wanted[draft.id] = prepare_device(access, draft, profiles, gateways)
        return wanted

    def _gateways(self, access: Access, drafts: Sequence[DeviceDraft]) -> dict[str, str]:
        """The adapter of each gateway that drafts name, those among the drafts included."""
        names = {draft.gateway for draft in drafts if draft.gateway is not None}
        if not names:
            return {}
        with self._database.connection() as connection:
            found = store.get_devices(connection, access, names).values()
        known = {
            device.id: device.adapter
            for device in found
            if device.kind is DeviceKind.GATEWAY and device.retired_at is None
        }
        new = {draft.id: draft.adapter or "" for draft in drafts if draft.kind == "gateway"}
        return {**new, **known}

    def _register(
        self,
        access: Access,
        devices: Sequence[Device],
        profiles: Mapping[str, Profile],
        secret_of: Callable[[str], str] | None,
    ) -> dict[str, Registered]:
        credentials = {device.id: _new_credentials(device, secret_of) for device in devices}
        hashed = {
            device_id: credential
            for device_id, one in credentials.items()
            if (credential := self._hashed(one)) is not None
        }
        made, generation = self._transact(
            access, devices, profiles, lambda batch: transactions.register(batch, devices, hashed, profiles)
        )
        return {device.id: Registered(device, credentials[device.id], generation) for device in made.values()}

    def _answer(self, device_id: str, done: dict[str, Registered]) -> Registered | DeviceExists:
        """The result of one draft; a second one of the same id finds it taken."""
        return done.pop(device_id, None) or DeviceExists(f"Device {device_id} exists already")

    def _at_revision(self, access: Access, device_id: str, revision: int | None) -> Device:
        device = self.get(access, device_id)
        if revision is not None and device.revision != revision:
            raise DeviceChanged(
                f"Device {device_id} is at revision {device.revision}, not {revision}; read it again"
            )
        return device

    def _transact(
        self,
        access: Access,
        devices: Sequence[Device],
        profiles: Mapping[str, Profile],
        work: Callable[[Batch], _T],
    ) -> _T:
        """Run an act of `transactions`, with the names of the entities that it may write."""
        entities = [device_entity(device, profiles.get(device.profile or "")) for device in devices[:1]]
        changes: list[Change] = [CreateEntity(entity_id=one.id, entity=one) for one in entities]
        try:
            return self._store.transact(access, changes, work)
        except StoreRefused as error:
            raise _taken(error) from error

    def _hashed(self, credentials: Credentials | None) -> NewCredential | None:
        if credentials is None:
            return None
        return new_credential(credentials.username, credentials.password, self._hash_key)

    def _drifted(self, access: Access, devices: Sequence[Device]) -> Sequence[str]:
        entities = self._store.get_entities(access, [device_entity_id(device.id) for device in devices])
        profiles = self.profiles_of(access)
        wanted = {device.id: device_entity(device, profiles.get(device.profile or "")) for device in devices}
        return [
            device_id
            for device_id, entity in wanted.items()
            if change_to(entities.get(entity.id), entity) is not None
        ]

    def _reconcile(self, access: Access, drifted: Sequence[str]) -> int:
        profiles = self.profiles_of(access)
        return self._store.transact(
            access, (), lambda batch: transactions.reconcile(batch, drifted, profiles)
        )


def _slices(devices: Sequence[Device]) -> Iterator[Sequence[Device]]:
    return (devices[start : start + SLICE] for start in range(0, len(devices), SLICE))


def _gateways_first(device: Device) -> tuple[bool, str]:
    return device.kind is not DeviceKind.GATEWAY, device.id


def _new_credentials(device: Device, secret_of: Callable[[str], str] | None = None) -> Credentials | None:
    topic = publishing_topic(device)
    if topic is None:
        return None
    username = f"{device.tenant}/{device.id}"
    return Credentials(username, new_secret() if secret_of is None else secret_of(username), topic)


def _again(attempt: Callable[[], _T], revision: int | None) -> _T:
    """Try again where somebody else was faster, unless the caller said what it must find."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return attempt()
        except DeviceChanged:
            if revision is not None:
                raise
    return attempt()


def _taken(error: StoreRefused) -> InvalidDevice | StoreRefused:
    """Which of the two unique names was taken this moment; anything else stays what it was."""
    text = str(error)
    if "device_application" in text:
        return InvalidDevice("application", "Another gateway speaks for this application")
    if "device_behind_gateway" in text:
        return InvalidDevice("gatewayDevice", "Another device has this name at the gateway")
    return error
