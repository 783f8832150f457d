"""How fast the bridge empties a backlog, beside paho alone on the same backlog of the same run.

    python -m benchmarks.bridge_drain [--messages 50000]

Two sessions queue the same messages at a real mosquitto. The first is drained by paho alone (JSON parsed,
each message acknowledged), the second by the bridge into embedded PostgreSQL (durable).
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import bridge_load as load


def measure(messages: int, devices: int) -> dict[str, Any]:
    """One run."""
    with tempfile.TemporaryDirectory() as folder, load.servers(Path(folder), devices) as bench:
        settings = load.bridge_settings(bench)
        bridge = load.start_bridge(settings)
        time.sleep(2)
        load.stop_bridge(bridge)
        load.subscribe_bare(bench)
        published, took = load.Publishing(bench, messages, 0).wait()
        bare = load.drain_bare(bench, published)
        expected = published * len(load.VALUES)
        postgres_before = load.tree_cpu_s(bench.postgres.process.pid) if bench.postgres.process else 0.0
        bridge = load.start_bridge(settings)
        load.wait_for_values(bench.postgres.url, 1, 30)
        began = time.monotonic()
        missing = expected - load.counters(bench.postgres.url)["values_stored"]
        load.wait_for_values(bench.postgres.url, expected, 120)
        rate = missing / len(load.VALUES) / (time.monotonic() - began)
        processor, memory = load.cpu_s(bridge.pid or 0), load.rss_mb(bridge.pid or 0)
        postgres = load.tree_cpu_s(bench.postgres.process.pid) if bench.postgres.process else 0.0
        load.stop_bridge(bridge)
        return {
            "published": published,
            "publish_rate": round(published / took),
            "bare_drain_per_s": round(bare),
            "bridge_drain_per_s": round(rate),
            "ratio": round(rate / bare, 3),
            "values_stored": load.stored_values(bench.postgres.url),
            "values_published": expected,
            "bridge_cpu_us_per_message": round(processor / published * 1e6),
            "postgres_cpu_us_per_message": round((postgres - postgres_before) / published * 1e6),
            "bridge_rss_mb": round(memory, 1),
            "counters": load.counters(bench.postgres.url),
        }


def main() -> None:
    """Parse the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--messages", type=int, default=50_000)
    parser.add_argument("--devices", type=int, default=200)
    options = parser.parse_args()
    print(json.dumps(measure(options.messages, options.devices), indent=2))


if __name__ == "__main__":
    main()
