"""What the bridge hands to `Store.ingest`, and what it gets back: one struct per MQTT message."""

from enum import IntEnum
from typing import NamedTuple

import msgspec

from context_api.ngsild.changes import Reading
from context_api.ngsild.model import Micros


class QuarantineReason(msgspec.Struct, frozen=True):
    """Why a message is put aside: a constant word (`unknown-device`, …) and a sentence for people."""

    reason: str
    detail: str


class Finding(NamedTuple):
    """A rule of a profile or data model that values of one attribute broke."""

    attribute: str
    """As the profile names it."""
    reason: str
    detail: str
    """Of the last of them."""
    values: int = 1


class Receipt(msgspec.Struct, frozen=True):
    """What recognises the redelivery of a message without a time.

    `session` names the bridge's session at the broker, `packet_id` the message within it, `redelivered` is
    the broker's DUP flag.
    """

    session: str
    packet_id: int
    payload_hash: bytes
    redelivered: bool = False


class Delivery(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One message, decoded and mapped.

    Of its `values`, those in `readings` are stored; the rest counts as quarantined where `quarantine` is
    given, but for `ignored_values` of them, else as ignored.
    """

    device_id: str
    """'' where the topic names none that is known."""
    topic: str
    payload: bytes
    arrived_at: Micros
    readings: tuple[Reading, ...] = ()
    quarantine: QuarantineReason | None = None
    ignored: str | None = None
    """Why nothing of it is stored although nothing is wrong with it (retained, no mapped field, …)."""
    values: int = 0
    receipt: Receipt | None = None
    """Given for messages without a time."""
    retained: bool = False
    """The broker kept it: asked when it is replayed out of the quarantine."""
    ignored_values: int = 0
    """Asked only where some values are stored and some are quarantined: those that are neither."""
    findings: tuple[Finding, ...] = ()


class DeliveryKind(IntEnum):
    """What a message counts as: its strongest value, in this order (design, promise 2)."""

    STORED = 0
    CORRECTED = 1
    DUPLICATE = 2
    QUARANTINED = 3
    IGNORED = 4


class DeliveryOutcome(msgspec.Struct, gc=False):
    """What became of one message; the values add up to all it had."""

    kind: DeliveryKind
    stored: int = 0
    corrected: int = 0
    duplicate: int = 0
    quarantined: int = 0
    ignored: int = 0
    late: int = 0
    """Of the stored and corrected ones, those that went to history only."""
    is_possible_repeat: bool = False
    """It was recognised by its receipt alone."""
    reason: str | None = None
    """Why it was quarantined."""
