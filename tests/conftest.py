"""Servers for the tests. All are real: PostgreSQL from a wheel, mosquitto, an HTTP receiver in a thread.

What a machine lacks skips the tests that need it; with CI=true it fails them.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.embedded.mosquitto import MAX_PACKET_BYTES, BrokerAccess, Mosquitto, find_mosquitto
from deploy.embedded.ports import free_port as find_free_port
from deploy.embedded.postgres import NOT_DURABLE, EmbeddedPostgres
from tests.support import databases
from tests.support.receiver import Receiver

MosquittoFactory = Callable[..., Mosquitto]


def _lacks(what: str) -> None:
    """Skip, or fail where a missing server must not go unseen."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI=true, and there is no {what}")
    pytest.skip(f"there is no {what}")


def _has_timescaledb() -> bool:
    url = os.environ.get("MACHI_TEST_DATABASE_URL")
    return url is not None and databases.has_timescaledb(url)


_NEEDS: dict[str, tuple[str, Callable[[], bool]]] = {
    "timescale": ("TimescaleDB (MACHI_TEST_DATABASE_URL, or `make timescale`)", _has_timescaledb),
    "mosquitto": ("mosquitto", lambda: find_mosquitto() is not None),
    "wrk": ("wrk", lambda: shutil.which("wrk") is not None),
    "browser": ("chromium", lambda: shutil.which("chromium") is not None),
}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """What a marker names must be there before any fixture is made."""
    for marker, (what, is_there) in _NEEDS.items():
        if item.get_closest_marker(marker) is not None and not is_there():
            _lacks(what)


@pytest.fixture(scope="session", autouse=True)
def _settings_of_the_tests_only() -> Iterator[None]:
    """Settings of the developer's own Machi must not reach the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("MACHI_") and not name.startswith("MACHI_TEST_"):
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database server: MACHI_TEST_DATABASE_URL, else an embedded one without fsync."""
    url = os.environ.get("MACHI_TEST_DATABASE_URL")
    if url:
        yield url
        return
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), settings=NOT_DURABLE) as server:
        yield server.url


@pytest.fixture(scope="session")
def database_template(postgres_url: str) -> Iterator[str]:
    """The name of a migrated database to clone."""
    with databases.migrated_template(postgres_url) as name:
        yield name


@pytest.fixture
def database_url(postgres_url: str, database_template: str) -> Iterator[str]:
    """A fresh migrated database, dropped after the test."""
    with databases.temporary_database(postgres_url, database_template) as url:
        yield url


@pytest.fixture
def empty_database_url(postgres_url: str) -> Iterator[str]:
    """A fresh database without any table of ours, dropped after the test."""
    with databases.temporary_database(postgres_url) as url:
        yield url


@pytest.fixture(scope="session")
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """One broker for the session, open to anybody: use topics and client ids of your own."""
    if find_mosquitto() is None:
        _lacks("mosquitto")
    with Mosquitto(tmp_path_factory.mktemp("mosquitto")) as broker:
        yield broker


@pytest.fixture
def mosquitto_factory(tmp_path: Path) -> Iterator[MosquittoFactory]:
    """Makes brokers of the test's own: `mosquitto_factory(access=…, port=…)` is started and stopped after."""
    if find_mosquitto() is None:
        _lacks("mosquitto")
    made: list[Mosquitto] = []

    def make(
        *, access: BrokerAccess | None = None, port: int = 0, max_packet_bytes: int = MAX_PACKET_BYTES
    ) -> Mosquitto:
        folder = tmp_path / f"mosquitto-{len(made)}"
        broker = Mosquitto(folder, access=access, port=port, max_packet_bytes=max_packet_bytes)
        made.append(broker)
        broker.start()
        return broker

    yield make
    for broker in made:
        broker.stop()


@pytest.fixture
def http_receiver() -> Iterator[Receiver]:
    """A real HTTP server that records requests; answers 200 until told otherwise."""
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def free_port() -> int:
    """A loopback port that nobody used a moment ago."""
    return find_free_port()
