"""Which bridge serves which session at the broker: leases, so that no session is left alone, or served twice.

A bridge holds a session by renewing its lease. One that died, or hangs, does not: when the lease has run out
another bridge takes the session. Whoever takes it counts its `fence` up, and every transaction that depends
on the session's receipts checks the fence (`check_held`): a bridge that wakes up late writes nothing twice.
"""

from collections.abc import Sequence
from datetime import timedelta

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.store.database import Database
from context_api.store.errors import StoreUnavailable
from context_api.store.queries import load_queries

_SQL = load_queries("bridge_seats")


class SeatLost(StoreUnavailable):
    """Another bridge serves this session now."""


class Seat(msgspec.Struct, frozen=True):
    """A session that bridges served or serve."""

    client_id: str
    holder: str | None
    is_subscribed: bool
    """The broker queues messages in it."""
    is_empty: bool
    """It was emptied, and the broker queues nothing in it."""
    free_for_s: float
    """Since when its lease has run out; negative while it is valid."""


class Tenure(msgspec.Struct, frozen=True):
    """One holder's time with one session."""

    client_id: str
    fence: int


def list_seats(database: Database) -> list[Seat]:
    """List all sessions that were ever served. Raises StoreUnavailable."""
    with database.connection() as connection:
        return [Seat(*row) for row in connection.execute(_SQL["list_seats"])]


def take_seat(
    database: Database, client_id: str, holder: str, *, lease_s: float, grace_s: float = 0.0
) -> Tenure | None:
    """Take a session that nobody holds, or that was ours, or whose lease ran out `grace_s` ago; else None.

    None as well while a transaction of its former holder is under way. Raises StoreUnavailable.
    """
    values = {
        "client_id": client_id,
        "holder": holder,
        "lease": timedelta(seconds=lease_s),
        "grace": timedelta(seconds=grace_s),
    }
    with database.transaction() as connection:
        connection.execute(_SQL["add_seat"], values)
        if connection.execute(_SQL["lock_seat"], values).rowcount == 0:
            return None
        row = connection.execute(_SQL["take_seat"], values).fetchone()
    if row is None:
        raise RuntimeError("BUG: take_seat returned no row")
    return Tenure(client_id, row[0])


def renew_seats(database: Database, holder: str, held: Sequence[Tenure], *, lease_s: float) -> set[str]:
    """Prolong our leases; returns the client ids that are still ours. Raises StoreUnavailable."""
    values = {
        "holder": holder,
        "client_ids": [one.client_id for one in held],
        "fences": [one.fence for one in held],
        "lease": timedelta(seconds=lease_s),
    }
    with database.connection() as connection:
        return {client_id for (client_id,) in connection.execute(_SQL["renew_seats"], values)}


def note_subscribed(database: Database, tenure: Tenure) -> None:
    """Remember that the broker queues messages in the session from now on. Raises StoreUnavailable."""
    with database.connection() as connection:
        connection.execute(_SQL["note_subscribed"], msgspec.structs.asdict(tenure))


def release_seat(database: Database, tenure: Tenure, holder: str, *, is_empty: bool = False) -> None:
    """Let others have the session at once. `is_empty`: the broker queues nothing in it any more.

    Raises StoreUnavailable.
    """
    values = {**msgspec.structs.asdict(tenure), "holder": holder, "is_empty": is_empty}
    with database.connection() as connection:
        connection.execute(_SQL["release_seat"], values)


def count_waiting(database: Database, holder: str, *, alive_s: float) -> int:
    """Count the other bridges that live and hold no session. Raises StoreUnavailable."""
    values = {"holder": holder, "alive": timedelta(seconds=alive_s)}
    with database.connection() as connection:
        row = connection.execute(_SQL["count_waiting"], values).fetchone()
    return row[0] if row else 0


def check_held(connection: Connection[TupleRow], tenure: Tenure) -> None:
    """Within a transaction: nobody takes the session before it ends. Raises SeatLost when somebody has."""
    if connection.execute(_SQL["check_held"], [tenure.client_id, tenure.fence]).rowcount == 0:
        raise SeatLost(f"another bridge serves {tenure.client_id} now")
