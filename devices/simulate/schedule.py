"""When a simulated device speaks, and how it misbehaves: drop-outs, late and repeated messages. Pure.

Device and interval make a grid of ticks. A tick's message is lost, late by some ticks, or on time; now and
then it is sent twice. All of it depends on the seed and the tick only, so a restarted simulation goes on
where it was.
"""

import json
import math

from devices.simulate.chance import chance
from devices.simulate.models import measure
from devices.simulate.town import SimulatedDevice

DROP_OUT_SHARE = 0.005
"""Hours in which a device is silent."""
LATE_SHARE = 0.01
REPEAT_SHARE = 0.005
MAX_LATE_TICKS = 5
_HOUR_S = 3600


def phase_s(device: SimulatedDevice, interval_s: float, seed: int) -> float:
    """How far a device's ticks lie behind the whole intervals: spread evenly, in whole milliseconds."""
    return math.floor(chance(seed, device.id, "phase") * interval_s * 1000) / 1000


def tick_at(device: SimulatedDevice, at_s: float, interval_s: float, seed: int) -> int:
    """Return the last tick at or before a time."""
    return math.floor((at_s - phase_s(device, interval_s, seed)) / interval_s)


def time_of(device: SimulatedDevice, tick: int, interval_s: float, seed: int) -> float:
    """Return when a tick is, in seconds since 1970."""
    return round(tick * interval_s + phase_s(device, interval_s, seed), 3)


def messages_at(device: SimulatedDevice, tick: int, interval_s: float, seed: int) -> list[bytes]:
    """Return what a device publishes at a tick, in order: its late messages, then its own, perhaps twice."""
    payloads: list[bytes] = []
    for written in range(tick - MAX_LATE_TICKS, tick + 1):
        if _is_silent(device, written, interval_s, seed) or written + _delay(device, written, seed) != tick:
            continue
        payload = render(device, written, interval_s, seed)
        is_repeated = chance(seed, device.id, "repeat", written) < REPEAT_SHARE
        payloads += [payload, payload] if is_repeated else [payload]
    return payloads


def render(device: SimulatedDevice, tick: int, interval_s: float, seed: int) -> bytes:
    """Return the native payload of a tick."""
    at_s = time_of(device, tick, interval_s, seed)
    values = measure(device, at_s, interval_s, seed)
    return json.dumps({"observedAt": round(at_s * 1000), **values}, separators=(",", ":")).encode()


def _is_silent(device: SimulatedDevice, tick: int, interval_s: float, seed: int) -> bool:
    hour = math.floor(tick * interval_s / _HOUR_S)
    return chance(seed, device.id, "silent", hour) < DROP_OUT_SHARE


def _delay(device: SimulatedDevice, tick: int, seed: int) -> int:
    if chance(seed, device.id, "late", tick) >= LATE_SHARE:
        return 0
    return 1 + math.floor(chance(seed, device.id, "by", tick) * MAX_LATE_TICKS)
