"""Queries for entities by URL and by body: what they select, in which order, on which page."""

from typing import Any

import httpx
import pytest

from tests.integration.http.conftest import problem

ENTITIES = "/ngsi-ld/v1/entities"
QUERY = "/ngsi-ld/v1/entityOperations/query"
SENSORS = {"type": "Query", "entities": [{"type": "Sensor"}]}
NEAR = {"geometry": "Point", "coordinates": "[139.4,35.702]"}


def sensor(number: int, **members: Any) -> dict[str, Any]:
    return {
        "id": f"urn:ngsi-ld:Sensor:{number}",
        "type": "Sensor" if number % 2 else ["Sensor", "Old"],
        "scope": f"/town/{'north' if number < 3 else 'south'}",
        "level": {"type": "Property", "value": number * 10},
        "name": {"type": "Property", "value": "abcde"[-number]},
        "location": {
            "type": "GeoProperty",
            "value": {"type": "Point", "coordinates": [139.4, 35.7 + number / 1000]},
        },
        **members,
    }


@pytest.fixture
def sensors(api: httpx.Client) -> httpx.Client:
    for number in range(1, 6):
        assert api.post(ENTITIES, json=sensor(number)).status_code == 201
    assert api.post(ENTITIES, json={"id": "urn:ngsi-ld:Other:1", "type": "Other"}).status_code == 201
    return api


def found(answer: httpx.Response) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [int(one["id"].rpartition(":")[2]) for one in answer.json()]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"type": "Sensor", "q": "level>20"}, [3, 4, 5]),
        ({"q": "level==10..30"}, [1, 2, 3]),
        ({"type": "Sensor;Old"}, [2, 4]),
        ({"type": "*", "id": "urn:ngsi-ld:Sensor:1,urn:ngsi-ld:Other:1"}, [1, 1]),
        ({"type": "Sensor", "idPattern": "[12]$"}, [1, 2]),
        ({"type": "Sensor", "id": "urn:ngsi-ld:Sensor:1", "idPattern": "[2]$"}, [1]),
        ({"type": "Sensor", "scopeQ": "/town/north"}, [1, 2]),
        ({"local": "true", "scopeQ": "/town/#"}, [1, 2, 3, 4, 5]),
        ({"attrs": "level", "q": 'name=="a"'}, [5]),
        ({**NEAR, "georel": "near;maxDistance==150"}, [1, 2, 3]),
        ({"type": "Sensor", "orderBy": "name"}, [5, 4, 3, 2, 1]),
        ({"type": "Sensor", "orderBy": "level;desc", "limit": "2"}, [5, 4]),
        ({"type": "Sensor", "orderBy": "location;dist-desc", "orderFrom": "[139.4,35.7]"}, [5, 4, 3, 2, 1]),
        ({"type": "Sensor", "csf": 'contextSourceAlias=="x"', "splitEntities": "true", "limit": "1"}, [1]),
    ],
)
def test_what_is_found(sensors: httpx.Client, parameters: dict[str, str], expected: list[int]) -> None:
    assert found(sensors.get(ENTITIES, params=parameters)) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"entities": [{"type": "Sensor"}], "q": "level>20"}, [3, 4, 5]),
        ({"entities": [{"type": "Old"}, {"type": "Other"}]}, [1, 2, 4]),
        (
            {"entities": [{"type": "Old", "idPattern": "4$"}, {"type": "*", "id": "urn:ngsi-ld:Other:1"}]},
            [1, 4],
        ),
        ({"attrs": ["level"], "scopeQ": "/town/south"}, [3, 4, 5]),
        ({"q": "level", "ordering": {"orderBy": ["level;desc"]}}, [5, 4, 3, 2, 1]),
        (
            {
                "geoQ": {
                    "georel": "near;minDistance==250",
                    "geometry": "Point",
                    "coordinates": [139.4, 35.702],
                }
            },
            [5],
        ),
    ],
)
def test_what_is_found_by_a_body(sensors: httpx.Client, body: dict[str, Any], expected: list[int]) -> None:
    assert found(sensors.post(QUERY, json={"type": "Query", **body})) == expected


def test_a_body_names_its_context(sensors: httpx.Client) -> None:
    body = {
        "@context": {"Fühler": "https://uri.etsi.org/ngsi-ld/default-context/Sensor"},
        "type": "Query",
        "entities": [{"type": "Fühler", "id": "urn:ngsi-ld:Sensor:1"}],
    }
    headers = {"Content-Type": "application/ld+json", "Accept": "application/ld+json"}
    answer = sensors.post(QUERY, json=body, headers=headers)
    assert found(answer) == [1]
    assert answer.json()[0]["type"] == "Fühler"
    assert answer.json()[0]["@context"] == body["@context"]
    problem(sensors.post(QUERY, json=body), 400, "BadRequestData")


def test_pages(sensors: httpx.Client) -> None:
    first = sensors.get(f"{ENTITIES}?type=Sensor&limit=2&count=true")
    assert found(first) == [1, 2]
    assert first.headers["ngsild-results-count"] == "5"
    assert (
        '</ngsi-ld/v1/entities?count=true&limit=2&offset=2&type=Sensor>; rel="next"' in first.headers["link"]
    )
    assert 'rel="prev"' not in first.headers["link"]
    second = sensors.get("/ngsi-ld/v1/entities?type=Sensor&limit=2&offset=2")
    assert found(second) == [3, 4]
    assert 'rel="next"' in second.headers["link"]
    assert 'offset=0&type=Sensor>; rel="prev"' in second.headers["link"]
    assert 'rel="next"' not in sensors.get(f"{ENTITIES}?type=Sensor&limit=2&offset=4").headers["link"]
    none = sensors.post(
        f"{QUERY}?limit=0&count=true", json={"type": "Query", "entities": [{"type": "Sensor"}]}
    )
    assert (none.json(), none.headers["ngsild-results-count"]) == ([], "5")
    posted = sensors.post(f"{QUERY}?limit=2", json=SENSORS)
    assert f'<{QUERY}?limit=2&offset=2>; rel="next"' in posted.headers["link"]
    problem(sensors.get(f"{ENTITIES}?type=Sensor&limit=0"), 400, "BadRequestData")
    problem(sensors.get(f"{ENTITIES}?type=Sensor&offset=-1"), 400, "BadRequestData")


def test_links_can_be_followed_by_who_sends_any_query(sensors: httpx.Client) -> None:
    parameters = {"type": "Sensor", "q": 'name!="x y&z";level>0', "limit": "2", "orderBy": "name;desc"}
    answer = sensors.get(ENTITIES, params=parameters)
    seen = found(answer)
    while "next" in answer.links:
        answer = sensors.get(answer.links["next"]["url"])
        seen += found(answer)
    assert seen == [1, 2, 3, 4, 5]


def test_wrong_queries(sensors: httpx.Client) -> None:
    too_wide = problem(sensors.get(f"{ENTITIES}?id=urn:ngsi-ld:Sensor:1"), 400, "BadRequestData")
    assert "too wide" in too_wide
    problem(sensors.get(f"{ENTITIES}?type=*&local=false"), 400, "BadRequestData")
    problem(sensors.get(f"{ENTITIES}?type=Sensor&orderBy=location;dist-asc"), 400, "BadRequestData")
    problem(sensors.post(f"{QUERY}?q=level", json={"type": "Query"}), 400, "InvalidRequest")
    problem(sensors.post(QUERY, json={"type": "Query"}), 400, "BadRequestData")
    problem(sensors.post(QUERY, json=[]), 400, "InvalidRequest")
    problem(sensors.post(QUERY, json={}), 400, "BadRequestData")
    wrong = sensors.post(QUERY, json={"type": "Query", "entities": [{"type": "Sensor"}], "q": 42})
    problem(wrong, 400, "BadRequestData")
    assert wrong.json()["pointer"] == "/q"


def test_tenants_are_apart(sensors: httpx.Client) -> None:
    unknown = sensors.get(f"{ENTITIES}?type=Sensor", headers={"NGSILD-Tenant": "elsewhere"})
    problem(unknown, 404, "NonexistentTenant")
    assert unknown.headers["ngsild-tenant"] == "elsewhere"
    elsewhere = {"NGSILD-Tenant": "elsewhere"}
    assert (
        sensors.post(ENTITIES, json={"id": "urn:x:9", "type": "Sensor"}, headers=elsewhere).status_code == 201
    )
    assert found(sensors.get(f"{ENTITIES}?type=Sensor", headers=elsewhere)) == [9]
    linked = sensors.get(f"{ENTITIES}?type=Sensor&join=flat", headers=elsewhere)
    assert found(linked) == [9]
