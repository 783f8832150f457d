"""One leased queue from its first notification to its settlement."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

from context_api.ngsild.model import Micros
from context_api.notifications.judge import result_of, settle_attempts, settle_unsendable
from context_api.notifications.metrics import NotifierMetrics
from context_api.notifications.retry import Verdict
from context_api.notifications.sender import Attempt, Message, Sender
from context_api.notifications.settings import NotifierSettings
from context_api.notifications.signing import HEADER, sign
from context_api.store.deliveries import CHANGE, LeasedQueue, OutboxRow, RowResult, Settlement, State
from context_api.store.errors import StoreError
from context_api.tracing import write_traceparent

if TYPE_CHECKING:
    from context_api.telemetry import Telemetry

_log = logging.getLogger(__name__)


class MessageError(Exception):
    """A notification cannot be written at present; the text is shown to the subscriber."""


class MakeMessage(Protocol):
    """Writes the notification of an outbox row; None where there is nothing to tell. Raises MessageError."""

    async def __call__(self, queue: LeasedQueue, row: OutboxRow, notified_at: Micros) -> Message | None: ...


class _Sent(NamedTuple):
    """What became of one row."""

    attempt: Attempt
    is_contact: bool = True
    """False where it failed before anything was sent."""
    cooldown_s: float = 0.0
    duration_ms: int | None = None


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
        alias_of: Callable[[str], Awaitable[str]] | None = None,
        telemetry: "Telemetry | None" = None,
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._sender = sender
        self._make_message = make_message
        self._pause_subscription = pause_subscription
        self._is_stopping = is_stopping
        self._alias_of = alias_of
        self._telemetry = telemetry

    async def deliver(self, queue: LeasedQueue, slots: asyncio.Semaphore) -> Settlement:
        """Send what the queue holds; the settlement says how far it came."""
        retry = self._settings.retry
        unsendable = settle_unsendable(queue, _now(), retry, self._settings.paused_check_s)
        if unsendable is not None:
            return unsendable
        results: list[RowResult] = []
        failed: _Sent | None = None
        async with slots:
            for row in queue.rows:
                if self._is_stopping():
                    break
                if row.document is None and row.kind == CHANGE:
                    results.append(_forgotten(row))
                    continue
                try:
                    sent = await self._attempt(queue, row)
                except asyncio.CancelledError:
                    break
                results.append(result_of(row, sent.attempt, sent.duration_ms))
                if sent.attempt.verdict in (Verdict.RETRY, Verdict.GONE):
                    failed = sent
                    break
        if failed is None:
            return settle_attempts(queue, results, None, retry)
        if failed.attempt.verdict is Verdict.GONE:
            await self._pause_subscription(queue.lease.subscription_key, failed.attempt.error or "gone")
        return settle_attempts(
            queue, results, failed.attempt, retry, failed.cooldown_s, endpoint_failed=failed.is_contact
        )

    async def _attempt(self, queue: LeasedQueue, row: OutboxRow) -> _Sent:
        """Send one row."""
        now = _now()
        try:
            message = await self._make_message(queue, row, now)
            alias = await self._find_alias(queue)
        except (MessageError, StoreError) as error:
            return _Sent(Attempt(Verdict.RETRY, str(error)), is_contact=False)
        if message is None:
            return _Sent(Attempt(Verdict.EMPTY, "no entity matched"), is_contact=False)
        timeout_s = min(message.timeout_s or self._settings.timeout_s, self._settings.longest_timeout_s)
        message = add_marks(message, alias, now, row.via)
        began = time.perf_counter()
        attempt = await self._sender.send(message, timeout_s)
        took_s = time.perf_counter() - began
        self._metrics.request_seconds.observe(took_s)
        if attempt.verdict is Verdict.DELIVERED and row.changed_at is not None:
            self._metrics.latency.observe(max(0.0, (_now() - row.changed_at) / 1e6))
        self._trace(queue, message, attempt, now)
        return _Sent(attempt, cooldown_s=message.cooldown_s, duration_ms=round(took_s * 1_000))

    def _trace(self, queue: LeasedQueue, message: Message, attempt: Attempt, began_at: Micros) -> None:
        if self._telemetry is None or message.trace is None:
            return
        members: dict[str, str | int] = {"machi.verdict": attempt.verdict.name.lower()}
        if queue.subscription is not None:
            members |= {"machi.subscription": queue.subscription.id}
        if attempt.status is not None:
            members |= {"http.response.status_code": attempt.status}
        self._telemetry.record_step(message.trace, "notification", began_at, _now(), members)

    async def _find_alias(self, queue: LeasedQueue) -> str | None:
        if self._alias_of is None or queue.subscription is None:
            return None
        return await self._alias_of(queue.subscription.tenant)


def add_marks(message: Message, alias: str | None, now: Micros, via: str | None = None) -> Message:
    """Name the brokers it came through and the one that sends it (Via, RFC 9110, 7.6.3), and sign it.

    A traced reading's notification carries its `traceparent`.

    Without secrets there is no signature.
    """
    headers = list(message.headers)
    if alias is not None:
        headers.append((b"Via", f"{via}, 1.1 {alias}".encode() if via else f"1.1 {alias}".encode()))
    if message.trace is not None:
        headers.append((b"traceparent", write_traceparent(message.trace).encode()))
    if message.secrets:
        signature = sign(message.secrets, message.body, now // 1_000_000)
        headers.append((HEADER.encode(), signature.encode()))
    return replace(message, headers=headers)


def _forgotten(row: OutboxRow) -> RowResult:
    error = "the change is no longer kept"
    return RowResult(day=row.day, id=row.id, state=State.DEAD_LETTERED, attempted=False, error=error)


def _now() -> Micros:
    return time.time_ns() // 1_000
