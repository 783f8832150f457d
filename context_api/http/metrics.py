"""Counters of the API for Prometheus; one registry per application."""

from collections.abc import Callable
from functools import partial
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import Scope

from context_api.http.coalesce import Coalescer

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class HttpMetrics:
    """What the API counts. Labels are bounded: the operation's name, never the path."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.also: Callable[[Scope, int, int], None] | None = None
        """Told of each answer: status, and bytes of its body."""
        self._requests = Counter(
            "machi_http_requests",
            "Requests answered, by operation and status",
            ("operation", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "machi_http_request_seconds",
            "Time from the request's head to the end of the answer",
            ("operation",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._counters: dict[tuple[str, int], Counter] = {}
        self._histograms: dict[str, Histogram] = {}

    def observe(self, scope: Scope, status: int, seconds: float, size: int = 0) -> None:
        """Count one request; a status of 0 means that the connection went away first."""
        route = scope.get("route")
        operation = getattr(route, "operation_id", None) or "none"
        counter = self._counters.get((operation, status))
        if counter is None:
            counter = self._counters[operation, status] = self._requests.labels(operation, str(status))
            self._histograms.setdefault(operation, self._seconds.labels(operation))
        counter.inc()
        self._histograms[operation].observe(seconds)
        if self.also is not None:
            self.also(scope, status, size)

    def watch(self, name: str, coalescer: Coalescer[Any, Any]) -> None:
        """Expose a coalescer's counters."""
        for member, text in (
            ("batches", "Batches handed to the store"),
            ("items", "Requests in those batches"),
            ("refused", "Requests refused because too many waited"),
            ("waiting", "Requests that wait now"),
        ):
            gauge = Gauge(f"machi_http_{name}_{member}", text, registry=self.registry)
            gauge.set_function(partial(_read_member, coalescer, member))

    def render(self) -> bytes:
        """Write all counters in the Prometheus text format."""
        return generate_latest(self.registry)


def _read_member(coalescer: Coalescer[Any, Any], member: str) -> float:
    return float(getattr(coalescer, member))
