"""What is fuzzed: every adapter with and without codecs, every codec, and the mapping behind them."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from adapters.codecs.registry import codec_names, get_codec
from adapters.registry import adapter_names, get_adapter
from adapters.types import MAX_DETAIL_CHARS, MAX_VALUES, REASONS, DecodeError, Message
from devices.catalog import expander_of
from devices.ingest import ingest
from devices.model import Source
from devices.profile_build import build_profile

ARRIVED_AT = 1_800_000_000_000_000
TOPICS = (
    "machi/v1/default/d-1/up",
    "application/1/device/d-1/event/up",
    "application/1/device/d-1/event/status",
    "application/1/device/d-1/event/location",
    "ul/k/d-1/attrs",
    "ul/k/d-1/attrs/t",
    "json/k/d-1/attrs/t",
    "tele/town/d-1/SENSOR",
    "zigbee2mqtt/hall/d-1",
    "zigbee2mqtt/hall/d-1/availability",
    "",
    "/" * 64,
)
PROFILE = build_profile(
    {
        "name": "everything",
        "entityType": "WeatherObserved",
        "time": {"key": "ts", "zone": "Asia/Tokyo"},
        "location": {"latitude": "lat", "longitude": "lon"},
        "values": {
            "temperature": {"attribute": "temperature", "unitCode": "CEL", "min": -50, "max": 60},
            "humidity": {"attribute": "relativeHumidity", "unitCode": "C62", "payloadUnit": "P1"},
            "a.b": {"attribute": "ab", "accepts": "numeric", "scale": 1e-9},
            "state": {"attribute": "state", "map": {"ON": True}, "ignoreCase": True, "otherwise": "keep"},
            "x": {"attribute": "x", "accepts": "any", "missing": [0, "", None]},
            "battery": {"attribute": "batteryLevel", "unitCode": "C62", "payloadUnit": "P1", "of": "device"},
        },
    },
    expander_of,
)
Target = Callable[[bytes], None]


def targets() -> Sequence[tuple[str, Target]]:
    """Return every target by name."""
    found: list[tuple[str, Target]] = [(f"adapter {name}", _adapter(name, None)) for name in adapter_names()]
    found += [("adapter tts_v3 with elsys", _adapter("tts_v3", "elsys"))]
    found += [(f"codec {name}", _codec(name)) for name in codec_names()]
    return found


def _adapter(name: str, codec: str | None) -> Target:
    adapter = get_adapter(name, codec)
    source = Source(
        tenant="default",
        tenant_id=1,
        device_id="d-1",
        device_name="d-1",
        adapter=adapter,
        profile=PROFILE,
        entity_id="urn:ngsi-ld:WeatherObserved:d-1",
        static={},
    )

    def run(data: bytes) -> None:
        topic = TOPICS[data[0] % len(TOPICS)] if data else TOPICS[0]
        message = Message(topic, data[1:], retain=bool(data and data[0] & 64), arrived_at=ARRIVED_AT)
        check_decoding(adapter, message)
        found = ingest(message, source, ARRIVED_AT)
        for reading in found.readings:
            for held in reading.attributes.values():
                assert all(not isinstance(one.value, float) or math.isfinite(one.value) for one in held)

    return run


def check_decoding(adapter: Any, message: Message) -> str:
    """Decode: readings within the bounds, or DecodeError with a reason that is known; what it came to."""
    try:
        readings, _ = adapter.decode(message, None)
    except DecodeError as error:
        assert error.reason in REASONS
        assert len(error.detail) <= MAX_DETAIL_CHARS
        assert "\0" not in error.detail
        return error.reason
    if not readings:
        return "ignored"
    assert 0 < sum(len(reading.values) for reading in readings) <= MAX_VALUES
    return "decoded"


def _codec(name: str) -> Target:
    codec = get_codec(name)

    def run(data: bytes) -> None:
        port = data[0] if data else None
        try:
            frame = codec.decode(port, data[1:1024])
        except DecodeError as error:
            assert error.reason == "bad-frame"
            return
        for values in (frame.values, *(past for _, past in frame.past)):
            for raw in values.values():
                assert not isinstance(raw.value, float) or math.isfinite(raw.value), name

    return run
