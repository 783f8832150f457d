"""Children of a launcher that was killed: noted while they run, waited for at the next start."""

import json
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

from deploy.data_folder import write_private
from deploy.launcher.parts import Part

WAIT_S = 8.0
"""The kernel has told them to stop when the launcher died; after this they are killed."""

Mark = tuple[int, str]
"""A process id and when it started: the number alone may belong to another program by now."""


def note(path: Path, parts: Iterable[Part]) -> None:
    """Write down which processes run."""
    marks = [_mark(part.process.pid) for part in parts if part.process and part.process.poll() is None]
    write_private(path, json.dumps([mark for mark in marks if mark]))


def wait_for_leftovers(path: Path, wait_s: float = WAIT_S) -> int:
    """Wait for what an earlier launcher left, kill what stays; how many were alive."""
    found = alive = [mark for mark in _read(path) if _is_alive(mark)]
    deadline = time.monotonic() + wait_s
    while alive and time.monotonic() < deadline:
        time.sleep(0.1)
        alive = [mark for mark in alive if _is_alive(mark)]
    for pid, _ in alive:
        os.kill(pid, signal.SIGKILL)
    path.unlink(missing_ok=True)
    return len(found)


def _read(path: Path) -> list[Mark]:
    try:
        return [(int(pid), str(started)) for pid, started in json.loads(path.read_text())]
    except (FileNotFoundError, ValueError):
        return []


def _mark(pid: int) -> Mark | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else (pid, fields[19])


def _is_alive(mark: Mark) -> bool:
    return _mark(mark[0]) == mark
