"""From one message to readings: decode, map, judge. Pure, and shared by every door messages come in by."""

from adapters.types import Message
from context_api.ngsild.model import Micros
from devices.model import Ingested, Source

CLOCK_AHEAD_US = 300_000_000
"""Readings further in the future than this are quarantined (design, promise 3; MACHI_CLOCK_AHEAD)."""


def ingest(
    message: Message, source: Source, arrived_at: Micros, *, clock_ahead_us: int = CLOCK_AHEAD_US
) -> Ingested:
    """Return what a message of a known source becomes; never raises on a payload.

    A message is all or nothing: if one of its values lies more than `clock_ahead_us` after `arrived_at`, one
    wrong clock wrote them all, and quarantine keeps (and replays) messages, not values. A retained message's
    values without a time are ignored: nobody knows when they were measured (design, promise 1).
    """
    raise NotImplementedError
