"""Decoding and mapping one message of five values, by adapter and profile.

python -m benchmarks.ingest
"""

import statistics
import time

import orjson

from adapters.registry import get_adapter
from adapters.types import Message
from devices.catalog import built_in_profiles
from devices.ingest import ingest
from devices.model import Source

_ARRIVED_AT = 1_800_000_000_000_000
_VALUES = {
    "air-quality": {"pm25": 12.3, "no2": 21.5, "pm10": 20.1, "temperature": 18.4, "humidity": 55.2},
    "traffic-flow": {"vehicles": 31, "small": 27, "large": 4, "speed": 38.2, "occupancy": 0.21},
    "dragino-lht65": {"BatV": 3.1, "TempC_SHT": 14.6, "Hum_SHT": 67.6, "TempC_DS": 13.1, "Bat_status": 3},
}
_TIME = "2026-11-23T09:00:00.123Z"


def main() -> None:
    """Measure and print."""
    for (adapter, profile), cost in measure_all().items():
        print(f"{adapter:8}{profile:16}{cost:6.1f} us")


def measure_all() -> dict[tuple[str, str], float]:
    """Measure each (adapter, profile); microseconds per message."""
    costs = {}
    for profile, values in _VALUES.items():
        adapter = "tts_v3" if profile == "dragino-lht65" else "native"
        costs[adapter, profile] = measure(adapter, profile, values)
    return costs


def measure(adapter: str, profile: str, values: dict[str, float]) -> float:
    """Return the median of ten rounds, in microseconds per message."""
    chosen = built_in_profiles()[profile]
    source = Source(
        tenant="default",
        tenant_id=1,
        device_id="d-1",
        device_name="d-1",
        adapter=get_adapter(adapter),
        profile=chosen,
        entity_id=chosen.entity_id("d-1"),
        static={},
    )
    document: dict[str, object] = {"observedAt": _TIME, **values}
    if adapter == "tts_v3":
        uplink = {"received_at": _TIME, "decoded_payload": values}
        document = {"end_device_ids": {"device_id": "d-1"}, "uplink_message": uplink}
    message = Message("machi/v1/default/d-1/up", orjson.dumps(document))
    if not ingest(message, source, _ARRIVED_AT).readings:
        raise RuntimeError("BUG: the message is not mapped")
    return statistics.median(_round(message, source, 20_000) for _ in range(10))


def _round(message: Message, source: Source, count: int) -> float:
    started = time.perf_counter()
    for _ in range(count):
        ingest(message, source, _ARRIVED_AT)
    return (time.perf_counter() - started) / count * 1e6


if __name__ == "__main__":
    main()
