"""Leases queues, lets them be delivered side by side, settles them: one asyncio loop, database in threads.

Three tasks run beside the deliveries: one leases what is due, one renews the leases that are held, one
settles finished queues, many in one transaction. A lease that is lost cancels its delivery. Nothing is kept
in memory that the database does not know: a process that dies loses only the knowledge of answers it had not
settled yet, and those notifications go out again with the same id.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from context_api.notifications.endpoints import EndpointLimits
from context_api.notifications.metrics import NotifierMetrics
from context_api.notifications.settings import NotifierSettings
from context_api.store.database import Database
from context_api.store.deliveries import (
    Lease,
    LeasedQueue,
    Settlement,
    lease_queues,
    renew_leases,
    settle,
)
from context_api.store.errors import StoreError, is_transient

P = ParamSpec("P")
R = TypeVar("R")

Deliver = Callable[[LeasedQueue, asyncio.Semaphore], Awaitable[Settlement]]
"""Sends what a queue holds, with at most so many requests at once to its endpoint.

Cancelled in the middle of it, it returns the settlement of what was done.
"""

SETTLE_MAX = 500
LEASE_MAX = 256
LEASE_GAP_S = 0.005
ERROR_PAUSE_S = 1.0

_log = logging.getLogger(__name__)


class _Held:
    """A queue that this process holds."""

    def __init__(self, queue: LeasedQueue, endpoint: str, until: float) -> None:
        self.queue = queue
        self.endpoint = endpoint
        self.until = until
        """By the monotonic clock, a little earlier than the database's."""
        self.task: asyncio.Task[None] | None = None


class Dispatcher:
    """Runs until `stop` is set; `wake` may be called at any time from the loop's thread."""

    def __init__(
        self,
        database: Database,
        settings: NotifierSettings,
        metrics: NotifierMetrics,
        *,
        deliver: Deliver,
        endpoint_of: Callable[[LeasedQueue], str],
    ) -> None:
        self._database = database
        self._settings = settings
        self._metrics = metrics
        self._deliver = deliver
        self._endpoint_of = endpoint_of
        self._limits = EndpointLimits(
            per_subscription=settings.leases_per_subscription,
            per_endpoint=settings.leases_per_endpoint,
            sends=settings.sends_per_endpoint,
        )
        self._held: dict[Lease, _Held] = {}
        self._finished: asyncio.Queue[Settlement] = asyncio.Queue()
        self._woken = asyncio.Event()
        self._stopping = False
        self._had_no_room = False
        """As many queues were held as may be."""
        self._passed_over: frozenset[int] = frozenset()
        """Subscriptions of which the last lease took no more because of their limits."""
        self._leased_at = 0.0
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="deliveries")
        self.trouble = "not started"
        """Why the database cannot be used, empty while it can."""

    @property
    def stopping(self) -> bool:
        """Deliveries take this as the sign to begin no further request."""
        return self._stopping

    @property
    def held(self) -> int:
        """How many queues this process holds."""
        return len(self._held)

    def wake(self) -> None:
        """Something may be due."""
        self._woken.set()

    async def in_thread(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the store without stopping the loop."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: call(*args, **kwargs))

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop`; then finish what is under way within `stop_s` and give all leases back."""
        loops = [
            asyncio.create_task(loop()) for loop in (self._lease_loop, self._renew_loop, self._settle_loop)
        ]
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait([stopped, *loops], return_when=asyncio.FIRST_COMPLETED)
            self._stopping = True
            self.wake()
            for loop in loops:
                if loop.done():
                    loop.result()  # a loop ends by a fault only: show it
            await self._finish(loops[0])
        finally:
            for task in [stopped, *loops, *self._tasks()]:
                task.cancel()
            await asyncio.gather(stopped, *loops, *self._tasks(), return_exceptions=True)
            # Without waiting: a thread may stand before a database that is away, until its pool is closed
            self._threads.shutdown(wait=False)

    def _tasks(self) -> list[asyncio.Task[None]]:
        return [held.task for held in self._held.values() if held.task is not None]

    async def _finish(self, leasing: asyncio.Task[None]) -> None:
        """Wait for the requests under way, then cancel them; what is finished is settled either way."""
        deadline = time.monotonic() + self._settings.stop_s
        await asyncio.wait([leasing], timeout=self._settings.stop_s)
        tasks = self._tasks()
        if tasks:
            await asyncio.wait(tasks, timeout=max(0.0, deadline - time.monotonic()))
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        while self._held and time.monotonic() < deadline + 1.0:
            await asyncio.sleep(0.02)
        if self._held:
            _log.warning("Stopped with leases that run out by themselves", extra={"leases": len(self._held)})

    async def _lease_loop(self) -> None:
        while not self._stopping:
            self._woken.clear()
            room = min(LEASE_MAX, self._settings.leases - len(self._held))
            taken = await self._lease(room) if room > 0 else 0
            if taken < room or room <= 0:
                self._had_no_room = room <= 0
                await self._wait_for_work()

    async def _wait_for_work(self) -> None:
        try:
            async with asyncio.timeout(self._settings.poll_s):
                await self._woken.wait()
        except TimeoutError:
            pass

    async def _lease(self, room: int) -> int:
        # What comes within a few milliseconds shares the statements
        await asyncio.sleep(self._leased_at + LEASE_GAP_S - time.monotonic())
        self._leased_at = time.monotonic()
        until = self._leased_at + self._settings.lease_s
        skip = self._limits.full_subscriptions()
        try:
            queues = await self.in_thread(
                lease_queues,
                self._database,
                limit=room,
                per_subscription=self._settings.leases_per_subscription,
                rows_per_queue=self._settings.rows_per_queue,
                lease_s=self._settings.lease_s,
                skip=skip,
                rest=self._settings.rest,
            )
        except StoreError as error:
            await self._pause(error)
            return 0
        self.trouble = ""
        for queue in queues:
            self._begin(queue, until)
        self._passed_over = frozenset((*skip, *self._limits.full_subscriptions()))
        return len(queues)

    def _begin(self, queue: LeasedQueue, until: float) -> None:
        endpoint = self._endpoint_of(queue)
        key = queue.lease.subscription_key
        held = self._held[queue.lease] = _Held(queue, endpoint, until)
        has_room = self._limits.has_room(endpoint)
        slots = self._limits.hold(key, endpoint)
        if has_room and not self._stopping:
            held.task = asyncio.create_task(self._run_delivery(queue, slots))
        else:
            self._give_back(queue)

    def _give_back(self, queue: LeasedQueue) -> None:
        self._finished.put_nowait(Settlement(lease=queue.lease, attempts=queue.attempts))

    async def _run_delivery(self, queue: LeasedQueue, slots: asyncio.Semaphore) -> None:
        try:
            settlement = await self._deliver(queue, slots)
        except asyncio.CancelledError:
            if queue.lease in self._held:
                self._give_back(queue)
            raise
        except Exception:
            # A mistake of ours in one notification must not stop the others; its queue comes back later
            _log.exception("A delivery failed", extra={"action": "deliver", "queue": queue.lease.entity_id})
            settlement = Settlement(
                lease=queue.lease, attempts=queue.attempts, delay_s=self._settings.retry.longest_s
            )
        self._finished.put_nowait(settlement)

    async def _settle_loop(self) -> None:
        while True:
            batch = [await self._finished.get()]
            while not self._finished.empty() and len(batch) < SETTLE_MAX:
                batch.append(self._finished.get_nowait())
            await self._settle(batch)

    async def _settle(self, batch: list[Settlement]) -> None:
        held: set[Lease] = set()
        waiting: set[Lease] = set()
        pieces = [batch]
        while pieces:
            try:
                settled = await self.in_thread(settle, self._database, pieces[-1], self._settings.rest)
                held |= settled.held
                waiting |= settled.waiting
                pieces.pop()
            except StoreError as error:
                if is_transient(error):
                    await self._pause(error)
                else:
                    pieces += self._isolate(pieces.pop(), error)
        for settlement in batch:
            self._let_go(settlement.lease)
            if settlement.lease in held:
                self._metrics.count(settlement)
            if settlement.lease in waiting and settlement.delay_s < self._settings.poll_s:
                asyncio.get_running_loop().call_later(settlement.delay_s, self.wake)
        if self._had_no_room or self._passed_over.difference(self._limits.full_subscriptions()):
            # Not for those that are as full as before: one that hangs would have us ask with every answer
            self.wake()

    def _isolate(self, batch: list[Settlement], error: StoreError) -> list[list[Settlement]]:
        """Split what the database refuses; one that is refused alone is left to run out, and comes back."""
        if len(batch) > 1:
            return [[settlement] for settlement in batch]
        queue = batch[0].lease.queue
        _log.error("A settlement is refused", extra={"action": "settle", "queue": queue, "error": str(error)})
        return []

    def _let_go(self, lease: Lease) -> None:
        held = self._held.pop(lease, None)
        if held is not None:
            self._limits.let_go(lease.subscription_key, held.endpoint)

    async def _renew_loop(self) -> None:
        while True:
            await asyncio.sleep(self._settings.lease_s / 3)
            leases = list(self._held)
            until = time.monotonic() + self._settings.lease_s
            try:
                kept = (
                    await self.in_thread(renew_leases, self._database, leases, self._settings.lease_s)
                    if leases
                    else set()
                )
            except StoreError as error:
                self._lose_expired()
                await self._pause(error)
                continue
            for lease in leases:
                held = self._held.get(lease)
                if held is not None and lease in kept:
                    held.until = until
            self._lose_expired()

    def _lose_expired(self) -> None:
        """Stop deliveries whose lease ran out: another process may have begun with the same queue."""
        now = time.monotonic()
        for lease, held in list(self._held.items()):
            if held.until <= now and held.task is not None and not held.task.done():
                _log.warning("A lease was lost", extra={"action": "lease", "queue": lease.entity_id})
                self._let_go(lease)
                held.task.cancel()

    async def _pause(self, error: StoreError) -> None:
        if not self.trouble:
            _log.warning("The database cannot be used", extra={"action": "wait", "error": str(error)})
        self.trouble = str(error) or type(error).__name__
        await asyncio.sleep(ERROR_PAUSE_S)
