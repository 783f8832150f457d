"""Subscriptions through the API on a real database."""

import threading
import time
from typing import Any

import httpx
import msgspec
import pytest

from context_api.http.settings import ApiSettings
from context_api.store.context_cache import find_document
from context_api.store.database import Database, open_database
from tests.integration.http.conftest import Serve, problem
from tests.support.receiver import Answer, Receiver

SUBSCRIPTIONS = "/ngsi-ld/v1/subscriptions"
ENTITIES = "/ngsi-ld/v1/entities"


def draft(**members: Any) -> dict[str, Any]:
    return {
        "id": "urn:ngsi-ld:Subscription:1",
        "type": "Subscription",
        "entities": [{"type": "Room"}],
        "watchedAttributes": ["temperature"],
        "notification": {
            "attributes": ["temperature"],
            "format": "keyValues",
            "endpoint": {"uri": "http://127.0.0.1:9/notify", "accept": "application/json"},
        },
        **members,
    }


def with_header(key: str, value: str) -> dict[str, Any]:
    """A notification that asks for a header of its own."""
    endpoint = {"uri": "http://127.0.0.1:9/", "receiverInfo": [{"key": key, "value": value}]}
    return {"notification": {"endpoint": endpoint}}


def test_create_retrieve_list_delete(api: httpx.Client) -> None:
    created = api.post(SUBSCRIPTIONS, json=draft())
    assert created.status_code == 201
    path = created.headers["location"]
    assert path == f"{SUBSCRIPTIONS}/urn:ngsi-ld:Subscription:1"
    problem(api.post(SUBSCRIPTIONS, json=draft()), 409, "AlreadyExists")
    found = api.get(path).json()
    assert found["entities"] == [{"type": "Room"}]
    assert found["watchedAttributes"] == ["temperature"]
    assert found["status"] == "active"
    assert found["notification"]["endpoint"] == draft()["notification"]["endpoint"]
    assert "createdAt" not in found
    assert "createdAt" in api.get(f"{path}?options=sysAttrs").json()
    other = draft()
    del other["id"]
    second = api.post(SUBSCRIPTIONS, json=other).headers["location"]
    assert second.startswith(f"{SUBSCRIPTIONS}/urn:ngsi-ld:Subscription:")
    page = api.get(f"{SUBSCRIPTIONS}/?limit=1&count=true")
    assert [each["id"] for each in page.json()] == ["urn:ngsi-ld:Subscription:1"]
    assert page.headers["ngsild-results-count"] == "2"
    assert (
        f'<{SUBSCRIPTIONS}?count=true&limit=1&offset=1>; rel="next"; type="application/ld+json"'
        in (page.headers["link"])
    )
    assert api.delete(path).status_code == 204
    problem(api.get(path), 404, "ResourceNotFound")
    problem(api.delete(path), 404, "ResourceNotFound")
    assert api.get(second).status_code == 200


@pytest.mark.parametrize(
    ("members", "status", "kind", "part"),
    [
        ({"type": "Abo"}, 400, "BadRequestData", "/type"),
        ({"notification": {}}, 400, "BadRequestData", "/notification"),
        ({"entities": []}, 400, "BadRequestData", "/entities"),
        ({"throttling": -5}, 400, "BadRequestData", "throttling"),
        ({"throttling": 5, "timeInterval": 5}, 400, "BadRequestData", "throttling"),
        ({"q": "temperature>"}, 400, "BadRequestData", "/q"),
        ({"colour": "red"}, 400, "BadRequestData", "colour"),
        ({"notification": {"endpoint": {"uri": "http://10.0.0.1/x"}}}, 400, "BadRequestData", "not public"),
        (
            {"notification": {"endpoint": {"uri": "http://[::ffff:10.0.0.1]/x"}}},
            400,
            "BadRequestData",
            "public",
        ),
        (
            {"notification": {"endpoint": {"uri": "http://u:p@8.8.8.8/x"}}},
            400,
            "BadRequestData",
            "credentials",
        ),
        ({"notification": {"endpoint": {"uri": "mqtt://8.8.8.8"}}}, 400, "BadRequestData", "topic"),
        ({"notification": {"endpoint": {"uri": "mqtt://10.0.0.1/x"}}}, 400, "BadRequestData", "not public"),
        (with_header("Transfer-Encoding", "chunked"), 400, "BadRequestData", "receiverInfo/0"),
        (with_header("host", "example.org"), 400, "BadRequestData", "set by the broker"),
        (with_header("X-Key", "a\r\nX-Other: b"), 400, "BadRequestData", "receiverInfo/0"),
        ({"jsonldContext": "http://127.0.0.1:9/c"}, 504, "LdContextNotAvailable", "127.0.0.1:9"),
    ],
)
def test_wrong_subscriptions_are_refused(
    api: httpx.Client, members: dict[str, Any], status: int, kind: str, part: str
) -> None:
    assert part in problem(api.post(SUBSCRIPTIONS, json=draft(**members)), status, kind)
    assert api.get(SUBSCRIPTIONS).json() == []


def test_a_context_named_by_a_subscription_is_kept_for_the_notifier(
    api: httpx.Client, http_receiver: Receiver, database_url: str
) -> None:
    document = {"@context": {"Room": "https://example.org/Room"}}
    http_receiver.always = Answer(body=msgspec.json.encode(document))
    url = f"{http_receiver.url}/context.jsonld"
    assert api.post(SUBSCRIPTIONS, json=draft(jsonldContext=url)).status_code == 201
    database = open_database(database_url)
    assert find_document(database, url) == document
    city = f"{str(api.base_url).rstrip('/')}/ngsi-ld/v1/jsonldContexts/city"
    link = {"Link": f'<{city}>; rel="http://www.w3.org/ns/json-ld#context"'}
    assert api.post(SUBSCRIPTIONS, json=draft(id="urn:s:2"), headers=link).status_code == 201
    kept = find_document(database, city)
    database.close()
    assert kept is not None
    assert "pm25" in kept["@context"]


def test_a_subscription_counts_from_its_answer(
    settings: ApiSettings, serve: Serve, database_url: str
) -> None:
    """Two processes: what is written through one after the other's 201 waits for the notifier."""
    one, another = serve(settings), serve(settings)
    document = {"id": "urn:a:1", "type": "Room", "temperature": 1}
    assert another.post(ENTITIES, json=document).status_code == 201
    assert one.post(SUBSCRIPTIONS, json=draft()).status_code == 201
    for value in (2, 3):
        update = {"temperature": {"value": value}}
        assert another.patch(f"{ENTITIES}/urn:a:1/attrs", json=update).status_code == 204
    database = open_database(database_url)
    with database.connection() as connection:
        row = connection.execute("select count(*) from outbox where state = 0").fetchone()
    database.close()
    assert row == (2,)


def test_an_update_changes_what_it_names(api: httpx.Client) -> None:
    created = api.post(SUBSCRIPTIONS, json=draft(expiresAt="2999-01-01T00:00:00Z", throttling=2.5))
    path = created.headers["location"]
    before = api.get(path, params={"options": "sysAttrs"}).json()
    fragment = {"q": "temperature>20", "throttling": 5, "expiresAt": "urn:ngsi-ld:null"}
    assert api.patch(path, json=fragment).status_code == 204
    found = api.get(path, params={"options": "sysAttrs"}).json()
    assert found.pop("modifiedAt") > before.pop("modifiedAt")
    del before["expiresAt"]
    assert found == before | {"q": "temperature>20", "throttling": 5}


def test_an_update_is_read_in_its_own_context(api: httpx.Client) -> None:
    path = api.post(SUBSCRIPTIONS, json=draft()).headers["location"]
    context = {"Hall": "https://example.org/Hall"}
    fragment = {"entities": [{"type": "Hall"}], "@context": context}
    update = api.patch(path, json=fragment, headers={"Content-Type": "application/ld+json"})
    assert update.status_code == 204
    found = api.get(path).json()
    assert (found["entities"], found["watchedAttributes"]) == (
        [{"type": "https://example.org/Hall"}],
        ["temperature"],
    )


def test_an_update_pauses_and_resumes(api: httpx.Client, database_url: str) -> None:
    path = api.post(SUBSCRIPTIONS, json=draft()).headers["location"]
    for is_active, status in ((False, "paused"), (True, "active")):
        assert api.patch(path, json={"type": "Subscription", "isActive": is_active}).status_code == 204
        found = api.get(path).json()
        assert (found["isActive"], found["status"]) == (is_active, status)
    database = open_database(database_url)
    with database.connection() as connection:
        connection.execute("update subscription set is_active = false, status_reason = 'HTTP 410 Gone'")
    assert api.patch(path, json={"description": "x"}).status_code == 204
    assert api.get(path).json()["status"] == "paused"
    assert api.patch(path, json={"isActive": True}).status_code == 204
    assert api.get(path).json()["status"] == "active"
    with database.connection() as connection:
        row = connection.execute("select is_active, status_reason from subscription").fetchone()
    database.close()
    assert row == (True, None)


@pytest.mark.parametrize(
    ("fragment", "status", "kind", "part"),
    [
        ({}, 400, "BadRequestData", "members"),
        ({"type": "Abo"}, 400, "BadRequestData", "/type"),
        ({"id": "urn:ngsi-ld:Subscription:2"}, 400, "BadRequestData", "/id"),
        ({"notification": "urn:ngsi-ld:null"}, 400, "BadRequestData", "/notification"),
        ({"notification": {"format": "keyValues"}}, 400, "BadRequestData", "/notification/endpoint"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, 400, "BadRequestData", "/expiresAt"),
        ({"timeInterval": 5}, 400, "BadRequestData", "/watchedAttributes"),
        ({"jsonldContext": "http://127.0.0.1:9/c"}, 504, "LdContextNotAvailable", "127.0.0.1:9"),
        (
            {"entities": None, "watchedAttributes": None},
            400,
            "BadRequestData",
            "entities or watchedAttributes",
        ),
    ],
)
def test_wrong_updates_change_nothing(
    api: httpx.Client, fragment: dict[str, Any], status: int, kind: str, part: str
) -> None:
    path = api.post(SUBSCRIPTIONS, json=draft()).headers["location"]
    before = api.get(path).json()
    assert part in problem(api.patch(path, json=fragment), status, kind)
    assert api.get(path).json() == before
    problem(api.patch(f"{path}0", json={"isActive": True}), 404, "ResourceNotFound")


SECRET = "Zq7-hidden-word-4711"


@pytest.mark.parametrize(
    "endpoint",
    [
        {"uri": "http://127.0.0.1:9/", "receiverInfo": [{"key": "Authorization", "value": SECRET}]},
        {"uri": "http://127.0.0.1:9/", "receiverInfo": [{"key": "X-Api-Key", "value": SECRET}]},
        {"uri": "http://127.0.0.1:9/", "secrets": [SECRET, f"{SECRET}-old"]},
        {"uri": f"mqtt://town:{SECRET}@127.0.0.1:9/topic"},
    ],
)
def test_no_answer_shows_a_secret_and_what_was_served_can_be_sent_back(
    api: httpx.Client, database_url: str, endpoint: dict[str, Any]
) -> None:
    path = api.post(SUBSCRIPTIONS, json=draft(notification={"endpoint": endpoint})).headers["location"]
    answers = [api.get(path), api.get(SUBSCRIPTIONS)]
    served = answers[0].json()["notification"]
    assert "********" in str(served)
    elsewhere = {"endpoint": served["endpoint"] | {"uri": served["endpoint"]["uri"].replace(":9/", ":10/")}}
    refused = api.patch(path, json={"notification": elsewhere})
    assert "give the secret itself" in problem(refused, 400, "BadRequestData")
    assert api.patch(path, json={"notification": served | {"sysAttrs": True}}).status_code == 204
    for answer in (*answers, refused, api.get(path)):
        assert SECRET not in answer.text
    database = open_database(database_url)
    with database.connection() as connection:
        row = connection.execute("select document ->> 'notification' from subscription").fetchone()
    database.close()
    assert row is not None
    assert SECRET in row[0]


@pytest.mark.parametrize(
    "endpoint",
    [
        {"uri": f"http://town:{SECRET}@127.0.0.1:9/"},
        {"uri": f"https://{SECRET}@example.org/"},
        {"uri": f"mqtt://:{SECRET}@127.0.0.1/topic"},
        {"uri": f"mqtt://town:{SECRET}@127.0.0.1/"},
        {"uri": f"mqtt://town:{SECRET} @127.0.0.1/topic"},
        {"uri": f"mqtt://town:{SECRET}@127.0.0.1:99999/topic"},
        {"uri": f"mqtt://town:{SECRET}@10.0.0.1/topic"},
        {"uri": f"ftp://town:{SECRET}@example.org/"},
        {"uri": "http://127.0.0.1:9/", "secrets": [SECRET + " "]},
        {"uri": "http://127.0.0.1:9/", "secrets": [SECRET, SECRET, SECRET]},
        {"uri": "http://127.0.0.1:9/", "receiverInfo": [{"key": "Authorization", "value": SECRET + "\n"}]},
        {"uri": "http://127.0.0.1:9/", "receiverInfo": [{"key": "Host", "value": SECRET}]},
    ],
)
def test_no_error_and_no_log_shows_a_secret(
    api: httpx.Client, endpoint: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    refused = api.post(SUBSCRIPTIONS, json=draft(notification={"endpoint": endpoint}))
    problem(refused, 400, "BadRequestData")
    assert SECRET not in refused.text
    assert SECRET not in caplog.text


def test_a_retrieval_waits_a_moment_for_what_is_under_way(api: httpx.Client, database_url: str) -> None:
    path = api.post(SUBSCRIPTIONS, json=draft()).headers["location"]
    assert "timesSent" not in api.get(path).json()["notification"]
    database = open_database(database_url)
    queue = "insert into delivery_queue (subscription_key, entity_id, due_at, leased_until)"
    with database.connection() as connection:
        connection.execute(
            f"{queue} select key, 'urn:a:1', now(), now() + interval '1 hour' from subscription"
        )
    looked = threading.Thread(target=_settle, args=(database,))
    looked.start()
    found: dict[str, Any] = {}
    while "timesSent" not in found:  # the thread may be slower than one retrieval waits
        found = api.get(path).json()["notification"]
    assert found["timesSent"] == 1
    looked.join(30)
    database.close()


def _settle(database: Database) -> None:
    """Count what was sent and give the queue back, as a notifier does."""
    time.sleep(0.05)
    with database.transaction() as connection:
        connection.execute("update subscription_counter set times_sent = 1, last_notification = now()")
        connection.execute("delete from delivery_queue")
