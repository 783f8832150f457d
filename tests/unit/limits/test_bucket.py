"""Token buckets: never more than burst + rate * time, never less than what is due."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from context_api.http.limits.bucket import Bucket, Rate, next_slice, wait_s

RATES = st.builds(Rate, st.floats(0.01, 10_000), st.floats(1, 10_000))
STEPS = st.lists(st.tuples(st.floats(0, 5), st.integers(1, 500)), max_size=40)


@given(RATES, STEPS)
def test_no_window_grants_more_than_the_burst_and_what_flowed_in(
    rate: Rate, steps: list[tuple[float, int]]
) -> None:
    bucket, now = Bucket(rate, 0.0), 0.0
    granted: list[tuple[float, int]] = []
    for elapsed, wanted in steps:
        now += elapsed
        granted.append((now, bucket.take(rate, wanted, now).granted))
    for first, (start, _) in enumerate(granted):
        total = 0
        for end, count in granted[first:]:
            total += count
            assert total <= rate.burst + rate.per_second * (end - start) + 1e-6


@given(RATES, st.integers(1, 200))
def test_whoever_waits_as_long_as_told_gets_a_token(rate: Rate, wanted: int) -> None:
    bucket = Bucket(rate, 0.0)
    taken = bucket.take(rate, wanted, 0.0)
    assert taken.granted == min(wanted, math.floor(rate.burst))
    assert bucket.take(rate, 1, taken.retry_s * (1 + 1e-9) + 1e-9).granted == 1


def test_a_clock_that_steps_back_gives_nothing_away() -> None:
    bucket, rate = Bucket(Rate(1, 5), 100.0), Rate(1, 5)
    assert bucket.take(rate, 5, 100.0).granted == 5
    assert bucket.take(rate, 5, 50.0).granted == 0
    assert bucket.take(rate, 5, 101.0).granted == 1


def test_a_closed_bucket_never_fills() -> None:
    rate = Rate(0, 1)
    bucket = Bucket(rate, 0.0)
    assert bucket.take(rate, 1, 0.0).granted == 1
    taken = bucket.take(rate, 1, 1e9)
    assert (taken.granted, taken.retry_s) == (0, math.inf)


@given(RATES, st.integers(1, 50))
def test_shares_add_up_to_the_whole(rate: Rate, holders: int) -> None:
    share = rate.share(holders)
    assert share.per_second * holders == pytest.approx(rate.per_second)
    assert share.burst >= 1


@given(RATES, st.integers(1, 1_000), st.floats(0, 2))
def test_slices_are_at_least_one_and_never_more_than_a_tenth_of_a_second(
    rate: Rate, former: int, since: float
) -> None:
    found = next_slice(former, rate, since)
    assert found >= 1
    if since < 0.1:
        assert found <= max(1, rate.per_second / 10)
    else:
        assert found <= max(1, former // 2)


@pytest.mark.parametrize(("tokens", "expected"), [(1.0, 0.0), (0.5, 0.25), (0.0, 0.5), (-1.0, 1.0)])
def test_the_wait_is_until_the_next_whole_token(tokens: float, expected: float) -> None:
    assert wait_s(Rate(2, 10), tokens) == expected
