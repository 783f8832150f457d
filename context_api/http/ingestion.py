"""Messages by HTTP: many at the same time share a transaction, each is answered after its commit."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from starlette.requests import Request

from context_api.http.coalesce import Coalescer
from context_api.http.doors import Doors, Speaker
from context_api.http.errors import TooManyRequests
from context_api.http.settings import ApiSettings
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.deliveries_in import Delivery, DeliveryOutcome, QuarantineReason
from context_api.store.errors import StoreError
from context_api.store.store import Store
from devices.limits import RateLimiter, Verdict
from devices.model import FoundSource, UnknownSource
from devices.push import Push, prepare_push
from devices.quarantine import QuarantineDesk
from devices.registry import DeviceRegistry
from devices.sources import Sources

LANES = 2
"""Transactions under way at the same time."""


class Pushed(NamedTuple):
    """What became of a push."""

    delivery: Delivery
    outcome: DeliveryOutcome


class Ingestion:
    """The door of the API for messages; opened and closed with the API's other services."""

    def __init__(
        self, database: Database, store: Store, registry: DeviceRegistry, settings: ApiSettings
    ) -> None:
        self.doors = Doors(database, registry, settings)
        self._store = store
        self._sources = Sources(database)
        self._clock_ahead_us = int(settings.clock_ahead_s * 1_000_000)
        self._limiter = RateLimiter(settings.device_rate)
        self.quarantine = QuarantineDesk(database, store, self._sources, clock_ahead_us=self._clock_ahead_us)
        self._threads = ThreadPoolExecutor(LANES, thread_name_prefix="ingest")
        self.pushes: Coalescer[Push, Pushed | Exception] = Coalescer(
            self._perform,
            self._threads,
            lanes=LANES,
            batch_max=settings.batch_max,
            waiting_max=settings.waiting_max,
        )
        self._stop = threading.Event()
        self._watcher = threading.Thread(
            target=self._sources.watch, args=(self._stop,), name="sources", daemon=True
        )
        self._watcher.start()

    def close(self) -> None:
        """Stop listening; requests have ended."""
        self._stop.set()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._watcher.join(2.0)

    async def take(self, speaker: Speaker, push: Push) -> Pushed:
        """Store one message together with those of others. Raises Unavailable, TooManyRequests."""
        self._refuse_flood(speaker, push)
        found = await self.pushes.submit(speaker.access, push)
        if isinstance(found, Exception):
            raise found
        return found

    def _refuse_flood(self, speaker: Speaker, push: Push) -> None:
        """Unlike MQTT, HTTP can tell a sender to wait: nothing above the limit is taken, nothing is lost."""
        key, now = (speaker.device.tenant_id, push.topic), time.monotonic()
        limit = speaker.device.messages_per_minute
        if self._limiter.judge(key, now, limit) is not Verdict.PASS:
            wait_s = int(self._limiter.wait_s(key, now, limit)) + 1
            raise TooManyRequests("The device sends more messages than its limit", retry_after_s=wait_s)

    def _perform(self, access: Access, pushes: Sequence[Push]) -> list[Pushed | Exception]:
        sources = self._sources.find_many({push.topic for push in pushes})
        deliveries = [
            prepare_push(push, _own(sources[push.topic], access, push), clock_ahead_us=self._clock_ahead_us)
            for push in pushes
        ]
        return self._write(access, deliveries)

    def _write(self, access: Access, deliveries: Sequence[Delivery]) -> list[Pushed | Exception]:
        """Write a batch; one that fails for a reason nobody foresaw is halved until the culprit is alone."""
        try:
            outcomes = self._store.ingest(access, deliveries)
        except Exception as error:
            if isinstance(error, StoreError) or len(deliveries) == 1:
                return [error] * len(deliveries)
            middle = len(deliveries) // 2
            return self._write(access, deliveries[:middle]) + self._write(access, deliveries[middle:])
        return [Pushed(*pair) for pair in zip(deliveries, outcomes, strict=True)]


def _own(source: FoundSource, access: Access, push: Push) -> FoundSource:
    """Whoever speaks for one tenant never reaches a device of another."""
    if source.tenant_id == access.tenant_id:
        return source
    detail = f"the topic {push.topic!r:.100} leads to another tenant"
    return UnknownSource(access.tenant, access.tenant_id, "unknown-device", detail)


def client_host(request: Request) -> str:
    """Name the other end of the connection."""
    return request.client.host if request.client is not None else ""


def reason_of(pushed: Pushed) -> QuarantineReason | None:
    """Say why a message was put aside."""
    if pushed.delivery.quarantine is not None:
        return pushed.delivery.quarantine
    if pushed.outcome.reason is not None:
        return QuarantineReason(pushed.outcome.reason, "the database refuses a value of it")
    return None
