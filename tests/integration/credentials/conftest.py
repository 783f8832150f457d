from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.credentials.installation import Installation
from tests.support import databases


@pytest.fixture(scope="module")
def town(
    postgres_url: str, database_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """One installation for a module: its tests use devices of their own, or leave it as it was."""
    with (
        databases.temporary_database(postgres_url, database_template) as url,
        Installation(url, tmp_path_factory.mktemp("town")) as town,
    ):
        yield town


@pytest.fixture
def own_town(database_url: str, tmp_path: Path) -> Iterator[Installation]:
    """A broker and its users for one test, without a bridge."""
    with Installation(database_url, tmp_path, bridge=False) as town:
        yield town
