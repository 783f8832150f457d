"""Which histories a query selects (clause 5.7.4.4): candidates in the order of their ids, chunk by chunk."""

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.model import Entity, Instance, Iri, Micros
from context_api.ngsild.query import Condition, EntityQuery, TemporalQuery, TimeRelation, selected_types
from context_api.ngsild.query.conditions import ENTITY_MEMBERS, Both, Either, Exists
from context_api.ngsild.query.selector import EntitySelector
from context_api.ngsild.temporal import SCOPE, Track
from context_api.ngsild.temporal_scopes import BEGINNING, END, Interval, ScopesSince, valid_intervals
from context_api.store.access import Access
from context_api.store.database import STATEMENT_TIMEOUT_MS
from context_api.store.errors import StoreTimeout
from context_api.store.history_sights import HistorySights, seen_rows
from context_api.store.packing import pack_ints, pack_texts
from context_api.store.queries import load_queries
from context_api.store.temporal_columns import SeriesRow, make_track
from context_api.store.temporal_heads import Head, read_heads, read_series
from context_api.store.temporal_judging import Judge
from context_api.store.temporal_rows import RowReader, Run
from context_api.store.temporal_windows import build_window
from context_api.store.terms import Terms

_SQL = load_queries("temporal")

FIRST_CHUNK = 64
LARGEST_CHUNK = 1_024
MAX_SCOPE_CHANGES = 1_000
"""So many changes of an entity's scope are looked at, the latest ones."""


class Selected(NamedTuple):
    """An entity of the answer."""

    head: Head
    validity: list[Interval] | None = None
    """When its scopes matched; None: that was not asked."""
    scope: Track | None = None
    """The scopes that were valid within the window."""


class Selector:
    """Selects for one request, on one connection."""

    def __init__(  # noqa: PLR0917
        self,
        connection: Connection[TupleRow],
        terms: Terms,
        access: Access,
        query: EntityQuery,
        temporal: TemporalQuery,
        datasets: frozenset[str] | None = None,
        *,
        sights: HistorySights | None = None,
    ) -> None:
        self._connection = connection
        self._terms = terms
        self._access = access
        self._query = query
        self._temporal = temporal
        self._datasets = datasets
        self._window = build_window(temporal)
        self._sights = sights
        self._judge = Judge(connection, terms, access, self._window, sights)
        self._descending = query.ordering is not None and query.ordering.terms[0].descending
        self._deadline = time.monotonic() + STATEMENT_TIMEOUT_MS / 1000

    def select(self) -> Iterator[Selected]:
        """Give the selected entities, as they are found. Raises TooComplexQuery, StoreTimeout."""
        for ids in self._candidates():
            if time.monotonic() > self._deadline:
                raise StoreTimeout("The query looked at too many entities")
            heads = self._filter(read_heads(self._connection, self._access, ids))
            heads = self._judge.select(heads, self._query.q, self._query.geo)
            yield from self._within_scopes(heads)

    def _candidates(self) -> Iterator[list[str]]:
        """Give ids, a chunk at a time: larger and larger ones, as an answer may need few or all."""
        after: str | None = None
        size = FIRST_CHUNK
        while True:
            statement, parameters = self._candidate_statement(after, size)
            rows = self._connection.execute(statement, parameters).fetchall()
            ids = [row[0] for row in rows]
            if ids:
                yield ids
            if len(ids) < size:
                return
            after, size = ids[-1], min(size * 4, LARGEST_CHUNK)

    def _candidate_statement(self, after: str | None, size: int) -> tuple[bytes, list[object]]:
        """Write one ordered look-up per type or attribute: an index gives each in the order of the ids."""
        query, tenant_id = self._query, self._access.tenant_id
        page: bytes = b"true"
        at: list[object] = []
        if after is not None:
            page = b"entity_id < %s" if self._descending else b"entity_id > %s"
            at = [after]
        if query.ids:
            ids = pack_texts([one for one in query.ids if "\0" not in one])
            parts: list[tuple[str, list[object]]] = [("candidates_by_id", [tenant_id, ids])]
        elif (types := _types_of(query)) is not None:
            parts = [
                (name, [tenant_id, number])
                for number in self._terms.find(sorted(types))
                for name in ("candidates_by_type", "candidates_by_former_type")
            ]
        elif (attributes := _attributes_of(query)) is not None:
            numbers = self._terms.find(sorted(attributes))
            parts = [("candidates_by_attribute", [tenant_id, number]) for number in numbers]
        else:
            parts = [("all_candidates", [tenant_id])]
        if not parts:
            return b"select null where false", []
        order = b"desc" if self._descending else b"asc"
        branches = b" union ".join([b"(" + _SQL[name] + b")" for name, _ in parts])
        united = b"select entity_id from (" + branches + b") as c order by entity_id {order} limit %s"
        statement = united.replace(b"{page}", page)
        parameters = [each for _, keys in parts for each in (*keys, *at, size)]
        return statement.replace(b"{order}", order), [*parameters, size]

    def _filter(self, heads: Sequence[Head]) -> list[Head]:
        """Keep those that the selectors take, and that have an instance in the window."""
        query = self._query
        selector = EntitySelector(types=query.types, ids=query.ids, id_pattern=query.id_pattern)
        taken = []
        for head in heads:
            entity = Entity(id=head.id, types=self._terms.iris(head.types), attributes={})
            if selector.matches(entity) and (
                not query.any_of or any(one.matches(entity) for one in query.any_of)
            ):
                taken.append(head)
        return self._living(taken) if self._sights is None else self._seen(taken, self._sights)

    def _seen(self, heads: Sequence[Head], sights: HistorySights) -> list[Head]:
        """Keep those that may be seen, with an instance in the window that may be."""
        sights.look(heads)
        heads = [head for head in heads if sights.find(head.id) is not None]
        living: set[str] = set()
        for start in range(0, len(heads), FIRST_CHUNK):
            ids = [head.id for head in heads[start : start + FIRST_CHUNK]]
            rows = sights.keep(
                read_series(self._connection, self._terms, self._access, ids, self._query.attrs or None)
            )
            asked = [
                row
                for row in rows
                if (row.attribute != SCOPE or self._query.attrs)
                and (self._datasets is None or row.dataset_id in self._datasets)
            ]
            living |= self._judge.find(asked, b"true")
        return [head for head in heads if head.id in living]

    def _living(self, heads: Sequence[Head]) -> list[Head]:
        """Keep those of which an instance that may be served lies in the window."""
        if not heads:
            return []
        query, window = self._query, self._window
        # Where no scope was ever stored, its number would be asked for each time: hence the look-up in there
        condition = b"s.attribute_id <> all(array(select id from term where iri = %s))"
        wanted: list[object] = [SCOPE]
        if query.attrs:
            condition, wanted = b"s.attribute_id = any(%s)", [pack_ints(self._terms.find(query.attrs))]
        if self._datasets is not None:
            condition += b" and s.dataset_id = any(%s)"
            wanted.append(pack_texts(sorted(self._datasets)))
        statement = (
            _SQL["lives_in_window"].replace(b"{condition}", window.condition).replace(b"{series}", condition)
        )
        ids = pack_texts([head.id for head in heads])
        parameters = [ids, *window.parameters, self._access.tenant_id, *wanted]
        living = {row[0] for row in self._connection.execute(statement, parameters).fetchall()}
        return [head for head in heads if head.id in living]

    def _within_scopes(self, heads: Sequence[Head]) -> Iterator[Selected]:
        if self._query.scopes is None:
            yield from map(Selected, heads)
            return
        for start in range(0, len(heads), FIRST_CHUNK):
            matching = self._match_scopes(heads[start : start + FIRST_CHUNK])
            living = self._with_instances(matching)
            yield from (one for one in matching if one.head.id in living)

    def _match_scopes(self, heads: Sequence[Head]) -> list[Selected]:
        """Give those entities whose scopes matched at some time of the window, and when that was."""
        asked, query = _interval_of(self._temporal), self._query.scopes
        tracks = self._scope_tracks([head.id for head in heads], asked)
        matching = []
        for head in heads:
            window = self._seen_window(head, asked)
            track = tracks.get(head.id)
            changes = [ScopesSince(BEGINNING, head.scopes)] if track is None else _changes(track)
            valid = [] if query is None else valid_intervals(changes, query)
            found = [
                Interval(max(start, window.start), min(end, window.end))
                for start, end in valid
                if start < window.end and end > window.start
            ]
            if found:
                matching.append(Selected(head, found, None if track is None else _clip(track, window.start)))
        return matching

    def _seen_window(self, head: Head, window: Interval) -> Interval:
        """Give as much of the window as is seen of an entity's scopes."""
        sight = None if self._sights is None else self._sights.find(head.id)
        since = None if sight is None else sight.since(SCOPE)
        return window if since is None else Interval(max(window.start, since), window.end)

    def _scope_tracks(self, ids: Sequence[str], window: Interval) -> dict[str, Track]:
        rows = read_series(self._connection, self._terms, self._access, ids, [SCOPE])
        runs = [Run(row, [Interval(BEGINNING, window.end)]) for row in rows]
        latest = TemporalQuery(last_n=MAX_SCOPE_CHANGES)
        reader = RowReader(self._connection, build_window(latest), latest, with_recorded=True)
        reader.read(runs, MAX_SCOPE_CHANGES * max(len(runs), 1))
        return {run.row.entity_id: self._track(run.row, run) for run in runs if run.chunks}

    def _track(self, row: SeriesRow, run: Run) -> Track:
        tracks = [make_track(self._terms, row, chunk, {}) for chunk in run.chunks]
        first = tracks[0]
        for track in tracks[1:]:
            first = _append(first, track)
        return first

    def _with_instances(self, selected: Sequence[Selected]) -> set[str]:
        """Give those that have an instance of the window while their scopes matched."""
        validity = {one.head.id: one.validity or [] for one in selected}
        attributes = self._query.attrs or None
        rows = read_series(self._connection, self._terms, self._access, list(validity), attributes)
        rows = seen_rows(self._sights, rows)
        runs = [Run(row, validity[row.entity_id]) for row in rows if row.attribute != SCOPE]
        runs = [run for run in runs if run.validity]
        latest = msgspec.structs.replace(self._temporal, last_n=1, behind=None)
        RowReader(self._connection, self._window, latest, with_recorded=False).read(runs, len(runs))
        return {run.row.entity_id for run in runs if run.rows}


def _types_of(query: EntityQuery) -> frozenset[Iri] | None:
    """Give types of which every selected entity has at least one; None: any."""
    if query.types is not None:
        return selected_types(query.types)
    found: set[Iri] = set()
    for selector in query.any_of:
        if selector.types is None:
            return None
        found |= selected_types(selector.types)
    return frozenset(found) if query.any_of else None


def _attributes_of(query: EntityQuery) -> frozenset[Iri] | None:
    """Give attributes of which every selected entity has at least one; None: any."""
    if query.attrs:
        return frozenset(query.attrs)
    if query.geo is not None:
        return frozenset((query.geo.geoproperty,))
    return None if query.q is None else _needed_by(query.q)


def _needed_by(condition: Condition) -> frozenset[Iri] | None:
    """Give attributes of which one has to be there for a condition to hold; None: there are none such."""
    if isinstance(condition, Both):
        needed = [names for part in condition.parts if (names := _needed_by(part)) is not None]
        return min(needed, key=len, default=None)
    if isinstance(condition, Either):
        parts = [_needed_by(part) for part in condition.parts]
        if any(names is None for names in parts):
            return None
        return frozenset(name for names in parts for name in names or ())
    name = condition.path.names[0]
    is_absence = isinstance(condition, Exists) and condition.negated
    return None if is_absence or name in ENTITY_MEMBERS else frozenset((name,))


def _interval_of(query: TemporalQuery) -> Interval:
    """Give the window as an interval of time."""
    if query.timerel is None or query.time_at is None:
        return Interval(BEGINNING, END)
    if query.timerel is TimeRelation.BEFORE:
        return Interval(BEGINNING, query.time_at)
    return Interval(query.time_at, END if query.end_time_at is None else query.end_time_at)


def _changes(track: Track) -> list[ScopesSince]:
    return [
        ScopesSince(at, () if position in track.deleted else tuple(track.instance(position).value))
        for position, at in enumerate(track.times)
    ]


def _append(first: Track, second: Track) -> Track:
    """Join two tracks of one series."""
    length = len(first.times)
    recorded = None if first.recorded is None else [*first.recorded, *(second.recorded or ())]
    return msgspec.structs.replace(
        first,
        times=[*first.times, *second.times],
        values=[*first.values, *second.values],
        others={**first.others, **{length + position: one for position, one in second.others.items()}},
        unobserved=first.unobserved | {length + position for position in second.unobserved},
        recorded=recorded,
        modified=None,
        deleted={**first.deleted, **{length + position: at for position, at in second.deleted.items()}},
    )


def _clip(track: Track, start: Micros) -> Track:
    """Leave out the scopes that had ended when the window began."""
    first = max((position for position, at in enumerate(track.times) if at <= start), default=0)
    kept = range(first, len(track.times))

    def shift(columns: dict[int, Instance]) -> dict[int, Instance]:
        return {position - first: one for position, one in columns.items() if position >= first}

    return msgspec.structs.replace(
        track,
        times=[track.times[position] for position in kept],
        values=[track.values[position] for position in kept],
        others=shift(track.others),
        unobserved=frozenset(position - first for position in track.unobserved if position >= first),
        recorded=None if track.recorded is None else track.recorded[first:],
        modified=None if track.modified is None else track.modified[first:],
        deleted={position - first: at for position, at in track.deleted.items() if position >= first},
    )
