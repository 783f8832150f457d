"""All names that changes mention, so that a new kind of entity costs one lesson and not one per name."""

from collections.abc import Iterable, Iterator

from context_api.ngsild.changes import Change
from context_api.ngsild.model import Attributes, Entity, Iri


def names_of(changes: Iterable[Change]) -> frozenset[Iri]:
    """Give the types, attributes and sub-attributes in changes; a name left out costs another lesson."""
    return frozenset(name for change in changes for name in _names_of_change(change))


def _names_of_change(change: Change) -> Iterator[Iri]:
    yield from getattr(change, "types", ())
    for member in ("attributes", "static"):
        yield from _names_of_attributes(getattr(change, member, {}))
    entity = getattr(change, "entity", None)
    if isinstance(entity, Entity):
        yield from entity.types
        yield from _names_of_attributes(entity.attributes)


def _names_of_attributes(attributes: Attributes) -> Iterator[Iri]:
    for name, instances in attributes.items():
        yield name
        for instance in instances:
            if instance.sub:
                yield from _names_of_attributes(instance.sub)
