"""A real HTTP server that records what it is sent and answers as it is told."""

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_MAX_BODY = 16 << 20


@dataclass(frozen=True)
class Received:
    """One request as it came in. Header names are lower case; `at` is time.time()."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """What the receiver says: after `delay_s`, with this status, headers and body."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay_s: float = 0.0


class Receiver:
    """`url` receives everything; `answer(503, 503)` is used up first, `always` afterwards."""

    def __init__(self, port: int = 0) -> None:
        self.always: Answer | Callable[[Received], Answer] = Answer()
        self._answers: deque[Answer] = deque()
        self._requests: list[Received] = []
        self._arrived = threading.Condition()
        self._server = _Server(("127.0.0.1", port), _handler_of(self))
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def requests(self) -> list[Received]:
        """A copy of all requests so far, in order of arrival."""
        with self._arrived:
            return list(self._requests)

    def answer(self, *answers: Answer | int) -> None:
        """Say this to the next requests, one each."""
        self._answers.extend(Answer(answer) if isinstance(answer, int) else answer for answer in answers)

    def wait_for(self, count: int, timeout_s: float = 60.0) -> list[Received]:
        """All requests, once there are at least `count`; AssertionError when they do not come."""
        deadline = time.monotonic() + timeout_s
        with self._arrived:
            while len(self._requests) < count:
                if not self._arrived.wait(deadline - time.monotonic()):
                    raise AssertionError(f"{len(self._requests)} of {count} requests came in {timeout_s} s")
            return list(self._requests)

    def stop(self) -> None:
        """Refuse connections from now on."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self, request: Received) -> Answer:
        """Record a request; the answer to give."""
        with self._arrived:
            self._requests.append(request)
            self._arrived.notify_all()
            if self._answers:
                return self._answers.popleft()
        return self.always if isinstance(self.always, Answer) else self.always(request)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is its own business."""


def _handler_of(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1
        timeout = 30

        def _serve(self) -> None:
            length = min(int(self.headers.get("content-length") or 0), _MAX_BODY)
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = receiver.take(
                Received(self.command, self.path, headers, self.rfile.read(length), time.time())
            )
            time.sleep(answer.delay_s)
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - names of http.server

        def log_message(self, format: str, *args: object) -> None:
            """Requests are recorded, not printed."""

    return Handler
