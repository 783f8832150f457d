"""What the bridge's benchmarks share: servers, devices, a publisher, the bridge as a process, figures."""

import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import psycopg
from paho.mqtt.client import Client, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from broker_bridge import BridgeSettings, run
from context_api.store.database import open_database
from context_api.store.migrate import migrate
from context_api.store.store import Store
from deploy.embedded.mosquitto import Mosquitto
from deploy.embedded.postgres import EmbeddedPostgres
from devices.model import DeviceDraft, Registered
from devices.registry import DeviceRegistry

VALUES = ("pm25", "pm10", "no2", "temperature", "humidity")
QUEUED = 5_000
"""paho's time per PUBACK grows with what waits behind it."""
_spawn = multiprocessing.get_context("spawn")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Bench:
    """The servers of one run."""

    postgres: EmbeddedPostgres
    broker: Mosquitto
    topics: list[str]


@contextmanager
def servers(folder: Path, devices: int) -> Iterator[Bench]:
    """PostgreSQL as `make run` starts it (durable), mosquitto, and registered devices."""
    with EmbeddedPostgres(folder / "postgres") as postgres, Mosquitto(folder / "mosquitto") as broker:
        migrate(postgres.url)
        yield Bench(postgres, broker, _register(postgres.url, devices))


def _register(url: str, count: int) -> list[str]:
    database = open_database(url)
    try:
        access = Store(database).tenant("default")
        drafts = [
            DeviceDraft(
                id=f"aq-{number:04d}",
                profile="air-quality",
                location={"type": "Point", "coordinates": [139.4 + number / 1e4, 35.75]},
            )
            for number in range(count)
        ]
        registered = DeviceRegistry(database).register_many(access, drafts)
        return [
            one.credentials.topic for one in registered if isinstance(one, Registered) and one.credentials
        ]
    finally:
        database.close()


# -- the publisher ---------------------------------------------------------------------------------------


def publish(port: int, topics: list[str], count: int, rate: float, result: Connection) -> None:
    """Publish `count` messages at `rate` per second (0 = as fast as it goes); sends how many got a PUBACK.

    Every message of a device has a time of its own, so what is stored can be compared with what was sent.
    """
    client = Client(CallbackAPIVersion.VERSION2, client_id="publisher", clean_session=True)
    client.max_inflight_messages = 1_000
    client.max_queued_messages = 0
    client.connect("127.0.0.1", port)
    client.loop_start()
    began = time.time()
    infos: list[MQTTMessageInfo] = []
    last = dict.fromkeys(topics, 0)
    for number in range(count):
        if rate:
            _sleep_until(began + number / rate)
        topic = topics[number % len(topics)]
        last[topic] = at = max(int(time.time() * 1000), last[topic] + 1)
        infos.append(client.publish(topic, _payload(at, number), 1))
        if not rate and number % QUEUED == QUEUED - 1:
            infos[-1].wait_for_publish(60)
    for info in infos:
        info.wait_for_publish(60)
    result.send((sum(info.is_published() for info in infos), time.time() - began))
    client.disconnect()
    client.loop_stop()


def _payload(at: int, number: int) -> bytes:
    values = {name: round(10 + (number * 7 + i * 3) % 97 / 7, 2) for i, name in enumerate(VALUES)}
    return json.dumps({"observedAt": at, **values}).encode()


def _sleep_until(moment: float) -> None:
    pause = moment - time.time()
    if pause > 0.0005:
        time.sleep(pause)


class Publishing:
    """A publisher in a process of its own."""

    def __init__(self, bench: Bench, count: int, rate: float) -> None:
        self._receiver, sender = _spawn.Pipe(duplex=False)
        self._process = _spawn.Process(
            target=publish, args=(bench.broker.port, bench.topics, count, rate, sender), daemon=True
        )
        self._process.start()

    def wait(self) -> tuple[int, float]:
        """Messages that the broker acknowledged, and the seconds it took."""
        acknowledged, seconds = self._receiver.recv()
        self._process.join()
        return acknowledged, seconds


# -- the bridge ------------------------------------------------------------------------------------------


def bridge_settings(bench: Bench) -> BridgeSettings:
    """As shipped, but for quicker reconnection, so that a run stays short."""
    return BridgeSettings(database_url=bench.postgres.url, mqtt_url=bench.broker.url, backoff_max_s=2.0)


def _serve(settings: BridgeSettings) -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _signal, _frame: stop.set())
    run(settings, stop)


def start_bridge(settings: BridgeSettings) -> BaseProcess:
    """The bridge in a process that can be killed."""
    process = _spawn.Process(target=_serve, args=(settings,), daemon=True)
    process.start()
    return process


def stop_bridge(process: BaseProcess) -> None:
    """Ask it to end, and see that it does."""
    process.terminate()
    process.join(15)
    if process.exitcode != 0:
        raise RuntimeError(f"the bridge ended with {process.exitcode}")


def rss_mb(pid: int) -> float:
    """Resident memory of a process, MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 1e6


def cpu_s(pid: int) -> float:
    """Processor seconds a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def tree_cpu_s(pid: int) -> float:
    """Processor seconds of a process and its children, those that have ended included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    ended = (int(fields[13]) + int(fields[14])) / _TICKS
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return cpu_s(pid) + ended + sum(cpu_s(int(child)) for child in children)


# -- the bare drain --------------------------------------------------------------------------------------


def subscribe_bare(bench: Bench) -> None:
    """Make the session whose queue `drain_bare` will empty."""
    client = _bare_client()
    client.connect("127.0.0.1", bench.broker.port)
    subscribed = threading.Event()
    client.on_subscribe = lambda *_: subscribed.set()
    client.subscribe("machi/v1/+/+/up", 1)
    while not subscribed.is_set():
        client.loop(0.1)
    client.disconnect()
    client.loop_write()


def drain_bare(bench: Bench, count: int) -> float:
    """Messages per second of paho alone: its own loop, JSON parsed, acknowledged one by one."""
    client = _bare_client()
    taken = 0

    def on_message(client: Client, _userdata: object, message: object) -> None:
        nonlocal taken
        json.loads(message.payload)  # type: ignore[attr-defined]
        client.ack(message.mid, 1)  # type: ignore[attr-defined]
        taken += 1

    client.on_message = on_message
    client.connect("127.0.0.1", bench.broker.port)
    began = time.monotonic()
    while taken < count:
        if client.loop(1.0) != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise RuntimeError("the bare client lost its connection")
    seconds = time.monotonic() - began
    client.disconnect()
    client.loop_write()
    return count / seconds


def _bare_client() -> Client:
    return Client(CallbackAPIVersion.VERSION2, client_id="bare", clean_session=False, manual_ack=True)


# -- what came of it -------------------------------------------------------------------------------------

_COUNTERS = (
    "messages_received",
    "messages_stored",
    "messages_duplicate",
    "messages_corrected",
    "messages_ignored",
    "messages_quarantined",
    "values_received",
    "values_stored",
    "values_duplicate",
    "values_corrected",
    "values_ignored",
    "values_quarantined",
)


def counters(url: str) -> Mapping[str, int]:
    """The device counters, summed."""
    sums = ", ".join(f"coalesce(sum({name}), 0)::bigint" for name in _COUNTERS)
    with psycopg.connect(url) as connection:
        row = connection.execute(f"select {sums} from machi.device_counter".encode()).fetchone()
    return dict(zip(_COUNTERS, row or (), strict=True))


def stored_values(url: str) -> int:
    """Values in the history that carry the time of a message."""
    with psycopg.connect(url) as connection:
        row = connection.execute("select count(*) from machi.observation where has_observed_at").fetchone()
    return int(row[0]) if row else 0


def ages_ms(url: str) -> tuple[float, float]:
    """Median and 99th percentile of publication -> recorded, ms."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "select percentile_cont(array[0.5, 0.99]) within group"
            " (order by extract(epoch from recorded_at - at)) from machi.observation where has_observed_at"
        ).fetchone()
    median, high = row[0] if row else (0.0, 0.0)
    return median * 1000, high * 1000


def wait_for_values(url: str, expected: int, timeout_s: float) -> float:
    """Seconds until so many values are stored, or the timeout; survives a database that is away."""
    began = time.monotonic()
    while time.monotonic() - began < timeout_s:
        try:
            if counters(url)["values_stored"] >= expected:
                break
        except psycopg.OperationalError:
            time.sleep(0.2)
        time.sleep(0.05)
    return time.monotonic() - began
