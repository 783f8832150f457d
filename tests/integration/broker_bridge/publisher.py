"""A device that publishes at QoS 1 and knows what the broker acknowledged."""

import threading
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from paho.mqtt.client import Client, ConnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode


class Publisher:
    """`with Publisher(port) as device: device.publish(...)`; leaving the block waits for every PUBACK."""

    def __init__(self, port: int, *, username: str | None = None, password: str | None = None) -> None:
        self.client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311)
        self.client.username_pw_set(username, password)
        self.client.max_inflight_messages = 500
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = self._on_connect
        self.client.on_publish = self._on_publish
        self._is_connected = threading.Event()
        self._port = port
        self._published = 0
        self._acknowledged = 0

    def _on_connect(
        self,
        _client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        _reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._is_connected.set()

    def _on_publish(
        self,
        _client: Client,
        _userdata: object,
        _packet_id: int,
        _reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._acknowledged += 1

    def __enter__(self) -> Self:
        self.client.connect("127.0.0.1", self._port)
        self.client.loop_start()
        assert self._is_connected.wait(30)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.wait()
        finally:
            self.client.disconnect()
            self.client.loop_stop()

    def publish(self, topic: str, payload: bytes | str, *, qos: int = 1, retain: bool = False) -> None:
        self._published += 1
        self.client.publish(topic, payload, qos, retain)

    def publish_all(self, topic: str, payloads: Iterable[bytes | str]) -> None:
        for payload in payloads:
            self.publish(topic, payload)

    def wait(self, timeout_s: float = 30) -> None:
        """Wait for the PUBACKs; what was published without a connection is sent after the next one."""
        deadline = time.monotonic() + timeout_s
        while self._acknowledged < self._published:
            assert time.monotonic() < deadline
            time.sleep(0.01)
