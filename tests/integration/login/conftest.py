"""An API that people log in to."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from context_api.http.login.hashing import hash_password
from context_api.http.login.settings import LoginSettings
from context_api.http.settings import ApiSettings
from context_api.store.accounts import NewAccount, insert_account
from context_api.store.database import Database, open_database
from tests.integration.http.conftest import LOOPBACK, SECRET, serving

PASSWORD = "a lantern over the canal"
MakeAccount = Callable[..., int]


@pytest.fixture
def settings(database_url: str) -> ApiSettings:
    return ApiSettings(
        database_url=database_url,
        port=0,
        installation_secret=SECRET,
        outbound_allow=LOOPBACK,
        login=LoginSettings(second_factor="optional"),
    )


@pytest.fixture
def api(settings: ApiSettings) -> Iterator[httpx.Client]:
    """A browser, as it were: it keeps cookies."""
    with serving(settings) as client:
        yield client


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def password_hash() -> str:
    """Made once: it takes tenths of a second."""
    return hash_password(PASSWORD)


@pytest.fixture
def make_account(database: Database, password_hash: str) -> MakeAccount:
    """Makes accounts of the town with `PASSWORD`."""

    def make(name: str = "hanako", *, role: str = "administrator", must_change: bool = False) -> int:
        new = NewAccount(
            name=name,
            shown=name.title(),
            organisation_id=1,
            role=role,
            password_hash=password_hash,
            must_change=must_change,
        )
        with database.transaction() as connection:
            account_id = insert_account(connection, new)
        assert account_id is not None
        return account_id

    return make


def log_in(api: httpx.Client, name: str = "hanako", password: str = PASSWORD) -> str:
    """Log in; gives the CSRF token."""
    answer = api.post("/api/v1/session", json={"name": name, "password": password})
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["csrfToken"]
    return token
