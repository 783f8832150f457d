"""What an expiresAt that has come does to an entity (clause 4.22)."""

from collections.abc import Iterator

import msgspec

from context_api.ngsild.changes import Outcome, Trigger
from context_api.ngsild.model import Entity, Instance, Iri, Micros
from context_api.ngsild.transition import (
    NO_TRIGGER,
    Touched,
    Transition,
    drop_instances,
    find_expiries,
    has_expired,
    is_expired,
)

_ATTRIBUTE_EXPIRED = Trigger.ENTITY_UPDATED | Trigger.ATTRIBUTE_DELETED


def expire_entity(entity: Entity | None, now: Micros) -> Iterator[tuple[Transition, Micros]]:
    """Tell what has to end by `now`, as deletions, each with its time: attribute instances, then the entity.

    Sub-attributes end silently: nobody subscribes to one, and history keeps them with their attribute. An end
    is never told as earlier than the last change, whatever time in the past expiresAt was set to.
    """
    if entity is None:
        return
    expired = [(name, one) for name, one in _each(entity) if is_expired(one, now)]
    if expired or has_expired(entity.attributes, now):
        last = max(time for time in find_expiries(entity.attributes) if time <= now)
        ended_at = max(entity.modified_at + 1, last)
        touched = [Touched(name, one.dataset_id, one, None) for name, one in expired]
        kept = drop_instances(entity.attributes, now)
        entity = msgspec.structs.replace(entity, attributes=kept, modified_at=ended_at)
        yield Transition(entity, Outcome(), touched, _ATTRIBUTE_EXPIRED if expired else NO_TRIGGER), ended_at
    if entity.expires_at is not None and entity.expires_at <= now:
        ended_at = max(entity.modified_at + 1, entity.expires_at)
        touched = [Touched(name, one.dataset_id, one, None) for name, one in _each(entity)]
        trigger = Trigger.ENTITY_DELETED | (Trigger.ATTRIBUTE_DELETED if touched else NO_TRIGGER)
        yield Transition(None, Outcome(), touched, trigger), ended_at


def _each(entity: Entity) -> Iterator[tuple[Iri, Instance]]:
    for name, instances in entity.attributes.items():
        for instance in instances:
            yield name, instance
