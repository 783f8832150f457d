"""One device at a thousand messages a second beside a hundred good ones: the good ones lose nothing."""

import json
import time

from broker_bridge.flood import CALM_BATCHES
from context_api.store.counters import DeviceCounters
from tests.conftest import MosquittoFactory
from tests.integration.broker_bridge.conftest import running
from tests.integration.broker_bridge.publisher import Publisher
from tests.integration.broker_bridge.town import T0_MS, Town
from tests.support.waiting import wait_until

GOOD = [f"good-{number:03}" for number in range(100)]
PER_DEVICE = 10
FLOOD = 5_000
RATE = 60
"""Ten minutes' worth of it, 600, may come at once."""


def measure(number: int) -> str:
    return json.dumps({"observedAt": T0_MS + number * 1000, "pm25": number})


def counters(town: Town) -> dict[str, DeviceCounters]:
    found = {one.device_id: one for one in town.store.get_device_counters(town.access)}
    for one in found.values():
        parts = ("stored", "duplicate", "corrected", "ignored", "quarantined")
        for unit in ("messages", "values"):
            assert getattr(one, f"{unit}_received") == sum(getattr(one, f"{unit}_{part}") for part in parts)
    return found


def received(town: Town, device: str) -> int:
    found = counters(town).get(device)
    return 0 if found is None else found.messages_received


def wait_for(town: Town, device: str, messages: int) -> None:
    wait_until(lambda: received(town, device) == messages or None)


def test_a_flood_costs_the_others_nothing(database_url: str, mosquitto_factory: MosquittoFactory) -> None:
    broker = mosquitto_factory()
    with Town(database_url, [*GOOD, "bad", "warm"]) as town:
        # One writer: its backlog is gone once the warm-up has been written one by one
        settings = town.settings(broker.url, device_rate=RATE, client_id="flood", writers=1)
        with running(settings), Publisher(broker.port) as sender, Publisher(broker.port) as bad:
            for number in range(CALM_BATCHES + 5):  # one by one: no backlog is left
                sender.publish(town.topics["warm"], measure(number))
                wait_for(town, "warm", number + 1)
            begun = time.monotonic()
            for turn in range(PER_DEVICE):
                for number in range(FLOOD // PER_DEVICE):
                    bad.publish(town.topics["bad"], measure(turn * 1000 + number))
                for device in GOOD:
                    sender.publish(town.topics[device], measure(turn))
                time.sleep(max(0.0, begun + (turn + 1) * 0.5 - time.monotonic()))
            sender.wait()
            bad.wait()
            wait_for(town, "bad", FLOOD)
            wait_until(lambda: sum(counters(town)[one].messages_received for one in GOOD) == 1_000 or None)
        found = counters(town)
        assert {found[device].messages_stored for device in GOOD} == {PER_DEVICE}
        flood = found["bad"]
        assert 600 <= flood.messages_stored < FLOOD / 2
        assert flood.messages_stored + flood.messages_ignored + flood.messages_quarantined == FLOOD
        assert 1 <= flood.messages_quarantined <= 3
        kept = town.ask("select distinct device_id, reason from quarantine")
        assert kept == [("bad", "rate-limited")]
