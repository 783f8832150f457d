"""What the launcher keeps alive: embedded servers and processes of ours, restarted with back-off."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from deploy.embedded import child
from deploy.embedded.errors import EmbeddedError

BACKOFF_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
STEADY_S = 60.0
"""Who has run for so long is forgiven its earlier ends."""


class Part(Protocol):
    """A server or a process."""

    @property
    def name(self) -> str: ...

    @property
    def process(self) -> subprocess.Popen[bytes] | None: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Process:
    """A command of `machi` as a child of ours."""

    def __init__(
        self, name: str, arguments: Sequence[str], environment: Mapping[str, str], log: Path, grace_s: float
    ) -> None:
        self.name = name
        self.command = arguments[0]
        self.process: subprocess.Popen[bytes] | None = None
        self._argv = [sys.executable, "-m", "deploy", *arguments]
        self._environment = environment
        self._log = log
        self._grace_s = grace_s

    def start(self) -> None:
        self.process = child.spawn(self._argv, log=self._log, env=self._environment)

    def ask_to_stop(self) -> None:
        """Without waiting, so that several can stop at the same time."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        if self.process is not None:
            child.stop(self.process, signal.SIGTERM, self._grace_s)


class Watched:
    """A part with its restarts. `say` tells the person at the screen, in one line."""

    def __init__(self, part: Part, say: Callable[[str], None], on_start: Callable[[], None]) -> None:
        self.part = part
        self._say = say
        self._on_start = on_start
        self._failures = 0
        self._started_at = 0.0
        self._restart_at: float | None = None

    def start(self) -> None:
        self.part.start()
        self._started_at = time.monotonic()
        self._on_start()

    def look(self) -> None:
        """Restart the part when it has ended, after a pause that grows with every end in a row."""
        if self._restart_at is not None:
            if time.monotonic() >= self._restart_at:
                self._restart()
        elif self.part.process is not None and (code := self.part.process.poll()) is not None:
            if time.monotonic() - self._started_at > STEADY_S:
                self._failures = 0
            self._plan(f"{self.part.name} ended ({_reason(code)})")

    def _restart(self) -> None:
        self._restart_at = None
        try:
            self.start()
        except (EmbeddedError, OSError) as error:
            self._plan(f"{self.part.name} does not start: {error}")

    def _plan(self, what: str) -> None:
        pause = BACKOFF_S[min(self._failures, len(BACKOFF_S) - 1)]
        self._failures += 1
        self._restart_at = time.monotonic() + pause
        self._say(f"{what}; starting it again in {pause:g} s")


def _reason(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
