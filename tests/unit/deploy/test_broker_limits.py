from pathlib import Path

import pytest

from deploy.broker_limits import judge_configuration, judge_in_flight, judge_sharing
from deploy.embedded.mosquitto import Doors, broker_configuration

ROOT = Path(__file__).parents[3]
SHIPPED = {
    "compose": (ROOT / "deploy/compose/mosquitto/mosquitto.conf").read_text(),
    "embedded": broker_configuration(Path("/data"), Doors("127.0.0.1", 1883), None),
}


@pytest.mark.parametrize("shape", sorted(SHIPPED))
def test_every_shape_we_ship_matches_the_bridge(shape: str) -> None:
    found = judge_configuration(SHIPPED[shape])
    assert [limit for limit in found if not limit.is_good] == []
    assert {limit.subject: limit.detail for limit in found} == {
        "broker loss": "a killed broker forgets what its last 2 s brought",
        "broker in flight": "10000 messages at a time",
        "broker queue": "1,000,000 messages, 1,024 MB for each bridge",
        "broker packets": "of at most 1,048,576 bytes",
        "broker sessions": "kept for 30d",
    }


@pytest.mark.parametrize(
    ("line", "instead", "subject", "detail"),
    [
        ("persistence true", "", "broker loss", "it keeps nothing over a restart"),
        ("autosave_interval 1", "", "broker loss", "its last 1800 s"),
        ("autosave_interval 1", "autosave_interval 0", "broker loss", "its last 0 s"),
        ("autosave_interval 1", "autosave_on_changes true", "broker loss", "its last 1800 changes"),
        ("max_inflight_messages 10000", "", "broker in flight", "20 messages at a time starve"),
        ("max_queued_messages 1000000", "", "broker queue", "1000 messages are dropped soon"),
        ("max_queued_messages 1000000", "max_queued_messages 0", "broker queue", "it has no bound"),
        ("max_queued_bytes 1073741824", "", "broker queue", "it has no bound"),
        ("max_packet_size 1048576", "", "broker packets", "without a bound: set max_packet_size 1048576"),
        ("max_packet_size 1048576", "max_packet_size 1000", "broker packets", "at most 1,000 bytes"),
        ("expiration 30d", "expiration 1d", "broker sessions", "forgotten after 1d"),
        ("expiration 30d", "expiration 2h", "broker sessions", "forgotten after 2h"),
    ],
)
def test_each_limit_that_does_not_match_is_said(line: str, instead: str, subject: str, detail: str) -> None:
    text = SHIPPED["compose"]
    assert line in text
    bad = [limit for limit in judge_configuration(text.replace(line, instead)) if not limit.is_good]
    assert [(limit.subject, detail in limit.detail) for limit in bad] == [(subject, True)]


def test_what_is_no_limit_is_good_where_a_queue_needs_none() -> None:
    found = judge_configuration(
        SHIPPED["compose"].replace("max_inflight_messages 10000", "max_inflight_messages 0")
    )
    assert all(limit.is_good for limit in found)


@pytest.mark.parametrize(("said", "is_good"), [(None, True), (8_000, True), (7_999, False), (20, False)])
def test_what_the_broker_says_itself(said: int | None, is_good: bool) -> None:
    assert judge_in_flight(said).is_good is is_good


@pytest.mark.parametrize(
    ("bridges", "spread", "is_good"),
    [(1, "divided", True), (1, "shared", True), (3, "divided", True), (2, "shared", False)],
)
def test_shared_subscriptions_are_not_for_mosquitto(bridges: int, spread: str, is_good: bool) -> None:
    assert judge_sharing(bridges, spread).is_good is is_good
