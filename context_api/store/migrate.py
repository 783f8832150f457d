"""Brings a database to the schema of this version: numbered SQL files, each applied once."""

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files

from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.store import audit_months, partitions
from context_api.store.database import connect
from context_api.store.errors import StoreFault, wrapped_errors
from context_api.store.features import apply_features
from context_api.store.roles import grant_roles

_LOCK_KEY = 0x6D61636869  # "machi"
_FILE_NAME = re.compile(r"^\d{4}_(pre|post)_[a-z0-9_]+\.sql$")


@dataclass(frozen=True, slots=True)
class Migration:
    """`pre` migrations are safe under the previous version's code, `post` ones run once it is gone."""

    name: str
    sql: bytes

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, to notice a file that changed after it was applied."""
        return hashlib.sha256(self.sql).hexdigest()


def list_migrations() -> list[Migration]:
    """All migrations in the order in which they are applied."""
    found = [
        entry for entry in files(__package__).joinpath("migrations").iterdir() if entry.name.endswith(".sql")
    ]
    for entry in found:
        if not _FILE_NAME.match(entry.name):
            raise StoreFault(f"Migration {entry.name} is not named NNNN_pre_topic.sql or NNNN_post_topic.sql")
    return [
        Migration(entry.name, entry.read_bytes()) for entry in sorted(found, key=lambda entry: entry.name)
    ]


def migrate(url: str) -> list[str]:
    """Apply what is missing and return the names applied; several processes may call it at once.

    Each file is one transaction. A file that changed after it was applied raises StoreFault.
    """
    with connect(url) as connection, wrapped_errors():
        connection.execute("select pg_advisory_lock(%s)", [_LOCK_KEY])
        try:
            return _migrate(connection)
        finally:
            connection.execute("select pg_advisory_unlock(%s)", [_LOCK_KEY])


def _migrate(connection: Connection[TupleRow]) -> list[str]:
    applied = _read_applied(connection)
    names = [item.name for item in list_migrations() if _apply(connection, item, applied.get(item.name))]
    apply_features(connection)
    partitions.create_partitions(connection)
    audit_months.make_months(connection)
    grant_roles(connection)
    return names


def _read_applied(connection: Connection[TupleRow]) -> dict[str, str]:
    connection.execute("create schema if not exists machi")
    connection.execute(
        "create table if not exists machi.migration"
        " (name text primary key, checksum text not null, applied_at timestamptz not null default now())"
    )
    return dict(connection.execute("select name, checksum from machi.migration").fetchall())


def _apply(connection: Connection[TupleRow], migration: Migration, known: str | None) -> bool:
    if known == migration.checksum:
        return False
    if known is not None:
        raise StoreFault(f"Migration {migration.name} has changed since it was applied")
    with connection.transaction():
        connection.execute(migration.sql)
        connection.execute(
            "insert into machi.migration (name, checksum) values (%s, %s)",
            [migration.name, migration.checksum],
        )
    return True
