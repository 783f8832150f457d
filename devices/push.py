"""Messages that come by HTTP, as the messages of a broker that they stand for. Pure.

A push gets the topic on which the same device or gateway would publish it: from there on both doors are one
(who speaks, how it is decoded, where a replay finds its source again).
"""

import hashlib
import re
from typing import Any, NamedTuple

from adapters.json_text import load_json
from adapters.types import DecodeError, Message
from context_api.ngsild.model import Micros
from context_api.store.deliveries_in import Delivery, QuarantineReason, Receipt
from devices.gateways import FORMS
from devices.ingest import ingest
from devices.model import Device, DeviceKind, FoundSource, SilentSource, Source, UnknownSource

NO_SENDER = "no-sender"
"""The reason of a gateway's push that does not say which of its devices it is of."""
GATEWAY_STATUS = "gateway-status"
_SENDERS: dict[str, tuple[str, str]] = {
    "tts_v3": ("end_device_ids", "device_id"),
    "chirpstack_v4": ("deviceInfo", "devEui"),
}
"""Where the payloads of network servers name the device."""
_EVENTS = {"chirpstack_v4": "up", "tasmota": "SENSOR"}
"""What stands for `+` in a gateway's form where the request names no event."""
_LEVEL = re.compile(r"[^+#\0-\x1f/]{1,128}")
_NAME = re.compile(r"[^+#\0-\x1f/]+(/[^+#\0-\x1f/]+){0,7}")
_MAX_NAME_CHARS = 128
_TIME = re.compile(r"[0-9T:.Zz+-]{10,40}")


class Push(NamedTuple):
    """One request, told as a message."""

    topic: str
    payload: bytes
    arrived_at: Micros
    device_id: str
    """Who is counted if the message itself names nobody."""
    receipt_key: str | None = None
    """The Idempotency-Key: the same content under the same key is stored once."""
    sensor: str | None = None
    """The X-Sensor header of Sensor.Community's stations."""
    fault: QuarantineReason | None = None
    """Why it is put aside without having been read."""


class UnfitPush(ValueError):
    """The request cannot be told as a message; the text says what to change."""


def direct_topic(device: Device, gateway: Device | None = None) -> str:
    """Give the topic of a device that pushes for itself; one behind a gateway has the gateway's."""
    if gateway is None:
        return f"machi/v1/{device.tenant}/{device.id}/up"
    return gateway_topic(gateway, device.gateway_device or device.id, None)


def gateway_topic(gateway: Device, name: str, event: str | None) -> str:
    """Give the topic on which a gateway tells of its device `name`. Raises UnfitPush."""
    if not _NAME.fullmatch(name) or len(name) > _MAX_NAME_CHARS:
        raise UnfitPush(f"{name!r:.60} is no name of a device: 1 to {_MAX_NAME_CHARS} characters, no + or #")
    if event is not None and not _LEVEL.fullmatch(event):
        raise UnfitPush(f"{event!r:.60} is no event: 1 to 128 characters, no +, # or /")
    forms = FORMS.get(gateway.adapter, ())
    if not forms:
        raise UnfitPush(f"the adapter {gateway.adapter} speaks for no devices")
    happened = event or _EVENTS.get(gateway.adapter, "up")
    levels = [happened if level == "+" else level for level in _form(forms, event).split("/")]
    text = "/".join(levels)
    return text.replace("{application}", gateway.application or "").replace("{device}", name)


def find_sender(adapter: str, payload: bytes) -> str:
    """Give the name of the device that a network server's payload is of. Raises DecodeError."""
    place = _SENDERS.get(adapter)
    if place is None:
        raise DecodeError(NO_SENDER, "say which device it is of: ?device=NAME")
    value: Any = load_json(payload)
    for member in place:
        value = value.get(member) if isinstance(value, dict) else None
    if not isinstance(value, str) or not value:
        raise DecodeError(NO_SENDER, f"the payload has no {'.'.join(place)}; else say ?device=NAME")
    return value


def is_gateway(device: Device) -> bool:
    """Tell whether others speak through it."""
    return device.kind is DeviceKind.GATEWAY


def with_time(adapter: str, payload: bytes, time: str) -> bytes:
    """Write the time that a FIWARE device gives as `t` into its payload. Raises UnfitPush."""
    if not _TIME.fullmatch(time):
        raise UnfitPush(f"t is {time!r:.50}; it must be a time such as 2026-11-23T09:00:00Z")
    if adapter == "ultralight":
        return b"#".join(f"{time}|".encode() + group for group in payload.split(b"#"))
    stripped = payload.lstrip()
    if not stripped.startswith(b"{") or b'"TimeInstant"' in payload:
        return payload
    rest = stripped[1:].lstrip()
    return f'{{"TimeInstant":"{time}"'.encode() + (b"" if rest.startswith(b"}") else b",") + rest


def prepare_push(push: Push, source: FoundSource, *, clock_ahead_us: int) -> Delivery:
    """Decode and map one push; never raises on a payload."""
    if push.fault is not None:
        return _put_aside(push, push.device_id, push.fault)
    if isinstance(source, UnknownSource):
        who = getattr(source, "device_id", "")
        return _put_aside(push, who, QuarantineReason(source.reason, source.detail))
    if isinstance(source, SilentSource):
        return Delivery(
            device_id=source.device_id,
            topic=push.topic,
            payload=push.payload,
            arrived_at=push.arrived_at,
            ignored=GATEWAY_STATUS,
        )
    if push.sensor is not None and push.sensor != source.device_name:
        detail = f"the header X-Sensor says {push.sensor!r:.80}, the device is {source.device_name!r}"
        return _put_aside(push, source.device_id, QuarantineReason("other-device", detail))
    message = Message(push.topic, push.payload, arrived_at=push.arrived_at)
    return make_delivery(message, source, clock_ahead_us=clock_ahead_us, receipt=_receipt(push))


def make_delivery(
    message: Message, source: Source, *, clock_ahead_us: int, receipt: Receipt | None = None
) -> Delivery:
    """Tell the store what a message of a known source becomes. `arrived_at` of the message is given."""
    arrived_at = message.arrived_at or 0
    try:
        found = ingest(message, source, arrived_at, clock_ahead_us=clock_ahead_us)
    except Exception as error:
        reason = QuarantineReason("internal-error", f"{type(error).__name__}: {error}")
        return Delivery(
            device_id=source.device_id,
            topic=message.topic,
            payload=message.payload,
            arrived_at=arrived_at,
            quarantine=reason,
        )
    aside = found.quarantine
    return Delivery(
        device_id=source.device_id,
        topic=message.topic,
        payload=message.payload,
        arrived_at=arrived_at,
        readings=found.readings,
        quarantine=QuarantineReason(*aside) if aside else None,
        ignored=found.ignored,
        values=found.values,
        receipt=receipt if found.readings else None,
        retained=message.retain,
        ignored_values=found.ignored_values if aside and found.readings else 0,
        findings=found.findings,
    )


def _form(forms: tuple[str, ...], event: str | None) -> str:
    """The first form; with an event, the first that has a place for it."""
    return next((form for form in forms if event is not None and "+" in form), forms[0])


def _put_aside(push: Push, device_id: str, reason: QuarantineReason) -> Delivery:
    return Delivery(
        device_id=device_id,
        topic=push.topic,
        payload=push.payload,
        arrived_at=push.arrived_at,
        quarantine=reason,
    )


def _receipt(push: Push) -> Receipt | None:
    """What recognises a repetition. Each is held against the one before: HTTP has no sign of a redelivery."""
    if push.receipt_key is None:
        return None
    key = hashlib.blake2b(f"{push.topic}\0{push.receipt_key}".encode(), digest_size=16).hexdigest()
    content = hashlib.blake2b(push.payload, digest_size=16).digest()
    return Receipt(f"http:{key}", 0, content, redelivered=True)
