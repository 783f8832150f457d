"""Topic -> source, from the database."""

import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any

import orjson

from adapters.codecs.parameters import CodecParameterError
from adapters.codecs.registry import UnknownCodec
from adapters.registry import UnknownAdapter, get_adapter
from context_api.store import devices as store
from context_api.store.database import Database
from devices.entity import static_of
from devices.gateways import GatewayTopic
from devices.model import Device, FoundSource, SilentSource, Source, UnknownSource
from devices.profile import LOCATION, Profile
from devices.strangers import Stranger, receive_strangers
from devices.topics import NativeTopic, Topic, parse_topic

DEFAULT_TENANT = "default"
UNKNOWN_TOPIC = "unknown-topic"
UNKNOWN_DEVICE = "unknown-device"
_LINKS = (LOCATION, "refDevice")
"""What a further entity has of the device besides its own."""

ProfilesOf = Callable[[int], Mapping[str, Profile]]
"""Tenant -> its profiles by name."""

_log = logging.getLogger(__name__)


def find_sources(
    database: Database, topics: Collection[str], profiles_of: ProfilesOf
) -> dict[str, FoundSource]:
    """Return who speaks on each topic, with at most four queries, and those for the profiles of its tenants.

    Raises StoreUnavailable.
    """
    names = {topic: parse_topic(topic) for topic in topics}
    devices = _find_devices(database, {name for name in names.values() if name is not None})
    found: dict[str, FoundSource] = {}
    unknown: dict[str, Topic | None] = {}
    profiles = {
        tenant_id: profiles_of(tenant_id) for tenant_id in {one.tenant_id for one in devices.values()}
    }
    for topic, name in names.items():
        device = None if name is None else devices.get(name)
        source = None if device is None else build_source(device, profiles[device.tenant_id])
        if source is None:
            unknown[topic] = name
        else:
            found[topic] = source
    if unknown:
        found.update(_explain(database, unknown, profiles_of))
    return found


def _find_devices(database: Database, names: Collection[Topic]) -> dict[Topic, Device]:
    direct = {name for name in names if isinstance(name, NativeTopic)}
    behind = {name for name in names if isinstance(name, GatewayTopic) and name.device}
    devices: dict[Topic, Device] = {}
    if direct:
        found = store.find_direct_devices(database, [(name.tenant, name.device) for name in direct])
        devices |= {NativeTopic(name[0], name[1]): device for name, device in found.items()}
    if behind:
        found = store.find_gateway_devices(database, [(name.application, name.device) for name in behind])
        devices |= {GatewayTopic(device.adapter, *name): device for name, device in found.items()}
    return devices


def _explain(
    database: Database, unknown: Mapping[str, Topic | None], profiles_of: ProfilesOf
) -> dict[str, FoundSource]:
    """Whose quarantine a message of an unknown source goes to: the named tenant's, else the default one's.

    A gateway that speaks of itself is known by its application.
    """
    names = {name for name in unknown.values() if name is not None}
    default, owners = _find_owners(database, names)
    explained: dict[str, FoundSource] = _find_waiting(database, unknown, owners, profiles_of)
    for topic, name in unknown.items():
        owner = default if name is None else owners.get(name, default)
        if topic in explained:
            continue
        if name is None:
            explained[topic] = UnknownSource(*owner[:2], UNKNOWN_TOPIC, "the topic has no known form")
        elif isinstance(name, GatewayTopic) and not name.device and name in owners:
            explained[topic] = SilentSource(*owner)
        else:
            detail = f"no device {name.device!r:.80} of {name.owner!r:.80} is registered"
            explained[topic] = UnknownSource(*owner[:2], UNKNOWN_DEVICE, detail)
    return explained


def _find_waiting(
    database: Database,
    unknown: Mapping[str, Topic | None],
    owners: Mapping[Topic, "_Owner"],
    profiles_of: ProfilesOf,
) -> dict[str, FoundSource]:
    """What becomes of strangers behind gateways that take such in; see `devices.waiting`."""
    strangers = {
        topic: Stranger(*owners[name], name.device)
        for topic, name in unknown.items()
        if isinstance(name, GatewayTopic) and name.device and name in owners
    }
    received = receive_strangers(database, set(strangers.values()))
    approved = [(one.tenant, found) for one, found in received.items() if isinstance(found, str)]
    devices = store.find_direct_devices(database, approved) if approved else {}
    explained: dict[str, FoundSource] = {}
    for topic, stranger in strangers.items():
        found = received.get(stranger)
        if isinstance(found, str):
            device = devices.get((stranger.tenant, found))
            source = None if device is None else build_source(device, profiles_of(device.tenant_id))
            if source is not None:
                explained[topic] = source
        elif found is not None:
            explained[topic] = found
    return explained


_Owner = tuple[str, int, str]
"""Tenant, its id, and the gateway where one speaks."""


def _find_owners(database: Database, names: Collection[Topic]) -> tuple[_Owner, dict[Topic, _Owner]]:
    """The default tenant, and whose topic each name is."""
    direct = {name for name in names if isinstance(name, NativeTopic)}
    behind = [name for name in names if isinstance(name, GatewayTopic)]
    tenants = store.find_tenants(database, {DEFAULT_TENANT, *(name.tenant for name in direct)})
    owners: dict[Topic, _Owner] = {
        name: (name.tenant, tenants[name.tenant], "") for name in direct if name.tenant in tenants
    }
    if behind:
        applications = store.find_applications(database, {name.application for name in behind})
        for name in behind:
            gateway = applications.get(name.application)
            if gateway is not None and gateway.adapter == name.adapter:
                owners[name] = (gateway.tenant, gateway.tenant_id, gateway.gateway)
    return (DEFAULT_TENANT, tenants[DEFAULT_TENANT], ""), owners


def build_source(device: Device, profiles: Mapping[str, Profile]) -> Source | None:
    """Put together what `ingest` needs to know of a device.

    None where its profile or adapter is no longer there (a newer version registered it).
    """
    profile = profiles.get(device.profile or "")
    if profile is None or device.entity_id is None:
        _log.warning("Profile missing", extra={"action": "build_source", "device": device.id})
        return None
    try:
        adapter = get_adapter(
            device.adapter, profile.codec, zone=profile.zone, parameters=_written(device.codec_parameters)
        )
    except (UnknownAdapter, UnknownCodec, CodecParameterError) as error:
        extra = {"action": "build_source", "device": device.id, "detail": str(error)}
        _log.warning("Adapter missing", extra=extra)
        return None
    static = static_of(device, profile)
    return Source(
        tenant=device.tenant,
        tenant_id=device.tenant_id,
        device_id=device.id,
        device_name=device.gateway_device or device.id,
        adapter=adapter,
        profile=profile,
        entity_id=device.entity_id,
        static=static,
        device_static=device.static,
        link={name: static[name] for name in map(profile.expand, _LINKS) if name in static},
        messages_per_minute=device.messages_per_minute,
    )


def _written(parameters: Mapping[str, Any]) -> str:
    """One text for the same parameters, so that devices of a kind share an adapter."""
    return orjson.dumps(parameters, option=orjson.OPT_SORT_KEYS).decode() if parameters else ""
