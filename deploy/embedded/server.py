"""What all embedded servers share: one child process, a context manager around it."""

import signal
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from deploy.embedded import child
from deploy.embedded.account import hands_over
from deploy.embedded.errors import PortTaken
from deploy.embedded.ports import LOOPBACK, free_port, is_free


class EmbeddedServer(ABC):
    """A server on a loopback port whose files are in `folder`; start and stop as often as you like."""

    name: str = ""
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    stop_grace_s: ClassVar[float] = 5.0

    def __init__(self, folder: Path, *, port: int = 0, host: str = LOOPBACK, log: Path | None = None) -> None:
        self.folder = folder.resolve()
        self.host = host
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None
        self.log = log or self.folder / f"{self.name}.log"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients connect to, credentials included where the server has any."""

    @abstractmethod
    def start(self) -> None:
        """Serve, and return when connections are accepted. EmbeddedError says what is in the way."""

    def stop(self) -> None:
        """End in order, with everything written."""
        if self.process is not None:
            child.stop(self.process, self.stop_signal, self.stop_grace_s)

    def kill(self) -> None:
        """End as a crash would (for tests)."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def make_folder(self) -> None:
        """The server's folder; where another account serves, that one may pass through, not look around."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if hands_over() and self.folder.stat().st_uid == 0:
            self.folder.chmod(0o711)

    def reserve_port(self, setting: str) -> None:
        """Choose a port if none was given; PortTaken, naming the setting to change, when the given one is."""
        self.port = self.port or free_port(self.host)
        if not is_free(self.port, self.host):
            raise PortTaken(f"Port {self.port} on {self.host} is in use: set {setting} to another one.")
