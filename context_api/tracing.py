"""Which readings are traced, and under which ids. Pure.

A trace follows a reading from the broker to the notification it causes. The ids come from the reading itself,
its entity and its time, so that bridge and notifier agree on them without handing anything on: no column, no
header, nothing on the way of the readings that are not traced.
"""

import hashlib
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, NamedTuple

from context_api.ngsild.model import Attributes, Micros

if TYPE_CHECKING:
    from context_api.telemetry import Telemetry

_LOW_BITS = 2**64 - 1
"""Of the trace id: what the ratio is compared with, as OpenTelemetry's TraceIdRatioBased does."""


class ReadingTrace(NamedTuple):
    """The ids of a reading's trace (W3C Trace Context: 16 and 8 bytes) and of its first span."""

    trace_id: int
    span_id: int


def trace_of(entity_id: str, observed_at: Micros) -> ReadingTrace:
    """Derive the ids of the trace of a reading."""
    text = f"{entity_id}\0{observed_at}".encode()
    digest = hashlib.blake2b(text, digest_size=24, person=b"machi-trace").digest()
    return ReadingTrace(int.from_bytes(digest[:16]) | 1, int.from_bytes(digest[16:]) | 1)  # zero is invalid


def is_traced(trace: ReadingTrace, ratio: float) -> bool:
    """Whether a trace is among the `ratio` (0 to 1) of all that are kept; every process decides the same."""
    below: int = trace.trace_id & _LOW_BITS
    return below < ratio * (_LOW_BITS + 1)


def find_trace(entity_id: str, attributes: Attributes, ratio: float) -> ReadingTrace | None:
    """Return the trace of the newest reading among attributes; None where it has no time or is not kept."""
    observed_at = newest_time(attributes)
    if observed_at is None:
        return None
    trace = trace_of(entity_id, observed_at)
    return trace if is_traced(trace, ratio) else None


def write_traceparent(trace: ReadingTrace) -> str:
    """Write the `traceparent` by which a receiver goes on with the trace (W3C Trace Context, 3.2)."""
    return f"00-{trace.trace_id:032x}-{trace.span_id:016x}-01"


def newest_time(attributes: Attributes) -> Micros | None:
    """Return the newest observedAt among attributes; None where none has one."""
    times = [
        one.observed_at
        for instances in attributes.values()
        for one in instances
        if one.observed_at is not None
    ]
    return max(times, default=None)


def open_telemetry(service: str, ratio: float) -> "AbstractContextManager[Telemetry | None]":
    """Open the way to the collector where readings are traced. Raises RuntimeError where that is missing."""
    if ratio <= 0:
        return nullcontext()
    from context_api.telemetry import Telemetry

    return Telemetry(service, ratio)
