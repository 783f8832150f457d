"""`machi index …` on a real database, with a worker that builds what is declared."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app
from deploy.errors import CommandError, UsageError
from deploy.settings import read_settings
from deploy.worker import run


@pytest.fixture
def worker(database_url: str, tmp_path: Path) -> Iterator[None]:
    settings = read_settings(data_dir=tmp_path, database_url=database_url, instance="test")
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(settings, stop))
    thread.start()
    yield
    stop.set()
    thread.join(60)
    assert not thread.is_alive()


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path) -> None:
    monkeypatch.setenv("MACHI_DATABASE_URL", database_url)
    monkeypatch.setenv("MACHI_DATA_DIR", str(tmp_path))


def machi(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["index", *arguments])


@pytest.mark.usefixtures("worker")
def test_an_index_is_added_built_by_the_worker_listed_and_removed() -> None:
    assert "No attribute is declared indexed" in machi("list").output
    assert machi("add", "status", "--type", "WasteContainer").output.startswith(
        "Index 1 on status is declared"
    )
    deadline = time.monotonic() + 60
    while "  ready  " not in machi("list").output:
        assert time.monotonic() < deadline, machi("list").output
        time.sleep(0.1)
    assert machi("list").output.startswith("1  status  WasteContainer  ready  0.0 MB  0 uses")
    assert machi("remove", "1").output == "Index 1 is no longer declared.\n"
    assert "No attribute is declared indexed" in machi("list").output


def test_what_is_asked_wrongly_is_said() -> None:
    assert machi("add", "status").exit_code == 0
    for arguments, kind, said in (
        (("add", "status"), CommandError, "already"),
        (("add", "a b"), UsageError, "an attribute's name"),
        (("remove", "77"), CommandError, "There is no index 77"),
        (("list", "--tenant", "nowhere"), CommandError, "nowhere does not exist"),
    ):
        error = machi(*arguments).exception
        assert isinstance(error, kind)
        assert said in str(error)
