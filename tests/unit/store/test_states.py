"""What an entity's row has to be told after a change, and what the cache keeps."""

from context_api.ngsild.changes import CreateEntity, DeleteAttribute, DeleteEntity, Reading, UpdateAttributes
from context_api.ngsild.merge import apply_change
from context_api.ngsild.model import Entity, Instance, Kind
from context_api.ngsild.transition import Removed
from context_api.store.observations import Series
from context_api.store.series import SeriesCache
from context_api.store.states import CachedEntity, EntityCache, EntityState
from tests.unit.store.test_codec import NAMES, TERMS

LIVE, FIXED, NEW = NAMES[1], NAMES[2], NAMES[3]
NOW = 1_700_000_000_000_000


def make_state() -> EntityState:
    entity = Entity(
        id="urn:x:1",
        types=(NAMES[0],),
        attributes={LIVE: [Instance(value=1.0, observed_at=NOW)], FIXED: [Instance(value="a")]},
    )
    state = EntityState(entity.id, Removed(None, {}))
    advance(state, CreateEntity(entity_id=entity.id, entity=entity), NOW)
    state.row_exists = True
    state.is_dirty = state.is_head_dirty = False
    return state


def advance(
    state: EntityState,
    change: CreateEntity | UpdateAttributes | DeleteAttribute | DeleteEntity | Reading,
    now: int,
) -> None:
    transition = apply_change(state.current, change, now, state.removed)
    assert transition.outcome.error is None
    state.advance(TERMS, transition, now, is_reading=isinstance(change, Reading))


def reading(name: str, value: object, at: int, **members: Kind) -> Reading:
    instance = Instance(value=value, observed_at=at, kind=members.get("kind", Kind.PROPERTY))
    return Reading(entity_id="urn:x:1", types=(NAMES[0],), attributes={name: [instance]}, arrived_at=at)


def test_a_reading_of_a_live_attribute_leaves_the_rest_alone() -> None:
    state = make_state()
    fixed = state.fixed
    advance(state, reading(LIVE, 2.0, NOW + 5), NOW + 6)
    assert (state.is_dirty, state.is_head_dirty) == (True, False)
    assert state.fixed is fixed
    assert state.live == b'{"2":[{"v":2.0,"o":%d}]}' % (NOW + 5)


def test_a_new_attribute_and_one_that_loses_its_time_rewrite_the_row() -> None:
    state = make_state()
    advance(state, reading(NEW, 2.0, NOW + 5), NOW + 6)
    assert state.is_head_dirty
    assert state.live_names == (LIVE, NEW)
    state = make_state()
    advance(state, UpdateAttributes(entity_id="urn:x:1", attributes={LIVE: [Instance(value=3)]}), NOW + 6)
    assert state.is_head_dirty
    assert (state.live, state.live_names) == (b"{}", ())
    assert state.fixed == b'{"2":[{"v":3,"m":%d}],"3":[{"v":"a"}]}' % (NOW + 6)


def test_a_moving_geometry_rewrites_the_row() -> None:
    state = make_state()
    point = {"type": "Point", "coordinates": [1, 2]}
    advance(state, reading(NEW, point, NOW + 5, kind=Kind.GEO_PROPERTY), NOW + 6)
    state.is_head_dirty = False
    advance(state, reading(NEW, point, NOW + 7, kind=Kind.GEO_PROPERTY), NOW + 8)
    assert state.is_head_dirty


def test_an_attribute_that_expired_meanwhile_rewrites_the_row() -> None:
    state = make_state()
    assert state.current is not None
    state.current.attributes[FIXED][0].expires_at = NOW + 1
    update = UpdateAttributes(
        entity_id="urn:x:1", attributes={LIVE: [Instance(value=3.0, observed_at=NOW + 5)]}
    )
    advance(state, update, NOW + 6)
    assert state.is_head_dirty
    assert state.fixed == b"{}"


def test_deletions_leave_tombstones_until_the_attribute_is_there_again() -> None:
    state = make_state()
    advance(state, DeleteAttribute(entity_id="urn:x:1", attribute=LIVE), NOW + 10)
    assert state.removed == Removed(None, {LIVE: {"": NOW + 10}})
    advance(state, reading(LIVE, 2.0, NOW + 11), NOW + 12)
    assert state.removed == Removed(None, {})
    advance(state, DeleteEntity(entity_id="urn:x:1"), NOW + 20)
    assert state.removed == Removed(NOW + 20, {})
    assert state.current is None


def test_the_cache_is_bounded_and_keeps_no_giants() -> None:
    cache = EntityCache(limit=10)

    def cached(number: int, size: int = 2) -> CachedEntity:
        entity = Entity(id=f"urn:x:{number}", types=(NAMES[0],), attributes={})
        return CachedEntity(b"1", entity, b" " * size, b"{}", (), Removed(None, {}), None)

    for number in range(30):
        cache.put(1, [cached(number)])
    held = [number for number in range(30) if cache.get(1, f"urn:x:{number}") is not None]
    assert 8 <= len(held) <= 10
    assert held[-1] == 29
    cache.put(1, [cached(99, size=20_000)])
    assert cache.get(1, "urn:x:99") is None
    assert cache.get(2, "urn:x:29") is None


def test_the_cache_is_bounded_by_the_size_of_its_documents() -> None:
    cache = EntityCache(limit=1_000, limit_bytes=1_000)

    def cached(number: int, size: int) -> CachedEntity:
        entity = Entity(id=str(number), types=(), attributes={})
        return CachedEntity(b"1", entity, b" " * (size - 2), b"{}", (), Removed(None, {}), None)

    def kept() -> list[int]:
        return [number for number in range(20) if cache.get(1, str(number)) is not None]

    cache.put(1, [cached(number, 100) for number in range(12)])
    assert kept() == list(range(2, 12))
    cache.put(1, [cached(5, 300)])
    assert kept() == [4, *range(5, 12)]
    cache.clear()
    cache.put(1, [cached(number, 100) for number in range(10)])
    assert kept() == list(range(10))


def test_the_cache_of_series_is_bounded_by_their_number() -> None:
    cache = SeriesCache(limit=10)

    def series(count: int) -> dict[tuple[str, str], Series]:
        return {(f"a{number}", ""): Series(number, 0, None) for number in range(count)}

    for number in range(6):
        cache.put(1, {str(number): series(3)})
    assert [number for number in range(6) if cache.get(1, str(number)) is not None] == [3, 4, 5]
    cache.put(1, {"3": series(7)})
    assert [number for number in range(6) if cache.get(1, str(number)) is not None] == [3, 5]
    cache.put(1, {"9": series(11)})
    assert cache.get(1, "9") is None
