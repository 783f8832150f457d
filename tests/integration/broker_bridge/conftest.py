import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from broker_bridge import BridgeSettings, run
from context_api.store.migrate import migrate
from deploy.embedded.postgres import EmbeddedPostgres
from tests.integration.broker_bridge.town import Town
from tests.integration.broker_bridge.waiting import wait_for_broker


@pytest.fixture
def town(database_url: str) -> Iterator[Town]:
    with Town(database_url, ["a", "b", "c"]) as town:
        yield town


@pytest.fixture
def own_postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A server of the test's own, durable, to be frozen and killed."""
    with EmbeddedPostgres(tmp_path / "postgres") as server:
        migrate(server.url)
        yield server


@contextmanager
def running(settings: BridgeSettings) -> Iterator[None]:
    """A bridge in a thread, connected to the broker; it must end in order."""
    stop = threading.Event()
    failures: list[BaseException] = []

    def serve() -> None:
        try:
            run(settings, stop)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        wait_for_broker(settings)
        yield
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()
        assert failures == []
