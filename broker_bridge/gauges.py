"""Metrics that are looked up when they are asked for: sums over the sessions a bridge serves."""

from collections.abc import Callable

from broker_bridge.lane import Lane
from broker_bridge.metrics import Metrics
from broker_bridge.seating import Seating

_OF_LANES: tuple[tuple[str, str, Callable[[Lane], float]], ...] = (
    ("in_flight_messages", "Messages taken and not committed", lambda lane: lane.client.in_flight[0]),
    ("in_flight_bytes", "Payload bytes of the same", lambda lane: lane.client.in_flight[1]),
    ("waiting_messages", "Messages taken and not yet in a batch", lambda lane: lane.waiting),
    ("connections", "Connections the broker accepted", lambda lane: lane.client.connections),
    (
        "sessions_lost",
        "Connections on which the broker no longer knew the session",
        lambda lane: lane.client.sessions_lost,
    ),
    (
        "redelivered_in_flight",
        "Redeliveries of messages that were in the pipeline",
        lambda lane: lane.client.redelivered_in_flight,
    ),
    (
        "passed_over",
        "Messages of other bridges' parts, acknowledged unread",
        lambda lane: lane.client.passed_over,
    ),
)


def watch_lanes(metrics: Metrics, seating: Seating) -> None:
    """Have the states of all sessions among the metrics."""

    def sum_of(value: Callable[[Lane], float]) -> Callable[[], float]:
        return lambda: sum(value(lane) for lane in seating.lanes)

    for name, text, value in _OF_LANES:
        metrics.watch(f"machi_bridge_{name}", text, sum_of(value))
    metrics.watch("machi_bridge_sessions", "Sessions served at present", lambda: len(seating.lanes))
    metrics.watch(
        "machi_bridge_takeovers", "Sessions taken over from other bridges", lambda: seating.takeovers
    )
    metrics.watch("machi_bridge_broker_ready", "1 = connected and subscribed", lambda: _is_ready(seating))
    metrics.watch(
        "machi_bridge_silent_seconds",
        "Since the last message; 0 before the first",
        lambda: silence_s(seating),
    )


def silence_s(seating: Seating) -> float:
    """How long no session has had a message; 0 while none has had any."""
    silences = [s for lane in seating.lanes if (s := lane.client.silent_for_s) is not None]
    return min(silences, default=0.0)


def _is_ready(seating: Seating) -> bool:
    lanes = seating.lanes
    return bool(lanes) and all(lane.client.state.is_ready for lane in lanes)
