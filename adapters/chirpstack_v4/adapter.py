"""ChirpStack v4: the events of `application/{application}/device/{devEui}/event/{event}`. See README.md."""

from typing import Any

from adapters.codecs.frames import decode_frame, frame_readings
from adapters.codecs.types import Codec, Frame
from adapters.flatten import as_object, as_text, flatten
from adapters.json_text import load_json
from adapters.positions import decode_location
from adapters.times import parse_iso
from adapters.types import DecodeError, Message, RawReading, RawValue, State
from context_api.ngsild.model import Micros

_NOTHING_MEASURED = ("join", "ack", "txack", "log", "integration")


class ChirpStackV4Adapter:
    """Keeps no state. `codec` reads the frames that ChirpStack did not decode."""

    name = "chirpstack_v4"

    def __init__(self, codec: Codec | None = None) -> None:
        self._codec = codec

    def decode(self, message: Message, state: State) -> tuple[list[RawReading], State]:
        """Return the values of one event as one reading, a frame's past as more; none if nothing is measured.

        Raises DecodeError.
        """
        event = message.topic.rpartition("/")[2]
        document = as_object(load_json(message.payload), "the message")
        device = as_text(
            as_object(document.get("deviceInfo"), "deviceInfo").get("devEui"), "deviceInfo.devEui"
        )
        if event in _NOTHING_MEASURED:
            return [], state
        frame = self._decode_event(event, document)
        return frame_readings(frame, device, _observed_at(document)), state

    def _decode_event(self, event: str, document: dict[str, Any]) -> Frame:
        if event == "status":
            return Frame(_decode_status(document))
        if event == "location":
            return Frame({"location": RawValue(decode_location(document.get("location")))})
        if event != "up":
            raise DecodeError("bad-shape", f"ChirpStack knows no event {event!r:.40}")
        decoded, data = _decoded(document), document.get("data")
        if decoded is not None and not (decoded == {} and data and self._codec):
            return Frame(flatten(as_object(decoded, "object"), "object"))
        if not data:
            raise DecodeError("no-values", "the uplink carries no payload")
        return decode_frame(self._codec, document.get("fPort"), data, "data")


def _decoded(document: dict[str, Any]) -> Any:
    """What ChirpStack decoded: `object`, or as JSON in a text, as bridges of older versions write it."""
    text = document.get("objectJSON")
    if document.get("object") is None and isinstance(text, str) and text:
        return load_json(text.encode("utf-8", "replace"))
    return document.get("object")


def _decode_status(document: dict[str, Any]) -> dict[str, RawValue]:
    """The device's answer about itself; a battery on external power has no level."""
    names = ("margin", "batteryLevel")
    values = {name: RawValue(document[name]) for name in names if document.get(name) is not None}
    if document.get("externalPowerSource") or document.get("batteryLevelUnavailable"):
        values.pop("batteryLevel", None)
    if not values:
        raise DecodeError("no-values", "the status names neither margin nor batteryLevel")
    return values


def _observed_at(document: dict[str, Any]) -> Micros | None:
    """The network server's time: the gateways' own clocks are often wrong."""
    time = document.get("time")
    return parse_iso(time) if isinstance(time, str) and time else None
