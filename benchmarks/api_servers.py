"""The servers of the API's benchmark: ours, as shipped but for access control, and the plain one."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks import api_limits as limits
from deploy.embedded.ports import free_port


@contextmanager
def process(command: Sequence[str], url: str, environment: dict[str, str]) -> Iterator[int]:
    """A server that answers at `url`, stopped at the end."""
    started = subprocess.Popen(command, env={**os.environ, **environment})
    try:
        _wait_for(url, started)
        yield started.pid
    finally:
        started.send_signal(signal.SIGTERM)
        try:
            started.wait(15)
        except subprocess.TimeoutExpired:
            started.kill()


def _wait_for(url: str, started: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if started.poll() is not None:
            raise RuntimeError(f"the server ended with {started.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own server
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"nothing answers at {url}")


@contextmanager
def api(database_url: str, folder: Path, **variables: str) -> Iterator[tuple[str, int]]:
    """One API process, as shipped but for access control, unless `variables` of the environment say other."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    environment = {
        "MACHI_DATABASE_URL": database_url,
        "MACHI_HTTP_PORT": str(port),
        "MACHI_AUTH": "off",
        "MACHI_DATA_DIR": str(folder),
        "MACHI_LOG_LEVEL": "warning",
        **variables,
    }
    with process([sys.executable, "-m", "deploy.cli", "api"], f"{url}/healthz", environment) as pid:
        yield url, pid


@contextmanager
def plain(database_url: str) -> Iterator[str]:
    """One process of the plain FastAPI application, served as ours is."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", "benchmarks.api_limits:make_app"]
    options = ["--port", str(port), "--loop", "uvloop", "--http", "httptools", "--no-access-log"]
    url = f"http://127.0.0.1:{port}"
    environment = {limits.URL_VARIABLE: database_url}
    with process([*command, *options, "--log-level", "warning"], f"{url}/documents/0000001", environment):
        yield url
