"""Reads of the present: queries, types, pages; what has expired is never served."""

import pytest

from context_api.ngsild.changes import DeleteAttribute, DeleteEntity, Trigger
from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.model import Entity, Instance
from context_api.ngsild.query import AllOf, AnyOf, EntityQuery, TypeIs, TypeSelection
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.store import Store
from tests.integration.store.town import (
    HALL,
    NAME,
    PM25,
    ROOM,
    SECOND,
    T0,
    VOCABULARY,
    TickingClock,
    ask,
    attribute_values,
    create,
    error_of,
    history,
    reading,
    room,
    subscription,
    update,
    value,
)

UNKNOWN = VOCABULARY + "Unknown"


@pytest.fixture
def filled(store: Store, access: Access) -> Store:
    """Rooms 0, 3, 6, 9; halls 1, 4, 7; rooms that are halls 2, 5, 8; even ones have pm25, all have a name."""
    types = [(ROOM,), (HALL,), (ROOM, HALL)]
    store.apply(
        access,
        [
            create(
                number,
                {NAME: value(str(number))} | ({PM25: value(number)} if number % 2 == 0 else {}),
                types=types[number % 3],
            )
            for number in range(10)
        ],
    )
    return store


def numbers(entities: list[Entity]) -> list[int]:
    return [int(entity.id.rsplit(":", 1)[1]) for entity in entities]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (EntityQuery(), list(range(10))),
        (EntityQuery(types=TypeIs(ROOM)), [0, 2, 3, 5, 6, 8, 9]),
        (EntityQuery(types=TypeIs(UNKNOWN)), []),
        (EntityQuery(types=AnyOf((TypeIs(HALL), TypeIs(UNKNOWN)))), [1, 2, 4, 5, 7, 8]),
        (EntityQuery(types=AllOf((TypeIs(ROOM), TypeIs(HALL)))), [2, 5, 8]),
        (EntityQuery(types=AllOf((TypeIs(ROOM), TypeIs(UNKNOWN)))), []),
        (EntityQuery(types=AnyOf((TypeIs(UNKNOWN), AllOf((TypeIs(ROOM), TypeIs(HALL)))))), [2, 5, 8]),
        (EntityQuery(attrs=(PM25,)), [0, 2, 4, 6, 8]),
        (EntityQuery(attrs=(PM25, NAME)), list(range(10))),
        (EntityQuery(attrs=(UNKNOWN,)), []),
        (EntityQuery(types=TypeIs(HALL), attrs=(PM25,)), [2, 4, 8]),
        (EntityQuery(ids=(room(3), room(7), "urn:x", "urn:\0")), [3, 7]),
        (EntityQuery(ids=(room(3), room(7)), types=TypeIs(HALL)), [7]),
        (EntityQuery(id_pattern="Room:[2-4]$"), [2, 3, 4]),
        (EntityQuery(id_pattern="^urn:other"), []),
    ],
)
def test_queries(filled: Store, access: Access, query: EntityQuery, expected: list[int]) -> None:
    page = filled.query_entities(access, query)
    assert numbers(page.items) == expected
    assert page.count is None


def test_pages_are_ordered_by_id_and_counted(filled: Store, access: Access) -> None:
    pages = [
        filled.query_entities(access, EntityQuery(types=TypeIs(ROOM), limit=3, offset=offset, count=True))
        for offset in (0, 3, 6, 9)
    ]
    assert [numbers(page.items) for page in pages] == [[0, 2, 3], [5, 6, 8], [9], []]
    assert [page.count for page in pages] == [7, 7, 7, 7]
    only_count = filled.query_entities(access, EntityQuery(limit=0, count=True))
    assert (only_count.items, only_count.count) == ([], 10)
    nothing = filled.query_entities(access, EntityQuery(types=TypeIs(UNKNOWN), count=True))
    assert (nothing.items, nothing.count) == ([], 0)


@pytest.mark.parametrize("pattern", ["[", "(?i)x", "***=x", "a\0b", "(" * 3])
def test_a_pattern_that_is_none_is_refused(filled: Store, access: Access, pattern: str) -> None:
    with pytest.raises(BadRequestData, match="idPattern"):
        filled.query_entities(access, EntityQuery(id_pattern=pattern))


@pytest.mark.parametrize(
    "selection",
    [
        TypeIs(ROOM),
        AnyOf((TypeIs(ROOM), TypeIs(HALL))),
        AllOf((TypeIs(ROOM), AnyOf((TypeIs(HALL), TypeIs(UNKNOWN))))),
        AnyOf((AllOf((TypeIs(ROOM), TypeIs(HALL))), AllOf((TypeIs(HALL), TypeIs(UNKNOWN))))),
    ],
)
def test_sql_and_memory_agree_on_types(filled: Store, access: Access, selection: TypeSelection) -> None:
    everything = filled.query_entities(access, EntityQuery()).items
    expected = [entity.id for entity in everything if selection.matches(entity.types)]
    found = filled.query_entities(access, EntityQuery(types=selection)).items
    assert [entity.id for entity in found] == expected


def test_types(filled: Store, access: Access) -> None:
    assert filled.get_types(access) == sorted([ROOM, HALL])


def test_another_process_reads_names_it_has_not_seen(
    filled: Store, access: Access, database: Database
) -> None:
    other = Store(database, clock=TickingClock())
    assert numbers(other.query_entities(access, EntityQuery(types=TypeIs(ROOM), attrs=(PM25,))).items) == [
        0,
        2,
        6,
        8,
    ]
    assert Store(database).get_types(access) == sorted([ROOM, HALL])


def test_expired_entities_are_never_served(store: Store, access: Access, clock: TickingClock) -> None:
    store.apply(
        access, [create(1, {PM25: value(1)}, types=(HALL,), expires_at=clock.now + SECOND), create(2)]
    )
    assert sorted(store.get_entities(access, [room(1), room(2)])) == [room(1), room(2)]
    assert store.get_types(access) == sorted([ROOM, HALL])
    clock.now += SECOND
    assert sorted(store.get_entities(access, [room(1), room(2)])) == [room(2)]
    page = store.query_entities(access, EntityQuery(count=True))
    assert (numbers(page.items), page.count) == ([2], 1)
    assert store.get_types(access) == [ROOM]


def test_expired_attributes_are_never_served(store: Store, access: Access, clock: TickingClock) -> None:
    transient = [Instance(value=1, expires_at=clock.now + SECOND)]
    store.apply(access, [create(1, {PM25: transient, NAME: value("x")})])
    clock.now += SECOND
    assert attribute_values(store.get_entities(access, [room(1)])[room(1)]) == {"name": "x"}
    assert attribute_values(store.query_entities(access, EntityQuery()).items[0]) == {"name": "x"}


def test_what_expired_counts_as_absent_for_writers(
    store: Store, access: Access, clock: TickingClock, database: Database
) -> None:
    store.create_subscription(access, subscription("gone", triggers=Trigger.ENTITY_DELETED), None)
    store.apply(access, [create(1, {PM25: value(1)}, expires_at=clock.now + SECOND)])
    clock.now += SECOND
    outcomes = store.apply(access, [update(1, {PM25: value(2)}), create(1, {NAME: value("anew")})])
    assert [error_of(outcome) for outcome in outcomes] == ["ResourceNotFound", ""]
    assert attribute_values(store.get_entities(access, [room(1)])[room(1)]) == {"name": "anew"}
    assert ask(database, "select trigger from outbox") == [(int(Trigger.ENTITY_DELETED),)]


def test_the_worker_removes_what_expired(
    store: Store, access: Access, clock: TickingClock, database: Database
) -> None:
    expires_at = clock.now + SECOND
    store.create_subscription(access, subscription("rooms"), None)
    changes = [create(number, {PM25: value(1.0, T0)}, expires_at=expires_at) for number in range(5)]
    store.apply(access, [*changes, create(9)])
    assert store.expire_entities() == 0
    clock.now += SECOND
    assert store.expire_entities(limit=3) == 3
    assert store.expire_entities(limit=3) == 2
    assert store.expire_entities(limit=3) == 0
    assert ask(database, "select id from entity") == [(room(9),)]
    assert history(database, 1, PM25) == [(T0, 1.0), (expires_at, None)]
    assert ask(database, "select matched from subscription_counter") == [(11,)]
    assert ask(database, "select count(*) from tombstone") == [(5,)]
    assert store.delete_tombstones(3600) == 0
    clock.now += 7200 * SECOND
    assert store.delete_tombstones(3600, limit=3) == 3
    assert store.delete_tombstones(3600) == 2


def test_the_worker_forgets_old_tombstones_of_attributes(
    store: Store, access: Access, database: Database, clock: TickingClock
) -> None:
    store.apply(access, [create(1, {PM25: value(1.0, T0), NAME: value(1.0, T0)}), create(2), create(3)])
    first = clock.now
    store.apply(access, [DeleteAttribute(entity_id=room(1), attribute=PM25), DeleteEntity(entity_id=room(2))])
    store.apply(access, [create(2)])
    clock.now += 3_000 * SECOND
    second = clock.now
    store.apply(access, [DeleteAttribute(entity_id=room(1), attribute=NAME)])
    assert store.delete_tombstones(3_600) == 0
    clock.now += 1_000 * SECOND
    assert store.delete_tombstones(3_600, limit=1) == 1
    assert store.delete_tombstones(3_600, limit=1) == 1
    assert store.delete_tombstones(3_600, limit=1) == 0
    removed = dict(ask(database, "select id, removed from entity"))
    assert [list(times) for times in removed[room(1)]["a"].values()] == [[""]]
    assert removed[room(2)] is None
    old = reading(1, {PM25: value(2.0, first - 1)}), reading(1, {NAME: value(2.0, second - 1)})
    outcomes = store.apply(access, old)
    assert [one.late for one in outcomes] == [0, 1]
    assert attribute_values(store.get_entities(access, [room(1)])[room(1)]) == {"pm25": 2.0}


def test_the_worker_removes_attributes_that_expired(
    store: Store, access: Access, clock: TickingClock, database: Database
) -> None:
    expires_at = clock.now + SECOND
    store.create_subscription(access, subscription("gone", triggers=Trigger.ATTRIBUTE_DELETED), None)
    transient = [Instance(value=1.0, observed_at=T0, expires_at=expires_at)]
    store.apply(access, [create(1, {PM25: transient, NAME: value("x")}), create(2, {NAME: value("y")})])
    assert store.expire_entities() == 0
    clock.now += SECOND
    assert store.expire_entities() == 1
    assert store.expire_entities() == 0
    assert attribute_values(store.get_entities(access, [room(1)])[room(1)]) == {"name": "x"}
    assert ask(database, "select id, cardinality(attributes), next_expiry from entity order by id") == [
        (room(1), 1, None),
        (room(2), 1, None),
    ]
    assert history(database, 1, PM25) == [(T0, 1.0), (expires_at, None)]
    assert ask(database, "select entity_id, trigger from outbox") == [
        (room(1), int(Trigger.ATTRIBUTE_DELETED))
    ]


def test_an_attribute_that_expired_is_gone_for_the_next_writer(
    store: Store, access: Access, clock: TickingClock, database: Database
) -> None:
    """It ends as if the worker had come in time; what is written then is created anew."""
    store.apply(access, [create(1, {PM25: [Instance(value=1.0, expires_at=clock.now + SECOND)]})])
    clock.now += SECOND
    store.apply(access, [update(1, {PM25: value(2.0)})])
    instance = store.get_entities(access, [room(1)])[room(1)].attributes[PM25][0]
    assert instance.created_at == instance.modified_at
    assert [content for _, content in history(database, 1, PM25)] == [1.0, None, 2.0]


def test_entities_that_are_over_as_they_are_written(
    store: Store, access: Access, clock: TickingClock, database: Database
) -> None:
    """An expiresAt in the past: each is created, ends, and its id is free again, however many in a batch."""
    changes = [create(1, {PM25: value(1.0)}, expires_at=T0) for _ in range(200)]
    assert all(outcome.created for outcome in store.apply(access, changes))
    assert store.get_entities(access, [room(1)]) == {}
    assert store.expire_entities() == 1
    assert ask(database, "select count(*) from entity") == [(0,)]
    contents = [content for _, content in history(database, 1, PM25)]
    assert contents == [1.0, None] * 200
