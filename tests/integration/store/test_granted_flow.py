"""What subscribers, streams and readers of history get is what the masked world would give: on a store."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any, NamedTuple

import orjson
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from context_api.http.live.matching import Feed, Matcher, describe_look
from context_api.matching import SubscriptionIndex
from context_api.ngsild.changes import AppendAttributes, Change, CreateEntity, DeleteAttribute, DeleteEntity
from context_api.ngsild.contexts import core_context
from context_api.ngsild.model import Attributes, Entity, Instance, Iri, Kind, Micros
from context_api.ngsild.query import (
    EntityQuery,
    TemporalQuery,
    TimeRelation,
    matches,
    parse_q,
    parse_scope_query,
)
from context_api.ngsild.query.aggregation import parse_aggregation
from context_api.ngsild.query.geo import LOCATION
from context_api.ngsild.query.selector import EntitySelector
from context_api.ngsild.subscription import Endpoint, NotificationFormat, Notifying, Subscription
from context_api.ngsild.temporal import SCOPE
from context_api.notifications.messages import MessageMaker
from context_api.policy.grant import Grant, Operation
from context_api.policy.rights import Marks, Rights
from context_api.store.access import Access, Owner
from context_api.store.changes import get_changes, get_last_number
from context_api.store.database import Database, open_database
from context_api.store.deliveries import lease_queues
from context_api.store.owners import Sight, load_sights
from context_api.store.store import Store
from context_api.store.temporal import HistoryRequest
from context_api.store.terms import Terms
from tests.integration.store.town import DAY, HALL, ROOM, T0, TEMPERATURE, VOCABULARY, TickingClock
from tests.support.partners import Partners

CORE = core_context()
SECRET = VOCABULARY + "secret"
NAMES = [TEMPERATURE, SECRET, LOCATION]
HERE, AWAY = (139.1, 35.1), (139.9, 35.9)
AROUND_HERE = shapely.box(139.0, 35.0, 139.5, 35.5)
DAYS = [T0 - 3 * DAY, T0 - 2 * DAY, T0 - DAY]
numbers = count()


def point(place: tuple[float, float]) -> Instance:
    return Instance(
        kind=Kind.GEO_PROPERTY, value={"type": "Point", "coordinates": list(place)}, observed_at=T0
    )


def subset(values: list[str]) -> st.SearchStrategy[frozenset[str]]:
    """Mostly nothing, which stands for all."""
    return st.one_of(
        st.just(frozenset[str]()), st.frozensets(st.sampled_from(values), min_size=1, max_size=2)
    )


grants = st.builds(
    Grant,
    id=st.just(1),
    operations=st.just(frozenset({Operation.HISTORY, Operation.SUBSCRIBE})),
    types=subset([ROOM, HALL]),
    scopes=st.sampled_from([None, None, "/a"]).map(lambda text: text and parse_scope_query(text)),
    area=st.sampled_from([None, None, AROUND_HERE]),
    attributes=subset(NAMES),
    history_from=st.sampled_from([None, *DAYS]),
    personal=st.booleans(),
)
marks = st.dictionaries(st.sampled_from([ROOM, HALL]), subset([TEMPERATURE, SECRET]), max_size=2)


class House(NamedTuple):
    """An entity with a past."""

    types: tuple[Iri, ...]
    scopes: tuple[str, ...]
    place: tuple[float, float] | None
    values: dict[tuple[Iri, int], float]
    """(attribute, day) -> value."""
    is_gone: bool


houses = st.builds(
    House,
    st.sampled_from([(ROOM,), (HALL,), (ROOM, HALL)]),
    st.sampled_from([(), ("/a",), ("/b",)]),
    st.sampled_from([None, HERE, AWAY]),
    st.dictionaries(st.tuples(st.sampled_from([TEMPERATURE, SECRET]), st.integers(0, 2)), st.integers(0, 3)),
    st.booleans(),
)


class Place(NamedTuple):
    store: Store
    database: Database
    whole: Access


@pytest.fixture
def place(database_url: str) -> Iterator[Place]:
    database = open_database(database_url)
    store = Store(database, clock=TickingClock())
    yield Place(store, database, store.tenant("default", create=True))
    database.close()


def build(place: Place, run: int, drawn: list[House]) -> list[Entity]:
    """Give houses a past; returns each as it is, or was when it ended."""
    ended = []
    for number, house in enumerate(drawn):
        entity_id = f"urn:ngsi-ld:House:{run}-{number}"
        has: Attributes = {} if house.place is None else {LOCATION: [point(house.place)]}
        entity = Entity(id=entity_id, types=house.types, scopes=house.scopes, attributes=has)
        changes: list[Change] = [CreateEntity(entity_id=entity_id, entity=entity)]
        for (name, day), value in sorted(house.values.items(), key=lambda each: each[0][1]):
            written = {name: [Instance(value=value, observed_at=DAYS[day])]}
            changes.append(AppendAttributes(entity_id=entity_id, attributes=written))
        if house.is_gone:
            changes.append(DeleteEntity(entity_id=entity_id))
        assert [one.error for one in place.store.apply(place.whole, changes)] == [None] * len(changes)
        names = dict.fromkeys(name for name, _ in house.values)
        left: Attributes = has | {name: [Instance(value=0)] for name in names}
        ended.append(Entity(id=entity_id, types=house.types, scopes=house.scopes, attributes=left))
    return ended


def seen_values(
    rights: Rights, entity: Entity, house: House, start: Micros, now: Micros
) -> dict[Iri, list[tuple[Micros, float]]] | None:
    """What of a house is in sight from a time on, told by the rights alone."""
    view = rights.view(entity, Operation.HISTORY, now)
    if view is None:
        return None
    found: dict[Iri, list[tuple[Micros, float]]] = {}
    for (name, day), value in sorted(house.values.items(), key=lambda each: each[0][1]):
        since = rights.history_from(entity, name, Operation.HISTORY, now)
        if name in view.attributes and DAYS[day] >= max(start, since or 0):
            found.setdefault(name, []).append((DAYS[day], value))
    return found


QUESTIONS = [
    *(None, "temperature==1,2", "secret>=1", "!secret", "temperature>0;!secret", "secret|temperature<2"),
]


@given(
    st.lists(houses, min_size=1, max_size=3),
    st.lists(grants, max_size=3),
    marks,
    st.sampled_from([T0 - 9 * DAY, DAYS[1]]),
    st.sampled_from(
        [None, "temperature==1,2", "secret>=1", "!secret", "temperature>0;!secret", "secret|temperature<2"]
    ),
)
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
def test_histories_are_those_of_what_is_left(  # noqa: PLR0917
    place: Place, drawn: list[House], given_: list[Grant], marked: Marks, start: Micros, text: str | None
) -> None:
    run, rights = next(numbers), Rights(given_, marked)
    ended = build(place, run, drawn)
    access = replace(place.whole, filter=rights, operation=Operation.HISTORY)
    window = TemporalQuery(timerel=TimeRelation.AFTER, time_at=start)
    request = HistoryRequest(window=window, attributes=(TEMPERATURE, SECRET))
    q = None if text is None else parse_q(text, CORE)
    query = EntityQuery(
        id_pattern=f"^urn:ngsi-ld:House:{run}-", attrs=(TEMPERATURE, SECRET), q=q, limit=10, count=True
    )
    now = T0 + 9 * DAY
    expected: dict[str, dict[Iri, list[tuple[Micros, float]]]] = {}
    for entity, house in zip(ended, drawn, strict=True):
        values = seen_values(rights, entity, house, start, now)
        if values and (q is None or holds(text or "", values)):
            expected[entity.id] = values
        found = place.store.retrieve_history(access, entity.id, request)
        if values or not house.is_gone:  # of what is gone, nothing but its values tells
            assert (found is None) == (values is None)
        assert values is None or found is None or told(found.items[0]) == values
    page = place.store.query_histories(access, query, request)
    assert {one.id: told(one) for one in page.items} == expected
    assert page.total == len(expected)
    whole = parse_aggregation({"aggrMethods": "sum,totalCount", "aggrPeriodDuration": "PT0S"})
    sums = place.store.aggregate_histories(access, query, request, whole)
    assert {one.id: summed(aggregates) for one, aggregates in sums.items} == {
        one: {name: (sum(value for _, value in listed), len(listed)) for name, listed in values.items()}
        for one, values in expected.items()
    }


def holds(text: str, values: dict[Iri, list[tuple[Micros, float]]]) -> bool:
    """Whether each term holds for some value in sight."""
    if "|" in text:
        return any(holds(part, values) for part in text.split("|"))
    if ";" in text:
        return all(holds(part, values) for part in text.split(";"))
    name = SECRET if "secret" in text else TEMPERATURE
    if text.startswith("!"):
        return name not in values
    term = parse_q(text, CORE)
    return any(
        matches(term, Entity(id="", types=(), attributes={name: [Instance(value=value)]}))
        for _, value in values.get(name, ())
    )


def told(history: Any) -> dict[Iri, list[tuple[Micros, float]]]:
    found: dict[Iri, list[tuple[Micros, float]]] = {}
    for track in history.tracks:
        living = [
            (at, value)
            for position, (at, value) in enumerate(zip(track.times, track.values, strict=True))
            if position not in track.deleted
        ]
        if living and track.attribute != SCOPE:
            found.setdefault(track.attribute, []).extend(living)
    return found


def summed(aggregates: Any) -> dict[Iri, tuple[float, int]]:
    return {
        one.attribute: tuple(cells.values[0] for cells in one.cells.values())
        for one in aggregates
        if one.cells
    }


CHANGES = ["t", "s", "ts", "move", "-t", "-s", "gone", "hall", "scope"]


def change(entity_id: str, what: str, number: int) -> Change:
    if what == "gone":
        return DeleteEntity(entity_id=entity_id)
    if what.startswith("-"):
        return DeleteAttribute(entity_id=entity_id, attribute=TEMPERATURE if what == "-t" else SECRET)
    if what == "hall":
        return AppendAttributes(entity_id=entity_id, types=(HALL,))
    if what == "scope":
        return AppendAttributes(entity_id=entity_id, scopes=("/a",))
    if what == "move":
        place = HERE if number % 2 else AWAY
        return AppendAttributes(entity_id=entity_id, attributes={LOCATION: [point(place)]})
    named = {"t": TEMPERATURE, "s": SECRET}
    written = {named[one]: [Instance(value=number)] for one in what}
    return AppendAttributes(entity_id=entity_id, attributes=written)


@given(
    st.lists(
        st.tuples(
            subset([ROOM, HALL]),
            subset(NAMES),
            st.sampled_from([None, "/a"]),
            st.sampled_from([None, AROUND_HERE]),
        ),
        min_size=1,
        max_size=2,
    ),
    st.sampled_from([24, 24, 56, 63]),
    st.lists(st.sampled_from(CHANGES), min_size=1, max_size=8),
    st.sampled_from([(ROOM,), (HALL,)]),
)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
def test_notifications_and_streams_tell_what_is_left_of_each_change(
    place: Place,
    granted: list[tuple[frozenset[str], frozenset[str], str | None, Any]],
    triggers: int,
    changes: list[str],
    types: tuple[Iri, ...],
) -> None:
    run = next(numbers)
    partners = Partners(place.database)
    partners.add(f"p{run}")
    for types_, names, scopes, area in granted:
        geometry = None if area is None else orjson.loads(shapely.to_geojson(area))
        partners.grant(f"p{run}", types=types_, attributes=names, scopes=scopes, area=geometry)
    owner = Owner(partners.ids[f"p{run}"], "partner")
    entity_id = f"urn:ngsi-ld:House:{run}"
    subscription = Subscription(
        id=f"urn:ngsi-ld:Subscription:{run}",
        notification=Notifying(
            endpoint=Endpoint(uri="http://partner.example/"), format=NotificationFormat.KEY_VALUES
        ),
        entities=(EntitySelector(ids=(entity_id,)),),
        triggers=triggers,
    )
    key = place.store.create_subscription(replace(place.whole, owner=owner), subscription, CORE.source)
    with place.database.connection() as connection:
        sight = load_sights(connection, place.whole.tenant_id, [owner], {})[owner]
    after = get_last_number(place.database)
    states: list[Entity | None] = []
    entity = Entity(id=entity_id, types=types, attributes={TEMPERATURE: [Instance(value=-1)]})
    for number, what in enumerate(["", *changes]):
        one = change(entity_id, what, number) if what else CreateEntity(entity_id=entity_id, entity=entity)
        place.store.apply(place.whole, [one])
        states.append(place.store.get_entities(place.whole, [entity_id]).get(entity_id))
    sent, streamed = deliver(place, key), stream(place, key, subscription, sight, after)
    assert sent == streamed
    shown = [sight(one, T0 + DAY) for one in states if one is not None]
    allowed = {
        orjson.dumps(_key_values(one), option=orjson.OPT_SORT_KEYS) for one in shown if one is not None
    }
    for data in sent:
        kept = {name: value for name, value in data.items() if value != "urn:ngsi-ld:null"}
        if "deletedAt" not in kept:
            assert orjson.dumps(kept, option=orjson.OPT_SORT_KEYS) in allowed


def _key_values(entity: Entity) -> dict[str, Any]:
    """An entity as key-values."""
    names = [CORE.compact(one) for one in entity.types]
    written = {CORE.compact(name): listed[0].value for name, listed in entity.attributes.items()}
    document = {"id": entity.id, "type": names[0] if len(names) == 1 else names, **written}
    if entity.scopes:
        document["scope"] = entity.scopes[0] if len(entity.scopes) == 1 else list(entity.scopes)
    return document


def deliver(place: Place, key: int) -> list[dict[str, Any]]:
    """What the notifier would send of what waits; nothing that was matched may be lost."""
    queues = lease_queues(
        place.database, limit=10, per_subscription=10, rows_per_queue=100, lease_s=600.0, skip=()
    )
    maker = MessageMaker(place.database, public_url="https://machi.example")
    sent: list[dict[str, Any]] = []
    try:
        for queue in queues:
            for row in queue.rows if queue.lease.subscription_key == key else ():
                message = asyncio.run(maker.make(queue, row, T0 + DAY))
                assert message is not None
                sent += orjson.loads(message.body)["data"]
    finally:
        maker.close()
    return sent


def stream(
    place: Place, key: int, subscription: Subscription, sight: Sight, after: int
) -> list[dict[str, Any]]:
    """What a stream with the same filter would tell."""
    tenant_id = place.whole.tenant_id
    look = describe_look(subscription, CORE)
    feed = Feed(key, tenant_id, "default", subscription, CORE, look, b"", sight, sight.signature)
    with place.database.connection() as connection:
        page = get_changes(connection, [tenant_id], after, get_last_number(place.database))
    index = SubscriptionIndex([(key, subscription)], {key: sight})
    told_ = Matcher(Terms(place.database)).match(page.rows, {tenant_id: index}, {key: feed})
    return [one for _, event in told_ for one in orjson.loads(event.data)["data"]]
