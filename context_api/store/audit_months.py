"""The months of the audit trail: made ahead, and dropped whole once retention is over.

What is dropped leaves a stub in its own chain: an entry that names the last number and hash that are gone, so
that the rest still verifies, and that somebody sees when and why the trail begins where it does.
"""

from datetime import UTC, date, datetime

from psycopg import Connection, errors, sql
from psycopg.rows import TupleRow

from context_api.store.audit import Entry, record
from context_api.store.audit_chain import EXPIRED, TRAIL
from context_api.store.errors import wrapped_errors
from context_api.store.queries import load_queries

MONTHS_AHEAD = 2
_SQL = load_queries("audit")


def make_months(connection: Connection[TupleRow], today: date | None = None) -> int:
    """Make the partitions of this month and the next; gives how many were missing.

    A month whose rows were caught by the default partition stays there: the trail moves no row.
    """
    first = (today or datetime.now(UTC).date()).replace(day=1)
    made = 0
    with wrapped_errors():
        for ahead in range(MONTHS_AHEAD + 1):
            try:
                with connection.transaction():
                    row = connection.execute(_SQL["make_month"], [_later(first, ahead)]).fetchone()
            except errors.CheckViolation:
                continue
            made += row is not None and bool(row[0])
    return made


def drop_months(connection: Connection[TupleRow], keep_months: int, today: date | None = None) -> list[date]:
    """Drop the months before the last `keep_months` whole ones; gives those dropped.

    A month that is in use is left for the next time, and so is what comes after it.
    """
    now = (today or datetime.now(UTC).date()).replace(day=1)
    oldest_kept = _later(now, -keep_months)
    dropped: list[date] = []
    with wrapped_errors():
        for (month,) in connection.execute(_SQL["list_months"]).fetchall():
            if month >= oldest_kept or not _drop(connection, month, keep_months):
                break
            dropped.append(month)
    return dropped


def _drop(connection: Connection[TupleRow], month: date, keep_months: int) -> bool:
    end = _later(month, 1)
    until = datetime(end.year, end.month, 1, tzinfo=UTC)
    try:
        with connection.transaction():
            connection.execute("set local lock_timeout = '500ms'")
            row = connection.execute(_SQL["has_stray"], [until]).fetchone()
            if row is not None and row[0]:
                return False
            ends = connection.execute(_SQL["list_ends"], [until]).fetchall()
            connection.execute(sql.SQL("drop table machi.{}").format(sql.Identifier(f"audit_{month:%Y%m}")))
            for chain, number, at, hash_, count in ends:
                after = {"through": number, "hash": hash_.hex(), "until": at.isoformat(), "entries": count}
                stub = Entry(
                    verb=EXPIRED,
                    kind=TRAIL,
                    id=f"{month:%Y-%m}",
                    tenant_id=chain,
                    after=after,
                    reason=f"kept for {keep_months} months",
                    principal="system",
                )
                record(connection, stub)
    except errors.LockNotAvailable:
        return False
    return True


def _later(month: date, months: int) -> date:
    """Give the first day of the month that is so many months later."""
    number = month.year * 12 + month.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)
