"""The queue between the reader of changes and a connection: bounded by count, by bytes and together."""

import asyncio

from context_api.http.live.client import Client, Reason, Waiting
from context_api.http.live.events import Event
from context_api.http.live.matching import Feed, describe_look
from context_api.ngsild.contexts import core_context
from context_api.ngsild.subscription import Endpoint, Notifying, Subscription
from context_api.policy.principal import Principal
from context_api.policy.roles import Role

SUBSCRIPTION = Subscription(
    id="urn:s:1", notification=Notifying(endpoint=Endpoint(uri="http://receiver.invalid/"))
)
LOOK = describe_look(SUBSCRIPTION, core_context())
WHO = Principal("key:1", Role.PARTNER)
FEED = Feed(1, 1, "default", SUBSCRIPTION, core_context(), LOOK, b"asked")


def event(seq: int, size: int = 36) -> Event:
    return Event(seq, "change", b"x" * size)


def client(waiting: Waiting, *, max_events: int = 3, max_bytes: int = 1_000) -> Client:
    return Client(FEED, WHO, waiting, max_events=max_events, max_bytes=max_bytes)


def take(one: Client, max_bytes: int = 10_000) -> list[int | None]:
    return [each.seq for each in asyncio.run(one.take(30, max_bytes))]


def test_events_come_in_order_and_not_again() -> None:
    one = client(Waiting(10_000))
    one.after = 1
    for seq in (1, 2, 3):
        one.offer(event(seq))
    assert take(one, max_bytes=1) == [2]
    assert take(one) == [3]


def test_who_is_too_slow_ends_and_keeps_nothing() -> None:
    waiting = Waiting(10_000)
    by_count, by_bytes = client(waiting), client(waiting, max_bytes=250)
    for seq in range(1, 4):
        by_count.offer(event(seq))
        by_bytes.offer(event(seq))
    assert (by_count.ended, by_bytes.ended) == (None, Reason.SLOW)
    by_count.offer(event(4))
    assert by_count.ended is Reason.SLOW
    assert waiting.bytes == 0
    assert take(by_count) == []


def test_one_event_that_is_larger_than_a_queue_still_arrives() -> None:
    one = client(Waiting(10_000), max_bytes=50)
    one.offer(event(1, 500))
    assert take(one) == [1]


def test_what_waits_for_many_is_held_once() -> None:
    waiting = Waiting(250)
    many = [client(waiting) for _ in range(100)]
    for seq in (1, 2):
        shared = event(seq)
        for one in many:
            one.offer(shared)
    assert waiting.bytes == 200
    many[0].offer(event(3))
    assert many[0].ended is Reason.SLOW
    assert [one.ended for one in many[1:]] == [None] * 99
    for one in many[1:]:
        assert take(one) == [1, 2]
    assert waiting.bytes == 0
