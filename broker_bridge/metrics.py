"""The bridge's Prometheus metrics. The counts that must balance are the database's (device_counter)."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000)


class Metrics:
    """One registry per bridge, so that a test may run several in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.received = Counter(
            "machi_bridge_messages_received",
            "Messages taken from the broker, without redeliveries of what was still in the pipeline",
            registry=self.registry,
        )
        self.messages = Counter(
            "machi_bridge_messages",
            "Messages by what became of them",
            ["outcome"],
            registry=self.registry,
        )
        self.values = Counter(
            "machi_bridge_values", "Values by what became of them", ["outcome"], registry=self.registry
        )
        self.late = Counter(
            "machi_bridge_values_late",
            "Values that went to history without advancing the current state",
            registry=self.registry,
        )
        self.quarantined = Counter(
            "machi_bridge_messages_quarantined",
            "Messages kept aside, by reason",
            ["reason"],
            registry=self.registry,
        )
        self.batch_messages = Histogram(
            "machi_bridge_batch_messages", "Messages per batch", buckets=_SIZES, registry=self.registry
        )
        self.batch_seconds = Histogram(
            "machi_bridge_batch_seconds",
            "Time to decode and commit a batch",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.acknowledged_after = Histogram(
            "machi_bridge_acknowledged_after_seconds",
            "From arrival to commit, of the oldest message of each batch",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.age = Histogram(
            "machi_bridge_reading_age_seconds",
            "From the time of a reading to its commit, of one reading of each batch",
            buckets=(*_SECONDS, 60, 300, 3_600),
            registry=self.registry,
        )
        self.retries = Counter(
            "machi_bridge_batch_retries",
            "Batches that were put off, by the kind of error",
            ["error"],
            registry=self.registry,
        )

    def watch(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Add a gauge that is read when asked for."""
        Gauge(name, text, registry=self.registry).set_function(value)

    def render(self) -> bytes:
        """The text format of Prometheus."""
        return generate_latest(self.registry)
