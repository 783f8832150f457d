"""A device as an entity (Smart Data Models, dataModel.Device), and what an edit means for what it measures.

Pure. The names are those of the core @context, like those of the entities that devices measure. The registry
owns the attributes in `device_attributes` and puts them back; all others belong to whoever wrote them.
"""

from collections.abc import Iterable, Mapping

from context_api.ngsild.changes import Change, CreateEntity, UpdateAttributes
from context_api.ngsild.contexts import core_context
from context_api.ngsild.device_names import device_entity_id, state_instance
from context_api.ngsild.model import NULL, Attributes, Entity, Instance, Iri, Kind, Micros
from context_api.ngsild.time import format_datetime
from context_api.ngsild.transition import same_content
from devices.model import Device, DeviceKind
from devices.profile import LOCATION, MAIN, Profile, static_attributes

TYPE = "Device"
ABOUT_ITSELF = ("batteryLevel", "rssi", "firmwareVersion")
"""Attributes that tell of the device and not of what it measures."""
_UNMEASURED = (LOCATION, *ABOUT_ITSELF)
_expand = core_context().expand
_REF_DEVICE = "refDevice"


def device_attributes(device: Device, profile: Profile | None) -> Attributes:
    """Return what the registry says of a device, as attributes."""
    told: dict[str, Instance] = {
        "category": Instance(value=["network" if device.kind is DeviceKind.GATEWAY else "sensor"]),
        "deviceState": state_instance(device.state, device.state_since),
    }
    if device.name is not None:
        told["name"] = Instance(value=device.name)
    if device.owner is not None:
        told["owner"] = Instance(value=[device.owner])
    if device.location is not None:
        told[LOCATION] = Instance(kind=Kind.GEO_PROPERTY, value=device.location)
    if device.serial is not None:
        told["serialNumber"] = Instance(
            value=device.serial, observed_at=device.installed_at or device.created_at
        )
    if device.installed_at is not None:
        told["dateInstalled"] = Instance(value=_datetime(device.installed_at))
    if device.entity_id is not None:
        told["controlledAsset"] = Instance(kind=Kind.RELATIONSHIP, value=device.entity_id)
    if profile is not None and (measured := measured_properties(profile)):
        told["controlledProperty"] = Instance(value=measured)
    return {_expand(term): [instance] for term, instance in told.items()}


def measured_properties(profile: Profile) -> list[str]:
    """Return the names of what devices of a profile measure, sorted."""
    measured = {field.attribute for field in profile.fields.values() if field.target == MAIN}
    return sorted(measured - set(_UNMEASURED))


def device_entity(device: Device, profile: Profile | None) -> Entity:
    """Return the entity of a device as the registry alone would have it."""
    return Entity(
        id=device_entity_id(device.id),
        types=(_expand(TYPE),),
        attributes=device_attributes(device, profile),
    )


def change_to(current: Entity | None, wanted: Entity, gone: Iterable[Iri] = ()) -> Change | None:
    """Return the change that gives an entity the attributes of `wanted` and takes those in `gone`.

    None: it is so already.
    """
    if current is None:
        return CreateEntity(entity_id=wanted.id, entity=wanted)
    attributes = {
        name: instances
        for name, instances in wanted.attributes.items()
        if not _is_so(current.attributes.get(name), instances[0])
    }
    attributes |= {name: [Instance(value=NULL)] for name in gone if name in current.attributes}
    types = tuple(each for each in wanted.types if each not in current.types)
    if not attributes and not types:
        return None
    return UpdateAttributes(entity_id=wanted.id, attributes=attributes, types=types)


def static_of(device: Device, profile: Profile) -> Attributes:
    """Return what holds still about the entity that a device keeps up to date."""
    expand = profile.expand
    static = dict(profile.static)
    if device.name is not None:
        static[expand("name")] = [Instance(value=device.name)]
    if device.location is not None:
        static[expand(LOCATION)] = [Instance(kind=Kind.GEO_PROPERTY, value=device.location)]
    static[expand(_REF_DEVICE)] = [Instance(kind=Kind.RELATIONSHIP, value=device_entity_id(device.id))]
    return static | static_attributes(device.static, expand)


def static_change(current: Entity | None, former: Attributes, latter: Attributes) -> Change | None:
    """Return the change of a measured entity that an edit of its device means; None: there is none.

    Only what the edit changed is written, and nothing over what the device itself measured (that has a time).
    """
    if current is None:
        return None
    edited = {
        name: instances
        for name, instances in latter.items()
        if name not in former or not same_content(former[name][0], instances[0])
    }
    edited |= {name: [Instance(value=NULL)] for name in former.keys() - latter.keys()}
    attributes = {
        name: instances
        for name, instances in edited.items()
        if not _is_measured(current.attributes.get(name))
        and (name in current.attributes or instances[0].value != NULL)
    }
    if not attributes:
        return None
    return UpdateAttributes(entity_id=current.id, attributes=attributes)


def hardware_mark(device: Device, profile: Profile, reason: str | None, at: Micros) -> Attributes:
    """Return what marks new hardware in the history of the measured entity: refDevice, at a time, with its
    serial number."""
    sub: Attributes = {}
    if device.serial is not None:
        sub[profile.expand("serialNumber")] = [Instance(value=device.serial)]
    if reason is not None:
        sub[profile.expand("reason")] = [Instance(value=reason)]
    marked = Instance(
        kind=Kind.RELATIONSHIP, value=device_entity_id(device.id), observed_at=at, sub=sub or None
    )
    return {profile.expand(_REF_DEVICE): [marked]}


def health_of(entities: Iterable[Entity | None], profile: Profile | None) -> Mapping[str, object]:
    """Return the newest battery level, signal and firmware that any of the entities of a device tells of."""
    found: dict[str, tuple[Micros, object]] = {}
    expanders = {_expand} | ({profile.expand} if profile is not None else set())
    for entity in entities:
        if entity is None:
            continue
        for term in ABOUT_ITSELF:
            for expand in expanders:
                for instance in entity.attributes.get(expand(term), ()):
                    at = instance.observed_at or instance.modified_at or 0
                    if term not in found or at > found[term][0]:
                        found[term] = (at, instance.value)
    return {term: value for term, (_, value) in found.items()}


def _is_so(instances: list[Instance] | None, wanted: Instance) -> bool:
    return instances is not None and len(instances) > 0 and same_content(instances[0], wanted)


def _is_measured(instances: list[Instance] | None) -> bool:
    return any(instance.observed_at is not None for instance in instances or ())


def _datetime(at: Micros) -> dict[str, str]:
    return {"@type": "DateTime", "@value": format_datetime(at)}
