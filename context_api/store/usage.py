"""Who used what, by day of Japan: added up by the processes, read for reports."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

import msgspec

from context_api.ngsild.model import Iri
from context_api.store.database import Database
from context_api.store.deliveries_counts import State, kind_of_state
from context_api.store.queries import load_queries
from context_api.store.terms import Terms, TermsMissing

_SQL = load_queries("usage")
_DELIVERED = kind_of_state(State.DELIVERED)
COLUMNS = (
    "requests",
    "refused",
    "entities",
    "written",
    "bytes",
    "notifications",
    "export_rows",
    "stream_events",
)


class UsageKey(NamedTuple):
    """What is counted together."""

    day: date
    tenant: str
    organisation: int
    """0: callers without one."""
    caller: str
    """The role."""
    type: Iri
    """Empty: none in particular."""


class Used(msgspec.Struct, gc=False):
    """What was used."""

    requests: int = 0
    refused: int = 0
    """Of them with 429."""
    entities: int = 0
    written: int = 0
    bytes: int = 0
    notifications: int = 0
    export_rows: int = 0
    stream_events: int = 0

    def add(self, other: "Used") -> None:
        """Add what was used besides."""
        for name in COLUMNS:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class UsageRow(NamedTuple):
    """A line of a report."""

    day: date
    tenant: str
    organisation: int
    organisation_name: str | None
    caller: str
    type: Iri | None
    used: Used


def add_usage(
    database: Database, used: Mapping[UsageKey, Used], written: Mapping[str, int], day: date
) -> dict[str, int]:
    """Add what was counted; gives how many entities each subject has written on that day, by all processes.

    Tenants that do not exist are left out: who asked for one was refused.
    """
    terms = Terms(database)
    types = {key.type for key in used if key.type}
    if types:
        terms.learn(TermsMissing(iris=types))
    keys = sorted(used)
    named: dict[str, object] = {
        "days": [key.day for key in keys],
        "tenants": [key.tenant for key in keys],
        "organisations": [key.organisation for key in keys],
        "callers": [key.caller for key in keys],
        "types": [int(terms.key(key.type)) if key.type else 0 for key in keys],
        "subjects": sorted(written),
        "written": [written[subject] for subject in sorted(written)],
        "day": day,
    }
    named |= {name: [getattr(used[key], name) for key in keys] for name in COLUMNS if name != "written"}
    named["entities_written"] = [used[key].written for key in keys]
    with database.transaction() as connection:
        if keys:
            connection.execute(_SQL["add_usage"], named)
        if written:
            connection.execute(_SQL["add_written"], named)
        rows = connection.execute(_SQL["list_written"], named).fetchall()
    return dict(rows)


def count_notifications(database: Database, since: date) -> int:
    """Take over how many notifications were delivered, from what the notifiers count; of how many rows."""
    with database.connection() as connection:
        return connection.execute(_SQL["count_notifications"], {"since": since, "kind": _DELIVERED}).rowcount


def drop_old_days(database: Database, before: date) -> int:
    """Forget the counts for quotas of days that are over."""
    with database.connection() as connection:
        return connection.execute(_SQL["drop_written"], [before]).rowcount


def list_usage(
    database: Database,
    since: date,
    until: date,
    *,
    organisation: int | None = None,
    tenants: Sequence[str] | None = None,
    limit: int,
) -> list[UsageRow]:
    """Give what was used from one day to another (exclusive), by day, organisation, tenant and type."""
    named = {
        "since": since,
        "until": until,
        "organisation": organisation,
        "tenants": None if tenants is None else list(tenants),
        "limit": limit,
    }
    with database.connection() as connection:
        rows = connection.execute(_SQL["list_usage"], named).fetchall()
    return [UsageRow(row[0], row[1], row[2], row[3], row[4], row[5], Used(*row[6:])) for row in rows]
