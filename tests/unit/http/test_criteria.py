"""What a client asks, from a URL or a body, and what of it is refused (clauses 5.2.23, 5.7.1 and 5.7.2)."""

from typing import Any

import pytest

from context_api.http.consumption import build_presentation, build_query
from context_api.http.criteria import Criteria, Selector, criteria_of_body, criteria_of_url
from context_api.http.negotiation import GEO_JSON, JSON
from context_api.http.parameters import PARAMETERS, parse_query
from context_api.http.representation import Representation
from context_api.ngsild.contexts import core_context
from context_api.ngsild.errors import BadRequestData, OperationNotSupported
from context_api.ngsild.linked import Join
from context_api.ngsild.presentation import Presentation
from context_api.ngsild.query import EntityQuery

CORE = core_context()
QUERY = {"type": "Query", "entities": [{"type": "Room"}]}


def of_url(text: str) -> Criteria:
    return criteria_of_url(parse_query(text.encode(), PARAMETERS))


def ask(criteria: Criteria, accept: str = JSON) -> tuple[EntityQuery, Presentation]:
    query = build_query(criteria, CORE, limit=20, offset=0, count=False)
    return query, build_presentation(criteria, Representation(), accept, CORE)


@pytest.mark.parametrize(
    ("url", "body"),
    [
        ("type=Room", {}),
        ("type=Room&attrs=a,b", {"attrs": ["a", "b"]}),
        ("type=Room&pick=a|id&lang=ja", {"pick": ["a", "id"], "lang": "ja"}),
        ("type=Room&omit=rel%7Ba%7D&join=inline", {"omit": ["rel{a}"], "join": "inline"}),
        ("type=Room&join=inline&joinLevel=2", {"join": "inline", "joinLevel": 2}),
        ("type=Room&q=a>5&scopeQ=/x/%23", {"q": "a>5", "scopeQ": "/x/#"}),
        ("type=Room&datasetId=@none,urn:d:1", {"datasetId": ["@none", "urn:d:1"]}),
        ("type=Room&join=flat&containedBy=urn:a:1", {"join": "flat", "containedBy": ["urn:a:1"]}),
        ("type=Room&q=a==x&expandValues=a", {"q": "a==x", "expandValues": ["a"]}),
        ("type=Room&q=a==x&expandValues=a,b", {"q": "a==x", "expandValues": "a,b"}),
        ("type=Room&q=a==x&expandValues=a,b&jsonKeys=a", {"q": "a==x", "expandValues": ["b"]}),
        ("type=Room&geoproperty=place", {}),
        (
            "type=Room&georel=near;maxDistance==5&geometry=Point&coordinates=[1,2]&geoproperty=place",
            {
                "geoQ": {
                    "georel": "near;maxDistance==5",
                    "geometry": "Point",
                    "coordinates": [1, 2],
                    "geoproperty": "place",
                }
            },
        ),
        (
            "type=Room&orderBy=location;dist-asc,a&orderFrom=[1,2]",
            {"ordering": {"orderBy": ["location;dist-asc", "a"], "coordinates": [1, 2], "geometry": "Point"}},
        ),
    ],
)  # fmt: skip
def test_url_and_body_say_the_same(url: str, body: dict[str, Any]) -> None:
    assert ask(of_url(url)) == ask(criteria_of_body({**QUERY, **body}))


def test_a_body_has_several_selectors() -> None:
    selectors = [
        {"type": "A", "id": "urn:a:1", "idPattern": "x"},
        {"type": "B", "id": ["urn:b:1", "urn:b:2"]},
    ]
    criteria = criteria_of_body({"type": "Query", "entities": selectors})
    assert criteria.selectors == (Selector("A", ("urn:a:1",), "x"), Selector("B", ("urn:b:1", "urn:b:2")))
    query, _ = ask(criteria)
    assert [one.ids for one in query.any_of] == [("urn:a:1",), ("urn:b:1", "urn:b:2")]
    assert (query.types, query.ids) == (None, ())


@pytest.mark.parametrize(
    "text",
    [
        *("", "id=urn:a:1", "idPattern=a", "q=modifiedAt>2026-01-01T00:00:00Z", "scopeQ=/a", "pick=a"),
        *("csf=a==1", "orderBy=id", "local=false", "attrs=createdAt", "lang=ja"),
    ],
)
def test_what_does_not_narrow_is_too_wide(text: str) -> None:
    with pytest.raises(BadRequestData):
        ask(of_url(text))


@pytest.mark.parametrize(
    "text", ["type=*", "attrs=a", "q=a", "local=true", "type=A&local=false", "q=rel{x}&join=flat"]
)
def test_what_narrows_is_answered(text: str) -> None:
    ask(of_url(text))


@pytest.mark.parametrize(
    "text",
    [
        *("type=*&local=false", "type=A&id=nothing", "type=A&idPattern=(", "type=A&csf=))bad(("),
        *("type=A&join=deep", "type=A&join=flat&joinLevel=0", "type=A&join=flat&joinLevel=11"),
        *("type=A&pick=rel%7Ba%7D", "type=A&omit=rel%7Ba%7Bb%7D%7D&join=inline", "type=A&pick=a&attrs=b"),
        *("type=A&q=rel{a}", "type=A&q=rel{x{a}}&join=inline", "type=A&geometryProperty=location"),
        *(
            "type=A&georel=within",
            "type=A&orderGeometry=Point",
            "type=A&orderBy=a;dist-asc&orderFrom=[1,2]&orderGeometry=LineString",
            "type=A&jsonKeys=id",
            "type=A&orderFrom=[1,2]",
            "type=A&collation=ja",
        ),
        *("type=A&datasetId=x%20y", "type=A&containedBy=nothing", "type=A&lang=!", "type=A&orderBy=a;up"),
        *("type=A&orderBy=location;dist-asc", "type=A&attrs=id", "type=A&scopeQ=//", "type=A&collation=ja"),
    ],
)
def test_wrong_parameters_are_refused(text: str) -> None:
    with pytest.raises(BadRequestData):
        ask(of_url(text))


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"type": "NotQuery"}, "/type"),
        ({"foo": 1}, "/foo"),
        ({"a/b~": 1}, "/a~1b~0"),
        ({"temporalQ": {"timerel": "after"}}, "/temporalQ"),
        ({"entities": []}, "/entities"),
        ({"splitEntities": "true"}, "/splitEntities"),
        ({"ordering": {}}, "/ordering/orderBy"),
        ({"expandValues": "a,,b"}, "/expandValues"),
        ({"jsonKeys": 5}, "/jsonKeys"),
        ({"@type": "Query"}, "/@type"),
        ({"entities": [{"type": "A", "@type": "A"}]}, "/entities/0/@type"),
        ({"entities": {}}, "/entities"),
        ({"entities": [1]}, "/entities/0"),
        ({"entities": [{"id": "urn:a:1"}]}, "/entities/0/type"),
        ({"entities": [{"type": "A", "id": ["urn:a:1", 5]}]}, "/entities/0/id"),
        ({"entities": [{"type": "A"}, {"type": "B", "x": 1}]}, "/entities/1/x"),
        ({"attrs": []}, "/attrs"),
        ({"pick": [""]}, "/pick"),
        ({"q": 42}, "/q"),
        ({"q": ""}, "/q"),
        ({"lang": None}, "/lang"),
        ({"joinLevel": True}, "/joinLevel"),
        ({"joinLevel": "1"}, "/joinLevel"),
        ({"geoQ": []}, "/geoQ"),
        ({"geoQ": {"near": 1}}, "/geoQ/near"),
        ({"ordering": {"orderBy": ["id"], "geometry": 5}}, "/ordering/geometry"),
        ({"ordering": {"orderBy": ["id"], "coordinates": "8,40"}}, "/ordering/coordinates"),
    ],
)
def test_wrong_bodies_are_refused_by_place(body: dict[str, Any], pointer: str) -> None:
    with pytest.raises(BadRequestData) as caught:
        criteria_of_body({**QUERY, **body})
    assert caught.value.pointer == pointer


@pytest.mark.parametrize(
    "body",
    [{"joinLevel": 0}, {"join": "deep"}, {"geoQ": {"georel": "within"}}, {"ordering": {"collation": "ja"}}],
)
def test_wrong_values_are_refused(body: dict[str, Any]) -> None:
    with pytest.raises(BadRequestData):
        ask(criteria_of_body({**QUERY, **body}))


def test_join_can_be_said_not_to_be_wanted() -> None:
    assert of_url("type=A&join=@none").join is None
    assert of_url("type=A&join=flat").join is Join.FLAT
    assert ask(of_url("type=A"), GEO_JSON)[1].geometry_property == CORE.expand("location")


def test_keywords_stand_for_id_and_type_in_a_query_too() -> None:
    body = {"@type": "Query", "entities": [{"@type": "Room", "@id": "urn:a:1"}]}
    plain = {"type": "Query", "entities": [{"type": "Room", "id": "urn:a:1"}]}
    assert criteria_of_body(body) == criteria_of_body(plain)


@pytest.mark.parametrize("name", ["entityMap", "entityMapLifetime"])
def test_members_that_are_not_served_yet_are_named(name: str) -> None:
    with pytest.raises(OperationNotSupported, match=name):
        criteria_of_body({**QUERY, name: True})
