from collections import Counter

import pytest

from broker_bridge.parts import Part, Spread, find_part, plan_parts

NATIVE = "machi/v1/+/+/up"
ZIGBEE = "zigbee2mqtt/+/#"
BOTH = (NATIVE, ZIGBEE)
SPREADS: tuple[Spread, ...] = ("divided", "shared")


def test_one_bridge_gets_everything_under_the_plain_id() -> None:
    for spread in SPREADS:
        assert plan_parts("b", 1, spread, BOTH) == (Part("b", 1, 1, BOTH),)
    assert plan_parts("b", 1, "divided", BOTH)[0].is_ours("any/topic")


def test_divided_sessions_subscribe_to_everything_and_each_device_is_of_one() -> None:
    parts = plan_parts("b", 3, "divided", BOTH)
    assert [part.client_id for part in parts] == ["b-1of3", "b-2of3", "b-3of3"]
    assert {part.subscriptions for part in parts} == {BOTH}
    owners: Counter[int] = Counter()
    for number in range(3_000):
        topics = [f"machi/v1/town/aq-{number}/{leaf}" for leaf in ("up", "ack", "state")]
        found = {part.number for part in parts for topic in topics if part.is_ours(topic)}
        assert len(found) == 1
        owners.update(found)
    assert min(owners.values()) > 900


def test_all_topics_of_a_device_behind_a_gateway_are_of_one_bridge() -> None:
    parts = plan_parts("b", 4, "divided", BOTH)
    for number in range(50):
        topics = [f"zigbee2mqtt/home/lamp-{number}{suffix}" for suffix in ("", "/availability", "/set")]
        assert len({part.number for part in parts for topic in topics if part.is_ours(topic)}) == 1


def test_topics_of_no_known_form_are_somebodys() -> None:
    parts = plan_parts("b", 2, "divided", BOTH)
    for topic in ("x", "", "machi/v1", "machi/v1/a/b/c/d", "\udcff", "(not UTF-8)"):
        assert sum(part.is_ours(topic) for part in parts) == 1


def test_shared_sessions_share_but_for_sources_with_a_state() -> None:
    one, two = plan_parts("b", 2, "shared", BOTH, (ZIGBEE,))
    assert (one.client_id, two.client_id) == ("b-shared-1of2", "b-shared-2of2")
    assert one.subscriptions == two.subscriptions == (f"$share/machi/{NATIVE}", ZIGBEE)
    assert one.is_ours("machi/v1/t/d/up")
    assert two.is_ours("machi/v1/t/d/up")
    for number in range(20):
        topic = f"zigbee2mqtt/home/lamp-{number}"
        assert one.is_ours(topic) is not two.is_ours(topic)


@pytest.mark.parametrize("spread", ["divided", "shared"])
@pytest.mark.parametrize("base", ["machi-bridge", "machi-bridge-1", "a-2of3"])
def test_a_session_tells_its_part_by_its_name(base: str, spread: Spread) -> None:
    for part in plan_parts(base, 3, spread, BOTH, (ZIGBEE,)):
        assert find_part(part.client_id, BOTH, (ZIGBEE,)) == part


@pytest.mark.parametrize("name", ["machi-bridge", "machi-bridge-1", "b-1of1", "b-3of2", "b-0of2", "-1of2"])
def test_a_name_without_a_part_is_of_a_bridge_that_was_alone(name: str) -> None:
    assert find_part(name, BOTH) == Part(name, 1, 1, BOTH)
