"""A partner looks after a subscription over HTTP, with a real notifier beside the API."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import httpx
import pytest

from context_api.http.settings import ApiSettings
from context_api.notifications import NotifierSettings, run
from context_api.notifications.retry import RetryPolicy
from context_api.notifications.signing import is_signed
from context_api.store.deliveries import RestPolicy
from tests.integration.http.conftest import LOOPBACK, problem
from tests.integration.notifications.writer import open_connection
from tests.support.receiver import Answer, Receiver

SUBSCRIPTION = "urn:ngsi-ld:Subscription:1"
ONE = f"/api/v1/subscriptions/{SUBSCRIPTION}"
ENTITIES = "/ngsi-ld/v1/entities"


@pytest.fixture
def notifier_settings(database_url: str) -> NotifierSettings:
    return NotifierSettings(
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


Start = Callable[[NotifierSettings], None]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts notifiers that are stopped after the test."""
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def begin(settings: NotifierSettings) -> None:
        threads.append(threading.Thread(target=run, args=(settings, stop)))
        threads[-1].start()

    yield begin
    stop.set()
    for thread in threads:
        thread.join(30)


def subscribe(api: httpx.Client, receiver: Receiver, **members: Any) -> None:
    endpoint = {"uri": f"{receiver.url}/in", **members.pop("endpoint", {})}
    document = {
        "id": SUBSCRIPTION,
        "type": "Subscription",
        "entities": [{"type": "Room"}],
        "notification": {"endpoint": endpoint},
        **members,
    }
    answer = api.post("/ngsi-ld/v1/subscriptions", json=document)
    assert answer.status_code == 201, answer.text


def write(api: httpx.Client, number: int, value: int) -> None:
    document = {"id": f"urn:ngsi-ld:Room:{number}", "type": "Room", "t": {"type": "Property", "value": value}}
    answer = api.post("/ngsi-ld/v1/entityOperations/upsert", json=[document])
    assert answer.status_code in (201, 204), answer.text


def wait_for(read: Callable[[], Any], holds: Callable[[Any], bool], timeout_s: float = 60.0) -> Any:
    deadline = time.monotonic() + timeout_s
    while not holds(found := read()):
        assert time.monotonic() < deadline, found
        time.sleep(0.03)
    return found


def counts(api: httpx.Client) -> dict[str, int]:
    found: dict[str, int] = api.get(ONE).json()["counts"]
    assert found["matched"] == sum(value for name, value in found.items() if name != "matched")
    return found


def wait_counts(api: httpx.Client, **expected: int) -> None:
    wait_for(lambda: counts(api), lambda found: expected.items() <= found.items())


def values(receiver: Receiver) -> list[int]:
    return [request.json["data"][0]["t"]["value"] for request in receiver.requests]


def test_deliveries_are_listed_with_latency_and_status_newest_first(
    api: httpx.Client, http_receiver: Receiver, start: Start, notifier_settings: NotifierSettings
) -> None:
    subscribe(api, http_receiver)
    http_receiver.answer(503, 204)
    start(notifier_settings)
    for number in range(3):
        write(api, number, number)
        wait_counts(api, delivered=number + 1)
    page = api.get(f"{ONE}/deliveries", params={"limit": 2}).json()
    assert [one["entityId"] for one in page["deliveries"]] == ["urn:ngsi-ld:Room:2", "urn:ngsi-ld:Room:1"]
    rest = api.get(f"{ONE}/deliveries", params={"limit": 2, "before": page["next"]}).json()
    (first,) = rest["deliveries"]
    assert (first["state"], first["attempts"], first["status"], first["error"]) == (
        "delivered",
        2,
        204,
        None,
    )
    assert first["latencyMs"] >= first["requestMs"] >= 0
    assert rest["next"] is None
    assert api.get(f"{ONE}/deliveries", params={"state": "waiting,deadLettered"}).json()["deliveries"] == []
    overview = api.get(ONE).json()
    assert (overview["status"], overview["endpoint"]["state"]) == ("active", "ok")
    assert overview["waitingLimit"] == 100_000
    assert api.get("/api/v1/subscriptions").json()["subscriptions"][0]["id"] == SUBSCRIPTION


def test_dead_letters_keep_what_replay_needs_after_the_change_is_gone(
    api: httpx.Client,
    http_receiver: Receiver,
    start: Start,
    notifier_settings: NotifierSettings,
    database_url: str,
) -> None:
    subscribe(api, http_receiver)
    http_receiver.always = Answer(500)
    start(replace(notifier_settings, retry=RetryPolicy(first_s=0.01, longest_s=0.02, give_up_s=0.2)))
    write(api, 1, 41)
    wait_counts(api, deadLettered=1)
    refused = http_receiver.requests[0].json["id"]
    with open_connection(database_url) as connection:
        connection.execute("truncate change")
    (letter,) = api.get(f"{ONE}/dead-letters").json()["deadLetters"]
    assert (letter["state"], letter["status"]) == ("deadLettered", 500)
    assert letter["error"].startswith("given up")
    shown = api.get(f"{ONE}/dead-letters/{letter['id']}").json()
    assert shown["notification"]["data"][0]["t"]["value"] == 41
    http_receiver.always = Answer(200)
    assert api.post(f"{ONE}/dead-letters/replay", json={"ids": [letter["id"]]}).json() == {"replayed": 1}
    wait_counts(api, delivered=1, deadLettered=0)
    last = http_receiver.requests[-1].json
    assert (last["id"], last["data"][0]["t"]["value"]) == (refused, 41)
    (again,) = api.get(f"{ONE}/deliveries").json()["deliveries"]
    assert again["replayed"] is True
    assert api.post(f"{ONE}/dead-letters/replay", json={}).json() == {"replayed": 0}


def test_a_410_pauses_with_a_reason_and_catch_up_brings_what_was_missed(
    api: httpx.Client, http_receiver: Receiver, start: Start, notifier_settings: NotifierSettings
) -> None:
    subscribe(api, http_receiver)
    start(notifier_settings)
    http_receiver.answer(410)
    write(api, 1, 1)
    wait_counts(api, deadLettered=1)
    overview = wait_for(lambda: api.get(ONE).json(), lambda found: found["status"] == "paused")
    assert "410" in overview["reason"]
    write(api, 1, 2)
    write(api, 2, 3)
    problem(api.post(f"{ONE}/catch-up", json={"sequence": 0}), 409, "Conflict")
    assert api.post(f"{ONE}/resume").json()["status"] == "active"
    done = api.post(f"{ONE}/catch-up", json={"sequence": 0}).json()
    assert (done["scanned"], done["queued"], done["next"]) == (3, 3, None)
    wait_counts(api, matched=4, delivered=3, deadLettered=1)
    assert sorted(values(http_receiver)) == [1, 1, 2, 3]
    ids = [request.json["id"] for request in http_receiver.requests]
    assert len(set(ids)) == 3  # the change that was refused keeps its id
    since = api.get(f"{ONE}/deliveries", params={"state": "delivered"}).json()["deliveries"]
    assert all(one["replayed"] for one in since)


def test_catch_up_by_time_and_its_errors(
    api: httpx.Client, http_receiver: Receiver, start: Start, notifier_settings: NotifierSettings
) -> None:
    subscribe(api, http_receiver)
    write(api, 1, 1)
    start(notifier_settings)
    wait_counts(api, delivered=1)
    assert api.post(f"{ONE}/catch-up", json={"since": "2999-01-01T00:00:00Z"}).json()["queued"] == 0
    assert api.post(f"{ONE}/catch-up", json={"since": "2020-01-01T00:00:00Z"}).json()["queued"] == 1
    wait_counts(api, matched=2, delivered=2)
    for body in (
        {},
        {"since": "yesterday"},
        {"sequence": -1},
        {"cursor": "x"},
        {"sequence": 1, "cursor": ""},
    ):
        problem(api.post(f"{ONE}/catch-up", json=body), 400, "BadRequestData")


def test_a_test_notification_is_real_and_not_counted(api: httpx.Client, http_receiver: Receiver) -> None:
    subscribe(api, http_receiver, endpoint={"receiverInfo": [{"key": "Authorization", "value": "Bearer s3"}]})
    tried = api.post(f"{ONE}/test").json()
    assert (tried["delivered"], tried["status"], tried["isSample"]) == (True, 200, True)
    assert "s3" not in str(tried)
    write(api, 1, 7)
    http_receiver.answer(Answer(302, {"Location": "/elsewhere"}))
    tried = api.post(f"{ONE}/test").json()
    assert (tried["delivered"], tried["status"], tried["isSample"]) == (False, 302, False)
    assert "redirects are not followed" in tried["error"]
    first, second = http_receiver.requests
    assert first.headers["machi-test"] == "1"
    assert first.headers["authorization"] == "Bearer s3"
    assert second.json["data"][0]["t"]["value"] == 7
    assert counts(api)["matched"] == 1  # the write, not the tests


def test_pause_and_resume(
    api: httpx.Client, http_receiver: Receiver, start: Start, notifier_settings: NotifierSettings
) -> None:
    subscribe(api, http_receiver)
    paused = api.post(f"{ONE}/pause", json={"reason": "maintenance"}).json()
    assert (paused["status"], paused["reason"]) == ("paused", "maintenance")
    write(api, 1, 1)
    assert counts(api)["matched"] == 0
    assert api.get(f"/ngsi-ld/v1/subscriptions/{SUBSCRIPTION}").json()["status"] == "paused"
    resumed = api.post(f"{ONE}/resume").json()
    assert (resumed["status"], resumed["reason"]) == ("active", None)
    start(notifier_settings)
    write(api, 1, 2)
    wait_counts(api, delivered=1)
    assert values(http_receiver) == [2]


def test_over_its_limit_a_subscription_keeps_the_newest_and_its_owner_is_told(
    api: httpx.Client, http_receiver: Receiver, start: Start, notifier_settings: NotifierSettings
) -> None:
    subscribe(api, http_receiver)
    assert api.patch(ONE, json={"waitingLimit": 2}).json()["waitingLimit"] == 2
    for value in range(5):
        write(api, 1, value)
        write(api, 2, value)
    http_receiver.always = Answer(503)
    start(notifier_settings)
    wait_counts(api, waiting=2, coalesced=8)
    overview = api.get(ONE).json()
    assert overview["overLimitAt"] is not None
    http_receiver.always = Answer(200)
    wait_counts(api, delivered=2, waiting=0)
    assert api.patch(ONE, json={"waitingLimit": None}).json()["waitingLimit"] == 100_000
    problem(api.patch(ONE, json={"waitingLimit": -1}), 400, "BadRequestData")
    problem(api.patch(ONE, json={"limit": 1}), 400, "BadRequestData")


def test_statistics_by_hour(
    api: httpx.Client, http_receiver: Receiver, start: Start, notifier_settings: NotifierSettings
) -> None:
    subscribe(api, http_receiver)
    empty = api.get(f"{ONE}/statistics").json()
    assert empty == {"hours": [], "latencyMs": {}, "waiting": 0, "oldestWaiting": None}
    http_receiver.answer(500)
    start(notifier_settings)
    for value in range(3):
        write(api, value, value)
    wait_counts(api, delivered=3)
    found = api.get(f"{ONE}/statistics", params={"hours": 2}).json()
    assert sum(hour["delivered"] for hour in found["hours"]) == 3
    assert sum(hour["failedAttempts"] for hour in found["hours"]) == 1
    assert 0 < found["latencyMs"]["p50"] <= found["latencyMs"]["p99"]


def test_periodic_notifications_hold_all_that_match_once_though_two_notifiers_run(
    api: httpx.Client, http_receiver: Receiver, start: Start, notifier_settings: NotifierSettings
) -> None:
    write(api, 1, 1)
    write(api, 2, 2)
    subscribe(api, http_receiver, timeInterval=1)
    began = time.time()
    start(notifier_settings)
    start(replace(notifier_settings, instance="second"))
    requests = http_receiver.wait_for(3)
    assert [one["t"]["value"] for one in requests[0].json["data"]] == [1, 2]
    assert len({request.json["id"] for request in requests}) == len(requests)
    assert len(requests) <= requests[-1].at - began + 1


def test_what_does_not_exist_is_said(api: httpx.Client, settings: ApiSettings) -> None:
    assert settings.waiting_per_subscription == 100_000
    api.post(ENTITIES, json={"id": "urn:ngsi-ld:Room:1", "type": "Room"})
    for path in ("", "/deliveries", "/dead-letters", "/statistics"):
        problem(api.get(f"/api/v1/subscriptions/urn:x{path}"), 404, "ResourceNotFound")
    for path in ("/test", "/resume"):
        problem(api.post(f"/api/v1/subscriptions/urn:x{path}"), 404, "ResourceNotFound")


def test_secrets_sign_and_rotate(
    api: httpx.Client, http_receiver: Receiver, start: Start, notifier_settings: NotifierSettings
) -> None:
    subscribe(
        api, http_receiver, endpoint={"secrets": ["new-secret-of-16-or-more", "old-secret-of-16-or-more"]}
    )
    start(notifier_settings)
    write(api, 1, 1)
    (request,) = http_receiver.wait_for(1)
    signature = request.headers["machi-signature"]
    for secret in ("new-secret-of-16-or-more", "old-secret-of-16-or-more"):
        assert is_signed(signature, secret, request.body, time.time())
    assert "secret-of" not in api.get(f"/ngsi-ld/v1/subscriptions/{SUBSCRIPTION}").text


def test_throttling_delivers_the_first_and_the_last_though_two_notifiers_run(
    api: httpx.Client, http_receiver: Receiver, start: Start, notifier_settings: NotifierSettings
) -> None:
    subscribe(api, http_receiver, throttling=1)
    start(notifier_settings)
    start(replace(notifier_settings, instance="second"))
    write(api, 1, 0)
    wait_counts(api, delivered=1)
    for value in range(1, 20):
        write(api, 1, value)
    wait_counts(api, matched=20, waiting=0)
    found = values(http_receiver)
    assert found == sorted(set(found))
    assert (found[0], found[-1]) == (0, 19)
    times = [request.at for request in http_receiver.requests]
    assert all(later - earlier >= 0.99 for earlier, later in pairwise(times))
    assert counts(api)["coalesced"] == 20 - len(found)


def test_a_circle_of_brokers_ends_where_it_began(
    api: httpx.Client, http_receiver: Receiver, start: Start, notifier_settings: NotifierSettings
) -> None:
    """The receiver plays another broker: it passes on what it is told, and who told it."""
    subscribe(api, http_receiver)
    start(notifier_settings)
    room = {"id": "urn:ngsi-ld:Room:1", "type": "Room", "t": {"type": "Property", "value": 1}}
    assert api.post(ENTITIES, json=room, headers={"Via": "1.1 elsewhere"}).status_code == 201
    (told,) = http_receiver.wait_for(1)
    own = api.get("/ngsi-ld/v1/info/sourceIdentity").json()["contextSourceAlias"]
    assert told.headers["via"] == f"1.1 elsewhere, 1.1 {own}"
    back = api.post(
        "/ngsi-ld/v1/entityOperations/upsert",
        json=told.json["data"],
        headers={"Via": f"{told.headers['via']}, 1.1 elsewhere"},
    )
    problem(back, 508, "about:blank")
    http_receiver.answer(508)
    write(api, 1, 2)
    overview = wait_for(lambda: api.get(ONE).json(), lambda found: found["status"] == "paused")
    assert "in a circle" in overview["reason"]
