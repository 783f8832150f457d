"""Which account runs a server that refuses root (PostgreSQL) or should not be root (the broker).

As an ordinary user: that user. As root, or as a user without a name: the same files inside a user namespace
of its own, where they keep their owner and the program holds no privilege (`unshare --user`); where the
kernel forbids that to root, the account `nobody`, to which only the server's own directory is handed over. No
account is created.
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


def hands_over() -> bool:
    """Whether servers run as `nobody` here: we are root, and may make no user namespace."""
    return os.geteuid() == 0 and _unshare() is None


def account_for(directory: Path, program: Path) -> Account:
    """The account for a server that keeps its data in `directory` (which exists).

    A directory already handed over to an account stays with it. NotPermitted names what it cannot reach.
    """
    owner = directory.stat().st_uid
    if os.geteuid() != 0:
        if owner != os.geteuid():
            raise NotPermitted(f"{directory} belongs to the account {_name(owner)}: run as that account.")
        return _own_account(owner)
    unshare = _unshare()
    if owner == 0 and unshare is not None:
        return Account(prefix=(unshare, "--user"))
    user = owner or pwd.getpwnam("nobody").pw_uid
    for path in (directory, program):
        _check_reachable(path, user)
    os.chown(directory, user, user)
    directory.chmod(0o700)
    return Account(user=user)


def _own_account(uid: int) -> Account:
    """PostgreSQL refuses an account without a name, as containers have it; in a namespace it is `nobody`."""
    unshare = None if _has_name(uid) else _unshare()
    return Account() if unshare is None else Account(prefix=(unshare, "--user"))


def _has_name(uid: int) -> bool:
    return _name(uid) != str(uid)


def _check_reachable(path: Path, user: int) -> None:
    for parent in path.resolve().parents:
        found = parent.stat()
        if found.st_uid != user and not found.st_mode & stat.S_IXOTH:
            raise NotPermitted(
                f"As root without user namespaces servers run as `{_name(user)}`, who cannot enter {parent}: "
                "keep Machi and MACHI_DATA_DIR where everybody may go, or run as an ordinary user."
            )


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
