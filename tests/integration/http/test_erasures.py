"""Deleting what is kept of somebody or of a device, through the API, with the proof of it."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from context_api.http.settings import ApiSettings
from tests.integration.http.conftest import Serve

ERASURES = "/api/v1/erasures"
PERSON = "urn:ngsi-ld:Person:hanako"
_DEVICE = {
    "id": "aq-001",
    "profile": "air-quality",
    "name": "At Hanako's house",
    "notes": "Call her first",
    "location": {"type": "Point", "coordinates": [139.4685, 35.7546]},
}


def _create(api: httpx.Client) -> None:
    person = {"id": PERSON, "type": "Person", "name": {"type": "Property", "value": "Hanako"}}
    assert api.post("/ngsi-ld/v1/entities", json=person).status_code == 201


def test_a_person_is_forgotten_with_proof(api: httpx.Client) -> None:
    _create(api)
    asked = {"entities": [PERSON], "reason": "Asked for by the person"}

    counted = api.post(ERASURES, json={**asked, "dryRun": True})
    assert counted.status_code == 200
    assert counted.json()["found"]["entities"] == 1
    assert api.get(f"/ngsi-ld/v1/entities/{PERSON}").status_code == 200

    made = api.post(ERASURES, json=asked)
    assert made.status_code == 201
    proof = made.json()
    assert made.headers["Location"] == f"{ERASURES}/{proof['id']}"
    assert proof["erased"] == counted.json()["found"]
    assert set(proof["remaining"].values()) == {0}
    assert proof["isSealed"] is True
    assert "hanako" not in made.text.lower()
    assert api.get(f"/ngsi-ld/v1/entities/{PERSON}").status_code == 404
    assert api.get(f"/ngsi-ld/v1/temporal/entities/{PERSON}").status_code == 404

    assert api.get(made.headers["Location"]).json() == proof
    assert api.get(ERASURES).json() == {"erasures": [proof]}
    verdict = api.post(f"{made.headers['Location']}/verify", json={"entities": [PERSON]}).json()
    assert (verdict["isAboutThem"], verdict["isSealed"]) == (True, True)
    assert set(verdict["found"].values()) == {0}
    other = api.post(
        f"{made.headers['Location']}/verify", json={"entities": ["urn:ngsi-ld:Person:taro"]}
    ).json()
    assert other["isAboutThem"] is False


def test_a_device_leaves_its_name_and_nothing_else(api: httpx.Client) -> None:
    registered = api.post("/api/v1/devices", json=_DEVICE)
    assert registered.status_code == 201, registered.text
    entity_id = registered.json()["entityId"]
    made = api.post(ERASURES, json={"devices": ["aq-001"], "reason": "Returned to its owner"})
    assert made.status_code == 201, made.text
    proof = made.json()
    assert proof["subjects"] == 3, "the device, what it measures, and the entity that it is"
    assert proof["erased"]["device_records"] == 1
    assert proof["erased"]["entities"] >= 1
    assert set(proof["remaining"].values()) == {0}
    assert api.get("/api/v1/devices/aq-001").status_code == 404
    assert api.get(f"/ngsi-ld/v1/entities/{entity_id}").status_code == 404
    changes = api.get("/api/v1/devices/aq-001/changes").text
    assert "Hanako" not in changes


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"reason": "nothing named"}, 400),
        ({"entities": [PERSON]}, 400),
        ({"entities": [PERSON], "reason": "  "}, 400),
        ({"entities": ["no uri"], "reason": "x"}, 400),
        ({"entities": [PERSON] * 101, "reason": "x"}, 400),
        ({"entities": [PERSON], "reason": "x", "everything": True}, 400),
        ({"devices": ["unknown"], "reason": "x"}, 404),
    ],
)
def test_what_is_asked_wrongly_deletes_nothing(api: httpx.Client, body: dict[str, Any], status: int) -> None:
    _create(api)
    assert api.post(ERASURES, json=body).status_code == status
    assert api.get(f"/ngsi-ld/v1/entities/{PERSON}").status_code == 200
    assert api.get(ERASURES).json() == {"erasures": []}


@pytest.mark.parametrize("number", ["0", "99", "x", "1e3", "9" * 30])
def test_a_proof_that_is_not_there(api: httpx.Client, number: str) -> None:
    assert api.get(f"{ERASURES}/{number}").status_code == 404


def test_it_is_for_those_with_a_key(settings: ApiSettings, serve: Serve) -> None:
    api = serve(replace(settings, auth=True))
    assert api.post(ERASURES, json={"entities": [PERSON], "reason": "x"}).status_code == 401
