"""What the bridge says of its work with each sign of life: how much, how late, how full."""

import time
from collections import deque
from typing import NamedTuple

from prometheus_client import Counter, Histogram

from broker_bridge.gauges import silence_s
from broker_bridge.metrics import Metrics
from broker_bridge.seating import Seating

WINDOW_S = 10.0
"""Rates and means are those of so many seconds."""


class _Reading(NamedTuple):
    at: float
    received: float
    commits: tuple[float, float]
    """Sum in seconds, and how many."""
    ages: tuple[float, float]


class Figures:
    """For the thread of the heartbeat alone: it reads what is counted anyway."""

    def __init__(self, metrics: Metrics, seating: Seating) -> None:
        self._metrics = metrics
        self._seating = seating
        self._readings: deque[_Reading] = deque()

    def take(self) -> dict[str, float | str | None]:
        """Give the figures of the last seconds; None for a mean of nothing."""
        newest = self._read()
        self._readings.append(newest)
        while len(self._readings) > 2 and newest.at - self._readings[1].at >= WINDOW_S:
            self._readings.popleft()
        oldest = self._readings[0]
        elapsed = newest.at - oldest.at
        received = newest.received - oldest.received
        lanes = self._seating.lanes
        return {
            "messagesPerS": round(received / elapsed, 3) if elapsed > 0 else None,
            "commitS": _mean(newest.commits, oldest.commits),
            "readingAgeS": _mean(newest.ages, oldest.ages),
            "inFlight": sum(lane.client.in_flight[0] for lane in lanes),
            "silentS": round(silence_s(self._seating), 1),
        }

    def _read(self) -> _Reading:
        metrics = self._metrics
        return _Reading(
            time.monotonic(),
            _total(metrics.received),
            _sum_and_count(metrics.acknowledged_after),
            _sum_and_count(metrics.age),
        )


def _mean(newest: tuple[float, float], oldest: tuple[float, float]) -> float | None:
    count = newest[1] - oldest[1]
    return round((newest[0] - oldest[0]) / count, 4) if count > 0 else None


def _total(counter: Counter) -> float:
    return next(
        sample.value
        for metric in counter.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    )


def _sum_and_count(histogram: Histogram) -> tuple[float, float]:
    samples = {sample.name: sample.value for metric in histogram.collect() for sample in metric.samples}
    sums = {name.rpartition("_")[2]: value for name, value in samples.items()}
    return sums["sum"], sums["count"]
