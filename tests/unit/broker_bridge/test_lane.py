"""A session's messages are dealt out to its writers by topic."""

from broker_bridge.lane import choose_writer


def test_a_topic_has_the_same_writer_always() -> None:
    topics = [f"machi/v1/town/device-{number}/up" for number in range(1_000)]
    chosen = [choose_writer(topic, 3) for topic in topics]
    assert chosen == [choose_writer(topic, 3) for topic in topics]
    assert {chosen.count(writer) > 200 for writer in range(3)} == {True}
    assert set(chosen) == {0, 1, 2}
    assert {choose_writer(topic, 1) for topic in topics} == {0}
