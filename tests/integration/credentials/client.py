"""An MQTT client that may misbehave, and that notes what becomes of it."""

import ssl
import threading
import time
import uuid
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

PATIENCE_S = 30.0


@dataclass(kw_only=True)
class Client:
    """Connects at once. `connected` is the broker's answer; "refused" where it closed without one."""

    port: int
    username: str | None = None
    password: str | None = None
    client_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    will: tuple[str, bytes] | None = None
    tls: ssl.SSLContext | None = None
    version: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5
    clean: bool = True
    connected: str = ""
    received: list[tuple[str, bytes, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._answers: dict[tuple[str, int], str] = {}
        self.is_closed = False
        is_five = self.version == MQTTProtocolVersion.MQTTv5
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self.client_id,
            clean_session=None if is_five else self.clean,
            protocol=self.version,
            reconnect_on_failure=False,
        )
        if self.username is not None:
            self._client.username_pw_set(self.username, self.password)
        if self.will is not None:
            self._client.will_set(*self.will, qos=1)
        if self.tls is not None:
            self._client.tls_set_context(self.tls)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_publish = self._on_publish
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        try:
            self._client.connect("localhost" if self.tls else "127.0.0.1", self.port)
        except OSError as error:
            self.connected, self.is_closed = f"refused: {error}", True
            return
        self._client.loop_start()
        self._wait(lambda: bool(self.connected) or self.is_closed)
        self.connected = self.connected or "refused"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def is_in(self) -> bool:
        """Whether the broker let it in, and keeps it."""
        return self.connected == "Success" and not self.is_closed

    def publish(self, topic: str, payload: bytes = b"{}", *, qos: int = 1, retain: bool = False) -> str:
        """The broker's answer; "closed" where it closed the connection instead; "sent" without QoS."""
        try:
            sent = self._client.publish(topic, payload, qos=qos, retain=retain)
        except ValueError as error:
            return f"not sent: {error}"
        if sent.rc != MQTTErrorCode.MQTT_ERR_SUCCESS or qos == 0:
            return "sent"
        return self._answer("publish", sent.mid)

    def subscribe(self, topic: str) -> str:
        """The broker's answer to a subscription."""
        _, mid = self._client.subscribe(topic, qos=1)
        return self._answer("subscribe", mid or 0)

    def wait_closed(self, timeout_s: float = PATIENCE_S) -> float:
        """Wait until the broker has closed the connection; how long that took, in seconds."""
        started = time.monotonic()
        self._wait(lambda: self.is_closed, timeout_s)
        return time.monotonic() - started

    def wait_received(self, count: int) -> list[tuple[str, bytes]]:
        """The topics and payloads of what came, once there are so many."""
        self._wait(lambda: len(self.received) >= count)
        return [(topic, payload) for topic, payload, _ in self.received]

    def drop(self) -> None:
        """Lose the connection without a word, so that the will is due."""
        connection: Any = self._client.socket()
        if connection is not None:
            connection.close()
        self._client.loop_stop()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _answer(self, kind: str, mid: int) -> str:
        self._wait(lambda: (kind, mid) in self._answers or self.is_closed)
        return self._answers.get((kind, mid), "closed")

    def _wait(self, condition: Any, timeout_s: float = PATIENCE_S) -> None:
        with self._changed:
            if not self._changed.wait_for(condition, timeout_s):
                raise AssertionError(f"{self.username}: not within {timeout_s:g} s")

    def _note(self, key: tuple[str, int], answer: str) -> None:
        with self._changed:
            self._answers[key] = answer
            self._changed.notify_all()

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _more: Any) -> None:
        with self._changed:
            self.connected = str(reason)
            self._changed.notify_all()

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, _reason: Any, _more: Any) -> None:
        with self._changed:
            self.is_closed = True
            self._changed.notify_all()

    def _on_publish(self, _client: Any, _data: Any, mid: int, reason: Any, _more: Any) -> None:
        self._note(("publish", mid), str(reason))

    def _on_subscribe(self, _client: Any, _data: Any, mid: int, reasons: Any, _more: Any) -> None:
        self._note(("subscribe", mid), str(reasons[0]))

    def _on_message(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        with self._changed:
            self.received.append((message.topic, bytes(message.payload), message.retain))
            self._changed.notify_all()
