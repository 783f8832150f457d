"""Which subscriptions a change touches (clauses 5.2.12 and 5.8.6)."""

import time
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from context_api.matching import Match, SubscriptionIndex
from context_api.ngsild.changes import (
    AppendAttributes,
    Change,
    CreateEntity,
    DeleteAttribute,
    DeleteEntity,
    Trigger,
    UpdateAttributes,
    UpsertEntity,
)
from context_api.ngsild.merge import Removed, Transition, apply_change
from context_api.ngsild.model import Entity, Instance, Kind
from context_api.ngsild.query import AllOf, AnyOf, TypeIs, compile_geo_query, compile_id_pattern
from context_api.ngsild.query.geo import LOCATION
from context_api.ngsild.query.predicate import matches
from context_api.ngsild.subscription import (
    Endpoint,
    EntitySelector,
    Notifying,
    Subscription,
    subscription_from_json,
    subscription_to_json,
)
from context_api.ngsild.subscription_filters import Filter, Filters, compile_filters, read_filters
from tests.unit.ngsild.builders import CORE, ROOM, SECOND, T0, name, room

NOW = T0 + SECOND
NOTIFYING = Notifying(endpoint=Endpoint(uri="http://partner.example/"))


def subscription(*selectors: EntitySelector, watched: tuple[str, ...] = (), **members: Any) -> Subscription:
    return Subscription(
        id="urn:s:1",
        notification=NOTIFYING,
        entities=selectors,
        watched_attributes=tuple(map(name, watched)),
        **members,
    )


def of_type(*terms: str) -> EntitySelector:
    types = tuple(TypeIs(name(term)) for term in terms)
    return EntitySelector(types=types[0] if len(types) == 1 else AnyOf(types))


def matched(before: Entity | None, change: Change, *subscriptions: Subscription) -> list[Match]:
    """Match a change against subscriptions whose keys are 1, 2, 3, …"""
    transition = apply_change(before, change, NOW, Removed())
    assert transition.outcome.error is None
    index = SubscriptionIndex(enumerate(subscriptions, 1))
    return index.match(before, transition.after, transition, NOW)


def keys(matches: list[Match]) -> list[int]:
    return [match.subscription_key for match in matches]


def updating(**values: Any) -> UpdateAttributes:
    attributes = {name(term): [Instance(value=value)] for term, value in values.items()}
    return UpdateAttributes(entity_id=ROOM, attributes=attributes)


def moving(east: float) -> UpdateAttributes:
    place = Instance(kind=Kind.GEO_PROPERTY, value={"type": "Point", "coordinates": [east, 1]})
    return UpdateAttributes(entity_id=ROOM, attributes={LOCATION: [place]})


CURRENT = room(
    temperature=1,
    humidity=50,
    location={"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 1]}},
)


@pytest.mark.parametrize(
    ("selectors", "is_matched"),
    [
        ([of_type("Room")], True),
        ([of_type("Hall")], False),
        ([of_type("Hall", "Room")], True),
        ([of_type("Hall"), of_type("Room")], True),
        ([EntitySelector(types=AllOf((TypeIs(name("Room")), TypeIs(name("Hall")))))], False),
        ([EntitySelector(types=TypeIs(name("Room")), ids=(ROOM,))], True),
        ([EntitySelector(types=TypeIs(name("Room")), ids=("urn:other:1",))], False),
        ([EntitySelector(types=TypeIs(name("Hall")), ids=(ROOM,))], False),
        ([EntitySelector(ids=("urn:other:1", ROOM))], True),
        ([EntitySelector(id_pattern="Room:[0-9]$")], True),
        ([EntitySelector(id_pattern="^Room")], False),
        ([EntitySelector(types=TypeIs(name("Hall")), id_pattern="Room")], False),
        ([EntitySelector(ids=("urn:other:1",), id_pattern="Room")], False),
        ([EntitySelector()], True),
        ([], True),
    ],
)
def test_selectors(selectors: list[EntitySelector], is_matched: bool) -> None:
    found = matched(CURRENT, updating(temperature=2), subscription(*selectors))
    assert found == ([Match(1, Trigger.ATTRIBUTE_UPDATED)] if is_matched else [])


@pytest.mark.parametrize(
    ("watched", "is_matched"),
    [((), True), (("temperature",), True), (("co2", "temperature"), True), (("humidity",), False)],
)
def test_watched_attributes(watched: tuple[str, ...], is_matched: bool) -> None:
    found = matched(CURRENT, updating(temperature=2), subscription(of_type("Room"), watched=watched))
    assert bool(found) == is_matched


CREATE = CreateEntity(entity_id=ROOM, entity=CURRENT)
REMOVE = DeleteAttribute(entity_id=ROOM, attribute=name("temperature"))
DELETE = DeleteEntity(entity_id=ROOM)


@pytest.mark.parametrize(
    ("before", "change", "triggers", "fired"),
    [
        (None, CREATE, Trigger.ENTITY_CREATED, Trigger.ENTITY_CREATED),
        (None, CREATE, Trigger.ATTRIBUTE_CREATED, Trigger.ATTRIBUTE_CREATED),
        (None, CREATE, Trigger.ENTITY_UPDATED, Trigger.ATTRIBUTE_CREATED),
        (None, CREATE, Trigger.ATTRIBUTE_UPDATED, None),
        (None, CREATE, Trigger.ENTITY_DELETED, None),
        (CURRENT, updating(temperature=2), Trigger.ATTRIBUTE_UPDATED, Trigger.ATTRIBUTE_UPDATED),
        (CURRENT, updating(co2=2), Trigger.ATTRIBUTE_UPDATED, None),
        (CURRENT, updating(co2=2), Trigger.ATTRIBUTE_CREATED, Trigger.ATTRIBUTE_CREATED),
        (
            CURRENT,
            updating(temperature=2),
            Trigger.ENTITY_UPDATED,
            Trigger.ENTITY_UPDATED | Trigger.ATTRIBUTE_UPDATED,
        ),
        (CURRENT, REMOVE, Trigger.ATTRIBUTE_DELETED, Trigger.ATTRIBUTE_DELETED),
        (CURRENT, REMOVE, Trigger.ATTRIBUTE_UPDATED, None),
        (CURRENT, DELETE, Trigger.ENTITY_DELETED, Trigger.ENTITY_DELETED),
        (CURRENT, DELETE, Trigger.ATTRIBUTE_DELETED, Trigger.ATTRIBUTE_DELETED),
        (CURRENT, DELETE, Trigger.ATTRIBUTE_UPDATED, None),
    ],
)
def test_triggers(before: Entity | None, change: Change, triggers: Trigger, fired: Trigger | None) -> None:
    for watched in ((), ("temperature", "co2")):
        one = subscription(of_type("Room"), watched=watched, triggers=int(triggers))
        assert matched(before, change, one) == ([Match(1, fired)] if fired is not None else [])


def test_only_watched_attributes_fire() -> None:
    change = updating(temperature=2, co2=400)
    both = subscription(of_type("Room"))
    new = subscription(of_type("Room"), watched=("co2",))
    assert matched(CURRENT, change, both, new) == [
        Match(1, Trigger.ATTRIBUTE_CREATED | Trigger.ATTRIBUTE_UPDATED),
        Match(2, Trigger.ATTRIBUTE_CREATED),
    ]


def test_the_same_content_is_no_change() -> None:
    one = subscription(of_type("Room"), triggers=63)
    assert matched(CURRENT, updating(temperature=1), one) == []
    assert matched(
        CURRENT, updating(temperature=1, humidity=51), one, subscription(watched=("temperature",))
    ) == [Match(1, Trigger.ENTITY_UPDATED | Trigger.ATTRIBUTE_UPDATED)]


def test_a_change_of_scope_is_news_for_those_who_ask() -> None:
    change = AppendAttributes(entity_id=ROOM, scopes=("/a",))
    asking = subscription(of_type("Room"), triggers=int(Trigger.ENTITY_UPDATED))
    assert matched(CURRENT, change, subscription(of_type("Room")), asking) == [
        Match(2, Trigger.ENTITY_UPDATED)
    ]


def test_selectors_look_at_the_result() -> None:
    change = UpsertEntity(entity_id=ROOM, entity=room(type="Hall", temperature=2))
    assert keys(matched(CURRENT, change, subscription(of_type("Room")), subscription(of_type("Hall")))) == [2]


def test_inactive_and_expired_ones_do_not_match() -> None:
    change = updating(temperature=2)
    assert matched(CURRENT, change, subscription(of_type("Room"), is_active=False)) == []
    assert matched(CURRENT, change, subscription(of_type("Room"), expires_at=NOW)) == []
    assert keys(matched(CURRENT, change, subscription(of_type("Room"), expires_at=NOW + 1))) == [1]


def test_each_is_found_once_in_the_order_of_keys() -> None:
    several = subscription(
        of_type("Room"), EntitySelector(ids=(ROOM,)), EntitySelector(id_pattern="urn"), EntitySelector()
    )
    watching = subscription(watched=("temperature", "humidity"))
    assert keys(matched(CURRENT, updating(temperature=2, humidity=3), watching, several, watching)) == [
        1,
        2,
        3,
    ]


def test_an_empty_index_and_no_change() -> None:
    transition = apply_change(CURRENT, updating(temperature=2), NOW, Removed())
    assert SubscriptionIndex([]).match(CURRENT, transition.after, transition, NOW) == []
    index = SubscriptionIndex([(1, subscription(of_type("Room"), triggers=63))])
    failed = apply_change(None, updating(temperature=2), NOW, Removed())
    assert index.match(None, None, failed, NOW) == []


# Held against the plain reading of the clauses

_TERMS = ("temperature", "humidity", "co2")
_SELECTORS = st.builds(
    EntitySelector,
    types=st.sampled_from([None, TypeIs(name("Room")), TypeIs(name("Hall")), of_type("Hall", "Room").types]),
    ids=st.sampled_from([(), (ROOM,), ("urn:other:1",)]),
    id_pattern=st.sampled_from([None, "Room", "Hall"]),
)
_QS = st.sampled_from(
    [
        *(
            None,
            "temperature==1",
            "temperature==2,3;humidity",
            "co2==2",
            "co2>1",
            "co2>=2",
            "co2<2",
            "co2<=1",
        ),
        *('co2>"a"', "temperature>1;co2>=2", "temperature<=1|co2>1"),
    ]
)


def _square(west: float) -> dict[str, Any]:
    ring = [[west, 0], [west + 2, 0], [west + 2, 2], [west, 2], [west, 0]]
    return {"georel": "within", "geometry": "Polygon", "coordinates": [ring]}


def _point(georel: str) -> dict[str, Any]:
    return {"georel": georel, "geometry": "Point", "coordinates": [1, 1]}


_GEOS = st.sampled_from(
    [None, _square(0), _square(9), _point("near;maxDistance==500"), _point("disjoint"), _point("equals")]
)


def _asking(
    selectors: list[EntitySelector],
    watched: list[str],
    triggers: int,
    q: str | None,
    geo: dict[str, Any] | None = None,
) -> Subscription:
    asked = {"q": q, "geoQ": geo}
    filters = read_filters({name: value for name, value in asked.items() if value is not None}, CORE)
    return subscription(*selectors, watched=tuple(watched), triggers=triggers, filters=filters)


_SUBSCRIPTIONS = st.builds(
    _asking,
    st.lists(_SELECTORS, max_size=2),
    st.lists(st.sampled_from(_TERMS), unique=True, max_size=2),
    st.integers(1, 63),
    _QS,
    _GEOS,
)
_CHANGES: st.SearchStrategy[Change] = st.one_of(
    st.just(DELETE),
    st.just(REMOVE),
    st.dictionaries(st.sampled_from(_TERMS), st.integers(1, 2), min_size=1).map(
        lambda values: updating(**values)
    ),
    st.sampled_from(["Room", "Hall"]).map(
        lambda kind: UpsertEntity(entity_id=ROOM, entity=room(type=kind, temperature=1, co2=2))
    ),
    st.sampled_from([1.0, 1.001, 10.0]).map(moving),
)


def _fires(one: Subscription, before: Entity | None, transition: Transition) -> Trigger:
    entity = transition.after or before
    assert entity is not None

    def selects(selector: EntitySelector) -> bool:
        if selector.types is not None and not selector.types.matches(entity.types):
            return False
        if selector.ids:
            return entity.id in selector.ids
        return selector.id_pattern is None or bool(compile_id_pattern(selector.id_pattern).search(entity.id))

    if one.entities and not any(map(selects, one.entities)):
        return Trigger(0)
    if one.filters.q is not None and not matches(one.filters.q, entity):
        return Trigger(0)
    if one.filters.geo is not None and not compile_geo_query(one.filters.geo).matches(entity):
        return Trigger(0)
    fired = Trigger(0)
    watched = [
        touched
        for touched in transition.touched
        if touched.is_change and (not one.watched_attributes or touched.attribute in one.watched_attributes)
    ]
    for touched in watched:
        if touched.before is None:
            fired |= Trigger.ATTRIBUTE_CREATED
        elif touched.after is None:
            fired |= Trigger.ATTRIBUTE_DELETED
        else:
            fired |= Trigger.ATTRIBUTE_UPDATED
    if watched or not one.watched_attributes:
        fired |= transition.trigger & (
            Trigger.ENTITY_CREATED | Trigger.ENTITY_UPDATED | Trigger.ENTITY_DELETED
        )
    return fired & one.effective_triggers


@settings(deadline=None)
@given(st.lists(_SUBSCRIPTIONS, max_size=6), _CHANGES, st.booleans())
def test_the_index_finds_what_the_clauses_say(
    subscriptions: list[Subscription], change: Change, exists: bool
) -> None:
    before = CURRENT if exists or not isinstance(change, UpsertEntity) else None
    transition = apply_change(before, change, NOW, Removed())
    index = SubscriptionIndex(enumerate(subscriptions, 1))
    expected = [
        Match(key, fired)
        for key, one in enumerate(subscriptions, 1)
        if (fired := _fires(one, before, transition))
    ]
    assert index.match(before, transition.after, transition, NOW) == expected


def test_the_cost_does_not_depend_on_those_that_wait_for_something_else() -> None:
    transition = apply_change(CURRENT, updating(temperature=2), NOW, Removed())
    mine = subscription(of_type("Room"), watched=("temperature",))

    def others(count: int) -> list[tuple[int, Subscription]]:
        kinds = [
            lambda number: subscription(of_type(f"T{number}")),
            lambda number: subscription(of_type("Room"), watched=(f"a{number}",)),
            lambda number: subscription(EntitySelector(ids=(f"urn:x:{number}",))),
            lambda number: subscription(EntitySelector(id_pattern=f"urn:x:{number}$")),
        ]
        return [(number + 2, kinds[number % 4](number)) for number in range(count)]

    def cost(count: int) -> float:
        index = SubscriptionIndex([(1, mine), *others(count)])
        best = float("inf")
        for _ in range(20):
            started = time.perf_counter()
            for _ in range(50):
                assert keys(index.match(CURRENT, transition.after, transition, NOW)) == [1]
            best = min(best, time.perf_counter() - started)
        return best

    assert cost(4000) < 25 * cost(40), "a hundred times as many, were each looked at"


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"q": "temperature>20"}, True),
        ({"q": "temperature>30"}, False),
        ({"q": "temperature>20;!humidity"}, True),
        ({"scopeQ": "/Tokyo/#"}, True),
        ({"scopeQ": "/Osaka/#"}, False),
        ({"geoQ": {"georel": "near;maxDistance==500", "geometry": "Point", "coordinates": [8, 40]}}, True),
        ({"geoQ": {"georel": "near;minDistance==500", "geometry": "Point", "coordinates": [8, 40]}}, False),
        ({"q": "temperature>20", "scopeQ": "/Osaka"}, False),
    ],
)
def test_filters_judge_the_resulting_entity(filters: dict[str, Any], expected: bool) -> None:
    point = {"type": "Point", "coordinates": [8.001, 40]}
    before = room(temperature=15, location={"type": "GeoProperty", "value": point}, scope="/Tokyo/North")
    asked = subscription(of_type("Room"), filters=read_filters(filters, CORE))
    assert keys(matched(before, updating(temperature=25), asked)) == ([1] if expected else [])
    kept = subscription_from_json(subscription_to_json(asked))
    assert keys(matched(before, updating(temperature=25), kept)) == ([1] if expected else [])


def test_filters_judge_a_deleted_entity_as_it_was() -> None:
    asked = subscription(
        of_type("Room"), filters=read_filters({"q": "temperature>20"}, CORE), triggers=Trigger.ENTITY_DELETED
    )
    gone = DeleteEntity(entity_id=ROOM)
    assert keys(matched(room(temperature=25), gone, asked)) == [1]
    assert keys(matched(room(temperature=15), gone, asked)) == []


def _found(index: SubscriptionIndex, change: Change) -> list[Match]:
    transition = apply_change(CURRENT, change, NOW, Removed())
    return index.match(CURRENT, transition.after, transition, NOW)


_STEP = st.tuples(
    st.lists(st.integers(1, 6), max_size=3), st.dictionaries(st.integers(1, 6), _SUBSCRIPTIONS, max_size=3)
)


@settings(deadline=None)
@given(st.lists(_STEP, max_size=5), _CHANGES)
def test_a_changed_index_is_as_one_made_anew(
    steps: list[tuple[list[int], dict[int, Subscription]]], change: Change
) -> None:
    index, current = SubscriptionIndex(), dict[int, Subscription]()
    for gone, new in steps:
        before, found_before = index, _found(index, change)
        index = index.changed({*gone, *new}, new.items())
        current = {key: one for key, one in current.items() if key not in gone} | new
        assert _found(before, change) == found_before
        assert _found(index, change) == _found(SubscriptionIndex(current.items()), change)
    assert index.changed(current.keys(), ())._drawers == {}


def test_a_thousand_patterns_are_looked_for_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    others = [
        (number, subscription(EntitySelector(id_pattern=f"^urn:x:{number}$"))) for number in range(2, 1_000)
    ]
    index = SubscriptionIndex([(1, subscription(EntitySelector(id_pattern="Room:[0-9]$"))), *others])
    # Only the one pattern that is found is looked for once more, by its selector
    searched: list[str] = []

    def compile_and_note(pattern: str) -> Any:
        searched.append(pattern)
        return compile_id_pattern(pattern)

    monkeypatch.setattr("context_api.ngsild.query.selector.compile_id_pattern", compile_and_note)
    monkeypatch.setattr("context_api.ngsild.query.pattern_set.compile_pattern", compile_and_note)
    for _ in range(2):
        assert keys(_found(index, updating(temperature=2))) == [1]
    assert searched == ["Room:[0-9]$"] * 2


def test_periodic_subscriptions_wait_for_the_clock() -> None:
    periodic = msgspec.structs.replace(subscription(of_type("Room")), interval_s=5.0)
    assert _found(SubscriptionIndex([(1, periodic)]), updating(temperature=2)) == []


def test_a_query_about_linked_entities_is_left_for_later() -> None:
    document = {"q": "partOf{temperature}>20;temperature>100"}
    linked = msgspec.structs.replace(subscription(of_type("Room")), filters=read_filters(document, CORE))
    assert keys(_found(SubscriptionIndex([(1, linked)]), updating(temperature=2))) == [1]


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The filters that are asked, by their q or where they lie, in order."""
    asked: list[str] = []

    def note(filters: Filters) -> tuple[Filter, ...]:
        ready = compile_filters(filters)

        def passes(entity: Entity) -> bool:
            asked.append(filters.q_text or str(filters.geo and filters.geo.geometry["coordinates"][0][0]))
            return all(one(entity) for one in ready)

        return (passes,)

    monkeypatch.setattr("context_api.matching.index.compile_filters", note)
    return asked


def test_only_those_are_judged_that_ask_for_a_value_it_has(judged: list[str]) -> None:
    asking = [
        (number, _asking([of_type("Room")], [], 63, f"temperature=={number};humidity>0"))
        for number in range(1_000)
    ]
    index = SubscriptionIndex(asking)
    assert keys(_found(index, updating(temperature=7))) == [7]
    assert judged == ["temperature==7;humidity>0"]


def test_only_those_are_judged_whose_bound_it_reaches(judged: list[str]) -> None:
    asking = [
        (number, _asking([of_type("Room")], [], 63, f"temperature{'<' if number % 2 else '>='}{number};co2"))
        for number in range(1_000)
    ]
    index = SubscriptionIndex(asking)
    change = AppendAttributes(entity_id=ROOM, attributes=updating(temperature=3, co2=1).attributes)
    assert keys(_found(index, change)) == [0, 2, *range(5, 1_000, 2)]
    assert judged[:2] == ["temperature>=0;co2", "temperature>=2;co2"]
    assert len(judged) == 2 + 499  # "temperature<3" is within reach, and judged, and does not hold


def test_only_those_are_judged_whose_area_it_may_lie_in(judged: list[str]) -> None:
    asking = [
        (number, _asking([of_type("Room")], [], 63, None, _square(3.0 * number))) for number in range(50)
    ]
    index = SubscriptionIndex(asking)
    for _ in range(2):
        assert keys(_found(index, moving(91))) == [30]
    assert judged == ["[90.0, 0]"] * 2
    assert keys(_found(index, moving(94))) == [31]
    assert keys(_found(index, updating(temperature=7))) == [0]
