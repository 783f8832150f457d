"""A store on a fresh database, with a clock that the test can set."""

from collections.abc import Iterator

import pytest

from context_api.store.access import Access
from context_api.store.database import Database, open_database
from context_api.store.store import Store
from tests.integration.store.town import TickingClock


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> TickingClock:
    return TickingClock()


@pytest.fixture
def store(database: Database, clock: TickingClock) -> Store:
    return Store(database, clock=clock)


@pytest.fixture
def access(store: Store) -> Access:
    return store.tenant("default")
