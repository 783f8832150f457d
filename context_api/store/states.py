"""The entities of one transaction: as they were when locked, as they are after each change."""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import NamedTuple

from context_api.ngsild.model import Entity, Instance, Iri, Kind, Micros
from context_api.ngsild.transition import Removed, Touched, Transition, find_expiries
from context_api.store import codec
from context_api.store.errors import StoreRefused
from context_api.store.terms import Terms

MAX_CACHED_ENTITIES = 4_096
MAX_CACHED_BYTES = 6 * 1024 * 1024
"""Of documents, all together; a decoded state is several times its documents."""
MAX_KEPT_BYTES = 16_384
"""Of the documents of one entity that is kept."""
MAX_ENTITY_BYTES = 16 * 1024 * 1024


class CachedEntity(NamedTuple):
    """A committed state. `version` is the row's xmin: which transaction wrote it."""

    version: bytes
    entity: Entity
    fixed: bytes
    live: bytes
    live_names: tuple[Iri, ...]
    removed: Removed
    next_expiry: Micros | None


class EntityCache:
    """The states of the entities written last, so that a sensor's next reading finds its entity decoded.

    Never trusted: a state counts only if the locked row still has its version.
    """

    def __init__(self, limit: int = MAX_CACHED_ENTITIES, limit_bytes: int = MAX_CACHED_BYTES) -> None:
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._entities: OrderedDict[tuple[int, str], CachedEntity] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def get(self, tenant_id: int, entity_id: str) -> CachedEntity | None:
        """Give the last known state."""
        return self._entities.get((tenant_id, entity_id))

    def put(self, tenant_id: int, states: "Sequence[CachedEntity]") -> None:
        """Remember committed states; the oldest go when the cache is full, big ones are not kept."""
        entities = self._entities
        with self._lock:
            for state in states:
                former = entities.pop((tenant_id, state.entity.id), None)
                if former is not None:
                    self._bytes -= _size(former)
                if _size(state) <= MAX_KEPT_BYTES:
                    entities[tenant_id, state.entity.id] = state
                    self._bytes += _size(state)
            while len(entities) > self._limit or self._bytes > self._limit_bytes:
                self._bytes -= _size(entities.popitem(last=False)[1])

    def clear(self) -> None:
        """Forget everything: the database may be another one now."""
        with self._lock:
            self._entities.clear()
            self._bytes = 0


def _size(state: CachedEntity) -> int:
    return len(state.fixed) + len(state.live)


class EntityState:
    """One locked entity: its row at first, its current state, and what has to be written."""

    __slots__ = (
        "current",
        "fixed",
        "id",
        "initial",
        "is_dirty",
        "is_head_dirty",
        "live",
        "live_names",
        "next_expiry",
        "removed",
        "row_exists",
    )

    def __init__(self, entity_id: str, removed: Removed) -> None:
        """Describe an entity that has no row."""
        self.id = entity_id
        self.row_exists = False
        self.initial: Entity | None = None
        self.current: Entity | None = None
        self.removed = removed
        self.fixed = b"{}"
        self.live = b"{}"
        self.live_names: tuple[Iri, ...] = ()
        self.is_dirty = False
        self.is_head_dirty = False
        """More than `live` and modifiedAt may differ from the row."""
        self.next_expiry: Micros | None = None
        """When the entity, or the first of its attribute instances, expires."""

    @classmethod
    def of_cached(cls, cached: CachedEntity) -> "EntityState":
        """Describe an entity whose row has the cached version."""
        state = cls(cached.entity.id, cached.removed)
        state.row_exists = True
        state.initial = state.current = cached.entity
        state.fixed = cached.fixed
        state.live = cached.live
        state.live_names = cached.live_names
        state.next_expiry = cached.next_expiry
        return state

    @classmethod
    def of_row(cls, terms: Terms, row: codec.EntityRow) -> "EntityState":
        """Describe an entity by its row. Raises TermsMissing."""
        state = cls(row.id, codec.decode_removed(terms, row.removed))
        state.row_exists = True
        state.initial = state.current = codec.decode_entity(terms, row)
        state.fixed = row.fixed
        state.live = row.live
        state.live_names = codec.live_names(state.current)
        state.next_expiry = find_next_expiry(state.current)
        return state

    def advance(self, terms: Terms, transition: Transition, now: Micros, *, is_reading: bool = False) -> None:
        """Take over what a change made of the entity, and encode it. Raises TermsMissing, StoreRefused."""
        before, after = self.current, transition.after
        self.is_dirty = True
        self.current = after
        if after is None:
            self._bury(now)
            return
        former = len(self.fixed) + len(self.live)
        is_live_only = transition.is_values_only or (
            before is not None and _is_live_only(before, after, transition, is_reading)
        )
        if not is_live_only:
            self.is_head_dirty = True
            self.live_names = codec.live_names(after)
            self.fixed = codec.encode_fixed(terms, after, self.live_names)
            self.next_expiry = find_next_expiry(after)
            self._note_removed(transition.touched, now)
        self.live = codec.encode_live(terms, after, self.live_names)
        _check_size(self.id, former, len(self.fixed) + len(self.live))

    def cached(self, version: bytes) -> CachedEntity | None:
        """Give the state to remember, now that it is committed; None where the entity is gone."""
        if self.current is None:
            return None
        return CachedEntity(
            version, self.current, self.fixed, self.live, self.live_names, self.removed, self.next_expiry
        )

    def _bury(self, now: Micros) -> None:
        self.fixed = self.live = b"{}"
        self.is_head_dirty = True
        self.next_expiry = None
        self.removed = Removed(now, {})

    def _note_removed(self, touched: list[Touched], now: Micros) -> None:
        """Leave a tombstone for each deleted instance; one that is there again needs none."""
        attributes: dict[Iri, dict[str, Micros]] | None = None
        for one in touched:
            times = self.removed.attributes.get(one.attribute)
            if one.after is not None and (times is None or one.dataset_id not in times):
                continue
            if attributes is None:
                attributes = {name: dict(each) for name, each in self.removed.attributes.items()}
            if one.after is None:
                attributes.setdefault(one.attribute, {})[one.dataset_id] = now
            else:
                del attributes[one.attribute][one.dataset_id]
        if attributes is not None:
            kept = {name: times for name, times in attributes.items() if times}
            self.removed = Removed(self.removed.entity, kept)


def _check_size(entity_id: str, former: int, size: int) -> None:
    """Refuse to let an entity grow without end, request by request: who asks for it has to hold it."""
    if size > MAX_ENTITY_BYTES and size > former:
        raise StoreRefused(
            f"The entity {entity_id} would have {size} bytes; at most {MAX_ENTITY_BYTES} are kept"
        )


def _is_live_only(before: Entity, after: Entity, transition: Transition, is_reading: bool) -> bool:
    """Whether nothing but values of attributes in `live` changed: what nearly every reading does.

    With changes other than readings, expired instances vanish without being touched: which shows in the
    number of attributes, or in a list that is not the same object.
    """
    if (
        before.types != after.types
        or before.scopes != after.scopes
        or before.expires_at != after.expires_at
        or len(before.attributes) != len(after.attributes)
    ):
        return False
    for one in transition.touched:
        former, latter = one.before, one.after
        if former is None or latter is None or former.observed_at is None or latter.observed_at is None:
            return False
        if former.expires_at != latter.expires_at or _first_below(former) != _first_below(latter):
            return False
        if latter.kind is Kind.GEO_PROPERTY or former.kind is Kind.GEO_PROPERTY:  # the bounds may change
            return False
    if is_reading:
        return True
    touched = {one.attribute for one in transition.touched}
    return all(
        after.attributes[name] is listed or name in touched for name, listed in before.attributes.items()
    )


def find_next_expiry(entity: Entity) -> Micros | None:
    """Give the first time at which the entity, or an attribute instance of it, expires (clause 4.22)."""
    first = min(find_expiries(entity.attributes), default=None)
    if first is None or (entity.expires_at is not None and entity.expires_at < first):
        return entity.expires_at
    return first


def _first_below(instance: Instance) -> Micros | None:
    return None if instance.sub is None else min(find_expiries(instance.sub), default=None)
