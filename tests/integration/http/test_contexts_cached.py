"""@contexts that were fetched or made on the way: cached ones with those they name, implicit ones."""

import time
from urllib.parse import quote

import httpx
import msgspec
import pytest

from context_api.store.context_cache import postpone_expiry
from context_api.store.database import open_database
from tests.integration.http.conftest import problem
from tests.integration.http.test_contexts_hosted import CONTEXTS, ENTITIES, link
from tests.support.receiver import Answer, Receiver

TYPE = f"{ENTITIES}?type=room"


def answer(receiver: Receiver, context: object, **headers: str) -> str:
    receiver.always = Answer(
        headers={"Content-Type": "application/ld+json", **headers},
        body=msgspec.json.encode({"@context": context}),
    )
    return f"{receiver.url}/context.jsonld"


def described(api: httpx.Client, url: str) -> httpx.Response:
    return api.get(f"{CONTEXTS}/{quote(url, safe='')}?details=true")


def test_what_was_fetched_is_listed_and_described_but_not_served(
    api: httpx.Client, http_receiver: Receiver
) -> None:
    url = answer(http_receiver, {"room": "https://example.org/room"}, **{"Cache-Control": "max-age=3600"})
    assert api.get(TYPE, headers=link(url)).status_code == 200
    assert api.get(CONTEXTS).json() == [url]
    details = described(api, url).json()
    assert set(details) == {"URL", "localId", "kind", "createdAt", "lastUsage", "expiresAt"}
    assert (details["URL"], details["kind"]) == (url, "Cached")
    assert api.get(f"{CONTEXTS}/{details['localId']}?details=true").json() == details
    problem(api.get(f"{CONTEXTS}/{quote(url, safe='')}"), 422, "OperationNotSupported")
    assert api.get(CONTEXTS, headers={"NGSILD-Tenant": "nobody"}).json() == []


def test_nested_contexts_are_cached_too(api: httpx.Client, http_receiver: Receiver) -> None:
    inner = f"{http_receiver.url}/inner.jsonld"
    http_receiver.always = Answer(body=msgspec.json.encode({"@context": {"room": "urn:x:room"}}))
    response = api.post(CONTEXTS, json={"@context": [inner]})
    assert response.status_code == 201
    assert described(api, inner).json()["kind"] == "Cached"
    assert api.get(f"{CONTEXTS}?kind=Cached").json() == [inner]


def test_a_deleted_one_is_fetched_again(api: httpx.Client, http_receiver: Receiver) -> None:
    url = answer(http_receiver, {"room": "https://example.org/room"})
    entity = {"id": "urn:ngsi-ld:R:1", "type": "https://example.org/new"}
    assert api.post(ENTITIES, json=entity).status_code == 201
    assert api.get(TYPE, headers=link(url)).json() == []
    answer(http_receiver, {"room": "https://example.org/new"})
    assert api.get(TYPE, headers=link(url)).json() == []
    assert api.delete(f"{CONTEXTS}/{quote(url, safe='')}").status_code == 204
    problem(described(api, url), 404, "ResourceNotFound")
    assert len(api.get(TYPE, headers=link(url)).json()) == 1
    assert len(http_receiver.requests) == 2


def test_reload_takes_the_new_text_at_once(api: httpx.Client, http_receiver: Receiver) -> None:
    url = answer(http_receiver, {"room": "https://example.org/room"})
    entity = {"id": "urn:ngsi-ld:R:1", "type": "https://example.org/new"}
    assert api.post(ENTITIES, json=entity).status_code == 201
    assert api.get(TYPE, headers=link(url)).json() == []
    answer(http_receiver, {"room": "https://example.org/new"})
    assert api.delete(f"{CONTEXTS}/{quote(url, safe='')}?reload=true").status_code == 204
    assert len(api.get(TYPE, headers=link(url)).json()) == 1


@pytest.mark.parametrize(
    "bad", [Answer(status=500), Answer(body=b"no json"), Answer(body=b"{}"), Answer(body=b'{"@context": 7}')]
)
def test_a_failed_reload_leaves_what_there_is(
    api: httpx.Client, http_receiver: Receiver, bad: Answer
) -> None:
    url = answer(http_receiver, {"room": "https://example.org/room"})
    assert api.get(TYPE, headers=link(url)).status_code == 200
    http_receiver.always = bad
    name = quote(url, safe="")
    problem(api.delete(f"{CONTEXTS}/{name}?reload=true"), 504, "LdContextNotAvailable")
    assert described(api, url).json()["kind"] == "Cached"
    assert api.get(TYPE, headers=link(url)).status_code == 200
    assert api.delete(f"{CONTEXTS}/{name}").status_code == 204
    problem(api.get(TYPE, headers=link(url)), *_refusal(bad))


def _refusal(bad: Answer) -> tuple[int, str]:
    return (504, "LdContextNotAvailable") if bad.status == 500 else (400, "BadRequestData")


def test_an_old_one_serves_on_while_it_is_fetched_anew(
    api: httpx.Client, http_receiver: Receiver, database_url: str
) -> None:
    url = answer(http_receiver, {"room": "https://example.org/room"})
    hosted = api.post(CONTEXTS, json={"@context": url})
    assert hosted.status_code == 201
    entity = {"id": "urn:ngsi-ld:R:1", "type": "https://example.org/new"}
    assert api.post(ENTITIES, json=entity).status_code == 201
    database = open_database(database_url)
    postpone_expiry(database, url, -1.0)
    database.close()
    answer(http_receiver, {"room": "https://example.org/new"})
    outer = str(api.base_url).rstrip("/") + hosted.headers["Location"]
    assert api.get(TYPE, headers=link(outer)).json() == []
    deadline = time.monotonic() + 10
    while not api.get(TYPE, headers=link(outer)).json():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert len(http_receiver.requests) == 2


def test_an_inline_context_of_a_subscription_gets_a_url(api: httpx.Client, http_receiver: Receiver) -> None:
    url = answer(http_receiver, {"room": "https://example.org/room"})
    document = {
        "id": "urn:ngsi-ld:Subscription:1",
        "type": "Subscription",
        "entities": [{"type": "room"}],
        "notification": {"endpoint": {"uri": f"{http_receiver.url}/notify"}},
        "@context": [url, {"car": "https://example.org/car"}],
    }
    headers = {"Content-Type": "application/ld+json"}
    body = msgspec.json.encode(document)
    assert api.post("/ngsi-ld/v1/subscriptions", content=body, headers=headers).status_code == 201
    stored = api.get("/ngsi-ld/v1/subscriptions/urn:ngsi-ld:Subscription:1").json()
    (listed,) = api.get(f"{CONTEXTS}?details=true&kind=ImplicitlyCreated").json()
    assert stored["jsonldContext"] == listed["URL"]
    assert api.get(listed["URL"]).json() == {"@context": document["@context"]}
    problem(api.delete(f"{CONTEXTS}/{listed['localId']}?reload=true"), 400, "BadRequestData")
    again = msgspec.json.encode({**document, "id": "urn:ngsi-ld:Subscription:2"})
    assert api.post("/ngsi-ld/v1/subscriptions", content=again, headers=headers).status_code == 201
    assert len(api.get(f"{CONTEXTS}?kind=ImplicitlyCreated").json()) == 1
    assert api.delete(f"{CONTEXTS}/{listed['localId']}").status_code == 204
