"""Whatever arrives: it is counted under its reason, said in the log, kept aside, and the good ones land."""

import json
import logging
import time
from typing import NamedTuple

import pytest

from tests.conftest import MosquittoFactory
from tests.integration.broker_bridge.conftest import running
from tests.integration.broker_bridge.publisher import Publisher
from tests.integration.broker_bridge.town import Town, timed, untimed
from tests.integration.broker_bridge.waiting import metric, wait_until

pytestmark = pytest.mark.mosquitto

UP = "machi/v1/default/a/up"


class Poison(NamedTuple):
    """A message and why it is kept aside."""

    name: str
    reason: str
    payload: bytes
    topic: str = UP
    device: str = "a"


def _at(time_: object) -> bytes:
    return json.dumps({"observedAt": time_, "pm25": 1}).encode()


POISON = [
    Poison("empty payload", "bad-json", b""),
    Poison("no JSON", "bad-json", b"{not json"),
    Poison("cut off", "bad-json", b'{"pm25": 1'),
    Poison("not UTF-8", "bad-json", b"\xff\xfe\x00"),
    Poison("NaN", "bad-json", b'{"pm25": NaN}'),
    Poison("Infinity", "bad-json", b'{"pm25": -Infinity}'),
    Poison("a number beyond double", "bad-json", b'{"pm25": 1e999}'),
    Poison("a bare value", "bad-shape", b"12"),
    Poison("deeper than any parser goes", "bad-json", b"[" * 5_000 + b"]" * 5_000),
    Poison("deep objects", "too-deep", b'{"pm25":' * 300 + b"1" + b"}" * 300),
    Poison("more values than any sensor has", "too-many-values", json.dumps([{"pm25": 1}] * 10_001).encode()),
    Poison("larger than 1 MiB", "too-large", b'{"pm25": 1, "x": "' + b"x" * 1_048_576 + b'"}'),
    Poison("NUL in a text", "bad-text", b'{"pm25": 1, "x": "\\u0000"}'),
    Poison("a text for a number", "bad-value", b'{"pm25": "much"}'),
    Poison("no name that is known", "no-known-key", b'{"unheard": 1}'),
    Poison("no time", "bad-time", _at("yesterday")),
    Poison("clock of 1970", "clock-unset", _at("1970-01-01T00:00:17Z")),
    Poison("clock of 1980", "clock-unset", _at("1980-01-06T00:00:00Z")),
    Poison("clock of 2000", "clock-unset", _at("2000-01-01T00:02:00+09:00")),
    Poison("clock of 2038", "clock-ahead", _at("2038-01-19T03:14:08Z")),
    Poison("clock of 9999", "bad-time", _at("9999-12-31T23:59:59Z")),
    Poison("clock an hour ahead", "clock-ahead", _at(int((time.time() + 3_600) * 1000))),
    Poison("unknown device", "unknown-device", timed(1), "machi/v1/default/stranger/up", ""),
    Poison("unknown tenant", "unknown-device", timed(1), "machi/v1/nowhere/a/up", ""),
    Poison("a name with NUL-like signs", "unknown-device", timed(1), "machi/v1/default/\u2400/up", ""),
]


def test_each_poison_has_its_reason_and_the_good_ones_of_its_batch_land(
    town: Town, mosquitto_factory: MosquittoFactory, caplog: pytest.LogCaptureFixture
) -> None:
    broker = mosquitto_factory(max_packet_bytes=2_097_152)  # a broker of the town's own may let more through
    settings = town.settings(broker.url, writers=1)  # one batch, in order
    with running(settings):
        pass
    with Publisher(broker.port) as device:  # the broker keeps them for the next bridge: one batch
        for number, poison in enumerate(POISON):
            device.publish(poison.topic, poison.payload)
            device.publish(town.topics["b"], timed(number))
    with caplog.at_level(logging.WARNING), running(settings):
        wait_until(lambda: town.count("b") == len(POISON) and len(town.quarantine()) == len(POISON))
        expected = [(poison.device, poison.reason) for poison in POISON]
        found = dict(zip([poison.name for poison in POISON], town.quarantine(), strict=True))
        assert found == dict(zip([poison.name for poison in POISON], expected, strict=True))
        assert metric(settings, "machi_bridge_messages_quarantined_total") == len(POISON)
        for reason in {poison.reason for poison in POISON}:
            wanted = sum(poison.reason == reason for poison in POISON)
            assert metric(settings, f'machi_bridge_messages_quarantined_total{{reason="{reason}"}}') == wanted
    assert town.series("b") == [float(number) for number in range(len(POISON))]
    assert town.series("a") == []
    own = sum(poison.device == "a" for poison in POISON)
    counters = town.counters("a")
    assert (counters["received"], counters["quarantined"]) == (own, own)
    said = {
        record.__dict__["reason"] for record in caplog.records if record.message == "Messages quarantined"
    }
    assert said == {poison.reason for poison in POISON}


def test_what_is_no_fault_is_ignored_or_a_duplicate(town: Town, mosquitto_factory: MosquittoFactory) -> None:
    """Retained messages without a time, and messages that come again, are counted and not kept aside."""
    broker = mosquitto_factory()
    with Publisher(broker.port) as device:
        device.publish(town.topics["a"], untimed(1), retain=True)
        device.publish(town.topics["b"], timed(1), retain=True)
    with running(town.settings(broker.url)), Publisher(broker.port) as device:
        wait_until(lambda: town.count("b") == 1)
        for _ in range(3):
            device.publish(town.topics["b"], timed(1))
        device.publish(town.topics["b"], timed(0))  # late: history, not news
        wait_until(lambda: town.counters("b")["received"] == 5)
    assert town.counters("a")["ignored"] == 1
    counters = town.counters("b")
    assert (counters["stored"], counters["duplicate"]) == (2, 3)
    assert town.series("b") == [0.0, 1.0]
    assert town.ask("select values_late from device_counter where device_id = 'b'") == [(1,)]
    assert town.quarantine() == []


def test_flood_of_poison_is_few_lines_of_log(
    town: Town, mosquitto_factory: MosquittoFactory, caplog: pytest.LogCaptureFixture
) -> None:
    broker = mosquitto_factory()
    with caplog.at_level(logging.WARNING), running(town.settings(broker.url)):
        with Publisher(broker.port) as device:
            for number in range(2_000):
                device.publish(UP, b"{" * (number % 7 + 1))
            device.publish(town.topics["b"], timed(1))
        wait_until(lambda: town.counters("a")["quarantined"] == 2_000 and town.count("b") == 1)
    said = [record for record in caplog.records if record.message == "Messages quarantined"]
    assert 0 < len(said) < 40  # one line per reason and ten seconds, not one per message
