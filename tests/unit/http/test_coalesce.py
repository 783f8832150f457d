"""Coalescing: no wait when idle, one batch for all who came meanwhile, everyone gets their own."""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from context_api.http.coalesce import Coalescer
from context_api.http.errors import Unavailable
from context_api.store.access import Access

HERE = Access("default", 1, "key:a")
THERE = Access("other", 2, "key:a")


class Recorder:
    """Notes each batch; holds back until it is let go."""

    def __init__(self) -> None:
        self.batches: list[tuple[Access, list[int]]] = []
        self.gate = threading.Event()

    def perform(self, access: Access, items: Sequence[int]) -> list[int]:
        self.batches.append((access, list(items)))
        assert self.gate.wait(30)
        if 13 in items:
            raise LookupError("13")
        return [item * 10 for item in items]


def make(
    recorder: Recorder, *, lanes: int = 1, batch_max: int = 100, waiting_max: int = 100
) -> Coalescer[int, int]:
    return Coalescer(
        recorder.perform, ThreadPoolExecutor(lanes), lanes=lanes, batch_max=batch_max, waiting_max=waiting_max
    )


async def arrive(
    coalescer: Coalescer[int, int], *items: int, access: Access = HERE
) -> list[asyncio.Task[int]]:
    tasks = [asyncio.create_task(coalescer.submit(access, item)) for item in items]
    await asyncio.sleep(0.02)
    return tasks


def test_one_goes_at_once_and_those_behind_go_together() -> None:
    async def scenario() -> None:
        recorder = Recorder()
        coalescer = make(recorder)
        first = await arrive(coalescer, 1)
        assert recorder.batches == [(HERE, [1])]
        behind = await arrive(coalescer, 2) + await arrive(coalescer, 3, 4)
        assert coalescer.waiting == 3
        recorder.gate.set()
        assert await asyncio.gather(*first, *behind) == [10, 20, 30, 40]
        assert recorder.batches == [(HERE, [1]), (HERE, [2, 3, 4])]
        assert (coalescer.batches, coalescer.items, coalescer.waiting) == (2, 4, 0)

    asyncio.run(scenario())


def test_requests_of_one_turn_share_a_batch() -> None:
    async def scenario() -> None:
        recorder = Recorder()
        recorder.gate.set()
        await asyncio.gather(*await arrive(make(recorder, lanes=2), 1, 2, 3))
        assert recorder.batches == [(HERE, [1, 2, 3])]

    asyncio.run(scenario())


def test_a_batch_has_one_access_and_a_limit() -> None:
    async def scenario() -> None:
        recorder = Recorder()
        coalescer = make(recorder, batch_max=2)
        tasks = await arrive(coalescer, 1)
        tasks += await arrive(coalescer, 2, 3)
        tasks += await arrive(coalescer, 4, access=THERE)
        tasks += await arrive(coalescer, 5)
        recorder.gate.set()
        assert await asyncio.gather(*tasks) == [10, 20, 30, 40, 50]
        assert recorder.batches == [(HERE, [1]), (HERE, [2, 3]), (THERE, [4]), (HERE, [5])]

    asyncio.run(scenario())


def test_a_fault_reaches_its_batch_only() -> None:
    async def scenario() -> None:
        recorder = Recorder()
        coalescer = make(recorder)
        first = await arrive(coalescer, 13)
        behind = await arrive(coalescer, 1)
        recorder.gate.set()
        assert await asyncio.gather(*behind) == [10]
        with pytest.raises(LookupError):
            await first[0]

    asyncio.run(scenario())


def test_who_went_away_is_not_served() -> None:
    async def scenario() -> None:
        recorder = Recorder()
        coalescer = make(recorder)
        first = await arrive(coalescer, 1)
        gone, stays = await arrive(coalescer, 2, 3)
        gone.cancel()
        await asyncio.sleep(0)
        recorder.gate.set()
        assert await asyncio.gather(*first, stays) == [10, 30]
        assert recorder.batches == [(HERE, [1]), (HERE, [3])]

    asyncio.run(scenario())


def test_too_many_waiting_are_refused() -> None:
    async def scenario() -> None:
        recorder = Recorder()
        coalescer = make(recorder, waiting_max=2)
        tasks = await arrive(coalescer, 1) + await arrive(coalescer, 2, 3)
        with pytest.raises(Unavailable) as caught:
            await coalescer.submit(HERE, 4)
        assert caught.value.headers == {"Retry-After": "1"}
        recorder.gate.set()
        assert await asyncio.gather(*tasks) == [10, 20, 30]
        assert coalescer.refused == 1

    asyncio.run(scenario())
