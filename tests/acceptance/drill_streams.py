"""Listeners of the fire drill: live streams that come back with the last id they saw, whatever ends them."""

import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from tests.integration.http.event_source import PATH, Event, parse
from tests.integration.http.web_socket import read_message

SSE = "server-sent events"
WEB_SOCKET = "websocket"
_AGAIN_S = 0.2
_SILENCE_S = 30.0


class Follower:
    """Follows one stream in a thread; remembers what it was told."""

    def __init__(self, url: str, key: str, kind: str, **asked: str) -> None:
        self.kind = kind
        self.url = url
        self.events: list[Event] = []
        self.opened = 0
        """How often it was connected."""
        self.last_id: int | None = None
        self._headers = {"Authorization": f"Bearer {key}"}
        self._asked = asked
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Connect, and wait for the first sign of life: all that commits from now on is told."""
        self._thread.start()
        deadline = time.monotonic() + 60
        while self.last_id is None:
            assert time.monotonic() < deadline, f"{self.kind} at {self.url} does not open"
            time.sleep(0.02)

    def stop(self) -> None:
        """Hang up, at the next sign of life at the latest."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                for event in self._sse() if self.kind == SSE else self._web_socket():
                    self._note(event)
                    if self._stop.is_set():
                        return
            except (httpx.HTTPError, WebSocketException, OSError):
                pass
            self._stop.wait(_AGAIN_S)

    def _note(self, event: Event) -> None:
        if event.id is not None:
            self.last_id = event.id
        if event.kind != "heartbeat":
            self.events.append(event)

    def _parameters(self) -> dict[str, Any]:
        return self._asked | ({} if self.last_id is None else {"lastEventId": str(self.last_id)})

    def _sse(self) -> Iterator[Event]:
        with (
            httpx.Client(base_url=self.url, timeout=_SILENCE_S, trust_env=False) as client,
            client.stream("GET", PATH, params=self._parameters(), headers=self._headers) as answer,
        ):
            if answer.status_code != 200:
                return
            self.opened += 1
            text = ""
            for part in answer.iter_text():
                *blocks, text = (text + part).split("\n\n")
                yield from (event for event in map(parse, blocks) if event is not None)

    def _web_socket(self) -> Iterator[Event]:
        address = f"{self.url.replace('http', 'ws', 1)}{PATH}?{urlencode(self._parameters())}"
        with connect(
            address, additional_headers=self._headers, compression=None, proxy=None, close_timeout=1
        ) as connection:
            self.opened += 1
            while True:
                yield read_message(connection.recv(timeout=_SILENCE_S))
