"""Series: (tenant, entity, attribute, datasetId) -> integer, cached, made when they are first written."""

from collections.abc import Iterable, Mapping, Sequence

from psycopg import Connection, Cursor
from psycopg.rows import TupleRow

from context_api.ngsild.model import Instance, Iri
from context_api.store.observations import Series
from context_api.store.packing import pack_ints, pack_texts
from context_api.store.queries import load_queries
from context_api.store.terms import Terms

MAX_CACHED_ENTITIES = 50_000

_SQL = load_queries("series")

SeriesName = tuple[Iri, str]
"""Attribute and datasetId."""
SeriesOfEntity = dict[SeriesName, Series]


class SeriesCache:
    """The committed series of the entities seen last; shared by all threads."""

    def __init__(self, limit: int = MAX_CACHED_ENTITIES) -> None:
        self._limit = limit
        self._entities: dict[tuple[int, str], SeriesOfEntity] = {}

    def get(self, tenant_id: int, entity_id: str) -> SeriesOfEntity | None:
        """Give what is known of an entity's series."""
        return self._entities.get((tenant_id, entity_id))

    def put(self, tenant_id: int, entities: dict[str, SeriesOfEntity]) -> None:
        """Remember committed series; the oldest tenth goes when the cache is full."""
        if len(self._entities) + len(entities) > self._limit:
            for key in list(self._entities)[: self._limit // 10 + len(entities)]:
                self._entities.pop(key, None)
        for entity_id, series in entities.items():
            self._entities[tenant_id, entity_id] = series

    def clear(self) -> None:
        """Forget everything: the database may be another one now."""
        self._entities.clear()


class SeriesOfTransaction:
    """The series one transaction sees: the cached ones and, until it has committed, its own."""

    def __init__(self, cache: SeriesCache, terms: Terms, tenant_id: int) -> None:
        self._cache = cache
        self._terms = terms
        self._tenant_id = tenant_id
        self._own: dict[str, SeriesOfEntity] = {}

    def of(self, entity_id: str) -> SeriesOfEntity:
        """Give the known series of an entity."""
        own = self._own.get(entity_id)
        if own is not None:
            return own
        return self._cache.get(self._tenant_id, entity_id) or {}

    def ask(self, connection: Connection[TupleRow], entity_ids: Iterable[str]) -> Cursor[TupleRow] | None:
        """Send for the series of locked entities of which nothing is known; `take` reads the answer."""
        unknown = [each for each in entity_ids if self._cache.get(self._tenant_id, each) is None]
        return self._ask(connection, unknown) if unknown else None

    def take(self, cursor: Cursor[TupleRow] | None) -> None:
        """Note the answer to `ask`, or what an insert returned."""
        if cursor is None:
            return
        for entity_id, attribute_id, dataset_id, number, kind, unit_code in cursor.fetchall():
            name = (self._terms.iri(str(attribute_id)), dataset_id)
            self._own[entity_id][name] = Series(number, kind, unit_code)

    def create(
        self,
        connection: Connection[TupleRow],
        wanted: Iterable[tuple[str, Iri, Instance]],
        types: Mapping[str, Sequence[Iri]],
    ) -> None:
        """Load or make the series of (entity, attribute, instance); `types` are those of the entities.

        The entities are locked, so nobody else makes the same ones.
        """
        first: dict[tuple[str, SeriesName], Instance] = {}
        for entity_id, attribute, instance in wanted:
            first.setdefault((entity_id, (attribute, instance.dataset_id)), instance)
        # What is cached may have grown in another process; what this transaction asked for is all there is
        unsure = sorted({entity_id for entity_id, _ in first} - self._own.keys())
        if unsure:
            self.take(self._ask(connection, unsure))
        absent = {key: one for key, one in first.items() if key[1] not in self._own[key[0]]}
        if absent:
            self.take(self._insert(connection, absent, types))

    def commit(self) -> None:
        """Share what was made, once it is committed."""
        if self._own:
            self._cache.put(self._tenant_id, self._own)

    def _ask(self, connection: Connection[TupleRow], entity_ids: Sequence[str]) -> Cursor[TupleRow]:
        for entity_id in entity_ids:
            self._own[entity_id] = {}
        return connection.execute(_SQL["get_series"], [self._tenant_id, pack_texts(entity_ids)], binary=True)

    def _insert(
        self,
        connection: Connection[TupleRow],
        absent: dict[tuple[str, SeriesName], Instance],
        types: Mapping[str, Sequence[Iri]],
    ) -> Cursor[TupleRow]:
        names = list(absent)
        return connection.execute(
            _SQL["create_series"],
            [
                self._tenant_id,
                pack_texts([entity_id for entity_id, _ in names]),
                pack_ints(self._terms.numbers(attribute for _, (attribute, _) in names)),
                pack_texts([dataset_id for _, (_, dataset_id) in names]),
                pack_ints([int(instance.kind) for instance in absent.values()]),
                pack_texts([instance.unit_code for instance in absent.values()]),
                pack_texts([self._type_array(types.get(entity_id, ())) for entity_id, _ in names]),
            ],
            binary=True,
        )

    def _type_array(self, types: Sequence[Iri]) -> str:
        return "{" + ",".join([self._terms.key(name) for name in types]) + "}"
