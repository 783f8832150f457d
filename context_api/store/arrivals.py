"""Counts, by series and day, what arrives late or again: only what is out of the ordinary is ever written."""

from collections.abc import Sequence

from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.changes import Outcome, Reading, ValueOutcome
from context_api.ngsild.model import Micros
from context_api.store.packing import pack_bigints, pack_days, pack_texts
from context_api.store.queries import load_queries

_SQL = load_queries("completeness")
_JAPAN = 9 * 3_600_000_000
"""Microseconds from UTC; Japan has had no other time since 1951."""
_DUPLICATE = ValueOutcome.DUPLICATE

Arrivals = dict[tuple[str, str, str, int], list[int]]
"""(entity, attribute, datasetId, day in Japan) -> late, duplicate.

The day is given by its number since 1970.
"""


def count_arrivals(applied: Sequence[tuple[Reading, Outcome]], repeated: Sequence[Reading]) -> Arrivals:
    """Count late and duplicate values of readings; `repeated` ones came again as a whole."""
    counts: Arrivals = {}
    for reading, outcome in applied:
        if outcome.late or _DUPLICATE in outcome.values:
            _count(counts, reading, outcome)
    for reading in repeated:
        for attribute, instances in reading.attributes.items():
            for one in instances:
                _row(counts, reading, attribute, one.dataset_id, one.observed_at)[1] += 1
    return counts


def write_arrivals(connection: Connection[TupleRow], tenant_id: int, counts: Arrivals) -> None:
    """Add to the counters; nothing is sent where nothing was counted."""
    if not counts:
        return
    keys = sorted(counts)
    connection.execute(
        _SQL["count_arrivals"],
        [
            pack_texts([entity_id for entity_id, _, _, _ in keys]),
            pack_texts([attribute for _, attribute, _, _ in keys]),
            pack_texts([dataset_id for _, _, dataset_id, _ in keys]),
            pack_days([day * 86_400_000_000 for _, _, _, day in keys]),
            pack_bigints([counts[key][0] for key in keys]),
            pack_bigints([counts[key][1] for key in keys]),
            tenant_id,
        ],
    )


def _count(counts: Arrivals, reading: Reading, outcome: Outcome) -> None:
    """A value is late where it is new to history and its attribute did not change."""
    updated = set(outcome.updated)
    values = iter(outcome.values)
    for attribute, instances in reading.attributes.items():
        for one in instances:
            is_duplicate = next(values) is _DUPLICATE
            if is_duplicate or attribute not in updated:
                _row(counts, reading, attribute, one.dataset_id, one.observed_at)[is_duplicate] += 1


def _row(
    counts: Arrivals, reading: Reading, attribute: str, dataset_id: str, observed_at: Micros | None
) -> list[int]:
    at = reading.arrived_at if observed_at is None else observed_at
    key = (reading.entity_id, attribute, dataset_id, (at + _JAPAN) // 86_400_000_000)
    return counts.setdefault(key, [0, 0])
