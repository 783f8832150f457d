"""A network that can be broken: TCP through a port of ours, cut or silent when told."""

import socket
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

_CHUNK = 65_536


class Proxy:
    """`with Proxy(port) as network:` forwards `network.port` to `port` on loopback."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._lock = threading.Lock()
        self._is_silent = False
        self._is_cut = False
        self._is_closed = False
        self.delay_s = 0.0
        """Before each piece of data is passed on."""
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_closed = True
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._drop_all()

    def swallow(self) -> None:
        """What is sent disappears, and nobody is told: the connections stay half open."""
        self._is_silent = True

    def cut(self) -> None:
        """Reset all connections, and each new one."""
        self._is_cut = True
        self._drop_all()

    def heal(self) -> None:
        """New connections work. Those that lost data have ended."""
        if self._is_silent:
            self._drop_all()
        self._is_silent = self._is_cut = False

    @property
    def connections(self) -> int:
        """How many are open."""
        with self._lock:
            return len(self._pairs)

    def _drop_all(self) -> None:
        with self._lock:
            pairs, self._pairs = self._pairs, set()
        for pair in pairs:
            for end in pair:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()

    def _accept(self) -> None:
        while not self._is_closed:
            try:
                inner, _ = self._server.accept()
            except OSError:
                return
            if self._is_cut:
                inner.close()
                continue
            try:
                outer = socket.create_connection(("127.0.0.1", self._target), 5)
            except OSError:
                inner.close()
                continue
            outer.settimeout(None)
            pair = (inner, outer)
            with self._lock:
                self._pairs.add(pair)
            for source, sink in (pair, pair[::-1]):
                threading.Thread(target=self._forward, args=(source, sink, pair), daemon=True).start()

    def _forward(
        self, source: socket.socket, sink: socket.socket, pair: tuple[socket.socket, socket.socket]
    ) -> None:
        with suppress(OSError):
            while data := source.recv(_CHUNK):
                if self._is_silent:
                    continue
                if self.delay_s:
                    time.sleep(self.delay_s)
                sink.sendall(data)
        with self._lock:
            was_open = pair in self._pairs
            self._pairs.discard(pair)
        if was_open and not self._is_silent:
            for end in pair:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()
