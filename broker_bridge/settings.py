"""What the bridge is told at its start; `deploy` fills it from MACHI_* settings."""

from dataclasses import dataclass, field
from typing import Literal

from broker_bridge.parts import Spread
from devices.topics import SUBSCRIPTIONS

DEFAULT_SUBSCRIPTIONS = SUBSCRIPTIONS
"""Native uplinks and those of The Things Stack. All at QoS 1."""

MqttVersion = Literal["auto", "5", "3.1.1"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeSettings:
    """Where the broker and the database are, and every bound of the bridge."""

    database_url: str = field(repr=False)
    mqtt_url: str = "mqtt://127.0.0.1:1883"
    """`mqtt://host:port` or `mqtts://host:port`; credentials in the two members below, not in the URL."""
    mqtt_username: str | None = None
    mqtt_password: str | None = field(default=None, repr=False)
    mqtt_ca_file: str | None = None
    """Certificates to trust for mqtts; None = the system's."""
    mqtt_version: MqttVersion = "auto"
    """auto: MQTT 5, and 3.1.1 where the broker refuses it."""
    client_id: str = "machi-bridge"
    """Names the persistent session at the broker, with a suffix where there are several (see `parts`)."""
    subscriptions: tuple[str, ...] = DEFAULT_SUBSCRIPTIONS
    stateful_subscriptions: tuple[str, ...] = ()
    """Those of `subscriptions` whose adapters keep a state per source: never dealt out singly."""
    bridges: int = 1
    """How many sessions share the messages; each bridge serves one, and those of bridges that died."""
    spread: Spread = "divided"
    lease_s: float = 6.0
    """A bridge that gave no sign for so long has lost its session to the others."""
    session_expiry_s: int = 7 * 86_400
    """How long the broker keeps our queue while we are away (MQTT 5)."""
    keepalive_s: int = 30

    in_flight: int = 8_000
    """Messages taken and not yet committed: Receive Maximum under MQTT 5, our own bound otherwise."""
    writers: int = 2
    """Transactions under way at a time; the messages of a topic go through the same one always."""
    in_flight_bytes: int = 32 * 1024 * 1024
    batch_messages: int = 4_000
    batch_bytes: int = 8 * 1024 * 1024
    batch_age_s: float = 0.02
    """The longest wait for company, and only while messages come quickly; a lone message never waits."""
    device_rate: float = 0.0
    """Messages per minute of a device that are read, ten minutes' worth at once; 0: no limit."""
    trace_ratio: float = 0.0
    """How many of all readings are traced, 0 to 1 (see `context_api.tracing`)."""
    clock_ahead_s: float = 300.0
    """Readings further in the future are quarantined (promise 3)."""

    backoff_min_s: float = 0.5
    backoff_max_s: float = 30.0
    refused_retry_s: float = 30.0
    """Pause after the broker refused our credentials or took the session away."""
    silent_after_s: float = 900.0
    """Without any message for so long the bridge connects anew, and says so; 0 = never."""

    http_host: str = "127.0.0.1"
    http_port: int | None = None
    """/healthz, /readyz and /metrics; 0 = a free port, None = no HTTP."""
    instance: str = "bridge-1"
    """Names this process in heartbeat rows and logs."""
