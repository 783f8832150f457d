"""One leased queue from its first notification to its settlement."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from context_api.ngsild.model import Micros
from context_api.notifications.judge import result_of, settle_attempts, settle_unsendable
from context_api.notifications.metrics import NotifierMetrics
from context_api.notifications.retry import Verdict
from context_api.notifications.sender import Attempt, Message, Sender
from context_api.notifications.settings import NotifierSettings
from context_api.store.deliveries import LeasedQueue, OutboxRow, RowResult, Settlement, State

_log = logging.getLogger(__name__)


class MessageError(Exception):
    """A notification cannot be written at present; the text is shown to the subscriber."""


class MakeMessage(Protocol):
    """Writes the notification of an outbox row. Raises MessageError."""

    async def __call__(self, queue: LeasedQueue, row: OutboxRow, notified_at: Micros) -> Message: ...


class QueueDelivery:
    """Sends the rows of a queue one after the other until one fails."""

    def __init__(
        self,
        settings: NotifierSettings,
        metrics: NotifierMetrics,
        sender: Sender,
        make_message: MakeMessage,
        *,
        pause_subscription: Callable[[int, str], Awaitable[None]],
        is_stopping: Callable[[], bool],
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._sender = sender
        self._make_message = make_message
        self._pause_subscription = pause_subscription
        self._is_stopping = is_stopping

    async def deliver(self, queue: LeasedQueue, slots: asyncio.Semaphore) -> Settlement:
        """Send what the queue holds; the settlement says how far it came."""
        retry = self._settings.retry
        unsendable = settle_unsendable(queue, _now(), retry, self._settings.paused_check_s)
        if unsendable is not None:
            return unsendable
        results: list[RowResult] = []
        failed: Attempt | None = None
        cooldown_s = 0.0
        async with slots:
            for row in queue.rows:
                if self._is_stopping():
                    break
                try:
                    attempt, cooldown_s = await self._attempt(queue, row)
                except asyncio.CancelledError:
                    break
                if attempt is None:
                    results.append(_forgotten(row))
                    continue
                results.append(result_of(row, attempt))
                if attempt.verdict is not Verdict.DELIVERED:
                    failed = attempt
                    break
        if failed is not None and failed.verdict is Verdict.GONE:
            await self._pause_subscription(queue.lease.subscription_key, failed.error or "gone")
        return settle_attempts(queue, results, failed, retry, cooldown_s)

    async def _attempt(self, queue: LeasedQueue, row: OutboxRow) -> tuple[Attempt | None, float]:
        """Send one row; None where there is nothing left to send. The second is the endpoint's cooldown."""
        if row.document is None:
            return None, 0.0
        now = _now()
        try:
            message = await self._make_message(queue, row, now)
        except MessageError as error:
            return Attempt(Verdict.RETRY, str(error)), 0.0
        timeout_s = min(message.timeout_s or self._settings.timeout_s, self._settings.longest_timeout_s)
        began = time.perf_counter()
        attempt = await self._sender.send(message, timeout_s)
        self._metrics.request_seconds.observe(time.perf_counter() - began)
        if attempt.verdict is Verdict.DELIVERED and row.changed_at is not None:
            self._metrics.latency.observe(max(0.0, (_now() - row.changed_at) / 1e6))
        return attempt, message.cooldown_s


def _forgotten(row: OutboxRow) -> RowResult:
    error = "the change is no longer kept"
    return RowResult(day=row.day, id=row.id, state=State.DEAD_LETTERED, attempted=False, error=error)


def _now() -> Micros:
    return time.time_ns() // 1_000
