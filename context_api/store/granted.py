"""What somebody is granted as conditions over a row `e` of entity; see `where`.

The other back end is `policy.rights`, which has the last word: an entity is masked, then judged.
"""

from collections.abc import Sequence

from context_api.ngsild.model import Entity, Iri, Micros
from context_api.ngsild.query.conditions import ENTITY_MEMBERS, MODIFIED_AT
from context_api.policy.grant import Grant, Operation
from context_api.policy.rights import Rights
from context_api.store.access import Access
from context_api.store.conditions import has_type, is_entity, where_scopes
from context_api.store.packing import pack_ints
from context_api.store.where import ANYTHING, NOTHING, Find, Where, all_of, any_of


class Granted:
    """The grants that count at one time for one operation."""

    def __init__(self, rights: Rights, operation: Operation, now: Micros, find: Find) -> None:
        self._rights = rights
        self._operation = operation
        self._now = now
        self._find = find
        self._grants = rights.valid(operation, now)
        self.hides_attributes = bool(rights.marks or rights.floors) or any(
            one.attributes for one in self._grants
        )
        """Whether an entity may be there with a part of its attributes only."""

    def view(self, entity: Entity | None) -> Entity | None:
        """Give the entity as it is seen."""
        return None if entity is None else self._rights.view(entity, self._operation, self._now)

    def entities(self, selected: frozenset[Iri] = frozenset()) -> Where | None:
        """Write which entities are there; None: all of them.

        `selected` are types of which each entity that is asked for has one, if the query says so.
        """
        conditions = []
        for grant in self._grants:
            condition = self._where(grant, selected)
            if condition is None:
                return None
            conditions.append(condition)
        if not conditions:
            return NOTHING
        anyone = any_of(conditions)
        types = frozenset().union(*(grant.types for grant in self._grants))
        if len(conditions) > 1 and all(grant.types for grant in self._grants) and not selected:
            return all_of([has_type(self._find(sorted(types))), anyone])  # an index serves this one
        return anyone

    def guard(self, attribute: Iri, selected: frozenset[Iri] = frozenset()) -> Where | None:
        """Write in which of the entities that are there an attribute is in sight; None: in all of them."""
        if attribute in ENTITY_MEMBERS:
            return ANYTHING if self.hides_attributes and attribute == MODIFIED_AT else None
        if self._may_be_small(attribute):
            return ANYTHING
        marked = sorted(type_ for type_, names in self._rights.marks.items() if attribute in names)
        personal = self._find(marked) if marked else []
        parts: list[Where] = []
        is_everywhere = True
        for grant in self._grants:
            if not grant.gives(attribute):
                is_everywhere = False
                continue
            condition = self._where(grant, selected)
            if personal and not grant.personal:
                is_everywhere = False
                plain = Where(b"not (e.types && %s)", (pack_ints(personal),))
                condition = plain if condition is None else all_of([condition, plain])
            if condition is None:
                return None
            parts.append(condition)
        if is_everywhere:
            return None
        return any_of(parts) if parts else NOTHING

    def _may_be_small(self, attribute: Iri) -> bool:
        """Whether an attribute counts people, and somebody sees it as the public does: its values decide."""
        counted = any(attribute in floor.attributes for floor in self._rights.floors.values())
        return counted and any(one.is_public and one.gives(attribute) for one in self._grants)

    def sight_of(self, attribute: Iri) -> Where | None:
        """Write in which entities an attribute is in sight; None: in all that there are."""
        parts = [one for one in (self.entities(), self.guard(attribute)) if one is not None]
        return all_of(parts) if parts else None

    def guard_column(self, column: bytes) -> Where:
        """Write in which entities the attribute whose number stands in a column is in sight."""
        parts = []
        personal = self._where_not_personal(column)
        for grant in self._grants:
            listed: list[Where] = []
            condition = self._where(grant, frozenset())
            if condition is not None:
                listed.append(condition)
            if grant.attributes:
                numbers = pack_ints(self._find(sorted(grant.attributes)))
                listed.append(Where(column + b" = any(%s)", (numbers,)))
            if personal is not None and not grant.personal:
                listed.append(personal)
            parts.append(all_of(listed) if listed else Where(b"true"))
        return any_of(parts) if parts else NOTHING

    def _where_not_personal(self, column: bytes) -> Where | None:
        pairs = [
            (type_number, number)
            for type_, names in self._rights.marks.items()
            for type_number in self._find([type_])
            for number in self._find(sorted(names))
        ]
        if not pairs:
            return None
        types, attributes = zip(*pairs, strict=True)
        return Where(
            b"not exists (select from unnest(%s, %s) as marked (type_id, attribute_id)"
            b" where marked.attribute_id = " + column + b" and marked.type_id = any(e.types))",
            (pack_ints(types), pack_ints(attributes)),
        )

    def _where(self, grant: Grant, selected: frozenset[Iri]) -> Where | None:
        """Write which entities a grant is about; None: all of them."""
        parts: list[Where] = []
        if grant.types and not (selected and selected <= grant.types):
            numbers = self._find(sorted(grant.types))
            if not numbers:
                return NOTHING
            is_alone = len(self._grants) == 1
            parts.append(has_type(numbers) if is_alone else Where(b"e.types && %s", (pack_ints(numbers),)))
        if grant.scopes is not None:
            parts.append(where_scopes(grant.scopes))
        if grant.entities:
            parts.append(is_entity(sorted(grant.entities)))
        if grant.area is not None:
            parts.append(_touches(grant.area.bounds))
        return all_of(parts) if parts else None


def granted_to(access: Access, now: Micros, find: Find) -> Granted | None:
    """Give the conditions of an access; None where nothing is hidden from it."""
    rights = access.filter
    if rights is None or rights.hides_nothing(access.operation, now):
        return None
    return Granted(rights, access.operation, now, find)


def _touches(bounds: Sequence[float]) -> Where:
    west, south, east, north = bounds
    return Where(b"e.bounds && box(point(%s, %s), point(%s, %s))", (east, north, west, south), exact=False)
