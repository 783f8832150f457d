"""What the server offers, and the one module where editions differ."""

import logging
from dataclasses import dataclass

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.store.columnstore import enable_columnstore
from context_api.store.errors import wrapped_errors

_log = logging.getLogger(__name__)

CHUNK_INTERVAL = "7 days"


@dataclass(frozen=True, slots=True)
class Features:
    """`edition` is "plain" (PostgreSQL alone), "apache" or "community" (TimescaleDB)."""

    server_version: str
    timescale_version: str | None
    edition: str
    is_hypertable: bool

    @property
    def has_compression(self) -> bool:
        """The columnstore comes with the Community edition only."""
        return self.edition == "community"


def read_features(connection: Connection[TupleRow]) -> Features:
    """Ask the server; cheap enough for start-up and `machi doctor`, not for a hot path."""
    with wrapped_errors():
        version = _one(connection, "select current_setting('server_version')")
        timescale = _one(connection, "select extversion from pg_extension where extname = 'timescaledb'")
        if timescale is None:
            return Features(str(version), None, "plain", is_hypertable=False)
        licence = _one(connection, "select current_setting('timescaledb.license', true)")
        edition = "community" if licence == "timescale" else "apache"
        return Features(str(version), str(timescale), edition, is_hypertable=_is_hypertable(connection))


def apply_features(connection: Connection[TupleRow]) -> Features:
    """Make `observation` a hypertable, and compressible, where TimescaleDB offers it. Idempotent."""
    with wrapped_errors():
        if _create_timescale(connection) and not _is_hypertable(connection):
            connection.execute(
                "select create_hypertable('machi.observation', by_range('at', %s::interval),"
                " create_default_indexes => false, migrate_data => true)",
                [CHUNK_INTERVAL],
            )
        features = read_features(connection)
        if features.has_compression and features.is_hypertable:
            enable_columnstore(connection)
    return features


def _create_timescale(connection: Connection[TupleRow]) -> bool:
    """Create the extension if the server has it and lets us; False means the plain tables serve."""
    if _one(connection, "select 1 from pg_extension where extname = 'timescaledb'") is not None:
        return True
    if _one(connection, "select 1 from pg_available_extensions where name = 'timescaledb'") is None:
        return False
    if "timescaledb" not in str(_one(connection, "select current_setting('shared_preload_libraries', true)")):
        _log.warning("timescaledb is installed but not in shared_preload_libraries: plain tables are used")
        return False
    try:
        with connection.transaction():
            connection.execute("create extension timescaledb schema public")
    except psycopg.errors.InsufficientPrivilege:
        _log.warning("timescaledb is available but this role may not create it: plain tables are used")
        return False
    return True


def _is_hypertable(connection: Connection[TupleRow]) -> bool:
    found = _one(
        connection,
        "select 1 from timescaledb_information.hypertables"
        " where hypertable_schema = 'machi' and hypertable_name = 'observation'",
    )
    return found is not None


def _one(connection: Connection[TupleRow], query: "psycopg.abc.QueryNoTemplate") -> object:
    row = connection.execute(query).fetchone()
    return None if row is None else row[0]
