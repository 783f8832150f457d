"""What the temporal API adds to the SQL for the same answer, and what it costs per instance.

    python -m benchmarks.temporal_http DATABASE_URL [--instances N] [--series N] [--runs N] [--json FILE]

The database must be migrated; a tenant of its own, `bench`, is filled once: some series of a year at one
minute. Each case is asked over HTTP (one API in this process, without access control, one request at a time)
and as SQL by hand (psycopg, binary results, rows fetched and thrown away), interleaved in the same run.
Reading and writing an answer are measured without HTTP as well. Goal: HTTP adds <= 5 ms + 6 us per instance.
"""

import argparse
import json
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import psycopg
import uvicorn

from context_api.http.app import create_app
from context_api.http.server import make_config
from context_api.http.settings import ApiSettings
from context_api.ngsild.contexts import core_context
from context_api.ngsild.model import Kind, Micros
from context_api.ngsild.query import TemporalQuery, TimeRelation
from context_api.ngsild.represent_temporal import TemporalForm, TemporalStyle, write_history
from context_api.ngsild.temporal import History, Track
from context_api.ngsild.time import format_datetime
from context_api.store.database import connect, open_database
from context_api.store.store import Store
from context_api.store.temporal import HistoryRequest
from context_api.store.terms import Terms, TermsMissing

T0: Micros = 1_735_689_600_000_000
"""2025-01-01T00:00:00Z"""
MINUTE: Micros = 60_000_000
YEAR = 365 * 1440
TYPE = core_context().expand("BenchObserved")
PROBE = core_context().expand("probe")
GOAL_MS, GOAL_US = 5.0, 6.0


class Case(NamedTuple):
    """One question: the same over HTTP and in SQL."""

    name: str
    path: str
    parameters: dict[str, str]
    sql: str
    arguments: list[Any]


def entity(number: int) -> str:
    """Name a sensor."""
    return f"urn:ngsi-ld:BenchObserved:{number:04}"


def fill(url: str, store: Store, series: int) -> None:
    """Give so many sensors a year of values, unless they are there; by SQL, as loading is not measured."""
    access = store.tenant("bench", create=True)
    terms = Terms(open_database(url))
    terms.learn(TermsMissing(iris=(TYPE, PROBE)))
    [type_id, attribute_id] = terms.numbers((TYPE, PROBE))
    with connect(url) as connection:
        for number in range(series):
            row = connection.execute(
                "insert into series (tenant_id, entity_id, attribute_id, kind, unit_code, types)"
                " values (%s, %s, %s, 0, 'GQ', array[%s]) on conflict do nothing returning id",
                [access.tenant_id, entity(number), attribute_id, type_id],
            ).fetchone()
            if row is None:
                continue
            connection.execute(
                "insert into temporal_type values (%s, %s, %s) on conflict do nothing",
                [access.tenant_id, type_id, entity(number)],
            )
            connection.execute(
                "insert into observation (series_id, at, value, recorded_at)"
                " select %s, t, round((20 + 10 * sin(extract(epoch from t) / 86400))::numeric, 2), t"
                " from generate_series(timestamptz '2025-01-01Z', timestamptz '2025-12-31Z', '1 minute') t",
                [row[0]],
            )
        connection.execute("vacuum analyze observation")


def cases(instances: int, series: int) -> list[Case]:
    """Make the questions."""
    start, end = T0 + 180 * 1440 * MINUTE, T0 + (180 * 1440 + instances) * MINUTE
    window = {"timerel": "between", "timeAt": format_datetime(start), "endTimeAt": format_datetime(end)}
    one = (
        "select o.at, o.value from machi.observation o join machi.series s on s.id = o.series_id"
        " where s.entity_id = %s and o.at >= %s and o.at < %s order by o.at"
    )
    bounds = [psycopg_time(start), psycopg_time(end)]
    path = f"/ngsi-ld/v1/temporal/entities/{entity(0)}"
    each = max(instances // series, 1)
    short = T0 + (180 * 1440 + each) * MINUTE
    many = (
        "select s.entity_id, o.at, o.value from machi.series s cross join lateral (select at, value from"
        " machi.observation o where o.series_id = s.id and o.at >= %s and o.at < %s order by o.at) o"
        " where s.tenant_id = (select id from machi.tenant where name = 'bench') order by s.entity_id"
    )
    last = (
        "select s.entity_id, o.at, o.value from machi.series s cross join lateral (select at, value from"
        " machi.observation o where o.series_id = s.id order by o.at desc limit 1) o"
        " where s.tenant_id = (select id from machi.tenant where name = 'bench') order by s.entity_id"
    )
    all_of = {"type": "BenchObserved", "limit": str(series)}
    shorter = {**window, "endTimeAt": format_datetime(short)}
    since = {"timerel": "after", "timeAt": format_datetime(T0), "lastN": "1"}
    return [
        Case("one series, normalized", path, window, one, [entity(0), *bounds]),
        Case(
            "one series, temporalValues",
            path,
            {**window, "options": "temporalValues"},
            one,
            [entity(0), *bounds],
        ),
        Case(
            f"{series} series, temporalValues",
            "/ngsi-ld/v1/temporal/entities",
            {**shorter, **all_of, "options": "temporalValues"},
            many,
            [psycopg_time(start), psycopg_time(short)],
        ),
        Case(f"latest of {series} series", "/ngsi-ld/v1/temporal/entities", {**since, **all_of}, last, []),
    ]


def psycopg_time(micros: Micros) -> str:
    """Write a time as SQL takes it."""
    return format_datetime(micros)


@contextmanager
def serving(url: str, page: int) -> Iterator[httpx.Client]:
    """Serve the API in a thread."""
    settings = ApiSettings(database_url=url, port=0, auth=False, temporal_page_instances=page)
    server = uvicorn.Server(make_config(create_app(settings), settings))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        headers = {"NGSILD-Tenant": "bench"}
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60, trust_env=False
        ) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(15)


def timed(call: Callable[[], Any]) -> float:
    """Give the milliseconds that a call takes."""
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def measure(
    case: Case, client: httpx.Client, connection: "psycopg.Connection[Any]", runs: int
) -> dict[str, Any]:
    """Ask over HTTP and in SQL, in turns."""

    def ask() -> httpx.Response:
        answer = client.get(case.path, params=case.parameters)
        answer.raise_for_status()
        return answer

    def look_up() -> int:
        return len(connection.execute(case.sql, case.arguments, binary=True).fetchall())

    count, size = look_up(), len(ask().content)
    pairs = [(timed(look_up), timed(ask)) for _ in range(runs)]
    in_sql = statistics.median(pair[0] for pair in pairs)
    over_http = statistics.median(pair[1] for pair in pairs)
    allowed = GOAL_MS + GOAL_US * count / 1000
    return {
        "case": case.name,
        "instances": count,
        "bytes": size,
        "sql_ms": round(in_sql, 2),
        "http_ms": round(over_http, 2),
        "added_ms": round(over_http - in_sql, 2),
        "allowed_ms": round(allowed, 2),
        "met": over_http - in_sql <= allowed,
    }


def read_alone(store: Store, instances: int, runs: int) -> float:
    """Give the microseconds per instance that reading takes in the store, SQL included."""
    window = TemporalQuery(timerel=TimeRelation.AFTER, time_at=T0 + 180 * 1440 * MINUTE)
    request = HistoryRequest(window=window, with_recorded=False, limit=instances)
    access = store.tenant("bench")
    return (
        statistics.median(
            timed(lambda: store.retrieve_history(access, entity(0), request)) for _ in range(runs)
        )
        * 1000
        / instances
    )


def write_alone(style: TemporalStyle, instances: int, runs: int) -> float:
    """Give the microseconds per instance that the representation takes."""
    track = Track(
        attribute=PROBE,
        dataset_id="",
        kind=Kind.PROPERTY,
        unit_code="GQ",
        id_prefix="urn:ngsi-ld:Instance:12-",
        times=[T0 + number * MINUTE for number in range(instances)],
        values=[20 + number % 997 / 100 for number in range(instances)],
    )
    history, form = History(id=entity(0), types=(TYPE,), tracks=[track]), TemporalForm(style=style)
    taken = [timed(lambda: write_history(history, core_context(), form)) for _ in range(runs)]
    return statistics.median(taken) * 1000 / instances


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("database_url")
    parser.add_argument("--instances", type=int, default=10_000)
    parser.add_argument("--series", type=int, default=20)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--json")
    given = parser.parse_args()
    database = open_database(given.database_url)
    store = Store(database)
    fill(given.database_url, store, given.series)
    figures: dict[str, Any] = {"writing_us": {}, "cases": []}
    for style in TemporalStyle:
        figures["writing_us"][style.value] = round(write_alone(style, given.instances, given.runs), 2)
    figures["reading_us"] = round(read_alone(store, given.instances, given.runs), 2)
    print(
        f"writing alone, us per instance: {figures['writing_us']}; reading with SQL: {figures['reading_us']}"
    )
    with (
        serving(given.database_url, given.instances) as client,
        psycopg.connect(given.database_url) as connection,
    ):
        for case in cases(given.instances, given.series):
            found = measure(case, client, connection, given.runs)
            figures["cases"].append(found)
            print(json.dumps(found))
    if given.json:
        Path(given.json).write_text(json.dumps(figures, indent=2), encoding="utf-8")
    database.close()


if __name__ == "__main__":
    main()
