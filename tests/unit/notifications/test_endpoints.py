"""Limits per subscription and endpoint."""

import pytest

from context_api.notifications.endpoints import EndpointLimits, origin_of


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://a.example/x?y", "http://a.example:"),
        ("http://A.example:8080/x", "http://a.example:8080"),
        ("https://a.example/", "https://a.example:"),
        ("http://[::1]:80/", "http://::1:80"),
        ("http://[broken", "http://[broken"),
        ("http://a:port/", "http://a:port/"),
        ("", "://:"),
    ],
)
def test_the_origin_is_what_goes_down_together(url: str, origin: str) -> None:
    assert origin_of(url) == origin


def test_a_full_subscription_is_named_until_a_queue_is_let_go() -> None:
    limits = EndpointLimits(per_subscription=2, per_endpoint=10, sends=1)
    limits.hold(1, "a")
    assert limits.full_subscriptions() == []
    limits.hold(1, "a")
    assert limits.full_subscriptions() == [1]
    limits.let_go(1, "a")
    assert limits.full_subscriptions() == []


def test_a_full_endpoint_names_all_subscriptions_seen_behind_it() -> None:
    limits = EndpointLimits(per_subscription=10, per_endpoint=2, sends=1)
    limits.hold(1, "a")
    assert limits.has_room("a")
    limits.hold(2, "a")
    assert not limits.has_room("a")
    assert limits.has_room("b")
    limits.hold(3, "b")
    assert limits.full_subscriptions() == [1, 2]
    limits.let_go(2, "a")
    assert limits.full_subscriptions() == []


def test_the_queues_of_an_endpoint_share_their_slots_and_nobody_elses() -> None:
    limits = EndpointLimits(per_subscription=10, per_endpoint=10, sends=3)
    first = limits.hold(1, "a")
    assert limits.hold(2, "a") is first
    assert limits.hold(3, "b") is not first
    limits.let_go(1, "a")
    assert limits.hold(1, "a") is first
