"""The sensors of the chaos run: they send without a pause, and remember what the broker took from them."""

import json
import random
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from enum import Enum

from paho.mqtt.client import Client, ConnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from tests.integration.broker_bridge.town import T0_MS

RATE_PER_S = 300
STEP = 10
"""Numbers of a device's readings grow by so many: those between are for late ones."""


class Kind(Enum):
    """What a message is."""

    TIMED = "timed"
    LATE = "late"
    """With a time that lies before one that was sent."""
    AGAIN = "again"
    """The same message as one before, sent anew by the device."""
    UNTIMED = "untimed"
    BAD_JSON = "bad-json"
    CLOCK_AHEAD = "clock-ahead"
    UNKNOWN_DEVICE = "unknown-device"


IDEMPOTENT = (Kind.TIMED,) * 7 + (Kind.LATE, Kind.AGAIN)
"""May come twice, as a device sends again what it has no acknowledgement for."""
ANY = (*IDEMPOTENT, Kind.UNTIMED, Kind.BAD_JSON, Kind.CLOCK_AHEAD, Kind.UNKNOWN_DEVICE)


@dataclass
class Sent:
    """What was published, by device; a reading's number is its value and tells its time."""

    timed: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    untimed: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    bad: dict[Kind, int] = field(default_factory=lambda: defaultdict(int))
    messages: int = 0


class Sensors:
    """Publishes at QoS 1 in a thread of its own, between `start` and `stop`."""

    def __init__(self, port: int, topics: dict[str, str], seed: int) -> None:
        self._topics = topics
        self._devices = sorted(topics)
        self._random = random.Random(seed)
        self._number: dict[str, int] = defaultdict(int)
        self._last: tuple[str, bytes] | None = None
        self._waiting: dict[int, tuple[str, int] | None] = {}
        self._early: dict[int, float] = {}
        """Acknowledgements that came before `publish` had told the packet id."""
        self._lock = threading.Lock()
        self.sent = Sent()
        self.acknowledged_at: dict[tuple[str, int], float] = {}
        """(device, number) of a reading with a time -> when the broker had taken it (Unix time)."""
        self._published = 0
        self._acknowledged = 0
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id="sensors",
            clean_session=False,
            protocol=MQTTProtocolVersion.MQTTv311,
        )
        self._client.max_inflight_messages = 200
        self._client.reconnect_delay_set(1, 1)
        self._client.on_publish = self._on_publish
        self._client.on_connect = self._on_connect
        self._is_connected = threading.Event()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._is_connected.wait(60)
        self._is_sending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, kinds: tuple[Kind, ...]) -> None:
        """Send messages of these kinds until `stop`."""
        self._is_sending.set()
        self._thread = threading.Thread(target=self._send, args=(kinds,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Send no more; returns when the broker has taken everything."""
        self._is_sending.clear()
        if self._thread is not None:
            self._thread.join()
        deadline = time.monotonic() + 120
        while self._acknowledged < self._published:
            assert time.monotonic() < deadline, "the broker does not take what is published"
            time.sleep(0.05)

    def close(self) -> None:
        """Disconnect."""
        self._is_sending.clear()
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(
        self,
        _client: Client,
        _data: object,
        _flags: ConnectFlags,
        _code: ReasonCode,
        _more: Properties | None,
    ) -> None:
        self._is_connected.set()

    def _on_publish(
        self, _client: Client, _data: object, packet_id: int, _code: ReasonCode, _more: Properties | None
    ) -> None:
        with self._lock:
            self._acknowledged += 1
            if packet_id not in self._waiting:
                self._early[packet_id] = time.time()
            elif (reading := self._waiting.pop(packet_id)) is not None:
                self.acknowledged_at[reading] = time.time()

    def _send(self, kinds: tuple[Kind, ...]) -> None:
        while self._is_sending.is_set():
            if self._published - self._acknowledged > 20_000:  # the broker is away: devices store so much
                time.sleep(0.05)
                continue
            for _ in range(RATE_PER_S // 20):
                self._publish(self._random.choice(kinds))
            time.sleep(0.05)

    def _publish(self, kind: Kind) -> None:
        device = self._random.choice(self._devices)
        topic, payload, number = self._message(kind, device)
        self._published += 1
        packet_id = self._client.publish(topic, payload, qos=1).mid
        reading = None if number is None else (device, number)
        with self._lock:  # not around publish(): paho holds a lock of its own when it calls us
            taken_at = self._early.pop(packet_id, None)
            if taken_at is None:
                self._waiting[packet_id] = reading
            elif reading is not None:
                self.acknowledged_at[reading] = taken_at
        self.sent.messages += 1

    def _message(self, kind: Kind, device: str) -> tuple[str, bytes, int | None]:
        topic = self._topics[device]
        if kind in (Kind.TIMED, Kind.LATE) or (kind is Kind.AGAIN and self._last is None):
            number = self._next(device)
            if kind is Kind.LATE:
                number -= STEP + self._random.randrange(1, STEP)
            if number in self.sent.timed[device] or number <= 0:
                number = self._next(device)
            self.sent.timed[device].add(number)
            payload = _json(observedAt=T0_MS + number * 1000, pm25=float(number))
            self._last = (topic, payload)
            return topic, payload, number
        if kind is Kind.AGAIN and self._last is not None:
            return (*self._last, None)
        if kind is Kind.UNTIMED:
            number = self._next(device)
            self.sent.untimed[device].append(number)
            return topic, _json(pm10=float(number)), None
        self.sent.bad[kind] += 1
        if kind is Kind.UNKNOWN_DEVICE:
            return "machi/v1/default/stranger/up", _json(pm25=1), None
        if kind is Kind.CLOCK_AHEAD:
            return topic, _json(observedAt=int((time.time() + 86_400) * 1000), pm25=1), None
        return topic, b"{not json", None

    def _next(self, device: str) -> int:
        self._number[device] += STEP
        return self._number[device]


def _json(**values: float) -> bytes:
    return json.dumps(values).encode()
