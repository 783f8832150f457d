"""Columns of observations as they come from the database, and the tracks that are made of them."""

import sys
from array import array
from typing import Any, NamedTuple

from context_api.ngsild.model import Instance, Iri, Kind, Micros
from context_api.ngsild.temporal import Track
from context_api.ngsild.temporal_scopes import BEGINNING
from context_api.store.observations import INTEGER, Series, decode_observation
from context_api.store.packing import EPOCH_MICROS
from context_api.store.terms import Terms

MAX_VALUE_BYTES = 16 * 1024 * 1024
"""No stored value is longer: request bodies are not, with what jsonb adds."""


class SeriesRow(NamedTuple):
    """One series of an entity."""

    entity_id: str
    series: Series
    attribute: Iri
    dataset_id: str
    types: tuple[int, ...]
    created_at: Micros
    has_moved: bool
    since: Micros = BEGINNING
    """From which time on its values are seen by whoever asks."""

    @property
    def id_prefix(self) -> str:
        """What the instanceIds of the series begin with."""
        return f"urn:ngsi-ld:Instance:{self.series.id}-"


class Columns(NamedTuple):
    """A row of `read_columns`."""

    number: int
    rows: int
    size: int
    times: bytes
    numbers: bytes
    integers: list[bool] | None
    bodies: list[bytes | None] | None
    observed: list[bool] | None
    recorded: bytes | None
    modified: list[Micros | None] | None
    deleted: list[Micros | None] | None
    keys: bytes | None


class Chunk:
    """Decoded columns; rows can be cut off."""

    __slots__ = (
        "bodies",
        "deleted",
        "integers",
        "keys",
        "modified",
        "numbers",
        "observed",
        "recorded",
        "times",
    )

    def __init__(self, columns: Columns) -> None:
        self.times = unpack_times(columns.times)
        self.keys = self.times if columns.keys is None else unpack_times(columns.keys)
        self.numbers: list[float] = _unpack("d", columns.numbers)
        self.integers = columns.integers
        self.bodies = columns.bodies
        self.observed = columns.observed
        self.recorded = None if columns.recorded is None else unpack_times(columns.recorded)
        self.modified = columns.modified
        self.deleted = columns.deleted

    def cut(self, length: int) -> None:
        """Keep the first rows only."""
        is_same = self.keys is self.times
        for name in self.__slots__:
            column = getattr(self, name)
            if column is not None and not (name == "keys" and is_same):
                setattr(self, name, column[:length])
        if is_same:
            self.keys = self.times

    def reverse(self) -> None:
        """Turn the order of the rows."""
        is_same = self.keys is self.times
        for name in self.__slots__:
            column = getattr(self, name)
            if column is not None and not (name == "keys" and is_same):
                setattr(self, name, column[::-1])
        if is_same:
            self.keys = self.times


def unpack_times(packed: bytes) -> list[Micros]:
    """Read what `timestamptz_send` gave, one after the other."""
    return [each + EPOCH_MICROS for each in _unpack("q", packed)]


def _unpack(code: str, packed: bytes) -> list[Any]:
    column = array(code)
    column.frombytes(packed)
    if sys.byteorder == "little":
        column.byteswap()
    return column.tolist()


def make_track(terms: Terms, row: SeriesRow, chunk: Chunk, moved: dict[Micros, str]) -> Track:
    """Make a track of a chunk. Raises TermsMissing."""
    deleted = (
        {}
        if chunk.deleted is None
        else {position: at for position, at in enumerate(chunk.deleted) if at is not None}
    )
    return Track(
        attribute=row.attribute,
        dataset_id=row.dataset_id,
        kind=Kind(row.series.kind),
        unit_code=row.series.unit_code,
        id_prefix=row.id_prefix,
        times=chunk.times,
        values=_values(chunk),
        others=_others(terms, row, chunk),
        unobserved=_unobserved(chunk),
        recorded=chunk.recorded,
        modified=chunk.modified,
        deleted=deleted,
        moved=moved,
    )


def _values(chunk: Chunk) -> list[Any]:
    numbers: list[Any] = chunk.numbers
    if chunk.integers is not None:
        if all(chunk.integers):
            return [int(number) for number in numbers]
        return [
            int(number) if is_integer else number
            for number, is_integer in zip(numbers, chunk.integers, strict=True)
        ]
    if chunk.bodies is not None:
        return [
            int(number) if body == INTEGER else number
            for number, body in zip(numbers, chunk.bodies, strict=True)
        ]
    return numbers


def _unobserved(chunk: Chunk) -> frozenset[int]:
    if chunk.observed is None:
        return frozenset()
    return frozenset(position for position, is_observed in enumerate(chunk.observed) if not is_observed)


def _others(terms: Terms, row: SeriesRow, chunk: Chunk) -> dict[int, Instance]:
    if chunk.bodies is None:
        return {}
    return {
        position: decode_observation(
            terms,
            _number(chunk.numbers[position]),
            body,
            row.series,
            row.dataset_id,
            chunk.times[position] if chunk.observed is None or chunk.observed[position] else None,
        )
        for position, body in enumerate(chunk.bodies)
        if body is not None and body != INTEGER
    }


def _number(value: float) -> float | None:
    """NaN stands for null: no value is NaN."""
    return None if value != value else value  # noqa: PLR0124
