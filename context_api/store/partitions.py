"""Work tables are partitioned by day: made ahead, dropped whole (design, promise 9)."""

from datetime import UTC, date, datetime, timedelta
from typing import LiteralString, Protocol

from psycopg import Connection, errors, sql
from psycopg.rows import TupleRow

from context_api.store.errors import wrapped_errors

DAYS_AHEAD = 3

RETENTION_DAYS = {"change": 2, "outbox": 8, "delivery_stat": 8, "quarantine": 30}
"""How many whole days of each table are kept besides today's."""

MAX_BYTES = {"change": 16 * 2**30, "outbox": 16 * 2**30, "delivery_stat": 2**30, "quarantine": 2**30}
"""How big a table may become before days go early; how many rows of the outbox wait, the notifiers bound."""


class Prepare(Protocol):
    """Called before a day partition goes; `is_early`: its table is too big."""

    def __call__(
        self, connection: Connection[TupleRow], table: str, name: str, *, is_early: bool
    ) -> None: ...


_OPTIONS: dict[str, LiteralString] = {"change": "with (toast_tuple_target = 8160)"}
"""Documents up to a page's size stay in their row: they are written once, read once and dropped."""


def create_partitions(connection: Connection[TupleRow], today: date | None = None) -> list[str]:
    """Make the partitions of today and the days ahead; returns those made.

    Rows of any other day go to `<table>_default` until a partition for them is made.
    """
    first = today or datetime.now(UTC).date()
    made: list[str] = []
    with wrapped_errors():
        for table in RETENTION_DAYS:
            existing = set(list_partitions(connection, table))
            for day in (first + timedelta(days=ahead) for ahead in range(DAYS_AHEAD + 1)):
                if partition_name(table, day) not in existing:
                    _create(connection, table, day)
                    made.append(partition_name(table, day))
    return made


def drop_partitions(
    connection: Connection[TupleRow],
    today: date | None = None,
    retention_days: dict[str, int] | None = None,
    max_bytes: dict[str, int] | None = None,
    prepare: Prepare | None = None,
) -> list[str]:
    """Drop the day partitions that are too old and, of tables that are too big, the oldest; gives names.

    Today's partition always stays. One that is in use is left for the next time. `prepare` saves what of a
    partition is still needed, and counts what is lost.
    """
    now = today or datetime.now(UTC).date()
    limits = MAX_BYTES if max_bytes is None else max_bytes
    dropped: list[str] = []
    with wrapped_errors():
        for table, days in (retention_days or RETENTION_DAYS).items():
            oldest_kept = partition_name(table, now - timedelta(days=days))
            surplus = _total_bytes(connection, table) - limits[table] if table in limits else 0
            for name in list_partitions(connection, table):
                is_surplus = surplus > 0 and name < partition_name(table, now)
                if name >= oldest_kept and not is_surplus:
                    break
                surplus -= _bytes(connection, name)
                if prepare is not None:
                    prepare(connection, table, name, is_early=name >= oldest_kept)
                if _drop(connection, name):
                    dropped.append(name)
    return dropped


def list_partitions(connection: Connection[TupleRow], table: str) -> list[str]:
    """Names of a table's day partitions, oldest first (the default partition is not one)."""
    rows = connection.execute(
        "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid"
        " where i.inhparent = %s::regclass and c.relname ~ '_[0-9]{8}$' order by 1",
        [f"machi.{table}"],
    )
    return [name for (name,) in rows]


def partition_name(table: str, day: date) -> str:
    """`change` and 2026-11-23 give change_20261123, so that names sort like days."""
    return f"{table}_{day:%Y%m%d}"


def _create(connection: Connection[TupleRow], table: str, day: date) -> None:
    """Make one partition; rows of that day that were caught by the default partition move over."""
    name, default = sql.Identifier(partition_name(table, day)), sql.Identifier(f"{table}_default")
    parent = sql.Identifier(table)
    with connection.transaction():
        connection.execute(
            sql.SQL("create table machi.{} (like machi.{} including defaults including storage) {}").format(
                name, parent, sql.SQL(_OPTIONS.get(table, ""))
            )
        )
        connection.execute(
            sql.SQL(
                "with moved as (delete from machi.{} where day = {} returning *)"
                " insert into machi.{} select * from moved"
            ).format(default, sql.Literal(day), name)
        )
        connection.execute(
            sql.SQL("alter table machi.{} attach partition machi.{} for values from ({}) to ({})").format(
                parent, name, sql.Literal(day), sql.Literal(day + timedelta(days=1))
            )
        )


def _drop(connection: Connection[TupleRow], name: str) -> bool:
    """Drop a partition unless it is in use: while we waited for its lock, all writers would wait for us."""
    try:
        with connection.transaction():
            connection.execute("set local lock_timeout = '500ms'")
            connection.execute(sql.SQL("drop table machi.{}").format(sql.Identifier(name)))
    except errors.LockNotAvailable:
        return False
    return True


def _total_bytes(connection: Connection[TupleRow], table: str) -> int:
    return sum(_bytes(connection, name) for name in list_partitions(connection, table))


def _bytes(connection: Connection[TupleRow], name: str) -> int:
    row = connection.execute("select pg_total_relation_size(%s::regclass)", [f"machi.{name}"]).fetchone()
    return int(row[0]) if row is not None else 0
