"""One message and its source -> what the store is to record. Pure."""

import hashlib
from typing import NamedTuple

from adapters.types import Message
from broker_bridge.models import Incoming
from context_api.store.deliveries_in import Delivery, QuarantineReason, Receipt
from devices.ingest import ingest
from devices.model import FoundSource, Ingested, SilentSource, Source, UnknownSource

GATEWAY_STATUS = "gateway-status"
"""Why a gateway's message about itself is ignored."""


class Prepared(NamedTuple):
    """A message with its delivery."""

    message: Incoming
    delivery: Delivery


def prepare(
    message: Incoming,
    source: FoundSource,
    *,
    session: str,
    is_retry: bool,
    clock_ahead_us: int,
) -> Prepared:
    """Decode and map one message; never raises on a payload.

    `is_retry`: an earlier attempt to write it failed, perhaps after the commit.
    """
    if isinstance(source, UnknownSource):
        receipt = _receipt(message, session, is_retry=is_retry)
        reason, detail, device_id = source.reason, source.detail, source.device_id
        return Prepared(message, quarantined(message, reason, detail, device_id, receipt))
    if isinstance(source, SilentSource):
        return Prepared(message, _about_itself(message, source))
    try:
        ingested = ingest(_message(message), source, message.arrived_at, clock_ahead_us=clock_ahead_us)
    except Exception as error:
        detail = f"{type(error).__name__}: {error}"
        receipt = _receipt(message, session, is_retry=is_retry)
        return Prepared(message, quarantined(message, "internal-error", detail, source.device_id, receipt))
    receipt = None if ingested.timed else _receipt(message, session, is_retry=is_retry)
    return Prepared(message, _delivery(message, source, ingested, receipt))


def quarantined(
    message: Incoming, reason: str, detail: str, device_id: str = "", receipt: Receipt | None = None
) -> Delivery:
    """The delivery of a message that is kept aside as it is."""
    return Delivery(
        device_id=device_id,
        topic=message.topic,
        payload=message.payload,
        arrived_at=message.arrived_at,
        quarantine=QuarantineReason(reason, detail),
        receipt=receipt,
        retained=message.is_retained,
    )


def _about_itself(message: Incoming, source: SilentSource) -> Delivery:
    return Delivery(
        device_id=source.device_id,
        topic=message.topic,
        payload=message.payload,
        arrived_at=message.arrived_at,
        ignored=GATEWAY_STATUS,
    )


def _message(message: Incoming) -> Message:
    return Message(
        message.topic, message.payload, message.properties, message.is_retained, message.arrived_at
    )


def _delivery(message: Incoming, source: Source, ingested: Ingested, receipt: Receipt | None) -> Delivery:
    reason = ingested.quarantine
    return Delivery(
        device_id=source.device_id,
        topic=message.topic,
        payload=message.payload,
        arrived_at=message.arrived_at,
        readings=ingested.readings,
        quarantine=QuarantineReason(*reason) if reason else None,
        ignored=ingested.ignored,
        values=ingested.values,
        ignored_values=ingested.ignored_values,
        findings=ingested.findings,
        receipt=receipt,
        retained=message.is_retained,
    )


def _receipt(message: Incoming, session: str, *, is_retry: bool) -> Receipt | None:
    """What recognises the redelivery of a message without a time; QoS 0 knows no redelivery."""
    if not message.packet_id:
        return None
    digest = hashlib.blake2b(message.topic.encode() + b"\0" + message.payload, digest_size=16).digest()
    return Receipt(session, message.packet_id, digest, redelivered=message.is_dup or is_retry)
