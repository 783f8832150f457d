"""Which readings are traced: bridge and notifier decide the same from the reading alone."""

from hypothesis import given
from hypothesis import strategies as st

from context_api.ngsild.model import Instance
from context_api.tracing import ReadingTrace, find_trace, is_traced, newest_time, trace_of, write_traceparent

IRI = "https://example.org/pm25"
TIMES = st.integers(0, 2**52)


@given(st.text(max_size=50), TIMES)
def test_the_same_reading_has_the_same_valid_ids(entity_id: str, at: int) -> None:
    trace = trace_of(entity_id, at)
    assert trace == trace_of(entity_id, at)
    assert 0 < trace.trace_id < 2**128
    assert 0 < trace.span_id < 2**64
    assert trace != trace_of(entity_id, at + 1)


def test_the_newest_time_counts() -> None:
    attributes = {
        IRI: [Instance(value=1, observed_at=5), Instance(value=2, observed_at=9, dataset_id="urn:x:2")],
        f"{IRI}2": [Instance(value=3)],
    }
    assert newest_time(attributes) == 9
    assert find_trace("urn:x:1", attributes, 1.0) == trace_of("urn:x:1", 9)
    assert find_trace("urn:x:1", attributes, 0.0) is None
    assert find_trace("urn:x:1", {IRI: [Instance(value=3)]}, 1.0) is None


def test_the_ratio_is_kept_and_what_a_small_one_keeps_a_larger_one_keeps_too() -> None:
    traces = [trace_of("urn:x:1", at) for at in range(4_000)]
    tenth = [trace for trace in traces if is_traced(trace, 0.1)]
    assert 300 < len(tenth) < 500
    assert all(is_traced(trace, 0.5) for trace in tenth)
    assert all(is_traced(trace, 1.0) for trace in traces)


def test_traceparent_is_that_of_the_w3c() -> None:
    assert write_traceparent(ReadingTrace(0xAB, 0xCD)) == f"00-{'0' * 30}ab-{'0' * 14}cd-01"
