"""Subscriptions through the API on a real database."""

from typing import Any

import httpx
import msgspec
import pytest

from context_api.http.settings import ApiSettings
from context_api.store.context_cache import find_document
from context_api.store.database import open_database
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
        ({"throttling": 5}, 422, "OperationNotSupported", "throttling"),
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
        ({"notification": {"endpoint": {"uri": "mqtt://8.8.8.8/x"}}}, 422, "OperationNotSupported", "MQTT"),
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
