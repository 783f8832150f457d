"""A registry on a fresh database."""

from collections.abc import Iterator

import pytest

from context_api.store.access import Access
from context_api.store.database import Database, open_database
from devices.registry import DeviceRegistry

HASH_KEY = b"0123456789abcdef"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def access(database: Database) -> Access:
    """The default tenant, seen by an operator."""
    with database.connection() as connection:
        row = connection.execute("select id from tenant where name = 'default'").fetchone()
    assert row is not None
    return Access("default", row[0], "operator")


@pytest.fixture
def registry(database: Database) -> DeviceRegistry:
    return DeviceRegistry(database, hash_key=HASH_KEY)
