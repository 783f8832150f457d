"""What holds for every route: one error shape, access, limits, remote @contexts."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import httpx
import msgspec
import pytest

from context_api.http.app import create_app
from context_api.http.server import serve as serve_for_ever
from context_api.http.settings import ApiSettings
from context_api.store.database import open_database
from context_api.store.heartbeat import beat
from context_api.store.keys import revoke_key
from tests.integration.http.conftest import Serve, concrete_path, problem
from tests.support.receiver import Answer, Receiver

ENTITIES = "/ngsi-ld/v1/entities"
OPEN_PATHS = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/ngsi-ld/v1/jsonldContexts/{context_id}"),
    ("GET", "/api/v1/open-data"),
    ("POST", "/api/v1/invitations/accept"),
}
OWN_CREDENTIALS = "/api/v1/session"
"""People come to these with a cookie or a password, which tests/integration/login look at."""


def link(url: str) -> dict[str, str]:
    return {"Link": f'<{url}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'}


def operations(client: httpx.Client) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


@pytest.fixture
def locked(settings: ApiSettings, serve: Serve) -> httpx.Client:
    """The API with access control."""
    return serve(replace(settings, auth=True, broker_secret=b"the broker's own"))


def test_every_route_needs_a_key_but_the_open_ones(locked: httpx.Client) -> None:
    seen = 0
    for method, path, operation in operations(locked):
        answer = locked.request(method, path.replace("{", "").replace("}", ""))
        if path.startswith(OWN_CREDENTIALS):
            continue
        if (method, path) in OPEN_PATHS:
            assert operation["security"] == []
            assert answer.status_code != 401, path
            continue
        seen += 1
        problem(answer, 401, "about:blank")
        assert answer.headers["www-authenticate"].endswith('Bearer realm="machi"')
        expected = "application/json" if path.startswith("/ngsi-ld/") else "application/problem+json"
        assert answer.headers["content-type"] == expected
    assert seen >= 19
    problem(locked.get("/nothing"), 401, "about:blank")
    for path in ("/", "/docs", "/openapi.json", "/page/docs.css", "/healthz"):
        assert locked.get(path).status_code == 200, path


def test_a_key_opens_and_a_revoked_one_does_not(locked: httpx.Client, key: str, database_url: str) -> None:
    bearer = {"Authorization": f"Bearer {key}"}
    assert locked.get("/ngsi-ld/v1/types", headers=bearer).status_code == 200
    assert locked.get("/metrics", headers=bearer).status_code == 200
    for wrong in (f"Basic {key}", f"Bearer {key}x", "Bearer", f"Bearer {key[:-1]}", "Bearer \u00e9"):
        value = wrong.encode("latin-1")
        problem(locked.get("/ngsi-ld/v1/types", headers={b"Authorization": value}), 401, "about:blank")
    database = open_database(database_url)
    assert revoke_key(database, key.split("_")[1])
    database.close()
    deadline = time.monotonic() + 3
    while locked.get("/ngsi-ld/v1/types", headers=bearer).status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    problem(locked.get("/ngsi-ld/v1/types", headers=bearer), 401, "about:blank")


def test_an_open_api_is_for_loopback_only(settings: ApiSettings) -> None:
    with pytest.raises(ValueError, match="loopback"):
        serve_for_ever(replace(settings, host="0.0.0.0"))  # noqa: S104
    with pytest.raises(ValueError, match="installation secret"):
        create_app(replace(settings, auth=True, installation_secret=b"short"))


def test_errors_have_one_shape_on_every_route(api: httpx.Client) -> None:
    for method, path, operation in operations(api):
        if path.startswith("/api/v1/broker/") and method == "POST":
            problem(api.post(path, json={}), 404, "about:blank")  # nothing is there without its secret
            continue
        if "/session/oidc/" in path:
            continue  # it sends browsers on, whatever they ask
        concrete = concrete_path(path, operation)
        if path.startswith(("/ngsi-ld", "/api")):
            problem(api.request(method, f"{concrete}?unknownParameter=1"), 400, "InvalidRequest")
        problem(api.request("TRACE", concrete), 405, "about:blank")
        if "DeviceMessage" in str(operation.get("requestBody")):
            continue  # a body that its adapter refuses is put aside, not refused
        bodies = operation.get("requestBody", {}).get("content", {})
        if bodies and path.startswith("/api/v1/session"):
            continue  # who has no session is told that first
        if bodies and "application/json" not in bodies:  # a file
            problem(api.request(method, concrete, json={}), 415, "about:blank")
        elif bodies:
            json = {"Content-Type": "application/json"}
            _needs_a_length(api.request(method, concrete, content=iter([b"{}"]), headers=json), path)
            problem(api.request(method, concrete, content=b"", headers=json), 400, "InvalidRequest")
            problem(api.request(method, concrete, content=b"{", headers=json), 400, "InvalidRequest")
            problem(api.request(method, concrete, content=b" ", headers=json), 400, "InvalidRequest")
            problem(api.request(method, concrete, content=b"[" * 5000, headers=json), 400, "InvalidRequest")
            problem(api.request(method, concrete, content=b"{}"), 415, "about:blank")
        elif method == "GET" and path.startswith(("/ngsi-ld", "/api")):
            problem(api.get(concrete, headers={"Accept": "text/html"}), 406, "about:blank")
    problem(api.get("/ngsi-ld/v1/nothing"), 404, "about:blank")
    assert api.get("/nothing").headers["content-type"] == "application/problem+json"
    refused = api.put("/ngsi-ld/v1/subscriptions", json={})
    assert refused.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    asked = api.options("/ngsi-ld/v1/entities")  # where PUT and PATCH are wrong, if politely so
    assert (asked.status_code, asked.headers["allow"]) == (204, "DELETE, GET, HEAD, OPTIONS, POST")
    for path in (
        "/ngsi-ld/v1/entities//attrs",
        "/ngsi-ld/v1/entities/%FF/attrs",
        "/ngsi-ld/v1/entities/a%20b/attrs",
    ):
        problem(api.patch(path, json={"a": 1}), 400, "BadRequestData")
    problem(api.delete("/ngsi-ld/v1/entities/urn:a:1/attrs/%2e%2e"), 400, "BadRequestData")


def test_a_chunked_body_needs_a_length(api: httpx.Client) -> None:
    def parts() -> Iterator[bytes]:
        yield b'{"id": "urn:a:1", "type": "T"}'

    answer = api.post(ENTITIES, content=parts(), headers={"Content-Type": "application/json"})
    _needs_a_length(answer, ENTITIES)


def _needs_a_length(answer: httpx.Response, path: str) -> None:
    """411; for NGSI-LD without any body (clause 6.3.4)."""
    if path.startswith("/ngsi-ld"):
        assert (answer.status_code, answer.content) == (411, b"")
    else:
        problem(answer, 411, "about:blank")


def test_a_body_above_the_limit_is_refused_before_it_is_read(settings: ApiSettings, serve: Serve) -> None:
    client = serve(replace(settings, body_max_bytes=1_000))
    large = {"id": "urn:a:1", "type": "T", "text": "x" * 1_000}
    problem(client.post(ENTITIES, json=large), 413, "about:blank")
    assert client.post(ENTITIES, json={**large, "text": "x"}).status_code == 201


def test_a_database_that_is_away_is_said_so(settings: ApiSettings, serve: Serve) -> None:
    client = serve(replace(settings, database_url="postgresql://nobody@127.0.0.1:9/none"))
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["reasons"][0].startswith("database: ")
    assert client.get("/healthz").status_code == 200


def test_readiness_reads_the_heartbeats(api: httpx.Client, database_url: str) -> None:
    answer = api.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == [
        f"{process}: no heartbeat in the last 10 s" for process in ("bridge", "notifier", "worker")
    ]
    database = open_database(database_url)
    for process in ("bridge", "notifier", "worker"):
        beat(database, process, "one", ready=True)
    database.close()
    answer = api.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (200, True)
    assert [each["process"] for each in answer.json()["processes"]] == ["bridge", "notifier", "worker"]


def test_metrics_count_by_operation(api: httpx.Client) -> None:
    api.get("/ngsi-ld/v1/types")
    api.get("/ngsi-ld/v1/entities/urn:a:1")
    text = api.get("/metrics").text
    assert 'machi_http_requests_total{operation="listTypes",status="200"} 1.0' in text
    assert 'machi_http_requests_total{operation="retrieveEntity",status="404"} 1.0' in text
    assert "machi_http_reads_batches 1.0" in text


def serve_context(receiver: Receiver, context: object) -> str:
    headers = {"Content-Type": "application/ld+json"}
    receiver.always = Answer(headers=headers, body=msgspec.json.encode({"@context": context}))
    return f"{receiver.url}/context.jsonld"


def test_a_remote_context_is_fetched_once(
    settings: ApiSettings, http_receiver: Receiver, api: httpx.Client, serve: Serve
) -> None:
    url = serve_context(http_receiver, {"room": "https://example.org/room"})
    document = {"id": "urn:a:1", "type": "room"}
    assert api.post(ENTITIES, json=document, headers=link(url)).status_code == 201
    for _ in range(3):
        assert api.get(f"{ENTITIES}/urn:a:1", headers=link(url)).json() == document
    assert api.get(f"{ENTITIES}/urn:a:1").json()["type"] == "https://example.org/room"
    http_receiver.stop()
    another_process = serve(settings)
    assert another_process.get(f"{ENTITIES}/urn:a:1", headers=link(url)).json() == document


def test_a_context_that_cannot_be_had_is_504(
    api: httpx.Client, settings: ApiSettings, http_receiver: Receiver, serve: Serve
) -> None:
    wanted = {"id": "urn:a:1", "type": "T"}
    detail = problem(
        api.post(ENTITIES, json=wanted, headers=link("http://127.0.0.1:9/x")), 504, "LdContextNotAvailable"
    )
    assert "http://127.0.0.1:9/x" in detail
    http_receiver.answer(404)
    problem(
        api.get(f"{ENTITIES}/urn:a:1", headers=link(f"{http_receiver.url}/gone")),
        504,
        "LdContextNotAvailable",
    )
    http_receiver.answer(Answer(body=b"<html>"))
    problem(api.get(f"{ENTITIES}/urn:a:1", headers=link(f"{http_receiver.url}/html")), 400, "BadRequestData")
    http_receiver.answer(Answer(body=b"x" * 2_000_000))
    problem(
        api.get(f"{ENTITIES}/urn:a:1", headers=link(f"{http_receiver.url}/big")), 504, "LdContextNotAvailable"
    )
    strict = replace(settings, outbound_allow=(ip_network("192.0.2.0/24"),))
    before = len(http_receiver.requests)
    client = serve(strict)
    for url in (f"{http_receiver.url}/private", "http://localhost:9/x", "http://169.254.169.254/x"):
        detail = problem(client.get(f"{ENTITIES}/urn:a:1", headers=link(url)), 504, "LdContextNotAvailable")
        assert "not public" in detail
    assert len(http_receiver.requests) == before


def test_concurrent_requests_get_their_own_answers(api: httpx.Client) -> None:
    """One entity is created by exactly one of many, the others are told; each read gets what it asked for."""

    async def scenario() -> None:
        limits = httpx.Limits(max_connections=32)
        async with httpx.AsyncClient(base_url=api.base_url, limits=limits, timeout=30) as client:
            created = await asyncio.gather(
                *[
                    client.post(ENTITIES, json={"id": f"urn:a:{number % 50}", "type": "T", "n": number})
                    for number in range(200)
                ]
            )
            assert sorted(answer.status_code for answer in created) == [201] * 50 + [409] * 150
            reads = await asyncio.gather(
                *[client.get(f"{ENTITIES}/urn:a:{number % 60}?options=keyValues") for number in range(300)]
            )
            for number, answer in enumerate(reads):
                if number % 60 < 50:
                    assert answer.json()["id"] == f"urn:a:{number % 60}"
                else:
                    assert answer.status_code == 404
            metrics = (await client.get("/metrics")).text
            items = float(metrics.split("\nmachi_http_reads_items ")[1].split()[0])
            batches = float(metrics.split("\nmachi_http_reads_batches ")[1].split()[0])
            assert items == 300
            assert batches < 300

    asyncio.run(scenario())
