"""One API for the tests of a module, and a tenant of its own for each test: histories share nothing else."""

import secrets
from collections.abc import Iterator
from typing import NamedTuple

import httpx
import pytest

from context_api.http.settings import ApiSettings
from tests.integration.http.conftest import LOOPBACK, SECRET, serving
from tests.support import databases

PAGE_INSTANCES = 10_000


class Server(NamedTuple):
    """A running API."""

    client: httpx.Client
    database_url: str


@pytest.fixture(scope="module")
def page_instances() -> int:
    """How many instances a page holds; a module may say otherwise."""
    return PAGE_INSTANCES


@pytest.fixture(scope="module")
def server(postgres_url: str, database_template: str, page_instances: int) -> Iterator[Server]:
    with databases.temporary_database(postgres_url, database_template) as url:
        settings = ApiSettings(
            database_url=url,
            port=0,
            auth=False,
            installation_secret=SECRET,
            outbound_allow=LOOPBACK,
            temporal_page_instances=page_instances,
        )
        with serving(settings) as client:
            yield Server(client, url)


@pytest.fixture
def api(server: Server) -> Iterator[httpx.Client]:
    """A client of a tenant that nobody else has."""
    headers = {"NGSILD-Tenant": f"t{secrets.token_hex(6)}"}
    with httpx.Client(
        base_url=server.client.base_url, headers=headers, timeout=60, trust_env=False
    ) as client:
        yield client
