"""Many requests, few statements (design, section 8): reads share a select, writes share a transaction.

A request that finds a free lane goes at once; while all lanes are busy, requests gather and leave together:
an idle process adds no wait, and a busy one takes larger batches. Each request gets its own result or error.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Generic, TypeVar

from context_api.http.errors import Unavailable
from context_api.store.access import Access

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[Item, Result]):
    access: Access
    item: Item
    answer: "asyncio.Future[Result]"


class Coalescer(Generic[Item, Result]):
    """Hands items to `perform`, several at a time, in a thread.

    `perform(access, items)` gives one result per item, in order. All items of a batch have the same Access.
    """

    def __init__(
        self,
        perform: Callable[[Access, Sequence[Item]], Sequence[Result]],
        executor: Executor,
        *,
        lanes: int,
        batch_max: int,
        waiting_max: int,
    ) -> None:
        self._perform = perform
        self._executor = executor
        self._lanes = lanes
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._waiting: deque[_Waiting[Item, Result]] = deque()
        self._busy: set[asyncio.Task[None]] = set()
        self._starting = False
        self.batches = 0
        self.items = 0
        self.refused = 0

    async def submit(self, access: Access, item: Item) -> Result:
        """Wait for the item's own result. Raises its own error, or Unavailable where too many wait."""
        if len(self._waiting) >= self._waiting_max:
            self.refused += 1
            raise Unavailable("Too many requests are waiting for the database")
        loop = asyncio.get_running_loop()
        waiting: _Waiting[Item, Result] = _Waiting(access, item, loop.create_future())
        self._waiting.append(waiting)
        if not self._starting and len(self._busy) < self._lanes:
            self._starting = True
            loop.call_soon(self._start)  # after what else is ready in this turn, so that it joins the batch
        return await waiting.answer

    @property
    def waiting(self) -> int:
        """How many items wait for a lane."""
        return len(self._waiting)

    def _start(self) -> None:
        self._starting = False
        if self._waiting and len(self._busy) < self._lanes:
            task = asyncio.create_task(self._drain())
            self._busy.add(task)
            task.add_done_callback(self._busy.discard)

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch = self._take()
            if not batch:
                continue
            self.batches += 1
            self.items += len(batch)
            items = [waiting.item for waiting in batch]
            try:
                results = await loop.run_in_executor(self._executor, self._perform, batch[0].access, items)
            except Exception as error:
                _fail(batch, error)
            else:
                _settle(batch, results)

    def _take(self) -> list[_Waiting[Item, Result]]:
        """Take the oldest items that share one Access; callers who went away are dropped."""
        access = self._waiting[0].access
        batch: list[_Waiting[Item, Result]] = []
        kept: deque[_Waiting[Item, Result]] = deque()
        while self._waiting and len(batch) < self._batch_max:
            waiting = self._waiting.popleft()
            if waiting.answer.done():
                continue
            (batch if waiting.access == access else kept).append(waiting)
        self._waiting.extendleft(reversed(kept))
        return batch


def _fail(batch: Sequence[_Waiting[Item, Result]], error: Exception) -> None:
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)


def _settle(batch: Sequence[_Waiting[Item, Result]], results: Sequence[Result]) -> None:
    for waiting, result in zip(batch, results, strict=True):
        if not waiting.answer.done():
            waiting.answer.set_result(result)
