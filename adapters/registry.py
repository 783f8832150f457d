"""The adapters by name: ours, and those that installed packages bring as entry points of `machi.adapters`."""

from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import entry_points
from typing import Any
from zoneinfo import ZoneInfo

from adapters.chirpstack_v4.adapter import ChirpStackV4Adapter
from adapters.codecs.registry import get_codec
from adapters.iotagent_json.adapter import IotAgentJsonAdapter
from adapters.native.adapter import NativeAdapter
from adapters.senml.adapter import SenmlAdapter
from adapters.sensor_community.adapter import SensorCommunityAdapter
from adapters.tasmota.adapter import TasmotaAdapter
from adapters.tts_v3.adapter import TtsV3Adapter
from adapters.types import Adapter
from adapters.ultralight.adapter import UltralightAdapter
from adapters.zigbee2mqtt.adapter import Zigbee2MqttAdapter

ENTRY_POINTS = "machi.adapters"

_OF_NETWORK_SERVERS = {adapter.name: adapter for adapter in (TtsV3Adapter, ChirpStackV4Adapter)}
"""Those that take a codec for the frames they carry."""
_OF_LOCAL_TIMES: dict[str, Callable[[ZoneInfo | None], Adapter]] = {
    adapter.name: adapter
    for adapter in (NativeAdapter, IotAgentJsonAdapter, UltralightAdapter, TasmotaAdapter)
}
"""Those that can be told the zone of times which name none."""
_PLAIN: dict[str, type[Adapter]] = {
    adapter.name: adapter for adapter in (SenmlAdapter, SensorCommunityAdapter, Zigbee2MqttAdapter)
}
_CACHED = 4096
"""Adapters of different codecs, zones and parameters."""


class UnknownAdapter(LookupError):
    """No adapter has this name."""


@lru_cache(_CACHED)
def get_adapter(
    name: str, codec: str | None = None, *, zone: str | None = None, parameters: str = ""
) -> Adapter:
    """Return the adapter of a name, made for the ways of one kind of device.

    `codec` names the codec of the frames it may carry and `parameters` (a JSON object) are the codec's own;
    `zone` is the IANA name of the zone of times without one. What an adapter has no use for it ignores.
    Raises UnknownAdapter, UnknownCodec, CodecParameterError, and ZoneInfoNotFoundError.
    """
    if name in _OF_NETWORK_SERVERS:
        return _OF_NETWORK_SERVERS[name](None if codec is None else get_codec(codec, parameters))
    if name in _OF_LOCAL_TIMES:
        return _OF_LOCAL_TIMES[name](None if zone is None else ZoneInfo(zone))
    if name in _PLAIN:
        return _PLAIN[name]()
    foreign = _foreign()
    if name in foreign:
        return _load(foreign[name])
    known = ", ".join(adapter_names())
    raise UnknownAdapter(f"There is no adapter {name!r}; there are: {known}")


def adapter_names() -> list[str]:
    """Return the names of all adapters, sorted."""
    return sorted({*_OF_NETWORK_SERVERS, *_OF_LOCAL_TIMES, *_PLAIN, *_foreign()})


@lru_cache(1)
def _foreign() -> dict[str, Any]:
    """The entry points of other packages; ours come first. To find them takes 10 ms, so it is done once."""
    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}


def _load(point: Any) -> Adapter:
    adapter: Adapter = point.load()()
    return adapter
