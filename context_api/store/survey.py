"""What kinds of entities and attributes are in sight, by looking at each: memory only can judge an area."""

import time
from collections import Counter, defaultdict

from context_api.ngsild.model import Entity, Iri, Kind, Micros
from context_api.ngsild.transition import drop_expired
from context_api.store import codec
from context_api.store.access import Access
from context_api.store.database import STATEMENT_TIMEOUT_MS, Database
from context_api.store.errors import StoreTimeout
from context_api.store.granted import Granted
from context_api.store.packing import pack_time
from context_api.store.queries import load_queries
from context_api.store.terms import Terms

_SQL = load_queries("discovery")
CHUNK = 1_000


class Survey:
    """What was met."""

    def __init__(self) -> None:
        self.entities: Counter[Iri] = Counter()
        """Type -> entities of it."""
        self.instances: Counter[Iri] = Counter()
        """Attribute -> instances of it."""
        self.kinds: dict[tuple[Iri, Iri], set[Kind]] = defaultdict(set)
        """(type, attribute) -> the attribute types it has there."""

    def add(self, entity: Entity) -> None:
        """Count an entity."""
        self.entities.update(entity.types)
        for name, instances in entity.attributes.items():
            self.instances[name] += len(instances)
            for type_ in entity.types:
                self.kinds[type_, name].update(one.kind for one in instances)


def survey(database: Database, terms: Terms, access: Access, granted: Granted, now: Micros) -> Survey:
    """Look at all entities that may be in sight. Raises TermsMissing, StoreTimeout."""
    found = Survey()
    there = granted.entities()
    condition = b"" if there is None else b" and " + there.sql
    sql = _SQL["get_candidates"].replace(b"{granted}", condition)
    parameters = () if there is None else there.parameters
    after, deadline = "", time.monotonic() + STATEMENT_TIMEOUT_MS / 1000
    with database.connection() as connection:
        while True:
            given = [access.tenant_id, after, pack_time(now), *parameters, CHUNK]
            rows = connection.execute(sql, given, binary=True, prepare=False).fetchall()
            for row in rows:
                entity = drop_expired(codec.decode_entity(terms, codec.EntityRow._make(row)), now)
                seen = granted.view(entity)
                if seen is not None:
                    found.add(seen)
            if len(rows) < CHUNK:
                return found
            if time.monotonic() > deadline:
                raise StoreTimeout("There are too many entities to look at")
            after = rows[-1][0]
