"""The Things Stack v3: what `v3/{application}@{tenant}/devices/{device}/up` carries. See README.md."""

from typing import Any

from adapters.codecs.frames import decode_frame, frame_readings
from adapters.codecs.types import Codec, Frame
from adapters.flatten import as_object, flatten
from adapters.json_text import load_json
from adapters.times import parse_iso
from adapters.types import DecodeError, Message, RawReading, State, describe
from context_api.ngsild.model import Micros

_NEVER = "0001-01-01T00:00:00Z"
"""How the server writes a time it does not have (simulated uplinks)."""


class TtsV3Adapter:
    """Keeps no state. `codec` reads the frames that The Things Stack did not decode."""

    name = "tts_v3"

    def __init__(self, codec: Codec | None = None) -> None:
        self._codec = codec

    def decode(self, message: Message, state: State) -> tuple[list[RawReading], State]:
        """Return the values of one uplink as one reading, a frame's past as more. Raises DecodeError."""
        document = as_object(load_json(message.payload), "the message")
        if "uplink_message" not in document:
            raise DecodeError("bad-shape", f"no uplink_message, but {', '.join(document)[:100]!r}")
        uplink = as_object(document["uplink_message"], "uplink_message")
        frame = _decode_values(uplink, self._codec)
        return frame_readings(frame, _device(document), _observed_at(document, uplink)), state


def _decode_values(uplink: dict[str, Any], codec: Codec | None) -> Frame:
    decoded = uplink.get("decoded_payload")
    if decoded is not None:
        return Frame(flatten(as_object(decoded, "decoded_payload"), "decoded_payload"))
    if not uplink.get("frm_payload"):
        raise DecodeError("no-values", "the uplink carries no payload")
    return decode_frame(codec, uplink.get("f_port"), uplink["frm_payload"], "frm_payload")


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
    device = as_object(ids, "end_device_ids").get("device_id")
    if device is not None and not isinstance(device, str):
        raise DecodeError("bad-shape", f"end_device_ids.device_id is {describe(device)}")
    return device
