"""What one principal may do in one tenant: the one place where grants are judged (decision 0014).

What is hidden is absent: an entity without a matching grant does not exist, an attribute that none gives is
not there. Whoever filters, counts, orders or joins does so after `view`.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from context_api.ngsild.model import Attributes, Entity, Instance, Iri, Micros
from context_api.policy.grant import Grant, Operation

Marks = Mapping[Iri, frozenset[Iri]]
"""Type -> its attributes that are personal, in one tenant."""

NO_MARKS: Marks = {}


class Floor(NamedTuple):
    """Which attributes of a type count people, and the smallest count that the public sees."""

    attributes: frozenset[Iri]
    smallest: int


Floors = Mapping[Iri, Floor]
"""Type -> its floor, in one tenant."""

NO_FLOORS: Floors = {}
NO_COUNTS: Mapping[Iri, int] = {}


class Rights:
    """The grants of one principal in one tenant, and what is personal there. Equal to nothing but itself."""

    __slots__ = ("_boundless", "_by_operation", "floors", "grants", "marks")

    def __init__(self, grants: Iterable[Grant], marks: Marks = NO_MARKS, floors: Floors = NO_FLOORS) -> None:
        self.grants = tuple(grants)
        self.floors: Floors = {type_: one for type_, one in floors.items() if one.attributes}
        self.marks: Marks = {type_: names for type_, names in marks.items() if names}
        self._by_operation = {
            operation: tuple(one for one in self.grants if operation in one.operations)
            for operation in Operation
        }
        self._boundless = {
            operation: tuple(one for one in listed if self._is_boundless(one))
            for operation, listed in self._by_operation.items()
        }

    def allows(self, operation: Operation, now: Micros | None = None) -> bool:
        """Whether anything at all is granted for an operation; without `now`, at any time."""
        granted = self._by_operation[operation]
        return bool(granted) if now is None else any(one.is_valid(now) for one in granted)

    def hides_nothing(self, operation: Operation, now: Micros) -> bool:
        """Whether one grant gives everything there is, so that no entity need be looked at."""
        return any(one.is_valid(now) for one in self._boundless[operation])

    def valid(self, operation: Operation, now: Micros) -> tuple[Grant, ...]:
        """Give the grants that count for an operation now."""
        return tuple(one for one in self._by_operation[operation] if one.is_valid(now))

    def matching(self, entity: Entity, operation: Operation, now: Micros) -> tuple[Grant, ...]:
        """Give the grants that are about an entity; none: it does not exist for this principal."""
        return tuple(
            one
            for one in self._by_operation[operation]
            if one.is_valid(now) and one.matches(entity, operation)
        )

    def personal(self, types: Iterable[Iri]) -> frozenset[Iri]:
        """Give the attributes that are personal in an entity of these types."""
        if not self.marks:
            return frozenset()
        return frozenset().union(*(self.marks.get(one, frozenset()) for one in types))

    def counted(self, types: Iterable[Iri]) -> Mapping[Iri, int]:
        """Give the attributes that count people in an entity of these types, each with its smallest count."""
        counted: dict[Iri, int] = {}
        for type_ in types if self.floors else ():
            floor = self.floors.get(type_)
            for name in () if floor is None else floor.attributes:
                counted[name] = max(counted.get(name, 0), self.floors[type_].smallest)
        return counted

    def visible_attributes(self, entity: Entity, operation: Operation, now: Micros) -> frozenset[Iri]:
        """Give those of the entity's attributes that are granted."""
        seen = self.view(entity, operation, now)
        return frozenset() if seen is None else frozenset(seen.attributes)

    def view(self, entity: Entity, operation: Operation, now: Micros) -> Entity | None:
        """Give the entity as this principal sees it: itself, a copy with less in it, or None.

        Where something is hidden, the entity was modified when what is left of it was.
        """
        if self.hides_nothing(operation, now):
            return entity
        matching = self.matching(entity, operation, now)
        if not matching:
            return None
        kept = visible(entity.attributes, matching, self.personal(entity.types), self.counted(entity.types))
        if len(kept) == len(entity.attributes):
            return entity
        modified_at = max((one.modified_at or 0 for each in kept.values() for one in each), default=0)
        return msgspec.structs.replace(
            entity, attributes=kept, modified_at=max(entity.created_at, modified_at)
        )

    def history_from(
        self, entity: Entity, attribute: Iri, operation: Operation, now: Micros
    ) -> Micros | None:
        """Give the earliest time of which an attribute's data is shown; None: there is no such limit.

        To be asked only of an attribute that is visible.
        """
        personal = attribute in self.personal(entity.types)
        starts = [
            one.history_from
            for one in self.matching(entity, operation, now)
            if one.gives(attribute) and (one.personal or not personal)
        ]
        bounded = [start for start in starts if start is not None]
        return min(bounded) if bounded and len(bounded) == len(starts) else None

    def _is_boundless(self, grant: Grant) -> bool:
        return (
            grant.is_boundless
            and (grant.personal or not self.marks)
            and not (grant.is_public and self.floors)
        )


def visible(
    attributes: Attributes,
    matching: Iterable[Grant],
    personal: frozenset[Iri],
    counted: Mapping[Iri, int] = NO_COUNTS,
) -> Attributes:
    """Give the attributes that some of the grants about their entity give.

    What counts people, and only grants to the public give, is there where none of its values is small.
    """
    given = list(matching)
    return {
        name: instances
        for name, instances in attributes.items()
        if any(
            one.gives(name)
            and (one.personal or name not in personal)
            and not (one.is_public and name in counted and _is_small(instances, counted[name]))
            for one in given
        )
    }


def _is_small(instances: Iterable[Instance], smallest: int) -> bool:
    """Whether a value is below the smallest count, or is no count at all."""
    return any(
        isinstance(one.value, bool) or not isinstance(one.value, (int, float)) or one.value < smallest
        for one in instances
    )
