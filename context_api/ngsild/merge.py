"""How a change turns one entity into the next: pure, and the only place that knows (clause 5.6).

Nothing that comes in is ever changed: what a change touches is copied, the rest is shared.
"""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from context_api.ngsild.changes import (
    AppendAttributes,
    Change,
    CreateEntity,
    DeleteAttribute,
    DeleteEntity,
    MergeEntity,
    NotUpdated,
    Outcome,
    PartialUpdateAttribute,
    Reading,
    ReplaceAttribute,
    ReplaceEntity,
    Trigger,
    UpdateAttributes,
    UpsertEntity,
)
from context_api.ngsild.errors import (
    AlreadyExists,
    BadRequestData,
    InternalError,
    NgsiLdError,
    ResourceNotFound,
)
from context_api.ngsild.model import DEFAULT_DATASET, Attributes, Entity, Instance, Iri, Micros
from context_api.ngsild.patch import MergeHints, complete_instance, is_null, merge_instance, update_instance
from context_api.ngsild.readings import apply_reading
from context_api.ngsild.transition import (
    CREATED,
    NO_TRIGGER,
    Removed,
    Touched,
    Transition,
    drop_expired,
    fail,
    find_instance,
    put_instance,
    same_content,
)

__all__ = ["Removed", "Touched", "Transition", "apply_change", "apply_reading"]

SCOPE: Iri = "https://uri.etsi.org/ngsi-ld/scope"


def apply_change(current: Entity | None, change: Change, now: Micros, removed: Removed) -> Transition:
    """Apply a change to an entity (None: there is none) at the time `now`.

    A change that is refused gives a transition whose outcome holds the error; nothing is raised. What has
    expired counts as absent. A reading that comes this way has only values that are new to history.
    """
    if isinstance(change, Reading):
        count = sum(map(len, change.attributes.values()))
        return apply_reading(current, change, now, removed, [True] * count)
    apply = _APPLY.get(type(change))
    if apply is None:
        return fail(current, InternalError(f"nobody knows how to apply a {type(change).__name__}"))
    living = drop_expired(current, now)
    try:
        transition: Transition = apply(living, change, now)
    except NgsiLdError as error:
        return fail(current, error)
    if transition.after is living and living is not None:
        transition.after = current
    return transition


def _target(current: Entity | None, change: Change) -> Entity:
    """Give the entity that a change needs. Raises ResourceNotFound."""
    if current is None:
        raise ResourceNotFound(f"the entity {change.entity_id} does not exist")
    if change.type_selector is not None and not change.type_selector.matches(current.types):
        raise ResourceNotFound(f"the entity {change.entity_id} is not of the type that was asked for")
    return current


def _create(current: Entity | None, change: CreateEntity, now: Micros) -> Transition:
    if current is not None:
        raise AlreadyExists(f"the entity {change.entity_id} exists already")
    return _begin(change.entity, now)


def _begin(entity: Entity, now: Micros) -> Transition:
    """Let an entity come into being."""
    draft = _Draft(None, now)
    for name, instances in entity.attributes.items():
        if len(instances) == 1:
            draft.begin(name, instances[0])
        else:
            for instance in instances:
                draft.write(name, instance)
    after = Entity(
        id=entity.id,
        types=entity.types,
        scopes=entity.scopes,
        attributes=draft.attributes,
        created_at=now,
        modified_at=now,
        expires_at=entity.expires_at,
    )
    outcome = Outcome(created=True, updated=list(entity.attributes))
    trigger = CREATED if draft.touched else Trigger.ENTITY_CREATED
    return Transition(after, outcome, draft.touched, trigger)


def _replace(current: Entity | None, change: ReplaceEntity, now: Micros) -> Transition:
    return _replace_with(_target(current, change), change.entity, now)


def _replace_with(target: Entity, entity: Entity, now: Micros) -> Transition:
    """Put another entity in the place of one: only createdAt stays (clause 5.6.18)."""
    draft = _Draft(target, now)
    for name, instances in target.attributes.items():
        for instance in instances:
            if find_instance(entity.attributes.get(name), instance.dataset_id) is None:
                draft.remove(name, instance.dataset_id)
    for name, instances in entity.attributes.items():
        for instance in instances:
            draft.write(name, instance)
    draft.types = entity.types
    draft.scopes = entity.scopes
    draft.expires_at = entity.expires_at
    return draft.finish()


def _upsert(current: Entity | None, change: UpsertEntity, now: Micros) -> Transition:
    if current is None:
        return _begin(change.entity, now)
    if not change.update:
        return _replace_with(current, change.entity, now)
    entity = change.entity
    draft = _Draft(current, now)
    for name, instance in _each(entity.attributes):
        draft.write(name, instance)
    draft.add_types(entity.types)
    draft.scopes = entity.scopes or current.scopes
    draft.expires_at = current.expires_at if entity.expires_at is None else entity.expires_at
    return draft.finish()


def _append(current: Entity | None, change: AppendAttributes, now: Micros) -> Transition:
    target = _target(current, change)
    draft = _Draft(target, now)
    for name, instance in _each(change.attributes):
        if change.overwrite or draft.find(name, instance.dataset_id) is None:
            draft.write(name, instance)
        else:
            draft.refuse(name, "the attribute exists already, and noOverwrite was asked for")
    draft.add_types(change.types)
    if change.scopes is not None:
        added = change.scopes if change.overwrite else (*target.scopes, *change.scopes)
        draft.scopes = tuple(dict.fromkeys(added))
    if change.expires_at is not None and (change.overwrite or target.expires_at is None):
        draft.expires_at = change.expires_at
    return draft.finish()


def _update(current: Entity | None, change: UpdateAttributes, now: Micros) -> Transition:
    target = _target(current, change)
    draft = _Draft(target, now)
    for name, instance in _each(change.attributes):
        if not is_null(instance):
            draft.write(name, instance)
        elif draft.find(name, instance.dataset_id) is not None:
            draft.remove(name, instance.dataset_id)
    draft.add_types(change.types)
    if change.scopes is not None:
        if target.scopes:
            draft.scopes = change.scopes
        else:
            draft.refuse(SCOPE, "the entity has no scope to be updated; append it")
    if change.remove_expiry or change.expires_at is not None:
        draft.expires_at = change.expires_at
    return draft.finish()


def _merge(current: Entity | None, change: MergeEntity, now: Micros) -> Transition:
    target = _target(current, change)
    hints = MergeHints(observed_at=change.observed_at, lang=change.lang)
    draft = _Draft(target, now)
    for name, patch in _each(change.attributes):
        former = draft.find(name, patch.dataset_id)
        if is_null(patch):
            if former is not None:
                draft.remove(name, patch.dataset_id)
        else:
            draft.write(name, _merge_one(name, former, patch, hints))
    draft.add_types(change.types)
    if change.scopes is not None:
        draft.scopes = change.scopes
    if change.remove_expiry:
        draft.expires_at = None
    elif change.expires_at is not None:
        draft.expires_at = change.expires_at
    return draft.finish()


def _merge_one(name: Iri, former: Instance | None, patch: Instance, hints: MergeHints) -> Instance:
    """Merge into one instance, or make it. Raises BadRequestData, which names the attribute."""
    try:
        return complete_instance(patch) if former is None else merge_instance(former, patch, hints)
    except BadRequestData as error:
        where = f" (at {error.pointer} of it)" if error.pointer else ""
        raise BadRequestData(f"attribute {name}: {error.detail}{where}") from error


def _partial_update(current: Entity | None, change: PartialUpdateAttribute, now: Micros) -> Transition:
    draft = _Draft(_target(current, change), now)
    for patch in change.fragment.instances:
        former = draft.find(change.attribute, patch.dataset_id)
        if former is None:
            raise _no_attribute(change.entity_id, change.attribute, patch.dataset_id)
        if is_null(patch):
            draft.remove(change.attribute, patch.dataset_id)
        else:
            draft.write(change.attribute, update_instance(former, patch))
    return draft.finish()


def _replace_attribute(current: Entity | None, change: ReplaceAttribute, now: Micros) -> Transition:
    draft = _Draft(_target(current, change), now)
    for name, instance in _each(change.attributes):
        if draft.find(name, instance.dataset_id) is None:
            raise _no_attribute(change.entity_id, name, instance.dataset_id)
        draft.write(name, instance)
    return draft.finish()


def _delete_attribute(current: Entity | None, change: DeleteAttribute, now: Micros) -> Transition:
    target = _target(current, change)
    draft = _Draft(target, now)
    if change.attribute == SCOPE and target.scopes:
        draft.scopes = ()
        return draft.finish()
    instances = target.attributes.get(change.attribute, [])
    chosen = [one for one in instances if change.delete_all or one.dataset_id == change.dataset_id]
    if not chosen:
        raise _no_attribute(change.entity_id, change.attribute, change.dataset_id)
    for instance in chosen:
        draft.remove(change.attribute, instance.dataset_id)
    return draft.finish()


def _delete(current: Entity | None, change: DeleteEntity, _: Micros) -> Transition:
    target = _target(current, change)
    touched = [
        Touched(name, instance.dataset_id, instance, None) for name, instance in _each(target.attributes)
    ]
    trigger = Trigger.ENTITY_DELETED | (Trigger.ATTRIBUTE_DELETED if touched else NO_TRIGGER)
    return Transition(None, Outcome(), touched, trigger)


_APPLY: dict[type[Change], Callable[[Entity | None, Any, Micros], Transition]] = {
    CreateEntity: _create,
    ReplaceEntity: _replace,
    UpsertEntity: _upsert,
    MergeEntity: _merge,
    AppendAttributes: _append,
    UpdateAttributes: _update,
    PartialUpdateAttribute: _partial_update,
    ReplaceAttribute: _replace_attribute,
    DeleteAttribute: _delete_attribute,
    DeleteEntity: _delete,
}


def _each(attributes: Attributes) -> Iterable[tuple[Iri, Instance]]:
    for name, instances in attributes.items():
        for instance in instances:
            yield name, instance


def _no_attribute(entity_id: str, attribute: Iri, dataset_id: str) -> ResourceNotFound:
    which = f" with the datasetId {dataset_id}" if dataset_id != DEFAULT_DATASET else ""
    return ResourceNotFound(f"the entity {entity_id} has no attribute {attribute}{which}")


class _Draft:
    """The next state of an entity while a change is applied to it."""

    def __init__(self, current: Entity | None, now: Micros) -> None:
        self._current = current
        self._now = now
        self.attributes: Attributes = dict(current.attributes) if current is not None else {}
        self.types: tuple[Iri, ...] = current.types if current is not None else ()
        self.scopes: tuple[str, ...] = current.scopes if current is not None else ()
        self.expires_at = current.expires_at if current is not None else None
        self.touched: list[Touched] = []
        self._updated: list[Iri] = []
        self._not_updated: list[NotUpdated] = []

    def find(self, name: Iri, dataset_id: str) -> Instance | None:
        return find_instance(self.attributes.get(name), dataset_id)

    def begin(self, name: Iri, instance: Instance) -> None:
        """Write the only instance of an attribute of a new entity: nothing can be there."""
        written = replace(instance, created_at=self._now, modified_at=self._now)
        self.attributes[name] = [written]
        self.touched.append(Touched(name, written.dataset_id, None, written))

    def write(self, name: Iri, instance: Instance) -> None:
        """Put an instance in its place; it keeps the createdAt of the one that it replaces."""
        former = self.find(name, instance.dataset_id)
        created_at = self._now if former is None else former.created_at
        written = replace(instance, created_at=created_at, modified_at=self._now)
        self.attributes[name] = put_instance(self.attributes.get(name, []), written)
        is_change = former is None or not same_content(former, written)
        self.touched.append(Touched(name, instance.dataset_id, former, written, is_change))
        self._note(name)

    def remove(self, name: Iri, dataset_id: str) -> None:
        former = self.find(name, dataset_id)
        kept = [one for one in self.attributes[name] if one is not former]
        if kept:
            self.attributes[name] = kept
        else:
            del self.attributes[name]
        self.touched.append(Touched(name, dataset_id, former, None))
        self._note(name)

    def refuse(self, name: Iri, reason: str) -> None:
        self._not_updated.append(NotUpdated(name, reason))

    def add_types(self, types: tuple[Iri, ...]) -> None:
        """Types are only ever added (clause 5.5.8)."""
        self.types = tuple(dict.fromkeys((*self.types, *types)))

    def _note(self, name: Iri) -> None:
        if name not in self._updated:
            self._updated.append(name)

    def finish(self) -> Transition:
        """Put the next state and its description together."""
        current = self._current
        outcome = Outcome(updated=self._updated, not_updated=self._not_updated)
        if current is None:
            raise InternalError("only an entity that exists can be changed")
        is_other = (
            self.types != current.types
            or self.scopes != current.scopes
            or self.expires_at != current.expires_at
        )
        if not self.touched and not is_other:
            return Transition(current, outcome, [], NO_TRIGGER)
        after = Entity(
            id=current.id,
            types=self.types,
            scopes=self.scopes,
            attributes=self.attributes,
            created_at=current.created_at,
            modified_at=self._now,
            expires_at=self.expires_at,
        )
        trigger = _trigger(self.touched)
        if is_other and (self.types != current.types or self.scopes != current.scopes):
            trigger |= Trigger.ENTITY_UPDATED
        return Transition(after, outcome, self.touched, trigger)


def _trigger(touched: list[Touched]) -> Trigger:
    """Sum up what a change did to an existing entity's attributes."""
    has_created = has_updated = has_deleted = False
    for one in touched:  # plain flags: combining enumeration members is slow, and this runs per attribute
        if not one.is_change:
            continue
        if one.before is None:
            has_created = True
        elif one.after is None:
            has_deleted = True
        else:
            has_updated = True
    trigger = NO_TRIGGER
    if has_created:
        trigger |= Trigger.ENTITY_UPDATED | Trigger.ATTRIBUTE_CREATED
    if has_updated:
        trigger |= Trigger.ENTITY_UPDATED | Trigger.ATTRIBUTE_UPDATED
    if has_deleted:
        trigger |= Trigger.ENTITY_UPDATED | Trigger.ATTRIBUTE_DELETED
    return trigger
