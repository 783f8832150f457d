"""What the bridge says about itself: /healthz, /readyz, /metrics on a small port of its own."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST

from broker_bridge.gauges import silence_s
from broker_bridge.seating import Seating
from broker_bridge.settings import BridgeSettings

SLOW_S = 10.0
"""A batch under way for longer means that the database does not answer."""


@dataclass(frozen=True, slots=True)
class Health:
    """Readiness with the reasons against it, by part."""

    parts: Mapping[str, str]
    """Part -> "ok", or what is wrong."""

    @property
    def is_ready(self) -> bool:
        return all(state == "ok" for state in self.parts.values())

    @property
    def detail(self) -> str:
        """What is wrong, in one line; empty when nothing is."""
        return "; ".join(f"{part}: {state}" for part, state in self.parts.items() if state != "ok")


class Observer:
    """Puts the states of the parts together. The troubles are set by who speaks with the database."""

    def __init__(self, settings: BridgeSettings, seating: Seating) -> None:
        self._settings = settings
        self._seating = seating
        self.database_trouble: str | None = None
        self.seating_trouble: str | None = None

    def health(self) -> Health:
        """The state of this moment."""
        parts = {"broker": self._broker(), "database": self._database()}
        silent_s = silence_s(self._seating)
        if 0 < self._settings.silent_after_s < silent_s:
            parts["messages"] = f"none for {silent_s:.0f} s: do the sensors reach the broker?"
        return Health(parts)

    def _broker(self) -> str:
        lanes = self._seating.lanes
        if not lanes:
            # Without the database no session is taken: that is the database's fault, and said there.
            return "ok" if self._seating.is_spare else "no session yet"
        for lane in lanes:
            if not lane.client.state.is_ready:
                return lane.client.state.detail
        if self._seating.unserved:
            return f"no bridge serves {', '.join(self._seating.unserved)}"
        return "ok"

    def _database(self) -> str:
        for pipeline in [pipeline for lane in self._seating.lanes for pipeline in lane.pipelines]:
            busy_since = pipeline.busy_since
            if busy_since is not None and time.monotonic() - busy_since > SLOW_S:
                return f"no answer for {time.monotonic() - busy_since:.0f} s"
            if pipeline.trouble:
                return pipeline.trouble
        return self.database_trouble or self.seating_trouble or "ok"


class HealthServer:
    """Serves in a thread; `port` is the one in use."""

    def __init__(
        self, host: str, port: int, health: Callable[[], Health], metrics: Callable[[], bytes]
    ) -> None:
        self._server = ThreadingHTTPServer((host, port), _handler(health, metrics))
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(health: Callable[[], Health], metrics: Callable[[], bytes]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 5  # a client that sends nothing holds no thread

        def do_GET(self) -> None:
            if self.path == "/healthz":
                self._send(HTTPStatus.OK, "application/json", b'{"status": "ok"}')
            elif self.path == "/readyz":
                self._send_readiness(health())
            elif self.path == "/metrics":
                self._send(HTTPStatus.OK, CONTENT_TYPE_LATEST, metrics())
            else:
                self._send(HTTPStatus.NOT_FOUND, "application/json", b'{"status": "not found"}')

        def _send_readiness(self, state: Health) -> None:
            status = HTTPStatus.OK if state.is_ready else HTTPStatus.SERVICE_UNAVAILABLE
            body = {"ready": state.is_ready, **state.parts}
            self._send(status, "application/json", json.dumps(body).encode())

        def _send(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Probes every few seconds are not news."""

    return Handler
