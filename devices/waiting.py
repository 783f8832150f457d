"""Devices that come by themselves: a group lets them wait, people let them in.

A group is a gateway with terms: a network server whose unknown devices may wait, or a key of its own, whose
devices publish on `machi/v1/{group}@{tenant}/{device}/up`. A broker's rules can hold a key to that level, and
not to the beginning of a device's name: so nobody can publish as a registered device by the key of a group.
Nothing is stored of a device before it is approved; then what was kept of it is replayed, in order.
"""

import re
from typing import Any, NamedTuple

import msgspec

from context_api.ngsild.model import Micros
from context_api.store import quarantine as aside
from context_api.store import waiting as store
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.quarantine import QuarantineFilter
from context_api.store.waiting import WAITING, Group, WaitingDevice, waiting_id
from devices.draft import DEFAULT_ADAPTER
from devices.errors import DeviceExists, DeviceUnknown, InvalidDevice
from devices.model import DeviceDraft, DeviceKind, Registered
from devices.quarantine import QuarantineDesk
from devices.registry import DeviceRegistry

MAX_DEVICES = 10_000
_PREFIX = re.compile(r"[A-Za-z0-9_.-]{0,64}")


class GroupDraft(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The terms of a group; its JSON form is the body of `PUT /api/v1/device-groups/{id}`."""

    profile: str | None = None
    """Of devices that are approved without naming another."""
    prefix: str = ""
    """Names must begin with it to wait."""
    max_devices: int = 100
    expires_at: str | None = None


class Approval(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What people change when they let a device in."""

    device_id: str | None = None
    """None: the name it came with."""
    profile: str | None = None
    name: str | None = None
    location: dict[str, Any] | None = None
    static: dict[str, Any] = msgspec.field(default_factory=dict)
    expected_interval_s: float | None = None
    tags: tuple[str, ...] = ()


class Approved(NamedTuple):
    """A device that was let in, and what became of its messages."""

    registered: Registered
    replayed: dict[str, int]


class WaitingRoom:
    """Groups and those that wait, of all tenants; every call names its tenant by an `Access`."""

    def __init__(self, database: Database, registry: DeviceRegistry, desk: QuarantineDesk) -> None:
        self._database = database
        self._registry = registry
        self._desk = desk

    def put_group(
        self, access: Access, group_id: str, draft: GroupDraft, expires_at: Micros | None
    ) -> tuple[Group, Registered | None]:
        """Make a group, or change its terms; a gateway of that id gets them, else a key is made for it.

        Returns the credentials too where a key was made. Raises InvalidDevice.
        """
        self._check(access, draft)
        registered: Registered | None = None
        try:
            gateway = self._registry.get(access, group_id)
        except DeviceUnknown:
            own = DeviceDraft(
                id=group_id,
                kind="gateway",
                adapter=DEFAULT_ADAPTER,
                application=f"{group_id}@{access.tenant}",
            )
            registered = self._registry.register(access, own)
        else:
            if gateway.kind is not DeviceKind.GATEWAY:
                raise InvalidDevice(
                    "id", f"{group_id} is a device; a group has a name of its own, or a gateway's"
                )
        store.put_group(
            self._database,
            access,
            group_id,
            profile=draft.profile,
            prefix=draft.prefix,
            max_devices=draft.max_devices,
            expires_at=expires_at,
        )
        return self.get_group(access, group_id), registered

    def get_group(self, access: Access, group_id: str) -> Group:
        """Give a group. Raises DeviceUnknown."""
        found = store.list_groups(self._database, access, group_id)
        if not found:
            raise DeviceUnknown(f"There is no group {group_id!r:.80}")
        return found[0]

    def list_groups(self, access: Access) -> list[Group]:
        """Give all groups of a tenant, by id."""
        return store.list_groups(self._database, access)

    def remove_group(self, access: Access, group_id: str) -> None:
        """Take in nobody any more; a key that was made for the group is void. Raises DeviceUnknown."""
        group = self.get_group(access, group_id)
        store.delete_group(self._database, access, group_id)
        if group.adapter == DEFAULT_ADAPTER:
            self._registry.retire(access, group_id)

    def list_waiting(
        self,
        access: Access,
        *,
        gateway: str | None = None,
        state: str | None = "waiting",
        after: tuple[str, str] = ("", ""),
        limit: int = 100,
    ) -> list[WaitingDevice]:
        """Give those that wait, by group and name."""
        return store.list_waiting(
            self._database, access, gateway=gateway, state=state, after=after, limit=limit
        )

    def approve(self, access: Access, gateway: str, name: str, approval: Approval) -> Approved:
        """Register a device that waits, and replay what was kept of it.

        Raises DeviceUnknown, DeviceExists (approved before, or the id is taken), InvalidDevice.
        """
        waiting = self._get(access, gateway, name)
        if waiting.state == "approved":
            raise DeviceExists(f"{name!r:.80} was approved, as {waiting.device_id}")
        registered = self._registry.register(access, self._draft(access, waiting, approval))
        device_id = registered.device.id
        store.decide(self._database, access, gateway, name, device_id)
        return Approved(registered, self._replay(access, device_id))

    def reject(self, access: Access, gateway: str, name: str) -> int:
        """Discard what was kept of a device, and keep no more; returns how many messages.

        It may be approved later all the same. Raises DeviceUnknown, DeviceExists (it was approved).
        """
        waiting = self._get(access, gateway, name)
        if waiting.state == "approved":
            raise DeviceExists(f"{name!r:.80} was approved, as {waiting.device_id}: retire that device")
        store.decide(self._database, access, gateway, name, None)
        filters = QuarantineFilter(device_id=waiting_id(gateway, name))
        discarded = 0
        while kept := aside.list_oldest(self._database, access, filters, limit=1_000):
            discarded += aside.discard(self._database, access, [one.id for one in kept])
        return discarded

    def _get(self, access: Access, gateway: str, name: str) -> WaitingDevice:
        found = store.list_waiting(self._database, access, gateway=gateway, name=name, state=None, limit=1)
        if not found:
            raise DeviceUnknown(f"No device {name!r:.80} of {gateway!r:.80} waits")
        return found[0]

    def _draft(self, access: Access, waiting: WaitingDevice, approval: Approval) -> DeviceDraft:
        """A device of a key gets credentials of its own; one of a network server stays behind it."""
        gateway = self._registry.get(access, waiting.gateway)
        is_own = gateway.adapter == DEFAULT_ADAPTER
        return DeviceDraft(
            id=approval.device_id or waiting.name,
            profile=approval.profile or waiting.profile,
            name=approval.name,
            location=approval.location,
            static=approval.static,
            expected_interval_s=approval.expected_interval_s,
            tags=approval.tags,
            gateway=None if is_own else waiting.gateway,
            gateway_device=None if is_own else waiting.name,
        )

    def _replay(self, access: Access, device_id: str) -> dict[str, int]:
        counts: dict[str, int] = {}
        after, has_more = 0, True
        while has_more:
            report = self._desk.replay_matching(
                access, QuarantineFilter(device_id=device_id, reason=WAITING), after=after
            )
            for one in report.messages:
                counts[one.result] = counts.get(one.result, 0) + 1
            after, has_more = report.last_id, report.has_more
        return counts

    def _check(self, access: Access, draft: GroupDraft) -> None:
        profiles = self._registry.profiles_of(access)
        if draft.profile is not None and draft.profile not in profiles:
            raise InvalidDevice("profile", f"there is no profile {draft.profile!r:.80}")
        if not _PREFIX.fullmatch(draft.prefix):
            raise InvalidDevice("prefix", "a prefix has at most 64 of the characters A-Z a-z 0-9 _ . -")
        if not 1 <= draft.max_devices <= MAX_DEVICES:
            raise InvalidDevice("maxDevices", f"1 to {MAX_DEVICES} devices")
