"""Whether several bridges on one machine are slower than one: the same backlog, drained by one, two, …

    python -m benchmarks.bridges [--messages 50000] [--bridges 1 2] [--spread divided] [--runs 3]

Every run begins with empty servers. The sessions of all bridges queue the backlog at a real mosquitto; then
the bridges start together, and the time from the first stored message to the last is measured. Numbers of
bridges take turns, so that a machine that changes its speed changes it for all. Ratios are to the first
number.
"""

import argparse
import json
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import bridge_load as load
from broker_bridge import BridgeSettings
from broker_bridge.parts import Spread

TIMEOUT_S = 300.0
READY_S = 3.0


def measure(messages: int, devices: int, bridges: int, spread: Spread) -> float:
    """Messages per second from one backlog."""
    with tempfile.TemporaryDirectory() as folder, load.servers(Path(folder), devices) as bench:
        load.furnish(bench)
        settings = [
            replace(load.bridge_settings(bench), bridges=bridges, spread=spread, instance=f"bridge-{number}")
            for number in range(bridges)
        ]
        _run_for(READY_S, settings)  # their sessions are at the broker from now on
        published, _ = load.Publishing(bench, messages, 0).wait()
        return _drain(bench.postgres.url, settings, published)


def _run_for(seconds: float, settings: list[BridgeSettings]) -> None:
    processes = [load.start_bridge(one) for one in settings]
    time.sleep(seconds)
    for process in processes:
        load.stop_bridge(process)


def _drain(url: str, settings: list[BridgeSettings], published: int) -> float:
    processes = [load.start_bridge(one) for one in settings]
    load.wait_for_values(url, 1, 60)
    began, first = time.monotonic(), load.counters(url)["messages_stored"]
    while (stored := load.counters(url)["messages_stored"]) < published:
        if time.monotonic() - began > TIMEOUT_S:
            raise RuntimeError(f"{stored} of {published} messages after {TIMEOUT_S:g} s")
        time.sleep(0.05)
    seconds = time.monotonic() - began
    for process in processes:
        load.stop_bridge(process)
    counters = load.counters(url)
    if counters["messages_stored"] != published:
        raise RuntimeError(f"{counters['messages_stored']} stored, {published} published")
    return (published - first) / seconds


def main() -> None:
    """Parse the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--messages", type=int, default=50_000)
    parser.add_argument("--devices", type=int, default=1_000)
    parser.add_argument("--bridges", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--spread", choices=("divided", "shared"), default="divided")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    rates: dict[int, list[float]] = {count: [] for count in options.bridges}
    for _ in range(options.runs):
        for count in options.bridges:
            rates[count].append(measure(options.messages, options.devices, count, options.spread))
    medians = {count: statistics.median(found) for count, found in rates.items()}
    figures: dict[str, Any] = {
        "spread": options.spread,
        "messages": options.messages,
        "per_s": {count: [round(rate) for rate in found] for count, found in rates.items()},
        "median_per_s": {count: round(rate) for count, rate in medians.items()},
        "ratio": {count: round(rate / medians[options.bridges[0]], 3) for count, rate in medians.items()},
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
