"""The sessions of bridges at their brokers, numbered: a receipt of one says nothing about another.

A packet id names an unacknowledged message within one broker session. The broker tells at every connection
whether it kept the session; a bridge that restarts must go on under the same name then.
"""

from context_api.store.database import Database
from context_api.store.queries import load_queries

_SQL = load_queries("bridge_sessions")


def begin_session(database: Database, client_id: str) -> str:
    """Return the name of a new session, for receipts. Raises StoreUnavailable."""
    return _name(database, "begin_session", client_id)


def get_session(database: Database, client_id: str) -> str:
    """Return the name of the session that goes on, for receipts. Raises StoreUnavailable."""
    return _name(database, "get_session", client_id)


def _name(database: Database, block: str, client_id: str) -> str:
    with database.connection() as connection:
        row = connection.execute(_SQL[block], {"client_id": client_id}).fetchone()
    if row is None:
        raise RuntimeError(f"BUG: {block} returned no row")
    return f"{client_id}/{row[0]}"
