"""A real TimescaleDB without Docker, for the tests: `python -m deploy.timescale [COMMAND …]`.

The server is Debian 13's package postgresql-17-timescaledb (TimescaleDB's Apache edition): the one that is
installed; else, on Debian 13, installed by apt; else inside a root of Debian 13 made by debootstrap, once,
under MACHI_CACHE_DIR (default .cache). COMMAND, by default the tests marked `timescale`, runs with
MACHI_TEST_DATABASE_URL set to a fresh cluster on a loopback port, which is gone afterwards.

The Community edition (compression) has no package in Debian: build timescale/timescaledb into a copy of such
a root (`bootstrap`, `make`, `make install` with postgresql-server-dev-17, cmake and libicu-dev), name it in
MACHI_TIMESCALE_ROOT. Tests of what that edition alone has are skipped, by name, on the other.
"""

import argparse
import ctypes
import fcntl
import os
import platform
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from deploy.apt_sources import find_mirror, read_sources, render_sources
from deploy.embedded.ports import LOOPBACK, free_port

_PACKAGE = "postgresql-17-timescaledb"
_RELEASE = "trixie"
_DEBIAN = "13"
_BIN = Path("usr/lib/postgresql/17/bin")
_LIBRARY = Path("usr/lib/postgresql/17/lib/timescaledb.so")
_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 15.0
_PR_SET_PDEATHSIG = 1

_SETTINGS: Mapping[str, str] = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "shared_preload_libraries": "timescaledb",
    "timescaledb.telemetry_level": "off",
    "dynamic_shared_memory_type": "mmap",  # a root made by debootstrap has no /dev/shm
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
    "timezone": "UTC",
    # A cluster of the tests: what is lost with the power is made anew.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


class TimescaleError(Exception):
    """There is no TimescaleDB to be had; the message says what to do."""


@dataclass(frozen=True)
class Installation:
    """A folder that has Debian's file tree with the package installed: `/`, or a root to chroot into."""

    root: Path

    def is_complete(self) -> bool:
        return (self.root / _BIN / "postgres").exists() and (self.root / _LIBRARY).exists()

    def account(self) -> tuple[int, int] | None:
        """User and group that run the server: PostgreSQL refuses root. None: ourselves."""
        if os.geteuid() != 0:
            return None
        for line in (self.root / "etc/passwd").read_text().splitlines():
            name, _, user, group, *_ = line.split(":")
            if name == "postgres":
                return int(user), int(group)
        raise TimescaleError(f"{self.root} has no account `postgres`: delete it and try again.")


def cache_folder() -> Path:
    """Where the root is kept between runs."""
    return Path(os.environ.get("MACHI_CACHE_DIR") or ".cache").resolve()


def provide() -> Installation:
    """Find or make an installation. TimescaleError when this machine, or this account, cannot."""
    given = os.environ.get("MACHI_TIMESCALE_ROOT")
    if given:
        return _require_complete(Installation(Path(given).resolve()))
    system = Installation(Path("/"))
    if system.is_complete():
        return system
    if _debian_version() == _DEBIAN:
        _install_by_apt(system)
        return system
    return _provide_root()


def _require_complete(installation: Installation) -> Installation:
    if not installation.is_complete():
        raise TimescaleError(
            f"MACHI_TIMESCALE_ROOT={installation.root} lacks /{_BIN}/postgres or /{_LIBRARY}."
        )
    _require_root("chroot into MACHI_TIMESCALE_ROOT")
    return installation


def _debian_version() -> str:
    release = Path("/etc/os-release")
    fields = dict(line.split("=", 1) for line in release.read_text().splitlines() if "=" in line)
    return fields.get("VERSION_ID", "").strip('"') if fields.get("ID", "").strip('"') == "debian" else ""


def _require_root(what: str) -> None:
    if os.geteuid() != 0:
        raise TimescaleError(
            f"{what} needs root, once. Run `sudo make timescale`, or set MACHI_TEST_DATABASE_URL to a "
            "database of a server with TimescaleDB whose user may create databases."
        )


def _install_by_apt(system: Installation) -> None:
    _require_root(f"Installing {_PACKAGE}")
    _forbid_main_cluster(system.root)
    _run(["apt-get", "update", "-q"])
    _run(["apt-get", "install", "-y", "-q", "--no-install-recommends", _PACKAGE], _noninteractive())
    if not system.is_complete():
        raise TimescaleError(f"{_PACKAGE} is installed, but /{_LIBRARY} is missing.")


def _provide_root() -> Installation:
    """The cached root, made if need be; one process at a time makes it."""
    cache = cache_folder()
    root = cache / f"timescale-{_RELEASE}-{platform.machine()}"
    if Installation(root).is_complete():
        _require_root("chroot into the cached Debian 13")
        return Installation(root)
    _require_root("Making a root of Debian 13")
    if shutil.which("debootstrap") is None:
        raise TimescaleError("debootstrap is missing: apt install debootstrap")
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "timescale.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not Installation(root).is_complete():
            _make_root(root)
    return Installation(root)


def _make_root(root: Path) -> None:
    """debootstrap, then the package by the root's own apt; moved into place only when complete."""
    mirror = os.environ.get("MACHI_DEBIAN_MIRROR") or find_mirror(read_sources())
    if mirror is None:
        raise TimescaleError(
            "apt's sources name no Debian mirror: set MACHI_DEBIAN_MIRROR to one that has " + _RELEASE
        )
    new = root.with_name(root.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    _say(f"Making a root of Debian 13 with {_PACKAGE} (about a minute, once) …")
    _run(["debootstrap", "--variant=minbase", _RELEASE, str(new), mirror])
    (new / "etc/apt/sources.list").write_text(render_sources(mirror, _RELEASE))
    (new / "etc/apt/apt.conf.d/90host").write_text(_host_acquire_options())
    _copy_host_network_files(new)
    _forbid_main_cluster(new)
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", _PACKAGE], ["clean"]):
        _run(["chroot", str(new), "apt-get", "-q", *arguments], _noninteractive())
    if not Installation(new).is_complete():
        raise TimescaleError(f"{_PACKAGE} is installed in {new}, but /{_LIBRARY} is missing.")
    shutil.rmtree(root, ignore_errors=True)
    new.rename(root)


def _host_acquire_options() -> str:
    """How apt fetches here (proxy, retries, dates), without what it would do after an installation."""
    dump = subprocess.run(
        ["apt-config", "dump", "--no-empty", "Acquire"],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
    )
    return "".join(f"{line}\n" for line in dump.stdout.splitlines() if "::IndexTargets" not in line)


def _copy_host_network_files(root: Path) -> None:
    for name in ("etc/resolv.conf", "etc/hosts", "etc/ssl/certs/ca-certificates.crt"):
        source = Path("/") / name
        if source.exists():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, root / name)


def _forbid_main_cluster(root: Path) -> None:
    """Debian's PostgreSQL makes and starts a cluster when it is installed; nobody asked for that one."""
    folder = root / "etc/postgresql-common/createcluster.d"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "machi.conf").write_text("create_main_cluster = false\nstart_conf = manual\n")


def _noninteractive() -> dict[str, str]:
    return {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}


def _run(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
    """Run a preparing command quietly; its last lines are the message when it fails."""
    done = subprocess.run(  # noqa: S603 - argument lists of ours, no shell
        list(arguments),
        env=dict(environment) if environment else None,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        tail = "\n  ".join(done.stdout.splitlines()[-15:])
        raise TimescaleError(f"`{' '.join(arguments)}` failed ({done.returncode}):\n  {tail}")


@contextmanager
def serve(installation: Installation) -> Iterator[str]:
    """A fresh cluster on a free loopback port; yields the URL of an empty database."""
    account = installation.account()
    home = Path(tempfile.mkdtemp(prefix="machi-timescale-", dir=installation.root / "tmp"))
    try:
        if account is not None:
            os.chown(home, *account)
        password = secrets.token_urlsafe(24)
        inside = Path("/") / home.relative_to(installation.root)
        enter = _enter(installation.root, account)
        _make_cluster(home, inside, password, enter)
        port = free_port()
        with _running(home, inside, port, enter):
            url = f"postgresql://machi:{password}@{LOOPBACK}:{port}/machi"
            _make_database(url)
            yield url
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _enter(root: Path, account: tuple[int, int] | None) -> Callable[[], None]:
    """What a child does between fork and exec: go into the root, drop root's rights, die with us."""
    libc = ctypes.CDLL(None)
    parent = os.getpid()

    def enter() -> None:
        if root != Path("/"):
            os.chroot(root)
        os.chdir("/")
        if account is not None:
            os.setgroups([])
            os.setgid(account[1])
            os.setuid(account[0])
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)  # after setuid, which forgets it
        if os.getppid() != parent:
            os._exit(1)

    return enter


def _make_cluster(home: Path, inside: Path, password: str, enter: Callable[[], None]) -> None:
    password_file = home / "password"
    password_file.write_text(password)
    if os.geteuid() == 0:
        shutil.chown(password_file, home.stat().st_uid, home.stat().st_gid)
    password_file.chmod(0o600)
    initdb = subprocess.run(  # noqa: S603 - our argument list; a few system calls before exec
        [
            f"/{_BIN}/initdb",
            f"--pgdata={inside}/cluster",
            "--username=machi",
            f"--pwfile={inside}/password",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            "--no-sync",
        ],
        env=_server_environment(),
        preexec_fn=enter,
        capture_output=True,
        text=True,
        check=False,
    )
    password_file.unlink()
    if initdb.returncode != 0:
        raise TimescaleError(f"initdb failed: {initdb.stderr.strip()}")


@contextmanager
def _running(home: Path, inside: Path, port: int, enter: Callable[[], None]) -> Iterator[None]:
    log = home / "postgres.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603
            [
                f"/{_BIN}/postgres",
                f"-D{inside}/cluster",
                f"--port={port}",
                *(f"--{name}={value}" for name, value in _SETTINGS.items()),
            ],
            env=_server_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=enter,  # noqa: PLW1509
        )
    try:
        _wait_until_ready(home / "cluster/postmaster.pid", process, log)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_TIMEOUT_S)
        process.kill()
        process.wait()


def _wait_until_ready(pid_file: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    """The eighth line of postmaster.pid says `ready`."""
    deadline = time.monotonic() + _START_TIMEOUT_S
    while True:
        lines = pid_file.read_text().splitlines() if pid_file.exists() else []
        if len(lines) >= 8 and lines[7].strip() == "ready":
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise TimescaleError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.05)


def _server_environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def _make_database(url: str) -> None:
    with psycopg.connect(url.rsplit("/", 1)[0] + "/postgres", autocommit=True) as connection:
        connection.execute("create database machi")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _default_command() -> list[str]:
    return [sys.executable, "-m", "pytest", "-m", "timescale"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run COMMAND against a TimescaleDB and return its exit code; 2 when there is none to be had."""
    parser = argparse.ArgumentParser(prog="python -m deploy.timescale", description=__doc__)
    parser.add_argument("--prepare", action="store_true", help="only provide the server's files")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND")
    options = parser.parse_args(arguments)
    command = [word for word in options.command if word != "--"] or _default_command()
    try:
        if "MACHI_TEST_DATABASE_URL" in os.environ and not options.prepare:
            return _call(command, os.environ["MACHI_TEST_DATABASE_URL"])
        installation = provide()
        if options.prepare:
            return 0
        with serve(installation) as url:
            return _call(command, url)
    except TimescaleError as error:
        _say(str(error))
        return 2


def _call(command: Sequence[str], url: str) -> int:
    environment = {**os.environ, "MACHI_TEST_DATABASE_URL": url}
    return subprocess.run(list(command), env=environment, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
