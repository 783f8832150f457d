"""Many packets at a time, whatever pieces they arrive in."""

import itertools
import select
import socket
import struct
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties

from broker_bridge.bulk_client import BulkClient, Publish

CONNACK = {MQTTProtocolVersion.MQTTv5: b"\x20\x03\0\0\0", MQTTProtocolVersion.MQTTv311: b"\x20\x02\0\0"}
PINGRESP = b"\xd0\0"
VERSIONS = [MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311]


class _Client(BulkClient):
    """Connected to the other end of a pair of sockets, where the test is the broker."""

    def __init__(self, version: MQTTProtocolVersion) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, "test", protocol=version, manual_ack=True)
        self.broker, self._mine = socket.socketpair()
        self.broker.settimeout(5)
        self.taken: list[Publish] = []
        self.room = 1_000_000
        self.on_socket_register_write = lambda *_: None
        self.has_room = lambda: len(self.taken) < self.room
        self.take = self.taken.append
        self.connect("broker.example")
        self.loop_write()
        assert self.broker.recv(1_000)[0] == 0x10
        assert self.receive(CONNACK[version]) == MQTTErrorCode.MQTT_ERR_SUCCESS
        assert self.is_connected()

    def _create_socket(self) -> socket.socket:
        return self._mine

    def receive(self, piece: bytes) -> MQTTErrorCode:
        """Send a piece, and read until the socket is empty."""
        self.broker.sendall(piece)
        result = self.loop_read()
        while result == MQTTErrorCode.MQTT_ERR_SUCCESS and select.select([self._mine], [], [], 0)[0]:
            result = self.loop_read()
        return result

    def close(self) -> None:
        self.broker.close()
        self._mine.close()


@pytest.fixture(params=VERSIONS, ids=["5", "3.1.1"])
def client(request: pytest.FixtureRequest) -> Iterator[_Client]:
    made = _Client(request.param)
    yield made
    made.close()


def publish(version: int, number: int, size: int, *, qos: int = 1, flags: int = 0) -> bytes:
    topic = f"machi/v1/town/device-{number}/up".encode()
    body = struct.pack("!H", len(topic)) + topic + (struct.pack("!H", number) if qos else b"")
    body += (b"\0" if version == MQTTProtocolVersion.MQTTv5 else b"") + b"x" * size
    return bytes([0x30 | qos << 1 | flags]) + length_of(body) + body


def length_of(body: bytes) -> bytes:
    """MQTT 5, 1.5.5."""
    digits, rest = [], len(body)
    while True:
        rest, digit = divmod(rest, 128)
        digits.append(digit | 0x80 if rest else digit)
        if not rest:
            return bytes(digits)


def expected(number: int, size: int) -> Publish:
    topic = f"machi/v1/town/device-{number}/up"
    return Publish(number, topic, b"x" * size, dup=False, retain=False, properties=None)


@pytest.mark.parametrize("version", VERSIONS)
@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.sampled_from([0, 1, 60, 100, 200, 20_000]), max_size=6),
    st.lists(st.integers(1, 40_000), max_size=8),
)
def test_pieces_do_not_matter(version: MQTTProtocolVersion, sizes: list[int], cuts: list[int]) -> None:
    client = _Client(version)
    packets = [PINGRESP + publish(version, number, size) for number, size in enumerate(sizes, 1)]
    stream = b"".join(packets) + PINGRESP
    edges = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    for first, last in itertools.pairwise(edges):
        assert client.receive(stream[first:last]) == MQTTErrorCode.MQTT_ERR_SUCCESS
    assert client.taken == [expected(number, size) for number, size in enumerate(sizes, 1)]
    client.close()


def test_flags_and_packet_id(client: _Client) -> None:
    version = client.protocol
    client.receive(publish(version, 5, 1, flags=0x09) + publish(version, 6, 1, qos=0))
    assert [(one.mid, one.dup, one.retain) for one in client.taken] == [(5, True, True), (0, False, False)]


def test_user_properties() -> None:
    client = _Client(MQTTProtocolVersion.MQTTv5)
    properties = b"\x26\0\1a\0\1b" + b"\x26\0\1a\0\1c"
    body = b"\0\1t" + b"\0\7" + bytes([len(properties)]) + properties + b"payload"
    client.receive(bytes([0x32, len(body)]) + body)
    (taken,) = client.taken
    assert isinstance(taken.properties, Properties)
    assert vars(taken.properties)["UserProperty"] == [("a", "b"), ("a", "c")]
    assert (taken.mid, taken.payload) == (7, b"payload")
    client.close()


def test_a_topic_that_is_not_utf_8_is_handed_over(client: _Client) -> None:
    body = b"\0\2\xff\xfe" + b"\0\7" + b"\0" * (client.protocol == MQTTProtocolVersion.MQTTv5)
    client.receive(bytes([0x32, len(body)]) + body)
    assert [one.topic for one in client.taken] == ["(not UTF-8)"]


@pytest.mark.parametrize(
    "packet",
    [b"\x32\xff\xff\xff\xff\x01", b"\x32\x03\0\1t", b"\x32\x03\0\x09t", b"\x32\x00", b"\x32\x04\0\1t\0"],
)
def test_what_is_no_packet_ends_the_connection(client: _Client, packet: bytes) -> None:
    client.receive(packet)
    assert client.socket() is None
    assert client.taken == []


def test_what_there_is_no_room_for_waits(client: _Client) -> None:
    version = client.protocol
    client.room = 3
    client.receive(b"".join(publish(version, number, 10) for number in range(1, 9)) + PINGRESP)
    assert len(client.taken) == 3
    assert client.is_full
    client.room = 5
    client.loop_read()
    assert (len(client.taken), client.is_full) == (5, True)
    client.room = 100
    client.loop_read()
    assert client.taken == [expected(number, 10) for number in range(1, 9)]
    assert not client.is_full


def test_acknowledgements_leave_in_one_write(client: _Client) -> None:
    client.acknowledge([1, 2, 65_535])
    client.acknowledge([])
    assert client.want_write()
    client.loop_write()
    assert client.broker.recv(1_000) == bytes.fromhex("40020001 40020002 4002ffff")


def test_the_end_of_the_connection_is_noticed(client: _Client) -> None:
    client.broker.close()
    assert client.loop_read() == MQTTErrorCode.MQTT_ERR_CONN_LOST
    assert client.socket() is None
