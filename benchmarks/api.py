"""What the NGSI-LD API does per second and how long it takes, each figure beside its limit in the same run.

    python -m benchmarks.api [--entities 100000] [--seconds 8] [--json FILE]

Starts a durable embedded PostgreSQL and two API processes (`machi api`, a port each: the load goes to both at
once), and sends load with wrk. Needs wrk. Everything is on one machine: load, API and database share its
processors. Afterwards it is counted whether what was answered is in the database.
"""

import argparse
import json
import os
import tempfile
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from urllib.parse import quote

import msgspec
import psycopg

from benchmarks import api_limits as limits
from benchmarks import api_load as load
from benchmarks import query_q
from benchmarks.api_servers import api, plain
from benchmarks.bridge_load import cpu_s, tree_cpu_s
from benchmarks.figures import Figure, medians, to_markdown
from context_api.ngsild.contexts import core_context
from context_api.ngsild.represent import to_normalized
from context_api.store.database import open_database
from context_api.store.migrate import migrate
from context_api.store.partitions import create_partitions
from context_api.store.store import Store
from deploy.embedded.postgres import EmbeddedPostgres

WORKERS = 2
CONNECTIONS = 64
BATCH = 100
BATCH_CONNECTIONS = 4
REWRITTEN = 20_000
"""So many of the entities are written again and again by batches: more than a worker remembers."""
NAME = "urn:ngsi-ld:AirQualityObserved:"
ENTITIES = "/ngsi-ld/v1/entities"
UPSERT = "/ngsi-ld/v1/entityOperations/upsert"


@dataclass(frozen=True)
class Bench:
    """One run."""

    postgres: str
    urls: list[str]
    pids: list[int]
    postgres_pid: int
    entities: int
    seconds: int
    document: bytes
    lines: Path
    run: int = 0
    """Which of several; what it makes has other names than what the others made."""


# -- what runs -------------------------------------------------------------------------------------------


def seed(url: str, entities: int) -> None:
    """Fill the database as `benchmarks.query_q` does."""
    migrate(url)
    with psycopg.connect(url, autocommit=True, options="-c search_path=machi,public") as connection:
        create_partitions(connection)
    database = open_database(url, pool_max=2)
    try:
        store = Store(database)
        access = store.tenant("default", create=True)
        query_q.fill(store, access, entities, url)
        query_q.declare(database, access)
    finally:
        database.close()


def write_lines(bench_entities: int, file: Path) -> None:
    """Write the entities as a client would send them, @AT@ for the times of the measured values."""
    chance = Random(1)
    with file.open("w", encoding="utf-8") as lines:
        for number in range(min(bench_entities, REWRITTEN)):
            document = to_normalized(query_q.make_entity(number, chance), core_context())
            for attribute in document.values():
                if isinstance(attribute, dict) and "observedAt" in attribute:
                    attribute["observedAt"] = "@AT@"
            lines.write(json.dumps(document, ensure_ascii=False) + "\n")


# -- what is measured ------------------------------------------------------------------------------------


def measure_reads(bench: Bench) -> list[Figure]:
    """GET by id beside the plain route."""
    with ExitStack() as stack:
        others = [stack.enter_context(plain(bench.postgres)) for _ in range(WORKERS)]
        bare_script = load.get_by_id("/documents/%07d", bench.entities)

        def bare() -> float:
            return load.run(bare_script, others, connections=CONNECTIONS, seconds=bench.seconds).rate

        before = bare()
        ours, detail = _run(bench, load.get_by_id(f"{ENTITIES}/{NAME}%07d", bench.entities), CONNECTIONS)
        limit = (before + bare()) / 2
    return [_ratio(f"GET by id, {CONNECTIONS} connections", ours, limit, 2.0, detail)]


def measure_writes(bench: Bench) -> list[Figure]:
    """PATCH and POST beside the loop, and alone; what was answered must be in the database."""
    now = int(time.time()) + 10_000 * bench.run
    path = f"{ENTITIES}/{NAME}%07d/attrs/pm25"
    figures = []
    patch_script = load.patch(path, bench.entities, now)
    create_script = load.create(ENTITIES, _template(bench))
    for name, script, table in (
        ("PATCH of one attribute", patch_script, "change"),
        ("POST of an entity", create_script, "entity"),
    ):
        is_new = table == "entity"
        before = _bare(bench, is_new=is_new)
        rows = _count(bench, table)
        ours, detail = _run(bench, script, CONNECTIONS)
        _balance(name, ours, _count(bench, table) - rows, 1, CONNECTIONS)
        limit = (before + _bare(bench, is_new=is_new)) / 2
        detail["by_arrays"] = round(_bare(bench, is_new=is_new, is_array=True))
        figures.append(_ratio(f"{name}, {CONNECTIONS} connections", ours, limit, 0.3, detail))
    alone_patch = load.patch(path, bench.entities, now + 3600)
    alone_create = load.create(ENTITIES, _template(bench).replace("@ID@", "alone-@ID@"))
    for name, script in (("PATCH of one attribute", alone_patch), ("POST of an entity", alone_create)):
        alone = load.run(script, bench.urls[:1], connections=1, seconds=max(1, bench.seconds // 2))
        figures.append(_at_most(f"{name}, 1 connection, p50", alone.p50_ms, 5, alone))
    return figures


def _bare(bench: Bench, *, is_new: bool, is_array: bool = False) -> float:
    """What the bare loop writes per second."""
    return limits.commit_in_groups(
        bench.postgres,
        bench.document.decode(),
        size=CONNECTIONS,
        seconds=max(1, bench.seconds // 2),
        entities=bench.entities,
        is_new=is_new,
        is_array=is_array,
    )


def measure_batches(bench: Bench) -> list[Figure]:
    """Upserts of 100: of entities that are there, and of new ones."""
    figures = []
    for name, script, table in (
        (
            "existing",
            load.upsert_again(UPSERT, bench.lines, BATCH, int(time.time()) + 7200 + 10_000 * bench.run),
            "change",
        ),
        ("new", load.upsert_new(UPSERT, _template(bench), BATCH), "entity"),
    ):
        before = _count(bench, table)
        seen, detail = _run(bench, script, BATCH_CONNECTIONS)
        _balance(f"upsert, {name}", seen, _count(bench, table) - before, BATCH, BATCH_CONNECTIONS)
        rate = seen.rate * BATCH
        figures.append(
            Figure(
                f"Batch upsert of {BATCH}, {name}, {BATCH_CONNECTIONS} connections",
                round(rate),
                "entities/s",
                goal=">= 8000/s",
                is_met=rate >= 8000,
                detail=detail,
            )
        )
    return figures


def measure_queries(bench: Bench) -> list[Figure]:
    """Pages of 20 by place and by type and q: the 95th percentile, one after the other."""
    x, y = query_q.TOWN[0] + query_q.TOWN[2] / 2, query_q.TOWN[1] + query_q.TOWN[3] / 2
    corners = [[x, y], [x + 0.02, y], [x + 0.01, y + 0.02], [x, y]]
    at, polygon = quote(json.dumps([x, y])), quote(json.dumps([corners]))
    asked = [
        ("near 500 m", f"georel=near;maxDistance==500&geometry=Point&coordinates={at}", 50),
        ("within a polygon", f"georel=within&geometry=Polygon&coordinates={polygon}", 50),
        ("q equal, 50 %", "q=half==1", 50),
        ("q equal, 1 %", "q=percent==%22of%20a%20hundred%2042%22", 50),
        ("q equal, 0.01 %", "q=rare==%22of%20ten%20thousand%2042%22", 50),
        ("q range, 50 %", "q=pm25%3E0.5", 50),
        ("q range, 1 %", "q=pm25%3E0.99", 50),
        ("q range, 0.01 %", "q=pm25%3E0.9999", 150),
    ]
    figures = []
    for name, query, limit_ms in asked:
        script = load.get(f"{ENTITIES}?type=AirQualityObserved&limit=20&{query}")
        seen = load.run(script, bench.urls[:1], connections=1, seconds=max(1, bench.seconds // 2))
        _refuse_errors(name, seen)
        figures.append(_at_most(f"{name}, limit 20, p95", seen.p95_ms, limit_ms, seen))
    return figures


def measure_memory(bench: Bench) -> list[Figure]:
    """The most that a worker held at any time, after the largest bodies and pages that it takes, at once."""
    _load_memory(bench)
    peak = max(_peak_mb(pid) for pid in bench.pids)
    return [Figure("Memory of a worker, peak", round(peak), "MB", goal="<= 250 MB", is_met=peak <= 250)]


def _load_memory(bench: Bench) -> None:
    """Send the first worker three batches of 8 MB and eight pages of 1,000 entities, all at the same time."""
    template, one = _template(bench), len(_template(bench).encode()) + 24

    def batch(number: int) -> None:
        entities = [
            template.replace("@ID@", f"large-{number}-{each:06}") for each in range(8 * 1024 * 1024 // one)
        ]
        asked = urllib.request.Request(  # noqa: S310 - our own server
            f"{bench.urls[0]}{UPSERT}",
            f"[{','.join(entities)}]".encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(asked, timeout=300) as answer:  # noqa: S310
            answer.read()

    def page(number: int) -> None:
        query = f"?type=AirQualityObserved&limit=1000&offset={number * 1000}"
        for _ in range(3):
            with urllib.request.urlopen(f"{bench.urls[0]}{ENTITIES}{query}", timeout=300) as answer:  # noqa: S310
                answer.read()

    with ThreadPoolExecutor(11) as pool:
        under_way = [pool.submit(batch, number) for number in range(3)]
        under_way += [pool.submit(page, number) for number in range(8)]
        for sent in under_way:
            sent.result()


def _run(bench: Bench, script: str, connections: int) -> tuple[load.Load, dict[str, float]]:
    """Send a load to all workers; what it saw, and that with the processor time each request took."""
    before = _cpu_s(bench)
    seen = load.run(script, bench.urls, connections=connections, seconds=bench.seconds)
    after = _cpu_s(bench)
    _refuse_errors(script, seen)
    api_us, postgres_us = [(b - a) / seen.answered * 1e6 for a, b in zip(before, after, strict=True)]
    return seen, {**_detail(seen), "api_cpu_us": round(api_us), "postgres_cpu_us": round(postgres_us)}


def _cpu_s(bench: Bench) -> tuple[float, float]:
    return sum(map(cpu_s, bench.pids)), tree_cpu_s(bench.postgres_pid)


def _refuse_errors(name: str, seen: load.Load) -> None:
    if seen.refused or seen.broken or not seen.answered:
        raise RuntimeError(f"{name}: {seen}")


def _balance(name: str, seen: load.Load, found: int, size: int, connections: int) -> None:
    """What was answered is there; more only by what was under way when wrk left."""
    least, most = seen.answered * size, (seen.answered + connections) * size
    if not least <= found <= most:
        raise RuntimeError(f"{name}: {seen.answered} answered, but {found} in the database")


def _count(bench: Bench, table: str) -> int:
    time.sleep(0.5)  # what was under way is over
    with psycopg.connect(bench.postgres) as connection:
        row = connection.execute(f"select count(*) from machi.{table}".encode()).fetchone()
    return int(row[0]) if row else 0


def _template(bench: Bench) -> str:
    document = json.loads(bench.document)
    document["id"] = f"{NAME}{bench.run}-@ID@"
    return json.dumps(document, ensure_ascii=False)


def _peak_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    peak = next(line for line in lines if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 1024


def _ratio(name: str, seen: load.Load, limit: float, goal: float, detail: dict[str, float]) -> Figure:
    return Figure(
        name,
        round(seen.rate),
        "requests/s",
        round(limit),
        f">= {goal} x limit",
        seen.rate >= goal * limit,
        detail,
    )


def _at_most(name: str, value: float, limit_ms: float, seen: load.Load) -> Figure:
    return Figure(
        name, round(value, 2), "ms", goal=f"<= {limit_ms} ms", is_met=value <= limit_ms, detail=_detail(seen)
    )


def _detail(seen: load.Load) -> dict[str, float]:
    return {name: round(value, 2) for name, value in asdict(seen).items()}


def measure(entities: int, seconds: int, runs: int, *, with_memory: bool = True) -> list[Figure]:
    """The median of so many runs of each part. Queries first: writes change what they would find."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgres = stack.enter_context(EmbeddedPostgres(folder / "postgres"))
        seed(postgres.url, entities)
        lines = folder / "entities.jsonl"
        write_lines(entities, lines)
        document = msgspec.json.encode(to_normalized(query_q.make_entity(0, Random(1)), core_context()))
        limits.fill(postgres.url, document.decode(), entities)
        servers = [stack.enter_context(api(postgres.url, folder / f"api-{n}")) for n in range(WORKERS)]
        urls, pids = [url for url, _ in servers], [pid for _, pid in servers]
        postgres_pid = postgres.process.pid if postgres.process else 0
        bench = Bench(postgres.url, urls, pids, postgres_pid, entities, seconds, document, lines)
        parts: list[Callable[[Bench], list[Figure]]] = [measure_queries, measure_reads]
        parts += [measure_writes, measure_batches]
        figures: list[Figure] = []
        for part in parts:
            figures += medians([part(replace(bench, run=run)) for run in range(runs)])
        return figures + (measure_memory(replace(bench, run=runs)) if with_memory else [])


def main() -> None:
    """Parse the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--entities", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=8, help="of load per case")
    parser.add_argument("--runs", type=int, default=1, help="of which the median is given")
    parser.add_argument("--json", type=Path, help="file for the figures with all their details")
    options = parser.parse_args()
    machine = {"processors": float(os.cpu_count() or 0), "load_before": round(os.getloadavg()[0], 2)}
    figures = measure(options.entities, options.seconds, options.runs)
    print(f"{options.entities} entities, {options.seconds} s per case, {options.runs} runs")
    print(f"{WORKERS} workers, {machine}\n")
    print(to_markdown(figures))
    if options.json:
        report = {
            "machine": machine,
            "entities": options.entities,
            "figures": [asdict(one) for one in figures],
        }
        options.json.write_text(json.dumps(report, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
