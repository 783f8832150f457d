"""Many MQTT clients in one thread: each device its own connection and credentials, one selector for all.

paho runs a thread per client by default; two hundred threads cost memory and switches for nothing.
"""

import logging
import resource
import selectors
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from devices.broker_address import BrokerAddress

_KEEPALIVE_S = 60
_CONNECT_TIMEOUT_S = 5.0
_CONNECTS_PER_TURN = 20
_HOUSEKEEPING_S = 1.0
_BACKOFF_S = (0.5, 30.0)
_MAX_WAITING = 200
_FILES_PER_DEVICE = 3
_log = logging.getLogger(__name__)


class Login(NamedTuple):
    """What a device needs to publish."""

    username: str
    password: str
    topic: str


@dataclass
class FleetCounts:
    """What became of the messages, and of the connections."""

    connected: int = 0
    published: int = 0
    acknowledged: int = 0
    dropped: int = 0
    """Not sent: the device's own queue was full."""
    refused: int = 0
    """Connections that the broker refused."""


@dataclass(eq=False)
class Member:
    """One device's connection."""

    login: Login
    client: mqtt.Client
    is_connected: bool = False
    waiting: int = 0
    """Messages without an acknowledgement."""
    next_attempt: float = 0.0
    backoff_s: float = _BACKOFF_S[0]


@dataclass(eq=False)
class Fleet:
    """Connects its members, reconnects them, and moves their bytes whenever `step` is called."""

    broker: BrokerAddress
    counts: FleetCounts = field(default_factory=FleetCounts)
    members: list[Member] = field(default_factory=list)
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _housekeeping_at: float = 0.0

    def add(self, login: Login) -> Member:
        """Take a device in; it is connected by the next steps."""
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=login.username,
            clean_session=False,
            reconnect_on_failure=False,
        )
        client.username_pw_set(login.username, login.password)
        client.connect_timeout = _CONNECT_TIMEOUT_S
        client.max_queued_messages_set(_MAX_WAITING)
        if self.broker.tls:
            client.tls_set()
        member = Member(login, client)
        client.user_data_set(member)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_socket_open = self._on_socket_open
        client.on_socket_close = self._on_socket_close
        client.on_socket_register_write = self._on_socket_register_write
        client.on_socket_unregister_write = self._on_socket_unregister_write
        self.members.append(member)
        return member

    def publish(self, member: Member, payload: bytes) -> bool:
        """Hand over a message with QoS 1, which survives a reconnection; False if the queue is full."""
        if member.waiting >= _MAX_WAITING:
            self.counts.dropped += 1
            return False
        information = member.client.publish(member.login.topic, payload, qos=1)
        if information.rc not in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN):
            self.counts.dropped += 1
            return False
        member.waiting += 1
        self.counts.published += 1
        return True

    def step(self, timeout_s: float) -> None:
        """Do what is due, and wait for at most `timeout_s` for something to happen."""
        now = time.monotonic()
        self._connect_some(now)
        for key, events in self._selector.select(max(0.0, timeout_s)):
            member: Member = key.data
            if events & selectors.EVENT_READ:
                member.client.loop_read()
            if events & selectors.EVENT_WRITE:
                member.client.loop_write()
        if now >= self._housekeeping_at:
            self._housekeeping_at = now + _HOUSEKEEPING_S
            for member in self.members:
                member.client.loop_misc()

    def waiting(self) -> int:
        """How many messages are without an acknowledgement."""
        return sum(member.waiting for member in self.members)

    def drain(self, timeout_s: float) -> bool:
        """Wait until everything is acknowledged; False after `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        while self.waiting():
            if time.monotonic() >= deadline:
                return False
            self.step(0.05)
        return True

    def close(self) -> None:
        """Say goodbye to the broker."""
        for member in self.members:
            member.client.disconnect()
            member.client.loop_write()
            member.client.loop_misc()
        self._selector.close()

    def _connect_some(self, now: float) -> None:
        if self.counts.connected == len(self.members):
            return
        due = (member for member in self.members if not member.client.socket() and member.next_attempt <= now)
        for member in _first(due, _CONNECTS_PER_TURN):
            self._delay(member, now)
            try:
                member.client.connect(self.broker.host, self.broker.port, _KEEPALIVE_S)
            except OSError as error:
                self._broker_is_away(now, error)
                return

    def _broker_is_away(self, now: float, error: OSError) -> None:
        """Nobody else needs to find out for himself."""
        _log.warning("Broker unreachable", extra={"action": "connect", "error": str(error)})
        for member in self.members:
            member.next_attempt = max(member.next_attempt, now + 1.0)

    def _delay(self, member: Member, now: float) -> None:
        member.next_attempt = now + member.backoff_s
        member.backoff_s = min(member.backoff_s * 2, _BACKOFF_S[1])

    def _on_connect(
        self, _client: mqtt.Client, member: Member, _flags: Any, reason: Any, _properties: Any
    ) -> None:
        if reason.is_failure:
            self.counts.refused += 1
            _log.warning(
                "Connection refused",
                extra={"action": "connect", "username": member.login.username, "reason": str(reason)},
            )
            return
        member.is_connected = True
        member.backoff_s = _BACKOFF_S[0]
        self.counts.connected += 1

    def _on_disconnect(
        self, _client: mqtt.Client, member: Member, _flags: Any, _reason: Any, _properties: Any
    ) -> None:
        if member.is_connected:
            member.is_connected = False
            self.counts.connected -= 1

    def _on_publish(
        self, _client: mqtt.Client, member: Member, _mid: int, _reason: Any, _properties: Any
    ) -> None:
        member.waiting = max(0, member.waiting - 1)
        self.counts.acknowledged += 1

    def _on_socket_open(self, _client: mqtt.Client, member: Member, sock: Any) -> None:
        self._selector.register(sock, selectors.EVENT_READ, member)

    def _on_socket_close(self, _client: mqtt.Client, _member: Member, sock: Any) -> None:
        self._selector.unregister(sock)

    def _on_socket_register_write(self, _client: mqtt.Client, member: Member, sock: Any) -> None:
        self._selector.modify(sock, selectors.EVENT_READ | selectors.EVENT_WRITE, member)

    def _on_socket_unregister_write(self, _client: mqtt.Client, member: Member, sock: Any) -> None:
        self._selector.modify(sock, selectors.EVENT_READ, member)


def allow_files_for(devices: int) -> None:
    """Raise the limit of open files, which is 1024 on many systems, as far as the system lets us."""
    wanted = devices * _FILES_PER_DEVICE + 256
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if limit > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


def _first(members: Iterable[Member], count: int) -> list[Member]:
    return [member for member, _ in zip(members, range(count), strict=False)]
