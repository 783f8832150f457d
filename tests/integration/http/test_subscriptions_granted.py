"""Subscriptions of partners: matched, told and shown with what their organisation is granted."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from context_api.http.settings import ApiSettings
from context_api.notifications import NotifierSettings, run
from context_api.notifications.retry import RetryPolicy
from context_api.policy.grant import Operation
from context_api.policy.roles import Role
from context_api.store.database import open_database
from context_api.store.deliveries import RestPolicy
from tests.integration.http.conftest import LOOPBACK, Serve, problem
from tests.integration.http.test_deliveries import wait_for
from tests.support.partners import Partners
from tests.support.receiver import Answer, Receiver

SUBSCRIPTION = "urn:ngsi-ld:Subscription:air"
ONE = f"/api/v1/subscriptions/{SUBSCRIPTION}"
NGSI_LD = f"/ngsi-ld/v1/subscriptions/{SUBSCRIPTION}"
HERE = {"type": "Point", "coordinates": [139.45, 35.75]}
AWAY = {"type": "Point", "coordinates": [140.0, 36.0]}
AROUND_HERE = {
    "type": "Polygon",
    "coordinates": [[[139.4, 35.7], [139.5, 35.7], [139.5, 35.8], [139.4, 35.8], [139.4, 35.7]]],
}


@pytest.fixture
def partners(database_url: str) -> Iterator[Partners]:
    database = open_database(database_url)
    yield Partners(database)
    database.close()


@pytest.fixture
def api(settings: ApiSettings, serve: Serve, key: str) -> httpx.Client:
    """The API with access control, for an administrator."""
    client = serve(replace(settings, auth=True, stream_age_s=300.0))
    client.headers["Authorization"] = f"Bearer {key}"
    return client


@pytest.fixture
def notifier(database_url: str) -> Iterator[Callable[[], None]]:
    """Starts a notifier that runs until the test ends."""
    settings = NotifierSettings(
        database_url=database_url,
        outbound_allow=LOOPBACK,
        public_url="https://machi.example",
        retry=RetryPolicy(first_s=0.02, longest_s=0.05),
        rest=RestPolicy(tolerated=50, first_s=0.02, longest_s=0.05),
        poll_s=0.05,
        timers_s=0.05,
        paused_check_s=0.2,
        stop_s=1.0,
    )
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(settings, stop))
    yield thread.start
    stop.set()
    if thread.ident is not None:
        thread.join(30)


def subscribe(
    api: httpx.Client,
    receiver: Receiver,
    headers: dict[str, str],
    *,
    notification: Any = None,
    **members: Any,
) -> httpx.Response:
    document = {
        "id": SUBSCRIPTION,
        "type": "Subscription",
        "entities": [{"type": "Room"}],
        "notification": {"format": "keyValues", **(notification or {}), "endpoint": {"uri": receiver.url}},
        **members,
    }
    return api.post("/ngsi-ld/v1/subscriptions", json=document, headers=headers)


def write(api: httpx.Client, number: int, /, **values: Any) -> None:
    document = {"id": f"urn:ngsi-ld:Room:{number}", "type": "Room"}
    for name, value in values.items():
        kind = "GeoProperty" if name == "location" else "Relationship" if name == "near" else "Property"
        member = "object" if name == "near" else "value"
        document[name] = {"type": kind, member: value}  # type: ignore[assignment]
    answer = api.post("/ngsi-ld/v1/entityOperations/upsert", json=[document], params={"options": "update"})
    assert answer.status_code in (201, 204), answer.text


def counts(api: httpx.Client) -> dict[str, int]:
    found: dict[str, int] = api.get(ONE).json()["counts"]
    assert found["matched"] == sum(value for name, value in found.items() if name != "matched")
    return found


def test_a_notification_holds_what_is_granted_and_nothing_tells_of_the_rest(
    api: httpx.Client, partners: Partners, http_receiver: Receiver, notifier: Callable[[], None]
) -> None:
    air = partners.add("air")
    partners.grant("air", types=("Room",), attributes=("t", "location", "near", "nurse"), area=AROUND_HERE)
    partners.mark_personal("Room", "nurse")
    write(api, 1, t=1, secret=1, nurse="A", location=HERE, near="urn:ngsi-ld:Room:2")
    write(api, 2, t=5, secret=5, location=HERE)
    write(api, 3, t=7, location=AWAY)
    triggers = ["attributeCreated", "attributeUpdated", "attributeDeleted", "entityDeleted"]
    answer = subscribe(
        api,
        http_receiver,
        air,
        notification={"format": "normalized", "showChanges": True, "sysAttrs": True, "join": "flat"},
        q="!secret",  # what is hidden is absent
        notificationTrigger=triggers,
    )
    assert answer.status_code == 201, answer.text
    notifier()
    write(api, 1, secret=2)  # hidden
    write(api, 1, nurse="B")  # personal
    write(api, 3, t=8)  # not in the area
    assert api.delete("/ngsi-ld/v1/entities/urn:ngsi-ld:Room:1/attrs/secret").status_code == 204
    assert api.delete("/ngsi-ld/v1/entities/urn:ngsi-ld:Room:3").status_code == 204
    write(api, 1, secret=3, t=2)
    write(api, 3, t=9, location=AWAY)
    write(api, 3, location=HERE)  # it comes into sight
    assert api.delete("/ngsi-ld/v1/entities/urn:ngsi-ld:Room:1/attrs/t").status_code == 204
    assert api.delete("/ngsi-ld/v1/entities/urn:ngsi-ld:Room:1").status_code == 204
    told = [one.json["data"] for one in http_receiver.wait_for(4)]
    wait_for(lambda: counts(api)["delivered"], lambda found: found == 4)
    assert counts(api)["matched"] == 4
    by_entity = {number: [data for data in told if data[0]["id"].endswith(number)] for number in "13"}
    changed, deleted, gone = by_entity["1"]
    assert set(changed[0]) - {"id", "type", "createdAt", "modifiedAt"} == {"t", "location", "near"}
    assert (changed[0]["t"]["value"], changed[0]["t"]["previousValue"]) == (2, 1)
    assert changed[1]["id"] == "urn:ngsi-ld:Room:2"
    assert (changed[1]["t"]["value"], "secret" in changed[1]) == (5, False)
    assert deleted[0]["t"]["value"] == "urn:ngsi-ld:null"
    assert "secret" not in gone[0]
    assert gone[0]["deletedAt"]
    (entered,) = by_entity["3"]
    assert "previousValue" not in entered[0]["location"]  # where it was is out of sight
    assert b"secret" not in b"".join(one.body for one in http_receiver.requests)
    assert b"nurse" not in b"".join(one.body for one in http_receiver.requests)


def test_what_waits_is_told_with_the_rights_of_its_delivery(
    api: httpx.Client, partners: Partners, http_receiver: Receiver, notifier: Callable[[], None]
) -> None:
    air = partners.add("air")
    wide = partners.grant("air", types=("Room",), attributes=("t", "u"))
    assert subscribe(api, http_receiver, air).status_code == 201
    write(api, 1, t=1, u=1)
    write(api, 2, u=1)
    assert counts(api)["waiting"] == 2
    partners.grant("air", types=("Room",), attributes=("t",))
    partners.withdraw(wide)
    notifier()
    (first,) = http_receiver.wait_for(1)
    assert first.json["data"] == [{"id": "urn:ngsi-ld:Room:1", "type": "Room", "t": 1}]
    told = wait_for(lambda: counts(api), lambda found: not found["waiting"])
    assert (told["matched"], told["delivered"], told["cancelled"]) == (2, 1, 1)
    write(api, 1, u=2)
    assert counts(api)["matched"] == 2


def test_a_withdrawn_grant_and_a_disabled_organisation_are_shown_and_nothing_is_lost(
    api: httpx.Client, partners: Partners, http_receiver: Receiver, notifier: Callable[[], None]
) -> None:
    air = partners.add("air")
    grant = partners.grant("air", types=("Room",))
    assert subscribe(api, http_receiver, air).status_code == 201
    notifier()
    write(api, 1, t=1)
    http_receiver.wait_for(1)
    partners.disable("air")
    wait_for(lambda: api.get(ONE, headers=air).status_code, lambda found: found == 401)
    assert (api.get(ONE).json()["status"], api.get(NGSI_LD).json()["status"]) == ("disabled", "paused")
    write(api, 1, t=2)
    assert counts(api)["matched"] == 1
    partners.disable("air", is_disabled=False)
    write(api, 1, t=3)
    assert http_receiver.wait_for(2)[1].json["data"][0]["t"] == 3
    partners.withdraw(grant)
    shown = wait_for(lambda: api.get(ONE, headers=air).json(), lambda found: found["status"] == "denied")
    assert "nothing is granted to its organisation" in shown["reason"]
    assert api.get(NGSI_LD, headers=air).json()["status"] == "paused"
    problem(api.post(f"{ONE}/catch-up", json={"sequence": 0}, headers=air), 409, "Conflict")
    write(api, 1, t=4)
    partners.grant("air", types=("Room",))
    wait_for(lambda: api.get(ONE, headers=air).json()["status"], lambda found: found == "active")
    write(api, 1, t=5)
    assert http_receiver.wait_for(3)[2].json["data"][0]["t"] == 5
    assert api.delete(NGSI_LD, headers=air).status_code == 204


def test_who_may_not_subscribe_is_told_at_once(
    api: httpx.Client, partners: Partners, http_receiver: Receiver
) -> None:
    air = partners.add("air")
    assert "subscribe" in problem(subscribe(api, http_receiver, air), 403, "about:blank")
    partners.grant("air", Operation.READ, types=("Room",))
    wait_for(
        lambda: api.get("/ngsi-ld/v1/entities", params={"type": "Room"}, headers=air).status_code,
        lambda found: found == 200,
    )
    assert "subscribe" in problem(subscribe(api, http_receiver, air), 403, "about:blank")
    assert api.get("/ngsi-ld/v1/subscriptions", headers=air).json() == []


def test_another_organisations_subscription_is_not_there(
    api: httpx.Client, partners: Partners, http_receiver: Receiver
) -> None:
    air, bus, colleague = partners.add("air"), partners.add("bus"), partners.add("air", Role.SERVICE)
    for name in ("air", "bus"):
        partners.grant(name, types=("Room",))
    assert subscribe(api, http_receiver, air).status_code == 201
    routes: list[tuple[str, str, Any]] = [
        ("GET", ONE, None),
        ("PATCH", ONE, {"waitingLimit": 1}),
        ("GET", f"{ONE}/deliveries", None),
        ("GET", f"{ONE}/dead-letters", None),
        ("POST", f"{ONE}/dead-letters/replay", {}),
        ("GET", f"{ONE}/dead-letters/1", None),
        ("POST", f"{ONE}/catch-up", {"sequence": 0}),
        ("POST", f"{ONE}/test", None),
        ("POST", f"{ONE}/pause", {}),
        ("POST", f"{ONE}/resume", None),
        ("GET", f"{ONE}/statistics", None),
        ("GET", NGSI_LD, None),
        ("PATCH", NGSI_LD, {"type": "Subscription", "isActive": False}),
        ("DELETE", NGSI_LD, None),
    ]
    for method, path, body in routes:
        answer = api.request(method, path, json=body, headers=bus)
        problem(answer, 404, "ResourceNotFound")
    for path in ("/ngsi-ld/v1/subscriptions", "/api/v1/subscriptions"):
        shown = api.get(path, headers=bus).json()
        assert (shown if isinstance(shown, list) else shown["subscriptions"]) == []
    assert http_receiver.requests == []
    assert api.get(ONE, headers=colleague).json()["organisation"] == "air"
    assert api.get(ONE).json()["status"] == "active"
    problem(subscribe(api, http_receiver, bus), 409, "AlreadyExists")
    town: dict[str, Any] = {
        "id": "urn:ngsi-ld:Subscription:town",
        "type": "Subscription",
        "entities": [{"type": "Room"}],
        "notification": {"endpoint": {"uri": http_receiver.url}},
    }
    assert api.post("/ngsi-ld/v1/subscriptions", json=town).status_code == 201
    problem(api.get(f"/api/v1/subscriptions/{town['id']}", headers=air), 404, "ResourceNotFound")


def test_tests_previews_catching_up_and_dead_letters_show_what_is_granted(
    api: httpx.Client, partners: Partners, http_receiver: Receiver, notifier: Callable[[], None]
) -> None:
    air = partners.add("air")
    grant = partners.grant("air", types=("Room",), attributes=("t", "u"))
    write(api, 1, t=1, u=1, secret=1)
    write(api, 1, secret=2)
    assert subscribe(api, http_receiver, air, q="t>=1").status_code == 201
    tried = api.post(f"{ONE}/test", headers=air).json()
    assert (tried["delivered"], tried["isSample"]) == (True, False)
    assert tried["notification"]["data"] == [{"id": "urn:ngsi-ld:Room:1", "type": "Room", "t": 1, "u": 1}]
    draft = {"type": "Subscription", "entities": [{"type": "Room"}], "q": "secret>0"}
    assert api.post("/api/v1/subscriptions/preview", json=draft, headers=air).json()["count"] == 0
    http_receiver.always = Answer(410)
    notifier()
    caught = api.post(f"{ONE}/catch-up", json={"sequence": 0}, headers=air).json()
    assert caught["queued"] == 1  # not the change of what is hidden
    wait_for(lambda: counts(api), lambda found: found["deadLettered"] == 1)
    (letter,) = api.get(f"{ONE}/dead-letters", headers=air).json()["deadLetters"]

    def shown() -> Any:
        return api.get(f"{ONE}/dead-letters/{letter['id']}", headers=air).json()["notification"]

    assert shown()["data"] == [{"id": "urn:ngsi-ld:Room:1", "type": "Room", "t": 1, "u": 1}]
    partners.grant("air", types=("Room",), attributes=("t",))
    partners.withdraw(grant)
    wait_for(shown, lambda found: found["data"] == [{"id": "urn:ngsi-ld:Room:1", "type": "Room", "t": 1}])


def test_periodic_notifications_hold_what_is_granted(
    api: httpx.Client, partners: Partners, http_receiver: Receiver, notifier: Callable[[], None]
) -> None:
    air = partners.add("air")
    partners.grant("air", types=("Room",), attributes=("t",), area=AROUND_HERE)
    write(api, 1, t=1, secret=1, location=HERE)
    write(api, 2, t=2, secret=2, location=AWAY)
    assert subscribe(api, http_receiver, air, timeInterval=1).status_code == 201
    notifier()
    (first, *_) = http_receiver.wait_for(1)
    assert first.json["data"] == [{"id": "urn:ngsi-ld:Room:1", "type": "Room", "t": 1}]


def test_alarm_rules_belong_to_organisations(api: httpx.Client, partners: Partners) -> None:
    rule = {"id": "hot", "name": "Hot", "type": "Room", "attribute": "t", "above": 30, "severity": "high"}
    air, bus = partners.add("air", Role.OPERATOR), partners.add("bus", Role.OPERATOR)
    partner = partners.add("air")
    partners.grant("bus", types=("Room",))
    problem(api.post("/api/v1/alarms", json=rule, headers=partner), 403, "about:blank")
    problem(api.post("/api/v1/alarms", json=rule, headers=air), 403, "about:blank")
    partners.grant("air", types=("Room",))
    made = wait_for(
        lambda: api.post("/api/v1/alarms", json=rule, headers=air), lambda found: found.status_code != 403
    )
    assert made.status_code == 201, made.text
    one = "/api/v1/alarms/hot"
    for method, path, body in (
        ("GET", one, None),
        ("GET", f"{one}/states", None),
        ("PATCH", one, {"isActive": False}),
        ("PUT", one, rule),
        ("DELETE", one, None),
    ):
        problem(api.request(method, path, json=body, headers=bus), 404, "ResourceNotFound")
    problem(api.post("/api/v1/alarms", json=rule, headers=bus), 409, "AlreadyExists")
    assert api.get("/api/v1/alarms", headers=bus).json()["rules"] == []
    assert [each["id"] for each in api.get("/api/v1/alarms", headers=air).json()["rules"]] == ["hot"]
    assert api.get(one).status_code == 200
    assert api.delete(one, headers=air).status_code == 204
