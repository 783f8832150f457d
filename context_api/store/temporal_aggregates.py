"""Aggregated histories (clause 4.5.19): numbers from `aggregates`, what is no number from the instances."""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.aggregated import Buckets, Cells, SeriesAggregate, is_eligible
from context_api.ngsild.errors import InvalidRequest, TooManyResults
from context_api.ngsild.model import Kind, Micros
from context_api.ngsild.query import EntityQuery, TemporalQuery, TimeProperty, TimeRelation
from context_api.ngsild.query.aggregation import Aggregation, AggrMethod
from context_api.ngsild.query.periods import bucket_edges
from context_api.ngsild.temporal import SCOPE, History
from context_api.store.access import Access
from context_api.store.aggregates import RAW, Aggregate, AggregateQuery, read_aggregates
from context_api.store.database import Database
from context_api.store.history_sights import seen_rows
from context_api.store.packing import pack_ints, pack_time, pack_times
from context_api.store.queries import load_queries
from context_api.store.temporal import (
    HistoryRequest,
    check_needed,
    find_history,
    is_wanted,
    make_history,
    select_histories,
)
from context_api.store.temporal_columns import SeriesRow
from context_api.store.temporal_heads import Head, read_series
from context_api.store.temporal_windows import Window, build_window, since_window
from context_api.store.terms import Terms

_SQL = load_queries("temporal_aggregates")

MAX_CELLS = 500_000
"""Buckets of all series that one answer may have together."""
_DAY: Micros = 86_400_000_000
_NUMBERS = frozenset((Kind.PROPERTY, Kind.LIST_PROPERTY))


class AggregatedPage(NamedTuple):
    """Aggregated histories; their tracks are empty."""

    items: list[tuple[History, list[SeriesAggregate]]]
    source: str
    """What the numbers were calculated from."""
    has_more: bool = False
    total: int | None = None


class _Text(NamedTuple):
    """What the values of a bucket come to that are no numbers."""

    texts: int
    least: str | None
    greatest: str | None
    arrays: int
    sizes: float | None
    squared_sizes: float | None
    smallest: int | None
    largest: int | None
    times: int
    mean_time: float | None


def aggregate_history(  # noqa: PLR0917
    database: Database,
    terms: Terms,
    access: Access,
    entity_id: str,
    request: HistoryRequest,
    aggregation: Aggregation,
) -> AggregatedPage | None:
    """Aggregate the history of one entity; None where it has none.

    Raises BadRequestData where there are too many buckets, InvalidRequest, TooManyResults, StoreTimeout.
    """
    with database.connection() as connection:
        there = find_history(connection, terms, access, entity_id)
        if there is None:
            return None
        heads, rows = there
        check_needed(rows, request)
        return _aggregate(connection, terms, heads, rows, request, aggregation)


def aggregate_histories(  # noqa: PLR0917
    database: Database,
    terms: Terms,
    access: Access,
    query: EntityQuery,
    request: HistoryRequest,
    aggregation: Aggregation,
) -> AggregatedPage:
    """Aggregate the histories of the entities that a query selects, one page of them.

    Scopes select entities; they do not clip what is aggregated. Raises what `aggregate_history` raises.
    """
    with database.connection() as connection:
        found = select_histories(connection, terms, access, query, request)
        heads = [one.head for one in found.chosen]
        rows = read_series(connection, terms, access, [head.id for head in heads], request.attributes)
        rows = seen_rows(found.sights, rows)
        page = _aggregate(connection, terms, heads, rows, request, aggregation)
    return page._replace(has_more=found.has_more, total=found.total)


def _aggregate(  # noqa: PLR0917
    connection: Connection[TupleRow],
    terms: Terms,
    heads: Sequence[Head],
    rows: Sequence[SeriesRow],
    request: HistoryRequest,
    aggregation: Aggregation,
) -> AggregatedPage:
    wanted = [
        row for row in rows if row.attribute != SCOPE and is_wanted(row.attribute, row.dataset_id, request)
    ]
    by_entity: dict[str, list[SeriesAggregate]] = {}
    sources: set[str] = set()
    origins: list[Sequence[SeriesRow]] = [wanted]
    if request.window.timerel in (None, TimeRelation.BEFORE):
        # Without a beginning, the buckets of each entity begin with its first instance
        origins = [[row for row in wanted if row.entity_id == head.id] for head in heads]
    for group in origins:
        found, source = _aggregate_group(connection, group, request.window, aggregation)
        sources.update(source.split("+"))
        for one, row in found:
            by_entity.setdefault(row.entity_id, []).append(one)
    _refuse_ineligible(wanted, by_entity, request, aggregation)
    listed: dict[str, list[SeriesRow]] = {}
    for row in rows:
        listed.setdefault(row.entity_id, []).append(row)
    items = [
        (make_history(terms, head, listed.get(head.id, []), []), by_entity.get(head.id, [])) for head in heads
    ]
    return AggregatedPage(items, "+".join(sorted(sources)) or RAW)


def _refuse_ineligible(
    rows: Sequence[SeriesRow],
    found: Mapping[str, list[SeriesAggregate]],
    request: HistoryRequest,
    aggregation: Aggregation,
) -> None:
    """Refuse an attribute that was named and that none of the methods can aggregate (clause 5.7.4.4)."""
    if request.attributes is None:
        return
    aggregated = {
        (entity_id, one.attribute) for entity_id, each in found.items() for one in each if one.cells
    }
    for row in rows:
        eligible = any(is_eligible(Kind(row.series.kind), method) for method in aggregation.methods)
        if (row.entity_id, row.attribute) not in aggregated and not eligible:
            raise InvalidRequest(
                f"The attribute {row.attribute} is no Property: it has totalCount and distinctCount only"
            )


def _aggregate_group(
    connection: Connection[TupleRow],
    rows: Sequence[SeriesRow],
    query: TemporalQuery,
    aggregation: Aggregation,
) -> tuple[list[tuple[SeriesAggregate, SeriesRow]], str]:
    groups = [
        (since, [row for row in rows if row.since == since], since_window(build_window(query), since))
        for since in sorted({row.since for row in rows})
    ]
    extents = [
        extent for _, seen, window in groups if (extent := _read_extent(connection, seen, window)) is not None
    ]
    if not extents:
        return [], RAW
    extent = min(first for first, _ in extents), max(last for _, last in extents)
    start, end = _bounds(query, *extent)
    edges = _edges(aggregation, start, end, extent)
    if len(rows) * (len(edges) - 1) > MAX_CELLS:
        raise TooManyResults(
            f"{len(rows)} series in {len(edges) - 1} buckets are more than {MAX_CELLS:,} values:"
            " choose a longer period, a shorter window or fewer attributes"
        )
    is_at = query.timeproperty is TimeProperty.OBSERVED_AT
    numbers: list[Aggregate] = []
    texts: dict[tuple[int, int], _Text] = {}
    sources: set[str] = set()
    for since, seen, window in groups:
        asked = AggregateQuery(
            max(start, edges[0], since) if is_at else max(start, edges[0]),
            min(end, extent[1] + 1),
            edges,
            timeproperty=query.timeproperty,
            observed_only=query.timerel is not None and is_at,
            distinct=AggrMethod.DISTINCT_COUNT in aggregation.methods,
            since=since,
        )
        found, source = read_aggregates(connection, [row.series.id for row in seen], asked)
        texts |= _read_texts(connection, found, window, edges)
        numbers += found
        sources.update(source.split("+"))
    shown = [*edges[:-1], end - 1] if aggregation.period.is_whole and not _is_closed(query) else edges
    source = RAW if texts else "+".join(sorted(sources)) or RAW
    return _collect(rows, numbers, texts, shown, aggregation), source


def _is_closed(query: TemporalQuery) -> bool:
    """Whether the window itself says when it ends."""
    return query.timerel in {TimeRelation.BEFORE, TimeRelation.BETWEEN}


def _bounds(query: TemporalQuery, first: Micros, last: Micros) -> tuple[Micros, Micros]:
    """Give the window two ends: where it has none, those of what is there."""
    start, end = first, last + 1
    if query.timerel is None or query.time_at is None:
        return start, end
    if query.timerel is TimeRelation.BEFORE:
        return start, query.time_at
    return query.time_at, end if query.end_time_at is None else query.end_time_at


def _edges(
    aggregation: Aggregation, start: Micros, end: Micros, extent: tuple[Micros, Micros]
) -> list[Micros]:
    """Give the buckets from the first to the last that has something in it."""
    period = aggregation.period
    first, last = extent
    if period.is_whole:
        return [start, end]
    if aggregation.zone is not None:
        start = max(start, first)
    elif not period.months:
        step = period.days * _DAY + period.micros
        start += (first - start) // step * step
    return bucket_edges(period, start, max(last + 1, start + 1), aggregation.zone)


def _read_extent(
    connection: Connection[TupleRow], rows: Sequence[SeriesRow], window: Window
) -> tuple[Micros, Micros] | None:
    if not rows:
        return None
    statement = _SQL["extent" if window.is_indexed else "slow_extent"]
    statement = statement.replace(b"{condition}", window.condition).replace(b"{key}", window.key)
    ids = pack_ints([row.series.id for row in rows])
    parameters = [ids, *window.parameters, *(window.parameters if window.is_indexed else ())]
    row = connection.execute(statement, parameters, binary=True).fetchone()
    return None if row is None or row[0] is None else (row[0], row[1])


def _read_texts(
    connection: Connection[TupleRow],
    numbers: Sequence[Aggregate],
    window: Window,
    edges: Sequence[Micros],
) -> dict[tuple[int, int], _Text]:
    """Aggregate strings, times and arrays of the series that have values which are no numbers."""
    ids = sorted({one.series_id for one in numbers if one.total > one.count})
    if not ids:
        return {}
    statement = _SQL["texts"].replace(b"{condition}", window.condition).replace(b"{key}", window.key)
    parameters = [
        pack_times(edges),
        pack_ints(ids),
        *window.parameters,
        pack_time(edges[0]),
        pack_time(edges[-1]),
    ]
    rows = connection.execute(statement, parameters, binary=True).fetchall()
    return {(row[0], row[1]): _Text(*row[2:]) for row in rows}


def _collect(
    rows: Sequence[SeriesRow],
    numbers: Sequence[Aggregate],
    texts: Mapping[tuple[int, int], _Text],
    edges: Sequence[Micros],
    aggregation: Aggregation,
) -> list[tuple[SeriesAggregate, SeriesRow]]:
    buckets = Buckets(edges)
    groups: dict[int, dict[str | None, list[Aggregate]]] = {}
    for one in numbers:
        groups.setdefault(one.series_id, {}).setdefault(one.unit_code, []).append(one)
    collected = []
    for row in rows:
        units = groups.get(row.series.id, {})
        for unit, several in sorted(units.items(), key=lambda each: each[0] or ""):
            kind = Kind(row.series.kind)
            cells = {method: _cells(method, kind, several, texts) for method in aggregation.methods}
            kept = {method: each for method, each in cells.items() if each.positions}
            if kept:
                shown = unit if len(units) > 1 else None
                made = SeriesAggregate(row.attribute, row.dataset_id, kind, shown, buckets, kept)
                collected.append((made, row))
    return collected


_OF_ALL: Mapping[AggrMethod, Callable[[Aggregate], int | None]] = {
    AggrMethod.TOTAL_COUNT: attrgetter("total"),
    AggrMethod.DISTINCT_COUNT: attrgetter("distinct"),
}
_OF_NUMBERS: Mapping[AggrMethod, Callable[[Aggregate], float | None]] = {
    AggrMethod.SUM: attrgetter("sum"),
    AggrMethod.AVG: attrgetter("mean"),
    AggrMethod.MIN: attrgetter("minimum"),
    AggrMethod.MAX: attrgetter("maximum"),
    AggrMethod.STDDEV: attrgetter("stddev"),
    AggrMethod.SUMSQ: attrgetter("sumsq"),
}


def _cells(
    method: AggrMethod, kind: Kind, rows: Sequence[Aggregate], texts: Mapping[tuple[int, int], _Text]
) -> Cells:
    """Give the values of one series and unit; the rows are in the order of their buckets."""
    of_all = _OF_ALL.get(method)
    if of_all is not None:
        values: list[Any] = [of_all(one) for one in rows]
    elif kind not in _NUMBERS:
        return Cells((), ())
    else:
        of_numbers = _OF_NUMBERS[method]
        values = [
            of_numbers(one) if one.count else _of_others(method, texts.get((one.series_id, one.bucket)))
            for one in rows
        ]
    positions = [one.bucket for one in rows]
    if None in values:
        positions = [each for each, value in zip(positions, values, strict=True) if value is not None]
        values = [value for value in values if value is not None]
    return Cells(positions, values)


def _of_others(method: AggrMethod, text: _Text | None) -> float | str | None:
    if text is None:
        return None
    return _of_arrays(method, text) if text.arrays else _of_texts(method, text)


def _of_arrays(method: AggrMethod, text: _Text) -> float | None:
    """Aggregate the sizes of arrays (table 4.5.19.1-1)."""
    if text.sizes is None:
        return None
    values: dict[AggrMethod, float | None] = {
        AggrMethod.SUM: text.sizes,
        AggrMethod.AVG: text.sizes / text.arrays,
        AggrMethod.MIN: text.smallest,
        AggrMethod.MAX: text.largest,
    }
    return values.get(method)


def _of_texts(method: AggrMethod, text: _Text) -> str | None:
    if method is AggrMethod.MIN:
        return text.least
    if method is AggrMethod.MAX:
        return text.greatest
    if method is AggrMethod.AVG and text.times and text.times == text.texts and text.mean_time is not None:
        return _write_time(text.mean_time)
    return None


def _write_time(seconds: float) -> str:
    whole, fraction = divmod(round(seconds * 1_000_000), 1_000_000)
    minutes, second = divmod(whole, 60)
    hour, minute = divmod(minutes, 60)
    digits = f".{fraction:06}".rstrip("0") if fraction else ""
    return f"{hour:02}:{minute:02}:{second:02}{digits}Z"
