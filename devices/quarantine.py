"""Looking into the quarantine and replaying what is in it, with the profiles and devices of today."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from adapters.types import Message
from context_api.ngsild.model import Micros
from context_api.store import quarantine as store_quarantine
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.deliveries_in import Delivery, DeliveryKind, DeliveryOutcome, QuarantineReason
from context_api.store.errors import StoreRefused
from context_api.store.quarantine import Kept, QuarantineFilter, Replay, replay_batch
from context_api.store.store import Store
from devices.ingest import CLOCK_AHEAD_US
from devices.model import FoundSource, SilentSource, Source, UnknownSource
from devices.push import GATEWAY_STATUS, make_delivery
from devices.sources import Sources

MAX_REPLAYED = 1_000
"""Messages of one call; a call for more says so and is repeated."""
_BATCH = 200
CUT = "cut"


class Replayed(NamedTuple):
    """What a replay made of one message; `result` quarantined: it is where it was."""

    id: int
    device_id: str
    result: str
    """stored, corrected, duplicate, ignored, quarantined, cut (the payload was too long to be kept), gone."""
    reason: str | None = None
    detail: str | None = None


class ReplayReport(NamedTuple):
    """The messages in the order in which they came, and the last one looked at."""

    messages: list[Replayed]
    last_id: int
    has_more: bool


class QuarantineDesk:
    """The quarantine of all tenants; every call names its tenant by an `Access`."""

    def __init__(
        self, database: Database, store: Store, sources: Sources, *, clock_ahead_us: int = CLOCK_AHEAD_US
    ) -> None:
        self._database = database
        self._store = store
        self._sources = sources
        self._clock_ahead_us = clock_ahead_us

    def inspect(self, access: Access, message_id: int) -> tuple[Kept, Delivery] | None:
        """Give a message and what it would become now; None where there is none. Writes nothing."""
        found = store_quarantine.get_messages(self._database, access, [message_id])
        if not found:
            return None
        [delivery] = self._prepare(access, found)
        return found[0], delivery

    def replay(self, access: Access, ids: Sequence[int]) -> ReplayReport:
        """Replay messages by id, in the order in which they came. A repetition changes nothing.

        Raises StoreUnavailable, StoreFault; what was committed before stays.
        """
        kept = store_quarantine.get_messages(self._database, access, ids)
        gone = sorted(set(ids) - {one.id for one in kept})
        replayed = self._replay(access, [one for one in kept if one.replayed_at is None])
        replayed += [Replayed(one.id, one.device_id, "gone") for one in kept if one.replayed_at is not None]
        replayed += [Replayed(message_id, "", "gone") for message_id in gone]
        return ReplayReport(sorted(replayed), max(ids, default=0), has_more=False)

    def replay_matching(
        self, access: Access, filters: QuarantineFilter, *, after: int = 0, limit: int = MAX_REPLAYED
    ) -> ReplayReport:
        """Replay what a filter names, the oldest first; `after` the last id goes on."""
        kept = store_quarantine.list_oldest(
            self._database, access, filters, limit=min(limit, MAX_REPLAYED) + 1, after=after
        )
        part = kept[: min(limit, MAX_REPLAYED)]
        last_id = part[-1].id if part else after
        return ReplayReport(self._replay(access, part), last_id, has_more=len(kept) > len(part))

    def _replay(self, access: Access, kept: Sequence[Kept]) -> list[Replayed]:
        done: list[Replayed] = []
        whole = [one for one in kept if len(one.payload) == one.payload_size]
        for start in range(0, len(whole), _BATCH):
            part = whole[start : start + _BATCH]
            deliveries = self._prepare(access, part)
            replays = [Replay(one.id, each) for one, each in zip(part, deliveries, strict=True)]
            outcomes = self._write(access, replays)
            done += [_replayed(one, outcomes.get(one.message_id)) for one in replays]
        done += [
            Replayed(one.id, one.device_id, CUT, one.reason, "only the beginning of its payload was kept")
            for one in kept
            if len(one.payload) != one.payload_size
        ]
        return sorted(done)

    def _prepare(self, access: Access, kept: Sequence[Kept]) -> list[Delivery]:
        sources = self._sources.find_many({one.topic for one in kept})
        now = time.time_ns() // 1000
        return [self._deliver(access, one, sources[one.topic], now) for one in kept]

    def _deliver(self, access: Access, kept: Kept, source: FoundSource, now: Micros) -> Delivery:
        """A time that lay in the future then may be past now: clocks are judged anew."""
        if isinstance(source, Source) and source.tenant_id == access.tenant_id:
            message = Message(kept.topic, kept.payload, retain=kept.retained, arrived_at=kept.arrived_at)
            ahead = self._clock_ahead_us + max(0, now - kept.arrived_at)
            return make_delivery(message, source, clock_ahead_us=ahead)
        if isinstance(source, SilentSource) and source.tenant_id == access.tenant_id:
            return _other(kept, source.device_id, ignored=GATEWAY_STATUS)
        reason = QuarantineReason(kept.reason, kept.detail)
        if isinstance(source, UnknownSource) and source.tenant_id == access.tenant_id:
            reason = QuarantineReason(source.reason, source.detail)
        return _other(kept, kept.device_id, quarantine=reason)

    def _write(self, access: Access, replays: Sequence[Replay]) -> dict[int, DeliveryOutcome]:
        """A message that the database refuses stays where it is; the others are not held up by it."""
        readings = [reading for one in replays for reading in one.delivery.readings]
        try:
            return self._store.transact(access, readings, lambda batch: replay_batch(batch, replays))
        except StoreRefused as error:
            if len(replays) == 1:
                [(message_id, delivery)] = replays
                return {
                    message_id: DeliveryOutcome(
                        DeliveryKind.QUARANTINED, quarantined=delivery.values, reason=f"refused: {error}"
                    )
                }
        middle = len(replays) // 2
        return self._write(access, replays[:middle]) | self._write(access, replays[middle:])


def _other(
    kept: Kept, device_id: str, *, quarantine: QuarantineReason | None = None, ignored: str | None = None
) -> Delivery:
    return Delivery(
        device_id=device_id,
        topic=kept.topic,
        payload=kept.payload,
        arrived_at=kept.arrived_at,
        quarantine=quarantine,
        ignored=ignored,
        values=kept.value_count,
        retained=kept.retained,
    )


def _replayed(replay: Replay, outcome: DeliveryOutcome | None) -> Replayed:
    delivery = replay.delivery
    if outcome is None:
        return Replayed(replay.message_id, delivery.device_id, "gone")
    reason = delivery.quarantine
    return Replayed(
        replay.message_id,
        delivery.device_id,
        outcome.kind.name.lower(),
        reason.reason if reason else outcome.reason,
        reason.detail if reason else None,
    )
