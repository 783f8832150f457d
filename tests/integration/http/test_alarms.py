"""Alarm rules over HTTP."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from context_api.http.settings import ApiSettings
from context_api.notifications.mail import parse_mail_server
from tests.integration.http.conftest import Serve
from tests.support.mailbox import Mailbox

RULES = "/api/v1/alarms"
RULE: dict[str, Any] = {
    "id": "pm25-high",
    "name": "PM2.5 注意",
    "type": "AirQualityObserved",
    "attribute": "pm25",
    "above": 35,
}


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    document: dict[str, Any] = response.json()
    return document


def test_a_rule_from_its_making_to_its_end(api: httpx.Client) -> None:
    assert api.get(RULES).json() == {"rules": []}
    made = api.post(RULES, json=RULE)
    assert made.status_code == 201
    assert made.headers["location"] == f"{RULES}/pm25-high"
    rule = made.json()
    assert (rule["above"], rule["severity"], rule["isActive"]) == (35.0, "medium", True)
    assert "below" not in rule
    assert "ids" not in rule
    assert api.get(f"{RULES}/pm25-high").json() == rule
    assert api.get(RULES).json() == {"rules": [rule]}
    assert api.get(RULES, params={"limit": 1}).json()["next"] == "pm25-high"
    assert api.get(RULES, params={"after": "pm25-high"}).json() == {"rules": []}
    assert problem(api.post(RULES, json=RULE), 409)["title"]
    replaced = api.put(f"{RULES}/pm25-high", json=RULE | {"above": 50, "hysteresis": 5})
    assert (replaced.status_code, replaced.json()["above"]) == (200, 50.0)
    assert api.get(f"{RULES}/pm25-high/states").json() == {"states": []}
    assert api.get("/ngsi-ld/v1/subscriptions").json() == []
    assert api.delete(f"{RULES}/pm25-high").status_code == 204
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/states")):
        assert problem(api.request(method, f"{RULES}/pm25-high{path}"), 404)["detail"]
    assert problem(api.put(f"{RULES}/pm25-high", json=RULE), 404)["detail"]


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"above": None}, "a rule has a threshold"),
        ({"message": "{% for x in y %}"}, "no loops"),
        ({"attribute": "a b"}, "a b"),
        ({"idPattern": "("}, "idPattern"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_no_rule(api: httpx.Client, change: dict[str, Any], detail: str) -> None:
    assert detail in str(problem(api.post(RULES, json=RULE | change), 400))


def test_a_rule_is_switched_and_keeps_its_vocabulary(api: httpx.Client) -> None:
    link = '</ngsi-ld/v1/jsonldContexts/city>; rel="http://www.w3.org/ns/json-ld#context"'
    assert api.post(RULES, json=RULE, headers={"Link": link}).status_code == 201
    one = f"{RULES}/{RULE['id']}"
    assert api.patch(one, json={"isActive": False}).json()["isActive"] is False
    assert api.get(one).json()["isActive"] is False
    assert api.patch(one, json={"isActive": True}).json()["isActive"] is True
    for body in ({}, {"isActive": "no"}, {"isActive": True, "above": 1}, [True]):
        assert problem(api.patch(one, json=body), 400)["detail"]
    assert problem(api.patch(f"{RULES}/other", json={"isActive": True}), 404)["detail"]


def test_what_feeds_a_rule_is_nobodys_subscription(api: httpx.Client) -> None:
    assert api.post(RULES, json=RULE).status_code == 201
    feeding = f"urn:ngsi-ld:Subscription:machi-alarm:{RULE['id']}"
    assert api.get("/ngsi-ld/v1/subscriptions").json() == []
    assert api.get("/api/v1/subscriptions").json()["subscriptions"] == []
    one = f"/ngsi-ld/v1/subscriptions/{feeding}"
    answers = [api.get(one), api.patch(one, json={"isActive": False}), api.delete(one)]
    own = f"/api/v1/subscriptions/{feeding}"
    answers += [api.get(own), api.get(f"{own}/deliveries"), api.post(f"{own}/pause")]
    for answer in answers:
        assert (answer.status_code, "/api/v1/alarms" in answer.json()["detail"]) == (404, True)
    document = {
        "id": feeding,
        "type": "Subscription",
        "entities": [{"type": "Room"}],
        "notification": {"endpoint": {"uri": "http://127.0.0.1/"}},
    }
    refused = api.post("/ngsi-ld/v1/subscriptions", json=document)
    assert (refused.status_code, "belong to alarm rules" in refused.json()["detail"]) == (400, True)


def test_the_path_and_the_body_name_one_rule(api: httpx.Client) -> None:
    api.post(RULES, json=RULE)
    assert "another" in problem(api.put(f"{RULES}/pm25-high", json=RULE | {"id": "x"}), 400)["detail"]
    assert "phase is one of" in str(problem(api.get(f"{RULES}/pm25-high/states?phase=bad"), 400))


def test_endpoints_for_people(api: httpx.Client) -> None:
    def subscribe(endpoint: dict[str, Any]) -> httpx.Response:
        document = {
            "type": "Subscription",
            "entities": [{"type": "Alert"}],
            "notification": {"endpoint": endpoint},
        }
        return api.post("/ngsi-ld/v1/subscriptions", json=document)

    template = [{"key": "Machi-Template", "value": "{{ description }}"}]
    assert subscribe({"uri": "mailto:ops@city.example", "notifierInfo": template}).status_code == 201
    for endpoint, detail in (
        ({"uri": "mailto:a@b.example,c@d.example"}, "one address"),
        ({"uri": "mailto:a@b.example?bcc=c@d.example"}, "one address"),
        (
            {"uri": "https://h.example/", "notifierInfo": [{"key": "Machi-Template", "value": "{% for %}"}]},
            "loops",
        ),
        (
            {"uri": "https://h.example/", "notifierInfo": [{"key": "Machi-Style", "value": "x"}]},
            "Machi-Style",
        ),
    ):
        answer = subscribe(endpoint)
        assert answer.status_code == 400
        assert detail in answer.text


def test_a_mail_endpoint_can_be_tried(settings: ApiSettings, serve: Serve) -> None:
    mailbox = Mailbox()
    try:
        api = serve(replace(settings, mail_server=parse_mail_server(mailbox.url, "machi@city.example")))
        made = api.post(
            "/ngsi-ld/v1/subscriptions",
            json={
                "id": "urn:s:mail",
                "type": "Subscription",
                "entities": [{"type": "Alert"}],
                "notification": {"endpoint": {"uri": "mailto:ops@city.example"}},
            },
        )
        assert made.status_code == 201
        tried = api.post("/api/v1/subscriptions/urn:s:mail/test")
        assert (tried.status_code, tried.json()["delivered"]) == (200, True)
        [mail] = mailbox.wait_for(1)
        assert mail["Subject"] == "Alert urn:ngsi-ld:Alert:machi-test"
    finally:
        mailbox.stop()
