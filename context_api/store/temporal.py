"""Reads of history: the instances of an entity's attributes in a window of time (clause 5.7.3)."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.model import Iri, Micros
from context_api.ngsild.query import TemporalQuery, TimeProperty, TimeRelation
from context_api.ngsild.temporal import TemporalEntity, TemporalInstance
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.observations import Series, decode_observation, instance_id
from context_api.store.packing import pack_ints, pack_time
from context_api.store.queries import load_queries
from context_api.store.terms import Terms

_SQL = load_queries("temporal")

DEFAULT_INSTANCES = 10_000

_TIME_OF = {
    TimeProperty.OBSERVED_AT: b"o.at",
    TimeProperty.CREATED_AT: b"o.recorded_at",
    TimeProperty.MODIFIED_AT: b"coalesce(o.modified_at, o.recorded_at)",
    TimeProperty.DELETED_AT: b"o.deleted_at",
}


class TemporalPage(TemporalEntity, kw_only=True):
    """An entity's history, as much of it as the limit of instances lets through."""

    is_complete: bool = True
    """False: there is more. Kept are the earliest instances or, with lastN, the latest."""


class _SeriesRow(NamedTuple):
    series: Series
    attribute: Iri
    dataset_id: str
    types: tuple[Iri, ...]


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
    if "\0" in entity_id:
        return None
    wanted = terms.find(attrs) if attrs else None
    with database.connection() as connection:
        head = connection.execute(_SQL["get_head"], [access.tenant_id, entity_id], binary=True).fetchone()
        series = _get_series(connection, terms, access, entity_id)
        if head is None and not series:
            return None
        chosen = {
            one.series.id: one for one in series if wanted is None or int(terms.key(one.attribute)) in wanted
        }
        rows, is_complete = _get_rows(connection, list(chosen), query, limit)
    page = _page(terms, entity_id, head, series)
    page.is_complete = is_complete
    for row in rows:
        one = chosen[row[0]]
        page.series.setdefault(one.attribute, []).append(_instance(terms, one, row))
    return page


def _get_series(
    connection: Connection[TupleRow], terms: Terms, access: Access, entity_id: str
) -> list[_SeriesRow]:
    rows = connection.execute(_SQL["get_series"], [access.tenant_id, entity_id], binary=True).fetchall()
    return [
        _SeriesRow(Series(number, kind, unit), terms.iri(str(attribute)), dataset_id, terms.iris(types))
        for number, attribute, dataset_id, kind, unit, types in rows
    ]


def _get_rows(
    connection: Connection[TupleRow], series_ids: list[int], query: TemporalQuery, limit: int
) -> tuple[list[Any], bool]:
    """Give the observations of some series, earliest first, and whether that is all of them."""
    if not series_ids:
        return [], True
    condition, parameters = _window(query)
    per_series = limit + 1 if query.last_n is None else min(query.last_n, limit + 1)
    statement = (
        _SQL["get_observations"]
        .replace(b"{time}", _TIME_OF[query.timeproperty])
        .replace(b"{condition}", condition)
        .replace(b"{order}", b"asc" if query.last_n is None else b"desc")
    )
    rows = connection.execute(
        statement, [pack_ints(series_ids), *parameters, per_series], binary=True
    ).fetchall()
    rows.sort(key=itemgetter(1, 0))
    if len(rows) <= limit:
        return rows, True
    return (rows[:limit] if query.last_n is None else rows[-limit:]), False


def _window(query: TemporalQuery) -> tuple[bytes, list[object]]:
    """Write timerel as a condition; a window on observedAt holds only what was observed (clause 4.11)."""
    time = _TIME_OF[query.timeproperty]
    conditions: list[bytes] = []
    parameters: list[object] = []
    if query.timerel is not None and query.time_at is not None:
        conditions.append(time + (b" < %s" if query.timerel is TimeRelation.BEFORE else b" >= %s"))
        parameters.append(pack_time(query.time_at))
        if query.timerel is TimeRelation.BETWEEN and query.end_time_at is not None:
            conditions.append(time + b" < %s")
            parameters.append(pack_time(query.end_time_at))
        if query.timeproperty is TimeProperty.OBSERVED_AT:
            conditions.append(b"o.has_observed_at")
    elif query.timeproperty is TimeProperty.DELETED_AT:
        conditions.append(b"o.deleted_at is not null")
    return b" and ".join(conditions) or b"true", parameters


def _page(terms: Terms, entity_id: str, head: TupleRow | None, series: list[_SeriesRow]) -> TemporalPage:
    types, scopes, created_at, modified_at, deleted_at = head or ([], [], None, None, None)
    named = terms.iris(types) or next((one.types for one in series if one.types), ())
    return TemporalPage(
        id=entity_id,
        types=named,
        scopes=tuple(scopes),
        series={},
        created_at=created_at,
        modified_at=modified_at,
        deleted_at=deleted_at,
    )


def _instance(terms: Terms, one: _SeriesRow, row: Any) -> TemporalInstance:
    series_id, at, has_observed_at, value, body, recorded_at, modified_at, deleted_at = row
    observed_at: Micros | None = at if has_observed_at else None
    return TemporalInstance(
        instance_id=instance_id(series_id, at),
        instance=decode_observation(terms, value, body, one.series, one.dataset_id, observed_at),
        at=at,
        recorded_at=recorded_at,
        modified_at=modified_at,
        deleted_at=deleted_at,
    )
