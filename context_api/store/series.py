"""Series: (tenant, entity, attribute, datasetId) -> integer, cached, made when they are first written."""

from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from sys import intern
from threading import Lock

from psycopg import Connection, Cursor
from psycopg.rows import TupleRow

from context_api.ngsild.model import Instance, Iri
from context_api.store.observations import Series
from context_api.store.packing import pack_ints, pack_texts
from context_api.store.queries import load_queries
from context_api.store.terms import Terms

MAX_CACHED_SERIES = 150_000
"""Of the entities seen last; each takes 200 bytes, so that all are 30 MB."""
MAX_DRAWN = 4_096
"""So many numbers of series are drawn ahead at most."""

_SQL = load_queries("series")

SeriesName = tuple[Iri, str]
"""Attribute and datasetId."""
SeriesOfEntity = dict[SeriesName, Series]


class SeriesCache:
    """The committed series of the entities seen last; shared by all threads."""

    def __init__(self, limit: int = MAX_CACHED_SERIES) -> None:
        self._limit = limit
        self._entities: OrderedDict[tuple[int, str], SeriesOfEntity] = OrderedDict()
        self._count = 0
        self._lock = Lock()

    def get(self, tenant_id: int, entity_id: str) -> SeriesOfEntity | None:
        """Give what is known of an entity's series."""
        return self._entities.get((tenant_id, entity_id))

    def put(self, tenant_id: int, entities: dict[str, SeriesOfEntity]) -> None:
        """Remember committed series; the oldest go when the cache is full."""
        with self._lock:
            for entity_id, series in entities.items():
                self._count += len(series) - len(self._entities.pop((tenant_id, entity_id), ()))
                self._entities[tenant_id, entity_id] = series
            while self._count > self._limit:
                self._count -= len(self._entities.popitem(last=False)[1])

    def clear(self) -> None:
        """Forget everything: the database may be another one now."""
        with self._lock:
            self._entities.clear()
            self._count = 0


class SeriesIds:
    """Numbers for new series, drawn ahead: known before the row is written, they cost no round trip.

    Those that a process does not use are lost, as are those of transactions that fail. Shared by all threads.
    """

    def __init__(self) -> None:
        self._ids: deque[int] = deque()

    def ask(self, connection: Connection[TupleRow], count: int) -> Cursor[TupleRow] | None:
        """Send for more unless there are `count`; `take` reads the answer."""
        wanted = min(count, MAX_DRAWN) - len(self._ids)
        if wanted <= 0:
            return None
        return connection.execute(_SQL["draw_series_ids"], [wanted], binary=True)

    def take(self, cursor: Cursor[TupleRow] | None) -> None:
        """Note the answer to `ask`."""
        row = None if cursor is None else cursor.fetchone()
        if row is not None:
            self._ids.extend(row[0])

    def draw(self, connection: Connection[TupleRow], count: int) -> list[int]:
        """Give so many numbers; asks the database for those that are not there."""
        drawn: list[int] = []
        while len(drawn) < count:
            try:
                drawn.append(self._ids.popleft())
            except IndexError:
                self.take(self.ask(connection, count - len(drawn)))
        return drawn

    def clear(self) -> None:
        """Forget them: the database may be another one now, or an older state of it."""
        self._ids.clear()


class SeriesOfTransaction:
    """The series one transaction sees: the cached ones and, until it has committed, its own."""

    def __init__(self, cache: SeriesCache, ids: SeriesIds, terms: Terms, tenant_id: int) -> None:
        self._cache = cache
        self._ids = ids
        self._terms = terms
        self._tenant_id = tenant_id
        self._own: dict[str, SeriesOfEntity] = {}
        self._made: set[int] = set()

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
        """Note the answer to `ask`."""
        if cursor is None:
            return
        for entity_id, attribute_id, dataset_id, number, kind, unit_code in cursor.fetchall():
            name = _shared_name((self._terms.iri(str(attribute_id)), dataset_id))
            self._own[entity_id][name] = Series(number, kind, unit_code and intern(unit_code))

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
            self._insert(connection, absent, types)

    def take_made(self) -> set[int]:
        """Give the series that were made since this was called: nothing can be in their history yet."""
        made, self._made = self._made, set()
        return made

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
    ) -> None:
        ids = self._ids.draw(connection, len(absent))
        self._made.update(ids)
        terms = self._terms
        entity_ids, attributes, dataset_ids, kinds, units = [], [], [], [], []
        for number, ((entity_id, name), instance) in zip(ids, absent.items(), strict=True):
            kind, unit_code = int(instance.kind), instance.unit_code
            self._own[entity_id][_shared_name(name)] = Series(number, kind, unit_code and intern(unit_code))
            entity_ids.append(entity_id)
            attributes.append(int(terms.key(name[0])))
            dataset_ids.append(name[1])
            kinds.append(kind)
            units.append(unit_code)
        arrays = {one: terms.array(tuple(types.get(one, ()))) for one in dict.fromkeys(entity_ids)}
        connection.execute(
            _SQL["create_series"],
            [
                self._tenant_id,
                pack_ints(ids),
                pack_texts(entity_ids),
                pack_ints(attributes),
                pack_texts(dataset_ids),
                pack_ints(kinds),
                pack_texts(units),
                pack_texts([arrays[one] for one in entity_ids]),
            ],
        )


@lru_cache(maxsize=10_000)
def _shared_name(name: SeriesName) -> SeriesName:
    """Give the same object for the same name: thousands of entities have series of that name."""
    return name
