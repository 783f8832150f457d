"""Whether a broker's limits match the bridge's: what it may queue, how much it sends, what it forgets. Pure.

The bridge acknowledges after the commit, in batches. So the broker must send enough at a time for a batch to
fill, keep the queue while the database is away, bounded, and write to disk what it has acknowledged.
"""

from collections.abc import Callable
from typing import NamedTuple

from adapters.types import MAX_PAYLOAD_BYTES
from broker_bridge.settings import BridgeSettings

IN_FLIGHT = BridgeSettings(database_url="").in_flight
"""Messages that the bridge takes before it acknowledges the first."""
QUEUED_MIN = 100_000
LOSS_MAX_S = 5
PACKET_MAX = 16 * MAX_PAYLOAD_BYTES
_UNITS_H = {"h": 1, "d": 24, "w": 7 * 24, "m": 30 * 24, "y": 365 * 24}
_SESSION_MIN_H = 7 * 24


class Limit(NamedTuple):
    """What was looked at, whether it is as it should be, and what to do."""

    subject: str
    is_good: bool
    detail: str


def judge_in_flight(receive_maximum: int | None) -> Limit:
    """What the broker said to CONNECT; 65,535 where it names nothing (MQTT 5, 3.2.2.3.3)."""
    found = 65_535 if receive_maximum is None else receive_maximum
    if found >= IN_FLIGHT:
        return Limit("broker in flight", True, f"{found} messages at a time")
    return Limit(
        "broker in flight",
        False,
        f"{found} messages at a time starve a bridge that acknowledges in batches: "
        f"set max_inflight_messages {IN_FLIGHT}",
    )


def judge_sharing(bridges: int, spread: str) -> Limit:
    """How several bridges share what this mosquitto has for them."""
    if bridges > 1 and spread == "shared":
        detail = "mosquitto forgets shared subscriptions when it restarts: set MACHI_BRIDGE_SPREAD=divided"
        return Limit("broker sharing", False, detail)
    return Limit("broker sharing", True, "one bridge" if bridges == 1 else f"{bridges} bridges, {spread}")


def judge_configuration(text: str) -> list[Limit]:
    """The limits of a mosquitto.conf, each with what is wrong with it."""
    given = dict(_options(text))
    return [judge(given) for judge in _JUDGES]


def _options(text: str) -> list[tuple[str, str]]:
    lines = (line.split(None, 1) for line in text.splitlines() if not line.lstrip().startswith("#"))
    return [(words[0], words[1].strip() if len(words) > 1 else "") for words in lines if words]


def _number(given: dict[str, str], name: str, default: int) -> int:
    value = given.get(name, "")
    return int(value) if value.isdigit() else default


def _judge_loss(given: dict[str, str]) -> Limit:
    """Mosquitto's file is a snapshot: what came after it is gone when the broker is killed."""
    if given.get("persistence", "false") != "true":
        return Limit(
            "broker loss", False, "it keeps nothing over a restart: set persistence true, autosave_interval 1"
        )
    seconds = _number(given, "autosave_interval", 1800)
    is_by_changes = given.get("autosave_on_changes", "false") == "true"
    if is_by_changes or not 0 < seconds <= LOSS_MAX_S:
        unit = "changes" if is_by_changes else "s"
        detail = f"a killed broker forgets what its last {seconds} {unit} brought: set autosave_interval 1"
        return Limit("broker loss", False, detail)
    return Limit("broker loss", True, f"a killed broker forgets what its last {seconds + 1} s brought")


def _judge_in_flight(given: dict[str, str]) -> Limit:
    found = _number(given, "max_inflight_messages", 20)
    return judge_in_flight(found or None)  # 0 is no limit


def _judge_queue(given: dict[str, str]) -> Limit:
    messages = _number(given, "max_queued_messages", 1_000)
    size = _number(given, "max_queued_bytes", 0)
    if 0 < messages < QUEUED_MIN:
        detail = f"{messages} messages are dropped soon while the database is away"
        return Limit("broker queue", False, f"{detail}: set max_queued_messages 1000000")
    if messages == 0 or size == 0:
        return Limit("broker queue", False, "it has no bound: set max_queued_messages and max_queued_bytes")
    return Limit("broker queue", True, f"{messages:,} messages, {size // 1024**2:,} MB for each bridge")


def _judge_packet(given: dict[str, str]) -> Limit:
    size = _number(given, "max_packet_size", 0) or _number(given, "message_size_limit", 0)
    if MAX_PAYLOAD_BYTES <= size <= PACKET_MAX:
        return Limit("broker packets", True, f"of at most {size:,} bytes")
    detail = "without a bound" if size == 0 else f"of at most {size:,} bytes"
    return Limit("broker packets", False, f"{detail}: set max_packet_size {MAX_PAYLOAD_BYTES}")


def _judge_sessions(given: dict[str, str]) -> Limit:
    """A bridge that is away for a weekend must find its queue."""
    value = given.get("persistent_client_expiration", "")
    hours = int(value[:-1]) * _UNITS_H[value[-1]] if value[:-1].isdigit() and value[-1] in _UNITS_H else None
    if value and (hours is None or hours < _SESSION_MIN_H):
        return Limit(
            "broker sessions", False, f"forgotten after {value}: set persistent_client_expiration 30d"
        )
    return Limit("broker sessions", True, f"kept for {value}" if value else "kept for good")


_JUDGES: tuple[Callable[[dict[str, str]], Limit], ...] = (
    _judge_loss,
    _judge_in_flight,
    _judge_queue,
    _judge_packet,
    _judge_sessions,
)
