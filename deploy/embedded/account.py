"""Which account runs a server that refuses root (PostgreSQL) or should not be root (the broker).

As an ordinary user: that user. As root: the same files inside a user namespace of its own, where root's files
keep their owner and the program holds no privilege (`unshare --user`); where the kernel forbids that, the
account `nobody`, to which only the server's own directory is handed over. No account is created.
"""

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from deploy.embedded.errors import NotPermitted


@dataclass(frozen=True)
class Account:
    """How to start a program: what to put before its command line, and as whom."""

    prefix: tuple[str, ...] = ()
    user: int | None = None


@cache
def _unshare() -> str | None:
    """The path of `unshare` when it may make user namespaces here."""
    path = shutil.which("unshare")
    if path is None:
        return None
    probe = subprocess.run([path, "--user", "true"], capture_output=True, check=False)  # noqa: S603
    return path if probe.returncode == 0 else None


def account_for(directory: Path) -> Account:
    """The account for a server that keeps its data in `directory` (which exists).

    A directory already handed over to an account stays with it.
    """
    owner = directory.stat().st_uid
    if os.geteuid() != 0:
        if owner != os.geteuid():
            raise NotPermitted(f"{directory} belongs to the account {_name(owner)}: run as that account.")
        return Account()
    if owner != 0:
        return Account(user=owner)
    unshare = _unshare()
    return Account(prefix=(unshare, "--user")) if unshare else _hand_over(directory)


def _hand_over(directory: Path) -> Account:
    nobody = pwd.getpwnam("nobody").pw_uid
    for parent in directory.resolve().parents:
        if not parent.stat().st_mode & stat.S_IXOTH:
            raise NotPermitted(
                f"As root without user namespaces the database runs as `nobody`, who cannot enter {parent}: "
                "set MACHI_DATA_DIR to a folder that everybody can reach, or run as an ordinary user."
            )
    os.chown(directory, nobody, nobody)
    return Account(user=nobody)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
