"""How fast the bridge empties a backlog, beside paho alone on the same backlog of the same run.

    python -m benchmarks.bridge_drain [--messages 300000] [--runs 5] [--json figures.json]

Two sessions queue the same messages at a real mosquitto. The first is drained by paho alone (JSON parsed,
each message acknowledged), the second by the bridge into embedded PostgreSQL (durable): history, current
state, changes, outbox and counters, which are compared with what was sent. The town is that of
`bridge_town`. The bare idempotent insert of the same values and the disk's fdatasync are measured in the
same run. Ends with an error where something is missing.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import bridge_load as load
from benchmarks import bridge_town as town
from benchmarks.ingest_store import insert_bare

CALIBRATION_S = 1.0
BARE_BATCH = 1_000
TIMEOUT_S = 300.0


def measure(messages: int, devices: int) -> dict[str, Any]:
    """One run, from empty servers."""
    with tempfile.TemporaryDirectory() as folder, load.servers(Path(folder), devices) as bench:
        load.furnish(bench)
        settings = load.bridge_settings(bench)
        bridge = load.start_bridge(settings)
        load.wait_until_subscribed(bench.postgres.url)
        load.stop_bridge(bridge)
        load.subscribe_bare(bench)
        published, took = load.Publishing(bench, messages, 0).wait()
        broker_before = load.cpu_s(bench.broker_pid)
        bare = load.drain_bare(bench, published)
        broker_bare = load.cpu_s(bench.broker_pid) - broker_before
        drained = _drain(bench, published)
        figures: dict[str, Any] = {
            "published": published,
            "publish_per_s": round(published / took),
            "bare_drain_per_s": round(bare),
            "broker_cpu_us_per_message_bare": round(broker_bare / published * 1e6, 1),
            **drained,
            "ratio_to_bare_drain": round(drained["bridge_drain_per_s"] / bare, 3),
            "missing": _check(bench.postgres.url, published, devices),
            "fdatasync_per_s": _fdatasyncs(Path(folder)),
        }
        insert = _bare_insert(bench.postgres.url)
        figures["bare_insert_per_s"] = round(insert)
        figures["ratio_to_bare_insert"] = round(drained["bridge_drain_per_s"] / insert, 3)
        return figures


def _drain(bench: load.Bench, published: int) -> dict[str, Any]:
    """Let the bridge empty its queue; the time begins with the first message that is stored."""
    url = bench.postgres.url
    before = load.cpu_seconds(bench, None)
    bridge = load.start_bridge(load.bridge_settings(bench))
    load.wait_for_values(url, 1, 60)
    began, first = time.monotonic(), load.counters(url)["messages_stored"]
    memory = []
    while (stored := load.counters(url)["messages_stored"]) < published:
        memory.append(load.rss_mb(bridge.pid or 0))
        if time.monotonic() - began > TIMEOUT_S:
            raise RuntimeError(f"{stored} of {published} messages after {TIMEOUT_S:g} s")
        time.sleep(0.1)
    seconds = time.monotonic() - began
    after = load.cpu_seconds(bench, bridge)
    load.stop_bridge(bridge)
    return {
        "bridge_drain_per_s": round((published - first) / seconds),
        "cpu_us_per_message": {
            name: round((after[name] - before[name]) / published * 1e6, 1) for name in before
        },
        "bridge_rss_mb": {
            "quarter": round(memory[len(memory) // 4], 1),
            "end": round(memory[-1], 1),
            "highest": round(max(memory), 1),
        },
    }


def _check(url: str, published: int, devices: int) -> dict[str, int]:
    """What is missing of each thing that has to be written; all zero where nothing is."""
    values = published * len(town.VALUES)
    matches = town.expected_matches(published)
    counters = load.counters(url)
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "select (select count(*) from machi.observation o join machi.series s on s.id = o.series_id"
            "  where s.unit_code is not null),"
            " (select count(*) from machi.change where trigger & 1 = 0),"
            " (select count(*) from machi.outbox), (select sum(matched) from machi.subscription_counter)"
        ).fetchone()
    history, changes, outbox, matched = row or (0, 0, 0, 0)
    missing = {
        "messages_counted": published - counters["messages_stored"],
        "values_counted": values - counters["values_stored"],
        "history": values - history,
        "changes": published - changes,
        "outbox": matches - outbox,
        "matched": matches - int(matched or 0),
        "current_state": _stale(url, published, devices),
    }
    if any(missing.values()):
        raise RuntimeError(f"missing: {missing}")
    return missing


def _stale(url: str, published: int, devices: int) -> int:
    """How many entities do not hold the last message of their device."""
    ids = load.entity_ids(devices)
    with load.opened(url) as (_, store, access):
        entities = store.get_entities(access, ids)
    name = town.expand("pm25")
    stale = 0
    for number, entity_id in enumerate(ids):
        last = published - 1 - (published - 1 - number) % devices
        want = json.loads(town.payload(0, last))["pm25"]
        stale += last >= 0 and entities[entity_id].attributes[name][0].value != want
    return stale


def _fdatasyncs(folder: Path) -> int:
    """Calibration: synchronous 8 kB writes per second."""
    page, done = b"\0" * 8192, 0
    with (folder / "calibration").open("wb", buffering=0) as file:
        file.write(page * 64)
        until = time.monotonic() + CALIBRATION_S
        while time.monotonic() < until:
            file.seek(done % 64 * 8192)
            file.write(page)
            os.fdatasync(file.fileno())
            done += 1
    return round(done / CALIBRATION_S)


def _bare_insert(url: str) -> float:
    """Calibration: messages per second of the bare idempotent insert of their values."""
    insert = insert_bare(url, BARE_BATCH)
    insert(0)
    insert(1)
    done, began = 0, time.monotonic()
    while (took := time.monotonic() - began) < 3 * CALIBRATION_S:
        insert(done + 2)
        done += 1
    return done * BARE_BATCH / took


def _summarise(runs: list[dict[str, Any]]) -> dict[str, Any]:
    def medians(name: str) -> float:
        return round(statistics.median([float(run[name]) for run in runs]), 3)

    return {
        "runs": len(runs),
        "bridge_drain_per_s": medians("bridge_drain_per_s"),
        "lowest": min(run["bridge_drain_per_s"] for run in runs),
        "bare_drain_per_s": medians("bare_drain_per_s"),
        "ratio_to_bare_drain": medians("ratio_to_bare_drain"),
        "ratio_to_bare_insert": medians("ratio_to_bare_insert"),
        "cpu_us_per_message": {
            name: round(statistics.median(run["cpu_us_per_message"][name] for run in runs), 1)
            for name in runs[0]["cpu_us_per_message"]
        },
        "bridge_rss_mb": max(run["bridge_rss_mb"]["highest"] for run in runs),
    }


def main() -> None:
    """Parse the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--messages", type=int, default=300_000)
    parser.add_argument("--devices", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    runs = []
    for _ in range(options.runs):
        runs.append(measure(options.messages, options.devices))
        print(json.dumps(runs[-1]), flush=True)
    result: Mapping[str, Any] = {"median": _summarise(runs), "each": runs}
    print(json.dumps(result["median"], indent=2))
    if options.json:
        options.json.write_text(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
