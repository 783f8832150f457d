"""What reads of history cost, each beside the best SQL for the same answer in the same run.

    python -m benchmarks.history DATABASE_URL [--series 1000] [--days 14] [--year 20] [--runs 20]

The database must be migrated, empty, and is filled: `--series` series of one value a minute for `--days`, as
live readings leave them, and `--year` series of one value a minute for a year whose times jitter, as a
backfill leaves them. With 1,000, 14 and 20 that is 31 million values: 3 GB before compression, some minutes.
First a tenth of the days is loaded, then the rest, for what ten times the history does to a question about
the last day.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from psycopg import Connection
from psycopg.rows import TupleRow

from benchmarks.figures import Figure
from context_api.ngsild.model import Micros
from context_api.ngsild.query import TemporalQuery, TimeProperty, TimeRelation
from context_api.ngsild.query.periods import bucket_edges, parse_bucket
from context_api.store.aggregates import AggregateQuery, read_aggregates
from context_api.store.aggregates_refresh import read_progress, refresh_aggregates
from context_api.store.budget import Budget
from context_api.store.columnstore import compress_before
from context_api.store.database import Database, connect, open_database
from context_api.store.features import read_features
from context_api.store.packing import pack_ints, pack_time
from context_api.store.store import Store

TYPE = "https://uri.etsi.org/ngsi-ld/default-context/BenchmarkRoom"
ATTRIBUTE = "https://uri.etsi.org/ngsi-ld/default-context/temperature"
TOKYO = ZoneInfo("Asia/Tokyo")
MINUTE: Micros = 60_000_000
DAY: Micros = 1440 * MINUTE
GOAL, GROWTH = 1.5, 1.3
"""Most that the store may take beside SQL, and ten times the history beside a tenth."""
NOW: Micros = time.time_ns() // 1000 // (60 * MINUTE) * 60 * MINUTE

_MAKE_SERIES = """
with term as (
    insert into term (iri) values (%(type)s), (%(attribute)s)
    on conflict (iri) do update set iri = excluded.iri returning id, iri
)
insert into series (tenant_id, entity_id, attribute_id, kind, types)
select 1, format('urn:ngsi-ld:BenchmarkRoom:%%s', i), (select id from term where iri = %(attribute)s), 0,
    array[(select id from term where iri = %(type)s)]
from generate_series(1, %(count)s) i
returning id
"""
# A day's curve and noise, to one decimal. Live readings are recorded a little after they were made, each at
# its own time; a backfill records all at once.
_FILL = """
insert into observation (series_id, at, value, recorded_at)
select s, at + {jitter}, round((20 + s %% 7 + 5 * sin(extract(epoch from at) / 13751)
        + random_normal(0, 0.3))::numeric, 1)::float8, {recorded}
from generate_series(%(start)s::timestamptz, %(end)s::timestamptz - interval '1 minute', interval '1 minute')
    as at
cross join unnest(%(ids)s::integer[]) s
"""
_LIVE = {"jitter": "interval '0'", "recorded": "at + random() * interval '500 milliseconds'"}
_BACKFILLED = {"jitter": "random() * interval '500 milliseconds'", "recorded": "now()"}


def fill(
    connection: Connection[TupleRow], ids: Sequence[int], days: tuple[int, int], how: dict[str, str]
) -> None:
    """Insert a value a minute from so many days ago to so many, five days at a time."""
    started, total = time.monotonic(), 0
    first, last = days
    for begin in range(first, last, -5):
        end = max(last, begin - 5)
        given = {"ids": list(ids), "start": pack_time(NOW - begin * DAY), "end": pack_time(NOW - end * DAY)}
        total += connection.execute(_FILL.format(**how).encode(), given).rowcount
    took = time.monotonic() - started
    print(
        f"  loaded {total:,} values of {len(ids):,} series in {took:.0f} s: {total / max(took, 1e-9):,.0f}/s"
    )


def measure(name: str, runs: int, *calls: Callable[[int], object]) -> list[float]:
    """Run calls in turn; prints and gives the median of each, in milliseconds."""
    times: list[list[float]] = [[] for _ in calls]
    for number in range(runs + 2):
        for position, call in enumerate(calls):
            started = time.perf_counter()
            call(number)
            if number >= 2:
                times[position].append((time.perf_counter() - started) * 1000)
    medians = [statistics.median(each) for each in times]
    tails = [sorted(each)[int(0.95 * len(each))] for each in times]
    shown = " | ".join(
        f"{median:8.2f} (p95 {tail:8.2f})" for median, tail in zip(medians, tails, strict=True)
    )
    ratio = f"  {medians[0] / medians[1]:.2f}x" if len(medians) > 1 else ""
    print(f"  {name:46} {shown}{ratio}")
    return medians


def beside(name: str, runs: int, store: Callable[[int], object], sql: Callable[[int], object]) -> Figure:
    """Measure the store beside the best SQL for the same answer."""
    ours, limit = measure(name, runs, store, sql)
    goal, is_met = f"<= {GOAL:g} x SQL", ours <= GOAL * limit
    return Figure(name, round(ours, 2), "ms", round(limit, 2), goal, is_met, limit_name="SQL")


def alone(name: str, runs: int, call: Callable[[int], object]) -> Figure:
    """Measure what has nothing to stand beside."""
    return Figure(name, round(measure(name, runs, call)[0], 2), "ms")


class Questions:
    """The questions, as the store answers them and as SQL does."""

    def __init__(
        self, database: Database, connection: Connection[TupleRow], live: Sequence[int], first: int
    ) -> None:
        self.database = database
        self.store = Store(database)
        self.access = self.store.tenant("default")
        self.connection = connection
        self.live = live
        self.first = first

    def last_day(self, number: int) -> object:
        """The last 24 hours of one series, by the store."""
        window = TemporalQuery(timerel=TimeRelation.BETWEEN, time_at=NOW - DAY, end_time_at=NOW, last_n=None)
        entity = f"urn:ngsi-ld:BenchmarkRoom:{self.first + number % len(self.live)}"
        return self.store.get_temporal(self.access, entity, window)

    def last_day_sql(self, number: int) -> object:
        """The same rows."""
        return self.ask(
            "select at, value, body, recorded_at, modified_at from observation where series_id = %s"
            " and at >= %s and at < %s and has_observed_at order by at",
            self.live[number % len(self.live)], pack_time(NOW - DAY), pack_time(NOW),
        )  # fmt: skip

    def latest_sql(self, _: int) -> object:
        """The latest value of every live series."""
        return self.ask(
            "select l.* from unnest(%s::integer[]) s (id) cross join lateral (select series_id, at, value"
            " from observation where series_id = s.id order by at desc limit 1) l",
            pack_ints(self.live),
        )

    def aggregate(
        self, ids: Sequence[int], days: int, bucket: str, *, together: bool = False, **members: object
    ) -> Callable[[int], object]:
        """Buckets over the last days, of one series at a time or of all together."""
        start, end = NOW - days * DAY, NOW
        edges = bucket_edges(parse_bucket(bucket), start, end, TOKYO)
        query = AggregateQuery(start, end, edges, **members)  # type: ignore[arg-type]

        def call(number: int) -> object:
            chosen = ids if together else [ids[number % len(ids)]]
            with self.database.connection() as connection:
                return read_aggregates(connection, chosen, query)

        return call

    def ready_sql(self, ids: Sequence[int], days: int, *, together: bool = False) -> Callable[[int], object]:
        """The rows of the hourly aggregates themselves: the least that any answer can cost."""

        def call(number: int) -> object:
            chosen = list(ids) if together else [ids[number % len(ids)]]
            return self.ask(
                "select series_id, at, total, count, sum, sumsq, minimum, maximum, deviations, first_at,"
                " last_at, first, last from observation_hourly"
                " where series_id = any(%s) and at >= %s and at < %s order by series_id, at",
                pack_ints(chosen), pack_time(NOW - days * DAY), pack_time(NOW),
            )  # fmt: skip

        return call

    def raw_sql(self, ids: Sequence[int], days: int) -> Callable[[int], object]:
        """An hour's mean, least and greatest from the values: what a year costs without aggregates."""
        return lambda number: self.ask(
            "select date_bin('1 hour', at, timestamptz '2000-01-01 00:00:00Z'), count(*), avg(value),"
            " min(value), max(value) from observation where series_id = %s and at >= %s and at < %s"
            " group by 1 order by 1",
            ids[number % len(ids)], pack_time(NOW - days * DAY), pack_time(NOW),
        )  # fmt: skip

    def ask(self, query: str, *given: object) -> object:
        """All rows, in binary."""
        return self.connection.execute(query.encode(), given, binary=True, prepare=False).fetchall()


def refresh(connection: Connection[TupleRow]) -> None:
    """Aggregate everything there is."""
    started = time.monotonic()
    while True:
        refresh_aggregates(connection, budget=Budget(60))
        if read_progress(connection).dirty == 0:
            break
    print(f"  aggregated in {time.monotonic() - started:.0f} s")


def sizes(connection: Connection[TupleRow], title: str) -> None:
    """Bytes per value, of the table and of the aggregates."""
    row = connection.execute(
        "select count(*), pg_database_size(current_database()) from observation"
    ).fetchone()
    tables = "select pg_total_relation_size(%s::regclass)"
    if read_features(connection).is_hypertable:
        tables = "select hypertable_size(%s::regclass)"
    values = connection.execute(tables, ["machi.observation"]).fetchone()
    hourly = connection.execute(
        "select pg_total_relation_size('observation_hourly'), pg_total_relation_size('observation_daily')"
    ).fetchone()
    if row and values and hourly:
        print(
            f"  {title}: {row[0]:,} values, {values[0] / row[0]:.2f} bytes each;"
            f" aggregates {sum(hourly) / row[0]:.2f} bytes per value"
        )


def compress(connection: Connection[TupleRow]) -> None:
    """Compress all chunks, and tell what each kind of series takes and which columns take it."""
    started = time.monotonic()
    done = compress_before(connection, NOW + 30 * DAY, Budget(600))
    print(f"  compressed {done} chunks in {time.monotonic() - started:.0f} s")
    connection.execute("vacuum analyze observation")
    columns = ("at", "value", "body", "has_observed_at", "recorded_at", "modified_at", "deleted_at")
    chunks = connection.execute(
        "select format('%I.%I', chunk_schema, chunk_name)::regclass::text, compressed.name"
        " from timescaledb_information.chunks cross join lateral"
        " (select format('%I.%I', n.nspname, c.relname) as name from pg_class c"
        "  join pg_namespace n on n.oid = c.relnamespace"
        "  where c.relname = chunk_name || '_compressed' and c.relkind = 'r') compressed"
        " where hypertable_name = 'observation'"
    ).fetchall()
    for title, condition in (("live", "> 20"), ("backfilled", "<= 20")):
        total, taken = 0, dict.fromkeys(columns, 0)
        for _, name in chunks:
            sums = ", ".join(f"coalesce(sum(pg_column_size({column})), 0)::bigint" for column in columns)
            found = connection.execute(
                f"select coalesce(sum(_ts_meta_count), 0)::bigint, {sums} from {name}"
                f" where series_id {condition}".encode()
            ).fetchone()
            if found is not None:
                total += found[0]
                for column, size in zip(columns, found[1:], strict=True):
                    taken[column] += size
        if total:
            shown = ", ".join(f"{column} {size / total:.2f}" for column, size in taken.items())
            print(
                f"  {title}, bytes per value by column: {shown}; together {sum(taken.values()) / total:.2f}"
            )


def ask_all(questions: Questions, year: Sequence[int], runs: int) -> list[Figure]:
    """Measure every question; the first column is the store, the second the SQL."""
    q = questions
    print(f"  {'question, ms':46} {'store':>8} {'':15} | {'SQL':>8}")
    together = q.aggregate(year, 14, "hour", together=True)
    return [
        beside("last 24 h of one series", runs, q.last_day, q.last_day_sql),
        alone("latest of all live series (SQL alone)", runs, q.latest_sql),
        beside(
            "a year by the hour, one series", runs, q.aggregate(year, 365, "hour"), q.ready_sql(year, 365)
        ),
        alone("the same from values (SQL alone)", 5, q.raw_sql(year, 365)),
        alone("a year by the day in Japan, one series", runs, q.aggregate(year, 365, "day")),
        alone("a year by the month in Japan, one series", runs, q.aggregate(year, 365, "month")),
        beside(
            f"14 days by the hour, {len(year)} series", runs, together, q.ready_sql(year, 14, together=True)
        ),
        alone(
            "a day by createdAt, one series",
            5,
            q.aggregate(year, 1, "hour", timeproperty=TimeProperty.CREATED_AT),
        ),
    ]


def run(database_url: str, *, series: int, days: int, year: int, runs: int) -> list[Figure]:
    """Fill an empty, migrated database and ask; see the module for the numbers."""
    database = open_database(database_url)
    try:
        with connect(database_url) as connection:
            features = read_features(connection)
            edition = f"{features.timescale_version or ''} ({features.edition})"
            print(f"PostgreSQL {features.server_version}, {edition}")
            made = connection.execute(
                _MAKE_SERIES.encode(), {"type": TYPE, "attribute": ATTRIBUTE, "count": year + series}
            ).fetchall()
            ids = [number for (number,) in made]
            questions = Questions(database, connection, ids[year:], year + 1)
            figures = _fill_and_compare(questions, ids[:year], days, runs)
            figures += ask_all(questions, ids[:year], runs)
            if features.has_compression:
                compress(connection)
                sizes(connection, "compressed")
                figures += [
                    replace(one, name=f"{one.name}, compressed")
                    for one in ask_all(questions, ids[:year], runs)
                ]
            return figures
    finally:
        database.close()


def _fill_and_compare(questions: Questions, year: Sequence[int], days: int, runs: int) -> list[Figure]:
    """Load a tenth, ask, load the rest, ask again: what ten times the history does (design, promise 10)."""
    connection, live = questions.connection, questions.live
    tenth = max(1, days // 10)
    asked = [
        ("last 24 h of one series", questions.last_day_sql),
        ("latest of all live series", questions.latest_sql),
    ]
    fill(connection, live, (tenth, 0), _LIVE)
    connection.execute("analyze observation")
    before = [measure(f"{name}, a tenth loaded", runs, call)[0] for name, call in asked]
    fill(connection, live, (days, tenth), _LIVE)
    fill(connection, year, (366, 0), _BACKFILLED)
    connection.execute("vacuum analyze observation")
    sizes(connection, "as rows")
    refresh(connection)
    connection.execute("vacuum analyze observation_hourly")
    connection.execute("vacuum analyze observation_daily")
    figures = []
    for (name, call), small in zip(asked, before, strict=True):
        after = measure(f"{name}, all loaded", runs, call)[0]
        title, goal = f"{name}, {days / tenth:g} times the history (SQL)", f"<= {GROWTH:g} x before"
        figures.append(
            Figure(
                title,
                round(after, 2),
                "ms",
                round(small, 2),
                goal,
                after <= GROWTH * small,
                limit_name="a part",
            )
        )
    return figures


def main() -> None:
    """Fill, then ask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database_url")
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--year", type=int, default=20)
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    run(
        options.database_url,
        series=options.series,
        days=options.days,
        year=options.year,
        runs=options.runs,
    )


if __name__ == "__main__":
    main()
