"""The data folder: one holder at a time, secrets made once, what runs in it."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy.data_folder import DataFolder, Running
from deploy.errors import CommandError, NotRunning
from deploy.launcher.leftovers import note, wait_for_leftovers
from deploy.launcher.logs import bound_logs
from deploy.launcher.preflight import check_space
from deploy.settings import read_settings
from deploy.wiring import connect


class Sleeper:
    """A part that sleeps."""

    name = "sleeper"

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path / "data")
    made.create()
    return made


def running(pid: int) -> Running:
    return Running(pid, "postgresql://d", "redis://r", "mqtt://m", "http://h")


def test_one_holder_at_a_time(folder: DataFolder) -> None:
    folder.lock()
    with pytest.raises(CommandError, match=f"already running .* \\(process {os.getpid()}\\)"):
        DataFolder(folder.path).lock()
    folder.unlock()
    again = DataFolder(folder.path)
    again.lock()
    again.unlock()


def test_a_lock_file_of_a_dead_process_is_no_obstacle(folder: DataFolder) -> None:
    (folder.path / "lock").write_text("999999\n")
    folder.lock()
    assert (folder.path / "lock").read_text() == f"{os.getpid()}\n"
    folder.unlock()


def test_secrets_are_made_once_and_private(folder: DataFolder) -> None:
    first = folder.secret("installation")
    assert len(first) >= 43
    assert DataFolder(folder.path).secret("installation") == first
    assert folder.secret("bridge") != first
    assert [path.name for path in sorted((folder.path / "secrets").iterdir())] == ["bridge", "installation"]
    assert (folder.path / "secrets" / "bridge").stat().st_mode & 0o777 == 0o600


def test_what_runs_is_known_while_its_launcher_lives(folder: DataFolder) -> None:
    assert folder.read_running() is None
    folder.write_running(running(os.getpid()))
    assert folder.read_running() == running(os.getpid())
    folder.write_running(running(999_999_9))
    assert folder.read_running() is None
    folder.clear_running()
    folder.clear_running()


def test_commands_say_when_nothing_runs(folder: DataFolder) -> None:
    with pytest.raises(NotRunning, match=f"Nothing runs in {folder.path}: start it with `machi up`"):
        connect(read_settings(data_dir=folder.path))
    folder.write_running(running(os.getpid()))
    found = connect(read_settings(data_dir=folder.path, mqtt_url="mqtt://elsewhere"))
    assert (found.database_url, found.mqtt_url) == ("postgresql://d", "mqtt://elsewhere")
    assert "postgresql" not in repr(found)


def test_leftovers_are_ended_and_strangers_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "children.json"
    assert wait_for_leftovers(path) == 0
    left, stranger = Sleeper(), Sleeper()
    left.start()
    stranger.start()
    assert left.process and stranger.process
    note(path, [left])
    path.write_text(path.read_text().replace("]]", f'], [{stranger.process.pid}, "1"]]'))
    assert wait_for_leftovers(path, wait_s=0.2) == 1
    assert left.process.wait(30) == -9
    assert stranger.process.poll() is None
    assert not path.exists()
    stranger.stop()


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    check_space(tmp_path, needed=1)
    with pytest.raises(CommandError, match=r"MB are free where .* MACHI_DATA_DIR"):
        check_space(tmp_path, needed=1 << 60)


def test_logs_are_bounded_while_they_are_written(tmp_path: Path) -> None:
    with (tmp_path / "api.log").open("ab", buffering=0) as log:
        log.write(b"x" * 100)
        bound_logs(tmp_path, max_bytes=50)
        log.write(b"later")
    assert (tmp_path / "api.log").read_bytes() == b"later"
    assert (tmp_path / "api.log.1").read_bytes() == b"x" * 100


def test_threads_that_ask_first_at_the_same_time_get_one_secret(tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def ask(number: int) -> str:
        together.wait()
        return DataFolder(tmp_path / str(number)).secret("installation")

    with ThreadPoolExecutor(8) as pool:
        for number in range(20):
            assert len(set(pool.map(ask, [number] * 8))) == 1
            assert [one.name for one in (tmp_path / str(number) / "secrets").iterdir()] == ["installation"]
