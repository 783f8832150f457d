"""Declared indexes through the API: declared, listed with their state, refused with reasons, deleted."""

import threading
from typing import Any

import httpx
import pytest

from context_api.store.index_building import maintain_indexes

INDEXES = "/api/v1/indexes"
DEFAULT = "https://uri.etsi.org/ngsi-ld/default-context/"


def create(api: httpx.Client, number: int, tenant: str | None = None, **attributes: Any) -> None:
    entity = {"id": f"urn:ngsi-ld:Bin:{number}", "type": "Bin", **attributes}
    headers = {} if tenant is None else {"NGSILD-Tenant": tenant}
    assert api.post("/ngsi-ld/v1/entities", json=entity, headers=headers).status_code == 201


def status(value: Any, **members: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value, **members}


def build(database_url: str) -> None:
    maintain_indexes(database_url, threading.Event())


def test_an_index_is_declared_built_used_and_deleted(api: httpx.Client, database_url: str) -> None:
    create(api, 1, status=status("full"))
    create(api, 2, status=status("empty"))
    assert api.get(INDEXES).json() == {"indexes": []}
    made = api.post(INDEXES, json={"attribute": "status", "type": "Bin"})
    assert made.status_code == 201
    declared = made.json()
    assert made.headers["location"] == f"{INDEXES}/{declared['id']}"
    assert declared == {
        "id": declared["id"],
        "attribute": "status",
        "type": "Bin",
        "state": "waiting",
        "createdAt": declared["createdAt"],
        "sizeBytes": 0,
        "uses": 0,
    }
    build(database_url)
    found = api.get(made.headers["location"]).json()
    assert found["state"] == "ready"
    assert found["sizeBytes"] > 0
    assert found["readyAt"] > found["createdAt"]
    assert api.get(INDEXES).json() == {"indexes": [found]}
    answer = api.get("/ngsi-ld/v1/entities", params={"type": "Bin", "q": 'status=="full"'})
    assert [one["id"] for one in answer.json()] == ["urn:ngsi-ld:Bin:1"]
    assert api.delete(made.headers["location"]).status_code == 204
    assert api.get(made.headers["location"]).status_code == 404
    assert (
        api.get("/ngsi-ld/v1/entities", params={"type": "Bin", "q": 'status=="full"'}).json() == answer.json()
    )


def test_names_stand_in_the_context_of_the_request(api: httpx.Client) -> None:
    link = '</ngsi-ld/v1/jsonldContexts/city>; rel="http://www.w3.org/ns/json-ld#context"'
    by_iri = api.post(INDEXES, json={"attribute": f"{DEFAULT}colour"}).json()
    assert by_iri["attribute"] == "colour"
    again = api.post(INDEXES, json={"attribute": "colour"})
    assert again.status_code == 409
    assert again.json()["title"]
    in_city = api.post(INDEXES, json={"attribute": "status"}, headers={"Link": link})
    assert in_city.status_code in {201, 409}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/attribute"),
        ({"attribute": 5}, "/attribute"),
        ({"attribute": "a b"}, "/attribute"),
        ({"attribute": "id"}, "/attribute"),
        ({"attribute": "a", "type": "x y"}, "/type"),
        ({"attribute": "a", "type": None}, "/type"),
        ({"attribute": "a", "kind": 1}, "/kind"),
    ],
)
def test_what_is_no_index_is_refused(api: httpx.Client, body: Any, pointer: str) -> None:
    answer = api.post(INDEXES, json=body)
    assert answer.status_code == 400
    assert answer.json()["pointer"] == pointer
    assert api.get(INDEXES).json() == {"indexes": []}


def test_what_is_measured_is_refused_with_the_reason(api: httpx.Client) -> None:
    create(api, 1, level=status(5, observedAt="2026-11-23T00:00:00Z"))
    answer = api.post(INDEXES, json={"attribute": "level"})
    assert answer.status_code == 422
    assert "observedAt" in answer.json()["detail"]


@pytest.mark.parametrize("index_id", ["1", "x", "-1", "99999999999999999999999", "%00", "1.5"])
def test_what_is_not_there_is_not_found(api: httpx.Client, index_id: str) -> None:
    for method in ("GET", "DELETE"):
        assert api.request(method, f"{INDEXES}/{index_id}").status_code in {400, 404}
    assert api.get(f"{INDEXES}/1").json()["detail"] == "There is no index 1"


def test_each_tenant_has_its_own(api: httpx.Client) -> None:
    create(api, 1, tenant="elsewhere", status=status("full"))
    made = api.post(INDEXES, json={"attribute": "status"}, headers={"NGSILD-Tenant": "elsewhere"})
    assert made.status_code == 201
    assert api.get(INDEXES).json() == {"indexes": []}
    assert api.delete(made.headers["location"]).status_code == 404
    assert api.post(INDEXES, json={"attribute": "a"}, headers={"NGSILD-Tenant": "nowhere"}).status_code == 404
