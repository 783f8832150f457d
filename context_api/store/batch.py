"""One transaction of the one write path: lock, history, merge, match, write (design, section 4).

A batch equals its changes applied one by one in arrival order, but for the numbers of changes of different
entities: readings of one are applied together. The order of locks, the same everywhere:
tenant (shared) < entity rows by id < creation buckets < side tables < queues and counters, each sorted.
"""

import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple, Protocol

from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.matching import SubscriptionIndex
from context_api.ngsild.changes import Change, Outcome, Reading, ValueOutcome
from context_api.ngsild.expiry import expire_entity
from context_api.ngsild.merge import apply_change, apply_reading
from context_api.ngsild.model import Entity, Iri, Micros
from context_api.ngsild.temporal_scopes import scope_change
from context_api.ngsild.transition import Removed, Touched, Transition
from context_api.policy.writing import apply_within
from context_api.store.access import Access
from context_api.store.codec import EntityRow
from context_api.store.effects import Effects
from context_api.store.errors import StoreFault
from context_api.store.history import Observation, Observations, write_observations
from context_api.store.indexes import IndexCache
from context_api.store.kinds import KindsOfTransaction, KnownKinds
from context_api.store.observations import encode_deletion, encode_observation
from context_api.store.observing import Caution, Observing, by_entity
from context_api.store.packing import pack_texts
from context_api.store.queries import load_queries
from context_api.store.series import SeriesCache, SeriesIds, SeriesOfTransaction
from context_api.store.states import EntityCache, EntityState
from context_api.store.terms import Terms

_SQL = load_queries("batch")
DUPLICATE = ValueOutcome.DUPLICATE

EPOCH_LOCK = 1
"""Class of the advisory lock per tenant: writers share it, whoever changes a subscription holds it alone."""
CREATION_LOCK = 2
"""Class of the advisory locks under which entities without a row are created."""
CREATION_BUCKETS = 512
"""So many of those at most does a transaction take: the server's table of locks is small."""
MORE_CHANGES = 64
"""Sequence numbers that are drawn at a time where expiries use up the supply."""
SERIES_OF_NEW = 16
"""So many series a new entity is expected to have: their numbers are drawn with its lock."""


class _Written(NamedTuple):
    """A change that history is to have."""

    state: EntityState
    types: tuple[Iri, ...]
    touched: Sequence[Touched]
    now: Micros
    author: str


class Clock(Protocol):
    """Tells the time in Micros."""

    def __call__(self) -> Micros:
        """Give the present time."""
        ...


@dataclass(frozen=True, slots=True)
class Shared:
    """What the transactions of one process share."""

    terms: Terms
    series: SeriesCache
    entities: EntityCache
    indexes: IndexCache
    clock: Clock
    kinds: KnownKinds = field(default_factory=KnownKinds)
    series_ids: SeriesIds = field(default_factory=SeriesIds)
    caution: Caution = field(default_factory=Caution)

    def forget(self) -> None:
        """Drop what is only true of the database we were connected to."""
        self.series.clear()
        self.series_ids.clear()
        self.entities.clear()
        self.indexes.clear()
        self.kinds.clear()
        self.caution.note_surprise()


class Batch:
    """The transaction. `begin`, then `apply` any number of times, then `commit`; `roll_back` on any error."""

    def __init__(self, shared: Shared, access: Access, connection: Connection[TupleRow]) -> None:
        self.connection = connection
        self.access = access
        self.effects = Effects(access, shared.terms)
        self._shared = shared
        self._terms = shared.terms
        self._series = SeriesOfTransaction(shared.series, shared.series_ids, shared.terms, access.tenant_id)
        self._kinds = KindsOfTransaction(shared.kinds, shared.terms, access.tenant_id)
        self._states: dict[str, EntityState] = {}
        self._index: SubscriptionIndex | None = None
        self._last_now: Micros = 0
        self._is_wary = shared.caution.begin()
        self._at_commit: list[Callable[[Connection[TupleRow]], None]] = []

    @property
    def series(self) -> SeriesOfTransaction:
        """The series that this transaction sees."""
        return self._series

    def at_commit(self, write: Callable[[Connection[TupleRow]], None]) -> None:
        """Let `write` send statements (whose results it does not look at) just before the commit."""
        self._at_commit.append(write)

    def begin(self, entity_ids: Iterable[str], changes: int) -> None:
        """Open the transaction and lock the entities; `changes` is how many there will be at most."""
        ids = sorted(set(entity_ids))
        tenant_id = self.access.tenant_id
        unknown = [each for each in ids if self._shared.entities.get(tenant_id, each) is None]
        connection = self.connection
        with connection.pipeline():
            connection.execute("begin")
            connection.execute(_SQL["share_epoch"], [EPOCH_LOCK, tenant_id])
            epoch = connection.execute(_SQL["get_epoch"], [tenant_id])
            versions = connection.execute(_SQL["lock_entities"], [tenant_id, pack_texts(ids)], binary=True)
            rows = connection.execute(_SQL["get_entities"], [tenant_id, pack_texts(unknown)], binary=True)
            series = self._series.ask(connection, ids)
            sequence = connection.execute(_SQL["begin_changes"], [changes + len(ids)], binary=True)
        found = epoch.fetchone()
        if found is None:
            raise StoreFault(f"Tenant {self.access.tenant} has no row")
        self._index = self._shared.indexes.get(connection, tenant_id, found[0])
        self._take(dict(versions.fetchall()), {row[0]: row for row in rows.fetchall()})
        self._series.take(series)
        self._begin_effects(sequence.fetchone())
        missing = [each for each in ids if each not in self._states]
        if missing:
            self._lock_missing(missing, changes + len(ids))

    def now(self) -> Micros:
        """Give the time of the next change: later than the one before, so that history keeps them apart."""
        self._last_now = max(self._shared.clock(), self._last_now + 1)
        return self._last_now

    def apply(self, changes: Sequence[Change], authors: Sequence[str]) -> list[Outcome]:
        """Apply changes in order, as if each were alone; `authors` says whose each is."""
        outcomes: list[Outcome] = []
        pairs = zip(changes, authors, strict=True)
        for is_reading, group in groupby(pairs, key=lambda pair: isinstance(pair[0], Reading)):
            run = list(group)
            if is_reading:
                outcomes += self._apply_readings(
                    [(one, author) for one, author in run if isinstance(one, Reading)]
                )
            else:
                outcomes += self._apply_changes(run)
        return outcomes

    def current(self, entity_id: str) -> Entity | None:
        """Give a locked entity as it is after what was applied so far."""
        return self._states[entity_id].current

    def expire(self) -> int:
        """End the locked entities that are past their expiresAt; returns how many were."""
        now = self.now()
        written: list[_Written] = []
        expired = [state for state in self._states.values() if _is_due(state, now)]
        for state in expired:
            self._expire(state, now, written)
        self._record(written)
        return len(expired)

    def commit(self) -> None:
        """Write what the changes made and commit; then, and only then, the caches learn of it."""
        states = list(self._states.values())
        connection = self.connection
        self.effects.copy_changes(connection)
        with connection.pipeline():
            self.effects.write_entities(connection, states)
            self._kinds.write(connection)
            self.effects.write_changes(connection)
            for write in self._at_commit:
                write(connection)
            connection.execute("commit")
        self._series.commit()
        self._kinds.commit()
        version = self.effects.version
        self._shared.entities.put(
            self.access.tenant_id,
            [cached for state in states if state.is_dirty and (cached := state.cached(version)) is not None],
        )
        self._let_go()

    def _let_go(self) -> None:
        """Hold nothing that holds us: what a batch has made, tens of MB, would wait for the collector."""
        self._at_commit.clear()
        self.effects.end()

    def roll_back(self) -> None:
        """Undo everything; a connection that is gone has done so already."""
        self._let_go()
        if not self.connection.closed:
            self.connection.rollback()

    def _take(self, versions: dict[str, bytes], rows: dict[str, tuple[object, ...]]) -> None:
        """Build the states of locked rows: from the cache where it has their version, else from the row."""
        tenant_id, cache = self.access.tenant_id, self._shared.entities
        stale: list[str] = []
        for entity_id, version in versions.items():
            cached = cache.get(tenant_id, entity_id)
            if cached is not None and cached.version == version:
                self._states[entity_id] = EntityState.of_cached(cached)
            elif entity_id in rows:
                self._states[entity_id] = EntityState.of_row(self._terms, EntityRow._make(rows[entity_id]))
            else:
                stale.append(entity_id)
        if stale:
            fetched = self.connection.execute(
                _SQL["get_entities"], [tenant_id, pack_texts(stale)], binary=True
            )
            for row in fetched.fetchall():
                self._states[row[0]] = EntityState.of_row(self._terms, EntityRow._make(row))

    def _lock_missing(self, missing: list[str], changes: int) -> None:
        """Lock ids without a row against creation, and look again: they may have been created meanwhile."""
        tenant_id = self.access.tenant_id
        buckets = sorted({zlib.crc32(f"{tenant_id}/{each}".encode()) % CREATION_BUCKETS for each in missing})
        ids = pack_texts(missing)
        connection = self.connection
        with connection.pipeline():
            connection.execute(_SQL["lock_creation"], [CREATION_LOCK, buckets])
            versions = connection.execute(_SQL["lock_entities"], [tenant_id, ids], binary=True)
            rows = connection.execute(_SQL["get_entities"], [tenant_id, ids], binary=True)
            series = self._series.ask(connection, missing)
            series_ids = self._shared.series_ids.ask(connection, SERIES_OF_NEW * len(missing))
            tombstones = connection.execute(_SQL["get_tombstones"], [tenant_id, ids], binary=True)
            sequence = connection.execute(_SQL["begin_changes"], [changes], binary=True)
        self._take(dict(versions.fetchall()), {row[0]: row for row in rows.fetchall()})
        self._series.take(series)
        self._shared.series_ids.take(series_ids)
        self._begin_effects(sequence.fetchone())
        deleted: dict[str, Micros] = dict(tombstones.fetchall())
        for entity_id in missing:
            if entity_id not in self._states:
                self._states[entity_id] = EntityState(entity_id, Removed(deleted.get(entity_id), {}))

    def _begin_effects(self, row: TupleRow | None) -> None:
        """Take the transaction's id and sequence numbers: drawn under the locks, they grow per entity."""
        if row is None:
            raise StoreFault("BUG: an aggregate gave no row")
        self.effects.begin(row[0], row[1] or [], self._draw_sequence)

    def _draw_sequence(self) -> list[int]:
        """Give more sequence numbers: entities that expired meanwhile had changes nobody asked for."""
        row = self.connection.execute(_SQL["begin_changes"], [MORE_CHANGES], binary=True).fetchone()
        if row is None:
            raise StoreFault("BUG: an aggregate gave no row")
        drawn: list[int] = row[1]
        return drawn

    def _apply_readings(self, readings: list[tuple[Reading, str]]) -> list[Outcome]:
        """History first: what is new there decides what may advance the present.

        Entity by entity: the processor's caches then hold one while its readings are applied, which takes a
        fifth less time. Readings of different entities do not touch each other.
        """
        order = by_entity(readings)
        times = [self.now() for _ in readings]
        grouped, grouped_times = [readings[each] for each in order], [times[each] for each in order]
        with self.connection.pipeline():
            observations = self._observe(grouped, grouped_times)
            values = write_observations(self.connection, observations)
            # Where all of it is new PostgreSQL writes it now, while we go on
            outcomes = self._advance_by(grouped, grouped_times, values)
        positions = dict(zip(order, outcomes, strict=True))
        return [positions[each] for each in range(len(readings))]

    def _advance_by(
        self, readings: list[tuple[Reading, str]], times: list[Micros], values: list[ValueOutcome]
    ) -> list[Outcome]:
        """Let readings advance their entities; `values` says what became of theirs in history."""
        extra: list[_Written] = []
        outcomes: list[Outcome] = []
        position = 0
        for (reading, author), now in zip(readings, times, strict=True):
            count = 0
            for instances in reading.attributes.values():
                count += len(instances)
            mine = values[position : position + count]
            position += count
            state = self._states[reading.entity_id]
            if _is_due(state, now):
                self._expire(state, now, extra)
            fresh = [value is not DUPLICATE for value in mine]
            transition = apply_reading(state.current, reading, now, state.removed, fresh)
            transition.outcome.values = mine
            outcomes.append(transition.outcome)
            if transition.touched:
                if reading.static:
                    # What a reading wrote besides its values is history too, written at `now`.
                    names = reading.attributes
                    static = [one for one in transition.touched if one.attribute not in names]
                    if static:
                        extra.append(_written(state, transition, now, author, static))
                self._advance(state, transition, now, is_reading=True)
        self._record(extra)
        return outcomes

    def _observe(self, readings: list[tuple[Reading, str]], times: list[Micros]) -> Observations:
        """Give the observations of readings, one per value in order; makes the series that are missing."""
        observing = Observing(self._terms, self._series, self._states, is_wary=self._is_wary)
        observations, missing = observing.observe(readings, times)
        if missing:
            types = {reading.entity_id: reading.types for reading, _ in readings}
            self._series.create(self.connection, missing, types)
            observations, missing = observing.observe(readings, times, self._series.take_made())
        if missing:
            raise StoreFault("BUG: a series that was made is not there")
        return observations

    def _apply_changes(self, changes: list[tuple[Change, str]]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        written: list[_Written] = []
        rights = self.access.filter
        for change, author in changes:
            now = self.now()
            state = self._states[change.entity_id]
            if _is_due(state, now):
                self._expire(state, now, written)
                now = self.now()
            before = state.current
            if rights is None:
                transition = apply_change(before, change, now, state.removed)
            else:
                transition = apply_within(rights, before, change, now, state.removed)
            outcomes.append(transition.outcome)
            if transition.after is not before:
                written.append(_written(state, transition, now, author, transition.touched))
                self._advance(state, transition, now)
        self._record(written)
        return outcomes

    def _expire(self, state: EntityState, now: Micros, written: list[_Written]) -> None:
        """End what of an entity has expired: to history, subscribers and tombstones a deletion."""
        for transition, ended_at in expire_entity(state.current, now):
            written.append(_written(state, transition, ended_at, "expiry", transition.touched))
            self._advance(state, transition, ended_at)

    def _advance(
        self, state: EntityState, transition: Transition, now: Micros, *, is_reading: bool = False
    ) -> None:
        """Let the entity take its next state, and note what follows from it."""
        before = state.current
        state.advance(self._terms, transition, now, is_reading=is_reading)
        matches = (
            self._index.match(before, transition.after, transition, now) if self._index is not None else []
        )
        self._kinds.note(before, transition)
        self.effects.add_change(state, before, transition, now, matches)

    def _record(self, written: Sequence[_Written]) -> None:
        """Write the history of changes: an observation per instance, at observedAt, else at `now`.

        Series that are missing are made for all of them at once.
        """
        if not written:
            return
        missing = [
            (state.id, one.attribute, instance)
            for state, _, touched, _, _ in written
            for known in [self._series.of(state.id)]
            for one in touched
            if (one.attribute, one.dataset_id) not in known
            and (instance := one.after or one.before) is not None
        ]
        with self.connection.pipeline():
            if missing:
                types = {one.state.id: one.types for one in reversed(written)}  # those at its first change
                self._series.create(self.connection, missing, types)
            observations = Observations()
            for each in written:
                self._observe_written(each, observations)
            if observations:
                write_observations(self.connection, observations, self._series.take_made())

    def _observe_written(self, written: _Written, observations: Observations) -> None:
        state, _, touched, now, author = written
        known = self._series.of(state.id)
        for one in touched:
            series = known[one.attribute, one.dataset_id]
            if one.after is None:
                body = None if one.before is None else encode_deletion(one.before, series)
                observations.add(Observation(series.id, now, False, None, body, now, now, author))
                continue
            value, body = encode_observation(self._terms, one.after, series)
            at = one.after.observed_at
            observations.add(
                Observation(
                    series.id, now if at is None else at, at is not None, value, body, now, None, author
                )
            )


def _written(
    state: EntityState, transition: Transition, now: Micros, author: str, touched: Sequence[Touched]
) -> _Written:
    entity = transition.after or state.current
    scopes = scope_change(state.current, transition.after, now)
    return _Written(state, entity.types if entity else (), [*touched, *scopes], now, author)


def _is_due(state: EntityState, now: Micros) -> bool:
    """Whether something of the entity has expired."""
    return state.next_expiry is not None and state.next_expiry <= now
