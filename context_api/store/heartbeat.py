"""Signs of life: each process writes one every two seconds, /readyz reads them.

A process's own /readyz says more; this is how one process sees the others without knowing their addresses.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from context_api.store.database import Database
from context_api.store.queries import load_queries

INTERVAL_S = 2.0
STARTED_AT = datetime.now(UTC)
"""When this process began, near enough."""
_SQL = load_queries("heartbeat")


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """The last sign of life of one instance of a process; its age is measured by the database's clock."""

    process: str
    instance: str
    ready: bool
    detail: str
    age_s: float
    started_at: datetime | None = None
    version: str | None = None
    figures: Mapping[str, Any] = msgspec.field(default_factory=dict)
    """What the process says of its own work; each kind of process has names of its own."""


def beat(
    database: Database,
    process: str,
    instance: str,
    *,
    ready: bool,
    detail: str = "",
    figures: Mapping[str, float | str | None] | None = None,
) -> None:
    """Write a sign of life; what an instance left more than an hour ago is removed along the way."""
    values = {
        "process": process,
        "instance": instance,
        "ready": ready,
        "detail": detail,
        "started_at": STARTED_AT,
        "version": own_version(),
        "figures": Jsonb(figures or {}),
    }
    with database.connection() as connection:
        connection.execute(_SQL["beat"], values)


def list_heartbeats(database: Database) -> list[Heartbeat]:
    """List the last sign of life of every instance."""
    with database.connection() as connection:
        rows = connection.execute(_SQL["list_heartbeats"]).fetchall()
    return [
        Heartbeat(
            process=process,
            instance=instance,
            ready=ready,
            detail=detail,
            age_s=age_s,
            started_at=started_at,
            version=version_,
            figures=figures,
        )
        for process, instance, ready, detail, age_s, started_at, version_, figures in rows
    ]


def forget(database: Database, process: str, instance: str) -> None:
    """Remove an instance that stops in order, so that it is not missed."""
    with database.connection() as connection:
        connection.execute(_SQL["forget"], {"process": process, "instance": instance})


@cache
def own_version() -> str | None:
    """Give the version of Machi that this process runs; None where it is not installed as a package."""
    try:
        return version("machi")
    except PackageNotFoundError:
        return None
