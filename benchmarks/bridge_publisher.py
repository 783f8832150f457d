"""A publisher for benchmarks: MQTT 3.1.1 at QoS 1 by hand, so that it is never what limits a run."""

import socket
import struct
import time
from multiprocessing.connection import Connection

from benchmarks import bridge_town as town

WINDOW = 2_000
"""So many messages wait for their PUBACK at most."""
_CHUNK = 200
_PACKET_IDS = 60_000
_PUBACK = 0x40


def publish(port: int, topics: list[str], count: int, rate: float, result: Connection) -> None:
    """Publish `count` messages at `rate` per second; sends how many got a PUBACK, and the seconds it took.

    A rate of 0 is a backlog: as fast as it goes, and each device's times are a second apart, up to now. Every
    message of a device has a time of its own, so what is stored can be compared with what was sent.
    """
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(_frame(0x10, b"\0\4MQTT\4\2\0\0" + _text("publisher")))
        if connection.recv(4)[-1:] != b"\0":
            raise RuntimeError("the broker refuses the publisher")
        began = time.time()
        acknowledged = _Publisher(connection, topics, count, rate, began).run()
        result.send((acknowledged, time.time() - began))
        connection.sendall(b"\xe0\0")


class _Publisher:
    def __init__(
        self, connection: socket.socket, topics: list[str], count: int, rate: float, began: float
    ) -> None:
        self._connection = connection
        self._topics = topics
        self._count = count
        self._rate = rate
        self._began = began
        self._sent = 0
        self._acknowledged = 0
        self._rest = b""
        self._last = [0] * len(topics)

    def run(self) -> int:
        while self._sent < self._count:
            due = self._count if not self._rate else int((time.time() - self._began) * self._rate) + 1
            until = min(due, self._count, self._sent + _CHUNK, self._acknowledged + WINDOW)
            if until > self._sent:
                self._send(until)
                self._receive(0.0)
            else:
                self._receive(0.0005 if self._acknowledged < self._sent else 0.0)
                if self._acknowledged == self._sent:
                    time.sleep(0.0003)
        deadline = time.time() + 60
        while self._acknowledged < self._count and time.time() < deadline:
            self._receive(1.0)
        return self._acknowledged

    def _send(self, until: int) -> None:
        packets = [self._packet(number) for number in range(self._sent, until)]
        self._connection.settimeout(60)
        self._connection.sendall(b"".join(packets))
        self._sent = until

    def _packet(self, number: int) -> bytes:
        device = number % len(self._topics)
        if self._rate:
            at = int(time.time() * 1000)
        else:
            at = int(self._began * 1000) - (self._count - number) // len(self._topics) * 1000
        self._last[device] = at = max(at, self._last[device] + 1)
        packet_id = struct.pack("!H", number % _PACKET_IDS + 1)
        return _frame(0x32, _text(self._topics[device]) + packet_id + town.payload(at, number))

    def _receive(self, timeout_s: float) -> None:
        self._connection.settimeout(timeout_s)
        try:
            received = self._connection.recv(65_536)
        except (BlockingIOError, TimeoutError):
            return
        if not received:
            raise RuntimeError("the broker closed the publisher's connection")
        self._rest += received
        whole = len(self._rest) // 4
        if any(self._rest[4 * i] != _PUBACK for i in range(whole)):
            raise RuntimeError("the broker sent the publisher what it did not ask for")
        self._acknowledged += whole
        self._rest = self._rest[4 * whole :]


def _text(text: str) -> bytes:
    return struct.pack("!H", len(text)) + text.encode()


def _frame(command: int, body: bytes) -> bytes:
    length, rest = b"", len(body)
    while True:
        rest, digit = divmod(rest, 128)
        length += bytes([digit | (0x80 if rest else 0)])
        if not rest:
            return bytes([command]) + length + body
