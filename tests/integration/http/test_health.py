"""Health rules and maintenance through the API."""

import httpx

from tests.integration.http.conftest import problem

RULES = "/api/v1/health-rules"
RULE = {"id": "pm25-stuck", "attribute": "pm25", "stuckValues": 30}
MAINTENANCE = "/api/v1/devices/aq-001/maintenance"


def test_rules_are_made_replaced_and_deleted(api: httpx.Client) -> None:
    assert api.get(RULES).json() == {"rules": []}
    assert api.put(f"{RULES}/pm25-stuck", json=RULE).status_code == 201
    assert api.put(f"{RULES}/pm25-stuck", json=RULE | {"maxStep": 5}).status_code == 200
    (rule,) = api.get(RULES).json()["rules"]
    assert (rule["stuckValues"], rule["maxStep"]) == (30, 5)
    problem(api.put(f"{RULES}/other", json=RULE), 400, "BadRequestData")
    refused = api.put(f"{RULES}/pm25-stuck", json=RULE | {"maxStep": -1})
    problem(refused, 400, "BadRequestData")
    assert refused.json()["pointer"] == "/maxStep"
    assert api.delete(f"{RULES}/pm25-stuck").status_code == 204
    problem(api.delete(f"{RULES}/pm25-stuck"), 404, "ResourceNotFound")


def test_maintenance_is_planned_and_ended(api: httpx.Client) -> None:
    plan = {"until": "2026-12-24T00:00:00Z", "reason": "new batteries"}
    problem(api.put(MAINTENANCE, json=plan), 404, "ResourceNotFound")
    problem(api.get(MAINTENANCE), 404, "ResourceNotFound")
    api.post("/api/v1/devices", json={"id": "aq-001", "profile": "air-quality"})
    assert api.get(MAINTENANCE).json() == {"until": None, "reason": None, "raised": []}
    assert api.put(MAINTENANCE, json=plan).json() == {**plan, "raised": []}
    bodies: list[object] = [{}, {"until": "soon"}, {"until": 5}, {**plan, "reason": 5}, {**plan, "x": 1}, []]
    for wrong in bodies:
        problem(api.put(MAINTENANCE, json=wrong), 400, "BadRequestData")
    assert api.delete(MAINTENANCE).status_code == 204
    assert api.get(MAINTENANCE).json()["until"] is None
