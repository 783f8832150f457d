"""The data folder: its lock, its secrets, where each part keeps its files, and what runs in it now."""

import fcntl
import json
import os
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from deploy.embedded.account import hands_over
from deploy.errors import CommandError

_SECRET_BYTES = 32


@dataclass(frozen=True)
class Running:
    """How to reach what `machi up` runs; kept in the folder while it does."""

    pid: int
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    mqtt_url: str
    http_url: str
    inner_mqtt_url: str | None = None
    """Where our own processes speak with the broker; None: where devices do."""


class DataFolder:
    """A folder that belongs to this account alone."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._lock: int | None = None

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def broker(self) -> Path:
        return self.path / "broker"

    @property
    def password_file(self) -> Path:
        return self.broker / "passwords"

    @property
    def acl_file(self) -> Path:
        return self.broker / "acl"

    def create(self) -> None:
        """Make the folder. CommandError when it cannot be written."""
        try:
            for folder in (self.path, self.logs):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if hands_over():
                self.path.chmod(0o711)  # a server's account passes through; our files are for us alone
            probe = self.path / ".probe"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise CommandError(
                f"The data folder {self.path} cannot be written ({error.strerror}): "
                "choose another one with MACHI_DATA_DIR, or run as the account that owns it."
            ) from error

    def lock(self) -> None:
        """Hold the folder until this process ends, however it ends. CommandError when another one does."""
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode(errors="replace").strip() or "?"
            os.close(descriptor)
            raise CommandError(
                f"Machi is already running in {self.path} (process {holder}). "
                "Stop it there with Ctrl-C, or give this one a folder and ports of its own "
                "(MACHI_DATA_DIR, MACHI_HTTP_PORT, MACHI_MQTT_PORT)."
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._lock = descriptor

    def unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def secret(self, name: str) -> str:
        """A secret of this installation, made at first use and kept for this account only."""
        path = self.path / "secrets" / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            own = path.with_name(f"{name}.{secrets.token_hex(8)}")  # threads of a process may race, too
            write_private(own, secrets.token_urlsafe(_SECRET_BYTES))
            with suppress(FileExistsError):  # another one was quicker: its secret counts
                path.hardlink_to(own)
            own.unlink()
        return path.read_text().strip()

    def read_local_key(self) -> str | None:
        """The API key that commands on this machine register devices with; None before the first start."""
        path = self.path / "secrets" / "local-key"
        return path.read_text().strip() if path.exists() else None

    def write_local_key(self, key: str) -> None:
        path = self.path / "secrets" / "local-key"
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(path, key)

    def write_running(self, running: Running) -> None:
        write_private(self.path / "running.json", json.dumps(asdict(running)))

    def clear_running(self) -> None:
        (self.path / "running.json").unlink(missing_ok=True)

    def read_running(self) -> Running | None:
        """What runs in this folder; None when nothing does. CommandError when it is not ours to see."""
        try:
            found: dict[str, Any] = json.loads((self.path / "running.json").read_text())
            os.kill(found["pid"], 0)
        except (FileNotFoundError, ProcessLookupError, ValueError):
            return None
        except PermissionError as error:
            raise CommandError(f"{self.path} belongs to another account: run as that account.") from error
        return Running(**found)


def write_private(path: Path, text: str) -> None:
    """Write a file that only this account can read, at once or not at all."""
    new = path.with_name(path.name + ".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
