"""Whoever may not see everything gets the answers of a store that holds nothing else.

Three of them are held against each other, for random grants, entities and questions: SQL with the conditions
of the grants; each entity masked, then judged in memory; and SQL without grants over a store that was filled
with what is left after masking.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from context_api.ngsild.changes import CreateEntity, DeleteEntity, UpdateAttributes
from context_api.ngsild.contexts import core_context
from context_api.ngsild.model import Attributes, Entity, Instance, Kind
from context_api.ngsild.query import (
    Condition,
    EntityQuery,
    Ordering,
    TypeIs,
    order_entities,
    parse_geo_query,
    parse_ordering,
    parse_q,
    parse_scope_query,
    selects,
)
from context_api.ngsild.query.conditions import (
    CREATED_AT,
    MODIFIED_AT,
    Both,
    Compares,
    Either,
    Exists,
    Literal,
    LiteralKind,
    Operator,
    Path,
)
from context_api.ngsild.query.geo import LOCATION
from context_api.policy.grant import Grant, Operation
from context_api.policy.rights import Floor, Floors, Marks, Rights
from context_api.store.access import Access
from context_api.store.database import Database, open_database
from context_api.store.store import Store
from tests.integration.store.test_query_backends import NAMES, attributes, conditions
from tests.integration.store.town import HALL, ROOM, SECOND, T0, VOCABULARY, TickingClock, room

pytestmark = pytest.mark.timeout(600)

CORE = core_context()
READ = Operation.READ
CAR = VOCABULARY + "Car"
LINK = VOCABULARY + "near"
SCOPES = ["/a", "/a/b", "/c/b"]
PLACES = [(139.1, 35.1), (139.5, 35.5), (139.9, 35.9)]


def point(place: tuple[float, float]) -> Instance:
    return Instance(kind=Kind.GEO_PROPERTY, value={"type": "Point", "coordinates": list(place)})


@st.composite
def entities(draw: st.DrawFn) -> list[Entity]:
    drawn = []
    for number in range(draw(st.integers(2, 5))):
        has: Attributes = dict(draw(attributes()))
        if draw(st.booleans()):
            has[LOCATION] = [point(draw(st.sampled_from(PLACES)))]
        if draw(st.booleans()):
            target = room(draw(st.integers(0, 5)))
            has[LINK] = [Instance(kind=Kind.RELATIONSHIP, value=target)]
        types = draw(st.sampled_from([(ROOM,), (HALL,), (ROOM, HALL)]))
        scopes = tuple(draw(st.lists(st.sampled_from(SCOPES), unique=True, max_size=2)))
        drawn.append(Entity(id=room(number), types=types, scopes=scopes, attributes=has))
    return drawn


def subset(values: list[Any], *, most: int = 3) -> st.SearchStrategy[frozenset[Any]]:
    """Mostly nothing, which stands for all."""
    return st.one_of(st.just(frozenset()), st.frozensets(st.sampled_from(values), min_size=1, max_size=most))


boxes = st.sampled_from(
    [shapely.box(139.0, 35.0, 139.5, 35.5), shapely.Polygon([(139.4, 35.4), (140.0, 35.4), (140.0, 36.0)])]
)
grants = st.builds(
    Grant,
    id=st.just(1),
    operations=st.sampled_from([frozenset({READ}), frozenset({READ}), frozenset({Operation.HISTORY})]),
    types=subset([ROOM, HALL, CAR], most=2),
    scopes=st.none()
    | st.sampled_from(["/a/#", "/a/b", "/+/b", "#", "/a,/c/#", "/a;/c/b"]).map(parse_scope_query),
    entities=st.one_of(st.just(frozenset[str]()), subset([room(each) for each in range(4)])),
    area=st.one_of(st.none(), st.none(), boxes),
    attributes=subset([*NAMES[:3], LOCATION, LINK]),
    valid_until=st.sampled_from([None, None, None, T0 - SECOND]),
    personal=st.booleans(),
    is_public=st.booleans(),
)
marks = st.dictionaries(
    st.sampled_from([ROOM, HALL]),
    st.frozensets(st.sampled_from([*NAMES[:3], LOCATION]), max_size=2),
    max_size=2,
)
floors = st.dictionaries(
    st.sampled_from([ROOM, HALL]),
    st.builds(Floor, st.frozensets(st.sampled_from(NAMES[:3]), max_size=2), st.sampled_from([2, 10])),
    max_size=1,
)
linked = st.sampled_from(["near{a}", "near{Room:a}==1", "!near{Hall:b}", "near{a};b"]).map(
    lambda text: parse_q(text, CORE)
)
# Mostly one condition, and a simple one: several together leave too little to tell answers apart
plain = st.builds(
    Exists, st.sampled_from([*NAMES[:3], LOCATION]).map(lambda name: Path((name,))), st.booleans()
)
_FIND: dict[str, st.SearchStrategy[Any]] = {
    "q": st.one_of(plain, plain, conditions, linked),
    "types": st.sampled_from([ROOM, HALL]).map(TypeIs),
    "attrs": st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True).map(tuple),
    "scopes": st.sampled_from(["/a/#", "/+/b"]).map(parse_scope_query),
    "geo": st.sampled_from(["near;maxDistance==60000", "near;minDistance==60000"]).map(
        lambda relation: parse_geo_query(
            {"georel": relation, "geometry": "Point", "coordinates": [139.1, 35.1]}
        )
    ),
}
asked_for = st.lists(st.sampled_from(["q", "q", *_FIND]), max_size=2).flatmap(
    lambda members: st.fixed_dictionaries({name: _FIND[name] for name in members})
)
queries = st.builds(
    lambda members, **page: EntityQuery(**members, **page),
    asked_for,
    ordering=st.sampled_from([None, None, ("a",), ("modifiedAt;desc",), ("b;desc", "id")]).map(
        lambda terms: None if terms is None else parse_ordering(terms, CORE)
    ),
    limit=st.integers(1, 3),
    offset=st.integers(0, 2),
    count=st.just(True),
)


class Town:
    """Two tenants: all there is, and what is left of it for somebody."""

    def __init__(self, database: Database) -> None:
        self.store = Store(database, clock=TickingClock(T0))
        self.whole = self.store.tenant("default")
        self.left = self.store.tenant("masked", create=True)
        self.entities: dict[str, Entity] = {}

    def fill(self, drawn: list[Entity]) -> None:
        self._exchange(self.whole, self.entities, drawn)
        # Modified at other times than they were created
        again = [
            UpdateAttributes(entity_id=one.id, attributes={name: one.attributes[name]})
            for number, one in enumerate(drawn)
            for name in sorted(one.attributes)[: number % 3]
        ]
        self.store.apply(self.whole, again)
        self.entities = self.store.get_entities(self.whole, [one.id for one in drawn])

    def mask(self, rights: Rights) -> dict[str, Entity]:
        seen = ((key, rights.view(one, READ, T0)) for key, one in self.entities.items())
        masked = {key: one for key, one in seen if one is not None}
        former = self.store.get_entities(self.left, [room(number) for number in range(6)])
        self._exchange(self.left, former, list(masked.values()))
        return masked

    def _exchange(self, access: Access, former: dict[str, Entity], latter: list[Entity]) -> None:
        self.store.apply(access, [DeleteEntity(entity_id=one) for one in former])
        created = [CreateEntity(entity_id=one.id, entity=one) for one in latter]
        assert [one.error for one in self.store.apply(access, created)] == [None] * len(latter)


@pytest.fixture
def town(database_url: str) -> Iterator[Town]:
    database = open_database(database_url)
    yield Town(database)
    database.close()


def is_about_times(condition: Condition | None) -> bool:
    """Whether a q asks for times of the system, which are others in the second tenant."""
    if condition is None:
        return False
    if isinstance(condition, Either | Both):
        return any(is_about_times(part) for part in condition.parts)
    return not {CREATED_AT, MODIFIED_AT}.isdisjoint(condition.path.names)


def is_ordered_by_times(ordering: Ordering | None) -> bool:
    return ordering is not None and any(
        one.path is not None and one.path.names == (MODIFIED_AT,) for one in ordering.terms
    )


@given(
    entities(),
    st.lists(grants, max_size=4),
    marks,
    floors,
    st.lists(queries, min_size=8, max_size=14),
)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
def test_answers_are_those_of_a_store_that_holds_what_is_left(  # noqa: PLR0917
    town: Town,
    drawn: list[Entity],
    given_: list[Grant],
    marked: Marks,
    counted: Floors,
    asked: list[EntityQuery],
) -> None:
    rights = Rights(given_, marked, counted)
    # What has expired stays in the dictionary until it is swept away
    town.fill([keep_lasting(one) for one in drawn])
    masked = town.mask(rights)
    access = replace(town.whole, filter=rights)
    store = town.store
    assert store.get_entities(access, [room(number) for number in range(6)]) == masked

    def resolve(ids: Any) -> dict[str, Entity]:
        return {one: masked[one] for one in ids if one in masked}

    since = [
        EntityQuery(q=Compares(Path((MODIFIED_AT,)), Operator.GREATER_OR_EQUAL, at), count=True)
        for one in list(town.entities.values())[:2]
        for at in [Literal(LiteralKind.DATETIME, one.modified_at)]
    ]
    whole = [EntityQuery(types=TypeIs(type_), limit=1, count=True) for type_ in (ROOM, HALL)]
    for query in [*asked, *since, *whole]:
        found = [one for _, one in sorted(masked.items()) if selects(query, one, resolve)]
        ordered = found if query.ordering is None else order_entities(found, query.ordering)
        page = store.query_entities(access, query)
        assert page.items == ordered[query.offset : query.offset + query.limit]
        assert page.count == len(found)
        if not (is_about_times(query.q) or is_ordered_by_times(query.ordering)):
            other = store.query_entities(town.left, query)
            assert [one.id for one in page.items] == [one.id for one in other.items]
            assert page.count == other.count


@given(entities(), st.lists(grants, max_size=4), marks, floors)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
def test_types_and_attributes_are_those_of_what_is_left(
    town: Town, drawn: list[Entity], given_: list[Grant], marked: Marks, counted: Floors
) -> None:
    rights = Rights(given_, marked, counted)
    town.fill([keep_lasting(one) for one in drawn])
    town.mask(rights)
    access, left, store = replace(town.whole, filter=rights), town.left, town.store
    assert store.get_types(access) == store.get_types(left)
    assert store.get_attributes(access) == store.get_attributes(left)
    assert store.get_type_attributes(access) == store.get_type_attributes(left)
    for type_ in (ROOM, HALL, CAR):
        assert store.describe_type(access, type_) == store.describe_type(left, type_)
    for name in (*NAMES, LOCATION, LINK):
        assert store.describe_attribute(access, name) == store.describe_attribute(left, name)


def keep_lasting(entity: Entity) -> Entity:
    def last(instance: Instance) -> Instance:
        instance.expires_at = None
        for below in (instance.sub or {}).values():
            for one in below:
                last(one)
        return instance

    for instances in entity.attributes.values():
        for one in instances:
            last(one)
    return entity
