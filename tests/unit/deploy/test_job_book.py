"""What the worker remembers of its jobs."""

from deploy.job_book import JobBook


def test_a_failure_is_kept_until_a_run_ends_well() -> None:
    book = JobBook()
    book.note("retention", 3_600, 0.25, "5 values", None)
    (first,) = book.runs
    assert (first.interval_s, first.duration_ms, first.detail, first.error) == (3600.0, 250, "5 values", None)
    assert isinstance(first.interval_s, float)
    book.note("retention", 3_600, 0.1, "", "no disk" * 100)
    (second,) = book.runs
    assert (second.runs, second.failures, second.done_at) == (2, 1, first.done_at)
    assert second.error is not None
    assert len(second.error) == 300
    book.note("retention", 3_600, 0.1, "", None)
    (third,) = book.runs
    assert (third.runs, third.failures, third.error, third.failed_at) == (3, 1, None, second.failed_at)
