"""Tells the broker to read its password file again when it was replaced, and notes which one it has."""

import re
import time
from pathlib import Path
from typing import Protocol

_GENERATION = re.compile(r"# generation (\d+)\s*$", re.MULTILINE)
_RELOAD_S = 0.05
"""Mosquitto serves the signal in its next turn; it does not say when it is done."""


class Reloadable(Protocol):
    """A broker that can read its access files again."""

    def reload(self) -> None: ...


class CredentialWatch:
    """Call `check` often: it costs one stat when nothing happened."""

    def __init__(self, password_file: Path, broker: Reloadable) -> None:
        self._password_file = password_file
        self._applied_file = password_file.with_name(password_file.name + ".applied")
        self._broker = broker
        self._seen = self._stamp()

    def mark_applied(self) -> None:
        """The broker has read the file at its start: note the generation."""
        self._write_applied(read_generation(self._password_file))

    def check(self) -> bool:
        """True when the file was replaced since the last look, and the broker told so.

        A file that is missing is none to read: the worker is about to write it again.
        """
        stamp = self._stamp()
        if stamp is None or stamp == self._seen:
            return False
        generation = read_generation(self._password_file)  # before: a replacement meanwhile is seen next time
        self._broker.reload()
        time.sleep(_RELOAD_S)
        self._write_applied(generation)
        self._seen = stamp
        return True

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = self._password_file.stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _write_applied(self, generation: int) -> None:
        new = self._applied_file.with_name(self._applied_file.name + ".new")
        new.write_text(f"{generation}\n")
        new.replace(self._applied_file)


def read_generation(password_file: Path) -> int:
    """The number in the file's first line, 0 without one."""
    try:
        with password_file.open() as file:
            found = _GENERATION.match(file.readline())
    except FileNotFoundError:
        return 0
    return int(found[1]) if found else 0
