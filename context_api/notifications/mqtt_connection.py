"""A connection to an MQTT broker that is published on: many messages at once, each until acknowledged."""

import asyncio
import contextlib
import secrets
from collections import deque
from collections.abc import Iterable

from context_api.ngsild.subscription_model import MqttVersion
from context_api.notifications.mqtt_packets import (
    DISCONNECT,
    PINGREQ,
    Limits,
    MalformedPacket,
    PacketType,
    describe,
    read_acknowledgement,
    read_connack,
    write_connect,
    write_publish,
    write_pubrel,
)

KEEP_ALIVE_S = 60
"""An unused connection is closed long before."""
MAX_IN_FLIGHT = 64
MAX_ANSWER_BYTES = 64 * 1024
MAX_PACKET_ID = 65_535

_NOT_MQTT = "the broker does not answer as MQTT has it"


class BrokerRefused(Exception):
    """The broker said no; the message says why, in words of ours."""


class ConnectionGone(Exception):
    """The broker closed the connection, or broke the protocol."""


class MqttConnection:
    """Open it with `open_session`; a connection that was lost is not used again."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, version: MqttVersion
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._version = version
        self._limits = Limits()
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._pings: deque[asyncio.Future[None]] = deque()
        self._slots = asyncio.Semaphore(MAX_IN_FLIGHT)
        self._last_id = 0
        self._reading: asyncio.Task[None] | None = None
        self._lost: str | None = None
        self._heard_at = 0.0

    @property
    def is_lost(self) -> bool:
        """Whether it can no longer be used."""
        return self._lost is not None

    async def open_session(self, username: str | None, password: str | None) -> None:
        """Introduce ourselves. Raises BrokerRefused, ConnectionGone, OSError."""
        client_id = f"machi-{secrets.token_hex(6)}"
        self._writer.write(write_connect(self._version, client_id, username, password, KEEP_ALIVE_S))
        await self._writer.drain()
        try:
            _, body = await self._read_packet(PacketType.CONNACK)
            refusal, self._limits = read_connack(self._version, body)
        except asyncio.IncompleteReadError as error:
            raise ConnectionGone("the broker closed the connection at once") from error
        except MalformedPacket as error:
            raise ConnectionGone(_NOT_MQTT) from error
        if refusal is not None:
            raise BrokerRefused(refusal)
        self._slots = asyncio.Semaphore(max(1, min(MAX_IN_FLIGHT, self._limits.receive_maximum)))
        self._reading = asyncio.create_task(self._read())

    async def publish(
        self, topic: str, payload: bytes, qos: int, user_properties: Iterable[tuple[str, str]]
    ) -> None:
        """Publish and wait until the broker has it: PUBACK, PUBCOMP, or its answer to a ping sent behind it.

        Raises BrokerRefused, ConnectionGone, OSError, ValueError for what no packet can hold.
        """
        if qos > self._limits.maximum_qos:
            raise BrokerRefused(f"it takes quality of service {self._limits.maximum_qos} at most")
        async with self._slots:
            packet_id = self._next_id() if qos else 0
            packet = write_publish(
                self._version,
                topic,
                payload,
                qos=qos,
                packet_id=packet_id,
                user_properties=user_properties,
            )
            if len(packet) > self._limits.maximum_packet:
                raise BrokerRefused(f"it takes packets of {self._limits.maximum_packet} bytes at most")
            if self._lost is not None:
                raise ConnectionGone(self._lost)
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            if qos:
                self._waiting[packet_id] = done
            else:
                # Brokers answer in order: once the ping is answered, what was written before it has been read
                self._pings.append(done)
                packet += PINGREQ
            try:
                sent_at = asyncio.get_running_loop().time()
                self._writer.write(packet)
                await self._writer.drain()
                await done
            except asyncio.CancelledError:
                if self._heard_at < sent_at:
                    # Nothing came since: it may be dead, and the next message shall not wait for it as well
                    self._lose("the broker does not answer")
                raise
            finally:
                self._waiting.pop(packet_id, None)

    async def close(self) -> None:
        """Say goodbye; what still waits has failed."""
        if self._lost is None:
            self._writer.write(DISCONNECT)
        self._lose("the connection was closed")
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(1.0):
                await self._writer.wait_closed()

    def abort(self) -> None:
        """Close without ado."""
        self._lose("the connection was given up")
        if self._reading is not None:
            self._reading.cancel()

    def _next_id(self) -> int:
        while True:
            self._last_id = self._last_id % MAX_PACKET_ID + 1
            if self._last_id not in self._waiting:
                return self._last_id

    async def _read(self) -> None:
        try:
            while True:
                self._take(*await self._read_packet())
        except (asyncio.IncompleteReadError, OSError):
            self._lose("the broker closed the connection")
        except MalformedPacket:
            self._lose(_NOT_MQTT)

    def _take(self, kind: int, body: bytes) -> None:
        if kind == PacketType.PINGRESP:
            if self._pings:
                _resolve(self._pings.popleft())
        elif kind in (PacketType.PUBACK, PacketType.PUBREC, PacketType.PUBCOMP):
            self._acknowledge(kind, *read_acknowledgement(body))
        elif kind == PacketType.DISCONNECT:
            reason = describe(body[0]) if body else "no reason given"
            self._lose(f"the broker closed the connection: {reason}")

    def _acknowledge(self, kind: int, packet_id: int, reason: int) -> None:
        done = self._waiting.get(packet_id)
        if reason >= 0x80:
            _fail(done, BrokerRefused(describe(reason)))
        elif kind == PacketType.PUBREC:
            # Also for one that nobody waits for any more: the broker keeps it until it is released
            self._writer.write(write_pubrel(packet_id))
        else:
            _resolve(done)

    async def _read_packet(self, expected: PacketType | None = None) -> tuple[int, bytes]:
        """Read one packet: its type and what follows the fixed header."""
        first = (await self._reader.readexactly(1))[0]
        if expected is not None and first >> 4 != expected:
            raise MalformedPacket(f"{expected.name} is expected")
        self._heard_at = asyncio.get_running_loop().time()
        length = 0
        for position in range(4):
            digit = (await self._reader.readexactly(1))[0]
            length |= (digit & 0x7F) << (7 * position)
            if not digit & 0x80:
                break
        else:
            raise MalformedPacket("a length is not well formed")
        if length > MAX_ANSWER_BYTES:
            raise MalformedPacket("a packet is too long")
        return first >> 4, await self._reader.readexactly(length)

    def _lose(self, reason: str) -> None:
        if self._lost is None:
            self._lost = reason
        for done in (*self._waiting.values(), *self._pings):
            _fail(done, ConnectionGone(self._lost))
        self._pings.clear()
        self._writer.close()


def _resolve(done: asyncio.Future[None] | None) -> None:
    if done is not None and not done.done():
        done.set_result(None)


def _fail(done: asyncio.Future[None] | None, error: Exception) -> None:
    if done is not None and not done.done():
        done.set_exception(error)
