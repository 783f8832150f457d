"""How the entities of one answer are written: what of them, in which form, with which linked entities."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from context_api.ngsild.attributes import RELATIONSHIPS
from context_api.ngsild.contexts import Context
from context_api.ngsild.downgrade import CURRENT_MINOR, downgrade
from context_api.ngsild.errors import TooManyResults
from context_api.ngsild.geojson import to_feature
from context_api.ngsild.language import Languages, localize
from context_api.ngsild.linked import MAX_LINKED, Join, Walk, targets_of
from context_api.ngsild.model import Entity, Instance, Iri, Kind
from context_api.ngsild.projection import MEMBERS, WHOLE, Projection, select_datasets
from context_api.ngsild.represent import Document, to_key_values, to_normalized

EntityWriter = Callable[..., Document]


class Presentation(NamedTuple):
    """What a request asks about the form of its answer."""

    write: EntityWriter = to_normalized
    sys_attrs: bool = False
    attrs: frozenset[Iri] | None = None
    """None: all."""
    projection: Projection = WHOLE
    languages: Languages | None = None
    datasets: frozenset[str] | None = None
    """datasetIds that are kept, with an empty text for the default instance; None: all."""
    join: Join | None = None
    join_level: int = 1
    contained_by: frozenset[str] = frozenset()
    minor: int = CURRENT_MINOR
    """The version of NGSI-LD, 1.`minor`, that the reader understands."""
    geometry_property: Iri | None = None
    """Set where GeoJSON is asked for."""


PLAIN = Presentation()


class Presented(NamedTuple):
    """Written entities; those of which nothing is left are missing."""

    documents: list[Document]
    is_altered: bool = False
    """Whether something had to be written as an earlier version has it."""


def walk_from(entities: Sequence[Entity], presentation: Presentation) -> Walk:
    """Begin to look for the linked entities that the answer is to hold."""
    return Walk(
        entities,
        levels=presentation.join_level if presentation.join else 0,
        projection=presentation.projection,
        attrs=presentation.attrs,
        contained_by=presentation.contained_by,
    )


def present(
    entities: Sequence[Entity], presentation: Presentation, context: Context, walk: Walk | None = None
) -> Presented:
    """Write entities; a `walk` that has come to its end holds the linked ones."""
    writer = _Writer(presentation, context, walk.known if walk is not None else {})
    documents = [writer.write_top(entity) for entity in entities]
    if walk is not None and presentation.join is Join.FLAT:
        documents += [writer.write_linked(entity, projection) for entity, projection in walk.reached]
    return Presented([one for one in documents if one is not None], writer.is_altered)


class _Writer:
    def __init__(self, presentation: Presentation, context: Context, known: Mapping[str, Entity]) -> None:
        self._presentation = presentation
        self._context = context
        self._known = known
        self._inlined = 0
        self.is_altered = False

    def write_top(self, entity: Entity) -> Document | None:
        """Write an entity that was asked for."""
        asked = self._presentation
        chosen = entity if asked.datasets is None else select_datasets(entity, asked.datasets)
        path = (entity.id,) if asked.join is Join.INLINE else None
        return self._finish(chosen, self._write(chosen, asked.projection, asked.attrs, path))

    def write_linked(self, entity: Entity, projection: Projection) -> Document | None:
        """Write an entity that stands in the array because another one links to it."""
        return self._finish(entity, self._write(entity, projection, None, None))

    def _finish(self, entity: Entity, document: Document) -> Document | None:
        if not document:
            return None
        if self._presentation.geometry_property is None:
            return document
        return to_feature(entity, document, self._presentation.geometry_property)

    def _write(
        self,
        entity: Entity,
        projection: Projection,
        attrs: frozenset[Iri] | None,
        path: tuple[str, ...] | None,
    ) -> Document:
        """Write an entity; `path` leads to it from the outermost one, None where nothing is put inside."""
        shown = self._shape(entity)
        kept = _kept(shown, projection, attrs)
        document = self._presentation.write(
            shown, self._context, sys_attrs=self._presentation.sys_attrs, attrs=kept
        )
        if projection != WHOLE:
            for member in MEMBERS:
                if not projection.keeps_member(member):
                    document.pop(member, None)
        if path is not None and len(path) <= self._presentation.join_level:
            self._put_inside(document, shown, projection, kept, path)
        return document

    def _shape(self, entity: Entity) -> Entity:
        asked = self._presentation
        shown = entity
        if asked.minor < CURRENT_MINOR:
            shown = downgrade(entity, asked.minor, self._context)
            self.is_altered = self.is_altered or shown is not entity
        return shown if asked.languages is None else localize(shown, asked.languages)

    def _put_inside(
        self,
        document: Document,
        entity: Entity,
        projection: Projection,
        kept: frozenset[Iri] | None,
        path: tuple[str, ...],
    ) -> None:
        """Put linked entities into the relationships of a document."""
        is_simplified = self._presentation.write is to_key_values
        for name, instances in entity.attributes.items():
            if (kept is not None and name not in kept) or not _is_relationship(instances):
                continue
            below = projection.behind(name)
            linked = [self._write_targets(one, below, path) for one in instances]
            key = self._context.compact(name)
            if is_simplified:
                document[key] = _replace_targets(document[key], instances, linked)
            else:
                _add_entities(document[key], instances, linked)

    def _write_targets(
        self, instance: Instance, projection: Projection, path: tuple[str, ...]
    ) -> dict[str, Document]:
        written = {}
        for uri in targets_of(instance):
            entity = self._known.get(uri)
            if entity is None or uri in path or uri in self._presentation.contained_by:
                continue
            self._inlined += 1
            if self._inlined > MAX_LINKED:
                raise TooManyResults(f"The answer would hold more than {MAX_LINKED} linked entities")
            written[uri] = self._write(entity, projection, None, (*path, uri))
        return {uri: document for uri, document in written.items() if document}


def _kept(entity: Entity, projection: Projection, attrs: frozenset[Iri] | None) -> frozenset[Iri] | None:
    if projection == WHOLE:
        return attrs
    names = entity.attributes.keys() if attrs is None else entity.attributes.keys() & attrs
    return frozenset(filter(projection.keeps, names))


def _is_relationship(instances: Sequence[Instance]) -> bool:
    return any(one.kind in RELATIONSHIPS for one in instances)


def _add_entities(written: Any, instances: Sequence[Instance], linked: Sequence[dict[str, Document]]) -> None:
    """Add `entity` (or entityList) to the written instances, in their order."""
    for one, instance, found in zip(
        written if isinstance(written, list) else [written], instances, linked, strict=True
    ):
        documents = [found[uri] for uri in targets_of(instance) if uri in found]
        if not documents:
            continue
        if instance.kind is Kind.LIST_RELATIONSHIP:
            one["entityList"] = documents
        else:
            one["entity"] = documents if isinstance(instance.value, list) else documents[0]


def _replace_targets(
    written: Any, instances: Sequence[Instance], linked: Sequence[dict[str, Document]]
) -> Any:
    """Put entities in the place of their URIs, where they were found (simplified representation)."""
    replaced = [
        _replace(one.value, found) if one.kind in RELATIONSHIPS else None
        for one, found in zip(instances, linked, strict=True)
    ]
    if isinstance(written, dict) and "dataset" in written:
        values = zip(written["dataset"], replaced, instances, strict=True)
        return {
            "dataset": {
                key: value if one.kind in RELATIONSHIPS else written["dataset"][key]
                for key, value, one in values
            }
        }
    return replaced[0]


def _replace(value: Any, found: Mapping[str, Document]) -> Any:
    if isinstance(value, list):
        return [found.get(uri, uri) for uri in value]
    return found.get(value, value)
