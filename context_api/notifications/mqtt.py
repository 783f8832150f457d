"""Notifications as MQTT messages (clause 7.2): connections are kept per broker and user, and are bounded."""

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import httpx
import orjson

from context_api.ngsild.subscription_endpoint import MqttAddress, parse_mqtt_uri
from context_api.ngsild.subscription_model import MqttVersion
from context_api.notifications.headers import Headers
from context_api.notifications.mqtt_connection import BrokerRefused, ConnectionGone, MqttConnection
from context_api.notifications.outbound import OutboundPolicy, OutboundRefused, open_stream
from context_api.notifications.retry import Verdict
from context_api.notifications.sender import Attempt, Message

MAX_CONNECTIONS = 256
IDLE_S = 30.0
"""An unused connection is closed after this."""


class _Key(NamedTuple):
    """What shares a connection."""

    scheme: str
    host: str
    port: int
    username: str | None
    password: str | None
    version: MqttVersion


class _Slot:
    """The place of one connection, which is opened by the first who needs it."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.connection: MqttConnection | None = None
        self.users = 0
        self.expiry: asyncio.TimerHandle | None = None


class MqttSender:
    """Publishes; delivered is what the broker has acknowledged. Used from one event loop."""

    def __init__(
        self,
        policy: OutboundPolicy,
        *,
        tls: Callable[[], ssl.SSLContext] | None = None,
        max_connections: int = MAX_CONNECTIONS,
        idle_s: float = IDLE_S,
    ) -> None:
        self._policy = policy
        self._tls = tls or _trusting_the_public
        self._max_connections = max_connections
        self._idle_s = idle_s
        self._slots: OrderedDict[_Key, _Slot] = OrderedDict()
        self._closing: set[asyncio.Task[None]] = set()

    async def send(self, message: Message, timeout_s: float) -> Attempt:
        """As `Sender` says. No error names the username or the password."""
        try:
            address = parse_mqtt_uri(message.url)
            payload = write_payload(message)
            async with asyncio.timeout(timeout_s):
                await self._publish(address, message, payload)
        except TimeoutError:
            return Attempt(Verdict.RETRY, f"no acknowledgement within {timeout_s:g} s")
        except (OutboundRefused, BrokerRefused, ConnectionGone, httpx.ConnectError, OSError) as error:
            return Attempt(Verdict.RETRY, _describe(error))
        except ValueError as error:
            return Attempt(Verdict.RETRY, f"no MQTT message: {error}")
        return Attempt(Verdict.DELIVERED)

    async def aclose(self) -> None:
        """Close all connections."""
        while self._slots:
            _, slot = self._slots.popitem()
            self._retire(slot)
        await asyncio.gather(*self._closing, return_exceptions=True)

    async def _publish(self, address: MqttAddress, message: Message, payload: bytes) -> None:
        key = _Key(
            address.scheme,
            address.host,
            address.port,
            address.username,
            address.password,
            message.mqtt_version,
        )
        slot = self._take(key)
        try:
            async with slot.lock:
                if slot.connection is None or slot.connection.is_lost:
                    slot.connection = await self._open(key)
                connection = slot.connection
            await connection.publish(address.topic, payload, message.mqtt_qos, _texts(message.headers))
        finally:
            self._give_back(key, slot)

    async def _open(self, key: _Key) -> MqttConnection:
        tls = self._tls() if key.scheme == "mqtts" else None
        reader, writer = await open_stream(self._policy, key.host, key.port, tls)
        connection = MqttConnection(reader, writer, key.version)
        try:
            await connection.open_session(key.username, key.password)
        except BaseException:
            connection.abort()
            raise
        return connection

    def _take(self, key: _Key) -> _Slot:
        slot = self._slots.get(key)
        if slot is None:
            self._make_room()
            slot = self._slots[key] = _Slot()
        self._slots.move_to_end(key)
        slot.users += 1
        if slot.expiry is not None:
            slot.expiry.cancel()
            slot.expiry = None
        return slot

    def _make_room(self) -> None:
        """Close the connection that was unused for longest. Raises ConnectionGone where all are in use."""
        if len(self._slots) < self._max_connections:
            return
        for key, slot in self._slots.items():
            if not slot.users:
                self._forget(key, slot)
                return
        raise ConnectionGone(f"{self._max_connections} MQTT connections are in use: tried again later")

    def _give_back(self, key: _Key, slot: _Slot) -> None:
        slot.users -= 1
        if slot.users or self._slots.get(key) is not slot:
            return
        if slot.connection is None or slot.connection.is_lost:
            self._forget(key, slot)
        else:
            slot.expiry = asyncio.get_running_loop().call_later(self._idle_s, self._forget, key, slot)

    def _forget(self, key: _Key, slot: _Slot) -> None:
        if self._slots.get(key) is slot:
            del self._slots[key]
        self._retire(slot)

    def _retire(self, slot: _Slot) -> None:
        if slot.expiry is not None:
            slot.expiry.cancel()
        connection, slot.connection = slot.connection, None
        if connection is not None:
            task = asyncio.get_running_loop().create_task(connection.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


def write_payload(message: Message) -> bytes:
    """Write metadata and body as one JSON object; the body is, byte for byte, what is signed."""
    return b'{"metadata":' + orjson.dumps(dict(_texts(message.headers))) + b',"body":' + message.body + b"}"


def _texts(headers: Headers) -> list[tuple[str, str]]:
    return [(name.decode(), value.decode()) for name, value in headers]


def _describe(error: Exception) -> str:
    """The error in one line, in words that hold nothing of the URI but its host."""
    if isinstance(error, OutboundRefused):
        return f"refused: {error}"
    if isinstance(error, BrokerRefused):
        return f"refused by the MQTT broker: {error}"
    if isinstance(error, ConnectionGone):
        return str(error)
    text = (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
    printable = "".join(letter if letter.isprintable() else " " for letter in text[:200])
    return f"no connection to the MQTT broker: {printable}"


@cache
def _trusting_the_public() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)
