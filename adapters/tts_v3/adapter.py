"""The Things Stack v3: what `v3/{application}@{tenant}/devices/{device}/up` carries. See README.md."""

from collections.abc import Iterator
from typing import Any

from adapters.json_text import check_value, load_json
from adapters.times import parse_iso
from adapters.types import MAX_DEPTH, MAX_VALUES, DecodeError, Message, RawReading, RawValue, State, describe
from context_api.ngsild.model import Micros

_NEVER = "0001-01-01T00:00:00Z"
"""How the server writes a time it does not have (simulated uplinks)."""


class TtsV3Adapter:
    """Keeps no state."""

    name = "tts_v3"

    def decode(self, message: Message, state: State) -> tuple[list[RawReading], State]:
        """Return the decoded payload of one uplink as one reading. Raises DecodeError."""
        document = _object(load_json(message.payload), "the message")
        if "uplink_message" not in document:
            raise DecodeError("bad-shape", f"no uplink_message, but {', '.join(document)[:100]!r}")
        uplink = _object(document["uplink_message"], "uplink_message")
        values = _decode_values(uplink)
        return [RawReading(values, _device(document), _observed_at(document, uplink))], state


def _decode_values(uplink: dict[str, Any]) -> dict[str, RawValue]:
    decoded = uplink.get("decoded_payload")
    if decoded is None:
        if not uplink.get("frm_payload"):
            raise DecodeError("no-values", "the uplink carries no payload")
        raise DecodeError("no-codec", "the uplink has a frm_payload but no decoded_payload")
    check_value(decoded, "decoded_payload")
    values = dict(_flatten(_object(decoded, "decoded_payload"), ""))
    if not values:
        raise DecodeError("no-values", "decoded_payload is empty")
    if len(values) > MAX_VALUES:
        raise DecodeError("too-many-values", f"{len(values)} values; at most {MAX_VALUES} are accepted")
    return values


def _flatten(decoded: dict[str, Any], prefix: str) -> Iterator[tuple[str, RawValue]]:
    """Nested objects become dotted names: {"air": {"temperature": 1}} -> air.temperature."""
    for key, value in decoded.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and prefix.count(".") < MAX_DEPTH:
            yield from _flatten(value, f"{name}.")
        else:
            yield name, RawValue(value)


def _observed_at(document: dict[str, Any], uplink: dict[str, Any]) -> Micros | None:
    """The network server's time of arrival; else the gateway's; else when the application server had it.

    The gateway's clock comes second because many gateways have none worth the name.
    """
    settings = uplink.get("settings")
    candidates = (
        uplink.get("received_at"),
        settings.get("time") if isinstance(settings, dict) else None,
        *_gateway_times(uplink.get("rx_metadata")),
        document.get("received_at"),
    )
    for candidate in candidates:
        if isinstance(candidate, str) and candidate and candidate != _NEVER:
            return parse_iso(candidate)
    return None


def _gateway_times(rx_metadata: Any) -> list[Any]:
    if not isinstance(rx_metadata, list):
        return []
    return [entry.get("time") for entry in rx_metadata if isinstance(entry, dict)]


def _device(document: dict[str, Any]) -> str | None:
    ids = document.get("end_device_ids")
    if ids is None:
        return None
    device = _object(ids, "end_device_ids").get("device_id")
    if device is not None and not isinstance(device, str):
        raise DecodeError("bad-shape", f"end_device_ids.device_id is {describe(device)}")
    return device


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DecodeError("bad-shape", f"{name} is not an object but {describe(value)}")
    return value
