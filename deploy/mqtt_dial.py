"""One CONNECT and its answer, by hand: to close another client's connection, and for the doctor's questions.

A whole client would bring threads and queues that a question of two packets does not need.
"""

import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from devices.broker_address import BrokerAddress

TIMEOUT_S = 3.0
ACCEPTED = 0
_MAXIMUM_PACKET_SIZE, _RECEIVE_MAXIMUM = 0x27, 0x21
_ONE_BYTE = frozenset({0x24, 0x25, 0x28, 0x29, 0x2A})
_TWO_BYTES = frozenset({0x13, 0x21, 0x22})
_FOUR_BYTES = frozenset({0x11, 0x27})


class Answer(NamedTuple):
    """What a broker says to CONNECT: 0 = welcome, else its reason code (3.1.1 or 5)."""

    code: int
    maximum_packet_size: int | None = None
    """Of MQTT 5; None where the broker names none."""
    receive_maximum: int | None = None
    """Of MQTT 5, in messages; Mosquitto names its max_inflight_messages here."""


class Caller(NamedTuple):
    """Who connects. A user name that is None: an anonymous client."""

    client_id: str
    username: str | None = None
    password: str = ""


@contextmanager
def dialled(
    address: BrokerAddress, caller: Caller, *, version: int = 4, context: ssl.SSLContext | None = None
) -> Iterator[tuple[socket.socket, Answer]]:
    """Connect for the time of a `with`, cleanly, with MQTT 3.1.1 (`version` 4) or 5. Raises OSError."""
    with socket.create_connection((address.host, address.port), timeout=TIMEOUT_S) as plain:
        connection = plain
        if address.tls:
            context = context or ssl.create_default_context()
            connection = context.wrap_socket(plain, server_hostname=address.host)
        with connection:
            connection.sendall(connect_packet(caller, version))
            answer = _read_answer(connection, version)
            yield connection, answer
            if answer.code == ACCEPTED:
                connection.sendall(b"\xe0\x00")  # DISCONNECT: no will, no session is left


def is_open(connection: socket.socket, wait_s: float) -> bool:
    """Whether the broker keeps a connection for so long."""
    connection.settimeout(wait_s)
    try:
        return bool(connection.recv(1))
    except TimeoutError:
        return True
    except OSError:
        return False


def trusting(ca_file: Path | None) -> ssl.SSLContext:
    """A TLS context that trusts a file of certificates; None: the system's."""
    return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))


def connect_packet(caller: Caller, version: int) -> bytes:
    """CONNECT with a clean session (MQTT 3.1.1, section 3.1; MQTT 5, section 3.1)."""
    flags = 0x02 | (0 if caller.username is None else 0xC0)
    body = _text("MQTT") + struct.pack("!BBH", version, flags, 30) + (b"\x00" if version == 5 else b"")
    body += _text(caller.client_id)
    if caller.username is not None:
        body += _text(caller.username) + _text(caller.password)
    return b"\x10" + _length(len(body)) + body


def _read_answer(connection: socket.socket, version: int) -> Answer:
    """CONNACK. Raises OSError for anything else."""
    if _exactly(connection, 1) != b"\x20":
        raise ConnectionError("the server answers, but not as an MQTT broker")
    size = 0
    for shift in (0, 7, 14, 21):
        digit = _exactly(connection, 1)[0]
        size |= (digit & 0x7F) << shift
        if not digit & 0x80:
            break
    body = _exactly(connection, size)
    if size < 2:
        raise ConnectionError("the broker's answer is cut off")
    if version != 5:
        return Answer(body[1])
    return Answer(
        body[1],
        _find_property(body[3:], _MAXIMUM_PACKET_SIZE, 4),
        _find_property(body[3:], _RECEIVE_MAXIMUM, 2),
    )


def _find_property(properties: bytes, wanted: int, size: int) -> int | None:
    """The number that a property of `size` bytes has; an unknown one ends the search."""
    at = 0
    while at < len(properties):
        kind = properties[at]
        at += 1
        if kind == wanted:
            return int.from_bytes(properties[at : at + size], "big")
        if kind in _ONE_BYTE:
            at += 1
        elif kind in _TWO_BYTES:
            at += 2
        elif kind in _FOUR_BYTES:
            at += 4
        else:  # texts: a length of two bytes, then so many; user properties have two of them
            for _ in range(2 if kind == 0x26 else 1):
                at += 2 + int.from_bytes(properties[at : at + 2], "big")
    return None


def _exactly(connection: socket.socket, count: int) -> bytes:
    read = b""
    while len(read) < count:
        piece = connection.recv(count - len(read))
        if not piece:
            raise ConnectionError("the broker closed the connection without an answer")
        read += piece
    return read


def _text(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack("!H", len(encoded)) + encoded


def _length(size: int) -> bytes:
    encoded = b""
    while True:
        size, digit = divmod(size, 128)
        encoded += bytes([digit | (0x80 if size else 0)])
        if not size:
            return encoded
