"""One session and all that serves it: a client and a few writers, in threads of their own.

A writer is an inbox and a pipeline: while the database works for one, Python works for another. The messages
of a topic, and so those of a device, all go to the same one.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from queue import SimpleQueue
from typing import TYPE_CHECKING
from zlib import crc32

from broker_bridge.errors import BridgeError
from broker_bridge.metrics import Metrics
from broker_bridge.models import Incoming
from broker_bridge.mqtt_client import MqttClient
from broker_bridge.parts import Part
from broker_bridge.pipeline import Pipeline
from broker_bridge.sessions import SessionNames
from broker_bridge.settings import BridgeSettings
from context_api.store.access import Access
from context_api.store.bridge_seats import Tenure
from context_api.store.database import Database
from context_api.store.deliveries_in import Delivery, DeliveryOutcome
from context_api.store.store import Store
from devices.sources import Sources

if TYPE_CHECKING:
    from context_api.telemetry import Telemetry

IDLE_S = 0.25
"""How often an idle lane looks whether it is to stop."""
DRAIN_S = 4.0
"""For writing what was taken when the bridge is told to stop; the rest comes again after the restart."""


class Lane:
    """Carries the messages of one session until told to stop. A lane that is `leaving` only empties it."""

    def __init__(
        self,
        settings: BridgeSettings,
        part: Part,
        tenure: Tenure,
        *,
        database: Database,
        store: Store,
        sources: Sources,
        metrics: Metrics,
        telemetry: "Telemetry | None" = None,
        is_leaving: bool = False,
    ) -> None:
        self.part = part
        self.tenure = tenure
        self.is_leaving = is_leaving
        self.is_noted = False
        """The database knows that the broker queues messages in this session."""
        self.failure: BaseException | None = None
        own = replace(settings, client_id=part.client_id, subscriptions=part.subscriptions)
        self._inboxes: list[SimpleQueue[Incoming]] = [SimpleQueue() for _ in range(settings.writers)]
        self.client = MqttClient(own, self._deliver, is_ours=part.is_ours, is_leaving=is_leaving)
        sessions = SessionNames(database, part.client_id)
        self.pipelines = [
            Pipeline(
                own,
                inbox=inbox,
                broker=self.client,
                directory=sources,
                store=_Fenced(store, tenure),
                sessions=sessions,
                metrics=metrics,
                telemetry=telemetry,
            )
            for inbox in self._inboxes
        ]
        self._is_stopping = threading.Event()
        self._is_lost = False
        self._thread = threading.Thread(target=self._run, name=part.client_id, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Take nothing more, write what was taken, leave the broker. Does not wait."""
        self._is_stopping.set()

    def abandon(self) -> None:
        """Another bridge has the session: what was taken and not written comes to that one. Does not wait."""
        self._is_lost = True
        self._is_stopping.set()

    def join(self, timeout_s: float) -> None:
        self._thread.join(timeout_s)

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def is_subscribed(self) -> bool:
        """Connected, with every subscription granted."""
        return self.client.state.is_ready and not self.is_leaving

    @property
    def waiting(self) -> int:
        """Messages taken and not yet in a batch."""
        return sum(inbox.qsize() for inbox in self._inboxes)

    def _deliver(self, message: Incoming) -> None:
        self._inboxes[choose_writer(message.topic, len(self._inboxes))].put(message)

    def _run(self) -> None:
        writers = [
            threading.Thread(target=self._write, args=(pipeline,), daemon=True) for pipeline in self.pipelines
        ]
        try:
            self.client.start()
            for writer in writers:
                writer.start()
        finally:
            for writer in writers:
                writer.join()
            self.client.close()

    def _write(self, pipeline: Pipeline) -> None:
        """What one writer does; where it fails, or the session is empty, all stop."""
        try:
            self._work(pipeline)
        except BaseException as error:
            self.failure = self.failure or error
        finally:
            self._is_stopping.set()

    def _work(self, pipeline: Pipeline) -> None:
        while not self._is_stopping.is_set():
            self._is_stopping.wait(pipeline.turn(IDLE_S))
            if not self.client.is_alive:
                raise BridgeError("the network thread died")
            if self.client.is_empty:
                return
        if not self._is_lost:
            self.client.stop_taking()
            pipeline.drain(time.monotonic() + DRAIN_S)


def choose_writer(topic: str, writers: int) -> int:
    """Which writer has the messages of a topic: the same always, which keeps their order."""
    return crc32(topic.encode()) % writers


class _Fenced:
    """The store, for a session that may be another bridge's by now."""

    def __init__(self, store: Store, tenure: Tenure) -> None:
        self._store = store
        self._tenure = tenure

    def ingest(self, access: Access, deliveries: Sequence[Delivery]) -> list[DeliveryOutcome]:
        """As `Store.ingest`; raises SeatLost besides."""
        return self._store.ingest(access, deliveries, self._tenure)
