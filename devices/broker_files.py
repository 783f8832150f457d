"""The broker's password and ACL files, made from the database.

Who runs the broker watches the password file, tells the broker to read both files again, and writes the
number of the file's first line to `<file>.applied` (decision 0002).
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from context_api.store.database import Database
from context_api.store.device_credentials import BrokerUsers, list_broker_users
from context_api.store.devices import mark_applied
from devices.credentials import Service, service_hash
from devices.gateways import gateway_filters

_OWN_TOPICS = (("write", "up"), ("write", "ack"), ("write", "state"), ("read", "down"))
_NAMES = ("machi/v1/%u", "machi/%u")
"""What the first and the second user name of a device are pieces of (`devices.credentials.username_of`)."""
_DEVICE_RULES = tuple(f"{verb} {name}/{leaf}" for name in _NAMES for verb, leaf in _OWN_TOPICS)


class BrokerFiles(NamedTuple):
    """The texts of one generation."""

    generation: int
    passwords: str
    acl: str


def render_broker_files(users: BrokerUsers, services: Sequence[Service]) -> BrokerFiles:
    """Make both files; the same input gives the same texts."""
    return BrokerFiles(
        users.generation, password_file_content(users, services), acl_file_content(users, services)
    )


def password_file_content(users: BrokerUsers, services: Sequence[Service]) -> str:
    """Return mosquitto's password file: the generation in the first line, then one user a line."""
    lines = [f"# generation {users.generation}"]
    lines += [f"{service.username}:{service_hash(service)}" for service in services]
    lines += [f"{username}:{hashed}" for username, hashed in users.hashes]
    return "\n".join(lines) + "\n"


def acl_file_content(users: BrokerUsers, services: Sequence[Service]) -> str:
    """Return mosquitto's ACL file: eight patterns for all devices, topics by name for the few others."""
    lines = [f"pattern {rule}" for rule in _DEVICE_RULES]
    for service in services:
        lines += ["", f"user {service.username}", *(f"topic {rule}" for rule in service.rules)]
    for username, adapter, application in users.gateways:
        lines += ["", f"user {username}"]
        lines += [f"topic write {topic}" for topic in gateway_filters(adapter, application)]
    return "\n".join(lines) + "\n"


def write_broker_files(
    database: Database,
    password_file: Path,
    acl_file: Path,
    services: Sequence[Service],
    *,
    mode: int = 0o600,
    write_others: Callable[[BrokerUsers], bool] = lambda _: False,
) -> bool:
    """Bring both files up to date with the database; False if nothing had changed. Raises StoreUnavailable.

    `write_others` writes what else the broker reads, and tells whether that changed. The password file comes
    last: it is the one that is watched.
    """
    users = list_broker_users(database)
    files = render_broker_files(users, services)
    changed = write_others(users)
    changed = replace_file(acl_file, files.acl, mode) or changed
    return replace_file(password_file, files.passwords, mode, force=changed) or changed


def applied_file(password_file: Path) -> Path:
    """Where who runs the broker notes which generation it has loaded."""
    return password_file.with_name(password_file.name + ".applied")


def record_applied(database: Database, password_file: Path) -> int | None:
    """Copy the number in `<password file>.applied` to the database; None while there is none."""
    try:
        generation = int(applied_file(password_file).read_text())
    except (FileNotFoundError, ValueError):
        return None
    mark_applied(database, generation)
    return generation


def replace_file(path: Path, text: str, mode: int, *, force: bool = False) -> bool:
    """Write a file in one step; False where it had this text already, and the write is not forced."""
    if not force and read_text(path) == text:
        return False
    new = path.with_name(path.name + ".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    return True


def read_text(path: Path) -> str | None:
    """Return the text of a file; None where there is none, or no text."""
    try:
        return path.read_text()
    except (FileNotFoundError, UnicodeDecodeError):
        return None
