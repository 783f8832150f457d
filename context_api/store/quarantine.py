"""Messages that were put aside: listed, counted, replayed, discarded, bounded.

A replay is one transaction: readings, the row of the quarantine and the counters. The equation of a device
(received = stored + duplicate + corrected + ignored + quarantined) holds before it and after it: what leaves
the quarantine is taken from `quarantined` and given to what became of it, at the device it is of now.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, NamedTuple

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.changes import Reading
from context_api.ngsild.model import Micros
from context_api.store.access import Access
from context_api.store.arrivals import count_arrivals, write_arrivals
from context_api.store.audit import record_acts
from context_api.store.batch import Batch
from context_api.store.database import Database
from context_api.store.deliveries_in import Delivery, DeliveryKind, DeliveryOutcome
from context_api.store.ingesting import MAX_PAYLOAD_KEPT, outcome_of
from context_api.store.packing import pack_time
from context_api.store.queries import load_queries

_SQL = load_queries("quarantine")
_BITE = 5_000
MAX_MESSAGES = 200_000
"""Messages of a tenant that are kept, and …"""
MAX_BYTES = 512 * 2**20
"""… their payloads' bytes; the oldest make way."""
_LOOK_FROM_BYTES = 32 * 2**20
"""Below this nobody can be above a bound that matters."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was put aside, as it is kept."""

    id: int
    device_id: str
    topic: str
    payload: bytes
    payload_size: int
    """Bytes it had; the payload kept may be cut."""
    reason: str
    detail: str
    arrived_at: Micros
    replayed_at: Micros | None
    value_count: int
    """Of its values, those that are counted as quarantined."""
    is_whole: bool
    """False: the rest of the message was stored."""
    retained: bool
    outcome: str | None
    """What a replay made of it."""


class QuarantineFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which messages; members that are None do not restrict."""

    device_id: str | None = None
    reason: str | None = None
    since: Micros | None = None
    until: Micros | None = None
    replayed: bool | None = False


class ReasonCount(NamedTuple):
    """How many messages wait for one reason."""

    reason: str
    messages: int
    devices: int
    bytes: int
    first_at: Micros
    last_at: Micros


class Dropped(NamedTuple):
    """What left without a replay: `cause` is age, count, bytes or discarded."""

    reason: str
    cause: str
    messages: int
    bytes: int
    last_at: Micros


class Replay(NamedTuple):
    """A message of the quarantine and what it would be now."""

    message_id: int
    delivery: Delivery


def list_messages(
    database: Database, access: Access, filters: QuarantineFilter, *, limit: int, before: int | None = None
) -> list[Kept]:
    """Give the newest messages; `before` an id continues a list."""
    named = {**_named(access, filters), "limit": limit, "before": before}
    with database.connection() as connection:
        return _kept(connection.execute(_SQL["list_messages"], named, binary=True).fetchall())


def list_oldest(
    database: Database, access: Access, filters: QuarantineFilter, *, limit: int, after: int = 0
) -> list[Kept]:
    """Give the oldest messages that were not replayed, in the order in which they came."""
    named = {**_named(access, filters), "limit": limit, "after": after}
    with database.connection() as connection:
        return _kept(connection.execute(_SQL["list_oldest"], named, binary=True).fetchall())


def get_messages(database: Database, access: Access, ids: Sequence[int]) -> list[Kept]:
    """Give messages by id, replayed or not, in the order in which they came."""
    named = {"tenant_id": access.tenant_id, "ids": list(ids)}
    with database.connection() as connection:
        return _kept(connection.execute(_SQL["get_messages"], named, binary=True).fetchall())


def count_reasons(database: Database, access: Access, filters: QuarantineFilter) -> list[ReasonCount]:
    """Count what waits, by reason, the most frequent first."""
    with database.connection() as connection:
        rows = connection.execute(_SQL["count_reasons"], _named(access, filters), binary=True)
        return [ReasonCount(*row) for row in rows]


def list_dropped(database: Database, access: Access) -> list[Dropped]:
    """Count what left without a replay, by reason and cause."""
    with database.connection() as connection:
        rows = connection.execute(_SQL["list_dropped"], {"tenant_id": access.tenant_id}, binary=True)
        return [Dropped(*row) for row in rows]


def discard(database: Database, access: Access, ids: Sequence[int]) -> int:
    """Throw messages away, with their payloads; returns how many were there."""
    with database.transaction() as connection:
        row = connection.execute(
            _SQL["discard_messages"], {"tenant_id": access.tenant_id, "ids": list(ids)}
        ).fetchone()
        discarded = int(row[0]) if row else 0
        if discarded:
            record_acts(connection, access, "discard", "quarantined-message", ids, count=discarded)
    return discarded


def replay_batch(batch: Batch, replays: Sequence[Replay]) -> dict[int, DeliveryOutcome]:
    """Store messages of the quarantine in one transaction, begun and committed here; outcomes by id.

    Those that are gone or were replayed meanwhile are left out.
    """
    entity_ids = [reading.entity_id for one in replays for reading in one.delivery.readings]
    batch.begin(entity_ids, len(entity_ids))
    waiting = _lock(batch, [one.message_id for one in replays])
    due = [one for one in replays if one.message_id in waiting]
    readings: list[Reading] = [reading for one in due for reading in one.delivery.readings]
    authors = [one.delivery.device_id for one in due for _ in one.delivery.readings]
    applied = batch.apply(readings, authors)
    changed = iter(applied)
    outcomes = {
        one.message_id: outcome_of(one.delivery, [next(changed) for _ in one.delivery.readings])
        for one in due
    }
    tenant_id = batch.access.tenant_id
    batch.at_commit(lambda connection: _write(connection, tenant_id, due, waiting, outcomes))
    if due:
        ids = [one.message_id for one in due]
        act = partial(record_acts, access=batch.access, verb="replay", kind="quarantined-message")
        batch.at_commit(partial(act, targets=ids))
    if any(one.late or one.duplicate for one in outcomes.values()):
        arrivals = count_arrivals(list(zip(readings, applied, strict=True)), [])
        batch.at_commit(lambda connection: write_arrivals(connection, tenant_id, arrivals))
    batch.commit()
    return outcomes


class _Waiting(NamedTuple):
    device_id: str
    value_count: int
    is_whole: bool
    arrived_at: datetime


def _lock(batch: Batch, ids: Sequence[int]) -> dict[int, _Waiting]:
    named = {"tenant_id": batch.access.tenant_id, "ids": list(ids)}
    return {row[0]: _Waiting(*row[1:]) for row in batch.connection.execute(_SQL["lock_messages"], named)}


def _write(
    connection: Connection[TupleRow],
    tenant_id: int,
    replays: Sequence[Replay],
    waiting: dict[int, _Waiting],
    outcomes: dict[int, DeliveryOutcome],
) -> None:
    moved: dict[str, _Moved] = {}
    for one in replays:
        former, outcome = waiting[one.message_id], outcomes[one.message_id]
        _count(moved, one.delivery, former, outcome)
        _write_row(connection, tenant_id, one, former, outcome)
    for device_id in sorted(moved):
        connection.execute(_SQL["move_counts"], moved[device_id].named(tenant_id, device_id))


def _write_row(
    connection: Connection[TupleRow],
    tenant_id: int,
    one: Replay,
    former: _Waiting,
    outcome: DeliveryOutcome,
) -> None:
    delivery = one.delivery
    named = {"tenant_id": tenant_id, "id": one.message_id, "device_id": delivery.device_id}
    if delivery.quarantine is None:
        connection.execute(_SQL["settle_message"], named | {"outcome": outcome.kind.name.lower()})
        return
    is_whole = former.is_whole and outcome.kind is DeliveryKind.QUARANTINED
    kept = {
        "reason": delivery.quarantine.reason,
        "detail": delivery.quarantine.detail,
        "value_count": outcome.quarantined if former.is_whole else _left(former, outcome),
        "is_whole": is_whole,
        "device_id": delivery.device_id or former.device_id,
    }
    connection.execute(_SQL["keep_message"], named | kept)


class _Moved:
    """What replays add to one device's counters, or take from them."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = dict.fromkeys(
            (
                *(f"messages_{kind.name.lower()}" for kind in DeliveryKind),
                "messages_received",
                "values_received",
                "values_stored",
                "values_corrected",
                "values_duplicate",
                "values_quarantined",
                "values_ignored",
                "values_late",
            ),
            0,
        )
        self.last_seen = datetime.min.replace(tzinfo=UTC)

    def add(self, name: str, count: int) -> None:
        self.counts[name] += count

    def named(self, tenant_id: int, device_id: str) -> dict[str, Any]:
        return {
            **self.counts,
            "tenant_id": tenant_id,
            "device_id": device_id,
            "last_seen": self.last_seen,
        }


def _count(moved: dict[str, _Moved], delivery: Delivery, former: _Waiting, outcome: DeliveryOutcome) -> None:
    new = moved.setdefault(delivery.device_id or former.device_id, _Moved())
    new.last_seen = max(new.last_seen, former.arrived_at)
    if not former.is_whole:
        _count_rest(new, delivery, former, outcome)
        return
    old = moved.setdefault(former.device_id, _Moved())
    old.last_seen = max(old.last_seen, former.arrived_at)
    old.add("messages_received", -1)
    old.add("messages_quarantined", -1)
    old.add("values_received", -former.value_count)
    old.add("values_quarantined", -former.value_count)
    new.add("messages_received", 1)
    new.add(f"messages_{outcome.kind.name.lower()}", 1)
    for part in ("stored", "corrected", "duplicate", "quarantined", "ignored"):
        new.add(f"values_{part}", getattr(outcome, part))
        new.add("values_received", getattr(outcome, part))
    new.add("values_late", outcome.late)


def _count_rest(new: _Moved, delivery: Delivery, former: _Waiting, outcome: DeliveryOutcome) -> None:
    """Of a message that was stored in part: what was stored then is a duplicate now, and counted already."""
    gained = outcome.stored + outcome.corrected
    left = 0 if delivery.quarantine is None else _left(former, outcome)
    new.add("values_stored", outcome.stored)
    new.add("values_corrected", outcome.corrected)
    new.add("values_late", outcome.late)
    new.add("values_quarantined", left - former.value_count)
    gone = former.value_count - left
    new.add("values_ignored", max(gone - gained, 0))
    new.add("values_received", max(gained - gone, 0))


def _left(former: _Waiting, outcome: DeliveryOutcome) -> int:
    return max(former.value_count - outcome.stored - outcome.corrected, 0)


# -- bounds


def keep_bounds(database: Database, *, max_messages: int = MAX_MESSAGES, max_bytes: int = MAX_BYTES) -> int:
    """Drop the oldest messages of tenants that have more than they may; returns how many, all counted."""
    with database.connection() as connection:
        row = connection.execute(_SQL["measure"]).fetchone()
        if row is None or (row[0] < min(_LOOK_FROM_BYTES, max_bytes) and max_messages >= MAX_MESSAGES):
            return 0
        limits = {"messages": max_messages, "bytes": max_bytes, "kept": MAX_PAYLOAD_KEPT}
        above = connection.execute(_SQL["sum_tenants"], limits).fetchall()
    dropped = 0
    for tenant_id, messages, size in above:
        dropped += _drop_surplus(database, tenant_id, messages - max_messages, size - max_bytes)
    return dropped


def _drop_surplus(database: Database, tenant_id: int, messages: int, size: int) -> int:
    dropped = 0
    while messages > 0 or size > 0:
        by_count = messages > 0
        named = {
            "tenant_id": tenant_id,
            "bite": min(_BITE, messages) if by_count else _BITE // 10,
            "cause": "count" if by_count else "bytes",
            "kept": MAX_PAYLOAD_KEPT,
        }
        with database.connection() as connection:
            row = connection.execute(_SQL["drop_oldest"], named).fetchone()
        if row is None or not row[0]:
            return dropped
        dropped += row[0]
        messages -= row[0]
        size -= row[1]
    return dropped


def count_day(connection: Connection[TupleRow], day: date, *, is_early: bool) -> None:
    """Count what is lost with a day that is about to be dropped."""
    connection.execute(_SQL["count_day"], {"day": day, "cause": "bytes" if is_early else "age"})


def _named(access: Access, filters: QuarantineFilter) -> dict[str, Any]:
    named = msgspec.structs.asdict(filters)
    for time in ("since", "until"):
        if named[time] is not None:
            named[time] = pack_time(named[time])
    return {"tenant_id": access.tenant_id, **named}


def _kept(rows: Sequence[TupleRow]) -> list[Kept]:
    names = Kept.__struct_fields__
    return [Kept(**dict(zip(names, row, strict=True))) for row in rows]
