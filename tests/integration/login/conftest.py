"""An API that people log in to."""

from collections.abc import Callable, Iterator

import httpx
import pytest
from argon2 import PasswordHasher as Argon2

from context_api.http.login import hashing
from context_api.http.login.settings import LoginSettings
from context_api.http.settings import ApiSettings
from context_api.store.accounts import NewAccount, insert_account
from context_api.store.database import Database, open_database
from tests.integration.http.conftest import LOOPBACK, SECRET, serving
from tests.support import databases

PASSWORD = "a lantern over the canal"
MakeAccount = Callable[..., int]


@pytest.fixture(scope="module")
def database_url(postgres_url: str, database_template: str) -> Iterator[str]:
    """One database for the tests of a module; `database` empties what is about people."""
    with databases.temporary_database(postgres_url, database_template) as url:
        yield url


@pytest.fixture(scope="module")
def settings(database_url: str) -> ApiSettings:
    return ApiSettings(
        database_url=database_url,
        port=0,
        installation_secret=SECRET,
        outbound_allow=LOOPBACK,
        login=LoginSettings(second_factor="optional"),
    )


@pytest.fixture(scope="module")
def server(settings: ApiSettings) -> Iterator[httpx.Client]:
    with serving(settings) as client:
        yield client


@pytest.fixture
def api(server: httpx.Client, database: Database) -> httpx.Client:
    """A browser, as it were: it keeps cookies, and has none yet."""
    server.cookies.clear()
    return server


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The database, without accounts, sessions and failures."""
    opened = open_database(database_url)
    with opened.connection() as connection:
        for table in (b"session", b"recovery_code", b"account", b"login_failure"):
            connection.execute(b"delete from " + table)
    yield opened
    opened.close()


@pytest.fixture(scope="module", autouse=True)
def _cheap_hashes() -> Iterator[None]:
    """Hashes that take no time; how the real ones are made has tests of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hashing, "_ARGON2", Argon2(time_cost=1, memory_cost=64, parallelism=1))
        yield


@pytest.fixture(scope="module")
def password_hash(_cheap_hashes: None) -> str:
    """Of `PASSWORD`."""
    return hashing.hash_password(PASSWORD)


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
