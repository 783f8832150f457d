"""What is done through the API stands in the trail: who, from where, what, and never a secret."""

from typing import Any

import httpx
import pytest

from context_api.http.settings import ApiSettings
from context_api.policy.roles import Role
from context_api.store.database import open_database
from context_api.store.keys import KeyDraft, create_key
from tests.integration.http.conftest import SECRET, Serve, problem, serve, settings

__all__ = ["serve", "settings"]
AUDIT = "/api/v1/audit"
ROOM = {"id": "urn:ngsi-ld:Room:1", "type": "Room", "temperature": {"type": "Property", "value": 21.5}}


@pytest.fixture
def town(settings: ApiSettings, serve: Serve) -> httpx.Client:
    """The API as an administrator of the installation sees it."""
    return serve(settings)


def entries(client: httpx.Client, **params: str | int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(AUDIT, params=params).json()["entries"]
    return found


def test_an_act_is_listed_with_its_request(town: httpx.Client) -> None:
    made = town.put("/api/v1/retention/Room", json={"rawDays": 400})
    (entry,) = entries(town)
    assert entry["request"] == made.headers["X-Request-ID"]
    assert (entry["principal"], entry["address"]) == ("anyone", "127.0.0.1")
    assert (entry["verb"], entry["kind"], entry["outcome"]) == ("put", "retention", "done")
    assert entry["id"].endswith("/Room")
    assert entry["after"] == {"raw_days": 400, "keep_aggregates": True, "compress_days": None}
    assert "X-Request-ID" not in town.get(AUDIT).headers


def test_a_proxy_says_where_a_caller_is(town: httpx.Client) -> None:
    town.put("/api/v1/retention/Room", json={}, headers={"X-Forwarded-For": "198.51.100.7, 203.0.113.9"})
    assert entries(town)[0]["address"] == "203.0.113.9"
    town.put("/api/v1/retention/Room", json={}, headers={"X-Forwarded-For": "=cmd|' /C calc'!A0"})
    assert "address" not in entries(town)[0]


def test_deletions_leave_names_and_no_values(town: httpx.Client) -> None:
    for number in range(1, 4):
        assert town.post("/ngsi-ld/v1/entities", json=ROOM | {"id": f"urn:ngsi-ld:Room:{number}"}).is_success
    assert entries(town) == []
    assert town.delete("/ngsi-ld/v1/entities/urn:ngsi-ld:Room:1").status_code == 204
    assert town.delete("/ngsi-ld/v1/entities/urn:ngsi-ld:Room:1").status_code == 404
    batch = town.post(
        "/ngsi-ld/v1/entityOperations/delete", json=["urn:ngsi-ld:Room:2", "urn:ngsi-ld:Room:3"]
    )
    assert batch.is_success
    many, single = entries(town)
    room = "https://uri.etsi.org/ngsi-ld/default-context/"
    assert single["before"] == {"attributes": [f"{room}temperature"], "types": [f"{room}Room"]}
    assert (single["verb"], single["kind"], single["id"]) == ("delete", "entity", "urn:ngsi-ld:Room:1")
    assert many["id"] == "2 together"
    assert many["before"]["ids"] == ["urn:ngsi-ld:Room:2", "urn:ngsi-ld:Room:3"]
    gone = town.delete("/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:Room:1")
    assert gone.status_code == 204
    assert [one["kind"] for one in entries(town, verb="delete", limit=1)] == ["history"]
    assert "21.5" not in str(entries(town))


def test_a_secret_never_stands_in_the_trail(town: httpx.Client) -> None:
    device = {"id": "aq-001", "profile": "air-quality"}
    made = town.post("/api/v1/devices", json=device).json()
    issued = town.post("/api/v1/devices/aq-001/credentials", json={}).json()
    secret = {
        "id": "urn:ngsi-ld:Subscription:1",
        "type": "Subscription",
        "entities": [{"type": "Room"}],
        "notification": {
            "endpoint": {
                "uri": "http://127.0.0.1:9/hook?token=hunter2",
                "receiverInfo": [{"key": "Authorization", "value": "Bearer hunter3"}],
            }
        },
    }
    assert town.post("/ngsi-ld/v1/subscriptions", json=secret).status_code == 201
    text = str(entries(town))
    assert {one["kind"] for one in entries(town)} >= {"device", "device-credential", "subscription"}
    for hidden in (made["mqtt"]["password"], issued["password"], "hunter2", "hunter3"):
        assert hidden not in text


def test_pages_and_wrong_questions(town: httpx.Client) -> None:
    for number in range(5):
        town.put(f"/api/v1/retention/Type{number}", json={})
    first = town.get(AUDIT, params={"limit": 3}).json()
    second = town.get(AUDIT, params={"limit": 3, "after": first["next"]}).json()
    assert [one["number"] for one in first["entries"] + second["entries"]] == [5, 4, 3, 2, 1]
    assert second["next"] is None
    for wrong in ({"after": "x"}, {"after": "9" * 18 + ".1.1"}, {"chain": "other"}, {"since": "yesterday"}):
        problem(town.get(AUDIT, params=wrong), 400, "BadRequestData")
    assert entries(town, chain="installation") == []
    assert len(entries(town, chain="all")) == 5


def test_who_is_no_administrator_sees_nothing(settings: ApiSettings, serve: Serve) -> None:
    database = open_database(settings.database_url)
    try:
        partner = create_key(database, SECRET, draft=KeyDraft(role=Role.PARTNER)).text
        town = create_key(database, SECRET, label="test").text
    finally:
        database.close()
    guarded = ApiSettings(database_url=settings.database_url, port=0, installation_secret=SECRET)
    client = serve(guarded)
    assert client.get(AUDIT).status_code == 401
    assert client.get(AUDIT, headers={"Authorization": f"Bearer {partner}"}).status_code == 403
    assert client.get(AUDIT, headers={"Authorization": f"Bearer {town}"}).status_code == 200
