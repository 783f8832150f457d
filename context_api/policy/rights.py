"""What one principal may do in one tenant: the one place where grants are judged (decision 0014).

What is hidden is absent: an entity without a matching grant does not exist, an attribute that none gives is
not there. Whoever filters, counts, orders or joins does so after `view`.
"""

from collections.abc import Iterable, Mapping

import msgspec

from context_api.ngsild.model import Attributes, Entity, Iri, Micros
from context_api.policy.grant import Grant, Operation

Marks = Mapping[Iri, frozenset[Iri]]
"""Type -> its attributes that are personal, in one tenant."""

NO_MARKS: Marks = {}


class Rights:
    """The grants of one principal in one tenant, and what is personal there. Equal to nothing but itself."""

    __slots__ = ("_boundless", "_by_operation", "grants", "marks")

    def __init__(self, grants: Iterable[Grant], marks: Marks = NO_MARKS) -> None:
        self.grants = tuple(grants)
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
        kept = visible(entity.attributes, matching, self.personal(entity.types))
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
        return grant.is_boundless and (grant.personal or not self.marks)


def visible(attributes: Attributes, matching: Iterable[Grant], personal: frozenset[Iri]) -> Attributes:
    """Give the attributes that some of the grants about their entity give."""
    given = list(matching)
    return {
        name: instances
        for name, instances in attributes.items()
        if any(one.gives(name) and (one.personal or name not in personal) for one in given)
    }
