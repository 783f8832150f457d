"""Messages on the one write path: receipts, quarantine and counters in the transaction of their readings."""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.changes import Outcome, Reading, ValueOutcome
from context_api.ngsild.model import Micros
from context_api.store.arrivals import count_arrivals, write_arrivals
from context_api.store.batch import Batch
from context_api.store.bridge_seats import Tenure, check_held
from context_api.store.deliveries_in import Delivery, DeliveryKind, DeliveryOutcome, Receipt
from context_api.store.findings import write_findings
from context_api.store.packing import (
    pack_bigints,
    pack_bools,
    pack_byteas,
    pack_days,
    pack_ints,
    pack_texts,
    pack_times,
)
from context_api.store.queries import load_queries
from context_api.store.waiting import record_waiting

_SQL = load_queries("ingesting")

MAX_PAYLOAD_KEPT = 65_536
"""Bytes of a quarantined payload that are kept; a longer one cannot be replayed."""

STORED, DUPLICATE = ValueOutcome.STORED, ValueOutcome.DUPLICATE


def ingest_batch(
    batch: Batch, deliveries: Sequence[Delivery], tenure: Tenure | None = None
) -> list[DeliveryOutcome]:
    """Store messages in one transaction, which is begun and committed here."""
    entity_ids = [reading.entity_id for delivery in deliveries for reading in delivery.readings]
    batch.begin(entity_ids, len(entity_ids))
    if tenure is not None and any(one.receipt is not None for one in deliveries):
        check_held(batch.connection, tenure)  # what carries its time needs no receipt, and no fence
    repeated = _recognise(batch.connection, deliveries)
    readings: list[Reading] = []
    authors: list[str] = []
    for position, delivery in enumerate(deliveries):
        if delivery.readings and position not in repeated:
            readings += delivery.readings
            authors += [delivery.device_id] * len(delivery.readings)
    applied = batch.apply(readings, authors)
    changed = iter(applied)
    outcomes = [
        _repeated(delivery)
        if position in repeated
        else outcome_of(delivery, [next(changed) for _ in delivery.readings])
        for position, delivery in enumerate(deliveries)
    ]
    batch.at_commit(lambda connection: _write(connection, batch, deliveries, outcomes))
    if any(one.late or one.duplicate for one in outcomes):
        again = [reading for position in sorted(repeated) for reading in deliveries[position].readings]
        arrivals = count_arrivals(list(zip(readings, applied, strict=True)), again)
        batch.at_commit(lambda connection: write_arrivals(connection, batch.access.tenant_id, arrivals))
    batch.commit()
    return outcomes


def _recognise(connection: Connection[TupleRow], deliveries: Sequence[Delivery]) -> set[int]:
    """Find the redelivered messages without a time that came before, in this batch or an earlier one."""
    if not any(one.receipt is not None and one.receipt.redelivered for one in deliveries):
        return set()
    receipts = [one.receipt for one in deliveries if one.receipt is not None and one.receipt.redelivered]
    rows = connection.execute(
        _SQL["get_receipts"],
        [pack_texts([one.session for one in receipts]), pack_ints([one.packet_id for one in receipts])],
        binary=True,
    )
    known: dict[tuple[str, int], bytes] = {
        (session, packet_id): digest for session, packet_id, digest in rows
    }
    repeated: set[int] = set()
    for position, delivery in enumerate(deliveries):
        receipt = delivery.receipt
        if receipt is None:
            continue
        key = (receipt.session, receipt.packet_id)
        if receipt.redelivered and known.get(key) == receipt.payload_hash:
            repeated.add(position)
        known[key] = receipt.payload_hash
    return repeated


def _repeated(delivery: Delivery) -> DeliveryOutcome:
    """Describe a message that was recognised by its receipt: what it was then, it is not again."""
    if delivery.readings:
        values = sum(len(each) for reading in delivery.readings for each in reading.attributes.values())
        rest = max(delivery.values - values, 0)
        ignored = rest if delivery.quarantine is None else min(delivery.ignored_values, rest)
        return DeliveryOutcome(
            DeliveryKind.DUPLICATE,
            duplicate=delivery.values - ignored,
            ignored=ignored,
            is_possible_repeat=True,
        )
    if delivery.quarantine is not None:  # it is kept aside already
        return DeliveryOutcome(DeliveryKind.DUPLICATE, duplicate=delivery.values, is_possible_repeat=True)
    outcome = outcome_of(delivery, [])
    outcome.is_possible_repeat = True
    return outcome


def outcome_of(delivery: Delivery, changed: list[Outcome]) -> DeliveryOutcome:
    """Count what became of a message by what became of its readings."""
    outcome = DeliveryOutcome(DeliveryKind.IGNORED)
    values = 0
    for one in changed:
        outcome.late += one.late
        values += len(one.values)
        for value in one.values:
            if value is STORED:
                outcome.stored += 1
            elif value is DUPLICATE:
                outcome.duplicate += 1
            else:
                outcome.corrected += 1
    rest = delivery.values - values
    if delivery.quarantine is not None:
        outcome.reason = delivery.quarantine.reason
        outcome.quarantined = max(rest - delivery.ignored_values, 0)
        outcome.ignored = min(delivery.ignored_values, max(rest, 0))
    elif rest > 0:
        outcome.ignored = rest
    if values:
        outcome.kind = _strongest(outcome)
    elif delivery.quarantine is not None:
        outcome.kind = DeliveryKind.QUARANTINED
    return outcome


def _strongest(outcome: DeliveryOutcome) -> DeliveryKind:
    if outcome.stored:
        return DeliveryKind.STORED
    return DeliveryKind.CORRECTED if outcome.corrected else DeliveryKind.DUPLICATE


def _write(
    connection: Connection[TupleRow],
    batch: Batch,
    deliveries: Sequence[Delivery],
    outcomes: Sequence[DeliveryOutcome],
) -> None:
    tenant_id = batch.access.tenant_id
    aside = [
        (delivery, outcome)
        for delivery, outcome in zip(deliveries, outcomes, strict=True)
        if delivery.quarantine is not None and not outcome.is_possible_repeat
    ]
    _write_quarantine(connection, tenant_id, [one for one, _ in aside], [outcome for _, outcome in aside])
    record_waiting(connection, tenant_id, [one for one, _ in aside])
    write_findings(connection, tenant_id, deliveries)
    _write_receipts(connection, deliveries)
    _write_counters(connection, tenant_id, deliveries, outcomes)


def _write_quarantine(
    connection: Connection[TupleRow],
    tenant_id: int,
    bad: Sequence[Delivery],
    outcomes: Sequence[DeliveryOutcome],
) -> None:
    if not bad:
        return
    connection.execute(
        _SQL["insert_quarantine"],
        [
            tenant_id,
            pack_days([one.arrived_at for one in bad]),
            pack_texts([_text(one.device_id) for one in bad]),
            pack_texts([_text(one.topic) for one in bad]),
            pack_byteas([one.payload[:MAX_PAYLOAD_KEPT] for one in bad]),
            pack_ints([len(one.payload) for one in bad]),
            pack_texts([_text(one.quarantine.reason) for one in bad if one.quarantine is not None]),
            pack_texts([_text(one.quarantine.detail) for one in bad if one.quarantine is not None]),
            pack_times([one.arrived_at for one in bad]),
            pack_ints([outcome.quarantined for outcome in outcomes]),
            pack_bools([outcome.kind is DeliveryKind.QUARANTINED for outcome in outcomes]),
            pack_bools([one.retained for one in bad]),
        ],
    )


def _text(text: str) -> str:
    """What a stranger sent must not break the row that tells of it."""
    return text.replace("\0", "\N{SYMBOL FOR NULL}").encode(errors="replace").decode()


def _write_receipts(connection: Connection[TupleRow], deliveries: Sequence[Delivery]) -> None:
    latest: dict[tuple[str, int], tuple[Receipt, Micros]] = {}
    for one in deliveries:
        if one.receipt is not None:
            latest[one.receipt.session, one.receipt.packet_id] = (one.receipt, one.arrived_at)
    if not latest:
        return
    rows = [latest[key] for key in sorted(latest)]
    connection.execute(
        _SQL["save_receipts"],
        [
            pack_texts([receipt.session for receipt, _ in rows]),
            pack_ints([receipt.packet_id for receipt, _ in rows]),
            pack_byteas([receipt.payload_hash for receipt, _ in rows]),
            pack_times([arrived_at for _, arrived_at in rows]),
        ],
    )


@dataclass(slots=True)
class _DeviceCounts:
    """What one batch adds to one device's counters."""

    messages: list[int]
    """By DeliveryKind."""
    values_received: int = 0
    stored: int = 0
    corrected: int = 0
    duplicate: int = 0
    quarantined: int = 0
    ignored: int = 0
    late: int = 0
    possible_repeats: int = 0
    last_seen: Micros = 0


def _write_counters(
    connection: Connection[TupleRow],
    tenant_id: int,
    deliveries: Sequence[Delivery],
    outcomes: Sequence[DeliveryOutcome],
) -> None:
    counts = _count(deliveries, outcomes)
    devices = sorted(counts)
    rows = [counts[device] for device in devices]
    connection.execute(
        _SQL["count_deliveries"],
        [
            tenant_id,
            pack_texts(devices),
            pack_bigints([sum(row.messages) for row in rows]),
            *[pack_bigints([row.messages[kind] for row in rows]) for kind in DeliveryKind],
            pack_bigints([row.values_received for row in rows]),
            pack_bigints([row.stored for row in rows]),
            pack_bigints([row.corrected for row in rows]),
            pack_bigints([row.duplicate for row in rows]),
            pack_bigints([row.quarantined for row in rows]),
            pack_bigints([row.ignored for row in rows]),
            pack_bigints([row.late for row in rows]),
            pack_bigints([row.possible_repeats for row in rows]),
            pack_times([row.last_seen for row in rows]),
        ],
    )


def _count(deliveries: Sequence[Delivery], outcomes: Sequence[DeliveryOutcome]) -> dict[str, _DeviceCounts]:
    counts: dict[str, _DeviceCounts] = {}
    for delivery, outcome in zip(deliveries, outcomes, strict=True):
        device = _text(delivery.device_id) if "\0" in delivery.device_id else delivery.device_id
        row = counts.get(device)
        if row is None:
            row = counts[device] = _DeviceCounts([0] * len(DeliveryKind))
        row.messages[outcome.kind] += 1
        row.values_received += (
            outcome.stored + outcome.corrected + outcome.duplicate + outcome.quarantined + outcome.ignored
        )
        row.stored += outcome.stored
        row.corrected += outcome.corrected
        row.duplicate += outcome.duplicate
        row.quarantined += outcome.quarantined
        row.ignored += outcome.ignored
        row.late += outcome.late
        row.possible_repeats += outcome.is_possible_repeat
        row.last_seen = max(row.last_seen, delivery.arrived_at)
    return counts
