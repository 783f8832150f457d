"""The chaos run: sensors send without a pause while bridges, servers, network, disk and clock fail in turn.

After each blow everything that was published is accounted for: stored once, or kept aside, or, where the
broker was killed, among what it had not written yet. MACHI_TEST_CHAOS_S sets for how long (make soak).
"""

import os
import random
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest

from context_api.store.errors import StoreError
from context_api.store.migrate import migrate
from deploy.embedded.mosquitto import Mosquitto
from deploy.embedded.postgres import EmbeddedPostgres
from tests.acceptance.chaos_load import ANY, IDEMPOTENT, Kind, Sensors
from tests.conftest import MosquittoFactory
from tests.integration.broker_bridge.process import BridgeProcess
from tests.integration.broker_bridge.town import T0_MS, Town
from tests.integration.broker_bridge.waiting import readiness, wait_until
from tests.support.proxy import Proxy

DEVICES = 12
LAST_S = float(os.environ.get("MACHI_TEST_CHAOS_S", "0"))
SEED = int(os.environ.get("MACHI_TEST_CHAOS_SEED", "20261123"))
BEFORE_S, DURING_S = 0.7, 1.5
SETTLE_S = 240.0
DISK_MB = 400

pytestmark = [pytest.mark.mosquitto, pytest.mark.timeout(LAST_S + 900)]


class Row(NamedTuple):
    """One line of the table: what a blow did. All numbers but the first are of this blow alone."""

    blow: str
    published: int
    stored: int
    repeated: int
    late: int
    quarantined: int
    lost: int
    seconds: float


class Blow(NamedTuple):
    """Something that fails; `kinds` is what sensors send meanwhile."""

    name: str
    strike: Callable[[], None]
    kinds: tuple[Kind, ...] = ANY


class Chaos:
    """One installation, its sensors, and what is done to it."""

    def __init__(
        self, postgres: EmbeddedPostgres, broker: Mosquitto, network: Proxy, disk: Path | None
    ) -> None:
        self.postgres = postgres
        self.broker = broker
        self.network = network
        self.disk = disk
        self.random = random.Random(SEED)
        self.town = Town(postgres.url, [f"d{number:02}" for number in range(DEVICES)])
        self.bridges = [self._bridge(name) for name in ("one", "two")]
        self.sensors = Sensors(broker.port, self.town.topics, SEED)
        self.lost: set[tuple[str, int]] = set()
        self.window: set[tuple[str, int]] = set()
        """What a killed broker took after its last snapshot."""
        self.rows: list[Row] = []
        self._totals: Counter[str] = Counter()

    def _bridge(self, name: str) -> BridgeProcess:
        url = f"mqtt://127.0.0.1:{self.network.port}"
        settings = self.town.settings(url, instance=name, bridges=2, lease_s=3.0, keepalive_s=2)
        return BridgeProcess(settings)

    def start(self) -> None:
        """Both bridges, connected."""
        for bridge in self.bridges:
            bridge.start()

    def close(self) -> None:
        """Stop what is ours."""
        self.sensors.close()
        for bridge in self.bridges:
            with suppress(AttributeError):
                bridge.kill()
        self.town.database.close()

    # -- the blows ---------------------------------------------------------------------------------------

    def blows(self) -> list[Blow]:
        """Everything that may fail here."""
        return [
            Blow("a bridge killed", self._kill_bridge),
            Blow("both bridges killed", self._kill_bridges),
            Blow("postgresql killed", self._kill_postgres),
            Blow("mosquitto restarted", self._restart_broker, IDEMPOTENT),
            Blow("network cut", self._cut),
            Blow("network silent", self._swallow),
            Blow("clock an hour ahead", lambda: self._shift_clock(3_600)),
            Blow("clock an hour behind", lambda: self._shift_clock(-3_600)),
            Blow("mosquitto killed", self._kill_broker, IDEMPOTENT),
            Blow("mosquitto killed, queue", self._kill_broker_with_queue, IDEMPOTENT),
        ]

    def _kill_bridge(self) -> None:
        bridge = self.random.choice(self.bridges)
        bridge.kill()
        time.sleep(DURING_S)
        bridge.launch()

    def _kill_bridges(self) -> None:
        for bridge in self.bridges:
            bridge.kill()
        time.sleep(DURING_S)
        for bridge in self.bridges:
            bridge.launch()

    def _kill_postgres(self) -> None:
        self.postgres.kill()
        time.sleep(DURING_S)
        self.postgres.start()

    def _restart_broker(self) -> None:
        self.broker.stop()
        time.sleep(DURING_S)
        self.broker.start()

    def _kill_broker(self) -> None:
        self.broker.kill()
        self._note_window()
        time.sleep(DURING_S)
        self.broker.start()

    def _kill_broker_with_queue(self) -> None:
        """Nobody takes from it: what it had not written when it was killed is gone."""
        for bridge in self.bridges:
            bridge.kill()
        time.sleep(DURING_S)
        self._kill_broker()
        for bridge in self.bridges:
            bridge.launch()

    def _cut(self) -> None:
        self.network.cut()
        time.sleep(DURING_S)
        self.network.heal()

    def _swallow(self) -> None:
        self.network.swallow()
        wait_until(lambda: all(readiness(bridge.settings).get("broker") != "ok" for bridge in self.bridges))
        self.network.heal()

    def _shift_clock(self, seconds: float) -> None:
        for bridge in self.bridges:
            bridge.shift_clock(seconds)
        time.sleep(DURING_S)
        for bridge in self.bridges:
            bridge.shift_clock(0)

    def fill_disk(self) -> None:
        """No room is left for PostgreSQL, and then there is some again."""
        assert self.disk is not None
        ballast = self.disk / "ballast"
        with suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1024 * 1024))
        wait_until(lambda: any(readiness(bridge.settings).get("database") != "ok" for bridge in self.bridges))
        ballast.unlink()
        if self.postgres.process is None or self.postgres.process.poll() is not None:
            self.postgres.start()  # without room for its log it ends, and its keeper starts it again

    # -- what a killed broker may forget -----------------------------------------------------------------

    def _note_window(self) -> None:
        """What it took after its last snapshot is what it may lose."""
        written_at = (self.broker.folder / "mosquitto.db").stat().st_mtime
        taken = self.sensors.acknowledged_at
        self.window = {reading for reading, at in list(taken.items()) if at >= written_at}

    def wait_for_snapshot(self) -> None:
        """Until the broker's file holds everything that is settled: none of it comes again."""
        began = time.time()
        file = self.broker.folder / "mosquitto.db"
        wait_until(lambda: file.stat().st_mtime > began + 0.1)

    # -- the account -------------------------------------------------------------------------------------

    def run(self, blow: Blow) -> None:
        """One blow under load, and the account after it."""
        self.window = set()
        began = time.monotonic()
        self.wait_for_snapshot()
        self.sensors.start(blow.kinds)
        time.sleep(BEFORE_S)
        blow.strike()
        time.sleep(BEFORE_S)
        self.sensors.stop()
        lost = self._settle(blow)
        self._check(blow)
        self._note(blow, lost, time.monotonic() - began)

    def _settle(self, blow: Blow) -> set[tuple[str, int]]:
        """Wait until nothing of what was sent is missing but what may be lost; returns that."""
        deadline = time.monotonic() + SETTLE_S
        quiet_since, before = time.monotonic(), -1
        while True:
            with suppress(psycopg.Error, StoreError):
                missing, received = self._missing(), self._received()
                if received != before:
                    quiet_since, before = time.monotonic(), received
                quiet_s = time.monotonic() - quiet_since
                if not missing.readings - self.window and not missing.others and self._is_ready():
                    if not missing.readings:
                        return set()
                    if quiet_s > 10.0:  # what the broker forgot does not come
                        self.lost |= missing.readings
                        return missing.readings
            assert time.monotonic() < deadline, f"after {blow.name}: {missing} missing"
            time.sleep(0.2)

    def _is_ready(self) -> bool:
        return all(readiness(bridge.settings).get("ready") is True for bridge in self.bridges)

    def _received(self) -> int:
        return int(self.town.ask("select coalesce(sum(messages_received), 0) from device_counter")[0][0])

    def _missing(self) -> "Missing":
        sent = self.sensors.sent
        readings = set()
        others = 0
        for device in self.town.topics:
            stored = {int(value) for value in self.town.series(device)}
            readings |= {(device, number) for number in sent.timed[device] - stored}
            others += len(sent.untimed[device]) - self.town.count(device, "pm10")
        others += sum(sent.bad.values()) - len(self.town.quarantine())
        return Missing(readings - self.lost, max(others, 0))

    def _check(self, blow: Blow) -> None:
        sent = self.sensors.sent
        for device in self.town.topics:
            lost = {number for name, number in self.lost if name == device}
            expected = sorted(float(number) for number in sent.timed[device] - lost)
            assert self.town.series(device) == expected, f"after {blow.name}: {device} is not as it was sent"
            untimed = sorted(self.town.series(device, "pm10"))
            assert untimed == sorted(map(float, sent.untimed[device])), f"after {blow.name}: {device}"
            self.town.counters(device)  # checks their equation
            newest = max(sent.timed[device] - lost, default=0)
            assert self._current(device) == newest, f"after {blow.name}: late overwrote newer"
        assert self.lost <= set(self.sensors.acknowledged_at)
        reasons = Counter(reason for _, reason in self.town.quarantine())
        assert reasons == {kind.value: number for kind, number in sent.bad.items()}, f"after {blow.name}"

    def _current(self, device: str) -> int:
        entity_id = f"urn:ngsi-ld:AirQualityObserved:{device}"
        found = self.town.store.get_entities(self.town.access, [entity_id]).get(entity_id)
        if found is None:
            return 0
        values = [one for name, one in found.attributes.items() if name.endswith("/pm25")]
        if not values:
            return 0
        [[pm25]] = values
        assert pm25.observed_at == (T0_MS + int(pm25.value) * 1000) * 1000
        return int(pm25.value)

    def _note(self, blow: Blow, lost: set[tuple[str, int]], seconds: float) -> None:
        totals = Counter[str](published=self.sensors.sent.messages)
        [row] = self.town.ask(
            "select sum(messages_stored), sum(messages_duplicate), sum(values_late), "
            "sum(messages_quarantined) from device_counter"
        )
        totals.update(dict(zip(("stored", "repeated", "late", "quarantined"), map(int, row), strict=True)))
        one: Any = {name: totals[name] - self._totals[name] for name in totals}
        self._totals = totals
        self.rows.append(Row(blow=blow.name, **one, lost=len(lost), seconds=seconds))


class Missing(NamedTuple):
    """What has not arrived yet: readings with a time, and how many other messages."""

    readings: set[tuple[str, int]]
    others: int


@pytest.fixture
def disk() -> Iterator[Path]:
    """A small disk of its own for PostgreSQL.

    Not in the test's folder: pytest could not remove what a killed test leaves mounted there.
    """
    folder = Path(tempfile.mkdtemp(prefix="machi-chaos-"))
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=755", "machi-chaos", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        folder.rmdir()
        pytest.skip("a full disk needs root, to mount a small one")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folder.rmdir()


@contextmanager
def _chaos(folder: Path, broker: Mosquitto, disk: Path | None = None) -> Iterator[Chaos]:
    small = {"max_wal_size": "64MB", "min_wal_size": "32MB", "wal_recycle": "off", "shared_buffers": "64MB"}
    postgres = EmbeddedPostgres((disk or folder) / "postgres", settings=small)
    with postgres, Proxy(broker.port) as network:
        migrate(postgres.url)
        found = Chaos(postgres, broker, network, disk)
        try:
            found.start()
            yield found
        finally:
            _print_table(found)
            found.close()


def test_every_message_is_accounted_for_whatever_fails(
    tmp_path: Path, mosquitto_factory: MosquittoFactory
) -> None:
    with _chaos(tmp_path, mosquitto_factory()) as chaos:
        until = time.monotonic() + LAST_S
        blows = chaos.blows()
        for blow in blows:
            chaos.run(blow)
        while time.monotonic() < until:
            chaos.run(chaos.random.choice(blows))
    assert {row.blow for row in chaos.rows} == {blow.name for blow in blows}
    assert all(row.lost == 0 for row in chaos.rows if not row.blow.startswith("mosquitto killed"))


def test_every_message_is_accounted_for_when_the_disk_was_full(
    tmp_path: Path, mosquitto_factory: MosquittoFactory, disk: Path
) -> None:
    with _chaos(tmp_path, mosquitto_factory(), disk) as chaos:
        chaos.run(Blow("disk full", chaos.fill_disk))
    assert [row.lost for row in chaos.rows] == [0]


def _print_table(chaos: Chaos) -> None:
    columns = Row._fields[1:]
    print(f"\n{'blow':<24}" + "".join(f"{name:>12}" for name in columns))  # noqa: T201
    for row in chaos.rows:
        numbers = "".join(f"{number:>12}" for number in row[1:-1])
        print(f"{row.blow:<24}{numbers}{row.seconds:>12.1f}")  # noqa: T201
    print(f"seed {SEED}; killed brokers may lose what came after their last snapshot, about 2 s")  # noqa: T201
