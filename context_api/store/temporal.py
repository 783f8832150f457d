"""Reads of history: the instances of entities' attributes in a window of time (clauses 5.7.3 and 5.7.4)."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.errors import ResourceNotFound
from context_api.ngsild.model import DEFAULT_DATASET, Iri, Micros
from context_api.ngsild.query import EntityQuery, TemporalQuery
from context_api.ngsild.temporal import SCOPE, History, Track
from context_api.ngsild.temporal_scopes import ALWAYS, Interval
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.history_sights import HistorySights, seen_rows
from context_api.store.packing import pack_ints
from context_api.store.queries import load_queries
from context_api.store.temporal_columns import SeriesRow, make_track
from context_api.store.temporal_heads import Head, has_observations, read_heads, read_series
from context_api.store.temporal_rows import RowReader, Run
from context_api.store.temporal_selecting import Selected, Selector
from context_api.store.temporal_windows import build_window
from context_api.store.terms import Terms

_SQL = load_queries("temporal")

DEFAULT_INSTANCES = 10_000


class HistoryRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted of the histories that were found."""

    window: TemporalQuery = TemporalQuery()
    attributes: tuple[Iri, ...] | None = None
    """Only these, and the scope only if it is among them; None: all."""
    omitted: frozenset[Iri] = frozenset()
    needed: frozenset[Iri] = frozenset()
    """A retrieval needs one of these to be known; empty: none."""
    datasets: frozenset[str] | None = None
    """datasetIds, with an empty text for the default instance; None: all."""
    with_recorded: bool = True
    """Whether createdAt and modifiedAt of instances are wanted."""
    limit: int = DEFAULT_INSTANCES
    """Instances of all attributes and entities together."""


class HistoryPage(NamedTuple):
    """Histories, as much of them as the limit of instances lets through."""

    items: list[History]
    end: Micros | None = None
    """The instant at which the page ends: all up to it is there, and there is more; None: no more."""
    has_more: bool = False
    """Whether there are more entities."""
    total: int | None = None
    """How many entities there are on all pages, where that was asked for."""


class TemporalPage(History, kw_only=True):
    """One entity's history, as much of it as the limit of instances lets through."""

    end: Micros | None = None

    @property
    def is_complete(self) -> bool:
        """Whether there is no more. Else kept are the earliest instances or, with lastN, the latest."""
        return self.end is None


def get_temporal(  # noqa: PLR0917
    database: Database,
    terms: Terms,
    access: Access,
    entity_id: str,
    query: TemporalQuery,
    attrs: Sequence[Iri],
    limit: int = DEFAULT_INSTANCES,
) -> TemporalPage | None:
    """Give an entity's history, instances in the order of their time; None where it never had any.

    `attrs` empty means all. Raises TermsMissing.
    """
    request = HistoryRequest(window=query, attributes=tuple(attrs) or None, limit=limit)
    with database.connection() as connection:
        page = read_one(connection, terms, access, entity_id, request)
    if page is None:
        return None
    [history] = page.items
    members = {name: getattr(history, name) for name in history.__struct_fields__}
    return TemporalPage(**members, end=page.end)


def retrieve_history(
    database: Database, terms: Terms, access: Access, entity_id: str, request: HistoryRequest
) -> HistoryPage | None:
    """Give the history of one entity; None where it has none. Raises TermsMissing, TooManyResults."""
    with database.connection() as connection:
        return read_one(connection, terms, access, entity_id, request)


def read_one(
    connection: Connection[TupleRow], terms: Terms, access: Access, entity_id: str, request: HistoryRequest
) -> HistoryPage | None:
    """Read the history of one entity; None where it has none."""
    found = find_history(connection, terms, access, entity_id)
    if found is None:
        return None
    heads, rows = found
    check_needed(rows, request)
    return read_page(connection, terms, heads, rows, request)


def find_history(
    connection: Connection[TupleRow], terms: Terms, access: Access, entity_id: str
) -> tuple[list[Head], list[SeriesRow]] | None:
    """Give what there is of a history, and may be seen; None where it has none, or it may not be seen."""
    if "\0" in entity_id:
        return None
    heads = read_heads(connection, access, [entity_id])
    rows = read_series(connection, terms, access, [entity_id])
    sights = HistorySights.of(connection, terms, access)
    if sights is not None:
        sights.look(heads)
        if sights.find(entity_id) is None:
            return None
        rows = sights.keep(rows)
    return (heads, rows) if heads[0].is_known or has_observations(connection, rows) else None


def check_needed(rows: Sequence[SeriesRow], request: HistoryRequest) -> None:
    """Raise ResourceNotFound where history knows none of the attributes that were asked for."""
    if request.needed and not any(row.attribute in request.needed for row in rows):
        raise ResourceNotFound(f"The history has no attribute {', '.join(sorted(request.needed))}")


def query_histories(
    database: Database, terms: Terms, access: Access, query: EntityQuery, request: HistoryRequest
) -> HistoryPage:
    """Answer a temporal query by one page of entities.

    Raises TermsMissing, BadRequestData, TooComplexQuery, TooManyResults, StoreTimeout.
    """
    with database.connection() as connection:
        selection = select_histories(connection, terms, access, query, request)
        page = _read_selected(connection, terms, access, selection, request)
    return page._replace(has_more=selection.has_more, total=selection.total)


class Selection(NamedTuple):
    """The entities of one page."""

    chosen: list[Selected]
    has_more: bool
    total: int | None
    sights: HistorySights | None
    """What is seen of them."""


def select_histories(
    connection: Connection[TupleRow],
    terms: Terms,
    access: Access,
    query: EntityQuery,
    request: HistoryRequest,
) -> Selection:
    """Find the entities of a page. Raises TermsMissing, BadRequestData, TooComplexQuery, StoreTimeout."""
    sights = HistorySights.of(connection, terms, access)
    selector = Selector(connection, terms, access, query, request.window, request.datasets, sights=sights)
    found = selector.select()
    passed = sum(1 for _ in islice(found, query.offset))
    chosen = list(islice(found, query.limit))
    rest = sum(1 for _ in found) if query.count else sum(1 for _ in islice(found, 1))
    total = passed + len(chosen) + rest if query.count else None
    return Selection(chosen, rest > 0, total, sights)


def _read_selected(
    connection: Connection[TupleRow],
    terms: Terms,
    access: Access,
    selection: Selection,
    request: HistoryRequest,
) -> HistoryPage:
    selected = selection.chosen
    heads = [one.head for one in selected]
    rows = read_series(connection, terms, access, [head.id for head in heads], request.attributes)
    rows = seen_rows(selection.sights, rows)
    validity = {one.head.id: one.validity for one in selected if one.validity is not None}
    if not validity:
        return read_page(connection, terms, heads, rows, request)
    attributes = [row for row in rows if row.attribute != SCOPE]
    page = read_page(connection, terms, heads, attributes, request, validity)
    is_first = request.window.behind is None and is_wanted(SCOPE, DEFAULT_DATASET, request)
    scopes = {one.head.id: one.scope for one in selected}
    for history in page.items:
        track = scopes.get(history.id)
        if track is not None:
            history.scopes = ()
            history.tracks[:0] = [track] if is_first else []
    return page


def read_page(  # noqa: PLR0917
    connection: Connection[TupleRow],
    terms: Terms,
    heads: Sequence[Head],
    rows: Sequence[SeriesRow],
    request: HistoryRequest,
    validity: Mapping[str, Sequence[Interval]] | None = None,
) -> HistoryPage:
    """Read the instances of histories; `validity` says when those of an entity count (None: always)."""
    runs = [
        Run(row, ALWAYS if validity is None else validity.get(row.entity_id, ()))
        for row in rows
        if is_wanted(row.attribute, row.dataset_id, request)
    ]
    runs = [run for run in runs if run.validity]
    reader = RowReader(
        connection, build_window(request.window), request.window, with_recorded=request.with_recorded
    )
    end = reader.read(runs, request.limit)
    moved = read_moved(connection, [run.row.series.id for run in runs if run.row.has_moved])
    tracks: dict[str, list[Track]] = {}
    for run in runs:
        for chunk in run.chunks:
            track = make_track(terms, run.row, chunk, moved.get(run.row.series.id, {}))
            tracks.setdefault(run.row.entity_id, []).append(track)
    by_entity: dict[str, list[SeriesRow]] = {}
    for row in rows:
        by_entity.setdefault(row.entity_id, []).append(row)
    items = [make_history(terms, head, by_entity.get(head.id, []), tracks.get(head.id, [])) for head in heads]
    return HistoryPage(items, end)


def is_wanted(attribute: Iri, dataset_id: str, request: HistoryRequest) -> bool:
    """Whether a series was asked for."""
    if request.datasets is not None and attribute != SCOPE and dataset_id not in request.datasets:
        return False
    if attribute in request.omitted:
        return False
    return request.attributes is None or attribute in request.attributes


def make_history(terms: Terms, head: Head, rows: Sequence[SeriesRow], tracks: list[Track]) -> History:
    """Put a history together. Raises TermsMissing."""
    types = head.types or next((row.types for row in rows if row.types), ())
    begun = min((row.created_at for row in rows), default=None)
    return History(
        id=head.id,
        types=terms.iris(types),
        scopes=() if any(row.attribute == SCOPE for row in rows) else head.scopes,
        tracks=tracks,
        created_at=begun if head.created_at is None else head.created_at,
        modified_at=head.modified_at,
        deleted_at=head.deleted_at,
        expires_at=head.expires_at,
    )


def read_moved(connection: Connection[TupleRow], series_ids: Sequence[int]) -> dict[int, dict[Micros, str]]:
    """Give what follows the prefix of an instanceId where that is not the time at which the instance stands.

    An instance that was moved keeps the time it began with; one that came to stand there later is numbered.
    """
    if not series_ids:
        return {}
    found = connection.execute(_SQL["get_moved"], [pack_ints(series_ids)], binary=True).fetchall()
    names: dict[int, dict[Micros, str]] = {}
    for series_id, origin, generation, _ in found:
        names.setdefault(series_id, {})[origin] = name_of(origin, generation + 1)
    for series_id, origin, generation, at in found:
        if at is not None:
            names[series_id][at] = name_of(origin, generation)
    return names


def name_of(origin: Micros, generation: int) -> str:
    """Write the part of an instanceId that follows the series."""
    return f"{origin}-{generation}" if generation else str(origin)
