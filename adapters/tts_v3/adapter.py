"""The Things Stack v3: what `v3/{application}@{tenant}/devices/{device}/…` carries. See README.md."""

from typing import Any

from adapters.codecs.frames import decode_frame, frame_readings
from adapters.codecs.types import Codec, Frame
from adapters.flatten import as_object, as_text, flatten
from adapters.json_text import load_json
from adapters.positions import decode_location
from adapters.times import parse_iso
from adapters.types import MAX_VALUES, DecodeError, Message, RawReading, RawValue, State, describe
from context_api.ngsild.model import Micros

MAX_MESSAGES = 100
"""Of an array, as the storage integration's answers are kept."""
_UPLINKS = ("uplink_message", "uplink_normalized")
_NOTHING_MEASURED = (
    "join_accept",
    "downlink_queued",
    "downlink_sent",
    "downlink_ack",
    "downlink_nack",
    "downlink_failed",
    "downlink_queue_invalidated",
    "service_data",
)
_NEVER = "0001-01-01T00:00:00Z"
"""How the server writes a time it does not have (simulated uplinks)."""


class TtsV3Adapter:
    """Keeps no state. `codec` reads the frames that The Things Stack did not decode."""

    name = "tts_v3"

    def __init__(self, codec: Codec | None = None) -> None:
        self._codec = codec

    def decode(self, message: Message, state: State) -> tuple[list[RawReading], State]:
        """Return what a message, or an array of them, tells; nothing where nothing is measured.

        An uplink is one reading, a frame's past and further normalised measurements are more.
        Raises DecodeError.
        """
        document = load_json(message.payload)
        documents = document if isinstance(document, list) else [document]
        if not 0 < len(documents) <= MAX_MESSAGES:
            raise DecodeError(
                "bad-shape", f"an array of {len(documents)} messages; 1 to {MAX_MESSAGES} are read"
            )
        readings = [reading for one in documents for reading in self._decode_message(one)]
        return readings, state

    def _decode_message(self, given: Any) -> list[RawReading]:
        document = _unwrap(as_object(given, "the message"))
        if any(name in document for name in _NOTHING_MEASURED):
            return []
        device = _device(document)
        if "location_solved" in document:
            return [_located(as_object(document["location_solved"], "location_solved"), document)]
        name = next((name for name in _UPLINKS if name in document), None)
        if name is None:
            raise DecodeError("bad-shape", f"no uplink_message, but {', '.join(document)[:100]!r}")
        uplink = as_object(document[name], name)
        observed_at = _observed_at(document, uplink)
        if uplink.get("decoded_payload") is None and uplink.get("normalized_payload") is not None:
            return _normalized(uplink["normalized_payload"], device, observed_at)
        return frame_readings(_decode_values(uplink, self._codec), device, observed_at)


def _unwrap(document: dict[str, Any]) -> dict[str, Any]:
    """The storage integration hands a message out as `result`, the event stream as `data`."""
    for name in ("result", "data"):
        inner = document.get(name)
        if isinstance(inner, dict) and "end_device_ids" not in document:
            return inner
    return document


def _decode_values(uplink: dict[str, Any], codec: Codec | None) -> Frame:
    decoded, frame = uplink.get("decoded_payload"), uplink.get("frm_payload")
    if decoded is not None and not (decoded == {} and frame and codec):
        return Frame(flatten(as_object(decoded, "decoded_payload"), "decoded_payload"))
    if not frame:
        raise DecodeError("no-values", "the uplink carries no payload")
    return decode_frame(codec, uplink.get("f_port"), frame, "frm_payload")


def _normalized(given: Any, device: str | None, observed_at: Micros | None) -> list[RawReading]:
    """One measurement, or an array of them; a measurement's own `time` holds for it."""
    measurements = given if isinstance(given, list) else [given]
    if len(measurements) > MAX_VALUES:
        raise DecodeError("too-many-values", f"{len(measurements)} measurements; {MAX_VALUES} are accepted")
    readings = []
    for measurement in measurements:
        members = dict(as_object(measurement, "a measurement of normalized_payload"))
        time = members.pop("time", None)
        at = observed_at if time is None else parse_iso(as_text(time, "normalized_payload.time"))
        if members:
            readings.append(RawReading(flatten(members, "normalized_payload"), device, at))
    if not readings:
        raise DecodeError("no-values", "normalized_payload is empty")
    return readings


def _located(solved: dict[str, Any], document: dict[str, Any]) -> RawReading:
    value = RawValue(decode_location(solved.get("location")))
    return RawReading({"location": value}, _device(document), _observed_at(document, solved))


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
