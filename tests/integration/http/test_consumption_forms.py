"""The form of answers about entities: what of them, in which language, version and media type."""

from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.integration.http.conftest import problem

ENTITIES = "/ngsi-ld/v1/entities"
QUERY = "/ngsi-ld/v1/entityOperations/query"
STATION = "urn:ngsi-ld:Station:1"
CITY = "urn:ngsi-ld:City:1"
POINT = {"type": "Point", "coordinates": [139.4657, 35.7598]}
DOCUMENTS: list[dict[str, Any]] = [
    {
        "id": STATION,
        "type": "Station",
        "scope": "/Tokyo/Higashimurayama",
        "name": {"type": "LanguageProperty", "languageMap": {"ja": "秋津駅", "en": "Akitsu Station"}},
        "tracks": [
            {"type": "Property", "value": 4},
            {"type": "Property", "value": 5, "datasetId": "urn:ngsi-ld:Dataset:plan"},
        ],
        "status": {"type": "VocabProperty", "vocab": "open"},
        "location": {"type": "GeoProperty", "value": POINT},
        "city": {"type": "Relationship", "object": CITY},
    },
    {
        "id": CITY,
        "type": "City",
        "name": {"type": "Property", "value": "東村山市"},
        "mayor": {"type": "Relationship", "object": "urn:ngsi-ld:Person:1"},
    },
    {"id": "urn:ngsi-ld:Person:1", "type": "Person", "age": {"type": "Property", "value": 60}},
]


@pytest.fixture
def town(api: httpx.Client) -> httpx.Client:
    for document in DOCUMENTS:
        assert api.post(ENTITIES, json=document).status_code == 201
    return api


def get(api: httpx.Client, path: str = f"{ENTITIES}/{STATION}", **parameters: str) -> Any:
    answer = api.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_pick_and_omit(town: httpx.Client) -> None:
    assert get(town, pick="id,tracks", options="keyValues") == {
        "id": STATION,
        "tracks": {"dataset": {"@none": 4, "urn:ngsi-ld:Dataset:plan": 5}},
    }
    kept = get(town, omit="type|location|tracks|scope")
    assert kept.keys() == {"id", "name", "status", "city"}
    assert get(town, pick="scope") == {"scope": "/Tokyo/Higashimurayama"}
    problem(town.get(f"{ENTITIES}/{STATION}?pick=nothing"), 404, "ResourceNotFound")
    problem(town.get(f"{ENTITIES}/{STATION}?pick=name&omit=name"), 400, "BadRequestData")
    assert get(town, ENTITIES, type="Station,City", pick="status", options="keyValues") == [
        {"status": {"vocab": "open"}}
    ]
    assert town.get(f"{ENTITIES}?type=City&pick=nothing&count=true").headers["ngsild-results-count"] == "1"


def test_system_times_are_members_too(town: httpx.Client) -> None:
    assert get(town, options="sysAttrs", pick="id,createdAt").keys() == {"id", "createdAt"}
    assert "modifiedAt" not in get(town, options="sysAttrs", omit="modifiedAt")
    assert get(town, options="sysAttrs", pick="name").keys() == {"name"}


def test_a_language(town: httpx.Client) -> None:
    assert get(town, lang="en-GB")["name"] == {"type": "Property", "value": "Akitsu Station", "lang": "en"}
    assert get(town, lang="fr,ja;q=0.5", format="simplified")["name"] == "秋津駅"
    assert get(town, options="concise", lang="*")["name"]["lang"] in {"ja", "en"}
    problem(town.get(f"{ENTITIES}/{STATION}?lang=x!"), 400, "BadRequestData")


def test_datasets(town: httpx.Client) -> None:
    plan = get(town, datasetId="urn:ngsi-ld:Dataset:plan")
    assert plan.keys() == {"id", "type", "scope", "tracks"}
    assert plan["tracks"]["value"] == 5
    assert get(town, datasetId="@none")["tracks"] == {"type": "Property", "value": 4}
    assert len(get(town, datasetId="@none,urn:ngsi-ld:Dataset:plan")["tracks"]) == 2


def test_linked_entities_inline(town: httpx.Client) -> None:
    city = get(town, join="inline")["city"]
    assert city["object"] == CITY
    assert city["entity"] == DOCUMENTS[1]
    deeper = get(town, join="inline", joinLevel="2")
    assert deeper["city"]["entity"]["mayor"]["entity"] == DOCUMENTS[2]
    assert get(town, join="inline", format="simplified", pick="city{name}") == {"city": {"name": "東村山市"}}
    assert get(town, join="inline", containedBy=CITY)["city"] == DOCUMENTS[0]["city"]
    assert get(town, join="@none")["city"] == DOCUMENTS[0]["city"]


def test_linked_entities_flat(town: httpx.Client) -> None:
    assert get(town, join="flat", joinLevel="2") == DOCUMENTS
    assert get(town, ENTITIES, type="City", join="flat") == DOCUMENTS[1:]
    assert get(town, f"{ENTITIES}/urn:ngsi-ld:Person:1", join="flat") == [DOCUMENTS[2]]
    served = town.get(
        f"{ENTITIES}/{STATION}?join=flat&omit=city", headers={"Accept": "application/ld+json"}
    ).json()
    assert [one["id"] for one in served] == [STATION]
    assert all("@context" in one for one in served)
    problem(town.get(f"{ENTITIES}/{STATION}?pick=city%7Bname%7D"), 400, "BadRequestData")


def test_a_query_along_links(town: httpx.Client) -> None:
    assert [
        one["id"] for one in get(town, ENTITIES, type="Station", q='city{name}=="東村山市"', join="inline")
    ] == [STATION]
    problem(town.get(f"{ENTITIES}?type=Station&q=city{{name}}"), 400, "BadRequestData")


def test_geojson(town: httpx.Client) -> None:
    geo = {"Accept": "application/geo+json"}
    one = town.get(f"{ENTITIES}/{STATION}?options=keyValues", headers=geo)
    assert one.headers["content-type"] == "application/geo+json"
    assert "link" not in one.headers
    feature = one.json()
    assert feature["@context"].startswith("https://uri.etsi.org/ngsi-ld/")
    assert feature["geometry"] == POINT
    assert feature["properties"]["type"] == "Station"
    collection = town.get(f"{ENTITIES}?type=Station,City", headers={**geo, "Prefer": "body=json"})
    assert 'rel="http://www.w3.org/ns/json-ld#context"' in collection.headers["link"]
    assert collection.json().keys() == {"type", "features"}
    assert [each["geometry"] for each in collection.json()["features"]] == [None, POINT]
    flat = town.get(f"{ENTITIES}/{STATION}?join=flat", headers=geo).json()
    assert [each["id"] for each in flat["features"]] == [STATION, CITY]
    other = town.get(f"{ENTITIES}/{STATION}?geometryProperty=city", headers=geo).json()
    assert other["geometry"] is None
    problem(town.get(f"{ENTITIES}/{STATION}?geometryProperty=location"), 400, "BadRequestData")


def test_an_earlier_version(town: httpx.Client) -> None:
    older = town.get(f"{ENTITIES}/{STATION}", headers={"Prefer": "ngsi-ld=1.5"})
    assert older.status_code == 203
    assert older.headers["preference-applied"] == "ngsi-ld=1.5"
    assert older.json()["status"] == {"type": "Property", "value": "open"}
    same = town.get(f"{ENTITIES}/{STATION}", headers={"Prefer": "ngsi-ld=1.9"})
    assert (same.status_code, same.headers["preference-applied"]) == (200, "ngsi-ld=1.9")
    unknown = town.get(f"{ENTITIES}/{STATION}", headers={"Prefer": "ngsi-ld=7.1"})
    assert (unknown.status_code, "preference-applied" in unknown.headers) == (200, False)
    listed = town.post(
        QUERY, json={"type": "Query", "entities": [{"type": "Station"}]}, headers={"Prefer": "ngsi-ld=1.3"}
    )
    assert listed.status_code == 203
    assert "scope" not in listed.json()[0]


@pytest.mark.parametrize(
    "parameters",
    ["options=concise,keyValues", "options=nothing", "format=nothing", "unknown=1", "pick=a&pick=b&foo=1"],
)
def test_invalid_requests(town: httpx.Client, parameters: str) -> None:
    problem(town.get(f"{ENTITIES}/{STATION}?{parameters}"), 400, "InvalidRequest")


def test_format_wins_over_options(town: httpx.Client) -> None:
    assert get(town, options="normalized,sysAttrs", format="keyValues").keys() >= {"createdAt", "name"}
    assert get(town, options="normalized", format="keyValues")["city"] == CITY


def test_nothing_but_json_is_acceptable_elsewhere(town: httpx.Client) -> None:
    refused = town.get("/ngsi-ld/v1/types", headers={"Accept": "application/geo+json"})
    problem(refused, 406, "about:blank")
    quoted = quote("urn:ngsi-ld:Station:1", safe="")
    assert get(town, f"{ENTITIES}/{quoted}/")["id"] == STATION
