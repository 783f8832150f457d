"""The short way finds what the framework finds, and answers as it does."""

import asyncio
from itertools import product
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from context_api.http.app import create_app
from context_api.http.direct import Application, RouteTable, ShortWay
from context_api.http.edge import Edge
from context_api.http.operation import DirectRoute
from context_api.http.settings import ApiSettings

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
FILLINGS = ("", "urn:ngsi-ld:Room:1", "a%2Fb", "{x}", "attrs", "upsert", "..")


@pytest.fixture(scope="module")
def app() -> Application:
    made = create_app(ApiSettings(database_url="postgresql://nobody@127.0.0.1:1/none", auth=False))
    assert isinstance(made, Application)
    return made


def _send(app: Application, method: str, path: str, **members: Any) -> httpx.Response:
    """Send one request to an application that was not started, so that nothing is opened."""

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, **members)

    return asyncio.run(send())


def _paths(app: Application) -> list[str]:
    """Every path of ours with every filling, and what is near to it."""
    paths = set()
    for route in app.router.routes:
        parts = getattr(route, "path", "/").split("/")
        for filling in FILLINGS:
            path = "/".join([filling if "{" in part else part for part in parts])
            paths |= {path, f"{path}/", f"{path}/more", path.rpartition("/")[0], path.upper()}
    return sorted(paths)


def test_the_table_finds_the_route_that_the_framework_finds(app: Application) -> None:
    table = RouteTable(app.router.routes)
    short = 0
    for method, path in product(METHODS, _paths(app)):
        scope = {"type": "http", "method": method, "path": path, "headers": [], "root_path": ""}
        expected = None
        for route in app.router.routes:
            match, child = route.matches(scope)
            if match is Match.FULL:
                expected = (route, child["path_params"])
                break
        found = table.find(method, path)
        if found is not None:
            short += 1
            assert expected == (found.route, found.parameters), (method, path)
        else:
            assert expected is None or not isinstance(expected[0], DirectRoute), (method, path)
    assert short > 100


def test_what_is_found_does_not_pass_the_framework(app: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    framework: list[str] = []
    edge = app.way_in
    assert isinstance(edge, Edge)
    way = edge._app
    assert isinstance(way, ShortWay)
    inner = way._framework

    async def noted(scope: Scope, receive: Receive, send: Send) -> None:
        framework.append(scope["path"])
        await inner(scope, receive, send)

    monkeypatch.setattr(way, "_framework", noted)
    refused = _send(
        app, "POST", "/ngsi-ld/v1/entities", content=b"{}", headers={"Content-Type": "text/plain"}
    )
    assert (refused.status_code, refused.json()["status"]) == (415, 415)
    assert framework == []
    wrong = _send(app, "PUT", "/ngsi-ld/v1/types")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert _send(app, "GET", "/openapi.json").status_code == 200
    assert framework == ["/ngsi-ld/v1/types", "/openapi.json"]


def test_an_error_that_nobody_expects_is_a_problem_document_on_the_short_way(
    app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: Request) -> None:
        raise RuntimeError("secret")

    found = RouteTable(app.router.routes).find("GET", "/ngsi-ld/v1/types")
    assert found is not None
    monkeypatch.setattr(found.route, "endpoint", fail)
    answer = _send(app, "GET", "/ngsi-ld/v1/types", headers={"NGSILD-Tenant": "hall"})
    assert answer.status_code == 500
    assert answer.json()["type"].endswith("/InternalError")
    assert "secret" not in answer.text
    assert answer.headers["ngsild-tenant"] == "hall"
