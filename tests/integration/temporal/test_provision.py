"""Writes of histories over HTTP (clauses 5.6.11 to 5.6.16): what they change, and what they do not."""

import json
from typing import Any

import httpx
import psycopg
import pytest

from context_api.store import temporal_writing
from tests.integration.temporal.conftest import Server

V1 = "/ngsi-ld/v1"
T = f"{V1}/temporal/entities"
ROOM = "urn:ngsi-ld:Room:1"


def at(minute: int, second: int = 0) -> str:
    return f"2026-03-01T12:{minute:02}:{second:02}Z"


def number(value: Any, minute: int, **members: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value, "observedAt": at(minute), **members}


def history(**attributes: Any) -> dict[str, Any]:
    return {"id": ROOM, "type": "Room", **attributes}


def pairs(api: httpx.Client, attribute: str = "probe", **parameters: str) -> list[Any]:
    """The [value, time] pairs of an attribute."""
    answer = api.get(f"{T}/{ROOM}", params={"options": "temporalValues", **parameters})
    assert answer.status_code == 200, answer.text
    found = answer.json().get(attribute, {"values": []})
    values: list[Any] = found["values"]
    return values


def ids(api: httpx.Client, attribute: str = "probe") -> dict[Any, str]:
    """Value -> instanceId."""
    return {one["value"]: one["instanceId"] for one in api.get(f"{T}/{ROOM}").json()[attribute]}


def test_a_history_is_created_added_to_and_corrected(api: httpx.Client) -> None:
    first = history(probe=[number(1, 0), number(2, 1)])
    created = api.post(T, json=first)
    assert (created.status_code, created.headers["location"]) == (201, f"{T}/{ROOM}")
    again = api.post(T, json={**history(probe=number(9, 1)), "type": ["Room", "Hall"]})
    assert (again.status_code, again.content) == (204, b"")
    assert pairs(api) == [[1, at(0)], [9, at(1)]]
    assert (
        api.post(f"{T}/{ROOM}/attrs", json={"probe": [number(3, 2)], "door": number("open", 2)}).status_code
        == 204
    )
    assert pairs(api) == [[1, at(0)], [9, at(1)], [3, at(2)]]
    assert pairs(api, "door") == [["open", at(2)]]
    assert sorted(api.get(f"{T}/{ROOM}").json()["type"]) == ["Hall", "Room"]
    by_new_type = {"type": "Hall", "timerel": "after", "timeAt": at(0)}
    assert [one["id"] for one in api.get(T, params=by_new_type).json()] == [ROOM]


def ask(server: Server, statement: str, api: httpx.Client) -> list[Any]:
    """Ask the database about the tenant of a client."""
    with psycopg.connect(server.database_url) as connection:
        connection.execute("set search_path to machi")
        return connection.execute(statement, [api.headers["NGSILD-Tenant"]]).fetchall()


def test_backfill_leaves_the_present_alone_and_wakes_nobody(api: httpx.Client, server: Server) -> None:
    entity = {"id": ROOM, "type": "Room", "probe": number(5, 30)}
    assert api.post(f"{V1}/entities", json=entity).status_code == 201
    subscription = {
        "type": "Subscription",
        "entities": [{"type": "Room"}],
        "notification": {"endpoint": {"uri": "http://127.0.0.1:9/"}},
    }
    assert api.post(f"{V1}/subscriptions", json=subscription).status_code == 201
    before = api.get(f"{V1}/entities/{ROOM}", params={"options": "sysAttrs"}).json()
    assert (
        api.post(T, json=history(probe=[number(1, 0), number(9, 59)], extra=number(1, 0))).status_code == 204
    )
    assert api.get(f"{V1}/entities/{ROOM}", params={"options": "sysAttrs"}).json() == before
    assert pairs(api) == [[1, at(0)], [5, at(30)], [9, at(59)]]
    of_tenant = "join tenant t on t.id = x.tenant_id where t.name = %s"
    assert ask(server, f"select count(*) from change x {of_tenant}", api) == [(1,)]
    assert ask(server, f"select count(*) from outbox x {of_tenant}", api) == [(0,)]


VALUES: dict[str, Any] = {
    "float": {"type": "Property", "value": 0.1, "unitCode": "CEL"},
    "whole": {"type": "Property", "value": 20.0},
    "integer": {"type": "Property", "value": 2**53 + 1},
    "huge": {"type": "Property", "value": -(10**30)},
    "text": {"type": "Property", "value": '駅前 " \\'},
    "flag": {"type": "Property", "value": False},
    "list": {"type": "Property", "value": [1, 1.0, "x", None]},
    "object": {"type": "Property", "value": {"a": {"b": [2**64]}}},
    "moment": {"type": "Property", "value": {"@type": "DateTime", "@value": "2026-01-01T00:00:00Z"}},
    "link": {"type": "Relationship", "object": "urn:ngsi-ld:Room:2"},
    "place": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [139.4657, 35.7598]}},
    "label": {"type": "LanguageProperty", "languageMap": {"ja": "駅", "en": "station"}},
    "json": {"type": "JsonProperty", "json": {"id": 1, "@x": [1.0]}},
    "vocab": {"type": "VocabProperty", "vocab": ["open", "closed"]},
    "items": {"type": "ListProperty", "valueList": [1, 2.5]},
    "links": {"type": "ListRelationship", "objectList": [{"object": "urn:a:1"}, {"object": "urn:a:2"}]},
    "deep": {
        "type": "Property",
        "value": 1.5,
        "accuracy": {"type": "Property", "value": 0.5, "unitCode": "P1"},
        "measuredBy": {"type": "Relationship", "object": "urn:ngsi-ld:Device:1"},
    },
}


def spelled(document: Any) -> str:
    """Write a document so that 1 and 1.0 differ, and the order of members does not matter."""
    return json.dumps(document, sort_keys=True)


def test_whatever_is_written_comes_back_exactly_and_as_from_an_entity(api: httpx.Client) -> None:
    given = {name: {**value, "observedAt": at(0)} for name, value in VALUES.items()}
    assert api.post(T, json=history(**given)).status_code == 201
    other = "urn:ngsi-ld:Room:2"
    assert api.post(f"{V1}/entities", json={**history(**given), "id": other}).status_code == 201
    for accept in ("application/json", "application/ld+json"):
        served = [api.get(f"{T}/{one}", headers={"Accept": accept}).json() for one in (ROOM, other)]
        for document in served:
            for instances in (value for value in document.values() if isinstance(value, list)):
                for instance in instances:
                    instance.pop("instanceId", None) if isinstance(instance, dict) else None
            del document["id"]
            document.pop("@context", None)
        assert spelled(served[0]) == spelled(served[1])
        expected = {name: [one] for name, one in given.items()}
        assert spelled({name: served[0][name] for name in given}) == spelled(expected)


def test_instances_are_corrected_and_keep_their_names(api: httpx.Client, server: Server) -> None:
    api.post(T, json=history(probe=[number(1, 0), number(2, 1), number(3, 2)]))
    names = ids(api)
    path = f"{T}/{ROOM}/attrs/probe"
    created = api.get(f"{T}/{ROOM}", params={"options": "sysAttrs"}).json()["probe"][0]["createdAt"]

    assert api.patch(f"{path}/{names[1]}", json=number(1.5, 0)).status_code == 204
    assert ids(api)[1.5] == names[1]
    # To another time, and a new value at the old one: both have names of their own, for good
    assert api.patch(f"{path}/{names[1]}", json={"probe": [number(7, 30)]}).status_code == 204
    assert pairs(api) == [[2, at(1)], [3, at(2)], [7, at(30)]]
    assert api.post(f"{T}/{ROOM}/attrs", json={"probe": number(8, 0)}).status_code == 204
    now = ids(api)
    assert (now[7], now[2], now[3]) == (names[1], names[2], names[3])
    assert len(set(now.values())) == 4
    assert api.patch(f"{path}/{now[8]}", json=number(8.5, 40)).status_code == 204
    assert api.patch(f"{path}/{now[7]}", json=number(7.5, 0)).status_code == 204
    later = ids(api)
    assert (later[8.5], later[7.5]) == (now[8], names[1])
    [moved] = [
        one
        for one in api.get(f"{T}/{ROOM}", params={"options": "sysAttrs"}).json()["probe"]
        if one["value"] == 7.5
    ]
    assert moved["createdAt"] == created < moved["modifiedAt"]
    taken = api.patch(f"{path}/{now[8]}", json=number(1, 1))
    assert (taken.status_code, taken.json()["title"]) == (409, "It exists already")
    kept = ask(
        server,
        "select o.value from observation_superseded o join series s on s.id = o.series_id"
        " join tenant t on t.id = s.tenant_id where t.name = %s order by o.superseded_at",
        api,
    )
    assert kept == [(1,), (1.5,), (8,), (7,)]

    assert api.delete(f"{path}/{now[8]}").status_code == 204
    assert api.delete(f"{path}/{now[8]}").status_code == 404
    assert api.delete(f"{path}/{names[2]}").status_code == 204
    assert pairs(api) == [[7.5, at(0)], [3, at(2)]]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PATCH", f"{T}/{ROOM}/attrs/probe/urn:ngsi-ld:Instance:999-1", {"value": 1}, 404),
        ("PATCH", f"{T}/{ROOM}/attrs/probe/urn:other:1", {"value": 1}, 404),
        ("PATCH", f"{T}/{ROOM}/attrs/probe/none", {"value": 1}, 400),
        ("DELETE", f"{T}/{ROOM}/attrs/unknown/urn:other:1", None, 404),
        ("DELETE", f"{T}/{ROOM}/attrs/unknown", None, 404),
        ("DELETE", f"{T}/{ROOM}/attrs/probe?datasetId=urn:d:1", None, 404),
        ("DELETE", f"{T}/{ROOM}/attrs/probe?datasetId=urn:d:1&deleteAll=true", None, 400),
        ("DELETE", f"{T}/urn:ngsi-ld:Room:2", None, 404),
        ("POST", f"{T}/urn:ngsi-ld:Room:2/attrs", {"probe": {"value": 1}}, 404),
        ("POST", f"{T}/{ROOM}/attrs", {}, 400),
        ("POST", T, {"id": "urn:x:1", "probe": {"value": 1}}, 400),
        ("POST", T, {"type": "Room"}, 400),
        ("POST", T, {"id": "urn:x:1", "type": "Room", "expiresAt": "urn:ngsi-ld:null"}, 400),
        (
            "POST",
            T,
            {"id": "urn:x:1", "type": "Room", "scope": [{"type": "Relationship", "value": "/a"}]},
            400,
        ),
        ("POST", T, {"id": "urn:x:1", "type": "Room", "probe": [{"type": "Property", "value": 1}, 2]}, 201),
    ],
)
def test_what_cannot_be_done_is_refused(
    api: httpx.Client, method: str, path: str, body: Any, status: int
) -> None:
    api.post(T, json=history(probe=[number(1, 0)]))
    answer = api.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    if status >= 400:
        assert set(answer.json()) >= {"type", "title", "detail", "status"}


def test_deletions(api: httpx.Client) -> None:
    probes = [number(1, 0), number(2, 1, datasetId="urn:d:1"), number(3, 2, datasetId="urn:d:2")]
    api.post(T, json=history(probe=probes, door=number("open", 0)))
    assert api.delete(f"{T}/{ROOM}/attrs/probe").status_code == 204
    assert set(ids(api)) == {2, 3}
    assert api.delete(f"{T}/{ROOM}/attrs/probe", params={"datasetId": "urn:d:1"}).status_code == 204
    assert set(ids(api)) == {3}
    assert api.delete(f"{T}/{ROOM}/attrs/probe", params={"deleteAll": "true"}).status_code == 204
    assert set(api.get(f"{T}/{ROOM}").json()) == {"id", "type", "door"}
    assert api.delete(f"{T}/{ROOM}").status_code == 204
    assert api.get(f"{T}/{ROOM}").status_code == 404
    assert api.delete(f"{T}/{ROOM}").status_code == 404
    assert api.post(T, json=history(door=number("shut", 5))).status_code == 201
    assert pairs(api, "door") == [["shut", at(5)]]


@pytest.mark.parametrize("count", [3, 4, 5])
def test_long_histories_are_deleted_slice_by_slice(
    api: httpx.Client, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(temporal_writing, "DELETED_AT_A_TIME", 2)
    probes = [number(n, n) for n in range(count)]
    api.post(T, json=history(probe=probes, door=[number("open", 0), number("shut", 1)]))
    assert api.delete(f"{T}/{ROOM}/attrs/probe").status_code == 204
    assert set(api.get(f"{T}/{ROOM}").json()) == {"id", "type", "door"}
    api.post(T, json=history(probe=probes))
    assert api.delete(f"{T}/{ROOM}").status_code == 204
    assert api.get(f"{T}/{ROOM}").status_code == 404


def test_the_marks_of_deletions(api: httpx.Client) -> None:
    gone = {"type": "Property", "value": "urn:ngsi-ld:null", "observedAt": at(10)}
    api.post(T, json=history(probe=[number(1, 0), gone], door={"value": "open"}))
    assert pairs(api) == [[1, at(0)], ["urn:ngsi-ld:null", at(10)]]
    assert pairs(api, timeproperty="deletedAt") == [["urn:ngsi-ld:null", at(10)]]
    # By the entity's own API: of an entity that only history knows, and of one that is there
    assert api.delete(f"{V1}/entities/{ROOM}/attrs/door").status_code == 204
    assert api.delete(f"{V1}/entities/{ROOM}/attrs/door").status_code == 404
    assert api.delete(f"{V1}/entities/{ROOM}/attrs/probe").status_code == 404
    [mark] = api.get(f"{T}/{ROOM}", params={"timeproperty": "deletedAt"}).json()["door"]
    assert (mark["value"], "deletedAt" in mark, "observedAt" in mark) == ("urn:ngsi-ld:null", True, False)
    assert [value for value, _ in pairs(api, "door")] == ["open"]


def test_tenants_have_histories_of_their_own(api: httpx.Client) -> None:
    mine = {"NGSILD-Tenant": "mine"}
    assert api.post(T, json=history(probe=number(1, 0)), headers=mine).status_code == 201
    assert api.post(T, json=history(probe=number(2, 0))).status_code == 201
    assert api.delete(f"{T}/{ROOM}").status_code == 204
    assert api.get(f"{T}/{ROOM}").status_code == 404
    assert api.get(f"{T}/{ROOM}", headers=mine).json()["probe"][0]["value"] == 1
    assert api.get(f"{T}/{ROOM}", headers={"NGSILD-Tenant": "nobody"}).status_code == 404
