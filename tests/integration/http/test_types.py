"""Discovery of types and attributes: what there is now, and nothing that was or will not be."""

import time
from typing import Any

import httpx
import pytest

from tests.integration.http.conftest import problem

BASE = "/ngsi-ld/v1"
VOCABULARY = "https://uri.etsi.org/ngsi-ld/default-context/"


def create(api: httpx.Client, entity_id: str, type_: Any, /, **attributes: Any) -> None:
    document = {"id": f"urn:ngsi-ld:{entity_id}", "type": type_, **attributes}
    assert api.post(f"{BASE}/entities", json=document).status_code == 201


@pytest.fixture
def town(api: httpx.Client) -> httpx.Client:
    create(api, "R:1", "Room", temperature={"type": "Property", "value": 20}, name={"value": "a"})
    create(api, "R:2", ["Room", "Place"], temperature={"type": "Relationship", "object": "urn:x:1"})
    create(api, "C:1", "Car", name=[{"value": 1}, {"value": 2, "datasetId": "urn:d:1"}])
    return api


def get(api: httpx.Client, path: str, status: int = 200) -> Any:
    response = api.get(f"{BASE}{path}")
    assert response.status_code == status, response.text
    return response.json()


def test_names_of_types_and_attributes(town: httpx.Client) -> None:
    types = get(town, "/types")
    assert (types["type"], types["typeList"]) == ("EntityTypeList", ["Car", "Place", "Room"])
    attributes = get(town, "/attributes/")
    assert (attributes["type"], attributes["attributeList"]) == ("AttributeList", ["name", "temperature"])
    response = town.get(f"{BASE}/attributes?count=true&local=true")
    assert response.headers["NGSILD-Results-Count"] == "2"


def test_details_say_who_has_what(town: httpx.Client) -> None:
    assert get(town, "/types?details=true") == [
        {"id": f"{VOCABULARY}{name}", "type": "EntityType", "typeName": name, "attributeNames": attributes}
        for name, attributes in (
            ("Car", ["name"]),
            ("Place", ["temperature"]),
            ("Room", ["name", "temperature"]),
        )
    ]
    assert get(town, "/attributes?details=true") == [
        {"id": f"{VOCABULARY}{name}", "type": "Attribute", "attributeName": name, "typeNames": types}
        for name, types in (("name", ["Car", "Room"]), ("temperature", ["Place", "Room"]))
    ]


def test_one_type(town: httpx.Client) -> None:
    assert get(town, "/types/Room") == {
        "id": f"{VOCABULARY}Room",
        "type": "EntityTypeInfo",
        "typeName": "Room",
        "entityCount": 2,
        "attributeDetails": [
            {
                "id": f"{VOCABULARY}name",
                "type": "Attribute",
                "attributeName": "name",
                "attributeTypes": ["Property"],
            },
            {
                "id": f"{VOCABULARY}temperature",
                "type": "Attribute",
                "attributeName": "temperature",
                "attributeTypes": ["Property", "Relationship"],
            },
        ],
    }
    expanded = get(town, "/types/https%3A%2F%2Furi.etsi.org%2Fngsi-ld%2Fdefault-context%2FCar")
    assert (expanded["typeName"], expanded["entityCount"]) == ("Car", 1)


def test_one_attribute_counts_its_instances(town: httpx.Client) -> None:
    assert get(town, "/attributes/name") == {
        "id": f"{VOCABULARY}name",
        "type": "Attribute",
        "attributeName": "name",
        "attributeCount": 3,
        "attributeTypes": ["Property"],
        "typeNames": ["Car", "Room"],
    }


def test_what_is_gone_is_not_there(town: httpx.Client) -> None:
    assert town.delete(f"{BASE}/entities/urn:ngsi-ld:R:2").status_code == 204
    assert get(town, "/types/Room")["attributeDetails"][1]["attributeTypes"] == ["Property"]
    problem(town.get(f"{BASE}/types/Place"), 404, "ResourceNotFound")
    assert town.delete(f"{BASE}/entities/urn:ngsi-ld:R:1").status_code == 204
    problem(town.get(f"{BASE}/attributes/temperature"), 404, "ResourceNotFound")
    assert get(town, "/types?details=true")[0]["attributeNames"] == ["name"]
    assert get(town, "/attributes")["attributeList"] == ["name"]


def test_an_expired_entity_is_gone_at_once(town: httpx.Client) -> None:
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
    create(town, "B:1", ["Bus", "Car"], seats={"value": 40}, expiresAt=soon)
    assert get(town, "/types/Car")["entityCount"] == 2
    time.sleep(2.1)
    assert get(town, "/types")["typeList"] == ["Car", "Place", "Room"]
    assert get(town, "/types/Car")["entityCount"] == 1
    problem(town.get(f"{BASE}/attributes/seats"), 404, "ResourceNotFound")


def test_types_of_other_tenants_do_not_show(town: httpx.Client) -> None:
    headers = {"NGSILD-Tenant": "other"}
    problem(town.get(f"{BASE}/attributes", headers=headers), 404, "NonexistentTenant")
    document = {"id": "urn:ngsi-ld:B:1", "type": "Boat", "crew": {"value": 1}}
    assert town.post(f"{BASE}/entities", json=document, headers=headers).status_code == 201
    assert town.get(f"{BASE}/types", headers=headers).json()["typeList"] == ["Boat"]
    assert town.get(f"{BASE}/attributes", headers=headers).json()["attributeList"] == ["crew"]
    problem(town.get(f"{BASE}/types/Boat"), 404, "ResourceNotFound")


@pytest.mark.parametrize("name", ["id", "type", "scope", "createdAt", "nothing", "a%20b"])
def test_members_and_strangers_are_no_attributes(town: httpx.Client, name: str) -> None:
    problem(town.get(f"{BASE}/attributes/{name}"), 404, "ResourceNotFound")


@pytest.mark.parametrize(
    "path", ["/types/Room?details=true", "/attributes?limit=5", "/attributes/name?details=true"]
)
def test_undefined_parameters_are_refused(town: httpx.Client, path: str) -> None:
    problem(town.get(f"{BASE}{path}"), 400, "InvalidRequest")
