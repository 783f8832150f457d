"""Changes within what is granted: refused before anything of an entity shows that is out of sight.

Whoever may write an attribute may learn that it is there; of everything else a refusal says nothing: an
entity out of sight answers as if it were absent. Only that an id is taken shows, when somebody who may create
such an entity tries to.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from context_api.ngsild.changes import (
    AppendAttributes,
    Change,
    CreateEntity,
    DeleteAttribute,
    DeleteEntity,
    MergeEntity,
    PartialUpdateAttribute,
    ReplaceAttribute,
    ReplaceEntity,
    UpdateAttributes,
    UpsertEntity,
)
from context_api.ngsild.errors import AlreadyExists, NgsiLdError, ResourceNotFound
from context_api.ngsild.merge import SCOPE, Removed, Transition, apply_change
from context_api.ngsild.model import Attributes, Entity, Iri, Micros
from context_api.ngsild.patch import is_null
from context_api.ngsild.query import ScopeQuery
from context_api.ngsild.query.scope import ScopeIs
from context_api.ngsild.transition import drop_expired, fail
from context_api.policy.errors import NotGranted
from context_api.policy.grant import Grant, Operation
from context_api.policy.rights import Rights

READ, WRITE, DELETE = Operation.READ, Operation.WRITE, Operation.DELETE
_WHOLE = (CreateEntity, ReplaceEntity, UpsertEntity)


def apply_within(
    rights: Rights, current: Entity | None, change: Change, now: Micros, removed: Removed
) -> Transition:
    """Apply a change as `merge.apply_change` does, as far as it is granted; nothing is raised."""
    if rights.hides_nothing(WRITE, now) and rights.hides_nothing(DELETE, now):
        return apply_change(current, change, now, removed)
    living = drop_expired(current, now)
    try:
        judge = _Judge(rights, now)
        if living is None:
            judge.check_creation(change)
        else:
            judge.check_change(living, change)
        transition = apply_change(current, change, now, removed)
        if living is not None and transition.outcome.error is None and transition.after is not None:
            judge.check_result(living, transition.after, transition)
    except NgsiLdError as error:
        return fail(current, error)
    return transition


class _Part(NamedTuple):
    """What a change does to an attribute."""

    operation: Operation
    attribute: Iri


class _Judge:
    """Holds changes against rights at one time. Raises NotGranted, ResourceNotFound, AlreadyExists."""

    def __init__(self, rights: Rights, now: Micros) -> None:
        self._rights = rights
        self._now = now

    def check_creation(self, change: Change) -> None:
        """Judge a change of an entity that does not exist; most are refused by what applies them."""
        if isinstance(change, CreateEntity | UpsertEntity):
            self._check_new(change.entity)

    def check_change(self, living: Entity, change: Change) -> None:
        """Judge a change by what the entity is before it."""
        if isinstance(change, CreateEntity):
            self._check_new(change.entity)
            return  # it exists, which whoever applies the change says
        needed = _operations_of(change)
        if not all(self._matching(living, one) for one in needed):
            self._refuse(living, change, needed)
        if isinstance(change, DeleteEntity):
            self._check_whole(living, DELETE, "Deleting an entity")
        elif isinstance(change, ReplaceEntity) or (isinstance(change, UpsertEntity) and not change.update):
            self._check_whole(living, WRITE, "Replacing an entity")
        for operation, attribute in _parts_of(change):
            self._check_attribute(living, operation, attribute)

    def check_result(self, living: Entity, after: Entity, transition: Transition) -> None:
        """Judge a change by what became of the entity."""
        is_moved = after.types != living.types or after.scopes != living.scopes
        if transition.touched or is_moved:
            operation = (
                WRITE if any(one.after is not None for one in transition.touched) or is_moved else DELETE
            )
            if not self._matching(after, operation):
                raise NotGranted(
                    f"The entity {after.id} would leave what is granted to you: type, scope or location"
                )
            for one in transition.touched:
                if one.after is not None:
                    self._check_attribute(after, WRITE, one.attribute)
        if is_moved:
            self._check_bounds(living, after)
        if after.expires_at != living.expires_at:
            self._check_whole(living, DELETE, "Setting when an entity expires")

    def _check_new(self, entity: Entity) -> None:
        grants = self._matching(entity, WRITE)
        if not grants:
            raise NotGranted(
                "Nothing that is granted to you lets you create this entity: its type, scope or location is"
                " not within a grant to write"
            )
        for attribute in entity.attributes:
            self._check_attribute(entity, WRITE, attribute)
        _check_added(grants, entity.types, entity.scopes)

    def _check_bounds(self, living: Entity, after: Entity) -> None:
        """Types and scopes are not an attribute's: who was granted some attributes does not change them."""
        grants = [one for one in self._matching(after, WRITE) if not one.attributes]
        before = [one for one in self._matching(living, WRITE) if not one.attributes]
        if not grants or not before:
            raise NotGranted("To change types or scopes takes a grant to write that names no attributes")
        added_types = [one for one in after.types if one not in living.types]
        added_scopes = [one for one in after.scopes if one not in living.scopes]
        _check_added(grants, added_types, added_scopes)

    def _check_whole(self, entity: Entity, operation: Operation, what: str) -> None:
        """Look at grants and marks only: whether an attribute is there that they leave out does not show."""
        personal = self._rights.personal(entity.types)
        if not any(
            not one.attributes and (one.personal or not personal) for one in self._matching(entity, operation)
        ):
            raise NotGranted(
                f"{what} takes a grant of the operation {operation} for all attributes of its type"
                + (", personal ones included" if personal else "")
            )

    def _check_attribute(self, entity: Entity, operation: Operation, attribute: Iri) -> None:
        personal = attribute in self._rights.personal(entity.types)
        if not any(
            one.gives(attribute) and (one.personal or not personal)
            for one in self._matching(entity, operation)
        ):
            raise NotGranted(f"The operation {operation} is not granted to you for the attribute {attribute}")

    def _refuse(self, living: Entity, change: Change, needed: Iterable[Operation]) -> None:
        """Refuse a change of an entity that no grant to make it is about; out of sight, it is absent."""
        if self._rights.view(living, READ, self._now) is None and not any(
            self._matching(living, one) for one in (WRITE, DELETE)
        ):
            if isinstance(change, UpsertEntity):
                self._check_new(change.entity)
                raise AlreadyExists(f"the entity {change.entity_id} exists already")
            raise ResourceNotFound(f"the entity {change.entity_id} does not exist")
        missing = ", ".join(sorted(one for one in needed if not self._matching(living, one)))
        raise NotGranted(f"Nothing that is granted to you is about {missing} of the entity {living.id}")

    def _matching(self, entity: Entity, operation: Operation) -> tuple[Grant, ...]:
        return self._rights.matching(entity, operation, self._now)


def _operations_of(change: Change) -> frozenset[Operation]:
    if isinstance(change, DeleteEntity | DeleteAttribute):
        return frozenset((DELETE,))
    if isinstance(change, MergeEntity | UpdateAttributes) and not (
        change.types or change.scopes is not None or change.expires_at is not None
    ):
        return frozenset(one.operation for one in _parts_of(change)) or frozenset((WRITE,))
    return frozenset((WRITE, *(one.operation for one in _parts_of(change))))


def _parts_of(change: Change) -> Iterator[_Part]:
    """Give what a change says about attributes, whether they are there or not."""
    if isinstance(change, _WHOLE):
        yield from _parts(change.entity.attributes)
    elif isinstance(change, MergeEntity | AppendAttributes | UpdateAttributes | ReplaceAttribute):
        yield from _parts(change.attributes)
    elif isinstance(change, PartialUpdateAttribute):
        for one in change.fragment.instances:
            yield _Part(DELETE if is_null(one) else WRITE, change.attribute)
    elif isinstance(change, DeleteAttribute) and change.attribute != SCOPE:
        yield _Part(DELETE, change.attribute)


def _parts(attributes: Attributes) -> Iterator[_Part]:
    for name, instances in attributes.items():
        for instance in instances:
            yield _Part(DELETE if is_null(instance) else WRITE, name)


def _check_added(grants: Iterable[Grant], types: Iterable[Iri], scopes: Iterable[str]) -> None:
    """See that each type and scope that an entity gets is granted, not one of them only."""
    listed = list(grants)
    for type_ in types:
        if not any(not one.types or type_ in one.types for one in listed):
            raise NotGranted(f"The type {type_} is not within a grant to write")
    for scope in scopes:
        if not any(one.scopes is None or _names(one.scopes, scope) for one in listed):
            raise NotGranted(f"The scope {scope} is not within a grant to write")


def _names(query: ScopeQuery, scope: str) -> bool:
    """Whether a scope is one of those that a query speaks of."""
    if isinstance(query, ScopeIs):
        return query.matches((scope,))
    return any(_names(part, scope) for part in query.parts)
