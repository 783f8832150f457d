"""The bridge as a process: its threads, its start and its end."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from broker_bridge.errors import BridgeError
from broker_bridge.figures import Figures
from broker_bridge.gauges import watch_lanes
from broker_bridge.health import HealthServer, Observer
from broker_bridge.lane import Lane
from broker_bridge.metrics import Metrics
from broker_bridge.parts import Part
from broker_bridge.seating import Seating
from broker_bridge.settings import BridgeSettings
from context_api.store import heartbeat
from context_api.store.bridge_seats import Tenure
from context_api.store.database import Database, open_database
from context_api.store.errors import StoreError
from context_api.store.store import Store
from context_api.tracing import open_telemetry
from devices.sources import Sources

if TYPE_CHECKING:
    from context_api.telemetry import Telemetry

_log = logging.getLogger(__name__)

IDLE_S = 0.25
"""How often the bridge looks whether one of its threads has failed."""
CONNECTIONS = 3
"""Database connections beside those of the writers of each session that is served."""


def run(settings: BridgeSettings, stop: threading.Event) -> None:
    """Carry messages from the broker to the store until `stop`, then finish what was taken and disconnect.

    Broker and database may be away, at the start too: /readyz says so, and nothing is acknowledged that is
    not committed. Raises BridgeError when a thread of the bridge died: the process is to be started anew.
    """
    database = open_database(
        settings.database_url, pool_max=CONNECTIONS + settings.bridges * settings.writers
    )
    try:
        with open_telemetry("bridge", settings.trace_ratio) as telemetry:
            _Bridge(settings, database, telemetry).run(stop)
    finally:
        database.close()


class _Bridge:
    """The parts, put together."""

    def __init__(self, settings: BridgeSettings, database: Database, telemetry: "Telemetry | None") -> None:
        self._settings = settings
        self._telemetry = telemetry
        self._database = database
        self._ended = threading.Event()
        self._metrics = Metrics()
        self._sources = Sources(database)
        self._store = Store(database)
        self._seating = Seating(settings, database, self._open_lane)
        self._observer = Observer(settings, self._seating)
        self._figures = Figures(self._metrics, self._seating)
        watch_lanes(self._metrics, self._seating)

    def _open_lane(self, part: Part, tenure: Tenure, is_leaving: bool) -> Lane:
        return Lane(
            self._settings,
            part,
            tenure,
            database=self._database,
            store=self._store,
            sources=self._sources,
            metrics=self._metrics,
            telemetry=self._telemetry,
            is_leaving=is_leaving,
        )

    def run(self, stop: threading.Event) -> None:
        threads = [
            threading.Thread(target=self._sources.watch, args=(self._ended,), name="sources", daemon=True),
            threading.Thread(target=self._beat, name="heartbeat", daemon=True),
            threading.Thread(target=self._seat, name="seating", daemon=True),
        ]
        with _health_server(self._settings, self._observer, self._metrics):
            for thread in threads:
                thread.start()
            try:
                self._watch_lanes(stop)
            finally:
                self._ended.set()
                self._seating.close(is_database_there=self._is_database_there)
                for thread in threads:
                    thread.join(2.0)
                self._take_leave()

    def _watch_lanes(self, stop: threading.Event) -> None:
        while not stop.wait(IDLE_S):
            for lane in self._seating.lanes:
                if lane.failure is not None:
                    raise BridgeError(f"{lane.part.client_id}: {lane.failure}") from lane.failure

    def _seat(self) -> None:
        """See to our sessions; without the database none is taken, and none is lost."""
        while not self._ended.is_set():
            try:
                self._seating.turn()
                self._observer.seating_trouble = None
            except StoreError as error:
                self._observer.seating_trouble = " ".join(str(error).split())
            self._ended.wait(self._seating.period_s)

    def _beat(self) -> None:
        """Write a sign of life every few seconds; that is the probe of the database too."""
        instance = self._settings.instance
        while not self._ended.is_set():
            health = self._observer.health()
            figures = {**self._figures.take(), "broker": health.parts["broker"]}
            try:
                heartbeat.beat(
                    self._database,
                    "bridge",
                    instance,
                    ready=health.is_ready,
                    detail=health.detail,
                    figures=figures,
                )
                self._observer.database_trouble = None
            except StoreError as error:
                self._observer.database_trouble = " ".join(str(error).split())
            self._ended.wait(heartbeat.INTERVAL_S)

    @property
    def _is_database_there(self) -> bool:
        return self._observer.health().parts["database"] == "ok"

    def _take_leave(self) -> None:
        """An orderly end is not to be missed; with the database away it would only take longer."""
        if self._is_database_there:
            with suppress(StoreError):
                heartbeat.forget(self._database, "bridge", self._settings.instance)


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
