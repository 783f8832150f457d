"""The fire drill: everything that may fail does, and at the end every notification is accounted for.

Fifty subscriptions to receivers that answer 200, 500 at random, hang, close, redirect, or are away for half a
minute; two APIs with live streams of both kinds; api, bridge and notifier killed, Redis flushed and stopped,
PostgreSQL restarted, while sensors go on sending. MACHI_TEST_DRILL_S sets for how long (make soak).
"""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import paho.mqtt.client as mqtt
import pytest
import redis
from paho.mqtt.enums import CallbackAPIVersion

from deploy.embedded.ports import free_port
from tests.acceptance.drill_receivers import KINDS, Receivers
from tests.acceptance.drill_streams import SSE, WEB_SOCKET, Follower
from tests.support.town import Town

SUBSCRIPTIONS = 50
DEVICES = 10
LOAD_S = float(os.environ.get("MACHI_TEST_DRILL_S", "20"))
PUBLISH_EVERY_S = 0.5
BLOW_EVERY_S = 2.0 if LOAD_S < 300 else 10.0
AWAY_S = 30.0
BLOWS = (
    "receivers away",
    "notifier killed",
    "bridge killed",
    "api killed",
    "redis flushed",
    "redis stopped",
    "postgresql restarted",
)
SETTLE_S = 240.0
SEED = 20_261_123


class Sensors:
    """Devices that send a new reading each, in order; each publish waits for the broker's acknowledgement."""

    def __init__(self, port: int, devices: list[dict[str, Any]]) -> None:
        self._devices = devices
        self._clients: list[mqtt.Client] = []
        for device in devices:
            client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=device["id"])
            client.username_pw_set(device["mqtt"]["username"], device["mqtt"]["password"])
            client.connect("127.0.0.1", port)
            client.loop_start()
            self._clients.append(client)
        self._at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
        self.sent: list[str] = []
        """observedAt of every reading; all devices have the same."""

    def publish(self) -> None:
        """One reading of every device."""
        self._at += timedelta(seconds=1)
        text = self._at.strftime("%Y-%m-%dT%H:%M:%SZ")
        reading = json.dumps({"observedAt": text, "pm25": float(len(self.sent) + 1)})
        sent = [
            client.publish(device["mqtt"]["topic"], reading, qos=1)
            for client, device in zip(self._clients, self._devices, strict=True)
        ]
        for one in sent:
            one.wait_for_publish(60)
            assert one.is_published()
        self.sent.append(text)

    def close(self) -> None:
        """Disconnect."""
        for client in self._clients:
            client.disconnect()
            client.loop_stop()


class SecondApi:
    """Another API on the same database and Redis; started again by us, as the launcher does with its own."""

    def __init__(self, town: Town) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._town = town
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it where it does not run, without waiting."""
        if self._process is not None and self._process.poll() is None:
            return
        own = {"MACHI_HTTP_PORT": str(self.port), "MACHI_INSTANCE": "api-2"}
        with (self._town.folder / "api-2.txt").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "deploy", "api"],
                cwd=self._town.folder,
                env=self._town.environment | own,
                stdout=log,
                stderr=log,
            )

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)


class Drill:
    """One installation and what is done to it."""

    def __init__(self, town: Town, receivers: Receivers) -> None:
        self.town = town
        self.receivers = receivers
        self.blows: list[str] = []
        self.second = SecondApi(town)
        self.second.start()
        self.followers: list[Follower] = []
        self._away_until = 0.0
        self._random = random.Random(SEED)
        self._order = list(BLOWS)
        self._api = httpx.Client(
            base_url=town.url, headers={"Authorization": f"Bearer {town.key}"}, timeout=30, trust_env=False
        )

    def ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        """Ask the API until it answers: it is killed now and then."""
        deadline = time.monotonic() + 90
        while True:
            with contextlib.suppress(httpx.TransportError):
                answer = self._api.request(method, path, **given)
                if answer.status_code < 500:
                    return answer
            assert time.monotonic() < deadline, f"the API does not come back\n{self.town.output}"
            time.sleep(0.1)

    def register(self, number: int) -> dict[str, Any]:
        """A device of its own."""
        draft = {"id": f"aq-{number:03}", "profile": "air-quality"}
        answer = self.ask("POST", "/api/v1/devices", json=draft)
        assert answer.status_code == 201, answer.text
        device: dict[str, Any] = answer.json()
        return device

    def subscribe(self, number: int, entity_id: str) -> None:
        """Subscribe a receiver to one sensor; kinds take turns."""
        kind = KINDS[number % len(KINDS)]
        endpoint = {"uri": self.receivers.url(kind, str(number)), "timeout": 1_000}
        document = {
            "id": f"urn:ngsi-ld:Subscription:{number:03}",
            "type": "Subscription",
            "entities": [{"type": "AirQualityObserved", "id": entity_id}],
            "watchedAttributes": ["pm25"],
            "notification": {"endpoint": endpoint},
        }
        answer = self.ask("POST", "/ngsi-ld/v1/subscriptions", json=document)
        assert answer.status_code == 201, answer.text

    def overviews(self) -> list[dict[str, Any]]:
        """How all subscriptions stand, by number; the equation is checked."""
        found: list[dict[str, Any]] = self.ask("GET", "/api/v1/subscriptions", params={"limit": 100}).json()[
            "subscriptions"
        ]
        for one in found:
            counts = one["counts"]
            assert counts["matched"] == sum(n for name, n in counts.items() if name != "matched"), one
        return found

    def strike(self) -> None:
        """Something fails."""
        turn = len(self.blows)
        blows: dict[str, Callable[[], None]] = {
            "receivers away": self._receivers_away,
            "notifier killed": lambda: self._kill("notifier"),
            "bridge killed": lambda: self._kill("bridge"),
            "api killed": lambda: self._kill("api"),
            "redis flushed": self._flush_redis,
            "redis stopped": self._stop_redis,
            "postgresql restarted": self._restart_postgres,
        }
        if turn and turn % len(BLOWS) == 0:
            self._random.shuffle(self._order)
        name = self._order[turn % len(BLOWS)]
        blows[name]()
        self.blows.append(name)

    def attend(self) -> None:
        """What was struck down comes back after its time."""
        self.second.start()
        if self._away_until and time.monotonic() >= self._away_until:
            self._away_until = 0.0
            self.receivers.come_back()

    @property
    def is_over(self) -> bool:
        """Every blow was dealt, and who was away is back."""
        return set(BLOWS) <= set(self.blows) and not self._away_until

    def follow(self) -> None:
        """Open a stream of each kind at each API."""
        for url in (self.town.url, self.second.url):
            for kind in (SSE, WEB_SOCKET):
                asked = {"type": "AirQualityObserved", "attrs": "pm25", "pick": "id,pm25"}
                follower = Follower(url, self.town.key, kind, **asked)
                self.followers.append(follower)
                follower.start()

    def close(self) -> None:
        """Forget the connections."""
        for follower in self.followers:
            follower.stop()
        self._api.close()
        self.second.stop()

    def _receivers_away(self) -> None:
        if not self._away_until:
            self._away_until = time.monotonic() + AWAY_S
            self.receivers.die()

    def _kill(self, name: str) -> None:
        pids = [
            pid for pid, command in self.town.processes().items() if command.endswith(f"-m deploy {name}")
        ]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _flush_redis(self) -> None:
        with contextlib.suppress(redis.RedisError), self._redis() as client:
            client.flushall()

    def _stop_redis(self) -> None:
        with contextlib.suppress(redis.RedisError), self._redis() as client:
            client.shutdown(nosave=True)

    def _redis(self) -> "redis.Redis":
        running = json.loads((self.town.data / "running.json").read_text())
        return redis.Redis.from_url(running["redis_url"])

    def _restart_postgres(self) -> None:
        for pid_file in self.town.data.glob("postgres/**/postmaster.pid"):
            # One that is just starting may have no whole file yet: it is down, which is what was wanted
            with contextlib.suppress(ProcessLookupError, FileNotFoundError, IndexError, ValueError):
                os.kill(int(pid_file.read_text().split()[0]), signal.SIGINT)


@pytest.fixture
def receivers() -> Iterator[Receivers]:
    found = Receivers(SEED)
    yield found
    found.stop()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    running = Town(tmp_path, MACHI_SIMULATE="0", MACHI_NOTIFY_RETRY_LONGEST="2")
    running.start(120)
    yield running
    running.close()


@pytest.mark.mosquitto
@pytest.mark.timeout(LOAD_S + AWAY_S + 3 * SETTLE_S)
def test_every_notification_is_accounted_for(town: Town, receivers: Receivers) -> None:
    drill = Drill(town, receivers)
    devices = [drill.register(number) for number in range(DEVICES)]
    for number in range(SUBSCRIPTIONS):
        drill.subscribe(number, devices[number % DEVICES]["entityId"])
    sensors = Sensors(town.mqtt_port, devices)
    try:
        drill.follow()
        _send(drill, sensors)
        receivers.recover()
        _wait_settled(drill, len(sensors.sent))
        _wait_told(drill, len(sensors.sent) * DEVICES)
        _print_table(drill, len(sensors.sent))
        _check(drill, sensors.sent, [device["entityId"] for device in devices])
    finally:
        sensors.close()
        drill.close()


def _send(drill: Drill, sensors: Sensors) -> None:
    """Sensors send, and every few seconds something fails; it ends after the time, with every blow dealt."""
    end = time.monotonic() + LOAD_S
    next_blow = time.monotonic() + BLOW_EVERY_S
    while time.monotonic() < end or not drill.is_over:
        began = time.monotonic()
        drill.attend()
        sensors.publish()
        if time.monotonic() >= next_blow:
            drill.strike()
            next_blow = time.monotonic() + BLOW_EVERY_S
        time.sleep(max(0.0, PUBLISH_EVERY_S - (time.monotonic() - began)))


def _kind(overview: dict[str, Any]) -> str:
    return KINDS[int(overview["id"].rsplit(":", 1)[1]) % len(KINDS)]


def _wait_settled(drill: Drill, readings: int) -> None:
    """All readings have matched, and nothing waits but for the receivers that redirect for ever."""
    deadline = time.monotonic() + SETTLE_S
    while True:
        found = drill.overviews()
        open_ = [
            (one["id"], one["counts"], one["lastError"])
            for one in found
            if one["counts"]["matched"] < readings
            or (one["counts"]["waiting"] > 0 and _kind(one) != "redirecting")
        ]
        if len(found) == SUBSCRIPTIONS and not open_:
            return
        assert time.monotonic() < deadline, open_
        time.sleep(0.5)


def _wait_told(drill: Drill, changes: int) -> None:
    """All streams have been told of as many changes as there were."""
    deadline = time.monotonic() + SETTLE_S
    while any(sum(one.kind == "change" for one in each.events) < changes for each in drill.followers):
        drill.attend()
        told = [(each.kind, each.url, len(each.events)) for each in drill.followers]
        assert time.monotonic() < deadline, f"{changes} changes, and told: {told}"
        time.sleep(0.2)


def _print_table(drill: Drill, readings: int) -> None:
    columns = ("matched", "delivered", "coalesced", "waiting", "deadLettered", "cancelled")
    overviews = drill.overviews()
    print(f"\n{readings} readings of {DEVICES} sensors, {SUBSCRIPTIONS} subscriptions")  # noqa: T201
    print("blows: " + ", ".join(drill.blows))  # noqa: T201
    print(f"{'receivers':<12} " + " ".join(f"{name:>12}" for name in (*columns, "received")))  # noqa: T201
    for kind in KINDS:
        own = [one for one in overviews if _kind(one) == kind]
        sums = [sum(one["counts"][name] for one in own) for name in columns]
        paths = [str(int(one["id"].rsplit(":", 1)[1])) for one in own]
        received = sum(len(drill.receivers.seen[path]) for path in paths)
        print(f"{kind:<12} " + " ".join(f"{number:>12}" for number in (*sums, received)))  # noqa: T201

    print(f"{'streams':<20} {'connected':>12} {'changes':>12}")  # noqa: T201
    for each in drill.followers:
        told = sum(one.kind == "change" for one in each.events)
        print(f"{each.kind:<20} {each.opened:>12} {told:>12}")  # noqa: T201


def _check_streams(drill: Drill, sent: list[str], entities: list[str]) -> None:
    """Every change came once, in the order of its number, and of each entity in the order of its readings."""
    for each in drill.followers:
        assert not [one for one in each.events if one.kind == "gap"], each.kind
        told = [(one.id, one.data["data"][0]) for one in each.events if one.kind == "change"]
        ids = [number for number, _ in told]
        assert ids == sorted(set(ids), key=lambda number: number or 0), each.kind
        for entity in entities:
            seen = [data["pm25"]["observedAt"] for _, data in told if data["id"] == entity]
            assert seen == sent, f"{each.kind} at {each.url}: {entity} lost, doubled or out of order"


def _check(drill: Drill, sent: list[str], entities: list[str]) -> None:
    overviews = {int(one["id"].rsplit(":", 1)[1]): one for one in drill.overviews()}
    assert set(drill.blows) == set(BLOWS)
    assert drill.receivers.refused > 0
    for number in range(SUBSCRIPTIONS):
        one = overviews[number]
        assert one["counts"]["matched"] == len(sent), one
        if _kind(one) == "redirecting":
            assert one["counts"]["delivered"] == 0
            assert "redirects are not followed" in one["lastError"]
            continue
        assert one["counts"]["delivered"] == len(sent), one
        assert one["counts"]["deadLettered"] == 0, one
        seen = drill.receivers.seen[str(number)]
        assert {each.entity_id for each in seen} == {entities[number % DEVICES]}
        in_order = list(dict.fromkeys(each.observed_at for each in seen))
        assert in_order == sent, f"subscription {number}: lost or out of order"
    for told, ids in drill.receivers.ids.items():
        assert len(ids) == 1, f"{told} came with {ids}"
    _check_streams(drill, sent, entities)
