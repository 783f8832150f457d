"""From messages to committed readings to acknowledgements.

A message leaves this module in one of two ways: its fate (stored, duplicate, ignored, quarantined) is
committed and it is acknowledged, or it is not acknowledged and comes again. What cannot be written now is
held and tried again together with what has arrived meanwhile; the bounds of the MQTT client end that growth.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Protocol

from broker_bridge.backoff import Backoff
from broker_bridge.batch import Batch, BatchLimits
from broker_bridge.errors import Stuck
from broker_bridge.flood import FloodGate
from broker_bridge.intake import Prepared, prepare, quarantined
from broker_bridge.metrics import Metrics
from broker_bridge.models import Incoming
from broker_bridge.settings import BridgeSettings
from broker_bridge.settled import Settled
from context_api.store.access import Access
from context_api.store.deliveries_in import Delivery, DeliveryOutcome
from context_api.store.errors import StoreError, StoreTimeout, is_transient
from devices.model import FoundSource

if TYPE_CHECKING:
    from context_api.telemetry import Telemetry

_log = logging.getLogger(__name__)

SUSPECTS_MAX = 8
"""So many messages refused one by one, and none accepted, is not the messages' fault."""


class Broker(Protocol):
    """What the pipeline needs of the MQTT client."""

    @property
    def session(self) -> int: ...

    @property
    def connections(self) -> int: ...

    def acknowledge(self, messages: Sequence[Incoming]) -> None: ...


class Directory(Protocol):
    """What the pipeline needs of `devices.sources.Sources`."""

    def find_many(self, topics: set[str]) -> Mapping[str, FoundSource]: ...


class Sessions(Protocol):
    """What the pipeline needs of `SessionNames`."""

    def name(self, session: int) -> str: ...


class Ingest(Protocol):
    """What the pipeline needs of the store."""

    def ingest(self, access: Access, deliveries: Sequence[Delivery]) -> list[DeliveryOutcome]: ...


class Pipeline:
    """Takes messages from `inbox`; one thread calls `turn`, any may read `trouble` and `busy_since`."""

    def __init__(
        self,
        settings: BridgeSettings,
        *,
        inbox: "SimpleQueue[Incoming]",
        broker: Broker,
        directory: Directory,
        store: Ingest,
        sessions: Sessions,
        metrics: Metrics,
        telemetry: "Telemetry | None" = None,
    ) -> None:
        self._inbox = inbox
        self._broker = broker
        self._directory = directory
        self._store = store
        self._sessions = sessions
        self._metrics = metrics
        self._clock_ahead_us = int(settings.clock_ahead_s * 1_000_000)
        self._limits = BatchLimits(settings.batch_messages, settings.batch_bytes, settings.batch_age_s)
        self._backoff = Backoff(settings.backoff_min_s, settings.backoff_max_s)
        self._settled = Settled(metrics, telemetry)
        self._flood = FloodGate(settings.device_rate, batch_messages=settings.batch_messages)
        self._held: dict[int, Incoming] = {}
        """By token: tried and not written, in the order of arrival. Bounded as the MQTT client is."""
        self.trouble: str | None = None
        """Why nothing can be written at present."""
        self.busy_since: float | None = None
        """When the batch under way was begun (monotonic)."""

    def turn(self, wait_s: float) -> float:
        """Collect one batch, write it, acknowledge it. Returns the pause to make before the next turn."""
        messages = self._collect(wait_s)
        if not messages:
            self._note_session()
            return 0.0
        self.busy_since = begun_at = time.monotonic()
        try:
            self._write(messages)
        except Exception as error:
            if not (isinstance(error, Stuck) or is_transient(error)):
                raise
            return self._put_off(error)
        finally:
            self.busy_since = None
            self._metrics.batch_messages.observe(len(messages))
            self._metrics.batch_seconds.observe(time.monotonic() - begun_at)
        self._recover()
        return 0.0

    def drain(self, deadline: float) -> None:
        """Write what has been taken already; gives up at `deadline` (monotonic) or when it cannot write."""
        while time.monotonic() < deadline and not self.trouble and not self._inbox.empty():
            self.turn(0.0)

    def _note_session(self) -> None:
        """Have a new broker session named in the database before its first message needs the name."""
        with suppress(StoreError):  # the first message will ask again
            self._sessions.name(self._broker.session)

    def _put_off(self, error: Exception) -> float:
        self._flood.note_outage()
        pause_s = self._backoff.next_s()
        self._metrics.retries.labels(type(error).__name__).inc()
        if self.trouble is None:
            _log.warning("Writing stopped, nothing is acknowledged", extra={"error": str(error)})
        self.trouble = " ".join(str(error).split())
        return pause_s

    def _recover(self) -> None:
        self._backoff.reset()
        if self.trouble is not None:
            _log.info("Writing goes on")
        self.trouble = None

    # -- collecting --------------------------------------------------------------------------------------

    def _collect(self, wait_s: float) -> list[Incoming]:
        """What was held and what is at hand; waits for a first message, hardly for more (see Batch)."""
        batch = Batch(self._limits, time.monotonic())
        for message in self._held.values():
            batch.add(message)
        held = len(batch.messages)
        wait_s = 0.0 if held else wait_s
        while not batch.is_full and self._collect_waiting(batch, wait_s):
            wait_s = batch.wait_s(time.monotonic())
        self._metrics.received.inc(len(batch.messages) - held)
        return batch.messages

    def _collect_waiting(self, batch: Batch, wait_s: float) -> bool:
        """Take a message, waiting for it if need be, and whatever stands behind it. False: there was none."""
        try:
            batch.add(self._inbox.get(wait_s > 0, wait_s))
        except Empty:
            return False
        with suppress(Empty):
            while not batch.is_full:
                batch.add(self._inbox.get_nowait())
        return True

    # -- writing -----------------------------------------------------------------------------------------

    def _write(self, messages: Sequence[Incoming]) -> None:
        """Write each tenant's part; what is written leaves `_held`. Raises StoreError, Stuck."""
        retried = set(self._held)
        self._held = {message.token: message for message in messages}
        sources = self._directory.find_many({message.topic for message in messages})
        by_tenant: dict[tuple[str, int], list[Prepared]] = {}
        is_judged, now = self._flood.begin(len(messages), self._broker.connections), time.monotonic()
        for message in messages:
            source = sources[message.topic]
            held_back = self._flood.hold_back(message, source, now) if is_judged else None
            prepared = held_back or prepare(
                message,
                source,
                session=self._sessions.name(message.session),
                is_retry=message.token in retried,
                clock_ahead_us=self._clock_ahead_us,
            )
            by_tenant.setdefault((source.tenant, source.tenant_id), []).append(prepared)
        for (tenant, tenant_id), part in by_tenant.items():
            self._write_tenant(Access(tenant, tenant_id, "bridge"), part)

    def _write_tenant(self, access: Access, prepared: list[Prepared]) -> None:
        """Write one tenant's messages; whatever breaks a batch is cornered by halving it.

        The store isolates bad rows itself. This is for what it did not foresee: a message that makes it fail
        is set aside, provided that others got through.
        """
        suspects: list[tuple[Prepared, Exception]] = []
        is_any_written = False
        parts = [prepared]
        while parts and (is_any_written or len(suspects) < SUSPECTS_MAX):
            part = parts.pop()
            try:
                outcomes = self._store.ingest(access, [item.delivery for item in part])
            except Exception as error:
                if _is_retried_whole(error, len(part)):
                    raise
                if len(part) == 1:
                    suspects.append((part[0], error))
                else:
                    half = len(part) // 2
                    parts += [part[half:], part[:half]]
            else:
                is_any_written = True
                self._settle(part, outcomes)
        if suspects and not is_any_written:
            raise Stuck(f"no message can be written: {suspects[0][1]}") from suspects[0][1]
        for item, cause in suspects:
            self._set_aside(access, item, cause)

    def _set_aside(self, access: Access, item: Prepared, error: Exception) -> None:
        """Quarantine a message that the store failed on."""
        reason = "store-refused" if isinstance(error, StoreError) else "internal-error"
        detail = f"{type(error).__name__}: {error}"
        delivery = quarantined(item.message, reason, detail, item.delivery.device_id)
        outcomes = self._store.ingest(access, [delivery])
        self._settle([Prepared(item.message, delivery)], outcomes)

    def _settle(self, prepared: Sequence[Prepared], outcomes: Sequence[DeliveryOutcome]) -> None:
        """Their transaction has committed: acknowledge, tell of it."""
        messages = [item.message for item in prepared]
        self._broker.acknowledge(messages)
        for message in messages:
            del self._held[message.token]
        took_s = time.monotonic() - (self.busy_since or time.monotonic())
        self._settled.tell(prepared, outcomes, time.time_ns() // 1_000 - int(took_s * 1e6))


def _is_retried_whole(error: Exception, messages: int) -> bool:
    """Whether halving would not help: the database is away. A batch that takes too long is halved."""
    return is_transient(error) and (messages == 1 or not isinstance(error, StoreTimeout))
