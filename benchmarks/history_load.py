"""How fast history is loaded in bulk, beside the bare stage and insert of the same rows in the same run.

    python -m benchmarks.history_load DATABASE_URL [--values 1000000] [--series 200] [--rounds 3]

The database must be migrated and is written to. The values are ready in memory; each round has its own year.
"""

import argparse
import struct
import time
from collections.abc import Sequence

from benchmarks.ingest_store import backend_cpu_s
from context_api.ngsild.model import Instance, Micros
from context_api.store.aggregates_refresh import refresh_aggregates
from context_api.store.backfill import HistorySeries, HistoryValue
from context_api.store.database import connect, open_database
from context_api.store.packing import EPOCH_MICROS
from context_api.store.store import Store

TYPE = "https://uri.etsi.org/ngsi-ld/default-context/BenchmarkLoad"
ATTRIBUTE = "https://uri.etsi.org/ngsi-ld/default-context/temperature"
MINUTE: Micros = 60_000_000
YEAR: Micros = 365 * 1440 * MINUTE
ROWS = 50_000
_ROW = struct.Struct("!hiiiqid")


def make_values(count: int, series: int, end: Micros) -> list[HistoryValue]:
    """A value a minute, series by series, as files have them."""
    each = count // series
    return [
        HistoryValue(number, end - (each - minute) * MINUTE, (number * 31 + minute * 7) % 400 / 10)
        for number in range(series)
        for minute in range(each)
    ]


def load_bare(url: str, values: Sequence[HistoryValue], first_id: int) -> float:
    """COPY into a stage, insert with ON CONFLICT; gives seconds. No series, no corrections, no locks."""
    with connect(url) as connection:
        connection.execute(
            "create temporary table stage (series_id integer, at timestamptz, value float8)"
            " on commit delete rows"
        )
        started = time.monotonic()
        for begin in range(0, len(values), ROWS):
            part = values[begin : begin + ROWS]
            rows = b"".join(
                [
                    _ROW.pack(3, 4, first_id + one.series, 8, one.at - EPOCH_MICROS, 8, one.value)
                    for one in part
                ]
            )
            with connection.transaction(), connection.cursor() as cursor:
                with cursor.copy("copy stage from stdin (format binary)") as copy:
                    copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8) + rows + b"\xff\xff")
                connection.execute(
                    "insert into observation (series_id, at, value, recorded_at)"
                    " select series_id, at, value, now() from stage on conflict (series_id, at) do nothing"
                )
        return time.monotonic() - started


def main() -> None:
    """Load, load again, and load barely."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database_url")
    parser.add_argument("--values", type=int, default=1_000_000)
    parser.add_argument("--series", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    database = open_database(options.database_url)
    store = Store(database)
    access = store.tenant("default")
    series = [
        HistorySeries(f"urn:ngsi-ld:BenchmarkLoad:{number}", (TYPE,), ATTRIBUTE, Instance(unit_code="CEL"))
        for number in range(options.series)
    ]
    with connect(options.database_url) as connection:
        refresh_aggregates(connection)  # from now on what is loaded marks what it touches
    now = time.time_ns() // 1000 // MINUTE * MINUTE
    for number in range(options.rounds):
        values = make_values(options.values, options.series, now - number * YEAR)
        bare = load_bare(options.database_url, values, 100_000_000 + number * options.series)
        cpu = time.process_time(), backend_cpu_s(options.database_url)
        started = time.monotonic()
        first = store.backfill(access, series, values)
        took = time.monotonic() - started
        python_us = (time.process_time() - cpu[0]) / len(values) * 1e6
        server_us = (backend_cpu_s(options.database_url) - cpu[1]) / len(values) * 1e6
        started = time.monotonic()
        again = store.backfill(access, series, values)
        repeated = time.monotonic() - started
        count = len(values)
        print(
            f"{count:,} values: store {count / took:,.0f}/s {tuple(first)}, again {count / repeated:,.0f}/s"
            f" {tuple(again)}, bare {count / bare:,.0f}/s; {bare / took:.2f} of it",
            f"; CPU per value: python {python_us:.1f} us, postgres {server_us:.1f} us",
            flush=True,
        )
    database.close()


if __name__ == "__main__":
    main()
