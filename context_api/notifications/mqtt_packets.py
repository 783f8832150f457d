"""The packets of MQTT 3.1.1 and 5.0 that a client needs which only publishes. Pure: bytes in, bytes out."""

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import NamedTuple

from context_api.ngsild.subscription_model import MqttVersion

MAX_TEXT_BYTES = 65_535
MAX_REMAINING = 268_435_455
_PROTOCOL_LEVELS = {MqttVersion.V311: 4, MqttVersion.V5: 5}

_PAYLOAD_FORMAT, _CONTENT_TYPE, _USER_PROPERTY = 0x01, 0x03, 0x26
_RECEIVE_MAXIMUM, _MAXIMUM_QOS, _MAXIMUM_PACKET = 0x21, 0x24, 0x27
_TEXT_PROPERTIES = frozenset((0x08, 0x12, 0x15, 0x1A, 0x1C, 0x1F, 0x09, 0x16, _CONTENT_TYPE))
_ONE_BYTE = frozenset((0x17, 0x19, _MAXIMUM_QOS, 0x25, 0x28, 0x29, 0x2A, _PAYLOAD_FORMAT))
_TWO_BYTES = frozenset((0x13, _RECEIVE_MAXIMUM, 0x22, 0x23))
_FOUR_BYTES = frozenset((0x02, 0x11, 0x18, _MAXIMUM_PACKET))

REFUSALS_311 = {
    1: "it does not speak MQTT 3.1.1",
    2: "it refuses the client's id",
    3: "it is not available",
    4: "it refuses the username or password",
    5: "the client is not authorised",
}
"""Return codes of CONNACK in MQTT 3.1.1 (table 3.1)."""
REASONS_5 = {
    0x80: "unspecified error",
    0x81: "malformed packet",
    0x82: "protocol error",
    0x83: "implementation specific error",
    0x84: "it does not speak MQTT 5.0",
    0x85: "it refuses the client's id",
    0x86: "it refuses the username or password",
    0x87: "not authorised",
    0x88: "it is not available",
    0x89: "it is busy",
    0x8A: "banned",
    0x8B: "it is shutting down",
    0x8D: "keep alive timeout",
    0x8E: "another client took over the session",
    0x90: "the topic is not accepted",
    0x91: "the packet identifier is in use",
    0x93: "it cannot take so many messages at once",
    0x95: "the message is too large",
    0x97: "a quota is exceeded",
    0x99: "the payload's format is not accepted",
    0x9B: "it does not support this quality of service",
    0x9F: "it takes no more connections at present",
}
"""Reason codes of MQTT 5.0 (section 2.4) that a publisher may meet."""


class PacketType(IntEnum):
    """The first four bits of a packet."""

    CONNACK = 2
    PUBACK = 4
    PUBREC = 5
    PUBCOMP = 7
    PINGRESP = 13
    DISCONNECT = 14


class MalformedPacket(Exception):
    """The broker sent what no MQTT packet is."""


class Limits(NamedTuple):
    """What a broker says it takes, when it accepts a connection."""

    receive_maximum: int = 65_535
    maximum_qos: int = 2
    maximum_packet: int = MAX_REMAINING


class Acknowledgement(NamedTuple):
    """PUBACK, PUBREC or PUBCOMP."""

    packet_id: int
    reason: int


PINGREQ = b"\xc0\x00"
DISCONNECT = b"\xe0\x00"


def write_connect(
    version: MqttVersion, client_id: str, username: str | None, password: str | None, keep_alive_s: int
) -> bytes:
    """Write CONNECT for a clean session."""
    flags = 0x02 | (0x80 if username is not None else 0) | (0x40 if password is not None else 0)
    body = _text("MQTT") + bytes((_PROTOCOL_LEVELS[version], flags)) + keep_alive_s.to_bytes(2)
    if version is MqttVersion.V5:
        body += _properties(b"")
    body += _text(client_id)
    for credential in (username, password):
        body += b"" if credential is None else _text(credential)
    return _packet(0x10, body)


def write_publish(
    version: MqttVersion,
    topic: str,
    payload: bytes,
    *,
    qos: int,
    packet_id: int,
    user_properties: Iterable[tuple[str, str]] = (),
) -> bytes:
    """Write PUBLISH of a JSON text. MQTT 5.0 tells its type, and `user_properties`, besides."""
    head = _text(topic) + (packet_id.to_bytes(2) if qos else b"")
    if version is MqttVersion.V5:
        properties = bytes((_PAYLOAD_FORMAT, 1)) + bytes((_CONTENT_TYPE,)) + _text("application/json")
        for name, value in user_properties:
            properties += bytes((_USER_PROPERTY,)) + _text(name) + _text(value)
        head += _properties(properties)
    return _packet(0x30 | qos << 1, head + payload)


def write_pubrel(packet_id: int) -> bytes:
    """Write PUBREL, the second step of quality of service 2."""
    return b"\x62\x02" + packet_id.to_bytes(2)


def read_connack(version: MqttVersion, body: bytes) -> tuple[str | None, Limits]:
    """Give why the connection is refused (None: it is accepted) and the broker's limits."""
    if len(body) < 2:
        raise MalformedPacket("CONNACK is too short")
    if version is MqttVersion.V311:
        return None if body[1] == 0 else REFUSALS_311.get(body[1], f"return code {body[1]}"), Limits()
    if body[1] >= 0x80:
        return describe(body[1]), Limits()
    numbers = _read_numbers(body[2:])
    return None, Limits(
        numbers.get(_RECEIVE_MAXIMUM, 65_535),
        numbers.get(_MAXIMUM_QOS, 2),
        numbers.get(_MAXIMUM_PACKET, MAX_REMAINING),
    )


def read_acknowledgement(body: bytes) -> Acknowledgement:
    """Read PUBACK, PUBREC or PUBCOMP; without a reason it is success."""
    if len(body) < 2:
        raise MalformedPacket("an acknowledgement is too short")
    return Acknowledgement(int.from_bytes(body[:2]), body[2] if len(body) > 2 else 0)


def describe(reason: int) -> str:
    """Say what a reason code of MQTT 5.0 means."""
    return REASONS_5.get(reason, f"reason code 0x{reason:02x}")


def _packet(first: int, body: bytes) -> bytes:
    return bytes((first,)) + _variable(len(body)) + body


def _properties(content: bytes) -> bytes:
    return _variable(len(content)) + content


def _text(text: str) -> bytes:
    encoded = text.encode()
    if len(encoded) > MAX_TEXT_BYTES:
        raise ValueError(f"a text has more than {MAX_TEXT_BYTES} bytes")
    return len(encoded).to_bytes(2) + encoded


def _variable(number: int) -> bytes:
    """Write a variable byte integer (MQTT 5.0, 1.5.5)."""
    if number > MAX_REMAINING:
        raise ValueError(f"a packet has more than {MAX_REMAINING} bytes")
    out = bytearray()
    while True:
        number, digit = number >> 7, number & 0x7F
        out.append(digit | (0x80 if number else 0))
        if not number:
            return bytes(out)


def _read_numbers(content: bytes) -> Mapping[int, int]:
    """Read the numeric properties of a packet, passing over the others."""
    length, at = _read_variable(content, 0)
    end = at + length
    if end > len(content):
        raise MalformedPacket("properties are cut off")
    numbers: dict[int, int] = {}
    while at < end:
        name, at = content[at], at + 1
        if name in _TEXT_PROPERTIES or name == _USER_PROPERTY:
            for _ in range(2 if name == _USER_PROPERTY else 1):
                at += 2 + int.from_bytes(content[at : at + 2])
            continue
        size = 1 if name in _ONE_BYTE else 2 if name in _TWO_BYTES else 4 if name in _FOUR_BYTES else 0
        if not size or at + size > end:
            raise MalformedPacket("a property is not one of MQTT 5.0, or cut off")
        numbers[name] = int.from_bytes(content[at : at + size])
        at += size
    return numbers


def _read_variable(content: bytes, at: int) -> tuple[int, int]:
    number = 0
    for position in range(4):
        if at >= len(content):
            break
        digit = content[at]
        at += 1
        number |= (digit & 0x7F) << (7 * position)
        if not digit & 0x80:
            return number, at
    raise MalformedPacket("a length is not well formed")
