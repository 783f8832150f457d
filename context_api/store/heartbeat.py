"""Signs of life: each process writes one every two seconds, /readyz reads them.

A process's own /readyz says more; this is how one process sees the others without knowing their addresses.
"""

import msgspec

from context_api.store.database import Database
from context_api.store.queries import load_queries

INTERVAL_S = 2.0
_SQL = load_queries("heartbeat")


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """The last sign of life of one instance of a process; its age is measured by the database's clock."""

    process: str
    instance: str
    ready: bool
    detail: str
    age_s: float


def beat(database: Database, process: str, instance: str, *, ready: bool, detail: str = "") -> None:
    """Write a sign of life; what an instance left more than an hour ago is removed along the way."""
    values = {"process": process, "instance": instance, "ready": ready, "detail": detail}
    with database.connection() as connection:
        connection.execute(_SQL["beat"], values)


def list_heartbeats(database: Database) -> list[Heartbeat]:
    """List the last sign of life of every instance."""
    with database.connection() as connection:
        rows = connection.execute(_SQL["list_heartbeats"]).fetchall()
    return [
        Heartbeat(process=process, instance=instance, ready=ready, detail=detail, age_s=age_s)
        for process, instance, ready, detail, age_s in rows
    ]


def forget(database: Database, process: str, instance: str) -> None:
    """Remove an instance that stops in order, so that it is not missed."""
    with database.connection() as connection:
        connection.execute(_SQL["forget"], {"process": process, "instance": instance})
