"""History: observations in arrival order, each stored once, corrected in the open, never lost."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.changes import ValueOutcome
from context_api.ngsild.model import Micros
from context_api.store.observations import Content, same_content
from context_api.store.packing import (
    pack_bools,
    pack_floats,
    pack_ints,
    pack_jsonbs,
    pack_texts,
    pack_time,
    pack_times,
)
from context_api.store.queries import load_queries

_SQL = load_queries("history")
_TIMES = 2**64
"""More than there are times."""

STORED, DUPLICATE, CORRECTED = ValueOutcome.STORED, ValueOutcome.DUPLICATE, ValueOutcome.CORRECTED


class Observation(NamedTuple):
    """One value on its way into history."""

    series_id: int
    at: Micros
    has_observed_at: bool
    value: float | None
    body: bytes | None
    recorded_at: Micros
    deleted_at: Micros | None
    author: str

    @property
    def content(self) -> Content:
        """What it says."""
        return Content(self.value, self.body, self.has_observed_at, self.deleted_at is not None)


class Observations:
    """Values on their way into history, column by column: a batch of readings has thousands of them."""

    __slots__ = (
        "ats", "authors", "bodies", "deleted", "observed", "recorded", "series_ids", "unsure", "values",
    )  # fmt: skip

    def __init__(self) -> None:
        self.series_ids: list[int] = []
        self.ats: list[Micros] = []
        self.observed: list[bool] = []
        self.values: list[float | None] = []
        self.bodies: list[bytes | None] = []
        self.recorded: list[Micros] = []
        self.deleted: list[Micros | None] = []
        self.authors: list[str] = []
        self.unsure: list[int] = []
        """The positions of those that may meet another one at their time; the others are known to be new."""

    def __len__(self) -> int:
        return len(self.series_ids)

    @classmethod
    def of(cls, rows: Iterable[Observation]) -> "Observations":
        """Put rows together."""
        made = cls()
        for one in rows:
            made.add(one)
        return made

    def add(self, one: Observation) -> None:
        """Add one."""
        series_id, at, observed, value, body, recorded, deleted, author = one
        self.unsure.append(len(self.series_ids))
        self.series_ids.append(series_id)
        self.ats.append(at)
        self.observed.append(observed)
        self.values.append(value)
        self.bodies.append(body)
        self.recorded.append(recorded)
        self.deleted.append(deleted)
        self.authors.append(author)

    @property
    def columns(self) -> tuple[list[Any], ...]:
        """In the order of `Observation`."""
        return (
            self.series_ids, self.ats, self.observed, self.values, self.bodies, self.recorded, self.deleted,
            self.authors,
        )  # fmt: skip

    def row(self, position: int) -> Observation:
        """Give one."""
        return Observation._make([column[position] for column in self.columns])

    def pick(self, positions: Sequence[int]) -> "Observations":
        """Give some of them, none of which is known to be new."""
        if len(positions) == len(self):
            return self
        picked = Observations()
        for column, source in zip(picked.columns, self.columns, strict=True):
            column += [source[position] for position in positions]
        return picked


class _Version(NamedTuple):
    """What stands, or stood, at one (series, at)."""

    content: Content
    written_at: Micros
    deleted_at: Micros | None


class _Superseded(NamedTuple):
    observation: Observation
    """The later one."""
    former: _Version


def write_observations(
    connection: Connection[TupleRow], observations: Observations, made: Collection[int] = ()
) -> list[ValueOutcome]:
    """Write observations as if one by one, in order; tells for each what became of it.

    Same series and time: with the same content it is a duplicate, with another it stands from now on and the
    former is kept as superseded. The caller holds the lock of every entity concerned. `made` are series that
    have no history yet: what is first at its time there meets nothing. Where all are known to be new, nothing
    is waited for within a pipeline; that one of them was there after all is a UniqueViolation.
    """
    unsure = observations.unsure
    outcomes = [STORED] * len(observations)
    if len(unsure) < len(outcomes):
        excepted = set(unsure)
        known = [position for position in range(len(outcomes)) if position not in excepted]
        _insert_first(connection, observations.pick(known))
    if unsure:
        found = _write_unsure(connection, observations.pick(unsure), made)
        for position, outcome in zip(unsure, found, strict=True):
            outcomes[position] = outcome
    return outcomes


def _write_unsure(
    connection: Connection[TupleRow], observations: Observations, made: Collection[int]
) -> list[ValueOutcome]:
    repeated = _find_repeated(observations)
    rows = observations
    if repeated:
        rows = rows.pick([position for position in range(len(rows)) if position not in repeated])
    if made:
        ids = rows.series_ids
        _insert_first(connection, rows.pick([each for each, one in enumerate(ids) if one in made]))
        rows = rows.pick([each for each, one in enumerate(ids) if one not in made])
    conflicts = _insert(connection, rows)
    outcomes = [STORED] * len(observations)
    if conflicts or repeated:
        _settle(connection, observations, conflicts, repeated, outcomes)
    return outcomes


def _find_repeated(observations: Observations) -> dict[int, tuple[int, Micros]]:
    """Tell which are at a series and time where another one comes before: position -> (series, at)."""
    # One integer for both: tuples would be a tenth of all that a batch costs
    numbers = [
        series_id * _TIMES + at
        for series_id, at in zip(observations.series_ids, observations.ats, strict=True)
    ]
    if len(set(numbers)) == len(numbers):
        return {}
    seen: set[int] = set()
    repeated: dict[int, tuple[int, Micros]] = {}
    for position, number in enumerate(numbers):
        if number in seen:
            repeated[position] = observations.series_ids[position], observations.ats[position]
        seen.add(number)
    return repeated


def _insert_first(connection: Connection[TupleRow], rows: Observations) -> None:
    """Insert what is the first of its series and time, and cannot meet another."""
    if rows:
        connection.execute(_SQL["insert_first_observations"], _columns(rows))


def _columns(rows: Observations) -> list[bytes]:
    return [
        pack_ints(rows.series_ids),
        pack_times(rows.ats),
        pack_bools(rows.observed),
        pack_floats(rows.values),
        pack_jsonbs(rows.bodies),
        pack_times(rows.recorded),
        pack_times(rows.deleted),
    ]


def _insert(connection: Connection[TupleRow], rows: Observations) -> dict[tuple[int, Micros], _Version]:
    """Insert what is new; gives what was there already at the (series, at) of the others."""
    if not rows:
        return {}
    found = connection.execute(_SQL["insert_observations"], _columns(rows), binary=True).fetchall()
    if not found:
        return {}
    taken = [position - 1 for (position,) in found]
    stored = connection.execute(
        _SQL["get_observations"],
        [
            pack_ints([rows.series_ids[each] for each in taken]),
            pack_times([rows.ats[each] for each in taken]),
        ],
        binary=True,
    ).fetchall()
    return {
        (series_id, at): _Version(Content(value, body, has_observed, deleted is not None), written, deleted)
        for series_id, at, has_observed, value, body, written, deleted in stored
    }


def _settle(
    connection: Connection[TupleRow],
    observations: Observations,
    conflicts: dict[tuple[int, Micros], _Version],
    repeated: dict[int, tuple[int, Micros]],
    outcomes: list[ValueOutcome],
) -> None:
    """Walk through those that met another one, in order, and write what they changed."""
    contested = set(conflicts) | set(repeated.values())
    standing = dict(conflicts)
    superseded: list[_Superseded] = []
    final: dict[tuple[int, Micros], Observation] = {}
    for position, key in enumerate(zip(observations.series_ids, observations.ats, strict=True)):
        if key not in contested:
            continue
        one = observations.row(position)
        former = standing.get(key)
        if former is not None and same_content(former.content, one.content):
            outcomes[position] = DUPLICATE
            continue
        if former is not None:
            outcomes[position] = CORRECTED
            superseded.append(_Superseded(one, former))
            final[key] = one
        standing[key] = _Version(one.content, one.recorded_at, one.deleted_at)
    if superseded:
        _keep_superseded(connection, superseded)
        _correct(connection, list(final.values()))


def _keep_superseded(connection: Connection[TupleRow], rows: Sequence[_Superseded]) -> None:
    connection.execute(
        _SQL["keep_superseded"],
        [
            pack_ints([one.observation.series_id for one in rows]),
            pack_times([one.observation.at for one in rows]),
            pack_bools([one.former.content.has_observed_at for one in rows]),
            pack_floats([one.former.content.value for one in rows]),
            pack_jsonbs([one.former.content.body for one in rows]),
            pack_times([one.former.written_at for one in rows]),
            pack_times([one.observation.recorded_at for one in rows]),
            pack_texts([one.observation.author for one in rows]),
            pack_texts([_reason(one) for one in rows]),
        ],
    )


def _reason(one: _Superseded) -> str:
    if one.observation.deleted_at is not None:
        return "deleted"
    return "corrected" if one.former.deleted_at is None else "written anew"


def _correct(connection: Connection[TupleRow], rows: Sequence[Observation]) -> None:
    bounds = [
        pack_ints(sorted({one.series_id for one in rows})),
        pack_time(min(one.at for one in rows)),
        pack_time(max(one.at for one in rows)),
    ]
    connection.execute(
        _SQL["correct_observations"], [*_columns(Observations.of(rows)), *bounds], prepare=False
    )
