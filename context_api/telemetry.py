"""Spans to an OpenTelemetry collector: the optional extra `machi[telemetry]`.

Where spans go is said by OpenTelemetry's own variables (OTEL_EXPORTER_OTLP_ENDPOINT, …_HEADERS); they are
sent in the background, dropped where the collector is away, and never delay a reading.
"""

import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from context_api.ngsild.model import Micros
from context_api.tracing import ReadingTrace

try:
    from opentelemetry import trace as api
    from opentelemetry.context import Context
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
except ImportError as error:
    raise RuntimeError(
        "MACHI_TRACE_RATIO is set, and OpenTelemetry is not installed: pip install 'machi[telemetry]'"
    ) from error

Members = Mapping[str, str | int]
_NANOS_PER_MICRO = 1_000


class _Ids(RandomIdGenerator):
    """Random ids, but those of a reading's first span are the reading's own."""

    def __init__(self) -> None:
        self.first = threading.local()

    def generate_trace_id(self) -> int:
        chosen: ReadingTrace | None = getattr(self.first, "ids", None)
        return super().generate_trace_id() if chosen is None else chosen.trace_id

    def generate_span_id(self) -> int:
        chosen: ReadingTrace | None = getattr(self.first, "ids", None)
        return super().generate_span_id() if chosen is None else chosen.span_id


class Telemetry:
    """Records spans that have ended; threads may share it. A context: leaving it sends what is left."""

    def __init__(self, service: str, ratio: float) -> None:
        self.ratio = ratio
        """How many of all readings are traced, 0 to 1."""
        self._ids = _Ids()
        resource = Resource.create({"service.name": service, "service.namespace": "machi"})
        self._provider = TracerProvider(resource=resource, id_generator=self._ids)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("machi")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._provider.shutdown()

    def record_first(
        self, trace: ReadingTrace, name: str, began_at: Micros, ended_at: Micros, members: Members
    ) -> None:
        """Record the span that all others of the reading stand under."""
        self._ids.first.ids = trace
        try:
            self._record(name, began_at, ended_at, members, api.set_span_in_context(api.INVALID_SPAN))
        finally:
            self._ids.first.ids = None

    def record_step(
        self, trace: ReadingTrace, name: str, began_at: Micros, ended_at: Micros, members: Members
    ) -> None:
        """Record a step on the reading's way, in whichever process it was."""
        first = api.SpanContext(
            trace.trace_id, trace.span_id, is_remote=True, trace_flags=api.TraceFlags(api.TraceFlags.SAMPLED)
        )
        parent = api.set_span_in_context(api.NonRecordingSpan(first))
        self._record(name, began_at, ended_at, members, parent)

    def _record(
        self, name: str, began_at: Micros, ended_at: Micros, members: Members, parent: Context
    ) -> None:
        span = self._tracer.start_span(
            name, parent, attributes=dict(members), start_time=began_at * _NANOS_PER_MICRO
        )
        span.end(ended_at * _NANOS_PER_MICRO)
