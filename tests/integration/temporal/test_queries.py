"""Queries of histories (clause 5.7.4): what selects entities, and which instances are served."""

import json
from typing import Any

import httpx
import pytest

V1 = "/ngsi-ld/v1"
T = f"{V1}/temporal/entities"
DAY = {"timerel": "between", "timeAt": "2026-03-01T00:00:00Z", "endTimeAt": "2026-03-02T00:00:00Z"}
IN, IN_TOO, OUT = "2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z", "2026-02-01T00:00:00Z"


def room(number: int) -> str:
    return f"urn:ngsi-ld:Room:{number}"


def value(content: Any, at: str = IN, **members: Any) -> dict[str, Any]:
    return {"type": "Property", "value": content, "observedAt": at, **members}


def point(longitude: float, at: str = IN) -> dict[str, Any]:
    return {
        "type": "GeoProperty",
        "value": {"type": "Point", "coordinates": [longitude, 35.0]},
        "observedAt": at,
    }


def add(api: httpx.Client, number: int, type_: str = "Room", **attributes: Any) -> None:
    assert api.post(T, json={"id": room(number), "type": type_, **attributes}).status_code == 201


def found(api: httpx.Client, **parameters: str) -> list[int]:
    """The numbers of the rooms that a query of the day finds."""
    given = {"type": "Room", **DAY, **parameters}
    answer = api.get(T, params={name: text for name, text in given.items() if text})
    assert answer.status_code == 200, answer.text
    return [int(one["id"].rpartition(":")[2]) for one in answer.json()]


@pytest.fixture
def town(api: httpx.Client) -> httpx.Client:
    """Rooms whose past differs within the day and outside of it."""
    add(api, 1, temp=[value(10.5), value(99, OUT)], state=[value("open"), value("shut", IN_TOO)])
    add(api, 2, temp=[value(30), value(12.5, IN_TOO)], location=[point(139.0), point(140.0, OUT)])
    add(api, 3, temp=[value(2**53 + 1), value("hot", IN_TOO)], location=[point(140.0)])
    add(api, 4, temp=[value(50, OUT)])
    add(
        api,
        5,
        ref={"type": "Relationship", "object": "urn:a:1", "observedAt": IN},
        temp=value(1, unitCode="F"),
    )
    add(api, 6, "Hall", temp=[value(10, accuracy={"type": "Property", "value": 0.5}), value([7, 8], IN_TOO)])
    return api


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("temp", [1, 2, 3, 5]),
        ("!temp", []),
        ("!state", [2, 3, 5]),
        ("temp>20", [2, 3]),
        ("temp<=10.5", [1, 5]),
        ("temp==30", [2]),
        ("temp==9007199254740993", [3]),
        ("temp!=30", [1, 2, 3, 5]),
        ("temp!=1", [1, 2, 3]),
        ("temp==10..13", [1, 2]),
        ("temp!=10..13", [2, 3, 5]),
        ("temp==1,30", [2, 5]),
        ('temp=="hot"', [3]),
        ('temp!="hot"', [1, 2, 3, 5]),
        ('temp>"h"', [3]),
        ('temp~="^h"', [3]),
        ('state=="shut"', [1]),
        ('state!="open"', [1]),
        ('state=="ajar"', []),
        ("temp>20;temp<15", [2]),
        ("temp==30|state", [1, 2]),
        ("(temp==30|ref);!location", [5]),
        ('ref=="urn:a:1"', [5]),
        ("temp.unitCode==F", [5]),
        ("temp.observedAt>=2026-03-01T13:00:00Z", [2, 3]),
        ("temp.accuracy>0.1", []),
        ("createdAt>2000-01-01T00:00:00Z", [1, 2, 3, 5]),
    ],
)
def test_any_instance_in_the_window_may_match(town: httpx.Client, q: str, expected: list[int]) -> None:
    assert found(town, q=q) == expected


def test_what_is_no_plain_number_is_judged_too(town: httpx.Client) -> None:
    hall = {"type": "Hall"}
    assert found(town, q="temp==8", **hall) == [6]
    assert found(town, q="temp.accuracy==0.5", **hall) == [6]
    assert found(town, q="temp.accuracy>0.5", **hall) == []


def test_a_query_may_go_without_a_type(town: httpx.Client) -> None:
    assert found(town, type="", q="temp==30|temp==8") == [2, 6]
    assert found(town, type="", attrs="state") == [1]
    assert found(town, type="", local="true") == [1, 2, 3, 5, 6]
    assert found(town, type="*", q="temp>29") == [2, 3]
    assert found(town, type="Room,Hall", idPattern=":[26]$") == [2, 6]
    assert found(town, id=f"{room(1)},{room(4)},{room(2)}") == [1, 2]


def test_geoqueries_look_at_the_places_of_the_window(town: httpx.Client) -> None:
    near = {"georel": "near;maxDistance==1000", "geometry": "Point", "coordinates": "[140.0,35.0]"}
    assert found(town, **near) == [3]
    assert found(town, type="", **near) == [3]
    far = {"georel": "disjoint", "geometry": "Point", "coordinates": "[140.0,35.0]"}
    assert found(town, **far) == [2]
    assert found(town, **near, q="temp==30") == []


def test_only_instances_of_the_window_are_served(town: httpx.Client) -> None:
    parameters = {"type": "Room", **DAY, "q": "temp<11", "options": "temporalValues", "omit": "id"}
    [one, five] = town.get(T, params=parameters).json()
    assert one == {
        "type": "Room",
        "temp": {"type": "Property", "values": [[10.5, IN]]},
        "state": {"type": "Property", "values": [["open", IN], ["shut", IN_TOO]]},
    }
    assert five["temp"]["values"] == [[1, IN]]
    last = town.get(T, params={"type": "Room", **DAY, "lastN": "1", "attrs": "state", "pick": ""})
    assert last.status_code == 400
    last = town.get(T, params={"type": "Room", **DAY, "lastN": "1", "attrs": "state", "format": "simplified"})
    assert last.json()[0]["state"]["values"] == [["shut", IN_TOO]]


def test_pages_of_entities(town: httpx.Client) -> None:
    parameters = {"type": "Room", **DAY, "limit": "2", "count": "true", "pick": "id", "q": "temp"}
    first = town.get(T, params=parameters)
    assert ([one["id"] for one in first.json()], first.headers["ngsild-results-count"]) == (
        [room(1), room(2)],
        "4",
    )
    second = town.get(first.links["next"]["url"])
    assert [one["id"] for one in second.json()] == [room(3), room(5)]
    assert "next" not in second.links
    assert town.get(second.links["prev"]["url"]).json() == first.json()
    backward = town.get(T, params={**parameters, "orderBy": "id;desc"})
    assert [one["id"] for one in backward.json()] == [room(5), room(3)]
    assert town.get(T, params={**parameters, "limit": "0"}).headers["ngsild-results-count"] == "4"


def test_a_query_in_a_body_says_the_same(town: httpx.Client) -> None:
    body = {
        "type": "Query",
        "entities": [{"type": "Room", "idPattern": ":[12]$"}, {"type": "Hall"}],
        "temporalQ": {**DAY, "lastN": 1},
        "q": "temp>9",
        "pick": ["id", "temp"],
    }
    answer = town.post(
        f"{V1}/temporal/entityOperations/query", json=body, params={"format": "temporalValues"}
    )
    assert {one["id"]: one["temp"]["values"] for one in answer.json()} == {
        room(1): [[10.5, IN]],
        room(2): [[12.5, IN_TOO]],
        room(6): [[[7, 8], IN_TOO]],
    }
    for wrong in ({"temporalQ": "x"}, {"temporalQ": {"x": 1}}, {"temporalQ": None}, {"aggrParams": {"a": 1}}):
        assert town.post(f"{V1}/temporal/entityOperations/query", json={**body, **wrong}).status_code == 400


def test_scopes_select_and_clip(api: httpx.Client) -> None:
    scopes = [value("/a"), value(["/b", "/c"], IN_TOO)]
    late = "2026-03-01T14:00:00Z"
    add(api, 1, scope=scopes, temp=[value(1, "2026-03-01T11:00:00Z"), value(2, IN), value(3, late)])
    add(api, 2, scope=[value("/a", OUT)], temp=[value(1, IN)])
    add(api, 3, temp=[value(1, IN)])

    def temps(scope_q: str) -> dict[str, list[int]]:
        answer = api.get(T, params={"type": "Room", **DAY, "scopeQ": scope_q, "options": "temporalValues"})
        return {one["id"]: [pair[0] for pair in one["temp"]["values"]] for one in answer.json()}

    assert temps("/a") == {room(1): [2], room(2): [1]}
    assert temps("/b;/c") == {room(1): [3]}
    assert temps("/#") == {room(1): [2, 3], room(2): [1]}
    assert temps("/d") == {}
    [one, two] = api.get(
        T, params={"type": "Room", **DAY, "scopeQ": "/#", "options": "temporalValues"}
    ).json()
    assert one["scope"]["values"] == [["/a", IN], [["/b", "/c"], IN_TOO]]
    assert two["scope"]["values"] == [["/a", OUT]]


def test_scopes_changed_by_the_entitys_own_api_become_history(api: httpx.Client) -> None:
    entity = {"id": room(1), "type": "Room", "scope": "/old", "temp": value(1)}
    assert api.post(f"{V1}/entities", json=entity).status_code == 201
    assert api.patch(f"{V1}/entities/{room(1)}", json={"scope": ["/new"]}).status_code == 204
    [old, new] = api.get(f"{T}/{room(1)}", params={"options": "sysAttrs"}).json()["scope"]
    assert (old["value"], new["value"], new["observedAt"]) == ("/old", "/new", new["modifiedAt"])
    assert api.delete(f"{V1}/entities/{room(1)}/attrs/scope").status_code == 204
    [gone] = api.get(f"{T}/{room(1)}", params={"timeproperty": "deletedAt"}).json()["scope"]
    assert (gone["value"], set(gone)) == ([], {"type", "value", "instanceId", "deletedAt"})


def test_types_that_an_entity_had_still_find_its_history(api: httpx.Client) -> None:
    entity = {"id": room(1), "type": "Room", "temp": value(1)}
    assert api.post(f"{V1}/entities", json=entity).status_code == 201
    assert api.put(f"{V1}/entities/{room(1)}", json={**entity, "type": "Hall"}).status_code == 204
    assert found(api, type="Room") == found(api, type="Hall") == [1]
    assert api.delete(f"{V1}/entities/{room(1)}").status_code == 204
    assert found(api, type="Room") == found(api, type="Hall") == found(api, type="Room;Hall") == [1]
    assert api.delete(f"{T}/{room(1)}").status_code == 204
    assert found(api, type="Hall") == []


def test_languages_datasets_and_media_types(api: httpx.Client) -> None:
    label = {"type": "LanguageProperty", "languageMap": {"ja": "駅", "en": "station"}, "observedAt": IN}
    add(api, 1, label=label, temp=[value(1), value(2, datasetId="urn:d:1")])
    answer = api.get(f"{T}/{room(1)}", params={"lang": "ja", "options": "concise"})
    assert (answer.json()["label"][0]["value"], answer.json()["label"][0]["lang"]) == ("駅", "ja")
    for datasets, expected in (("@none", [1]), ("urn:d:1", [2]), ("urn:d:1,@none", [1, 2]), ("urn:d:2", [])):
        got = api.get(f"{T}/{room(1)}", params={"datasetId": datasets, "attrs": "temp"}).json()
        assert [one["value"] for one in got.get("temp", [])] == expected
    linked = api.get(f"{T}/{room(1)}", headers={"Accept": "application/ld+json"})
    assert "@context" in linked.json()
    assert "link" not in linked.headers
    assert api.get(f"{T}/{room(1)}", headers={"Accept": "application/geo+json"}).status_code == 406


HOSTILE: list[tuple[dict[str, str], int]] = [
    ({"timerel": "after", "timeAt": "0001-01-01T00:00:00Z"}, 200),
    ({"timerel": "before", "timeAt": "9999-12-31T23:59:59Z"}, 200),
    ({"timerel": "between", "timeAt": "0001-01-01T00:00:00Z", "endTimeAt": "9999-12-31T23:59:59Z"}, 200),
    ({**DAY, "endTimeAt": DAY["timeAt"]}, 400),
    ({**DAY, "timeAt": "2027-01-01T00:00:00Z"}, 400),
    ({**DAY, "endTimeAt": ""}, 400),
    ({"timerel": "after"}, 400),
    ({"timerel": "after", "timeAt": "2026-02-30T00:00:00Z"}, 400),
    ({"timerel": "after", "timeAt": "10000-01-01T00:00:00Z"}, 400),
    ({"timerel": "during", "timeAt": IN}, 400),
    ({**DAY, "lastN": "0"}, 400),
    ({**DAY, "lastN": "1e3"}, 400),
    ({**DAY, "lastN": "999999999"}, 200),
    ({**DAY, "timeproperty": "receivedAt"}, 400),
    ({**DAY, "timePage": "yesterday"}, 400),
    ({**DAY, "orderBy": "temp"}, 400),
    ({**DAY, "q": "owner{name}==1"}, 400),
    ({**DAY, "pick": "owner{name}"}, 400),
    ({**DAY, "options": "temporalValues,concise"}, 400),
    ({**DAY, "limit": "100000"}, 403),
    ({**DAY, "entityMap": "true"}, 422),
    ({**DAY, "aggrMethods": "median"}, 400),
    ({**DAY, "format": "aggregatedValues"}, 400),
    ({**DAY, "aggrMethods": "avg", "aggrPeriodDuration": "1 day"}, 400),
    ({**DAY, "aggrMethods": "avg", "timezone": "Asia/Kyobashi"}, 400),
    ({**DAY, "aggrMethods": "avg", "lastN": "3"}, 400),
    ({}, 400),
]


@pytest.mark.parametrize(("parameters", "status"), HOSTILE, ids=[json.dumps(each) for each, _ in HOSTILE])
def test_strange_ranges_and_parameters_get_a_precise_answer(
    api: httpx.Client, parameters: dict[str, str], status: int
) -> None:
    add(api, 1, temp=value(1))
    answer = api.get(T, params={"type": "Room", **parameters})
    assert answer.status_code == status, answer.text
    if status >= 400:
        assert answer.json()["detail"]


def test_a_query_without_a_selector_is_too_wide(api: httpx.Client) -> None:
    assert api.get(T, params={**DAY, "id": room(1)}).status_code in (400, 404)
    add(api, 1, temp=value(1))
    assert api.get(T, params={**DAY, "id": room(1)}).status_code == 400
    assert api.get(T, params={**DAY, "id": room(1), "local": "true"}).status_code == 200
