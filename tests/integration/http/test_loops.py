"""Notifications that come back to the broker that sent them."""

import httpx

from tests.integration.http.conftest import problem

ENTITIES = "/ngsi-ld/v1/entities"
ROOM = {"id": "urn:ngsi-ld:Room:1", "type": "Room"}


def alias(api: httpx.Client, tenant: str = "default") -> str:
    answer = api.get("/ngsi-ld/v1/info/sourceIdentity", headers={"NGSILD-Tenant": tenant})
    name: str = answer.json()["contextSourceAlias"]
    return name


def test_a_write_that_this_tenant_caused_is_refused(api: httpx.Client) -> None:
    via = {"Via": f"1.1 other, 1.1 {alias(api)}"}
    detail = problem(api.post(ENTITIES, json=ROOM, headers=via), 508, "about:blank")
    assert "leads back" in detail
    assert api.get(ENTITIES, params={"type": "Room"}, headers=via).json() == []


def test_other_brokers_and_tenants_may_write(api: httpx.Client) -> None:
    assert api.post(ENTITIES, json=ROOM, headers={"Via": "1.1 proxy"}).status_code == 201
    via = {"Via": f"1.1 {alias(api)}", "NGSILD-Tenant": "other"}
    assert api.post(ENTITIES, json=ROOM, headers=via).status_code == 201


def test_too_many_hops_are_a_circle(api: httpx.Client) -> None:
    via = {"Via": ", ".join(f"1.1 broker-{number}" for number in range(9))}
    assert "9 brokers" in problem(api.post(ENTITIES, json=ROOM, headers=via), 508, "about:blank")
