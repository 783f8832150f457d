"""Declared indexes: they are built beside the writers, used where they serve, and change no answer."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from context_api.ngsild.contexts import core_context
from context_api.ngsild.errors import AlreadyExists, Conflict, OperationNotSupported, ResourceNotFound
from context_api.ngsild.model import Attributes, Entity, Instance, Kind
from context_api.ngsild.query import Condition, EntityQuery, TypeIs, TypeSelection, parse_q
from context_api.ngsild.query.conditions import (
    Compares,
    Equals,
    Literal,
    LiteralKind,
    Matches,
    Operator,
    Path,
    Range,
)
from context_api.store import attribute_indexes
from context_api.store.access import Access
from context_api.store.attribute_indexes import AttributeIndex, DeclaredIndexes, IndexRegistry
from context_api.store.database import Database, connect, open_database
from context_api.store.filters import where_query
from context_api.store.index_building import maintain_indexes
from context_api.store.index_keys import key_of
from context_api.store.store import Store
from context_api.store.terms import Terms
from tests.integration.store.test_query_backends import NAMES, Town, attributes, conditions, literal_of
from tests.integration.store.test_query_backends import _settings as property_settings
from tests.integration.store.town import (
    HALL,
    NAME,
    PM25,
    ROOM,
    SECOND,
    T0,
    TEMPERATURE,
    VOCABULARY,
    TickingClock,
    ask,
    create,
    reading,
    room,
    update,
    value,
)

CORE = core_context()
CATEGORY, STATUS = VOCABULARY + "category", VOCABULARY + "status"
MANY = 3_000


@pytest.fixture
def registry(database: Database) -> IndexRegistry:
    return IndexRegistry(database)


def build(database: Database) -> str:
    return maintain_indexes(database.url, threading.Event())


def declare(
    database: Database, access: Access, *names: str, type_: str | None = None
) -> list[AttributeIndex]:
    registry = IndexRegistry(database)
    made = [registry.declare(access, name, type_) for name in names]
    build(database)
    return [registry.get(access, one.id) for one in made]


def physical(database: Database) -> list[str]:
    found = ask(
        database,
        "select relname::text from pg_class where relname ~ '^entity_attribute_\\d+_keys?$' and relkind = 'i'"
        " order by 1",
    )
    return [name for (name,) in found]


def fill_rooms(store: Store, access: Access, count: int = MANY) -> None:
    """Half of them open; a hundred kinds; each in a common category and in one of five hundred; measured."""
    made = [
        create(
            number,
            {
                STATUS: value("open" if number % 2 else "closed"),
                NAME: value(f"kind {number % 100}"),
                CATEGORY: value(["common", f"rare {number % 500}"]),
                TEMPERATURE: value(number),
                PM25: value(number % 7, T0),
            },
        )
        for number in range(count)
    ]
    for first in range(0, count, 500):
        store.apply(access, made[first : first + 500])


class Plan:
    """How the database answers a query."""

    def __init__(self, database: Database, access: Access) -> None:
        self._database = database
        self._access = access

    def of(self, q: str, types: TypeSelection | None = None) -> str:
        terms, query = Terms(self._database), EntityQuery(types=types, q=parse_q(q, CORE))
        usable = DeclaredIndexes().usable(self._database, terms, self._access.tenant_id, query)
        where = where_query(query, self._access.tenant_id, terms.find, T0, usable)
        with self._database.connection() as connection:
            rows = connection.execute(
                b"explain select e.id from entity e where " + where.sql + b" order by e.id limit 20",
                where.parameters,
                prepare=False,
            ).fetchall()
        return "\n".join(line for (line,) in rows)


def matching(store: Store, access: Access, q: str, **members: Any) -> list[int]:
    query = EntityQuery(q=parse_q(q, CORE), limit=1_000, **members)
    return [int(one.id.rsplit(":", 1)[1]) for one in store.query_entities(access, query).items]


# One AST, two back ends, and an index between them


@pytest.fixture
def indexed_town(database_url: str) -> Iterator[Town]:
    database = open_database(database_url)
    declare(database, Store(database).tenant("default"), *NAMES[:3])
    yield Town(database)
    database.close()


def as_literal(one: Any) -> Literal:
    if isinstance(one, bool):
        return Literal(LiteralKind.FLAG, one)
    return Literal(LiteralKind.TEXT if isinstance(one, str) else LiteralKind.NUMBER, one)


def unmeasured(drawn: Attributes) -> Attributes:
    """Without observedAt, so that the indexes serve."""
    for instances in drawn.values():
        for instance in instances:
            instance.observed_at = None
    return drawn


# Few values, so that what is asked for is often there; neighbours that share a key; and what lies about them
_NEAR: list[Any] = [
    *(-1, 0, 1, 1.5, 2**53, 2**53 + 1, 10**400), *("", "a", "ab", "b", "x" * 256, "x" * 257, "2026-11-23"),
    *("2026-11-23T09:00:00Z", "2026-11-22T23:59:59.5Z", True, False),
]  # fmt: skip
_near = st.sampled_from(_NEAR)
_held = st.one_of(
    _near,
    st.lists(_near, max_size=2),
    _near.map(lambda one: {"@type": "x", "@value": one}),
    st.lists(_near, min_size=1, max_size=2).map(lambda several: [{"@value": several}]),
)
_instance = st.one_of(
    _held.map(lambda held: Instance(value=held)),
    st.lists(st.sampled_from(["a", "ab", "b"]), min_size=1, max_size=2).map(
        lambda texts: Instance(kind=Kind.LANGUAGE_PROPERTY, value={"en": texts[0], "ja": texts})
    ),
    st.sampled_from(["urn:a:1", "urn:a:2"]).map(lambda uri: Instance(kind=Kind.RELATIONSHIP, value=uri)),
)
near_attributes = st.fixed_dictionaries({NAMES[0]: _instance.map(lambda one: [one])})
_literal = st.one_of(
    _near.map(as_literal),
    st.sampled_from(["urn:a:1", "a"]).map(lambda uri: Literal(LiteralKind.URI, uri)),
    st.sampled_from(["2026-11-23T09:00:00Z", "2026-11-23", "09:00:00Z"]).map(literal_of),
)
_ordered = _literal.filter(
    lambda one: one.kind in {LiteralKind.NUMBER, LiteralKind.TEXT, LiteralKind.DATETIME}
)
_pair = st.tuples(_ordered, _ordered).filter(lambda ends: ends[0].kind is ends[1].kind)
_operand = st.one_of(_literal, _pair.map(lambda ends: Range(*ends)))
_path = Path((NAMES[0],))
near_terms: st.SearchStrategy[Condition] = st.one_of(
    st.lists(_operand, min_size=1, max_size=2).map(lambda one: Equals(_path, tuple(one))),
    st.builds(Compares, st.just(_path), st.sampled_from(Operator), _ordered),
    st.sampled_from(["^a", "^ab?", "^ab", "^x*y", "^2026-11", "^(a|b)", "^a|b"]).map(
        lambda pattern: Matches(_path, pattern)
    ),
)


@given(st.lists(near_attributes, min_size=6, max_size=10), st.lists(near_terms, min_size=12, max_size=20))
@settings(property_settings, max_examples=50)
def test_what_has_the_keys_that_are_asked_for_is_found(
    indexed_town: Town, drawn: list[Attributes], asked: list[Condition]
) -> None:
    town = indexed_town
    town.fill([Entity(id=room(each), types=(ROOM,), attributes=one) for each, one in enumerate(drawn)])
    for condition in asked:
        town.check(q=condition)


@given(
    st.lists(attributes().map(unmeasured), min_size=1, max_size=5),
    st.lists(conditions, min_size=4, max_size=12),
)
@settings(property_settings, max_examples=30)
def test_q_with_declared_indexes(indexed_town: Town, drawn: list[Attributes], asked: list[Condition]) -> None:
    town = indexed_town
    town.fill([Entity(id=room(each), types=(ROOM,), attributes=one) for each, one in enumerate(drawn)])
    for condition in asked:
        town.check(q=condition)
    states = {one.state for one in IndexRegistry(town.database).list_all(town.access)}
    assert states == {"ready"}


def test_the_indexes_of_the_properties_are_those_that_queries_ask(indexed_town: Town) -> None:
    town = indexed_town
    town.fill([Entity(id=room(1), types=(ROOM,), attributes={NAMES[0]: value(1)})])
    assert "attribute_key" in Plan(town.database, town.access).of("a==1")


VALUES: list[Any] = [
    0, -0.0, 1, -1, 0.1, -2.25, 1e300, -1e300, 10**400, -(10**400), 5e-324, 2**53 + 1, 2**63,
    "", "a", "é", "𠮷", "x" * 300, "東" * 100, True, False, None,
]  # fmt: skip


def test_keys_are_the_same_in_both_languages(database: Database) -> None:
    found = ask(
        database,
        "select machi.value_key(v::jsonb) from unnest(%s::text[]) as v",
        list(map(json.dumps, VALUES)),
    )
    assert [key for (key,) in found] == [key_of(one) for one in VALUES]


@pytest.mark.parametrize(
    ("instances", "expected"),
    [
        ([{"v": 1}], [1]),
        ([{"v": {"@type": "x", "@value": "y"}}], ["y"]),
        ([{"v": ["b", "a", "b", None, {"c": 1}]}], ["a", "b"]),
        ([{"v": [{"@value": [1, 2]}, [3]]}], [1, 2, 3]),
        ([{"v": "x"}, {"v": "y", "d": "urn:d"}], ["x", "y"]),
        ([{"k": 3, "v": {"en": "hall", "ja": ["広間", "間"]}}], ["hall", "広間", "間"]),
        ([{"k": 1, "v": ["urn:a", "urn:b"]}], ["urn:a", "urn:b"]),
        ([{"v": {"city": "x"}}], []),
        ([], []),
    ],
)
def test_which_keys_an_attribute_has(database: Database, instances: Any, expected: list[Any]) -> None:
    ((key, keys),) = ask(
        database,
        "select machi.attribute_key(%s::jsonb), machi.attribute_keys(%s::jsonb)",
        json.dumps(instances),
        json.dumps(instances),
    )
    wanted = sorted(one for value in expected if (one := key_of(value)) is not None)
    assert key == (b"\xff" if len(wanted) > 1 else wanted[0] if wanted else None)
    assert keys == (wanted if len(wanted) > 1 else None)


def test_very_many_keys_are_one(database: Database) -> None:
    instances = json.dumps([{"v": list(range(1_001))}])
    assert ask(database, "select machi.attribute_keys(%s::jsonb)", instances) == [([b"\xff"],)]


# Use


def test_an_index_is_used_where_it_serves(database: Database, store: Store, access: Access) -> None:
    fill_rooms(store, access)
    declare(database, access, NAME, CATEGORY, TEMPERATURE, STATUS)
    plan = Plan(database, access)
    numbers = {one.attribute: one.id for one in IndexRegistry(database).list_all(access)}
    for q, name, suffix in (
        ('name=="kind 7"', NAME, "_key"),
        ('name=="kind 7","kind 8"', NAME, "_key"),
        ('name~="^kind 7"', NAME, "_key"),
        ('category=="rare 7"', CATEGORY, "_keys"),
        ("temperature==7", TEMPERATURE, "_key"),
        ("temperature>2990", TEMPERATURE, "_key"),
        ("temperature==10..12", TEMPERATURE, "_key"),
        ('temperature==7|name=="kind 8"', NAME, "_key"),
    ):
        assert f"entity_attribute_{numbers[name]}{suffix} " in plan.of(q), q
    # What half of them match is quicker found one by one; and what is negated is no matter for an index
    for q in ('status=="open"', 'name!="kind 7"', "pm25==3"):
        assert "entity_attribute_" not in plan.of(q), q


def test_answers_with_indexes_are_those_without(database: Database, store: Store, access: Access) -> None:
    fill_rooms(store, access)
    asked = [
        'name=="kind 7"', 'name~="^kind 7"', 'category=="rare 7"', 'category=="rare 7","rare 8"',
        'category>"r"',
        "temperature>2990", "temperature<5", "temperature==10..12", 'temperature==7|name=="kind 8"',
        'temperature<500;name=="kind 7"',
    ]  # fmt: skip
    without = [matching(store, access, q) for q in asked]
    assert set(without[0]) == set(range(7, MANY, 100))
    declare(database, access, NAME, CATEGORY, TEMPERATURE)
    assert [matching(Store(database), access, q) for q in asked] == without


def test_an_index_of_a_type_serves_queries_for_that_type(
    database: Database, store: Store, access: Access
) -> None:
    fill_rooms(store, access, 1_500)
    store.apply(access, [create(10_000 + n, {NAME: value("hall")}, types=(HALL,)) for n in range(3)])
    (made,) = declare(database, access, NAME, type_=ROOM)
    assert (made.state, made.type) == ("ready", ROOM)
    plan = Plan(database, access)
    assert f"entity_attribute_{made.id}_key " in plan.of('name=="kind 7"', TypeIs(ROOM))
    assert "entity_attribute_" not in plan.of('name=="kind 7"', TypeIs(HALL))
    assert "entity_attribute_" not in plan.of('name=="kind 7"')
    fresh = Store(database)
    assert len(matching(fresh, access, 'name=="kind 7"', types=TypeIs(ROOM))) == 15
    page = fresh.query_entities(access, EntityQuery(q=parse_q('name=="hall"', CORE), types=TypeIs(HALL)))
    assert len(page.items) == 3


def test_updates_of_measured_values_stay_hot(database_url: str) -> None:
    database = open_database(database_url, pool_max=1)  # one session, which can be told to report its counts
    store = Store(database, clock=TickingClock())
    access = store.tenant("default")
    store.apply(access, [create(n, {STATUS: value("open"), PM25: value(0, T0)}) for n in range(100)])
    declare(database, access, STATUS)

    def updates() -> tuple[int, int]:
        ask(database, "select pg_stat_force_next_flush()")
        found = ask(
            database,
            "select pg_stat_get_tuples_updated(c), pg_stat_get_tuples_hot_updated(c)"
            " from (select 'machi.entity'::regclass::oid as c) as entity",
        )
        return found[0][0], found[0][1]

    before = updates()
    for turn in range(1, 6):
        store.apply(access, [reading(n, {PM25: value(turn, T0 + turn)}) for n in range(100)])
    after = updates()
    assert after[0] - before[0] == 500
    # A page that is full lets a row go elsewhere now and then; an index on what changed would leave none
    assert after[1] - before[1] >= 400
    database.close()


# What is measured


def test_an_attribute_that_is_measured_is_refused(
    store: Store, access: Access, registry: IndexRegistry
) -> None:
    store.apply(access, [create(1, {PM25: value(1, T0), NAME: value("x")})])
    with pytest.raises(OperationNotSupported, match="pm25 is measured"):
        registry.declare(access, PM25)
    with pytest.raises(OperationNotSupported, match="pm25 is measured"):
        registry.declare(access, PM25, ROOM)
    assert registry.declare(access, PM25, HALL).state == "waiting"


@pytest.mark.parametrize("how", ["patch", "reading", "create"])
def test_an_index_rests_once_its_attribute_is_measured(
    database: Database, store: Store, access: Access, registry: IndexRegistry, how: str
) -> None:
    store.apply(access, [create(n, {NAME: value("x")}) for n in range(3)])
    (made,) = declare(database, access, NAME)
    other = Store(database)  # a process of its own, which has looked at the indexes before the change
    assert matching(other, access, 'name=="x"') == [0, 1, 2]
    measured = {NAME: value("x", T0 + 60 * SECOND)}
    change = {"patch": update(1, measured), "reading": reading(1, measured), "create": create(3, measured)}
    assert store.apply(access, [change[how]])[0].error is None
    assert matching(other, access, 'name=="x"') == ([0, 1, 2, 3] if how == "create" else [0, 1, 2])
    found = registry.get(access, made.id)
    assert found.state == "resting"
    assert found.reason is not None
    assert "observedAt" in found.reason
    with pytest.raises(OperationNotSupported):
        registry.declare(access, NAME, ROOM)


def test_the_first_entity_with_several_values_is_found_at_once(
    database: Database, store: Store, access: Access
) -> None:
    store.apply(access, [create(n, {NAME: value("x")}) for n in range(3)])
    declare(database, access, NAME)
    other = Store(database)  # a process of its own, which has seen entities with one value only
    for q, expected in (('name=="y"', []), ('name<"z"', [0, 1, 2]), ('name~="^y"', [])):
        assert matching(other, access, q) == expected
    store.apply(access, [update(1, {NAME: value(["y", "w"])}), update(2, {NAME: value(["v", "u"])})])
    assert matching(other, access, 'name=="y"') == [1]
    assert matching(other, access, 'name=="x"') == [0]
    assert matching(other, access, 'name=="v","w"') == [1, 2]


def test_a_place_needs_no_index(store: Store, access: Access, registry: IndexRegistry) -> None:
    place = Instance(kind=Kind.GEO_PROPERTY, value={"type": "Point", "coordinates": [139, 35]})
    store.apply(access, [create(1, {NAME: [place]})])
    with pytest.raises(OperationNotSupported, match="GeoProperty"):
        registry.declare(access, NAME)


# Declaring and building


def test_the_life_of_an_index(
    database: Database, store: Store, access: Access, registry: IndexRegistry
) -> None:
    store.apply(access, [create(1, {NAME: value("x")})])
    declared = registry.declare(access, NAME)
    assert (declared.attribute, declared.type, declared.state, declared.uses) == (NAME, None, "waiting", 0)
    assert (declared.ready_at, declared.size_bytes, declared.progress) == (None, 0, None)
    assert build(database) == "built 1, dropped 0"
    ready = registry.get(access, declared.id)
    assert ready.state == "ready"
    assert ready.ready_at is not None
    assert ready.size_bytes > 0
    assert registry.list_all(access) == [ready]
    assert build(database) == ""
    with pytest.raises(AlreadyExists):
        registry.declare(access, NAME)
    registry.delete(access, declared.id)
    assert registry.list_all(access) == []
    with pytest.raises(ResourceNotFound):
        registry.get(access, declared.id)
    with pytest.raises(ResourceNotFound):
        registry.delete(access, declared.id)
    assert build(database) == "built 0, dropped 2"
    assert physical(database) == []
    assert ask(database, "select count(*) from pg_statistic_ext") == [(0,)]


def test_tenants_do_not_see_each_others_indexes(
    database: Database, store: Store, access: Access, registry: IndexRegistry
) -> None:
    other = store.tenant("elsewhere", create=True)
    for one in (access, other):
        store.apply(one, [create(n, {NAME: value("x")}) for n in range(3)])
    (made,) = declare(database, access, NAME)
    assert registry.list_all(other) == []
    with pytest.raises(ResourceNotFound):
        registry.get(other, made.id)
    with pytest.raises(ResourceNotFound):
        registry.delete(other, made.id)
    assert "attribute_key" not in Plan(database, other).of('name=="x"')
    # What one tenant measures does not disturb the other's index
    store.apply(other, [update(1, {NAME: value("x", T0 + 1)})])
    assert registry.get(access, made.id).state == "ready"
    assert matching(Store(database), other, 'name=="x"') == [0, 1, 2]


def test_a_tenant_has_so_many_at_most(
    access: Access, registry: IndexRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attribute_indexes, "MAX_OF_TENANT", 2)
    for number in range(2):
        registry.declare(access, f"{VOCABULARY}n{number}")
    with pytest.raises(Conflict, match="2 indexes"):
        registry.declare(access, NAME)
    assert len(registry.list_all(access)) == 2


def test_what_an_interrupted_build_left_is_built_anew(
    database: Database, store: Store, access: Access, registry: IndexRegistry
) -> None:
    store.apply(access, [create(1, {NAME: value("x")})])
    (made,) = declare(database, access, NAME)
    with connect(database.url) as connection:
        connection.execute(
            "update pg_index set indisvalid = false where indexrelid = %s::regclass",
            [f"machi.entity_attribute_{made.id}_key"],
        )
    assert build(database) == "built 1, dropped 1"
    assert registry.get(access, made.id).state == "ready"
    assert ask(
        database,
        "select indisvalid from pg_index where indexrelid = %s::regclass",
        f"machi.entity_attribute_{made.id}_key",
    ) == [(True,)]


def test_an_index_that_vanished_is_built_anew(database: Database, access: Access) -> None:
    (made,) = declare(database, access, NAME)
    ask_nothing(database, f"drop index machi.entity_attribute_{made.id}_keys")
    assert build(database) == "built 1, dropped 0"
    assert physical(database) == [f"entity_attribute_{made.id}_key", f"entity_attribute_{made.id}_keys"]


def test_a_second_builder_leaves_it_to_the_first(
    database: Database, access: Access, registry: IndexRegistry
) -> None:
    registry.declare(access, NAME)
    with connect(database.url) as first:
        first.execute("select pg_advisory_lock(%s)", [0x6D61_6962_6C])
        assert build(database) == ""
        assert registry.list_all(access)[0].state == "waiting"
    assert build(database) == "built 1, dropped 0"


def test_writers_go_on_while_an_index_is_built_and_a_stop_ends_it(
    database: Database, store: Store, access: Access, registry: IndexRegistry
) -> None:
    """A transaction that stays open makes the build wait: nobody else waits with it."""
    store.apply(access, [create(1, {NAME: value("x")})])
    declared = registry.declare(access, NAME)
    stop = threading.Event()
    outcome: list[BaseException | str] = []

    def run() -> None:
        try:
            outcome.append(maintain_indexes(database.url, stop))
        except Exception as error:
            outcome.append(error)

    with connect(database.url) as holder:
        holder.execute("begin")
        holder.execute("update machi.entity set removed = null")
        builder = threading.Thread(target=run)
        builder.start()
        try:
            wait_until(lambda: registry.get(access, declared.id).state == "building")
            wait_until(lambda: bool(physical(database)))
            assert store.apply(access, [create(2, {NAME: value("y")})])[0].error is None
            assert matching(Store(database), access, 'name=="y"') == [2]
            assert registry.get(access, declared.id).state == "building"
        finally:
            stop.set()
            builder.join(60)
            holder.execute("rollback")
    assert not builder.is_alive()
    assert isinstance(outcome[0], Exception)
    assert registry.get(access, declared.id).state == "building"
    assert build(database) == "built 1, dropped 1"
    assert matching(Store(database), access, 'name=="y"') == [2]


def test_a_failure_is_told_with_its_reason_and_tried_again(
    database: Database, store: Store, access: Access, registry: IndexRegistry
) -> None:
    declared = registry.declare(access, NAME)
    ask_nothing(database, "alter function machi.attribute_keys(jsonb) rename to elsewhere")
    assert build(database) == ""
    failed = registry.get(access, declared.id)
    assert failed.state == "failed"
    assert failed.reason is not None
    assert "attribute_keys" in failed.reason
    ask_nothing(database, "alter function machi.elsewhere(jsonb) rename to attribute_keys")
    assert build(database) == ""  # not at once
    ask_nothing(database, "update machi.attribute_index set retry_at = now()")
    assert build(database) == "built 1, dropped 0"


def ask_nothing(database: Database, statement: str) -> None:
    with database.connection() as connection:
        connection.execute(statement.encode())


def wait_until(condition: Any, timeout_s: float = 30.0) -> None:
    waited = threading.Event()
    for _ in range(int(timeout_s / 0.05)):
        if condition():
            return
        waited.wait(0.05)
    raise AssertionError("it did not come true in time")
