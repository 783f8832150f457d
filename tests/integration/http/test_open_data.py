"""What is open to everybody, what the town says of it, and what the public does not see."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from context_api.http.settings import ApiSettings
from context_api.ngsild.contexts import core_context
from context_api.policy.grant import Operation
from context_api.store.database import open_database
from tests.integration.http.conftest import Serve
from tests.support.partners import Partners
from tests.support.waiting import wait_until

SAID = {
    "titleJa": "駅前の人の流れ",
    "titleEn": "People at the station",
    "purposeJa": "混雑の案内のため",
    "purposeEn": "To tell how crowded it is",
    "licence": "CC BY 4.0",
    "licenceUrl": "https://creativecommons.org/licenses/by/4.0/",
    "attribution": "東村山市",
    "counts": ["peopleCount"],
    "smallestCount": 10,
}


@pytest.fixture
def town(settings: ApiSettings, serve: Serve, key: str) -> Iterator[httpx.Client]:
    """An API with keys; spots with few and with many people."""
    api = serve(replace(settings, auth=True, licence="CC0", attribution="The town"))
    api.headers["Authorization"] = f"Bearer {key}"
    for number, count in ((1, 3), (2, 250)):
        spot = {
            "id": f"urn:ngsi-ld:Spot:{number}",
            "type": "Spot",
            "peopleCount": {"type": "Property", "value": count},
            "name": {"type": "Property", "value": f"Spot {number}"},
        }
        assert api.post("/ngsi-ld/v1/entities", json=spot).status_code == 201
    yield api


@pytest.fixture
def partners(settings: ApiSettings) -> Iterator[Partners]:
    database = open_database(settings.database_url)
    yield Partners(database)
    database.close()


def everybody(api: httpx.Client, path: str, **headers: str) -> Any:
    shown = httpx.get(f"{api.base_url}{path}", headers=headers, timeout=30, trust_env=False)
    assert shown.status_code == 200, shown.text
    return shown.json()


def test_where_nothing_is_open_the_list_is_empty(town: httpx.Client) -> None:
    assert everybody(town, "/api/v1/open-data") == {"dataSets": []}
    assert everybody(town, "/api/v1/open-data", **{"NGSILD-Tenant": "unknown"}) == {"dataSets": []}


def test_what_is_open_is_listed_with_what_the_town_says(town: httpx.Client, partners: Partners) -> None:
    put = town.put("/api/v1/data-statements/Spot", json=SAID)
    assert put.status_code == 200, put.text
    assert put.json() == {"type": "Spot", **SAID}
    assert town.get("/api/v1/data-statements").json() == {"types": [put.json()]}
    partners.grant("public", Operation.READ, Operation.HISTORY, types=["Spot"])
    [listed] = everybody(town, "/api/v1/open-data")["dataSets"]
    assert listed["name"] == "Spot"
    assert listed["type"] == core_context().expand("Spot")
    assert listed["titleJa"] == "駅前の人の流れ"
    assert (listed["licence"], listed["attribution"]) == ("CC BY 4.0", "東村山市")
    assert listed["entityCount"] == 2
    assert listed["hasHistory"] is True
    assert len(everybody(town, listed["links"]["entities"])) == 2
    assert listed["hiddenCounts"] == {"attributes": ["peopleCount"], "below": 10}
    assert "counts" not in listed


def test_without_a_word_the_installation_s_licence_counts(town: httpx.Client, partners: Partners) -> None:
    partners.grant("public", Operation.READ, types=["Spot"])
    [listed] = everybody(town, "/api/v1/open-data")["dataSets"]
    assert (listed["licence"], listed["attribution"]) == ("CC0", "The town")
    assert (listed["titleJa"], listed["hasHistory"], listed["hiddenCounts"]) == (None, False, None)
    assert "csv" not in listed["links"]


def test_the_public_sees_no_small_count(town: httpx.Client, partners: Partners) -> None:
    assert town.put("/api/v1/data-statements/Spot", json=SAID).status_code == 200
    partners.grant("public", Operation.READ, Operation.HISTORY, types=["Spot"])
    few, many = everybody(town, "/ngsi-ld/v1/entities?type=Spot")
    assert "peopleCount" not in few
    assert few["name"]["value"] == "Spot 1"
    assert many["peopleCount"]["value"] == 250
    for question in ("q=peopleCount<10", "q=peopleCount==3", "q=peopleCount!=250"):
        assert everybody(town, f"/ngsi-ld/v1/entities?type=Spot&{question}") == []
    asked = everybody(town, "/ngsi-ld/v1/entities?type=Spot&q=peopleCount>=10")
    assert [spot["id"] for spot in asked] == ["urn:ngsi-ld:Spot:2"]
    history = everybody(town, "/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:Spot:2")
    assert "peopleCount" not in history
    assert "name" in history


def test_a_partner_with_a_grant_of_its_own_sees_all(town: httpx.Client, partners: Partners) -> None:
    assert town.put("/api/v1/data-statements/Spot", json=SAID).status_code == 200
    partners.grant("public", Operation.READ, types=["Spot"])
    headers = partners.add("mobility")
    without = everybody(town, "/ngsi-ld/v1/entities?type=Spot", **headers)
    assert [("peopleCount" in spot) for spot in without] == [False, True]
    partners.grant("mobility", types=["Spot"])
    path = "/ngsi-ld/v1/entities/urn:ngsi-ld:Spot:1"

    def shown() -> dict[str, Any] | None:
        found: dict[str, Any] | None = town.get(path, headers=headers).json().get("peopleCount")
        return found

    assert wait_until(shown)["value"] == 3, "the API learns of a grant within two seconds"


@pytest.mark.parametrize(
    "wrong",
    [
        {"counts": ["peopleCount"]},
        {"smallestCount": 10},
        {"counts": ["peopleCount"], "smallestCount": 1},
        {"licenceUrl": "javascript:alert(1)"},
        {"titleJa": "x" * 2_001},
        {"colour": "red"},
        {"counts": "peopleCount", "smallestCount": 10},
    ],
)
def test_what_cannot_be_said(town: httpx.Client, wrong: dict[str, Any]) -> None:
    assert town.put("/api/v1/data-statements/Spot", json=wrong).status_code == 400
    assert town.get("/api/v1/data-statements").json() == {"types": []}


def test_only_administrators_say_it(town: httpx.Client, partners: Partners) -> None:
    headers = partners.add("mobility")
    assert town.put("/api/v1/data-statements/Spot", json=SAID, headers=headers).status_code == 403
    assert town.get("/api/v1/data-statements/Spot", headers=headers).status_code == 200
    response = httpx.put(f"{town.base_url}/api/v1/data-statements/Spot", json=SAID, trust_env=False)
    assert response.status_code == 401
