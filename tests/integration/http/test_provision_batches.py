"""Batches through the API on a real database: exact bodies, each entity for itself."""

from typing import Any

import httpx
import pytest

from context_api.http.batches import MAX_ITEMS
from tests.integration.http.conftest import problem
from tests.support.receiver import Answer, Receiver

ENTITIES = "/ngsi-ld/v1/entities"
BATCH = "/ngsi-ld/v1/entityOperations"
LD_JSON = {"Content-Type": "application/ld+json"}
ERRORS = "https://uri.etsi.org/ngsi-ld/errors/"
LINK = '</ngsi-ld/v1/jsonldContexts/city>; rel="http://www.w3.org/ns/json-ld#context"'


def room(number: int, **members: Any) -> dict[str, Any]:
    return {"id": f"urn:a:{number}", "type": "Room", **members}


def send(api: httpx.Client, operation: str, *documents: Any, status: int, **headers: str) -> Any:
    answer = api.post(f"{BATCH}/{operation}", json=list(documents), headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def failures(result: Any) -> list[tuple[str, str, int]]:
    """Give (id, error, status) of what failed; the shape of each is checked."""
    assert result.keys() == {"success", "errors"}
    for one in result["errors"]:
        assert one.keys() == {"entityId", "error"}
        assert one["error"].keys() >= {"type", "title", "status", "detail"}
    return [
        (one["entityId"], one["error"]["type"].removeprefix(ERRORS), one["error"]["status"])
        for one in result["errors"]
    ]


def values(api: httpx.Client, number: int) -> Any:
    found = api.get(f"{ENTITIES}/urn:a:{number}?options=keyValues")
    if found.status_code == 404:
        return None
    return {name: value for name, value in found.json().items() if name not in {"id", "type"}}


def test_create(api: httpx.Client) -> None:
    assert send(api, "create", room(1, a=1), room(2, a=2), status=201) == ["urn:a:1", "urn:a:2"]
    assert [values(api, number) for number in (1, 2)] == [{"a": 1}, {"a": 2}]
    result = send(api, "create", room(1, a=9), room(3), room(3, a=3), {"id": "urn:a:4"}, status=207)
    assert result["success"] == ["urn:a:3"]
    assert failures(result) == [
        ("urn:a:1", "AlreadyExists", 409),
        ("urn:a:3", "AlreadyExists", 409),
        ("urn:a:4", "BadRequestData", 400),
    ]
    assert result["errors"][2]["error"]["pointer"] == "/3/type"
    assert [values(api, number) for number in (1, 3, 4)] == [{"a": 1}, {}, None]
    assert send(api, "create", room(1), status=207)["success"] == []


def test_upsert_replaces_and_tells_what_it_created(api: httpx.Client) -> None:
    assert send(api, "upsert", room(1, a=1, b=1), room(2), room(1, a=2), status=201) == ["urn:a:1", "urn:a:2"]
    assert values(api, 1) == {"a": 2}
    assert send(api, "upsert", room(1, c=3), room(3), status=201) == ["urn:a:3"]
    assert send(api, "upsert", room(1, d=4), room(2, d=5), status=204) is None
    assert [values(api, number) for number in (1, 2)] == [{"d": 4}, {"d": 5}]
    result = send(api, "upsert", room(1, e=5), room(4), {"type": "Room"}, room(5, a=None), status=207)
    assert result["success"] == ["urn:a:1", "urn:a:4"]
    assert failures(result) == [("", "BadRequestData", 400), ("urn:a:5", "BadRequestData", 400)]


def test_upsert_by_update(api: httpx.Client) -> None:
    assert send(api, "create", room(1, a=1, b=1), status=201) == ["urn:a:1"]
    query = "upsert?options=update"
    assert send(api, query, room(1, a=2), room(2, a=3), room(2, b=4), status=201) == ["urn:a:2"]
    assert [values(api, number) for number in (1, 2)] == [{"a": 2, "b": 1}, {"a": 3, "b": 4}]
    problem(api.post(f"{BATCH}/upsert?options=update,replace", json=[room(1)]), 400, "InvalidRequest")
    problem(api.post(f"{BATCH}/upsert?options=merge", json=[room(1)]), 400, "InvalidRequest")


def test_update(api: httpx.Client) -> None:
    send(api, "create", room(1, a=1), room(2, a=1), status=201)
    assert send(api, "update", room(1, a=2, b=2), {"id": "urn:a:2", "b": 3}, status=204) is None
    assert [values(api, number) for number in (1, 2)] == [{"a": 2, "b": 2}, {"a": 1, "b": 3}]
    result = send(api, "update", room(1, c=1), room(9, c=1), status=207)
    assert result["success"] == ["urn:a:1"]
    assert failures(result) == [("urn:a:9", "ResourceNotFound", 404)]
    query = "update?options=noOverwrite"
    assert send(api, query, room(1, d=1), status=204) is None
    result = send(api, query, room(1, a=9, e=1), room(2, f=1), status=207)
    assert result["success"] == ["urn:a:2"]
    assert failures(result) == [("urn:a:1", "AlreadyExists", 409)]
    assert values(api, 1) == {"a": 2, "b": 2, "c": 1, "d": 1, "e": 1}


def test_merge(api: httpx.Client) -> None:
    send(api, "create", room(1, a={"value": {"x": 1, "y": 2}}, b=1), status=201)
    fragment = {"id": "urn:a:1", "a": {"value": {"x": "urn:ngsi-ld:null"}}, "b": "urn:ngsi-ld:null"}
    assert send(api, "merge", fragment, {"id": "urn:a:1", "a": {"value": {"y": 3}}}, status=204) is None
    assert values(api, 1) == {"a": {"y": 3}}
    result = send(api, "merge", fragment, {"a": 1}, {"id": "no uri", "a": 1}, {"id": "urn:a:1"}, status=207)
    assert result["success"] == ["urn:a:1"]
    assert failures(result) == [("", "BadRequestData", 400), ("no uri", "BadRequestData", 400)]


def test_delete(api: httpx.Client) -> None:
    send(api, "create", room(1), room(2), room(3), status=201)
    assert send(api, "delete", "urn:a:1", **LD_JSON, status=204) is None
    result = send(api, "delete", "urn:a:2", "urn:a:2", "no uri", "urn:a:1", "urn:a:3", status=207)
    assert result["success"] == ["urn:a:2", "urn:a:3"]
    assert failures(result) == [
        ("urn:a:2", "ResourceNotFound", 404),
        ("no uri", "BadRequestData", 400),
        ("urn:a:1", "ResourceNotFound", 404),
    ]
    assert [values(api, number) for number in (1, 2, 3)] == [None] * 3


@pytest.mark.parametrize("operation", ["create", "upsert", "update", "merge", "delete"])
def test_batches_that_are_refused_as_a_whole(api: httpx.Client, operation: str) -> None:
    path = f"{BATCH}/{operation}"
    problem(api.post(path, json={"id": "urn:a:1", "type": "Room"}), 400, "InvalidRequest")
    problem(api.post(path, json=[]), 400, "BadRequestData")
    for wrong in (None, 5, ["urn:a:1"]):
        valid = "urn:a:1" if operation == "delete" else room(1)
        problem(api.post(path, json=[valid, wrong]), 400, "BadRequestData")
    assert values(api, 1) is None
    problem(api.post(f"{path}?type=Room", json=[room(1)]), 400, "InvalidRequest")
    if operation not in ("create", "upsert"):
        answer = api.post(
            path, json=["urn:a:1"] if operation == "delete" else [room(1)], headers=tenant("no")
        )
        problem(answer, 404, "NonexistentTenant")


def tenant(name: str) -> dict[str, str]:
    return {"NGSILD-Tenant": name}


def test_a_batch_creates_its_tenant_if_it_creates_anything(api: httpx.Client) -> None:
    send(api, "create", {"id": "urn:a:1"}, **tenant("t1"), status=207)
    problem(api.get(f"{ENTITIES}?type=Room", headers=tenant("t1")), 404, "NonexistentTenant")
    assert send(api, "create", room(1), **tenant("t1"), status=201) == ["urn:a:1"]
    assert values(api, 1) is None


def test_each_entity_has_its_own_context(api: httpx.Client, http_receiver: Receiver) -> None:
    one, other = {"a": "https://example.org/one"}, {"a": "https://example.org/other"}
    http_receiver.always = Answer(404)
    documents = [
        {**room(1, a=1), "@context": one},
        {**room(2, a=2), "@context": other},
        room(3, a=3),
        {**room(4, a=4), "@context": f"{http_receiver.url}/missing.jsonld"},
        {**room(5, a=5), "@context": f"{http_receiver.url}/missing.jsonld"},
        {**room(6, a=6), "@context": 5},
    ]
    result = send(api, "create", *documents, **LD_JSON, status=207)
    assert result["success"] == ["urn:a:1", "urn:a:2"]
    assert failures(result) == [
        ("urn:a:3", "BadRequestData", 400),
        ("urn:a:4", "LdContextNotAvailable", 504),
        ("urn:a:5", "LdContextNotAvailable", 504),
        ("urn:a:6", "BadRequestData", 400),
    ]
    assert len(http_receiver.requests) == 1
    assert values(api, 1) == {"https://example.org/one": 1}
    assert values(api, 2) == {"https://example.org/other": 2}


def test_where_contexts_may_stand(api: httpx.Client) -> None:
    result = send(api, "create", {**room(1), "@context": {}}, room(2, pm25=1), Link=LINK, status=207)
    assert failures(result) == [("urn:a:1", "BadRequestData", 400)]
    assert "pm25" not in values(api, 2)
    found = api.get(f"{ENTITIES}/urn:a:2?options=keyValues", headers={"Link": LINK})
    assert found.json() == room(2, pm25=1)
    refused = api.post(
        f"{BATCH}/create", json=[{**room(3), "@context": {}}], headers={**LD_JSON, "Link": LINK}
    )
    problem(refused, 400, "BadRequestData")
    contexts = [{**room(n), "@context": {"a": f"https://example.org/{n}"}} for n in range(33)]
    assert "32" in problem(api.post(f"{BATCH}/create", json=contexts, headers=LD_JSON), 400, "BadRequestData")


def test_a_large_batch_is_written_in_slices(api: httpx.Client) -> None:
    numbers = range(1_201)
    created = send(api, "upsert", *(room(number, a=number) for number in numbers), status=201)
    assert created == [f"urn:a:{number}" for number in numbers]
    assert send(api, "upsert", *(room(number, a=0) for number in numbers), status=204) is None
    assert values(api, 1_200) == {"a": 0}
    result = send(api, "delete", *created, "urn:a:9999", status=207)
    assert result["success"] == created
    assert failures(result) == [("urn:a:9999", "ResourceNotFound", 404)]


def test_a_batch_has_a_limit_and_gives_its_room_back(api: httpx.Client) -> None:
    """Each of these is a large body: if one kept its room, the next would wait for ever."""
    ids = [f"urn:ngsi-ld:Room:{number:010}" for number in range(MAX_ITEMS + 1)]
    for _ in range(3):
        refused = api.post("/ngsi-ld/v1/entityOperations/delete", json=ids)
        assert refused.status_code == 413
        assert "at most 10000" in refused.json()["detail"]
    accepted = api.post("/ngsi-ld/v1/entityOperations/delete", json=ids[:3_000])
    assert (accepted.status_code, len(accepted.json()["errors"])) == (207, 3_000)
