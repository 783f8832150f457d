"""`Store.apply`: changes become rows, history, change rows and notifications, in one transaction."""

import random
from typing import Any

import pytest

from context_api.ngsild.changes import (
    AppendAttributes,
    DeleteAttribute,
    DeleteEntity,
    MergeEntity,
    ReplaceEntity,
    Trigger,
    UpsertEntity,
)
from context_api.ngsild.errors import BadRequestData, NonexistentTenant
from context_api.ngsild.model import NULL, Instance, Kind
from context_api.ngsild.query import TemporalQuery
from context_api.store import states
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.store import Store
from tests.integration.store.town import (
    HALL,
    NAME,
    PM25,
    ROOM,
    T0,
    TEMPERATURE,
    VOCABULARY,
    TickingClock,
    ask,
    attribute_values,
    create,
    entity,
    error_of,
    history,
    reading,
    room,
    subscription,
    update,
    value,
)


def test_a_created_entity_is_read_as_it_was_written(store: Store, access: Access) -> None:
    attributes = {
        TEMPERATURE: value(21.5, T0, unit_code="CEL"),
        NAME: value("会議室"),
        PM25: [Instance(value=1), Instance(value=2, dataset_id="urn:d:1")],
    }
    (outcome,) = store.apply(access, [create(1, attributes, scopes=("/a/b",))])
    assert outcome.created
    assert error_of(outcome) == ""
    found = store.get_entities(access, [room(1), room(2)])
    assert list(found) == [room(1)]
    stored = found[room(1)]
    assert (stored.types, stored.scopes, stored.created_at) == ((ROOM,), ("/a/b",), stored.modified_at)
    assert attribute_values(stored) == {"temperature": 21.5, "name": "会議室", "pm25": 1}
    assert stored.attributes[PM25][1].dataset_id == "urn:d:1"
    assert stored.attributes[TEMPERATURE][0].unit_code == "CEL"
    assert {one.created_at for each in stored.attributes.values() for one in each} == {stored.created_at}


@pytest.mark.parametrize(
    "content",
    [
        0,
        -7,
        2**53 + 1,
        -(2**70),
        1.0,
        0.1,
        1e300,
        5e-324,
        123456789012345680.0,
        True,
        False,
        None,
        "",
        "\u2028 \\u0000 𝒳",
        [1, 1.0, True, None, "x"],
        {"a": 1.0, "b": {"deep": [1e20, 2**64]}},
    ],
)
def test_values_come_back_to_the_digit_from_state_and_history(
    store: Store, access: Access, content: Any
) -> None:
    store.apply(access, [create(1, {NAME: value(content), PM25: value(content, T0)})])
    store.apply(access, [update(1, {TEMPERATURE: value(1.0)})])
    stored = store.get_entities(access, [room(1)])[room(1)]
    assert repr(stored.attributes[NAME][0].value) == repr(content)
    assert repr(stored.attributes[PM25][0].value) == repr(content)
    temporal = store.get_temporal(access, room(1), TemporalQuery())
    assert temporal is not None
    assert repr(temporal.series[PM25][0].instance.value) == repr(content)


def test_each_change_has_its_own_outcome(store: Store, access: Access) -> None:
    outcomes = store.apply(
        access,
        [
            create(1),
            create(1),
            update(2, {NAME: value("x")}),
            create(3, {NAME: value("a\0b")}),
            create(4),
            DeleteEntity(entity_id=room(1)),
            DeleteEntity(entity_id=room(1)),
            create(1, {NAME: value("anew")}),
        ],
    )
    assert [error_of(outcome) for outcome in outcomes] == [
        "",
        "AlreadyExists",
        "ResourceNotFound",
        "BadRequestData",
        "",
        "",
        "ResourceNotFound",
        "",
    ]
    assert "U+0000" in str(outcomes[3].error)
    found = store.get_entities(access, [room(number) for number in range(5)])
    assert sorted(found) == [room(1), room(4)]
    assert attribute_values(found[room(1)]) == {"name": "anew"}


def test_a_name_that_no_index_holds_fails_alone(store: Store, access: Access) -> None:
    long = VOCABULARY + random.Random(1).randbytes(6000).hex()
    outcomes = store.apply(access, [create(1), create(2, {long: value(1)}), create(3)])
    assert [error_of(outcome) for outcome in outcomes] == ["", "BadRequestData", ""]
    assert sorted(store.get_entities(access, [room(1), room(2), room(3)])) == [room(1), room(3)]


def test_history_follows_http_changes(
    store: Store, access: Access, database: Database, clock: TickingClock
) -> None:
    store.apply(access, [create(1, {TEMPERATURE: value(20.0, T0), PM25: value(1.0)})])
    created_at = clock.now
    store.apply(access, [update(1, {TEMPERATURE: value(19.0, T0 - 5), PM25: value(2.0)})])
    updated_at = clock.now
    store.apply(access, [DeleteAttribute(entity_id=room(1), attribute=PM25)])
    deleted_at = clock.now
    assert history(database, 1, TEMPERATURE) == [(T0 - 5, 19.0), (T0, 20.0)]
    assert history(database, 1, PM25) == [(created_at, 1.0), (updated_at, 2.0), (deleted_at, None)]
    stored = store.get_entities(access, [room(1)])[room(1)]
    assert attribute_values(stored) == {"temperature": 19.0}
    assert ask(database, "select count(*) from observation where deleted_at is not null") == [(1,)]


def test_history_outlives_the_entity(store: Store, access: Access, database: Database) -> None:
    store.apply(access, [create(1, {TEMPERATURE: value(20.0, T0)})])
    store.apply(access, [DeleteEntity(entity_id=room(1))])
    temporal = store.get_temporal(access, room(1), TemporalQuery())
    assert temporal is not None
    assert temporal.types == (ROOM,)
    assert temporal.deleted_at is not None
    assert [one.instance.value for one in temporal.series[TEMPERATURE]] == [20.0, NULL]
    assert [one.deleted_at for one in temporal.series[TEMPERATURE]] == [None, temporal.deleted_at]


def test_one_change_row_per_change_with_the_resulting_entity(
    store: Store, access: Access, database: Database
) -> None:
    store.apply(access, [create(1, {TEMPERATURE: value(1.0)}), update(1, {TEMPERATURE: value(2.0)})])
    store.apply(access, [DeleteEntity(entity_id=room(1)), DeleteEntity(entity_id=room(1))])
    rows = ask(database, "select seq, trigger, document from change order by seq")
    assert [Trigger(trigger) for _, trigger, _ in rows] == [
        Trigger.ENTITY_CREATED | Trigger.ATTRIBUTE_CREATED,
        Trigger.ENTITY_UPDATED | Trigger.ATTRIBUTE_UPDATED,
        Trigger.ENTITY_DELETED | Trigger.ATTRIBUTE_DELETED,
    ]
    changes = [store.decode_change(document) for _, _, document in rows]
    assert [attribute_values(change.entity) for change in changes] == [
        {"temperature": 1.0},
        {"temperature": 2.0},
        {},
    ]
    assert [change.deleted_at is not None for change in changes] == [False, False, True]
    assert ask(
        database,
        "select count(*) from change where attributes = array[(select id from term where iri = %s)]",
        TEMPERATURE,
    ) == [(3,)]


def test_matches_go_to_outbox_queue_and_counter(store: Store, access: Access, database: Database) -> None:
    rooms = store.create_subscription(access, subscription("rooms"), None)
    store.create_subscription(access, subscription("halls", HALL), None)
    store.apply(access, [create(1, {PM25: value(1.0)}), update(1, {PM25: value(2.0)}), create(2)])
    store.apply(access, [update(1, {PM25: value(3.0)})])
    rows = ask(
        database,
        "select o.subscription_key, o.entity_id, o.state, c.seq is not null from outbox o"
        " left join change c on c.day = o.change_day and c.seq = o.change_seq order by o.id",
    )
    assert rows == [(rooms, room(number), 0, True) for number in (1, 1, 2, 1)]
    queues = ask(database, "select subscription_key, entity_id from delivery_queue order by entity_id")
    assert queues == [(rooms, room(1)), (rooms, room(2))]
    assert ask(database, "select matched from subscription_counter order by 1") == [(0,), (4,)]
    documents = ask(
        database,
        "select c.document from outbox o join change c on c.day = o.change_day and c.seq = o.change_seq"
        " order by o.id",
    )
    former = [store.decode_change(document).former for (document,) in documents]
    assert [{name: each[""].value for name, each in one.items()} for one in former] == [
        {},
        {PM25: 1.0},
        {},
        {PM25: 2.0},
    ]


def test_a_queue_that_backs_off_stays_due_when_it_was(
    store: Store, access: Access, database: Database
) -> None:
    store.create_subscription(access, subscription("rooms"), None)
    store.apply(access, [create(1)])
    with database.connection() as connection:
        connection.execute("update delivery_queue set due_at = '2040-01-01T00:00:00Z'")
    store.apply(access, [update(1, {PM25: value(3.0)})])
    assert ask(database, "select extract(year from due_at)::integer from delivery_queue") == [(2040,)]


def test_side_tables_follow_types_and_attributes(store: Store, access: Access, database: Database) -> None:
    def side() -> tuple[set[str], set[str]]:
        types = ask(database, "select iri from entity_type join term on id = type_id")
        attributes = ask(database, "select iri from entity, unnest(attributes) n join term t on t.id = n")
        return {iri for (iri,) in types}, {iri for (iri,) in attributes}

    store.apply(access, [create(1, {PM25: value(1), NAME: value("x")})])
    assert side() == ({ROOM}, {PM25, NAME})
    store.apply(
        access,
        [
            AppendAttributes(entity_id=room(1), types=(HALL,), attributes={TEMPERATURE: value(1)}),
            DeleteAttribute(entity_id=room(1), attribute=NAME),
        ],
    )
    assert side() == ({ROOM, HALL}, {PM25, TEMPERATURE})
    store.apply(access, [ReplaceEntity(entity_id=room(1), entity=entity(1, {NAME: value("y")}))])
    assert side() == ({ROOM}, {NAME})
    store.apply(access, [DeleteEntity(entity_id=room(1))])
    assert side() == (set(), set())


def test_bounds_follow_geometries(store: Store, access: Access, database: Database) -> None:
    point = {"type": "Point", "coordinates": [139.5, 35.75]}
    place = VOCABULARY + "location"
    store.apply(access, [create(1, {place: value(point, kind=Kind.GEO_PROPERTY)}), create(2)])
    query = "select bounds::text from entity order by id"
    assert ask(database, query) == [("(139.5,35.75),(139.5,35.75)",), (None,)]
    moved = {"type": "Point", "coordinates": [1, 2]}
    store.apply(access, [update(1, {place: value(moved, kind=Kind.GEO_PROPERTY)})])
    assert ask(database, query)[0] == ("(1,2),(1,2)",)


def test_upserts_and_merges(store: Store, access: Access) -> None:
    outcomes = store.apply(
        access,
        [
            UpsertEntity(entity_id=room(1), entity=entity(1, {PM25: value(1)})),
            UpsertEntity(entity_id=room(1), entity=entity(1, {NAME: value("n")}), update=True),
            MergeEntity(entity_id=room(1), attributes={PM25: value(5)}),
        ],
    )
    assert [outcome.created for outcome in outcomes] == [True, False, False]
    assert attribute_values(store.get_entities(access, [room(1)])[room(1)]) == {"pm25": 5, "name": "n"}


def test_tenants_do_not_see_each_other(store: Store, access: Access) -> None:
    with pytest.raises(NonexistentTenant):
        store.tenant("other")
    with pytest.raises(BadRequestData, match="tenant name"):
        store.tenant("other/../x", create=True)
    other = store.tenant("other", create=True)
    assert store.tenant("other") == other
    store.apply(access, [create(1, {PM25: value(1)})])
    assert store.get_entities(other, [room(1)]) == {}
    assert store.get_types(other) == []
    store.apply(other, [create(1, {PM25: value(2)})])
    assert attribute_values(store.get_entities(access, [room(1)])[room(1)]) == {"pm25": 1}
    assert attribute_values(store.get_entities(other, [room(1)])[room(1)]) == {"pm25": 2}


def test_an_entity_does_not_grow_without_end(
    store: Store, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states, "MAX_ENTITY_BYTES", 10_000)
    large = value("x" * 6_000)
    outcomes = store.apply(
        access,
        [
            create(1, {NAME: large}),
            update(1, {PM25: large}),
            create(2, {NAME: value("x" * 11_000)}),
            update(1, {NAME: value("y" * 5_000)}),
        ],
    )
    assert [error_of(one) for one in outcomes] == ["", "BadRequestData", "BadRequestData", ""]
    assert "at most 10000 are kept" in str(outcomes[1].error)
    found = store.get_entities(access, [room(1), room(2)])
    assert {name: attribute_values(one) for name, one in found.items()} == {room(1): {"name": "y" * 5_000}}


def test_a_tombstone_keeps_older_readings_out(
    store: Store, access: Access, database: Database, clock: TickingClock
) -> None:
    store.apply(access, [create(1, {PM25: value(1.0, T0)})])
    store.apply(access, [DeleteEntity(entity_id=room(1))])
    deleted_at = clock.now
    (late,) = store.apply(access, [reading(1, {PM25: value(2.0, deleted_at - 1)})])
    assert late.late == 1
    assert store.get_entities(access, [room(1)]) == {}
    assert (deleted_at - 1, 2.0) in history(database, 1, PM25)
    store.apply(access, [create(1)])
    assert ask(database, "select count(*) from tombstone") == [(0,)]
    store.apply(access, [reading(1, {PM25: value(3.0, deleted_at - 2)})])
    assert attribute_values(store.get_entities(access, [room(1)])[room(1)]) == {}
    store.apply(access, [reading(1, {PM25: value(4.0, deleted_at + 1)})])
    assert attribute_values(store.get_entities(access, [room(1)])[room(1)]) == {"pm25": 4.0}


def test_nothing_is_nothing(store: Store, access: Access) -> None:
    assert store.apply(access, []) == []
    assert store.ingest(access, []) == []
    assert store.get_entities(access, []) == {}
    assert store.get_entities(access, ["urn:\0"]) == {}


@pytest.mark.parametrize(
    "bad",
    [
        create(2, {NAME: value(10**5000)}),  # more digits than Python writes
        create(2, {NAME: [Instance(value=1, dataset_id="urn:\0")]}),
        create(2, {NAME: [Instance(value=1, sub={PM25: [Instance(value="\0")]})]}),
        create(2, expires_at=2**70),
        create(2, {NAME: value(1, -(2**62))}),  # before the times PostgreSQL knows
        create(2, {NAME: value("\ud800")}),
        create(2, scopes=("/\0",)),
    ],
)
def test_what_the_database_refuses_fails_alone(store: Store, access: Access, bad: Any) -> None:
    outcomes = store.apply(access, [create(1), bad, create(3)])
    assert [error_of(outcome) for outcome in outcomes] == ["", "BadRequestData", ""]
    assert sorted(store.get_entities(access, [room(1), room(2), room(3)])) == [room(1), room(3)]


@pytest.mark.parametrize("entity_id", ["urn:a\0b", "urn:\ud800"])
def test_an_id_that_no_row_can_have_fails_alone(store: Store, access: Access, entity_id: str) -> None:
    bad = DeleteEntity(entity_id=entity_id)
    outcomes = store.apply(access, [create(1), bad, create(3)])
    assert [error_of(outcome) for outcome in outcomes] == ["", "BadRequestData", ""]
