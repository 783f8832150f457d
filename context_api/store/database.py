"""The connection pool: the one place where connections are opened and configured."""

import select
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

from context_api.store.errors import wrapped_errors
from context_api.store.packing import register_types

STATEMENT_TIMEOUT_MS = 15_000
"""No statement of a request or a batch may take longer; migrations and housekeeping set their own."""

CONNECT_TIMEOUT_S = 5
ACQUIRE_TIMEOUT_S = 10.0


def configured(url: str, *, statement_timeout_ms: int = STATEMENT_TIMEOUT_MS) -> str:
    """Add the session settings that every connection of ours has to a database URL."""
    given = conninfo_to_dict(url)
    options = (
        f"{given.pop('options', None) or ''} -c search_path=machi,public -c timezone=UTC "
        f"-c statement_timeout={statement_timeout_ms} -c idle_in_transaction_session_timeout=60000"
    )
    given.setdefault("connect_timeout", CONNECT_TIMEOUT_S)
    # A database that vanished without a word is noticed in seconds, not after the kernel's two hours.
    keepalive = {
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
    }
    return make_conninfo("", **{**keepalive, **given, "options": options.strip()})


def read_only(url: str) -> str:
    """Give the URL of sessions that cannot write, whatever their user may."""
    given = conninfo_to_dict(url)
    options = f"{given.pop('options', None) or ''} -c default_transaction_read_only=on"
    return make_conninfo("", **{**given, "options": options.strip()})


class Database:
    """A pool of autocommit connections: schema machi first, UTC, a statement timeout."""

    def __init__(self, pool: "ConnectionPool[Connection[TupleRow]]", url: str) -> None:
        self._pool = pool
        self.url = url

    @contextmanager
    def connection(self) -> Iterator[Connection[TupleRow]]:
        """Lend a connection in autocommit mode; driver errors come out as StoreError."""
        with wrapped_errors(), self._pool.connection() as connection:
            yield connection

    @contextmanager
    def transaction(self) -> Iterator[Connection[TupleRow]]:
        """Lend a connection inside one transaction: committed at the end, rolled back on any exception."""
        with self.connection() as connection, connection.transaction():
            yield connection

    def check(self) -> None:
        """Raise StoreUnavailable unless the database answers."""
        with self.connection() as connection:
            connection.execute("select 1")

    def close(self) -> None:
        """Close all connections; those still lent are closed when they come back."""
        self._pool.close()


def open_database(
    url: str, *, pool_min: int = 1, pool_max: int = 4, statement_timeout_ms: int = STATEMENT_TIMEOUT_MS
) -> Database:
    """Open the pool without waiting: a database that is away shows as StoreUnavailable at first use."""
    pool = ConnectionPool(
        configured(url, statement_timeout_ms=statement_timeout_ms),
        connection_class=Connection[TupleRow],
        kwargs={"autocommit": True},
        configure=register_types,
        check=_check_idle,
        min_size=pool_min,
        max_size=pool_max,
        timeout=ACQUIRE_TIMEOUT_S,
        reconnect_timeout=10.0,
        name="machi",
        open=False,
    )
    pool.open()
    return Database(pool, url)


def _check_idle(connection: Connection[TupleRow]) -> None:
    """Raise OperationalError for a connection that ended while idle, as all do when the server restarts.

    An idle connection has nothing to read but its end: only then is the server asked, so this costs 2 us.
    """
    idle = select.poll()
    idle.register(connection.fileno(), select.POLLIN)
    if idle.poll(0):
        ConnectionPool.check_connection(connection)


def connect(url: str, *, statement_timeout_ms: int = 0) -> Connection[TupleRow]:
    """Open a connection of its own (LISTEN, leadership, migrations); no statement timeout by default."""
    with wrapped_errors():
        connection = psycopg.connect(
            configured(url, statement_timeout_ms=statement_timeout_ms), autocommit=True
        )
        register_types(connection)
        return connection
