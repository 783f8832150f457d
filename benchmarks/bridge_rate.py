"""The bridge at a steady rate, also while it or PostgreSQL is killed in the middle.

    python -m benchmarks.bridge_rate [--rate 5000] [--seconds 60] [--kill bridge|postgres]

The town of `bridge_town`, real mosquitto, embedded PostgreSQL (durable), loopback only. Prints published and
stored values, counters, the bridge's memory at start, middle and end, processor time and the time from
publication to commit.
"""

import argparse
import json
import tempfile
import time
from contextlib import AbstractContextManager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from benchmarks import bridge_load as load

WARM_S = 5.0
"""After so long caches are filled, and the rate is steady."""


def _observe(bridge: BaseProcess, until: float) -> list[float]:
    """Memory of the bridge once per second."""
    samples = []
    while time.monotonic() < until:
        if bridge.pid is not None:
            samples.append(load.rss_mb(bridge.pid))
        time.sleep(1)
    return samples


def _kill(bench: load.Bench, bridge: BaseProcess, victim: str | None) -> BaseProcess:
    """Kill as SIGKILL kills, wait a moment, start again."""
    if victim == "bridge":
        bridge.kill()
        bridge.join()
        time.sleep(1)
        return load.start_bridge(load.bridge_settings(bench))
    if victim == "postgres" and bench.postgres.process is not None:
        bench.postgres.process.kill()
        bench.postgres.process.wait()
        time.sleep(1)
        bench.postgres.start()
    return bridge


def _servers(folder: str, devices: int) -> AbstractContextManager[load.Bench]:
    return load.servers(Path(folder), devices, track_commit_timestamp="on")


def measure(rate: float, seconds: float, devices: int, kill: str | None) -> dict[str, Any]:
    """One run, from empty servers to the last value stored."""
    count = int(rate * seconds)
    with tempfile.TemporaryDirectory() as folder, _servers(folder, devices) as bench:
        load.furnish(bench)
        settings = load.bridge_settings(bench)
        bridge = load.start_bridge(settings)
        load.wait_until_subscribed(bench.postgres.url)
        before = load.cpu_seconds(bench, bridge)
        publishing = load.Publishing(bench, count, rate)
        began = time.monotonic()
        first = _observe(bridge, began + seconds / 2)
        bridge = _kill(bench, bridge, kill)
        second = _observe(bridge, began + seconds)
        published, took = publishing.wait()
        expected = published * len(load.VALUES)
        caught_up = load.wait_for_values(bench.postgres.url, expected, 60)
        second.append(load.rss_mb(bridge.pid or 0))
        after = load.cpu_seconds(bench, bridge)
        load.stop_bridge(bridge)
        median, high = load.ages_ms(bench.postgres.url)
        steady, steady_high = load.ages_ms(bench.postgres.url, after_s=min(WARM_S, seconds / 4))
        return {
            "killed": kill,
            "published": published,
            "rate": round(published / took),
            "values_published": expected,
            "values_stored": load.stored_values(bench.postgres.url),
            "caught_up_after_s": round(caught_up, 1),
            "bridge_rss_mb": {
                "after_5_s": round(first[min(5, len(first) - 1)], 1),
                "middle": round(first[-1], 1),
                "end": round(second[-1], 1),
                "highest": round(max(first + second), 1),
            },
            "cpu_us_per_message": {
                name: round((after[name] - before[name]) / published * 1e6, 1) for name in before
            },
            "age_median_ms": round(median, 1),
            "age_p99_ms": round(high, 1),
            "age_median_warm_ms": round(steady, 1),
            "age_p99_warm_ms": round(steady_high, 1),
            "counters": load.counters(bench.postgres.url),
        }


def main() -> None:
    """Parse the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rate", type=float, default=5000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--devices", type=int, default=1_000)
    parser.add_argument("--kill", choices=["bridge", "postgres"])
    options = parser.parse_args()
    print(json.dumps(measure(options.rate, options.seconds, options.devices, options.kill), indent=2))


if __name__ == "__main__":
    main()
