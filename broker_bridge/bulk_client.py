"""paho, reading and acknowledging many messages at a time.

paho reads a packet with four system calls, makes a dozen objects of it and writes each PUBACK with a call of
its own: half of what a message cost the bridge. Here what the socket has is read at once, PUBLISH packets
(MQTT 5, 3.3; QoS 0 and 1) are cut out of it, and one write carries all PUBACKs. Every other packet, and the
connection, is paho's: it finds its bytes in the buffer as if they had come from the socket.
"""

import struct
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from paho.mqtt.client import Client
from paho.mqtt.enums import MessageType, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.exception import MalformedPacket
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

RECEIVE_BYTES = 64 * 1024
_PUBACK = 0x4002
"""The first two bytes of every PUBACK that reports success."""
_MAX_LENGTH_BYTES = 4


class Publish(NamedTuple):
    """A PUBLISH packet, with the names of paho's MQTTMessage."""

    mid: int
    """The packet id; 0 with QoS 0."""
    topic: str
    payload: bytes
    dup: bool
    retain: bool
    properties: Properties | None
    """None: it has none."""


class BulkClient(Client):
    """Calls `take` with every PUBLISH before `loop_read` returns, as long as `has_room` says so."""

    take: Callable[[Publish], None]
    has_room: Callable[[], bool]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._received = bytearray()
        """Not looked at yet: the beginning of a packet, or what there was no room for."""
        self._needed = 0
        """So many bytes make the first packet in `_received` whole."""
        self._data = b""
        """What is being looked at, from `_at`."""
        self._at = 0
        self.is_full = False
        """The last reading ended because there was no room: more may wait here than in the socket."""

    def acknowledge(self, packet_ids: Sequence[int]) -> None:
        """Queue the PUBACKs of messages, in the order given."""
        words = [_PUBACK] * (2 * len(packet_ids))
        words[1::2] = packet_ids
        if words:
            self._packet_queue(MessageType.PUBACK, struct.pack(f"!{len(words)}H", *words), words[-1], 1)

    def _packet_read(self) -> MQTTErrorCode:
        """Take what the socket has, and hand over every whole packet of it."""
        if not self.is_full:
            try:
                received = super()._sock_recv(RECEIVE_BYTES)
            except BlockingIOError:
                return MQTTErrorCode.MQTT_ERR_AGAIN
            except OSError:
                return MQTTErrorCode.MQTT_ERR_CONN_LOST
            if not received:
                return MQTTErrorCode.MQTT_ERR_CONN_LOST
            self._received += received
        if len(self._received) < self._needed:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        self._data, self._at = bytes(self._received), 0
        self._received.clear()
        try:
            result = self._take_packets()
        except (IndexError, MalformedPacket):  # of the first bytes of a PUBLISH, or its properties
            result = MQTTErrorCode.MQTT_ERR_PROTOCOL
        self._received += self._data[self._at :]
        self._data = b""
        return result

    def _take_packets(self) -> MQTTErrorCode:
        data, size = self._data, len(self._data)
        self.is_full, self._needed = False, 0
        while self._at < size:
            if not self.has_room():
                self.is_full = True
                break
            start, end = _find_body(data, self._at)
            if end > size:
                self._needed = end - self._at
                break
            header = data[self._at]
            if header & 0xF4 == MessageType.PUBLISH:
                self._at = end
                self.take(self._cut(header, data[start:end]))
                continue
            result = super()._packet_read()
            if result != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return result
        with self._msgtime_mutex:
            self._last_bytes_received = time.monotonic()
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _cut(self, header: int, body: bytes) -> Publish:
        """Read what follows the fixed header. Raises MalformedPacket, IndexError."""
        at = 2 + (body[0] << 8 | body[1])
        topic = _decode(body[2:at])
        packet_id = 0
        if header & 0x02:
            packet_id = body[at] << 8 | body[at + 1]
            at += 2
        properties: Properties | None = None
        if self._protocol == MQTTProtocolVersion.MQTTv5:
            if body[at]:
                properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
                at += properties.unpack(body[at:])[1]  # type: ignore[no-untyped-call]
            else:
                at += 1
        if at > len(body):
            raise MalformedPacket("a PUBLISH packet ends within its head")
        return Publish(packet_id, topic, body[at:], header & 0x08 != 0, header & 0x01 != 0, properties)

    def _sock_recv(self, bufsize: int) -> bytes:
        """Let paho read the packet at hand, which is whole."""
        piece = self._data[self._at : self._at + bufsize]
        self._at += len(piece)
        return piece


def _find_body(data: bytes, at: int) -> tuple[int, int]:
    """Tell where the body of a packet begins and ends, be it beyond the data. Raises MalformedPacket."""
    length = shift = 0
    for position in range(at + 1, at + 1 + _MAX_LENGTH_BYTES):
        if position >= len(data):
            return position, position + 1
        digit = data[position]
        length |= (digit & 0x7F) << shift
        if digit < 0x80:
            return position + 1, position + 1 + length
        shift += 7
    raise MalformedPacket("the length of a packet has more than four bytes")


def _decode(topic: bytes) -> str:
    """MQTT wants UTF-8, and a broker that does not see to it must not stop us."""
    try:
        return topic.decode()
    except UnicodeDecodeError:
        return "(not UTF-8)"
