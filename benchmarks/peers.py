"""Other products on the same load, where they are found: to compare with, never needed.

- Telegraf: a `telegraf` on PATH. `mqtt_consumer` into `postgresql`, a table of its own; no idempotence, no
  current state, no counters, no subscriptions.
- Another NGSI-LD broker: MACHI_BENCH_PEER_URL, its root on this machine (http://127.0.0.1:1026). The load of
  `benchmarks.api` goes to it: entities of 26 attributes, read by id, one attribute changed.
"""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import httpx
import psycopg

from benchmarks import api_load, query_q
from benchmarks import bridge_load as load
from benchmarks.figures import Figure
from benchmarks.parts import Size
from context_api.ngsild.contexts import CORE_CONTEXT_URL, core_context
from context_api.ngsild.represent import to_normalized

URL_VARIABLE = "MACHI_BENCH_PEER_URL"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
CONNECTIONS = 64
TIMEOUT_S = 300.0
ENTITIES = "/ngsi-ld/v1/entities"
_TELEGRAF = """
[agent]
  interval = "1s"
  flush_interval = "1s"
  metric_batch_size = 1000
  metric_buffer_limit = 100000
  omit_hostname = true
  quiet = true
[[inputs.mqtt_consumer]]
  servers = ["tcp://127.0.0.1:{port}"]
  topics = ["machi/v1/+/+/up"]
  qos = 1
  client_id = "bench-telegraf"
  persistent_session = true
  max_undelivered_messages = 2000
  data_format = "json"
  json_time_key = "observedAt"
  json_time_format = "unix_ms"
[[outputs.postgresql]]
  connection = "{database}"
"""


def measure(size: Size) -> dict[str, list[Figure]]:
    """Measure the peers that are found, by name."""
    found: dict[str, list[Figure]] = {}
    program, url = shutil.which("telegraf"), os.environ.get(URL_VARIABLE)
    if program:
        found["Telegraf"] = measure_telegraf(program, size)
    if url:
        found["Another NGSI-LD broker"] = measure_broker(url, size)
    return found


def measure_telegraf(program: str, size: Size) -> list[Figure]:
    """The backlog of the bridge, drained by Telegraf into rows."""
    with tempfile.TemporaryDirectory() as name, load.servers(Path(name), 1_000) as bench:
        folder = Path(name)
        text = _TELEGRAF.format(port=bench.broker.port, database=bench.postgres.url)
        (folder / "telegraf.conf").write_text(text, encoding="utf-8")
        with _telegraf(program, folder):
            time.sleep(3)  # its session must stand before the first message
        load.subscribe_bare(bench)
        published, _ = load.Publishing(bench, size.backlog, 0).wait()
        bare = load.drain_bare(bench, published)
        began = time.monotonic()
        with _telegraf(program, folder) as process:
            while (rows := _rows(bench.postgres.url)) < published and time.monotonic() - began < TIMEOUT_S:
                time.sleep(0.1)
            rate, cpu = rows / (time.monotonic() - began), load.cpu_s(process.pid)
        if rows < published:
            log = (folder / "telegraf.log").read_text(encoding="utf-8")[-500:]
            raise RuntimeError(f"Telegraf stored {rows} of {published} messages: {log}")
    detail = {"rows": float(rows), "of": float(published), "cpu_us": round(cpu / max(1, rows) * 1e6, 1)}
    name = f"Backlog of {size.backlog:,} messages of 5 values, as rows"
    return [Figure(name, round(rate), "messages/s", round(bare), detail=detail, limit_name="paho alone")]


@contextmanager
def _telegraf(program: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "telegraf.log").open("ab") as log:
        process = subprocess.Popen(
            [program, "--config", str(folder / "telegraf.conf")], stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


def _rows(url: str) -> int:
    """Rows in Telegraf's table; it makes it with the first batch."""
    with psycopg.connect(url) as connection:
        there = connection.execute("select to_regclass('public.mqtt_consumer')").fetchone()
        if there is None or there[0] is None:
            return 0
        row = connection.execute("select count(*) from public.mqtt_consumer").fetchone()
        return int(row[0]) if row else 0


def measure_broker(url: str, size: Size) -> list[Figure]:
    """The broker's reads by id and changes of one attribute."""
    if urlsplit(url).hostname not in LOOPBACK:
        raise ValueError(f"{URL_VARIABLE} has to be on this machine ({LOOPBACK[0]}): load goes nowhere else")
    entities, seconds = min(size.entities, 2_000), max(1, size.seconds // 15)
    _fill(url, entities)
    path = f"{ENTITIES}/urn:ngsi-ld:AirQualityObserved:peer-{os.getpid()}-%07d"
    scripts = {
        "GET by id": api_load.get_by_id(path, entities),
        "PATCH of one attribute": api_load.patch(f"{path}/attrs/pm25", entities, int(time.time())),
    }
    figures = []
    for what, script in scripts.items():
        seen = api_load.run(script, [url], connections=CONNECTIONS, seconds=seconds)
        detail = {"p99_ms": seen.p99_ms, "refused": float(seen.refused), "broken": float(seen.broken)}
        name = f"{what}, {CONNECTIONS} connections"
        figures.append(Figure(name, round(seen.rate), "requests/s", detail=detail))
    return figures


def _fill(url: str, entities: int) -> None:
    chance = Random(1)
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        for number in range(entities):
            document = to_normalized(query_q.make_entity(number, chance), core_context())
            document["id"] = f"urn:ngsi-ld:AirQualityObserved:peer-{os.getpid()}-{number:07d}"
            document["@context"] = CORE_CONTEXT_URL
            answer = client.post(
                ENTITIES, content=json.dumps(document), headers={"Content-Type": "application/ld+json"}
            )
            answer.raise_for_status()
