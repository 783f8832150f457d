"""Compression of old history, which TimescaleDB's Community edition has: chunk by chunk, by the worker.

Late values, corrections and deletions go into compressed chunks as into others; such a chunk is compressed
again at the next run. Answers are the same with and without.
"""

import logging
from typing import NamedTuple

from psycopg import Connection, sql
from psycopg.errors import InsufficientPrivilege
from psycopg.rows import TupleRow

from context_api.ngsild.model import Micros
from context_api.store.budget import Budget
from context_api.store.packing import pack_time
from context_api.store.queries import load_queries

DEFAULT_DAYS = 30
"""Chunks are compressed so many days after their end where no policy says otherwise."""

_SQL = load_queries("columnstore")
_log = logging.getLogger(__name__)


class Compressed(NamedTuple):
    """How much of history is compressed."""

    chunks: int
    compressed: int
    bytes: int
    """Of all chunks with their indexes."""


def enable_columnstore(connection: Connection[TupleRow]) -> None:
    """Let `observation` be compressed, by series and time. Idempotent."""
    row = connection.execute(_SQL["is_enabled"]).fetchone()
    if row is not None and row[0]:
        return
    connection.execute(_SQL["enable"])
    # A backfill into compressed chunks touches more rows than the default lets it
    statement = sql.SQL("alter database {} set timescaledb.max_tuples_decompressed_per_dml_transaction = 0")
    try:
        with connection.transaction():
            connection.execute(statement.format(sql.Identifier(connection.info.dbname)))
    except InsufficientPrivilege:
        _log.warning(
            "This role may not change the database: set max_tuples_decompressed_per_dml_transaction to 0"
        )


def compress_before(connection: Connection[TupleRow], before: Micros, budget: Budget) -> int:
    """Compress chunks that end before a time, and again those written to since; gives how many.

    Each chunk is a transaction. The connection is in autocommit mode.
    """
    done = 0
    for (chunk,) in connection.execute(_SQL["list_uncompressed"], [pack_time(before)]).fetchall():
        if budget.is_spent:
            break
        connection.execute(_SQL["compress"], [chunk])
        _log.info("Chunk compressed", extra={"action": "compress", "chunk": chunk})
        done += 1
    return done


def read_compressed(connection: Connection[TupleRow]) -> Compressed:
    """Count chunks and bytes, for `machi doctor`."""
    row = connection.execute(_SQL["count"]).fetchone()
    return Compressed(*row) if row is not None else Compressed(0, 0, 0)
