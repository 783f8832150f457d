"""Small MQTT clients for tests of brokers, and entries of their access files."""

import base64
import hashlib
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

PATTERNS = """\
pattern write machi/v1/%u/up
pattern write machi/v1/%u/ack
pattern write machi/v1/%u/state
pattern read machi/v1/%u/down
user machi-bridge
topic read machi/v1/+/+/up
topic read machi/v1/+/+/state
topic read v3/+/devices/+/up
"""


def password_entry(username: str, password: str, iterations: int = 101) -> str:
    """A line of a mosquitto password file."""
    salt = os.urandom(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations)
    return f"{username}:$7${iterations}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


class Client:
    """A connected client that keeps what it receives. `reason` is the broker's answer to CONNECT."""

    def __init__(
        self,
        port: int,
        username: str | None = None,
        password: str | None = None,
        *,
        client_id: str = "",
        clean: bool = True,
        will: tuple[str, str] | None = None,
    ) -> None:
        self.is_closed = False
        self.reason: str | None = None
        self.messages: list[mqtt.MQTTMessage] = []
        self._changed = threading.Condition()
        self._subscribed: dict[int, bool] = {}
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id or uuid.uuid4().hex,
            clean_session=clean,
            reconnect_on_failure=False,
        )
        if username is not None:
            self._client.username_pw_set(username, password)
        if will is not None:
            self._client.will_set(*will, qos=1)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._wait(lambda: self.reason is not None or self.is_closed)

    @property
    def is_accepted(self) -> bool:
        return self.reason == "Success"

    def publish(self, topic: str, payload: str, *, retain: bool = False, wait: bool = True) -> None:
        """Publish with QoS 1 and wait for the broker's acknowledgement."""
        sent = self._client.publish(topic, payload, qos=1, retain=retain)
        if wait:
            sent.wait_for_publish(5)

    def subscribe(self, topic: str) -> bool:
        """Subscribe with QoS 1; whether the broker granted it."""
        packet_id = self._client.subscribe(topic, qos=1)[1] or 0
        self._wait(lambda: packet_id in self._subscribed)
        return self._subscribed[packet_id]

    def received(self, count: int, timeout_s: float = 5) -> list[tuple[str, str, bool]]:
        """(topic, payload, retained) of all messages, once there are `count`, or when the time is over."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while len(self.messages) < count and self._changed.wait(deadline - time.monotonic()):
                pass
            return [(found.topic, found.payload.decode(), found.retain) for found in self.messages]

    def wait_closed(self) -> bool:
        """Wait until the broker has closed the connection. AssertionError when it does not."""
        self._wait(lambda: self.is_closed)
        return True

    def drop(self) -> None:
        """Lose the connection without a word, so that the will is due."""
        connection = self._client.socket()
        if connection is not None:
            connection.close()
        self._client.loop_stop()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _wait(self, happened: Callable[[], bool]) -> None:
        with self._changed:
            if not self._changed.wait_for(happened, 30):
                raise AssertionError("the broker did not answer within 5 s")

    def _on_connect(
        self, _client: object, _data: object, _flags: object, reason: object, _more: object
    ) -> None:
        with self._changed:
            self.reason = str(reason)
            self._changed.notify_all()

    def _on_disconnect(
        self, _client: object, _data: object, _flags: object, _reason: object, _more: object
    ) -> None:
        with self._changed:
            self.is_closed = True
            self._changed.notify_all()

    def _on_subscribe(
        self, _client: object, _data: object, packet_id: int, reasons: list[ReasonCode], _more: object
    ) -> None:
        with self._changed:
            self._subscribed[packet_id] = not any(reason.is_failure for reason in reasons)
            self._changed.notify_all()

    def _on_message(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        with self._changed:
            self.messages.append(message)
            self._changed.notify_all()


@contextmanager
def connected(
    port: int, username: str | None = None, password: str | None = None, *, client_id: str = ""
) -> Iterator[Client]:
    """A client for the time of a `with`."""
    client = Client(port, username, password, client_id=client_id)
    try:
        yield client
    finally:
        client.close()
