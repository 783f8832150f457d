"""Limits that differ from the installation's settings, by subject: kept, listed and read by every process."""

from datetime import datetime
from typing import NamedTuple

from context_api.store.audit import Entry, record
from context_api.store.database import Database
from context_api.store.queries import load_queries

_SQL = load_queries("limits")
OVERRIDES_MAX = 10_000


class Override(NamedTuple):
    """A limit of a subject."""

    subject: str
    """organisation:<id>, key:<prefix>, user:<id> or role:<role>."""
    name: str
    value: float
    burst: float | None
    modified_at: datetime
    modified_by: str


def list_overrides(database: Database) -> list[Override]:
    """Give all limits that were set, by subject and name."""
    with database.connection() as connection:
        return [Override(*row) for row in connection.execute(_SQL["list_overrides"], [OVERRIDES_MAX])]


def put_override(  # noqa: PLR0917 - what is set, for whom, to what
    database: Database, principal: str, subject: str, name: str, value: float, burst: float | None
) -> bool:
    """Set a limit; tells whether the subject had none of that name. Processes learn it within seconds."""
    named = {"subject": subject, "name": name, "value": value, "burst": burst, "by": principal}
    with database.transaction() as connection:
        before = connection.execute(_SQL["lock_override"], named).fetchone()
        connection.execute(_SQL["put_override"], named)
        entry = Entry(
            verb="put",
            kind="limit",
            id=f"{subject} {name}",
            before=None if before is None else {"value": before[0], "burst": before[1]},
            after={"value": value, "burst": burst},
            principal=principal,
        )
        record(connection, entry)
    return before is None


def delete_override(database: Database, principal: str, subject: str, name: str) -> bool:
    """Let the settings count again; False where nothing was set."""
    with database.transaction() as connection:
        row = connection.execute(_SQL["delete_override"], {"subject": subject, "name": name}).fetchone()
        if row is not None:
            before = {"value": row[0], "burst": row[1]}
            entry = Entry(
                verb="delete", kind="limit", id=f"{subject} {name}", before=before, principal=principal
            )
            record(connection, entry)
    return row is not None


def count_subscriptions(database: Database, organisation: int) -> int:
    """Count the subscriptions of an organisation in all tenants."""
    with database.connection() as connection:
        row = connection.execute(_SQL["count_subscriptions"], [organisation]).fetchone()
    return 0 if row is None else int(row[0])
