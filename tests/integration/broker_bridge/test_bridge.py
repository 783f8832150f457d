"""The whole bridge on a real mosquitto and a real database: what becomes of each kind of message."""

import json
import time
from pathlib import Path

import pytest

from broker_bridge.settings import MqttVersion
from deploy.embedded.amqtt_broker import AmqttBroker
from devices.model import DeviceDraft
from devices.registry import DeviceRegistry
from tests.conftest import MosquittoFactory
from tests.integration.broker_bridge.conftest import running
from tests.integration.broker_bridge.publisher import Publisher
from tests.integration.broker_bridge.town import T0_MS, Town, timed, untimed
from tests.integration.broker_bridge.waiting import get, readiness, wait_until

pytestmark = pytest.mark.mosquitto


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_messages_become_history_and_current_state(
    town: Town, mosquitto_factory: MosquittoFactory, version: MqttVersion
) -> None:
    broker = mosquitto_factory()
    with running(town.settings(broker.url, mqtt_version=version)), Publisher(broker.port) as device:
        for number in range(50):
            device.publish(town.topics["ab"[number % 2]], timed(number, temperature=20.5))
        wait_until(lambda: town.count("a") + town.count("b") == 50)
    assert town.series("a") == [float(number) for number in range(0, 50, 2)]
    assert town.series("b", "temperature") == [20.5] * 25
    assert town.counters("a") == {
        "received": 25,
        "stored": 25,
        "duplicate": 0,
        "corrected": 0,
        "ignored": 0,
        "quarantined": 0,
    }
    entity_id = "urn:ngsi-ld:AirQualityObserved:a"
    entity = town.store.get_entities(town.access, [entity_id])[entity_id]
    [pm25] = next(instances for name, instances in entity.attributes.items() if name.endswith("/pm25"))
    assert (pm25.value, pm25.observed_at) == (48.0, (T0_MS + 48_000) * 1000)


def test_bad_messages_are_kept_aside_and_the_good_ones_of_their_batch_land(
    town: Town, mosquitto_factory: MosquittoFactory
) -> None:
    broker = mosquitto_factory()
    settings = town.settings(broker.url)
    with running(settings):
        pass
    with Publisher(broker.port) as device:  # the broker keeps them for the next bridge: one batch
        device.publish(town.topics["a"], timed(1))
        device.publish(town.topics["a"], b"{not json")
        device.publish(town.topics["b"], timed(2))
        device.publish("machi/v1/default/stranger/up", timed(3))
        device.publish("machi/v1/nowhere/a/up", timed(4))
        device.publish(town.topics["b"], json.dumps({"observedAt": int(time.time() + 3600), "pm25": 1}))
        device.publish(town.topics["b"], json.dumps({"pm25": "much"}))
        device.publish(town.topics["c"], b"\x00\xff")
        device.publish(town.topics["c"], timed(5))
    with running(settings):
        wait_until(lambda: town.count("c") == 1 and len(town.quarantine()) == 6)
    assert [town.series(name) for name in "abc"] == [[1.0], [2.0], [5.0]]
    assert sorted(town.quarantine()) == [  # in any order: topics are shared out to two writers
        ("", "unknown-device"),
        ("", "unknown-device"),
        ("a", "bad-json"),
        ("b", "bad-value"),
        ("b", "clock-ahead"),
        ("c", "bad-json"),
    ]
    for name, quarantined in (("a", 1), ("b", 2), ("c", 1)):
        assert town.counters(name)["quarantined"] == quarantined
        assert town.counters(name)["stored"] == 1
    with running(settings):  # all of them were acknowledged
        time.sleep(0.5)
    assert len(town.quarantine()) == 6
    assert town.counters("a")["received"] == 2


def test_retained_messages_count_only_with_their_time(
    town: Town, mosquitto_factory: MosquittoFactory
) -> None:
    broker = mosquitto_factory()
    with Publisher(broker.port) as device:
        device.publish(town.topics["a"], untimed(7), retain=True)
        device.publish(town.topics["b"], timed(8), retain=True)
    with running(town.settings(broker.url)):
        wait_until(lambda: town.count("b") == 1)
    assert town.series("a") == []
    assert town.counters("a") == {
        "received": 1,
        "stored": 0,
        "duplicate": 0,
        "corrected": 0,
        "ignored": 1,
        "quarantined": 0,
    }


def test_uplinks_of_a_network_server_come_in_by_their_own_topics(
    town: Town, mosquitto_factory: MosquittoFactory
) -> None:
    broker = mosquitto_factory()
    registry = DeviceRegistry(town.database)
    registry.register(
        town.access, DeviceDraft(id="gw", kind="gateway", adapter="tts_v3", application="town@ttn")
    )
    for name, profile in (("lht65", "dragino-lht65"), ("raw", "weather")):
        registry.register(town.access, DeviceDraft(id=name, profile=profile, gateway="gw"))
    with running(town.settings(broker.url)), Publisher(broker.port) as gateway:
        gateway.publish("v3/town@ttn/devices/raw/up", _uplink("raw"))
        gateway.publish(
            "v3/town@ttn/devices/lht65/up",
            _uplink("lht65", decoded_payload={"BatV": 3.103, "TempC_SHT": 14.65, "Hum_SHT": 67.6}),
        )
        wait_until(lambda: town.counters("lht65")["received"] == 1 and len(town.quarantine()) == 1)
    assert town.quarantine() == [("raw", "no-codec")]
    rows = town.ask(
        "select o.value, o.at at time zone 'UTC' from observation o join series s on s.id = o.series_id "
        "where s.entity_id = 'urn:ngsi-ld:WeatherObserved:lht65' and has_observed_at order by o.value"
    )
    assert [value for value, _ in rows] == [0.676, 3.103, 14.65]
    assert {str(at) for _, at in rows} == {"2021-11-11 08:33:34.926000"}


def test_gateways_of_other_makes_come_in_by_their_own_topics(
    town: Town, mosquitto_factory: MosquittoFactory
) -> None:
    broker = mosquitto_factory()
    registry = DeviceRegistry(town.database)
    for adapter in ("ultralight", "zigbee2mqtt", "tasmota"):
        gateway = DeviceDraft(id=f"gw-{adapter}", kind="gateway", adapter=adapter, application=f"a-{adapter}")
        registry.register(town.access, gateway)
        device = DeviceDraft(id=adapter, profile="air-quality", gateway=f"gw-{adapter}")
        registry.register(town.access, device)
    with running(town.settings(broker.url)), Publisher(broker.port) as gateways:
        gateways.publish("/ul/a-ultralight/ultralight/attrs", "2026-11-23T09:00:00+09:00|pm25|12.5")
        gateways.publish("zigbee2mqtt/a-zigbee2mqtt/bridge/state", "online")
        gateways.publish("zigbee2mqtt/a-zigbee2mqtt/zigbee2mqtt", '{"pm25": 13, "linkquality": 90}')
        gateways.publish("tele/a-tasmota/tasmota/SENSOR", '{"Time": "2026-11-23T09:00:00", "pm25": 14}')
        wait_until(
            lambda: all(
                town.counters(one)["received"] == 1
                for one in ("ultralight", "zigbee2mqtt", "gw-zigbee2mqtt", "tasmota")
            )
        )
    rows = town.ask("select value from observation where value > 12 order by value")
    assert [value for (value,) in rows] == [12.5, 13, 14]
    assert town.counters("gw-zigbee2mqtt")["ignored"] == 1
    assert town.quarantine() == []


def _uplink(device: str, **message: object) -> str:
    return json.dumps(
        {
            "end_device_ids": {"device_id": device, "application_ids": {"application_id": "town"}},
            "received_at": "2021-11-11T08:33:34.926Z",
            "uplink_message": {"f_port": 2, "frm_payload": "yw==", **message},
        }
    )


def test_repeated_and_corrected_messages_are_told_apart(
    town: Town, mosquitto_factory: MosquittoFactory
) -> None:
    broker = mosquitto_factory()
    with running(town.settings(broker.url)), Publisher(broker.port) as device:
        for payload in (timed(1), timed(1), timed(2), json.dumps({"observedAt": T0_MS + 1000, "pm25": 9.5})):
            device.publish(town.topics["a"], payload)
        wait_until(lambda: town.counters("a")["received"] == 4)
    assert town.series("a") == [9.5, 2.0]
    counters = town.counters("a")
    assert (counters["stored"], counters["duplicate"], counters["corrected"]) == (2, 1, 1)


def test_two_equal_messages_without_time_are_two_readings(
    town: Town, mosquitto_factory: MosquittoFactory
) -> None:
    broker = mosquitto_factory()
    with running(town.settings(broker.url)), Publisher(broker.port) as device:
        device.publish(town.topics["a"], untimed(1))
        time.sleep(0.05)
        device.publish(town.topics["a"], untimed(1))
        wait_until(lambda: town.counters("a")["stored"] == 2)
    assert town.series("a") == [1.0, 1.0]


def test_amqtt_speaks_3_1_1_only(town: Town, tmp_path: Path) -> None:
    broker = AmqttBroker(tmp_path / "amqtt")
    broker.start()
    try:
        with running(town.settings(broker.url)), Publisher(broker.port) as device:
            device.publish_all(town.topics["a"], [timed(number) for number in range(20)])
            wait_until(lambda: town.count("a") == 20)
    finally:
        broker.stop()
    assert town.counters("a")["stored"] == 20


def test_readiness_names_what_is_missing(town: Town, mosquitto_factory: MosquittoFactory) -> None:
    broker = mosquitto_factory()
    settings = town.settings(broker.url)
    with running(settings):
        wait_until(lambda: readiness(settings) == {"ready": True, "broker": "ok", "database": "ok"})
        assert get(settings, "/healthz")[0] == 200
        assert get(settings, "/other")[0] == 404
        with Publisher(broker.port) as device:
            device.publish(town.topics["a"], timed(1))
        stored = 'machi_bridge_messages_total{outcome="stored"} 1.0'
        wait_until(lambda: stored in get(settings, "/metrics")[1])
        beat = "select ready from process_heartbeat where process = 'bridge'"
        wait_until(lambda: town.ask(beat) == [(True,)])
        broker.stop()
        wait_until(lambda: not readiness(settings)["ready"])
        assert readiness(settings)["database"] == "ok"
        wait_until(lambda: town.ask(beat) == [(False,)])
        broker.start()
        wait_until(lambda: readiness(settings)["ready"] is True)
    assert town.ask(beat) == []
