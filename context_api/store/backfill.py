"""Years of history at once: no subscriber hears of it, and no current value changes.

A load is repeatable: what is there already is a duplicate, another content at the same time is a correction,
as `history` has it. A load that was interrupted ends with the same rows when it is begun again.
"""

import struct
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from context_api.ngsild.changes import ValueOutcome
from context_api.ngsild.model import Instance, Iri, Micros
from context_api.store.batch import Batch
from context_api.store.history import Observation, Observations, write_observations
from context_api.store.observations import INTEGER, Series, encode_observation
from context_api.store.packing import EPOCH_MICROS, pack_ints, pack_texts, pack_time
from context_api.store.queries import load_queries
from context_api.store.terms import Terms

_SQL = load_queries("backfill")

ROWS_PER_TRANSACTION = 20_000

_COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END = b"\xff\xff"
_NUMBER_ROW = struct.Struct("!hiiiiiqidi")
_TEXT_ROW = struct.Struct("!hiiiiiqi")
_NULL_LENGTH = struct.pack("!i", -1)


class HistorySeries(NamedTuple):
    """What values belong to: an attribute of an entity, its kind and unit."""

    entity_id: str
    types: tuple[Iri, ...]
    attribute: Iri
    pattern: Instance
    """An instance like theirs: kind, unit and datasetId are taken from it."""


class HistoryValue(NamedTuple):
    """One observed value of a series."""

    series: int
    """Its position in the list of series."""
    at: Micros
    value: Any
    """A float or an int; or an Instance, whose observedAt is `at`."""


class BackfillOutcome(NamedTuple):
    """received = stored + duplicate + corrected"""

    stored: int = 0
    duplicate: int = 0
    corrected: int = 0

    def __add__(self, other: object) -> "BackfillOutcome":
        if not isinstance(other, BackfillOutcome):
            return NotImplemented
        return BackfillOutcome(*[mine + theirs for mine, theirs in zip(self, other, strict=True)])


_Row = tuple[int, int, Micros, float | None, bytes | None]
"""Position, series, at, value, body."""


def slices(values: Iterator[HistoryValue]) -> Iterator[list[HistoryValue]]:
    """Cut values into what one transaction takes."""
    while taken := list(islice(values, ROWS_PER_TRANSACTION)):
        yield taken


def backfill(
    batch: Batch, terms: Terms, series: Sequence[HistorySeries], values: Sequence[HistoryValue]
) -> BackfillOutcome:
    """Load values into history, in one transaction. Raises TermsMissing, StoreRefused."""
    used = sorted({value.series for value in values})
    batch.begin({series[number].entity_id for number in used}, 0)
    now = batch.now()
    known = _make_series(batch, [series[number] for number in used])
    ids = dict(zip(used, known, strict=True))
    rows = [_row(terms, position, one, ids[one.series]) for position, one in enumerate(values)]
    stored = _load(batch, rows, now)
    corrected = _correct(batch, rows, now) if stored < len(rows) else 0
    _keep_heads(batch, terms, [series[number] for number in used], now)
    batch.commit()
    return BackfillOutcome(stored, len(rows) - stored - corrected, corrected)


def _make_series(batch: Batch, wanted: Sequence[HistorySeries]) -> list[Series]:
    missing = [
        (one.entity_id, one.attribute, one.pattern)
        for one in wanted
        if (one.attribute, one.pattern.dataset_id) not in batch.series.of(one.entity_id)
    ]
    if missing:
        types = {one.entity_id: one.types for one in wanted}
        batch.series.create(batch.connection, missing, types)
    return [batch.series.of(one.entity_id)[one.attribute, one.pattern.dataset_id] for one in wanted]


def _row(terms: Terms, position: int, one: HistoryValue, series: Series) -> _Row:
    value = one.value
    if type(value) is float:
        return (position, series.id, one.at, value, None)
    if type(value) is int and -(2**53) <= value <= 2**53:
        return (position, series.id, one.at, float(value), INTEGER)
    number, body = encode_observation(terms, value, series)
    return (position, series.id, one.at, number, body)


def _load(batch: Batch, rows: Sequence[_Row], now: Micros) -> int:
    """Insert what is new; gives how many were."""
    connection = batch.connection
    connection.execute(_SQL["make_stage"])
    with connection.cursor() as cursor, cursor.copy(_SQL["copy_stage"]) as copy:
        copy.write(_pack_rows(rows))
    return connection.execute(_SQL["load"], [pack_time(now)], prepare=False).rowcount


def _pack_rows(rows: Sequence[_Row]) -> bytes:
    """Write rows as COPY reads them in binary: five fields, each after its length."""
    pack = _NUMBER_ROW.pack
    packed = [
        pack(5, 4, position, 4, series_id, 8, at - EPOCH_MICROS, 8, value, -1)
        if value is not None and body is None
        else _pack_with_body(position, series_id, at, value, body)
        for position, series_id, at, value, body in rows
    ]
    return b"".join([_COPY_HEADER, *packed, _COPY_END])


def _pack_with_body(
    position: int, series_id: int, at: Micros, value: float | None, body: bytes | None
) -> bytes:
    head = _TEXT_ROW.pack(5, 4, position, 4, series_id, 8, at - EPOCH_MICROS, -1 if value is None else 8)
    number = b"" if value is None else struct.pack("!d", value)
    tail = _NULL_LENGTH if body is None else struct.pack("!iB", len(body) + 1, 1) + body
    return head + number + tail


def _correct(batch: Batch, rows: Sequence[_Row], now: Micros) -> int:
    connection = batch.connection
    connection.execute("set local jit = off")
    connection.execute(_SQL["prepare"])
    times = [at for _, _, at, _, _ in rows]
    bounds = [
        pack_ints(sorted({series_id for _, series_id, _, _, _ in rows})),
        pack_time(min(times)),
        pack_time(max(times)),
    ]
    found = connection.execute(_SQL["find_other"], bounds, prepare=False).fetchall()
    author = batch.access.principal
    others = [
        Observation(series_id, at, True, value, body, now, None, author)
        for (position,) in found
        for _, series_id, at, value, body in [rows[position]]
    ]
    outcomes = write_observations(connection, Observations.of(others)) if others else []
    return sum(outcome is not ValueOutcome.DUPLICATE for outcome in outcomes)


def _keep_heads(batch: Batch, terms: Terms, used: Sequence[HistorySeries], now: Micros) -> None:
    types = {one.entity_id: terms.array(one.types) for one in used}
    given = {
        "tenant": batch.access.tenant_id,
        "ids": pack_texts(list(types)),
        "types": pack_texts(list(types.values())),
        "now": pack_time(now),
    }
    batch.connection.execute(_SQL["keep_heads"], given)
    batch.connection.execute(_SQL["keep_types"], given)
