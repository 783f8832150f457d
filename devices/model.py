"""The vocabulary of the devices package: drafts, devices, credentials, sources, what a message became."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from adapters.types import Adapter
from context_api.ngsild.changes import Reading
from context_api.ngsild.model import Attributes
from context_api.store.deliveries_in import Finding
from context_api.store.device_listing import DeviceFilter, DevicePage
from context_api.store.devices import Device, DeviceKind, DeviceState
from devices.profile import Profile

__all__ = [
    "Credentials",
    "Device",
    "DeviceDraft",
    "DeviceFilter",
    "DeviceKind",
    "DevicePage",
    "DeviceState",
    "HardwareDraft",
    "Ingested",
    "Quarantine",
    "Registered",
    "Source",
    "UnknownSource",
]


class DeviceDraft(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A registration as it is asked for; its JSON form is the body of `POST /api/v1/devices`.

    A device has a profile. A gateway (kind "gateway") has an adapter and the application whose devices it
    speaks for (`{application}@{tenant}` of The Things Stack). A device behind a gateway names it and has no
    credentials of its own.
    """

    id: str
    kind: str = "device"
    profile: str | None = None
    name: str | None = None
    location: dict[str, Any] | None = None
    """A GeoJSON Point."""
    expected_interval_s: float | None = None
    """Seconds between two messages; None = the profile's."""
    static: dict[str, Any] = msgspec.field(default_factory=dict)
    """Attributes that hold still: term -> value (`{"totalSpotNumber": 120}`)."""
    adapter: str | None = None
    application: str | None = None
    gateway: str | None = None
    gateway_device: str | None = None
    """The name the gateway has for the device; None = the same id."""
    owner: str | None = None
    """The id of the organisation it belongs to."""
    tags: tuple[str, ...] = ()
    serial: str | None = None
    """The serial number of the hardware."""
    notes: str | None = None
    installed_at: str | None = None
    """When the hardware was put in place: a date, or a time with its zone; None = not known."""
    codec_parameters: dict[str, Any] = msgspec.field(default_factory=dict)
    """What the codec of its profile needs to know of this device alone."""
    messages_per_minute: int | None = None
    """More are refused; None = the installation's limit."""


class HardwareDraft(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """New hardware for a device; its JSON form is the body of `POST …/replace-hardware`."""

    serial: str | None = None
    reason: str | None = None
    installed_at: str | None = None
    """None = now."""
    gateway_device: str | None = None
    """The gateway's name for the new hardware (a DevEUI); None = as before."""


class Credentials(msgspec.Struct, frozen=True):
    """What a device needs to publish. Shown once, kept as hashes; a gateway's `topic` holds `+`."""

    username: str
    password: str
    topic: str

    def __repr__(self) -> str:
        return f"Credentials(username={self.username!r}, password='***', topic={self.topic!r})"


class Registered(msgspec.Struct, frozen=True):
    """The result of a registration.

    `credentials` is None for a device behind a gateway. The broker knows the credentials once `generation`
    is applied (`DeviceRegistry.wait_applied`).
    """

    device: Device
    credentials: Credentials | None
    generation: int


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Who speaks on a topic, and all that `ingest` needs to know about it."""

    tenant: str
    tenant_id: int
    device_id: str
    device_name: str
    """The name the payload must carry, where it carries one (the gateway's name for the device)."""
    adapter: Adapter
    profile: Profile
    entity_id: str
    static: Attributes
    device_static: Mapping[str, Any] = msgspec.field(default_factory=dict)
    """The device's static attributes as they were given: for ids of further entities."""
    link: Attributes = msgspec.field(default_factory=dict)
    """What ties a further entity to the device: refDevice, location."""
    messages_per_minute: int | None = None
    """The device's own limit; None = the installation's."""


class UnknownSource(msgspec.Struct, frozen=True):
    """A topic that leads to no registered device; the message goes to quarantine under `reason`.

    `tenant` is the one the topic names, else the default tenant (which always exists).
    """

    tenant: str
    tenant_id: int
    reason: str
    detail: str
    device_id: str = ""
    """Whom it is counted for, where that is known: `{gateway}/{name}` of a device that waits."""


class SilentSource(msgspec.Struct, frozen=True):
    """A gateway that speaks of itself, not of a device: counted as ignored."""

    tenant: str
    tenant_id: int
    device_id: str


FoundSource = Source | SilentSource | UnknownSource


class Quarantine(NamedTuple):
    """Why a message is kept aside."""

    reason: str
    detail: str


class Ingested(msgspec.Struct, frozen=True, kw_only=True):
    """What a message became: readings, or quarantine, or ignored as a whole.

    `values` counts everything the message carried. With readings: values = instances in them +
    ignored_values, and those that `quarantine`, if it is there too, keeps aside. In quarantine as a whole:
    ignored_values = 0. Ignored as a whole: ignored_values = values.
    """

    readings: tuple[Reading, ...] = ()
    quarantine: Quarantine | None = None
    ignored: str | None = None
    """The reason, when the whole message is ignored."""
    values: int = 0
    ignored_values: int = 0
    ignored_keys: tuple[str, ...] = ()
    """Names the profile does not know (bounded)."""
    findings: tuple[Finding, ...] = ()
    """Rules of the profile and of the data model that values broke."""
    timed: bool = False
    """Every value has a time, so a redelivery is recognised by it; else the bridge needs a receipt."""
