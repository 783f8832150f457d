"""A town with organisations, tenants and keys of every role, on a real database and a real port."""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from context_api.http.settings import ApiSettings
from tests.integration.access.people import House
from tests.integration.http.conftest import Serve, serve, settings

__all__ = ["serve", "settings"]


@pytest.fixture
def api(settings: ApiSettings, serve: Serve) -> httpx.Client:
    """The API with access control; its client shows no key."""
    return serve(replace(settings, auth=True, stream_age_s=3_600.0, stream_heartbeat_s=600.0))


@pytest.fixture
def house(api: httpx.Client, settings: ApiSettings) -> Iterator[House]:
    """Gives keys; the first is the installation's administrator's."""
    made = House(api, settings)
    yield made
    made.close()
