"""Linked entities (clause 4.5.23): from relationships to what they point to, bounded and without loops."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import StrEnum

from context_api.ngsild.attributes import RELATIONSHIPS
from context_api.ngsild.errors import TooManyResults
from context_api.ngsild.model import Entity, Instance, Iri
from context_api.ngsild.projection import MAX_DEPTH, WHOLE, Projection

MAX_JOIN_LEVEL = MAX_DEPTH
MAX_LINKED = 10_000
"""Linked entities in one answer."""


class Join(StrEnum):
    """How linked entities are served."""

    INLINE = "inline"
    """Inside the relationship."""
    FLAT = "flat"
    """After the entities, in one array."""


class Walk:
    """Walks from entities to those that they point to, one level at a time; its owner fetches them.

    Fetch `wanted()`, give it to `add`, until nothing is wanted any more.
    """

    def __init__(
        self,
        entities: Sequence[Entity],
        *,
        levels: int,
        projection: Projection = WHOLE,
        attrs: Collection[Iri] | None = None,
        contained_by: Collection[str] = (),
    ) -> None:
        self.known = {entity.id: entity for entity in entities}
        """All entities so far."""
        self.reached: list[tuple[Entity, Projection]] = []
        """Those that were linked to, nearest first, each once, with what is kept of it."""
        self._levels = levels
        self._attrs = attrs
        self._contained_by = frozenset(contained_by)
        self._served = set(self.known)
        self._visited: set[tuple[str, int, int]] = set()
        self._frontier = [(entity, projection) for entity in entities]
        self._next: list[tuple[str, Projection]] = []

    def wanted(self) -> list[str]:
        """Give the ids of the next level that are not known yet. Raises TooManyResults above MAX_LINKED."""
        self._next = []
        if self._levels > 0:
            self._levels -= 1
            for entity, projection in self._frontier:
                for name, uri in self._links(entity, projection):
                    self._visit(uri, projection.behind(name))
        self._frontier, self._attrs = [], None
        missing = dict.fromkeys(uri for uri, _ in self._next if uri not in self.known)
        if len(self.known) + len(missing) > MAX_LINKED:
            raise TooManyResults(f"The entities link to more than {MAX_LINKED} others")
        if not missing and self._next:
            self.add({})
            return self.wanted()
        return list(missing)

    def add(self, found: Mapping[str, Entity]) -> None:
        """Take those of the wanted entities that exist."""
        self.known.update(found)
        for uri, projection in self._next:
            entity = self.known.get(uri)
            if entity is None:
                continue
            self._frontier.append((entity, projection))
            if uri not in self._served:
                self._served.add(uri)
                self.reached.append((entity, projection))
        self._next = []

    def _links(self, entity: Entity, projection: Projection) -> Iterator[tuple[Iri, str]]:
        for name, instances in entity.attributes.items():
            if projection.keeps(name) and (self._attrs is None or name in self._attrs):
                for instance in instances:
                    for uri in targets_of(instance):
                        yield name, uri

    def _visit(self, uri: str, projection: Projection) -> None:
        key = (uri, id(projection.pick), id(projection.omit))
        if uri not in self._contained_by and key not in self._visited:
            self._visited.add(key)
            self._next.append((uri, projection))


def targets_of(instance: Instance) -> Sequence[str]:
    """Give the URIs that an instance points to; none where it is no relationship."""
    if instance.kind not in RELATIONSHIPS:
        return ()
    return instance.value if isinstance(instance.value, list) else (instance.value,)
