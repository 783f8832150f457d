"""What a draft of a subscription would match now, counted before it is made."""

from typing import Any

import httpx
import pytest

from context_api.http.routes import subscription_preview
from context_api.store.errors import StoreTimeout
from context_api.store.store import Store
from tests.integration.http.conftest import problem

PREVIEW = "/api/v1/subscriptions/preview"
TOWN = [(f"urn:ngsi-ld:AirQualityObserved:{number:02}", 5.0 * number) for number in range(10)]


@pytest.fixture
def town(api: httpx.Client) -> httpx.Client:
    """Ten places, of which number n measures 5n and lies n hundredths of a degree east."""
    documents = [
        {
            "id": entity_id,
            "type": "AirQualityObserved",
            "name": {"type": "Property", "value": f"地点{number}"},
            "pm25": {"type": "Property", "value": value, "unitCode": "GQ"},
            "temperature": {"type": "Property", "value": 20},
            "location": {
                "type": "GeoProperty",
                "value": {"type": "Point", "coordinates": [139.40 + number / 100, 35.75]},
            },
        }
        for number, (entity_id, value) in enumerate(TOWN)
    ]
    assert api.post("/ngsi-ld/v1/entityOperations/create", json=documents).status_code == 201
    return api


def preview(api: httpx.Client, **members: Any) -> dict[str, Any]:
    answer = api.post(PREVIEW, json={"entities": [{"type": "AirQualityObserved"}], **members})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_what_matches_is_counted_and_some_are_shown_with_what_is_watched(town: httpx.Client) -> None:
    found = preview(town, watchedAttributes=["pm25"], q="pm25>24")
    assert found["count"] == 5
    assert found["samples"][0] == {
        "id": TOWN[5][0],
        "type": "AirQualityObserved",
        "name": "地点5",
        "pm25": 25.0,
    }
    assert [one["id"] for one in preview(town)["samples"]] == [entity_id for entity_id, _ in TOWN[:5]]


AREA = {
    "georel": "within",
    "geometry": "Polygon",
    "coordinates": [[[139.405, 35.7], [139.435, 35.7], [139.435, 35.8], [139.405, 35.8], [139.405, 35.7]]],
}


@pytest.mark.parametrize(
    ("members", "count"),
    [
        ({"geoQ": AREA}, 3),
        ({"geoQ": AREA, "q": "pm25>=10"}, 2),
        ({"entities": [{"type": "*", "id": [TOWN[0][0], TOWN[1][0]]}]}, 2),
        ({"entities": [{"type": "NoiseLevelObserved"}]}, 0),
        ({"entities": [{"type": "AirQualityObserved", "idPattern": ":0[01]$"}]}, 2),
        ({"q": "pm25>1000"}, 0),
        ({"notification": {"endpoint": {"uri": "not yet"}}, "id": "", "subscriptionName": "x"}, 10),
    ],
)
def test_the_count_is_that_of_the_whole_draft(
    town: httpx.Client, members: dict[str, Any], count: int
) -> None:
    assert preview(town, **members)["count"] == count


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"q": "pm25>"}, "/q"),
        ({"entities": [{}]}, "/entities/0/type"),
        ({"throttling": -1}, "/throttling"),
        ({"wrong": 1}, "/wrong"),
    ],
)
def test_what_is_wrong_is_pointed_at(api: httpx.Client, members: dict[str, Any], pointer: str) -> None:
    answer = api.post(PREVIEW, json={"entities": [{"type": "Room"}], **members})
    problem(answer, 400, "BadRequestData")
    assert answer.json()["pointer"] == pointer


def test_nothing_is_written(town: httpx.Client) -> None:
    preview(town)
    assert town.get("/ngsi-ld/v1/subscriptions").json() == []


def test_a_count_that_takes_too_long_is_left_open(
    town: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: Any) -> None:
        raise StoreTimeout("too many")

    monkeypatch.setattr(Store, "query_entities", slow)
    assert preview(town) == {"count": None, "samples": []}


def test_previews_beyond_the_limit_are_refused_and_told_when_to_come_again(
    town: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription_preview, "PREVIEWS_MAX", 0)
    answer = town.post(PREVIEW, json={"entities": [{"type": "Room"}]})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
