"""Token buckets: how much passes, what is kept to be looked at, that they are bounded."""

from devices.limits import RateLimiter, Verdict


def verdicts(
    limiter: RateLimiter, times: list[float], key: str = "a", limit: float | None = None
) -> list[str]:
    return [limiter.judge(key, at, limit).value for at in times]


def test_a_burst_passes_then_the_rate() -> None:
    limiter = RateLimiter(60, burst_minutes=0.1)
    assert verdicts(limiter, [0.0] * 8) == ["pass"] * 6 + ["sample", "drop"]
    assert verdicts(limiter, [1.0, 1.0, 3.0, 3.0, 3.0]) == ["pass", "drop", "pass", "pass", "drop"]
    assert verdicts(limiter, [60.0] * 8) == ["pass"] * 6 + ["sample", "drop"]


def test_each_has_a_bucket_and_perhaps_a_limit_of_its_own() -> None:
    limiter = RateLimiter(60, burst_minutes=1 / 60)
    assert verdicts(limiter, [0.0, 0.0]) == ["pass", "sample"]
    assert verdicts(limiter, [0.0, 0.0], "b", 120) == ["pass", "pass"]
    assert verdicts(limiter, [0.0] * 3, "c", 0) == ["pass"] * 3
    assert verdicts(RateLimiter(0), [0.0] * 3) == ["pass"] * 3


def test_how_long_to_wait() -> None:
    limiter = RateLimiter(6, burst_minutes=1 / 6)
    assert limiter.wait_s("a", 0.0) == 0
    assert limiter.judge("a", 0.0) is Verdict.PASS
    assert limiter.wait_s("a", 0.0) == 10
    assert limiter.wait_s("a", 4.0) == 6


def test_there_are_only_so_many_buckets() -> None:
    limiter = RateLimiter(1, burst_minutes=1, max_keys=3)
    for key in "abcd":
        limiter.judge(key, 0.0)
    assert len(limiter) == 3
    assert limiter.judge("d", 0.0) is Verdict.SAMPLE
    assert limiter.judge("a", 0.0) is Verdict.PASS
