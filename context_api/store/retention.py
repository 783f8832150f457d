"""How long history is kept, by entity type, and the dropping of what is older.

Without a policy nothing is dropped. What was dropped is counted and logged; its aggregates stay, unless the
policy says otherwise. Whole chunks are dropped where there are chunks; other values leave in slices, so that
no transaction is long.
"""

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.model import Iri, Micros
from context_api.ngsild.time import format_datetime
from context_api.store.access import Access
from context_api.store.audit import Entry, record, record_act
from context_api.store.budget import Budget
from context_api.store.columnstore import DEFAULT_DAYS
from context_api.store.database import Database
from context_api.store.errors import wrapped_errors
from context_api.store.features import read_features
from context_api.store.packing import pack_ints, pack_time
from context_api.store.queries import load_queries
from context_api.store.terms import Terms, TermsMissing

_SQL = load_queries("retention")
_log = logging.getLogger(__name__)

MAX_DAYS = 36_500
SERIES_PER_SLICE = 200
SLICE: Micros = 30 * 86_400_000_000
"""So much of a series is deleted in one transaction."""


class Retention(NamedTuple):
    """A policy."""

    raw_days: int | None = None
    """Values older than so many days are dropped; None: kept for ever."""
    keep_aggregates: bool = True
    """Keep the hourly and daily aggregates of what is dropped."""
    compress_days: int | None = None
    """Compress chunks so many days after their end, where the database can; None: after 30 days."""


class RetentionPolicy(NamedTuple):
    """A policy that is in force, with what it did."""

    type: Iri
    retention: Retention
    modified_at: datetime
    values_dropped: int
    aggregates_dropped: int
    last_drop: datetime | None


class Dropped(NamedTuple):
    """What one call dropped."""

    values: int = 0
    aggregates: int = 0

    def __str__(self) -> str:
        return f"{self.values} values, {self.aggregates} aggregates" if any(self) else ""


class _Due(NamedTuple):
    tenant_id: int
    tenant: str
    type_id: int
    type: Iri
    before: Micros
    keep_aggregates: bool


def list_policies(database: Database, access: Access) -> list[RetentionPolicy]:
    """Give the policies of a tenant, by type."""
    with database.connection() as connection:
        rows = connection.execute(_SQL["list_policies"], [access.tenant_id]).fetchall()
    return [RetentionPolicy(row[0], Retention(row[1], row[2], row[3]), *row[4:]) for row in rows]


def put_policy(database: Database, access: Access, type_: Iri, retention: Retention) -> bool:
    """Make or change the policy of a type; gives whether it is new. Raises BadRequestData."""
    for name, days in (("rawDays", retention.raw_days), ("compressAfterDays", retention.compress_days)):
        if days is not None and not 1 <= days <= MAX_DAYS:
            raise BadRequestData(
                f"{name} is a number of days from 1 to {MAX_DAYS}, not {days}", pointer=f"/{name}"
            )
    terms = Terms(database)
    terms.learn(TermsMissing(iris=[type_]))
    given = [access.tenant_id, int(terms.key(type_)), *retention]
    with database.transaction() as connection:
        row = connection.execute(_SQL["put_policy"], given).fetchone()
        record_act(connection, access, "put", "retention", type_, after=retention._asdict())
    _log.info(
        "Retention set",
        extra={
            "action": "retention",
            "tenant": access.tenant,
            "type": type_,
            "principal": access.principal,
            **retention._asdict(),
        },
    )
    return row is not None and bool(row[0])


def delete_policy(database: Database, access: Access, type_: Iri) -> bool:
    """Keep the values of a type for ever from now on; False: there was no policy."""
    with database.transaction() as connection:
        found = Terms(database).find([type_])
        deleted = connection.execute(_SQL["delete_policy"], [access.tenant_id, found]).rowcount
        if deleted:
            record_act(connection, access, "delete", "retention", type_)
    if deleted:
        _log.info(
            "Retention removed",
            extra={
                "action": "retention",
                "tenant": access.tenant,
                "type": type_,
                "principal": access.principal,
            },
        )
    return deleted > 0


def list_all_policies(connection: Connection[TupleRow]) -> list[tuple[str, Iri, int]]:
    """Give tenant, type and days of every policy that drops, for `machi doctor`."""
    rows = connection.execute(_SQL["list_due"], binary=True).fetchall()
    return [(row[1], row[3], row[6]) for row in rows]


def read_compress_days(connection: Connection[TupleRow]) -> int:
    """Give after how many days chunks are compressed: they hold all types, so the longest policy wins."""
    row = connection.execute(_SQL["compress_days"]).fetchone()
    return DEFAULT_DAYS if row is None or row[0] is None else int(row[0])


def drop_old(connection: Connection[TupleRow], budget: Budget) -> Dropped:
    """Drop what the policies say; what the budget has no room for waits for the next call.

    The connection is in autocommit mode: every slice is a transaction.
    """
    with wrapped_errors():
        due = [_Due(*row[:6]) for row in connection.execute(_SQL["list_due"], binary=True).fetchall()]
        for policy in due:
            for ids in _slices(connection, policy, budget):
                before = pack_time(policy.before)
                # Readers rely on the aggregates from now on
                connection.execute(_SQL["set_raw_from"], [before, pack_ints(ids), before])
        chunks = _drop_chunks(connection, due, budget) if due else {}
        dropped = [_drop(connection, policy, chunks.get(policy, 0), budget) for policy in due]
    return Dropped(sum(one.values for one in dropped), sum(one.aggregates for one in dropped))


def _drop(connection: Connection[TupleRow], policy: _Due, values: int, budget: Budget) -> Dropped:
    """Drop what is left of a policy's values after whole chunks were; counts and logs both."""
    aggregates = 0
    for ids in _slices(connection, policy, budget):
        values += _drop_values(connection, ids, policy.before)
    if not policy.keep_aggregates:
        aggregates = _drop_aggregates(connection, policy)
    if values or aggregates:
        before = format_datetime(policy.before)
        expired = Entry(
            verb="expire",
            kind="history",
            id=policy.type,
            tenant_id=policy.tenant_id,
            before={"values": values, "aggregates": aggregates, "olderThan": before},
            principal="system",
        )
        with connection.transaction():
            connection.execute(_SQL["count_drop"], [values, aggregates, policy.tenant_id, policy.type_id])
            record(connection, expired)
        _log.warning(
            "History dropped",
            extra={
                "action": "retention",
                "tenant": policy.tenant,
                "type": policy.type,
                "before": before,
                "values": values,
                "aggregates": aggregates,
            },
        )
    return Dropped(values, aggregates)


def _slices(connection: Connection[TupleRow], policy: _Due, budget: Budget) -> Iterator[list[int]]:
    """Give the series that have something to drop, some at a time."""
    after = 0
    while not budget.is_spent:
        ids = _find_series(connection, policy, after)
        if not ids:
            return
        yield ids
        after = ids[-1]


def _drop_chunks(connection: Connection[TupleRow], due: Sequence[_Due], budget: Budget) -> dict[_Due, int]:
    """Drop chunks in which no series keeps a value; gives how many values each policy lost by that."""
    lost: dict[_Due, int] = dict.fromkeys(due, 0)
    if not read_features(connection).is_hypertable:
        return lost
    newest = pack_time(max(policy.before for policy in due))
    for name, first, last in connection.execute(_SQL["list_chunks"], [newest], binary=True).fetchall():
        chunk = {"first": pack_time(first), "last": pack_time(last)}
        if budget.is_spent or connection.execute(_SQL["find_kept"], chunk).fetchone() is not None:
            break
        for policy in due:
            given = {**chunk, "tenant": policy.tenant_id, "type": policy.type_id}
            row = connection.execute(_SQL["count_values"], given).fetchone()
            lost[policy] += row[0] if row is not None else 0
        connection.execute(_SQL["drop_chunk"], {"last": pack_time(last), "first": pack_time(first)})
        _log.info("Chunk dropped", extra={"action": "retention", "chunk": name})
    return lost


def _find_series(connection: Connection[TupleRow], policy: _Due, after: int) -> list[int]:
    given = {
        "tenant": policy.tenant_id,
        "type": policy.type_id,
        "before": pack_time(policy.before),
        "keep": policy.keep_aggregates,
        "after": after,
        "limit": SERIES_PER_SLICE,
    }
    return [number for (number,) in connection.execute(_SQL["find_series"], given).fetchall()]


def _drop_values(connection: Connection[TupleRow], ids: Sequence[int], before: Micros) -> int:
    total = 0
    for series_id in ids:
        row = connection.execute(_SQL["first_value"], [series_id], binary=True).fetchone()
        first = before if row is None else row[0]
        while first < before:
            last = min(first + SLICE, before)
            with connection.transaction():
                connection.execute(_SQL["mark_nothing"])
                given = [series_id, pack_time(first), pack_time(last)]
                total += connection.execute(_SQL["delete_values"], given, prepare=False).rowcount
            first = last
    connection.execute(_SQL["delete_superseded"], [pack_ints(ids), pack_time(before)])
    return total


def _drop_aggregates(connection: Connection[TupleRow], policy: _Due) -> int:
    given = {"tenant": policy.tenant_id, "type": policy.type_id, "before": pack_time(policy.before)}
    hours, days = (
        connection.execute(_SQL["delete_aggregates"].replace(b"{level}", level), given).rowcount
        for level in (b"hourly", b"daily")
    )
    return hours + days
