"""How the installation is doing: samples and runs of jobs, written by the worker, read by the API.

Reading costs the same however much history there is: what would have to be counted, the worker counts once a
minute.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from psycopg.rows import TupleRow

from context_api.store.database import Database
from context_api.store.queries import load_queries

_SQL = load_queries("system")
_HOUR = {"every": timedelta(minutes=1), "back": timedelta(minutes=61)}
_DAY = {"every": timedelta(minutes=15), "back": timedelta(hours=24, minutes=15)}
SAMPLE_S = 15.0
"""How often a sample is taken."""
PUT_ASIDE_MAX = 100_000
"""The quarantine is counted no further."""
GROWTH_DAYS = 7
"""Growth is that of so many days, or of what there is of them."""
_GROWTH = {"back": timedelta(days=GROWTH_DAYS)}


class JobRun(NamedTuple):
    """The last run of a job of the worker."""

    job: str
    interval_s: float
    last_at: datetime
    duration_ms: int
    done_at: datetime | None
    failed_at: datetime | None
    failures: int
    """Since the worker that leads began."""
    runs: int
    detail: str
    error: str | None
    """Of the last run; None: it ended well."""


class Sample(NamedTuple):
    """Counters as they stood."""

    at: datetime
    messages: int
    quarantined: int


class Sizes(NamedTuple):
    """How large the database is, and was."""

    at: datetime
    database_bytes: int
    free_bytes: int | None
    parts: Mapping[str, int]
    put_aside: int
    """Messages in the quarantine, at most `PUT_ASIDE_MAX`."""
    before: tuple[datetime, int] | None
    """The oldest size of the last days, and when."""


class Server(NamedTuple):
    """The database server."""

    version: str
    since: datetime
    connections_max: int
    connections: int
    timescale: str | None
    licence: str | None
    now: datetime
    """By its clock, which all times here are told by."""


class Waiting(NamedTuple):
    """Notifications that wait, were given up since ever, and endpoints that are left alone."""

    waiting: int
    dead_lettered: int
    resting: int
    paused: int
    """Subscriptions that were stopped, with a reason."""


class Work(NamedTuple):
    """What has a state instead of a clock: state -> (how many, since when or when last)."""

    indexes: Mapping[str, tuple[int, datetime]]
    imports: Mapping[str, tuple[int, datetime]]


class Aggregated(NamedTuple):
    """How far the aggregates are."""

    done_until: datetime | None
    """None: nothing is aggregated yet."""
    dirty: int
    """Ranges that are to be done again, at most 10,000."""


class Condition(NamedTuple):
    """All of it, as one connection saw it."""

    server: Server
    hour: Sequence[Sample]
    """A sample of each minute of the last hour, and the newest."""
    day: Sequence[Sample]
    """One of each quarter of an hour of the last day, and the newest."""
    sizes: Sizes | None
    """None: nothing was sampled yet."""
    runs: Sequence[JobRun]
    waiting: Waiting
    work: Work
    aggregated: Aggregated


def find_data_folder(database: Database) -> Path | None:
    """Where the server keeps its data, by its own words; None where this user may not know."""
    with database.connection() as connection:
        row = connection.execute(_SQL["data_folder"]).fetchone()
    return None if row is None or row[0] is None else Path(row[0])


def take_sample(database: Database, free_bytes: int | None) -> None:
    """Write how things stand, and forget what was too fine to keep."""
    named = {"free_bytes": free_bytes, "most": PUT_ASIDE_MAX}
    with database.connection() as connection:
        connection.execute(_SQL["take_sample"], named)
        connection.execute(_SQL["thin_samples"])


def note_runs(database: Database, runs: Sequence[JobRun]) -> None:
    """Keep the last run of each of these jobs."""
    if not runs:
        return
    columns = list(zip(*runs, strict=True))
    names = (
        *("jobs", "intervals", "last", "durations", "done", "failed"),
        *("failures", "runs", "details", "errors"),
    )
    named = {name: list(column) for name, column in zip(names, columns, strict=True)}
    with database.connection() as connection:
        connection.execute(_SQL["note_runs"], named)


def read_condition(database: Database) -> Condition:
    """Read everything there is to see."""
    with database.connection() as connection:

        def rows(block: str, named: Mapping[str, object] | None = None) -> list[TupleRow]:
            return connection.execute(_SQL[block], named).fetchall()

        newest = rows("newest_sample")
        return Condition(
            server=Server(*rows("read_server")[0]),
            hour=_samples(rows("list_samples", _HOUR), newest),
            day=_samples(rows("list_samples", _DAY), newest),
            sizes=_sizes(newest, rows("newest_looked"), rows("oldest_size", _GROWTH)),
            runs=[JobRun(*row) for row in rows("list_runs")],
            waiting=Waiting(*rows("read_deliveries")[0]),
            work=Work(_states(rows("count_indexes")), _states(rows("count_imports"))),
            aggregated=Aggregated(*rows("read_aggregates")[0]),
        )


def _samples(rows: Sequence[TupleRow], newest: Sequence[TupleRow]) -> list[Sample]:
    """The first sample of each stretch, and what came since the last of them."""
    found = [Sample(*row) for row in rows]
    found += [Sample(*row[:3]) for row in newest if found and row[0] > found[-1].at]
    return found


def _sizes(
    newest: Sequence[TupleRow], looked: Sequence[TupleRow], oldest: Sequence[TupleRow]
) -> Sizes | None:
    if not newest or not looked:
        return None
    (at, _, _, database_bytes, free_bytes), (put_aside, parts) = newest[0], looked[0]
    before = (oldest[0][0], oldest[0][1]) if oldest else None
    return Sizes(at, database_bytes, free_bytes, parts, put_aside, before)


def _states(rows: Sequence[TupleRow]) -> dict[str, tuple[int, datetime]]:
    return {state: (count, at) for state, count, at in rows}
