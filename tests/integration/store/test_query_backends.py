"""One AST, two back ends: what the store finds is what the predicate selects, whatever the query."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from context_api.ngsild.changes import CreateEntity, DeleteEntity
from context_api.ngsild.contexts import core_context
from context_api.ngsild.errors import NgsiLdError
from context_api.ngsild.model import Attributes, Entity, Instance, Iri, Kind
from context_api.ngsild.query import (
    Condition,
    EntityQuery,
    GeoQuery,
    ScopeQuery,
    TypeIs,
    parse_geo_query,
    parse_ordering,
    parse_q,
    parse_scope_query,
    selects,
)
from context_api.ngsild.query.conditions import (
    INSTANCE_MEMBERS,
    OBSERVED_AT,
    Both,
    Compares,
    Either,
    Equals,
    Exists,
    Literal,
    LiteralKind,
    Matches,
    Operator,
    Path,
    Range,
)
from context_api.ngsild.query.geo import LOCATION, GeoRelation
from context_api.ngsild.query.pattern import compile_pattern, parse_pattern
from context_api.ngsild.query.selector import EntitySelector
from context_api.ngsild.subscription_filters import read_filters
from context_api.store.access import Access
from context_api.store.database import Database, open_database
from context_api.store.store import Store
from context_api.store.where import where_q
from tests.integration.store.town import (
    PM25,
    ROOM,
    SECOND,
    T0,
    VOCABULARY,
    TickingClock,
    ask,
    create,
    room,
    subscription,
    update,
    value,
)

CORE = core_context()
NAMES = [VOCABULARY + name for name in ("a", "b", "c", "neverSeen")]
TIMES = [
    *("2026-11-23T09:00:00Z", "2026-11-23T09:00:00.500Z", "2026-11-23T00:00:00Z"),
    *("2026-10-31T23:59:60Z", "2026-11-01T00:00:00Z"),
]
DAYS = ["2026-11-23", "2026-11-22", "12:00:00Z", "09:00:00.5Z"]
numbers = st.sampled_from([0, 1, -1, 7, 0.1, 1.5, -2.25, 1e15, 1e16, 1e300, 2**53, 2**53 + 1, 2**63 - 1])
texts = st.sampled_from(
    ["", "a", "ab", "b", "Z", "é", "𠮷", "\uffff", "x\ny", "x\vy", "1", "true", "urn:a:1", "2026-11-23",
     "2026-02-30", "12:00:00Z", "09:00:00.5Z", *TIMES]
)  # fmt: skip
scalars: st.SearchStrategy[Any] = st.one_of(numbers, texts, st.booleans())
MEMBERS = ["city", "x", "@value", "en", "日本"]
values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(scalars, st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=2)
    ),
    max_leaves=5,
)
languages = st.dictionaries(
    st.sampled_from(["en", "ja", "@none", "@value"]),
    st.one_of(texts, st.lists(texts, max_size=2)),
    min_size=1,
)
uris = st.sampled_from(["urn:a:1", "urn:a:2", "urn:b"])
_VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.PROPERTY: values.filter(lambda value: value is not None),
    Kind.RELATIONSHIP: st.one_of(uris, st.lists(uris, min_size=1, max_size=2)),
    Kind.LANGUAGE_PROPERTY: languages,
    Kind.JSON_PROPERTY: st.dictionaries(st.sampled_from(MEMBERS), values, max_size=2),
    Kind.VOCAB_PROPERTY: st.one_of(uris, st.lists(uris, min_size=1, max_size=2)),
    Kind.LIST_PROPERTY: st.lists(values, max_size=3),
    Kind.LIST_RELATIONSHIP: st.lists(uris, max_size=2),
}
moments = st.sampled_from([T0, T0 + SECOND, T0 + SECOND // 2])


@st.composite
def instances(draw: st.DrawFn, dataset_id: str, depth: int) -> Instance:
    kind = draw(st.sampled_from(list(_VALUES)))
    return Instance(
        kind=kind,
        value=draw(_VALUES[kind]),
        dataset_id=dataset_id,
        observed_at=draw(st.none() | moments),
        unit_code=draw(st.none() | texts) if kind is Kind.PROPERTY else None,
        # Long over or far off: nobody's clock decides
        expires_at=draw(st.sampled_from([None, None, None, T0 - SECOND, T0 + 10**15])),
        sub=draw(attributes(depth + 1)) if depth < 2 and draw(st.booleans()) else None,
    )


@st.composite
def attributes(draw: st.DrawFn, depth: int = 0) -> Attributes:
    drawn: Attributes = {}
    for name in draw(st.lists(st.sampled_from(NAMES[:3]), unique=True, max_size=2 if depth else 3)):
        datasets = draw(st.sampled_from([[""], ["", "urn:d:1"], ["urn:d:1"]]))
        drawn[name] = [draw(instances(each, depth)) for each in datasets]
    return drawn


literals = st.one_of(
    numbers.map(lambda value: Literal(LiteralKind.NUMBER, value)),
    texts.map(lambda value: Literal(LiteralKind.TEXT, value)),
    st.booleans().map(lambda value: Literal(LiteralKind.FLAG, value)),
    uris.map(lambda value: Literal(LiteralKind.URI, value)),
    st.deferred(lambda: st.sampled_from(TIMES).map(literal_of)),
    st.deferred(
        lambda: st.sampled_from(["2026-11-23", "2026-11-22", "12:00:00Z", "09:00:00.5Z"]).map(literal_of)
    ),
    moments.map(lambda value: Literal(LiteralKind.DATETIME, value)),
)
_ORDERED = {LiteralKind.NUMBER, LiteralKind.TEXT, LiteralKind.DATETIME, LiteralKind.DATE, LiteralKind.TIME}
comparable = literals.filter(lambda one: one.kind in _ORDERED)
ranges = st.tuples(comparable, comparable).filter(lambda ends: ends[0].kind is ends[1].kind)
operands = st.one_of(literals, ranges.map(lambda ends: Range(*ends)))


def literal_of(text: str) -> Literal:
    condition = parse_q(f"a=={text}", CORE)
    assert isinstance(condition, Equals)
    operand = condition.operands[0]
    assert isinstance(operand, Literal)
    return operand


@st.composite
def paths(draw: st.DrawFn) -> Path:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3))
    members = tuple(draw(st.lists(st.sampled_from(["*", *MEMBERS]), max_size=2)))
    if draw(st.integers(0, 4)) == 0:
        names.append(draw(st.sampled_from(sorted(INSTANCE_MEMBERS))))
    if draw(st.integers(0, 9)) == 0:
        names = [draw(st.sampled_from(sorted(INSTANCE_MEMBERS)))]
    return Path(tuple(names), members if draw(st.booleans()) else ())


terms: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Exists, paths(), st.booleans()),
    st.builds(Equals, paths(), st.lists(operands, min_size=1, max_size=3).map(tuple), st.booleans()),
    st.builds(Compares, paths(), st.sampled_from(Operator), comparable),
    st.builds(Matches, paths(), st.sampled_from(["^a", "b$", "x.y", r"\d", r"\w\s", "é|Z"]), st.booleans()),
)
conditions: st.SearchStrategy[Condition] = st.recursive(
    terms,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: Either(tuple(parts))),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: Both(tuple(parts))),
    ),
    max_leaves=4,
)


class Town:
    """A store whose entities are exchanged for every example."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.store = Store(database, clock=TickingClock(T0))
        self.access: Access = self.store.tenant("default")
        self.entities: list[Entity] = []

    def fill(self, entities: list[Entity]) -> None:
        self.store.apply(self.access, [DeleteEntity(entity_id=one.id) for one in self.entities])
        outcomes = self.store.apply(
            self.access, [CreateEntity(entity_id=one.id, entity=one) for one in entities]
        )
        assert [outcome.error for outcome in outcomes] == [None] * len(entities)
        found = self.store.get_entities(self.access, [one.id for one in entities])
        self.entities = sorted(found.values(), key=lambda one: one.id)

    def check(self, **members: Any) -> None:
        query = EntityQuery(limit=100, count=True, **members)
        expected = [one.id for one in self.entities if selects(query, one)]
        page = self.store.query_entities(self.access, query)
        assert [one.id for one in page.items] == expected
        assert page.count == len(expected)


@pytest.fixture
def town(database_url: str) -> Iterator[Town]:
    database = open_database(database_url)
    yield Town(database)
    database.close()


_settings = settings(
    max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
)


@given(st.lists(attributes(), min_size=1, max_size=5), st.lists(conditions, min_size=4, max_size=12))
@_settings
def test_q(town: Town, drawn: list[Attributes], asked: list[Condition]) -> None:
    town.fill([Entity(id=room(each), types=(ROOM,), attributes=one) for each, one in enumerate(drawn)])
    for condition in asked:
        town.check(q=condition)


@pytest.mark.parametrize(
    ("written", "exact"),
    [
        ("a==1", True), ('a=="x"', True), ("a!=1", True), ("a>1.5", True), ('a<="x"', True),
        ("a==1..2", True), ("a==1,true,urn:x", True), ("a;!b", True), ("a.b>1", True),
        ("a.observedAt>2026-01-01T00:00:00Z", True), ("createdAt>2026-01-01T00:00:00Z", True),
        ("a==2026-01-01", True), ("neverSeen", True),
        ("a[city]==1", False), ('a~="x"', False), ("a>2026-01-01T00:00:00Z", False), ("a==1|b[x]", False),
        ("a.unitCode==CEL", False), ("!a[city]", False),
    ],
)  # fmt: skip
def test_which_terms_the_database_judges_alone(written: str, exact: bool) -> None:
    def find(names: Any) -> list[int]:
        return [NAMES.index(name) for name in names if name in NAMES[:3]]

    assert where_q(parse_q(written, CORE), find, T0).exact is exact


# Scopes and geometries


SCOPES = ["/Madrid", "/Madrid/Gardens", "Madrid/Gardens/North", "/東京", "/Madrid2", "/CompanyA/OrgB"]
SCOPE_QUERIES = ["/Madrid", "/Madrid/#", "/+/Gardens", "/+", "/+/#", "/#", "/Madrid/+/#", "/東京", "/none"]
scope_queries = st.lists(
    st.lists(st.sampled_from(SCOPE_QUERIES), min_size=1, max_size=2).map(";".join), min_size=1, max_size=2
).map(lambda parts: parse_scope_query(",".join(parts)))


@given(
    st.lists(st.lists(st.sampled_from(SCOPES), unique=True, max_size=3), min_size=1, max_size=6),
    st.lists(scope_queries, min_size=3, max_size=8),
)
@settings(_settings, max_examples=60)
def test_scopes(town: Town, drawn: list[list[str]], asked: list[ScopeQuery]) -> None:
    town.fill(
        [
            Entity(id=room(each), types=(ROOM,), attributes={}, scopes=tuple(one))
            for each, one in enumerate(drawn)
        ]
    )
    for query in asked:
        town.check(scopes=query)


coordinates = st.tuples(
    st.sampled_from([-180, -179.99, -1, 0, 0.005, 0.01, 5, 10, 179.99, 180]),
    st.sampled_from([-90, -89.9, -1, 0, 0.005, 5, 10, 85, 90]),
).map(list)
SQUARES = [
    [[[x, y], [x + w, y], [x + w, y + w], [x, y + w], [x, y]]]
    for x, y, w in ((0, 0, 10), (-1, -1, 2), (4, 4, 1))
]
lines = st.lists(coordinates, min_size=2, max_size=3)
PLAIN_RELATIONS = [str(one) for one in GeoRelation if one not in {GeoRelation.NEAR, GeoRelation.FAR}]
BOW_TIE = [[[0, 0], [10, 10], [10, 0], [0, 10], [0, 0]]]
geometries = st.one_of(
    coordinates.map(lambda at: {"type": "Point", "coordinates": at}),
    lines.map(lambda line: {"type": "LineString", "coordinates": line}),
    st.sampled_from([*SQUARES, BOW_TIE]).map(lambda area: {"type": "Polygon", "coordinates": area}),
)
relations = st.one_of(
    st.sampled_from(PLAIN_RELATIONS),
    st.sampled_from([1.0, 600.0, 2e3, 1e5, 1.2e6, 1.9e7]).map(lambda metres: f"near;maxDistance=={metres}"),
    st.sampled_from([600.0, 1e6]).map(lambda metres: f"near;minDistance=={metres}"),
)
geo_queries = st.builds(
    lambda relation, geometry, name: parse_geo_query(
        {"georel": relation, "geometry": geometry["type"], "coordinates": geometry["coordinates"]},
        geoproperty=name,
    ),
    relations,
    geometries,
    st.sampled_from([LOCATION, LOCATION, NAMES[0], NAMES[3]]),
)


@given(
    st.lists(
        st.dictionaries(st.sampled_from([LOCATION, NAMES[0], PM25]), geometries, max_size=2),
        min_size=1,
        max_size=6,
    ),
    st.lists(geo_queries, min_size=3, max_size=8),
)
@settings(_settings, max_examples=60)
def test_geoqueries(town: Town, drawn: list[dict[Iri, Any]], asked: list[GeoQuery]) -> None:
    town.fill(
        [
            Entity(
                id=room(each),
                types=(ROOM,),
                attributes={
                    name: [Instance(kind=Kind.GEO_PROPERTY, value=geometry)] for name, geometry in one.items()
                },
            )
            for each, one in enumerate(drawn)
        ]
    )
    for query in asked:
        town.check(geo=query)


# Patterns


@given(
    st.text(st.sampled_from(r"ab1 é_.*+?|()[]{}^$-\dwsDWS,:2"), min_size=1, max_size=12),
    st.lists(st.text(st.sampled_from("ab1 é_-\n\v$^[]{}.:吉"), max_size=8), min_size=1, max_size=8),
)
@settings(_settings, max_examples=200)
@example(r"[\s]x", ["\vx"])
@example(r"a$", ["a\n", "a"])
@example("a.b", ["a\nb"])
@example("a{1", ["a{1"])
@example("[a-b-c]", ["-", "c"])
@example(r"[]\S", ["]", "a"])
def test_patterns_mean_the_same_everywhere(town: Town, pattern: str, subjects: list[str]) -> None:
    try:
        parse_pattern(pattern, "it")
    except NgsiLdError:
        return
    compiled = compile_pattern(pattern)
    expected = [(compiled.search(subject) is not None,) for subject in subjects]
    found = ask(
        town.database,
        'select s ~ %s collate "C" from unnest(%s::text[]) with ordinality as u(s, n) order by n',
        pattern,
        subjects,
    )
    assert found == expected


# Pages


@pytest.fixture
def many(town: Town) -> Town:
    """300 rooms: pm25 is the number; each 3rd is called "third"; they lie on a line to the east."""
    town.fill(
        [
            Entity(
                id=f"urn:ngsi-ld:Room:{number:03}",
                types=(ROOM,),
                attributes={
                    PM25: [Instance(value=number, observed_at=T0)],
                    NAMES[0]: [Instance(value={"city": "third" if number % 3 == 0 else "other"})],
                    LOCATION: [
                        Instance(
                            kind=Kind.GEO_PROPERTY,
                            value={"type": "Point", "coordinates": [number / 1000, 35]},
                        )
                    ],
                },
            )
            for number in range(300)
        ]
    )
    return town


def page_numbers(town: Town, **members: Any) -> tuple[list[int], int | None]:
    page = town.store.query_entities(town.access, EntityQuery(**members))
    return [int(one.id[-3:]) for one in page.items], page.count


@pytest.mark.parametrize(
    ("members", "expected", "count"),
    [
        ({"q": "pm25>=100", "limit": 3}, [100, 101, 102], 200),
        ({"q": "pm25>=100", "limit": 3, "offset": 198}, [298, 299], 200),
        ({"q": "pm25>=100", "limit": 3, "after": "urn:ngsi-ld:Room:200"}, [201, 202, 203], None),
        ({"q": 'a[city]=="third"', "limit": 3}, [0, 3, 6], 100),
        ({"q": 'a[city]=="third"', "limit": 3, "offset": 98}, [294, 297], 100),
        ({"q": 'a[city]=="third"', "limit": 3, "offset": 200}, [], 100),
        ({"q": 'a[city]=="third"', "limit": 0}, [], 100),
        ({"q": 'a[city]=="third"', "limit": 2, "after": "urn:ngsi-ld:Room:200"}, [201, 204], None),
        ({"q": 'a[city]=="third";pm25<6', "limit": 20}, [0, 3], 2),
        ({"order": ["id;desc"], "limit": 2}, [299, 298], 300),
        ({"order": ["pm25;desc"], "limit": 2, "offset": 1}, [298, 297], 300),
        ({"order": ["modifiedAt;desc"], "q": 'a[city]=="third"', "limit": 2}, [297, 294], 100),
        ({"order": ["a[city]", "pm25;desc"], "limit": 2}, [299, 298], 300),
    ],
)
def test_pages(many: Town, members: dict[str, Any], expected: list[int], count: int | None) -> None:
    given = dict(members)
    order = given.pop("order", None)
    if "q" in given:
        given["q"] = parse_q(given["q"], CORE)
    if order:
        given["ordering"] = parse_ordering(order, CORE)
    assert page_numbers(many, count=count is not None, **given) == (expected, count)


def test_near_is_ordered_by_distance(many: Town) -> None:
    place = {"georel": "near;maxDistance==500", "geometry": "Point", "coordinates": [0.1, 35]}
    geo = parse_geo_query(place)
    assert page_numbers(many, geo=geo, count=True) == ([95, 96, 97, 98, 99, 100, 101, 102, 103, 104, 105], 11)
    ordering = parse_ordering(["location;dist-asc"], CORE, order_from=[0.1003, 35])
    assert page_numbers(many, geo=geo, ordering=ordering, limit=4)[0] == [100, 101, 99, 102]


def test_observed_times_are_judged_by_the_database(many: Town) -> None:
    assert OBSERVED_AT in INSTANCE_MEMBERS
    assert page_numbers(many, q=parse_q("pm25.observedAt==2025-11-23T00:00:00Z", CORE), count=True)[1] == 300


def test_linked_entities_are_followed(town: Town) -> None:
    def linked(number: int, **attributes: Instance) -> Entity:
        named = {VOCABULARY + name: [instance] for name, instance in attributes.items()}
        return Entity(id=room(number), types=(ROOM,), attributes=named)

    def link(number: int) -> Instance:
        return Instance(kind=Kind.RELATIONSHIP, value=room(number))

    town.fill([linked(1, a=link(2)), linked(2, a=link(3), b=Instance(value=5)), linked(3, c=link(9))])
    for written, expected in (
        ("a{b}==5", [1]),
        ("a{Room:b}==5", [1]),
        ("a{Hall:b}==5", []),
        ("a{a{c}}", [1]),
        ("!a{b}", [2, 3]),
        ("c{b}", []),
        ("a{b}==5|c", [1, 3]),
        ("neverSeen{b}", []),
    ):
        page = town.store.query_entities(town.access, EntityQuery(q=parse_q(written, CORE), count=True))
        assert [one.id for one in page.items] == [room(number) for number in expected]
        assert page.count == len(expected)


def test_one_of_several_selectors_has_to_hold(many: Town) -> None:
    either = (
        EntitySelector(ids=("urn:ngsi-ld:Room:001",)),
        EntitySelector(types=TypeIs(ROOM), id_pattern="Room:29[89]$"),
        EntitySelector(types=TypeIs(PM25)),
    )
    assert page_numbers(many, any_of=either, count=True) == ([1, 298, 299], 3)
    assert page_numbers(many, any_of=(*either, EntitySelector()), limit=0, count=True) == ([], 300)


# Subscriptions


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"q": "pm25>10"}, 1),
        ({"q": "pm25>10.5;pm25<1e300"}, 1),
        ({"q": "pm25>1e300"}, 0),
        ({"q": "pm25==20.0"}, 1),
        ({"q": "pm25==9223372036854775807,1e25,6..15"}, 0),
        ({"scopeQ": "/Tokyo"}, 0),
        ({"geoQ": {"georel": "near;minDistance==0.5", "geometry": "Point", "coordinates": [8, 40]}}, 0),
    ],
)
def test_a_subscription_keeps_its_filters(town: Town, written: dict[str, Any], expected: int) -> None:
    asked = subscription("filtered", filters=read_filters(written, CORE))
    town.store.create_subscription(town.access, asked, None)
    stored = town.store.get_subscription(town.access, asked.id)
    assert stored.subscription == asked
    town.store.apply(town.access, [create(1, {PM25: value(5)}), update(1, {PM25: value(20)})])
    assert ask(town.database, "select count(*) from outbox") == [(expected,)]
