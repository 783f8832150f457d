"""The head of a response as it goes out."""

import asyncio
from typing import Any

from context_api.http.heads import HeadWriter, capitalize_head

HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\nngsild-results-count: 3\r\n"
    b'etag: "x: y"\r\n\r\n'
)


class _Recorder:
    def __init__(self) -> None:
        self.transport: Any = self
        self.written: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.is_closed = True


def test_names_are_capitalized_and_values_left_alone() -> None:
    assert capitalize_head(HEAD) == (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nNGSILD-Results-Count: 3\r\n"
        b'ETag: "x: y"\r\n\r\n'
    )
    assert capitalize_head(b"HTTP/1.1 204 No Content\r\n\r\n") == b"HTTP/1.1 204 No Content\r\n\r\n"


def test_the_head_goes_out_with_the_body_that_follows_at_once() -> None:
    async def answer() -> list[bytes]:
        cycle = _Recorder()
        writer = HeadWriter(cycle)
        assert cycle.transport is writer
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert cycle.transport is writer
        writer.write(b"HTTP/1.1 201 Created\r\nlocation: /x\r\n\r\n")
        cycle.transport.write(b"body")
        assert cycle.transport is not writer
        await asyncio.sleep(0)
        return cycle.written

    assert asyncio.run(answer()) == [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 201 Created\r\nLocation: /x\r\n\r\nbody",
    ]


def test_a_head_alone_goes_out_in_the_same_turn_and_before_the_end() -> None:
    async def answer(*, close: bool) -> list[bytes]:
        cycle = _Recorder()
        writer = HeadWriter(cycle)
        writer.write(HEAD)
        if close:
            writer.close()
            assert (cycle.is_closed, cycle.written) == (True, [capitalize_head(HEAD)])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert cycle.transport is not writer
        cycle.transport.write(b"data: 1\n\n")
        return cycle.written

    for close in (False, True):
        assert asyncio.run(answer(close=close)) == [capitalize_head(HEAD), b"data: 1\n\n"]


def test_a_large_body_is_not_copied_to_its_head() -> None:
    async def answer(body: bytes) -> list[bytes]:
        cycle = _Recorder()
        HeadWriter(cycle).write(HEAD)
        cycle.transport.write(body)
        return cycle.written

    body = b"x" * 1_000_000
    written = asyncio.run(answer(body))
    assert written == [capitalize_head(HEAD), body]
    assert written[1] is body
