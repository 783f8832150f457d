"""The watch over devices: silence, faults, their Alerts and states, maintenance, outages of everything."""

from collections.abc import Iterator
from typing import Any

import pytest

from context_api.ngsild.model import Entity
from context_api.store import liveness as facts
from context_api.store.access import Access
from context_api.store.database import Database, open_database
from context_api.store.deliveries_in import Delivery, QuarantineReason
from context_api.store.heartbeat import beat, forget
from context_api.store.store import Store, system_clock
from devices.liveness.health import parse_rule
from devices.liveness.watch import STORM_DEVICES, LivenessWatch
from devices.model import DeviceDraft
from devices.registry import DeviceRegistry

INTERVAL_S = 60.0


class Town:
    """Devices whose clocks the test sets by setting back what was noted of them."""

    def __init__(self, url: str) -> None:
        self.database: Database = open_database(url)
        self.store = Store(self.database)
        self.access: Access = self.store.tenant("default")
        self.watch = LivenessWatch(self.database, self.store)
        beat(self.database, "bridge", "one", ready=True)
        self.watch.look()  # the first look after nobody knows how long sees nothing

    def register(self, *devices: str) -> None:
        drafts = [
            DeviceDraft(id=one, profile="air-quality", expected_interval_s=INTERVAL_S) for one in devices
        ]
        DeviceRegistry(self.database).register_many(self.access, drafts)

    def hear(self, *devices: str, count: int = 1, bad: bool = False) -> None:
        now = system_clock()
        reason = QuarantineReason("bad-json", "because") if bad else None
        deliveries = [
            Delivery(device_id=one, topic="t", payload=b"", arrived_at=now, quarantine=reason, ignored="x")
            for one in devices
            for _ in range(count)
        ]
        self.store.ingest(self.access, deliveries)

    def pass_time(self, seconds: float) -> None:
        """Everything that was heard lies further back; so does the end of the last outage."""
        self.execute("update device_counter set last_seen = last_seen - %s * interval '1 s'", seconds)
        self.execute("update liveness_sight set blind_until = blind_until - %s * interval '1 s'", seconds)

    def execute(self, statement: str, *values: Any) -> None:
        with self.database.connection() as connection:
            connection.execute(statement.encode(), values)

    def look(self) -> None:
        self.execute("delete from process_heartbeat where process = 'bridge'")
        beat(self.database, "bridge", "one", ready=True)
        self.watch.look()

    def states(self) -> dict[str, str]:
        with self.database.connection() as connection:
            return dict(connection.execute(b"select id, state from device order by id").fetchall())

    def alert(self, device: str, kind: str) -> dict[str, Any] | None:
        return self._read(f"urn:ngsi-ld:Alert:device:{device}:{kind}")

    def together(self) -> dict[str, Any] | None:
        return self._read("urn:ngsi-ld:Alert:device:silent-together")

    def _read(self, alert_id: str) -> dict[str, Any] | None:
        found: Entity | None = self.store.get_entities(self.access, [alert_id]).get(alert_id)
        if found is None:
            return None
        return {name.rpartition("/")[2]: instances[0].value for name, instances in found.attributes.items()}

    def count_alerts(self) -> int:
        with self.database.connection() as connection:
            row = connection.execute(
                b"select count(*) from entity where id like 'urn:ngsi-ld:Alert:%'"
            ).fetchone()
        return int(row[0]) if row else 0


@pytest.fixture
def town(database_url: str) -> Iterator[Town]:
    made = Town(database_url)
    yield made
    made.database.close()


def test_a_device_falls_silent_and_comes_back(town: Town) -> None:
    town.register("a", "b", "never")
    town.hear("a", "b")
    town.look()
    assert town.states() == {"a": "active", "b": "active", "never": "provisioned"}
    town.pass_time(3 * INTERVAL_S + 1)
    town.hear("b")
    town.look()
    assert town.states() == {"a": "silent", "b": "active", "never": "provisioned"}
    raised = town.alert("a", "silent")
    assert raised is not None
    assert (raised["alarmState"], raised["subCategory"], raised["severity"]) == (
        "raised",
        "silentDevice",
        "high",
    )
    assert raised["alertSource"] == "urn:ngsi-ld:Device:a"
    assert town.alert("b", "silent") is None
    town.look()
    assert town.count_alerts() == 1
    town.hear("a")
    town.look()
    assert town.states()["a"] == "active"
    over = town.alert("a", "silent")
    assert over is not None
    assert over["alarmState"] == "cleared"
    assert "validTo" in over


def test_without_an_expected_interval_nothing_is_expected(town: Town) -> None:
    town.register("a")
    town.execute("update device set expected_interval_s = null")
    town.hear("a")
    town.pass_time(1_000_000)
    town.look()
    assert town.states() == {"a": "active"}
    assert town.count_alerts() == 0


def test_maintenance_mutes(town: Town) -> None:
    town.register("a")
    town.hear("a")
    town.look()
    later = system_clock() + 3_600_000_000
    assert facts.put_maintenance(town.database, town.access, "a", later, "new batteries")
    assert not facts.put_maintenance(town.database, town.access, "nobody", later, None)
    town.pass_time(10_000)
    town.look()
    assert (town.states(), town.count_alerts()) == ({"a": "active"}, 0)
    facts.put_maintenance(town.database, town.access, "a", None, None)
    town.look()
    assert (town.states(), town.count_alerts()) == ({"a": "silent"}, 1)


@pytest.mark.parametrize("outage", ["bridge away", "broker away", "worker away"])
def test_an_outage_of_everything_is_no_silence_of_devices(town: Town, outage: str) -> None:
    devices = [f"d{number}" for number in range(30)]
    town.register(*devices, "gone")
    town.hear(*devices, "gone")
    town.look()
    town.pass_time(3 * INTERVAL_S + 1)
    town.hear(*devices)
    town.look()
    assert town.states()["gone"] == "silent"
    forget(town.database, "bridge", "one")
    if outage == "broker away":  # the bridge lives, and says that it has no broker
        beat(town.database, "bridge", "one", ready=False, detail="mqtt: not connected")
    town.pass_time(10_000)
    if outage == "worker away":
        town.execute("update liveness_sight set looked_at = looked_at - interval '1 hour'")
        beat(town.database, "bridge", "one", ready=True)
    town.watch.look()
    town.look()
    assert set(town.states().values()) == {"active", "silent"}
    assert (town.states()["gone"], town.count_alerts()) == ("silent", 1)
    kept = town.alert("gone", "silent")
    assert kept is not None
    assert kept["alarmState"] == "raised"
    town.pass_time(INTERVAL_S)
    town.hear(*devices[1:])
    town.pass_time(2 * INTERVAL_S + 1)
    town.hear(*devices[1:])
    town.look()
    assert town.states()["d0"] == "silent"  # it had its time after the outage, too
    assert town.count_alerts() == 2


def test_when_most_fall_silent_at_once_one_alert_tells_of_all(town: Town) -> None:
    devices = [f"d{number:02}" for number in range(STORM_DEVICES + 5)]
    town.register(*devices)
    town.hear(*devices)
    town.look()
    town.pass_time(10_000)
    town.hear(*devices[:5])
    town.look()
    assert sum(state == "silent" for state in town.states().values()) == STORM_DEVICES
    assert town.count_alerts() == 1
    together = town.together()
    assert together is not None
    assert together["alarmState"] == "raised"
    assert f"{STORM_DEVICES} of {STORM_DEVICES + 5}" in together["description"]
    town.hear(*devices[:-1])
    town.look()
    still = town.together()
    assert still is not None
    assert still["alarmState"] == "raised"
    town.hear(*devices)
    town.look()
    over = town.together()
    assert over is not None
    assert over["alarmState"] == "cleared"
    assert set(town.states().values()) == {"active"}


def test_one_that_sends_mostly_rubbish_is_faulty(town: Town) -> None:
    town.register("a")
    town.hear("a", count=1_000)
    town.look()
    town.hear("a", count=6, bad=True)
    town.look()  # of a thousand and six, that is nothing: from here on it counts anew
    assert town.states() == {"a": "active"}
    town.hear("a", count=4, bad=True)
    town.look()
    assert town.states() == {"a": "active"}  # too few to tell
    town.hear("a", count=4, bad=True)
    town.look()
    assert town.states() == {"a": "faulty"}
    raised = town.alert("a", "bad-payload")
    assert raised is not None
    assert raised["alarmState"] == "raised"
    town.look()
    assert town.states() == {"a": "faulty"}
    town.hear("a", count=10)
    town.look()
    assert town.states() == {"a": "active"}
    over = town.alert("a", "bad-payload")
    assert over is not None
    assert over["alarmState"] == "cleared"


def test_values_that_break_a_rule_make_a_device_faulty(town: Town) -> None:
    from adapters.types import Message
    from devices.model import Source
    from devices.push import make_delivery
    from devices.sources import Sources

    town.register("a", "b")
    rule = {"id": "stuck", "attribute": "pm25", "profile": "air-quality", "stuckValues": 4}
    facts.put_rule(town.database, town.access, parse_rule(rule).id, rule)
    sources = Sources(town.database)

    def measure(device: str, *values: float) -> None:
        now = system_clock()
        topic = f"machi/v1/default/{device}/up"
        source = sources.find(topic)
        assert isinstance(source, Source)
        payloads = [f'{{"pm25": {value}}}'.encode() for value in values]
        messages = [
            Message(topic, payload, arrived_at=now + number) for number, payload in enumerate(payloads)
        ]
        town.store.ingest(town.access, [make_delivery(one, source, clock_ahead_us=0) for one in messages])

    measure("a", 7, 7, 7, 7)
    measure("b", 7, 7, 7, 8)
    town.look()
    assert town.states() == {"a": "faulty", "b": "active"}
    raised = town.alert("a", "rule:stuck")
    assert raised is not None
    assert "pm25 is 7 for 4 values" in raised["description"]
    measure("a", 9)
    town.look()
    assert town.states() == {"a": "active", "b": "active"}


def test_one_above_its_limit_raises_an_alert_and_stays_active(town: Town) -> None:
    town.register("a")
    town.store.ingest(
        town.access,
        [
            Delivery(
                device_id="a",
                topic="t",
                payload=b"",
                arrived_at=system_clock(),
                quarantine=QuarantineReason("rate-limited", "because"),
            )
        ],
    )
    town.look()
    assert town.states() == {"a": "active"}
    raised = town.alert("a", "rate-limited")
    assert raised is not None
    assert raised["alarmState"] == "raised"
