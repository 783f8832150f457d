"""The broker side: one persistent session, read by one thread.

paho's own loop thread is not used. It reads one packet per select, wakes itself for every acknowledgement,
and lets other threads write while it reconnects. Here one thread owns the paho client (its loop_* functions
exist for that), reads what has arrived in one go, and sends every PUBACK itself, so that a connection, its
packet ids and the acknowledgements can never race (see inflight.py). Others append to a queue and wake it.

Each connection gets a fresh paho client: nothing of a former connection can be left over in it.
"""

import logging
import math
import os
import select
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import cast

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from broker_bridge.backoff import Backoff
from broker_bridge.bulk_client import BulkClient, Publish
from broker_bridge.inflight import InFlight, Repeat
from broker_bridge.models import Incoming
from broker_bridge.mqtt_setup import (
    BAD_CREDENTIALS,
    OTHER_VERSION,
    address,
    can_share,
    connect_properties,
    is_sharing,
    new_client,
    subscriptions,
    user_properties,
)
from broker_bridge.settings import BridgeSettings

_log = logging.getLogger(__name__)

ANSWER_TIMEOUT_S = 3.0
"""For CONNACK. amqtt never answers a client that speaks MQTT 5."""
GOODBYE_TIMEOUT_S = 2.0
SHORT_LIFE_S = 2.0
"""A connection that ends sooner than this after it was ready is suspect, and does not reset the back-off."""


class End(Enum):
    """How a connection ended, and so what to do next."""

    LOST = "lost"
    """Try again, with back-off."""
    REFUSED = "refused"
    """Trying again soon would not help: credentials, or another client with our id."""
    OTHER_VERSION = "other-version"
    """The broker does not speak this version of MQTT, or seems not to."""
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class BrokerState:
    """What /readyz and the metrics tell about the broker."""

    is_ready: bool = False
    """Connected, and every subscription granted."""
    detail: str = "not connected yet"
    mqtt_version: str = ""


class MqttClient:
    """Takes messages from the broker and acknowledges them when told that they are committed.

    `deliver` is called in the network thread with every new message of a topic that `is_ours`; it must not
    block. Messages of other topics are acknowledged unread: another session has them too.

    A client that is `leaving` ends the session's subscriptions instead of making them and takes what the
    broker has queued already; `is_empty` says when that is all.
    """

    def __init__(
        self,
        settings: BridgeSettings,
        deliver: Callable[[Incoming], None],
        *,
        is_ours: Callable[[str], bool] = lambda _: True,
        is_leaving: bool = False,
    ) -> None:
        self._settings = settings
        self._deliver = deliver
        self._is_ours = is_ours
        self._is_leaving = is_leaving
        self._host, self._port = address(settings)
        self._version = (
            MQTTProtocolVersion.MQTTv311 if settings.mqtt_version == "3.1.1" else MQTTProtocolVersion.MQTTv5
        )
        self._in_flight = InFlight()
        self._backoff = Backoff(settings.backoff_min_s, settings.backoff_max_s)
        self._committed: deque[Sequence[Incoming]] = deque()
        self._unread: list[int] = []
        """Packet ids of this connection to acknowledge without the pipeline."""
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_reader.setblocking(False)
        self._wake_writer.setblocking(False)
        self._is_taking = True
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)
        self._end: End | None = None
        self._is_answered = False
        self._subscribe_again_at = math.inf
        self._ready_at = math.inf
        self._handled = 0
        self._handled_before_leaving: int | None = None
        self._heard_at = time.monotonic()
        self.state = BrokerState()
        self.is_empty = False
        self.connections = 0
        self.sessions_lost = 0
        """How often the broker no longer knew our session: what it had queued is gone."""
        self._keep_all_until = -math.inf
        """A broker that forgot our session forgot the others too: until they are back, all is ours."""
        self.passed_over = 0
        """Messages that belong to other sessions."""
        self.redelivered_in_flight = 0
        """Redeliveries of messages that the pipeline still held, or had committed already."""

    @property
    def session(self) -> int:
        """See `InFlight.session`; None of its messages is in the pipeline before this has changed."""
        return self._in_flight.session

    @property
    def in_flight(self) -> tuple[int, int]:
        """Messages and bytes that were handed over and are not committed."""
        return self._in_flight.messages, self._in_flight.size

    @property
    def silent_for_s(self) -> float | None:
        """How long no message has come; None while none has come at all."""
        return time.monotonic() - self._heard_at if self._handled else None

    def start(self) -> None:
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def acknowledge(self, messages: Sequence[Incoming]) -> None:
        """Have PUBACKs sent for committed messages. From any thread; never blocks, never fails."""
        self._committed.append(messages)
        self._wake()

    def stop_taking(self) -> None:
        """Hand over no further message; acknowledgements still go out."""
        self._is_taking = False
        self._wake()

    def close(self, timeout_s: float = 5.0) -> None:
        """Send what is committed, disconnect (the broker keeps the session), end the thread."""
        self._is_stopping.set()
        self._wake()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        self._wake_reader.close()
        self._wake_writer.close()

    def _wake(self) -> None:
        with suppress(OSError):  # full: the thread is about to wake anyway; closed: it has ended
            self._wake_writer.send(b"\0")

    # -- the network thread ------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._is_stopping.is_set():
            end = self._connect_and_serve()
            self._in_flight.end_connection()
            if time.monotonic() - self._ready_at >= SHORT_LIFE_S:
                self._backoff.reset()
            self._is_stopping.wait(self._pause_s(end))

    def _pause_s(self, end: End) -> float:
        """How long to wait before the next attempt, and with which version it is made.

        Each begins with MQTT 5; where that is refused, or met by silence, 3.1.1 follows at once.
        """
        was_five = self._version == MQTTProtocolVersion.MQTTv5
        if self._settings.mqtt_version == "auto":
            falls_back = end is End.OTHER_VERSION and was_five
            self._version = MQTTProtocolVersion.MQTTv311 if falls_back else MQTTProtocolVersion.MQTTv5
            if falls_back:
                return 0.0
        if end is End.REFUSED:
            return self._settings.refused_retry_s
        return 0.0 if end is End.STOPPED else self._backoff.next_s()

    def _connect_and_serve(self) -> End:
        """One connection, from CONNECT to its end."""
        self._end = None
        self._is_answered = False
        self._ready_at = math.inf
        client = self._new_client()
        try:
            self._connect(client)
        except OSError as error:
            self._report(f"cannot reach {self._host}:{self._port}: {error}")
            return End.LOST
        try:
            self._serve(client)
        finally:
            _abort(client)
        return self._end or End.LOST

    def _serve(self, client: BulkClient) -> None:
        """Read, acknowledge and write until the socket is closed."""
        answer_until = time.monotonic() + ANSWER_TIMEOUT_S
        while (connection := client.socket()) is not None and self._end is None:
            self._turn(client, cast(socket.socket, connection))
            now = time.monotonic()
            if not client.is_connected() and now > answer_until:
                self._report("the broker accepts the connection but does not answer")
                self._end = End.OTHER_VERSION
                return
            if now > self._subscribe_again_at:
                self._subscribe(client)
            if self._is_silent(now):
                self._report(f"no message for {now - self._heard_at:.0f} s, connecting anew")
                return
            if self._is_leaving and self._in_flight.messages == 0 and self._ready_at < math.inf:
                self._leave(client)
            if self._is_stopping.is_set() and not self._committed:
                self._end = End.STOPPED
                self._disconnect(client, cast(socket.socket, connection))

    def _is_silent(self, now: float) -> bool:
        """Whether silence has lasted so long that the connection, though it answers, is to be made anew.

        A broker may forget a subscription, or be told to: nothing but silence shows that.
        """
        limit_s = self._settings.silent_after_s
        return (
            limit_s > 0
            and not self._is_leaving
            and self._ready_at < math.inf
            and self._in_flight.messages == 0
            and now - max(self._heard_at, self._ready_at) > limit_s
        )

    def _turn(self, client: BulkClient, connection: socket.socket) -> None:
        is_reading = self._is_reading(client)
        events = self._wait(
            connection,
            is_reading=is_reading,
            is_writing=client.want_write(),
            is_pending=is_reading and (client.is_full or _is_decrypted(connection)),
        )
        if is_reading and events & ~select.POLLOUT:
            client.loop_read()
        elif events & ~select.POLLOUT:
            self._end = End.LOST
            self._report("connection lost")
            return
        self._send_acknowledgements(client)
        if client.want_write():
            client.loop_write()
        client.loop_misc()

    def _wait(
        self, connection: socket.socket, *, is_reading: bool, is_writing: bool, is_pending: bool
    ) -> int:
        """Wait for the connection or a wake; returns what happened to the connection.

        `is_pending`: something was read from it already, and not looked at.
        """
        poll = select.poll()
        poll.register(self._wake_reader, select.POLLIN)
        poll.register(connection, is_reading * select.POLLIN | is_writing * select.POLLOUT | select.POLLRDHUP)
        happened = dict(poll.poll(0 if is_pending else 1000))
        if self._wake_reader.fileno() in happened:
            with suppress(BlockingIOError):
                self._wake_reader.recv(4096)
        return happened.get(connection.fileno(), 0) | is_pending * select.POLLIN

    def _is_reading(self, client: Client) -> bool:
        """False while the pipeline holds all it may: TCP then slows the broker down.

        A broker that honours Receive Maximum stops one message before that. Under MQTT 3.1.1 there is no such
        thing, and mosquitto up to 2.0.11 (Debian 12) sends Receive Maximum more for every PUBACK. If reading
        pauses longer than the keepalive the connection is lost and made anew, which loses nothing.
        """
        if not client.is_connected():
            return True
        held = self._in_flight
        return (
            self._is_taking
            and held.messages <= self._settings.in_flight
            and held.size < self._settings.in_flight_bytes
        )

    def _send_acknowledgements(self, client: BulkClient) -> None:
        client.acknowledge(self._unread)
        self._unread.clear()
        while self._committed:
            client.acknowledge(self._in_flight.settle(self._committed.popleft()))

    def _disconnect(self, client: Client, connection: socket.socket) -> None:
        """Leave in order: the broker must have read our last acknowledgements before the socket closes.

        paho closes it behind DISCONNECT. With messages still unread in it, that would reset the connection:
        the broker would lose what it had not read. A second handle keeps it open until the broker closes.
        """
        with socket.socket(fileno=os.dup(connection.fileno())) as handle:
            client.disconnect()
            self._flush(client)
            handle.settimeout(GOODBYE_TIMEOUT_S)
            until = time.monotonic() + GOODBYE_TIMEOUT_S
            with suppress(OSError):
                while handle.recv(65_536) and time.monotonic() < until:
                    pass

    def _flush(self, client: Client) -> None:
        """Write until everything has left, or the broker stopped reading for a second."""
        while (connection := client.socket()) is not None and client.want_write():
            _, writable, _ = select.select([], [cast(socket.socket, connection)], [], 1.0)
            if not writable:
                return
            client.loop_write()

    # -- CONNECT and its answer --------------------------------------------------------------------------

    def _new_client(self) -> BulkClient:
        client = new_client(self._settings, self._version)
        self._unread.clear()
        client.take = self._on_message
        client.has_room = partial(self._is_reading, client)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_unsubscribe = self._on_unsubscribe
        client.on_disconnect = self._on_disconnect
        # Its presence tells paho that an outer loop writes: ack() then only queues.
        client.on_socket_register_write = _ignore
        return client

    def _connect(self, client: Client) -> None:
        if self._version != MQTTProtocolVersion.MQTTv5:
            client.connect(self._host, self._port, self._settings.keepalive_s)
            return
        client.connect(
            self._host,
            self._port,
            self._settings.keepalive_s,
            clean_start=False,
            properties=connect_properties(self._settings),
        )

    def _on_connect(
        self,
        client: Client,
        _userdata: object,
        flags: ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self._is_answered = True
        if reason.is_failure:
            self._refused(reason.getName())
            return
        if is_sharing(self._settings) and not can_share(self._version, properties):
            self._end = End.REFUSED
            self._report("the broker has no shared subscriptions: set MACHI_BRIDGE_SPREAD=divided")
            return
        self.connections += 1
        if self.connections > 1 and not flags.session_present:
            self.sessions_lost += 1
            self._keep_all_until = time.monotonic() + 2 * self._settings.backoff_max_s
        self._in_flight.begin_connection(session_present=flags.session_present)
        self.state = BrokerState(detail="connected, not subscribed yet", mqtt_version=self._version_name)
        self._subscribe(client)
        _log.info(
            "Connected to the broker",
            extra={"session_present": flags.session_present, "version": self._version_name},
        )

    def _refused(self, reason: str) -> None:
        if reason in OTHER_VERSION:
            self._end = End.OTHER_VERSION
            self._report(f"the broker does not speak MQTT {self._version_name}")
        elif reason in BAD_CREDENTIALS:
            self._end = End.REFUSED
            self._report(f"the broker refuses our user name or password ({reason})")
        else:
            self._end = End.LOST
            self._report(f"the broker refuses the connection: {reason}")

    def _subscribe(self, client: Client) -> None:
        """With every connection: needless where the broker kept the session, and harmless."""
        self._subscribe_again_at = math.inf
        if self._is_leaving:
            self._handled_before_leaving = None
            self._leave(client)
            return
        client.subscribe(subscriptions(self._settings, self._version))

    def _on_subscribe(
        self,
        _client: Client,
        _userdata: object,
        _packet_id: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        refused = [
            topic
            for topic, reason in zip(self._settings.subscriptions, reasons, strict=False)
            if reason.is_failure
        ]
        if refused:
            self._subscribe_again_at = time.monotonic() + self._settings.refused_retry_s
            self._report(f"the broker refuses the subscription to {', '.join(refused)}: check its ACL")
            return
        self._ready_at = time.monotonic()
        self.state = BrokerState(is_ready=True, detail="connected", mqtt_version=self._version_name)

    def _leave(self, client: Client) -> None:
        """Unsubscribe, as often as it takes: an answer without a message before it says that no more wait.

        A broker answers in order, and sends what it has queued as soon as it reads our acknowledgements.
        """
        if self._handled_before_leaving is None and not self.is_empty:
            self._handled_before_leaving = self._handled
            client.unsubscribe(list(self._settings.subscriptions))

    def _on_unsubscribe(
        self,
        _client: Client,
        _userdata: object,
        _packet_id: int,
        _reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        self.is_empty = self._handled == self._handled_before_leaving and self._in_flight.messages == 0
        self._handled_before_leaving = None
        self._ready_at = time.monotonic()
        self.state = BrokerState(is_ready=True, detail="leaving", mqtt_version=self._version_name)

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: object,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if self._end is not None:
            return
        name = reason.getName()
        if not self._is_answered:
            self._end = End.OTHER_VERSION
            self._report("the broker closed the connection without an answer")
            return
        self._end = End.REFUSED if name == "Session taken over" else End.LOST
        if self._end is End.REFUSED or time.monotonic() - self._ready_at < SHORT_LIFE_S:
            # Not every broker says so, and two clients with one id throw each other out for ever.
            name += f"; does another client use the id {self._settings.client_id}?"
        self._report(f"connection lost: {name}")

    def _on_message(self, message: Publish) -> None:
        self._handled += 1
        self._heard_at = time.monotonic()
        if not self._is_ours(message.topic) and self._heard_at > self._keep_all_until:
            self.passed_over += 1
            if message.mid:
                self._unread.append(message.mid)
            return
        taken = self._in_flight.take(
            message.mid,
            message.topic,
            message.payload,
            is_dup=message.dup,
            is_retained=message.retain,
            arrived_at=time.time_ns() // 1000,
            properties=user_properties(message.properties),
        )
        if isinstance(taken, Incoming):
            self._deliver(taken)
            return
        self.redelivered_in_flight += 1
        if taken is Repeat.COMMITTED:
            self._unread.append(message.mid)

    # -- telling -----------------------------------------------------------------------------------------

    @property
    def _version_name(self) -> str:
        return "5" if self._version == MQTTProtocolVersion.MQTTv5 else "3.1.1"

    def _report(self, detail: str) -> None:
        """Say it once: a broker that stays away is one line, not one per attempt."""
        if detail != self.state.detail:
            _log.warning("The broker is not ready", extra={"detail": detail})
        self.state = BrokerState(detail=detail)


def _abort(client: Client) -> None:
    """Close the socket of a connection that has ended for us, whatever state it is in."""
    client.on_disconnect = None
    connection = client.socket()
    if connection is not None:
        with suppress(OSError):
            connection.close()


def _is_decrypted(connection: socket.socket) -> bool:
    """Whether TLS holds data that it has decrypted already, which does not show in poll."""
    return isinstance(connection, ssl.SSLSocket) and connection.pending() > 0


def _ignore(_client: Client, _userdata: object, _connection: object) -> None:
    """The loop asks `want_write` itself."""
