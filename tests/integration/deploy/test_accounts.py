"""Who runs the embedded servers: never root, and with nothing changed outside their own folders."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from deploy.embedded import account
from deploy.embedded.account import Account, account_for
from deploy.embedded.errors import NotPermitted
from deploy.embedded.mosquitto import Mosquitto
from deploy.embedded.ports import is_listening
from deploy.embedded.postgres import NOT_DURABLE, EmbeddedPostgres, binaries
from deploy.embedded.redis import EmbeddedRedis

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root has another account to run them")
NOBODY = 65534


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account can reach."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def user_of(pid: int) -> tuple[int, bool]:
    """The real user of a process as the kernel sees it, and whether it lives in our user namespace."""
    status = Path(f"/proc/{pid}/status").read_text()
    uid = int(status.split("Uid:", 1)[1].split()[0])
    return uid, Path(f"/proc/{pid}/ns/user").readlink() == Path("/proc/self/ns/user").readlink()


def capabilities_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/status").read_text().split("CapEff:", 1)[1].split()[0], 16)


@root_only
def test_as_root_servers_hold_no_privilege(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "postgres", settings=NOT_DURABLE) as server:
        assert server.process is not None
        _, is_ours = user_of(server.process.pid)
        if is_ours:
            pytest.skip("the kernel makes no user namespace here")
        assert capabilities_of(server.process.pid) == 0
        assert (tmp_path / "postgres" / "cluster").stat().st_uid == 0


@root_only
@pytest.mark.mosquitto
def test_without_user_namespaces_nobody_runs_them(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "_unshare", lambda: None)
    for parent in binaries().parents:
        if not parent.stat().st_mode & 0o001:
            pytest.skip(f"nobody cannot enter {parent}")
    servers = [
        EmbeddedPostgres(open_folder / "postgres", settings=NOT_DURABLE),
        EmbeddedRedis(open_folder / "redis"),
        Mosquitto(open_folder / "mosquitto"),
    ]
    for server in servers:
        with server:
            assert server.process is not None
            assert user_of(server.process.pid) == (NOBODY, True)
            assert is_listening(server.port)
    assert (open_folder / "postgres" / "cluster").stat().st_uid == NOBODY
    assert (open_folder / "mosquitto").stat().st_mode & 0o777 == 0o700
    monkeypatch.undo()
    # A folder that was handed over stays so, with user namespaces too.
    with servers[0], psycopg.connect(servers[0].url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


@root_only
def test_a_folder_that_nobody_can_reach_is_named(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "_unshare", lambda: None)
    closed = open_folder / "closed"
    (closed / "postgres").mkdir(parents=True)
    closed.chmod(0o700)
    with pytest.raises(NotPermitted, match=f"who cannot enter {closed}: "):
        account_for(closed / "postgres", Path("/usr/bin/true"))
    assert (closed / "postgres").stat().st_uid == 0


def test_an_ordinary_user_runs_them_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid or 1000)
    if tmp_path.stat().st_uid == 0:
        with pytest.raises(NotPermitted, match="belongs to the account root: run as that account"):
            account_for(tmp_path, Path("/usr/bin/true"))
    else:
        assert account_for(tmp_path, Path("/usr/bin/true")) == Account()


@root_only
def test_a_user_without_a_name_runs_them_in_a_namespace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nameless = 54_321
    os.chown(tmp_path, nameless, nameless)
    monkeypatch.setattr(os, "geteuid", lambda: nameless)
    monkeypatch.setattr(account, "_unshare", lambda: "/usr/bin/unshare")
    assert account_for(tmp_path, Path("/usr/bin/true")) == Account(prefix=("/usr/bin/unshare", "--user"))
    monkeypatch.setattr(account, "_unshare", lambda: None)
    assert account_for(tmp_path, Path("/usr/bin/true")) == Account()
