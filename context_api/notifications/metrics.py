"""Prometheus metrics of the notifier. The counts that must balance are those of subscription_counter."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from context_api.store.deliveries import DeliveryCounts, Settlement

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 86_400)


class NotifierMetrics:
    """One registry per notifier, so that a test may run several in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.settled = Counter(
            "machi_notifier_notifications",
            "Attempts and decisions that are written down, by what became of the notification",
            ["state"],
            registry=self.registry,
        )
        self.latency = Histogram(
            "machi_notifier_delivered_after_seconds",
            "From the change's transaction to the receiver's answer, of delivered notifications",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "machi_notifier_request_seconds",
            "Duration of requests to receivers",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._gauges = {
            name: Gauge(f"machi_notifier_{name}", text, registry=self.registry)
            for name, text in (
                ("waiting", "Notifications that wait, over all subscriptions"),
                ("dead_lettered", "Notifications that were given up, over all subscriptions"),
                ("leased", "Queues that notifier processes hold"),
                ("failing", "Queues whose last attempt failed"),
                ("resting", "Endpoints that are left alone after failures"),
            )
        }

    def count(self, settlement: Settlement) -> None:
        """Count what was settled for good."""
        for row in settlement.rows:
            self.settled.labels(row.state.name.lower()).inc()

    def show(self, counts: DeliveryCounts) -> None:
        """Set the gauges of what the database holds."""
        for name, gauge in self._gauges.items():
            gauge.set(getattr(counts, name))

    def watch(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Add a gauge that is read when asked for."""
        Gauge(name, text, registry=self.registry).set_function(value)

    def render(self) -> bytes:
        """The text format of Prometheus."""
        return generate_latest(self.registry)
