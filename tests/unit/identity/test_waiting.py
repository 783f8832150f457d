"""How long somebody waits after wrong passwords."""

import pytest

from context_api.identity.waiting import BUCKETS, Count, Rule, Whose, bucket_of, network_of, wait_s

RULE = Rule(free=5, first_s=2.0, longest_s=900.0, fade_s=3_600.0)


@pytest.mark.parametrize(
    ("failures", "age_s", "expected"),
    [
        (0, 0.0, 0.0),
        (4, 0.0, 0.0),
        (5, 0.0, 2.0),
        (5, 1.5, 0.5),
        (5, 2.0, 0.0),
        (8, 0.0, 16.0),
        (50, 0.0, 900.0),
        (1_000_000, 10.0, 890.0),
        (1_000_000, 3_600.0, 0.0),
    ],
)
def test_the_wait_doubles_up_to_a_bound_and_fades(failures: int, age_s: float, expected: float) -> None:
    assert wait_s(RULE, Count(failures, age_s)) == expected


def test_nobody_waits_longer_than_a_quarter_of_an_hour() -> None:
    assert max(whose.value[1].longest_s for whose in Whose) == 900.0
    assert Whose.ACCOUNT.value[1].longest_s == 60.0


def test_buckets_are_bounded_apart_and_keyed() -> None:
    found = {whose: [bucket_of(b"key", whose, str(number)) for number in range(2_000)] for whose in Whose}
    for whose, buckets in found.items():
        number = whose.value[0]
        assert all(number * BUCKETS <= bucket < (number + 1) * BUCKETS for bucket in buckets)
        assert len(set(buckets)) > 1_900
    assert bucket_of(b"key", Whose.ACCOUNT, "hanako") != bucket_of(b"other", Whose.ACCOUNT, "hanako")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("nonsense", "unknown"),
    ],
)
def test_what_counts_as_one_address(address: str, network: str) -> None:
    assert network_of(address) == network
