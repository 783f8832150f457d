"""A grant: one permission of one organisation, or of one key, in one tenant."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import shapely
from shapely.geometry.base import BaseGeometry

from context_api.ngsild.model import Entity, Iri, Kind, Micros
from context_api.ngsild.query import ScopeQuery
from context_api.ngsild.query.geo import LOCATION, read_shape


class Operation(StrEnum):
    """What is done with data."""

    READ = "read"
    """The current state: retrieve, query, discovery, joins, live streams."""
    HISTORY = "history"
    """The past: the temporal API, history, exports."""
    SUBSCRIBE = "subscribe"
    """To be notified of changes."""
    WRITE = "write"
    """Create and change."""
    DELETE = "delete"
    """Remove entities, attributes and instances."""


CHANGING = frozenset((Operation.WRITE, Operation.DELETE))
ANY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grant:
    """What is allowed for which entities; everything that is given must hold, empty stands for all."""

    id: int
    """0: not granted by anybody, it comes with the role."""
    operations: frozenset[Operation]
    types: frozenset[Iri] = ANY
    """An entity with one of these."""
    scopes: ScopeQuery | None = None
    entities: frozenset[str] = ANY
    """Ids."""
    area: BaseGeometry | None = None
    """The entity's `location` touches it; to be changed or deleted, it lies inside."""
    attributes: frozenset[Iri] = ANY
    """Of these entities, these attributes with all that hangs on them."""
    valid_from: Micros | None = None
    valid_until: Micros | None = None
    """The grant counts before this time only."""
    history_from: Micros | None = None
    """The earliest time of which data is shown."""
    personal: bool = False
    """Whether attributes marked as personal are given as well."""
    is_public: bool = False
    """Whether everybody has it: small counts of people are not given by it."""

    def __post_init__(self) -> None:
        if self.area is not None:
            shapely.prepare(self.area)

    def only(self, operations: frozenset[Operation]) -> "Grant":
        """Give the same grant for fewer operations."""
        return replace(self, operations=operations)

    @property
    def is_for_all(self) -> bool:
        """Whether it is about every entity."""
        return not self.types and self.scopes is None and not self.entities and self.area is None

    @property
    def is_boundless(self) -> bool:
        """Whether it is about every entity and all of it, personal attributes apart."""
        return self.is_for_all and not self.attributes

    def is_valid(self, now: Micros) -> bool:
        """Whether it counts at this time."""
        return (self.valid_from is None or self.valid_from <= now) and (
            self.valid_until is None or now < self.valid_until
        )

    def gives(self, attribute: Iri) -> bool:
        """Whether an attribute belongs to what is granted, personal or not."""
        return not self.attributes or attribute in self.attributes

    def matches(self, entity: Entity, operation: Operation = Operation.READ) -> bool:
        """Whether the grant is about an entity. Its `location` counts even where it is not shown."""
        if self.types and self.types.isdisjoint(entity.types):
            return False
        if self.entities and entity.id not in self.entities:
            return False
        if self.scopes is not None and not self.scopes.matches(entity.scopes):
            return False
        return self.area is None or self._is_placed(self.area, entity, operation)

    def _is_placed(self, area: BaseGeometry, entity: Entity, operation: Operation) -> bool:
        shapes = list(_locations(entity))
        if operation in CHANGING:
            return bool(shapes) and all(bool(shapely.covers(area, one)) for one in shapes)
        return any(bool(shapely.intersects(area, one)) for one in shapes)


def _locations(entity: Entity) -> Iterator[BaseGeometry]:
    for instance in entity.attributes.get(LOCATION, ()):
        if instance.kind is Kind.GEO_PROPERTY:
            yield read_shape(instance.value)
