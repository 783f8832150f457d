"""What the bridge's benchmarks share: servers, devices, a publisher, the bridge as a process, figures."""

import gc
import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import psycopg
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from benchmarks import bridge_town as town
from benchmarks.bridge_publisher import publish
from broker_bridge import BridgeSettings, run
from context_api.store.access import Access
from context_api.store.database import Database, connect, open_database
from context_api.store.migrate import migrate
from context_api.store.partitions import create_partitions
from context_api.store.store import Store
from deploy.embedded.mosquitto import Mosquitto
from deploy.embedded.postgres import EmbeddedPostgres
from deploy.process import GC_THRESHOLDS, return_memory
from devices.model import DeviceDraft, Registered
from devices.registry import DeviceRegistry

VALUES = town.VALUES
_spawn = multiprocessing.get_context("spawn")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Bench:
    """The servers of one run."""

    postgres: EmbeddedPostgres
    broker: Mosquitto
    topics: list[str]

    @property
    def broker_pid(self) -> int:
        return self.broker.process.pid if self.broker.process else 0

    @property
    def postgres_pid(self) -> int:
        return self.postgres.process.pid if self.postgres.process else 0


@contextmanager
def servers(folder: Path, devices: int, **settings: str) -> Iterator[Bench]:
    """PostgreSQL as `make run` starts it (durable) but for `settings`, mosquitto, and registered devices."""
    with (
        EmbeddedPostgres(folder / "postgres", settings=settings) as postgres,
        Mosquitto(folder / "mosquitto") as broker,
    ):
        migrate(postgres.url)
        with connect(postgres.url) as connection:
            create_partitions(connection)
        yield Bench(postgres, broker, _register(postgres.url, devices))


def _register(url: str, count: int) -> list[str]:
    with opened(url) as (database, _, access):
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


@contextmanager
def opened(url: str) -> Iterator[tuple[Database, Store, Access]]:
    """The database as the store sees it, in the default tenant."""
    database = open_database(url)
    try:
        store = Store(database)
        yield database, store, store.tenant("default")
    finally:
        database.close()


def entity_ids(devices: int) -> list[str]:
    """The entities that the devices keep up to date."""
    return [f"urn:ngsi-ld:{town.TYPE}:aq-{number:04d}" for number in range(devices)]


def furnish(bench: Bench) -> None:
    """Make the town's entities and subscriptions."""
    with opened(bench.postgres.url) as (_, store, access):
        town.make_entities(store, access, entity_ids(len(bench.topics)))
        town.subscribe(store, access)


# -- the publisher ---------------------------------------------------------------------------------------


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
    gc.set_threshold(*GC_THRESHOLDS)  # as every process of ours
    return_memory()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _signal, _frame: stop.set())
    run(settings, stop)


def start_bridge(settings: BridgeSettings) -> BaseProcess:
    """The bridge in a process that can be killed."""
    process = _spawn.Process(target=_serve, args=(settings,), daemon=True)
    process.start()
    return process


def wait_until_subscribed(url: str, timeout_s: float = 60.0) -> None:
    """Until the broker queues messages for the bridge's session."""
    until = time.monotonic() + timeout_s
    with psycopg.connect(url, autocommit=True) as connection:
        while time.monotonic() < until:
            row = connection.execute(
                "select bool_or(subscribed_at is not null) from machi.bridge_session"
            ).fetchone()
            if row is not None and row[0]:
                return
            time.sleep(0.05)
    raise RuntimeError(f"the bridge has not subscribed within {timeout_s:g} s")


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
    total = cpu_s(pid) + ended
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with suppress(FileNotFoundError):  # ended a moment ago
            total += cpu_s(int(child))
    return total


def cpu_seconds(bench: Bench, bridge: BaseProcess | None) -> dict[str, float]:
    """Processor seconds used so far, by process; of PostgreSQL the backends apart from the rest."""
    backends = sum(map(cpu_s, _backends(bench)))
    return {
        "bridge": cpu_s(bridge.pid) if bridge is not None and bridge.pid is not None else 0.0,
        "postgres_backends": backends,
        "postgres_rest": tree_cpu_s(bench.postgres_pid) - backends,
        "mosquitto": cpu_s(bench.broker_pid),
    }


def _backends(bench: Bench) -> list[int]:
    with psycopg.connect(bench.postgres.url) as connection:
        rows = connection.execute(
            "select pid from pg_stat_activity"
            " where backend_type = 'client backend' and pid <> pg_backend_pid()"
        ).fetchall()
    return [pid for (pid,) in rows]


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
        row = connection.execute(
            "select count(*) from machi.observation o join machi.series s on s.id = o.series_id"
            " where o.has_observed_at and s.unit_code is not null"
        ).fetchone()
    return int(row[0]) if row else 0


def ages_ms(url: str, *, after_s: float = 0.0) -> tuple[float, float]:
    """Median and 99th percentile of publication -> commit, ms; needs track_commit_timestamp.

    Without the messages of the first `after_s` seconds, in which caches fill.
    """
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "with measured as (select o.at, pg_xact_commit_timestamp(o.xmin) - o.at as age"
            " from machi.observation o join machi.series s on s.id = o.series_id"
            " where o.has_observed_at and s.unit_code is not null)"
            " select percentile_cont(array[0.5, 0.99]) within group (order by extract(epoch from age))"
            " from measured where at >= (select min(at) from measured) + make_interval(secs => %s)",
            [after_s],
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
