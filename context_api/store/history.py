"""History: observations in arrival order, each stored once, corrected in the open, never lost."""

from collections.abc import Container, Sequence
from typing import NamedTuple

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
    connection: Connection[TupleRow], observations: Sequence[Observation], made: Container[int] = ()
) -> list[ValueOutcome]:
    """Write observations as if one by one, in order; tells for each what became of it.

    Same series and time: with the same content it is a duplicate, with another it stands from now on and the
    former is kept as superseded. The caller holds the lock of every entity concerned. `made` are series that
    have no history yet: what is first at its time there meets nothing.
    """
    first: dict[tuple[int, Micros], Observation] = {}
    repeated: dict[int, tuple[int, Micros]] = {}
    for position, one in enumerate(observations):
        key = (one[0], one[1])
        if first.setdefault(key, one) is not one:
            repeated[position] = key
    rows = list(first.values())
    _insert_first(connection, [one for one in rows if one[0] in made])
    conflicts = _insert(connection, [one for one in rows if one[0] not in made])
    outcomes = [STORED] * len(observations)
    if conflicts or repeated:
        _settle(connection, observations, conflicts, repeated, outcomes)
    return outcomes


def _insert_first(connection: Connection[TupleRow], rows: Sequence[Observation]) -> None:
    """Insert what is the first of its series and time, and cannot meet another."""
    if rows:
        connection.execute(_SQL["insert_first_observations"], _columns(rows))


def _columns(rows: Sequence[Observation]) -> list[bytes]:
    series_ids, times, observed, values, bodies, recorded, deleted, _ = zip(*rows, strict=True)
    return [
        pack_ints(series_ids),
        pack_times(times),
        pack_bools(observed),
        pack_floats(values),
        pack_jsonbs(bodies),
        pack_times(recorded),
        pack_times(deleted),
    ]


def _insert(
    connection: Connection[TupleRow], rows: Sequence[Observation]
) -> dict[tuple[int, Micros], _Version]:
    """Insert what is new; gives what was there already at the (series, at) of the others."""
    if not rows:
        return {}
    found = connection.execute(_SQL["insert_observations"], _columns(rows), binary=True).fetchall()
    if not found:
        return {}
    keys = [(rows[position - 1].series_id, rows[position - 1].at) for (position,) in found]
    stored = connection.execute(
        _SQL["get_observations"],
        [pack_ints([series_id for series_id, _ in keys]), pack_times([at for _, at in keys])],
        binary=True,
    ).fetchall()
    return {
        (series_id, at): _Version(Content(value, body, has_observed, deleted is not None), written, deleted)
        for series_id, at, has_observed, value, body, written, deleted in stored
    }


def _settle(
    connection: Connection[TupleRow],
    observations: Sequence[Observation],
    conflicts: dict[tuple[int, Micros], _Version],
    repeated: dict[int, tuple[int, Micros]],
    outcomes: list[ValueOutcome],
) -> None:
    """Walk through those that met another one, in order, and write what they changed."""
    contested = set(conflicts) | set(repeated.values())
    standing = dict(conflicts)
    superseded: list[_Superseded] = []
    final: dict[tuple[int, Micros], Observation] = {}
    for position, one in enumerate(observations):
        key = (one.series_id, one.at)
        if key not in contested:
            continue
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
    connection.execute(_SQL["correct_observations"], [*_columns(rows), *bounds], prepare=False)
