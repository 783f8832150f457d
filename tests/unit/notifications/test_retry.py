"""Back-off, verdicts and Retry-After."""

import pytest

from context_api.notifications.retry import (
    RetryPolicy,
    Verdict,
    explain_status,
    judge_status,
    parse_retry_after,
)

NOW = 1_795_428_000_000_000  # 2026-11-23T10:00:00Z


@pytest.mark.parametrize(
    ("failures", "longest_s"),
    [(1, 1), (2, 2), (3, 4), (5, 16), (10, 512), (11, 600), (50, 600), (5_000, 600)],
)
def test_full_jitter_spreads_over_a_doubling_span(failures: int, longest_s: float) -> None:
    delays = [RetryPolicy().backoff_s(failures) for _ in range(2_000)]
    assert min(delays) >= 0
    assert max(delays) <= longest_s
    assert max(delays) > 0.95 * longest_s
    assert min(delays) < 0.05 * longest_s
    assert sum(delays) / len(delays) == pytest.approx(longest_s / 2, rel=0.1)


@pytest.mark.parametrize(
    ("asked_s", "least", "most"),
    [(None, 0, 1), (0, 0, 1), (30, 30, 30), (3_600, 3_600, 3_600), (1e9, 3_600, 3_600)],
)
def test_retry_after_is_honoured_within_bounds(asked_s: float | None, least: float, most: float) -> None:
    assert least <= RetryPolicy().delay_s(1, asked_s) <= most


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.DELIVERED),
        (201, Verdict.DELIVERED),
        (204, Verdict.DELIVERED),
        (299, Verdict.DELIVERED),
        (301, Verdict.RETRY),
        (307, Verdict.RETRY),
        (400, Verdict.RETRY),
        (404, Verdict.RETRY),
        (410, Verdict.GONE),
        (508, Verdict.GONE),
        (429, Verdict.RETRY),
        (500, Verdict.RETRY),
        (503, Verdict.RETRY),
    ],
)
def test_status_decides(status: int, verdict: Verdict) -> None:
    assert judge_status(status) is verdict


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        ("120", 120.0),
        (" 5 ", 5.0),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("soon", None),
        ("99999999999999999999", 1e9),
        ("Mon, 23 Nov 2026 10:01:00 GMT", 60.0),
        ("Mon, 23 Nov 2026 10:01:00 -0000", 60.0),
        ("Mon, 23 Nov 2026 09:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_parsed(text: str | None, seconds: float | None) -> None:
    assert parse_retry_after(text, NOW) == seconds


def test_what_does_not_speak_for_itself_is_explained() -> None:
    assert "redirects are not followed" in explain_status(308)
    assert "in a circle" in explain_status(508)
    assert explain_status(500) == ""
