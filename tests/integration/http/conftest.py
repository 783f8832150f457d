"""The API as it is: served by uvicorn on a port of its own, on a real database."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import ip_network
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import uvicorn

from context_api.http.app import create_app
from context_api.http.server import make_config
from context_api.http.settings import ApiSettings
from context_api.store.database import open_database
from context_api.store.keys import create_key

SECRET = b"a secret of the tests"
LOOPBACK = (ip_network("127.0.0.0/8"),)

Serve = Callable[[ApiSettings], httpx.Client]


@pytest.fixture
def settings(database_url: str) -> ApiSettings:
    return ApiSettings(
        database_url=database_url,
        port=0,
        auth=False,
        installation_secret=SECRET,
        outbound_allow=LOOPBACK,
        mqtt_url="mqtt://127.0.0.1:1883",
        stream_age_s=0.2,  # whoever tries all operations gets an answer that ends
    )


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves an API until the test ends; gives a client of it."""
    with ExitStack() as stack:
        yield lambda settings: stack.enter_context(serving(settings))


@pytest.fixture
def api(settings: ApiSettings, serve: Serve) -> httpx.Client:
    """The API without access control."""
    return serve(settings)


@pytest.fixture
def key(database_url: str) -> str:
    database = open_database(database_url)
    try:
        return create_key(database, SECRET, label="test").text
    finally:
        database.close()


@contextmanager
def serving(settings: ApiSettings) -> Iterator[httpx.Client]:
    """Serve in a thread."""
    server = uvicorn.Server(make_config(create_app(settings), settings))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the API did not start")
            time.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(15)


def concrete_path(path: str, operation: dict[str, Any]) -> str:
    """Give a path of the OpenAPI document with its own examples in it."""
    for parameter in operation.get("parameters", ()):
        if parameter.get("in") == "path":
            path = path.replace(f"{{{parameter['name']}}}", quote(parameter["example"], safe=":"))
    return path


def problem(response: httpx.Response, status: int, kind: str) -> str:
    """Check that a response is a problem document of this kind; gives its detail."""
    assert response.status_code == status, response.text
    body = response.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"] != body["title"]
    expected = kind if ":" in kind else f"https://uri.etsi.org/ngsi-ld/errors/{kind}"
    assert body["type"] == expected
    detail: str = body["detail"]
    return detail
