"""The head of a response as it goes out."""

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


def test_only_the_head_is_touched() -> None:
    cycle = _Recorder()
    writer = HeadWriter(cycle)
    assert cycle.transport is writer
    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert cycle.transport is writer
    writer.write(b"HTTP/1.1 201 Created\r\nlocation: /x\r\n\r\n")
    assert cycle.transport is cycle
    writer.close()
    assert cycle.is_closed
    assert cycle.written == [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 201 Created\r\nLocation: /x\r\n\r\n",
    ]
