"""`machi up` as a real process, in a folder and on ports of the test's own."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from deploy.embedded.ports import free_port

ROOT = Path(__file__).parents[2]
READY = "Ready after"


class Town:
    """Starts, watches and stops one installation; its data folder outlives a stop."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.http_port = free_port()
        self.mqtt_port = free_port()
        self.url = f"http://127.0.0.1:{self.http_port}"
        self.process: subprocess.Popen[str] | None = None
        self._runs = 0
        own = {
            "MACHI_DATA_DIR": str(self.data),
            "MACHI_HTTP_PORT": str(self.http_port),
            "MACHI_MQTT_PORT": str(self.mqtt_port),
            "MACHI_SIMULATE_DEVICES": "5",
            "MACHI_SIMULATE_INTERVAL": "1s",
            "COLUMNS": "80",
            "PYTHONPATH": str(ROOT),
        }
        self.environment = {**_inherited(), **own, **variables}

    @property
    def output(self) -> str:
        """What the screen shows, of this run."""
        return self._output_file.read_text()

    @property
    def key(self) -> str:
        """The administrator's key, from the screen."""
        found = re.search(r"^ {2}(machi_\w+)$", self.output, re.MULTILINE)
        assert found is not None, self.output
        return found[1]

    def start(self, timeout_s: float = 60) -> float:
        """Start and wait for the screen; seconds it took. AssertionError with the output when it ends."""
        started = time.monotonic()
        self.launch()
        self.wait_for(READY, timeout_s)
        return time.monotonic() - started

    def launch(self) -> None:
        """Start without waiting."""
        self._runs += 1
        with self._output_file.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "deploy", "up"],
                cwd=self.folder,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )

    def wait_for(self, text: str, timeout_s: float = 60) -> None:
        """Until the screen shows a text."""
        assert self.process is not None
        deadline = time.monotonic() + timeout_s
        while text not in self.output:
            assert self.process.poll() is None, f"it ended with {self.process.returncode}:\n{self.output}"
            assert time.monotonic() < deadline, f"{text!r} did not come:\n{self.output}"
            time.sleep(0.05)

    def stop(self, signal_number: int = signal.SIGTERM) -> float:
        """Ask it to stop; seconds it took."""
        assert self.process is not None
        started = time.monotonic()
        self.process.send_signal(signal_number)
        self.process.wait(60)
        return time.monotonic() - started

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Another command of `machi` in the same folder, to its end."""
        return subprocess.run(
            [sys.executable, "-m", "deploy", *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def processes(self) -> dict[int, str]:
        """Command lines of what runs in the data folder, by process id: it logs there, or names it."""
        found: dict[int, str] = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                command = (entry / "cmdline").read_bytes()
                named = command + (entry / "environ").read_bytes() + bytes((entry / "fd" / "1").readlink())
            except OSError:
                continue
            if str(self.data).encode() in named and command and int(entry.name) != os.getpid():
                found[int(entry.name)] = command.replace(b"\0", b" ").decode(errors="replace").strip()
        return found

    def close(self) -> None:
        """End it whatever its state, and everything it started."""
        if self.process is not None and self.process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)

    @property
    def _output_file(self) -> Path:
        return self.folder / f"screen-{self._runs}.txt"


def _inherited() -> dict[str, str]:
    """Our environment without the developer's own settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MACHI_")}
