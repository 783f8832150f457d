"""What somebody sees of histories (operation `history`): entities, attributes, from which time on.

A living entity is judged as it is now. A history outlives its entity: then its types count as the history
knows them, and its scopes and its place as they were last. What is not known is not granted.
"""

import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.model import Attributes, Entity, Instance, Iri, Micros
from context_api.ngsild.query import TemporalQuery, TimeProperty
from context_api.ngsild.query.geo import LOCATION
from context_api.ngsild.temporal import SCOPE, Track
from context_api.ngsild.temporal_scopes import BEGINNING
from context_api.policy.grant import Grant, Operation
from context_api.policy.rights import Rights
from context_api.store.access import Access
from context_api.store.packing import pack_texts
from context_api.store.queries import load_queries
from context_api.store.reading import read_entities
from context_api.store.temporal_columns import SeriesRow, make_track
from context_api.store.temporal_heads import Head, read_series
from context_api.store.temporal_rows import RowReader, Run
from context_api.store.temporal_windows import Window
from context_api.store.terms import Terms

_SQL = load_queries("temporal")
_LATEST = TemporalQuery(last_n=1)
_ANY = Window(b"o.at", b"true", (), TimeProperty.OBSERVED_AT)
_LIVING = Window(b"o.at", b"o.deleted_at is null", (), TimeProperty.OBSERVED_AT)


class HistorySight:
    """What is seen of one entity's history."""

    __slots__ = ("_counted", "_grants", "_personal")

    def __init__(
        self, grants: Sequence[Grant], personal: frozenset[Iri], counted: Collection[Iri] = ()
    ) -> None:
        """`counted`: attributes that count people, whose past the public does not see."""
        self._grants = grants
        self._personal = personal
        self._counted = counted

    def since(self, attribute: Iri) -> Micros | None:
        """Give the time from which on an attribute's data is seen; None: it is not there at all."""
        starts = [
            _start(one)
            for one in self._grants
            if attribute == SCOPE
            or (
                one.gives(attribute)
                and (one.personal or attribute not in self._personal)
                and not (one.is_public and attribute in self._counted)
            )
        ]
        return min(starts, default=None)


class HistorySights:
    """What one principal sees, looked up entity by entity on one connection."""

    def __init__(
        self, connection: Connection[TupleRow], terms: Terms, access: Access, rights: Rights, now: Micros
    ) -> None:
        self._connection = connection
        self._terms = terms
        self._access = access
        self._rights = rights
        self._now = now
        self._grants = rights.valid(Operation.HISTORY, now)
        self._known: dict[str, HistorySight | None] = {}

    @classmethod
    def of(cls, connection: Connection[TupleRow], terms: Terms, access: Access) -> "HistorySights | None":
        """Give what the access sees; None: everything, so that nothing has to be looked up."""
        rights, now = access.filter, time.time_ns() // 1_000
        if rights is None or _sees_all(rights, now):
            return None
        return cls(connection, terms, access, rights, now)

    def look(self, heads: Sequence[Head]) -> None:
        """Find out what is seen of histories. Raises TermsMissing."""
        unknown = [head for head in heads if head.id not in self._known]
        for entity in self._entities(unknown):
            matching = [one for one in self._grants if one.matches(entity, Operation.HISTORY)]
            personal = self._rights.personal(entity.types)
            counted = self._rights.counted(entity.types)
            self._known[entity.id] = HistorySight(matching, personal, counted) if matching else None

    def find(self, entity_id: str) -> HistorySight | None:
        """Give what is seen of a history that was looked at; None: it does not exist for them."""
        return self._known.get(entity_id)

    def keep(self, rows: Iterable[SeriesRow]) -> list[SeriesRow]:
        """Give the series that are seen, each with the time from which on it is."""
        kept = []
        for row in rows:
            sight = self._known.get(row.entity_id)
            since = None if sight is None else sight.since(row.attribute)
            if since is not None:
                kept.append(row._replace(since=since))
        return kept

    def _entities(self, heads: Sequence[Head]) -> list[Entity]:
        """Give, of each history, the entity that grants are held against, with as much of it as they ask."""
        ids = [head.id for head in heads]
        if not ids:
            return []
        gone = [head.id for head in heads if not head.is_living]
        types = self._former_types([head.id for head in heads if not head.types])
        scopes = self._last_scopes(gone) if any(one.scopes is not None for one in self._grants) else {}
        places = self._places(ids, gone) if any(one.area is not None for one in self._grants) else {}
        return [
            Entity(
                id=head.id,
                types=self._terms.iris(head.types or types.get(head.id, ())),
                scopes=head.scopes or scopes.get(head.id, ()),
                attributes=places.get(head.id, {}),
            )
            for head in heads
        ]

    def _former_types(self, ids: Sequence[str]) -> dict[str, tuple[int, ...]]:
        if not ids:
            return {}
        found = self._connection.execute(
            _SQL["get_former_types"], [self._access.tenant_id, pack_texts(ids)], binary=True
        )
        return {entity_id: tuple(types) for entity_id, types in found.fetchall()}

    def _last_scopes(self, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        last = self._last(ids, SCOPE)
        return {one: tuple(each[0].value) for one, each in last.items() if isinstance(each[0].value, list)}

    def _places(self, ids: Sequence[str], gone: Sequence[str]) -> dict[str, Attributes]:
        """Give where entities are, and where those that are gone were last."""
        places: dict[str, Attributes] = {
            one: {LOCATION: instances} for one, instances in self._last(gone, LOCATION).items()
        }
        # All of them: where an entity is counts even where it is not shown
        whole = replace(self._access, filter=None)
        living = read_entities(self._connection, self._terms, whole, ids, self._now)
        for entity in living.values():
            located = entity.attributes.get(LOCATION)
            places[entity.id] = {} if located is None else {LOCATION: located}
        return places

    def _last(self, ids: Sequence[str], attribute: Iri) -> dict[str, list[Instance]]:
        """Give the values that an attribute had when entities ended; it may have been removed before that."""
        rows = read_series(self._connection, self._terms, self._access, ids, [attribute]) if ids else []
        if not rows:
            return {}
        ends: dict[str, Micros] = dict(
            self._connection.execute(
                _SQL["get_ends"], [self._access.tenant_id, pack_texts(ids)], binary=True
            ).fetchall()
        )
        removed = {
            (track.attribute, track.dataset_id, entity_id)
            for entity_id, track in self._read_last(rows, _ANY)
            if track.deleted and track.times[0] < ends[entity_id]
        }
        found: dict[str, list[Instance]] = {}
        for entity_id, track in self._read_last(rows, _LIVING):
            if (track.attribute, track.dataset_id, entity_id) not in removed:
                found.setdefault(entity_id, []).append(track.instance(0))
        return found

    def _read_last(self, rows: Sequence[SeriesRow], window: Window) -> list[tuple[str, Track]]:
        runs = [Run(row) for row in rows]
        RowReader(self._connection, window, _LATEST, with_recorded=False).read(runs, len(runs))
        return [
            (run.row.entity_id, make_track(self._terms, run.row, chunk, {}))
            for run in runs
            for chunk in run.chunks
        ]


def _sees_all(rights: Rights, now: Micros) -> bool:
    """Whether one grant gives every value of all times."""
    return any(
        one.is_boundless
        and one.history_from is None
        and (one.personal or not rights.marks)
        and not (one.is_public and rights.floors)
        for one in rights.valid(Operation.HISTORY, now)
    )


def _start(grant: Grant) -> Micros:
    return BEGINNING if grant.history_from is None else grant.history_from


def seen_rows(sights: HistorySights | None, rows: list[SeriesRow]) -> list[SeriesRow]:
    """Give the series that are seen, of histories that were looked at."""
    return rows if sights is None else sights.keep(rows)
