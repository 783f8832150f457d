"""What an export to CSV over HTTP costs, beside the bare COPY TO STDOUT of the same rows in the same run.

    python -m benchmarks.export [--rows 10000000] [--series 1000] [--rounds 3] [--json FILE]

Starts a durable embedded PostgreSQL and one API process (`machi api`). Each round reads the rows three times:
by `COPY (select series_id, at, value …) TO STDOUT` through psycopg, by the same through psql where there is
one, and as `GET /api/v1/history?format=csv`, which has names and units in each line and stands in the order
of time. The worker's memory is read from /proc while it answers.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg

from benchmarks.api_servers import api
from benchmarks.bridge_load import cpu_s, tree_cpu_s
from benchmarks.figures import Figure, at_least, at_most, to_markdown
from context_api.store.migrate import migrate
from deploy.embedded.postgres import EmbeddedPostgres

TYPE = "https://smartdatamodels.org/dataModel.Environment/AirQualityObserved"
ATTRIBUTE = "https://smartdatamodels.org/dataModel.Environment/pm25"
_COPY = "copy (select series_id, at, value from machi.observation) to stdout (format csv)"
_EVERY_S = 0.25


def fill(url: str, rows: int, series: int) -> None:
    """Store a value per minute of each series."""
    migrate(url)
    with psycopg.connect(url, autocommit=True, options="-c search_path=machi,public") as connection:
        for iri in (TYPE, ATTRIBUTE):
            connection.execute("insert into term (iri) values (%s)", [iri])
        connection.execute(
            "insert into series (tenant_id, entity_id, attribute_id, kind, unit_code, types)"
            " select t.id, 'urn:ngsi-ld:AirQualityObserved:aq-' || lpad(n::text, 5, '0'), a.id, 0, 'GQ',"
            " array[k.id]"
            " from tenant t, term a, term k, generate_series(1, %s) n"
            " where t.name = 'default' and a.iri = %s and k.iri = %s",
            [series, ATTRIBUTE, TYPE],
        )
        connection.execute(
            "insert into observation (series_id, at, has_observed_at, value, recorded_at)"
            " select s.id, timestamptz '2026-01-01T00:00:00+09:00' + n * interval '1 minute', true,"
            " round((random() * 50)::numeric, 1), now()"
            " from generate_series(0, %s) n, series s",
            [rows // series - 1],
        )
        connection.execute("vacuum analyze observation")


def copy_bare(url: str) -> tuple[int, float]:
    """Rows, and seconds, of the bare COPY."""
    began, count = time.perf_counter(), 0
    with psycopg.connect(url) as connection, connection.cursor().copy(_COPY) as copy:
        for _ in copy:
            count += 1
    return count, time.perf_counter() - began


def copy_psql(url: str) -> float | None:
    """Seconds of the same by psql; None where there is none."""
    psql = shutil.which("psql")
    if psql is None:
        return None
    began = time.perf_counter()
    subprocess.run([psql, "--quiet", url, "--command", _COPY], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def export(address: str, pid: int) -> tuple[int, int, float, list[float]]:
    """Lines, bytes, seconds and the worker's memory (MB, sampled) of one export."""
    lines = size = 0
    with sampled(pid) as memory:
        began = time.perf_counter()
        parameters = {"type": "AirQualityObserved", "format": "csv"}
        with (
            httpx.Client(timeout=900, trust_env=False) as client,
            client.stream("GET", f"{address}/api/v1/history", params=parameters) as answer,
        ):
            answer.raise_for_status()
            for block in answer.iter_raw():
                lines += block.count(b"\n")
                size += len(block)
        took = time.perf_counter() - began
    return lines - 1, size, took, memory


@contextmanager
def sampled(pid: int) -> Iterator[list[float]]:
    """Resident memory of a process, in MB, four times a second."""
    found: list[float] = []
    done = threading.Event()

    def watch() -> None:
        is_done = False
        while not is_done:  # once at least, however short the answer
            for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
                if line.startswith("VmRSS:"):
                    found.append(int(line.split()[1]) / 1024)  # noqa: PERF401 - one line in fifty
            is_done = done.wait(_EVERY_S)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        done.set()
        thread.join()


def measure(rows: int, series: int, rounds: int) -> tuple[list[Figure], list[dict[str, float]]]:
    """Run the rounds: the figures, and what each round found."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "postgres") as postgres:
        fill(postgres.url, rows, series)
        with api(postgres.url, Path(folder)) as (address, pid):
            server = postgres.process.pid if postgres.process else 0
            found = [_round(postgres.url, address, pid, server) for _ in range(rounds)]
    middle = sorted(found, key=lambda one: one["ratio"])[len(found) // 2]
    peak = max(one["memory_max_mb"] for one in found)
    name = f"Export of {rows:,} values as CSV"
    rate, limit = middle["export_rows_per_s"], middle["bare_rows_per_s"]
    return [
        at_least(name, rate, "rows/s", limit, part=0.3, limit_name="COPY TO STDOUT"),
        at_most(f"{name}: memory of the worker, peak", round(peak), "MB", 300),
    ], found


def main() -> None:
    """Run the rounds and print a line each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--series", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    figures, rounds = measure(given.rows, given.series, given.rounds)
    print(to_markdown(figures))
    if given.json:
        given.json.write_text(json.dumps({"rounds": rounds}, indent=2), encoding="utf-8")


def _round(url: str, address: str, pid: int, postgres_pid: int) -> dict[str, float]:
    """Measure the bare COPY before and after the export: other programs may be busy at one of the times."""
    own, server = time.process_time(), tree_cpu_s(postgres_pid)
    bare_rows, before_s = copy_bare(url)
    bare_cpu_s = time.process_time() - own + tree_cpu_s(postgres_pid) - server
    psql_s = copy_psql(url)
    server = tree_cpu_s(postgres_pid) + cpu_s(pid)
    lines, size, took, memory = export(address, pid)
    export_cpu_s = tree_cpu_s(postgres_pid) + cpu_s(pid) - server
    if lines != bare_rows:
        raise RuntimeError(f"{lines} lines, but {bare_rows} rows")
    bare_s = (before_s + copy_bare(url)[1]) / 2
    third = max(1, len(memory) // 3)
    found = {
        "rows": float(lines),
        "bare_rows_per_s": round(bare_rows / bare_s),
        "psql_rows_per_s": round(bare_rows / psql_s) if psql_s else 0.0,
        "export_rows_per_s": round(lines / took),
        "ratio": round(bare_s / took, 3),
        "bare_cpu_us_per_row": round(bare_cpu_s / bare_rows * 1e6, 2),
        "export_cpu_us_per_row": round(export_cpu_s / lines * 1e6, 2),
        "mb_per_s": round(size / took / 1e6, 1),
        "memory_first_third_mb": round(statistics.mean(memory[:third]), 1),
        "memory_last_third_mb": round(statistics.mean(memory[-third:]), 1),
        "memory_max_mb": round(max(memory), 1),
    }
    print(json.dumps(found))
    return found


if __name__ == "__main__":
    main()
