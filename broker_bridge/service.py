"""The bridge as a process: its threads, its start and its end."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import SimpleQueue

from broker_bridge.errors import BridgeError
from broker_bridge.health import HealthServer, Observer
from broker_bridge.metrics import Metrics
from broker_bridge.models import Incoming
from broker_bridge.mqtt_client import MqttClient
from broker_bridge.pipeline import Pipeline
from broker_bridge.sessions import SessionNames
from broker_bridge.settings import BridgeSettings
from context_api.store import heartbeat
from context_api.store.database import Database, open_database
from context_api.store.errors import StoreError
from context_api.store.store import Store
from devices.sources import Sources

_log = logging.getLogger(__name__)

IDLE_S = 0.25
"""How often an idle bridge looks whether it is to stop."""
DRAIN_S = 4.0
"""For writing what was taken when the bridge is told to stop; the rest comes again after the restart."""


def run(settings: BridgeSettings, stop: threading.Event) -> None:
    """Carry messages from the broker to the store until `stop`, then finish what was taken and disconnect.

    Broker and database may be away, at the start too: /readyz says so, and nothing is acknowledged that is
    not committed. Raises BridgeError when a thread of the bridge died: the process is to be started anew.
    """
    database = open_database(settings.database_url, pool_max=3)
    try:
        _Bridge(settings, database).run(stop)
    finally:
        database.close()


class _Bridge:
    """The parts, put together."""

    def __init__(self, settings: BridgeSettings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._ended = threading.Event()
        self._metrics = Metrics()
        inbox: SimpleQueue[Incoming] = SimpleQueue()
        self._client = MqttClient(settings, inbox.put)
        self._sources = Sources(database)
        self._pipeline = Pipeline(
            settings,
            inbox=inbox,
            broker=self._client,
            directory=self._sources,
            store=Store(database),
            sessions=SessionNames(database, settings.client_id),
            metrics=self._metrics,
        )
        self._observer = Observer(self._client, self._pipeline)
        _watch(self._metrics, self._client, inbox)

    def run(self, stop: threading.Event) -> None:
        threads = [
            threading.Thread(target=self._sources.watch, args=(self._ended,), name="sources", daemon=True),
            threading.Thread(target=self._beat, name="heartbeat", daemon=True),
        ]
        with _health_server(self._settings, self._observer, self._metrics):
            for thread in threads:
                thread.start()
            self._client.start()
            try:
                self._work(stop)
            finally:
                self._client.close()
                self._ended.set()
                for thread in threads:
                    thread.join(2.0)
                self._take_leave()

    def _work(self, stop: threading.Event) -> None:
        while not stop.is_set():
            stop.wait(self._pipeline.turn(IDLE_S))
            if not self._client.is_alive:
                raise BridgeError("the network thread died")
        self._client.stop_taking()
        self._pipeline.drain(time.monotonic() + DRAIN_S)

    def _beat(self) -> None:
        """Write a sign of life every few seconds; that is the probe of the database too."""
        instance = self._settings.instance
        while not self._ended.is_set():
            health = self._observer.health()
            try:
                heartbeat.beat(
                    self._database, "bridge", instance, ready=health.is_ready, detail=health.detail
                )
                self._observer.database_trouble = None
            except StoreError as error:
                self._observer.database_trouble = " ".join(str(error).split())
            self._ended.wait(heartbeat.INTERVAL_S)

    def _take_leave(self) -> None:
        """An orderly end is not to be missed; with the database away it would only take longer."""
        if self._observer.health().parts["database"] == "ok":
            with suppress(StoreError):
                heartbeat.forget(self._database, "bridge", self._settings.instance)


def _watch(metrics: Metrics, client: MqttClient, inbox: "SimpleQueue[Incoming]") -> None:
    for name, text, value in (
        ("in_flight_messages", "Messages taken and not committed", lambda: client.in_flight[0]),
        ("in_flight_bytes", "Payload bytes of the same", lambda: client.in_flight[1]),
        ("waiting_messages", "Messages taken and not yet in a batch", inbox.qsize),
        ("connections", "Connections the broker accepted since the start", lambda: client.connections),
        (
            "redelivered_in_flight",
            "Redeliveries of messages that were in the pipeline",
            lambda: client.redelivered_in_flight,
        ),
        ("broker_ready", "1 = connected and subscribed", lambda: client.state.is_ready),
    ):
        metrics.watch(f"machi_bridge_{name}", text, value)


@contextmanager
def _health_server(settings: BridgeSettings, observer: Observer, metrics: Metrics) -> Iterator[None]:
    if settings.http_port is None:
        yield
        return
    server = HealthServer(settings.http_host, settings.http_port, observer.health, metrics.render)
    _log.info("Health is served", extra={"action": "health", "port": server.port})
    server.start()
    try:
        yield
    finally:
        server.stop()
