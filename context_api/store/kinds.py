"""Which attributes, of which kinds, the entities of a type have: noted when a combination is new.

What is noted is a superset of what is there (nothing is taken back), so that it costs writers next to
nothing; `discovery` looks which combinations still hold.
"""

from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.model import Entity, Instance, Iri
from context_api.ngsild.transition import Transition
from context_api.store.packing import pack_ints
from context_api.store.queries import load_queries
from context_api.store.terms import Terms

MAX_KNOWN = 200_000

_SQL = load_queries("discovery")
_INDEXES_SQL = load_queries("attribute_indexes")

LIVE = -1
"""In the place of a kind: entities of the type have the attribute with observedAt, where no index looks."""

Combination = tuple[Iri, Iri, int]
"""Type, attribute, kind (or LIVE)."""


class KnownKinds:
    """The combinations that this process has seen committed, per tenant; shared by all threads."""

    def __init__(self) -> None:
        self._known: set[tuple[int, Combination]] = set()

    def unknown(self, tenant_id: int, combinations: set[Combination]) -> list[Combination]:
        """Give those that may be missing in the database, sorted."""
        return sorted(one for one in combinations if (tenant_id, one) not in self._known)

    def remember(self, tenant_id: int, combinations: list[Combination]) -> None:
        """Note what was committed."""
        if len(self._known) + len(combinations) > MAX_KNOWN:
            self._known.clear()
        self._known.update([(tenant_id, one) for one in combinations[:MAX_KNOWN]])

    def clear(self) -> None:
        """Forget everything: the database may be another one now."""
        self._known.clear()


class KindsOfTransaction:
    """Collects while changes are applied, writes before the commit."""

    def __init__(self, known: KnownKinds, terms: Terms, tenant_id: int) -> None:
        self._known = known
        self._terms = terms
        self._tenant_id = tenant_id
        self._seen: set[Combination] = set()
        self._written: list[Combination] = []

    def note(self, before: Entity | None, transition: Transition) -> None:
        """Note what a change may have brought that was not there before."""
        after = transition.after
        if after is None:
            return
        types = after.types
        if before is None or before.types != types:
            for name, instances in after.attributes.items():
                self._note_instances(types, name, instances)
            return
        for one in transition.touched:
            latter, former = one.after, one.before
            if latter is not None and (
                former is None
                or former.kind is not latter.kind
                or (former.observed_at is None and latter.observed_at is not None)
            ):
                self._note_instances(types, one.attribute, [latter])

    def write(self, connection: Connection[TupleRow]) -> None:
        """Write what is new, in the order of the names, so that writers never wait in circles."""
        new = self._known.unknown(self._tenant_id, self._seen) if self._seen else []
        if not new:
            return
        numbers = self._terms.numbers
        kinds = [one for one in new if one[2] != LIVE]
        live = [one for one in new if one[2] == LIVE]
        if kinds:
            columns = [pack_ints(numbers(type_ for type_, _, _ in kinds))]
            columns.append(pack_ints(numbers(name for _, name, _ in kinds)))
            columns.append(pack_ints([kind for _, _, kind in kinds]))
            connection.execute(_SQL["record_kinds"], [self._tenant_id, *columns])
        if live:
            columns = [pack_ints(numbers(type_ for type_, _, _ in live))]
            columns.append(pack_ints(numbers(name for _, name, _ in live)))
            connection.execute(_INDEXES_SQL["record_live"], [self._tenant_id, *columns])
        self._written = new

    def commit(self) -> None:
        """Tell the process what the database has now."""
        if self._written:
            self._known.remember(self._tenant_id, self._written)

    def _note_instances(self, types: tuple[Iri, ...], name: Iri, instances: list[Instance]) -> None:
        for instance in instances:
            for type_ in types:
                self._seen.add((type_, name, int(instance.kind)))
                if instance.observed_at is not None:
                    self._seen.add((type_, name, LIVE))
