"""What a change makes of an entity, as data."""

from collections.abc import Iterator

import msgspec

from context_api.ngsild.changes import Outcome, Trigger
from context_api.ngsild.errors import NgsiLdError
from context_api.ngsild.model import Attributes, Entity, Instance, Iri, Micros

NO_TRIGGER = Trigger(0)
CREATED = Trigger.ENTITY_CREATED | Trigger.ATTRIBUTE_CREATED


class Removed(msgspec.Struct):
    """Tombstones: when an entity, or an attribute instance of it, was last deleted (design, promise 3)."""

    entity: Micros | None = None
    attributes: dict[Iri, dict[str, Micros]] = {}
    """Attribute -> datasetId -> time."""


class Touched(msgspec.Struct, gc=False):
    """One attribute instance that a change created (before is None), wrote or deleted (after is None)."""

    attribute: Iri
    dataset_id: str
    before: Instance | None
    after: Instance | None
    is_change: bool = True
    """False where it was written with the very content it had: history, but no news (clause 5.8.6)."""


class Transition(msgspec.Struct):
    """What a change made of an entity.

    `after` is None where the entity is gone or was never there. A change that failed, or that changed
    nothing, leaves `touched` empty, `trigger` zero and `after` the very object that came in.
    """

    after: Entity | None
    outcome: Outcome
    touched: list[Touched]
    trigger: Trigger
    is_values_only: bool = False
    """Known to have replaced values with observedAt, one per attribute, by newer ones, and nothing else."""


def fail(current: Entity | None, error: NgsiLdError) -> Transition:
    """Describe a change that did not happen."""
    return Transition(current, Outcome(error=error), [], NO_TRIGGER)


def is_expired(instance: Instance, now: Micros) -> bool:
    """Whether an attribute instance is past its expiresAt (clause 4.22)."""
    return instance.expires_at is not None and instance.expires_at <= now


def drop_expired(entity: Entity | None, now: Micros) -> Entity | None:
    """Give what of an entity has not expired; the entity itself where nothing has (clause 4.22)."""
    if entity is None or (entity.expires_at is not None and entity.expires_at <= now):
        return None
    if has_expired(entity.attributes, now):
        return msgspec.structs.replace(entity, attributes=drop_instances(entity.attributes, now))
    return entity


def has_expired(attributes: Attributes, now: Micros) -> bool:
    """Whether an instance, or one below it, is past its expiresAt."""
    for instances in attributes.values():
        for instance in instances:
            if instance.expires_at is not None and instance.expires_at <= now:
                return True
            if instance.sub is not None and has_expired(instance.sub, now):
                return True
    return False


def drop_instances(attributes: Attributes, now: Micros) -> Attributes:
    """Give the attributes without the instances, and without those below them, that have expired."""
    kept = {
        name: [drop_below(one, now) for one in listed if not is_expired(one, now)]
        for name, listed in attributes.items()
    }
    return {name: listed for name, listed in kept.items() if listed}


def drop_below(instance: Instance, now: Micros) -> Instance:
    """Give an instance without the sub-attributes that have expired; the same one where none has."""
    if instance.sub is None or not has_expired(instance.sub, now):
        return instance
    return msgspec.structs.replace(instance, sub=drop_instances(instance.sub, now) or None)


def find_expiries(attributes: Attributes) -> Iterator[Micros]:
    """Give the times at which instances, and those below them, expire (clause 4.22)."""
    for instances in attributes.values():
        for instance in instances:
            if instance.expires_at is not None:
                yield instance.expires_at
            if instance.sub is not None:
                yield from find_expiries(instance.sub)


def find_instance(instances: list[Instance] | None, dataset_id: str) -> Instance | None:
    """Give the instance of a datasetId."""
    for instance in instances or ():
        if instance.dataset_id == dataset_id:
            return instance
    return None


def put_instance(instances: list[Instance], instance: Instance) -> list[Instance]:
    """Give a copy with the instance in the place of its datasetId; the default one stands first."""
    for index, former in enumerate(instances):
        if former.dataset_id == instance.dataset_id:
            return [*instances[:index], instance, *instances[index + 1 :]]
    return [instance, *instances] if instance.dataset_id == "" else [*instances, instance]


def same_content(former: Instance, latter: Instance) -> bool:
    """Whether two instances differ in nothing but system times (clause 5.8.6)."""
    return (
        same_value(former.value, latter.value)
        and former.kind == latter.kind
        and former.observed_at == latter.observed_at
        and former.unit_code == latter.unit_code
        and former.value_type == latter.value_type
        and former.expires_at == latter.expires_at
        and same_attributes(former.sub or {}, latter.sub or {})
    )


def same_attributes(former: Attributes, latter: Attributes) -> bool:
    """Whether two maps of attributes have the same instances, in any order."""
    if former.keys() != latter.keys():
        return False
    for name, instances in former.items():
        others = {one.dataset_id: one for one in latter[name]}
        if len(others) != len(instances):
            return False
        for instance in instances:
            other = others.get(instance.dataset_id)
            if other is None or not same_content(instance, other):
                return False
    return True


def same_value(former: object, latter: object) -> bool:
    """Compare JSON values; unlike Python, JSON tells true from 1, and we keep 1 and 1.0 apart."""
    if former is latter:
        return True
    if type(former) is not type(latter):
        return False
    if isinstance(former, dict) and isinstance(latter, dict):
        return former.keys() == latter.keys() and all(same_value(former[key], latter[key]) for key in former)
    if isinstance(former, list) and isinstance(latter, list):
        return len(former) == len(latter) and all(map(same_value, former, latter))
    return former == latter
