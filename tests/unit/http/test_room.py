"""Room in memory: in line, in bounds, given back."""

import asyncio

from context_api.http.room import Room


def test_who_finds_no_room_waits_in_line() -> None:
    async def run() -> list[str]:
        room, order = Room(10), []

        async def work(name: str, size: int, until: asyncio.Event) -> None:
            taken = await room.take(size)
            order.append(f"{name} {taken}")
            await until.wait()
            room.give(taken)

        first, rest = asyncio.Event(), asyncio.Event()
        tasks = [asyncio.create_task(work("a", 6, first))]
        # c would fit beside a, but b has come first; d is larger than all the room there is
        tasks += [
            asyncio.create_task(work(name, size, rest)) for name, size in (("b", 5), ("c", 1), ("d", 99))
        ]
        for _ in range(5):
            await asyncio.sleep(0)
        assert order == ["a 6"]
        first.set()
        for _ in range(5):
            await asyncio.sleep(0)
        assert order == ["a 6", "b 5", "c 1"]
        rest.set()
        await asyncio.gather(*tasks)
        assert await room.take(10) == 10
        return order

    assert asyncio.run(run()) == ["a 6", "b 5", "c 1", "d 10"]


def test_who_goes_away_leaves_its_place() -> None:
    async def run() -> None:
        room = Room(10)
        assert await room.take(8) == 8
        gone = asyncio.create_task(room.take(9))
        next_one = asyncio.create_task(room.take(2))
        await asyncio.sleep(0)
        assert not next_one.done()
        gone.cancel()
        assert await next_one == 2
        # Cancelled when its turn has come, but before it could take it
        late = asyncio.create_task(room.take(10))
        await asyncio.sleep(0)
        room.give(10)
        late.cancel()
        await asyncio.gather(late, return_exceptions=True)
        assert await room.take(10) == 10

    asyncio.run(run())
