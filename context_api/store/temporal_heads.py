"""What history knows of entities besides instances: their heads and their series."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.errors import TooManyResults
from context_api.ngsild.model import Iri, Micros
from context_api.store.access import Access
from context_api.store.observations import Series
from context_api.store.packing import pack_ints, pack_texts
from context_api.store.queries import load_queries
from context_api.store.temporal_columns import SeriesRow
from context_api.store.terms import Terms

_SQL = load_queries("temporal")

MAX_SERIES = 10_000
"""Series that one request may read."""


class Head(NamedTuple):
    """What is known of a history besides its instances."""

    id: str
    types: tuple[int, ...]
    scopes: tuple[str, ...]
    created_at: Micros | None
    modified_at: Micros | None
    deleted_at: Micros | None
    expires_at: Micros | None
    is_known: bool
    """Whether there is an entity, or a history that was begun without one."""
    is_living: bool
    """Whether there is an entity."""


def read_heads(connection: Connection[TupleRow], access: Access, ids: Sequence[str]) -> list[Head]:
    """Give the heads of histories, in the order of the ids."""
    found = connection.execute(_SQL["get_heads"], [access.tenant_id, pack_texts(ids)], binary=True).fetchall()
    return [Head(row[0], _unite(row[1], row[2], row[3]), tuple(row[4]), *row[5:]) for row in found]


def _unite(*lists: list[int] | None) -> tuple[int, ...]:
    return tuple(dict.fromkeys(number for numbers in lists for number in numbers or ()))


def read_series(
    connection: Connection[TupleRow],
    terms: Terms,
    access: Access,
    ids: Sequence[str],
    attributes: Sequence[Iri] | None = None,
) -> list[SeriesRow]:
    """Give the series of entities; `attributes` None means all. Raises TooManyResults, TermsMissing."""
    parameters: list[object] = [access.tenant_id, pack_texts(ids)]
    condition = b"true"
    if attributes is not None:
        condition = b"s.attribute_id = any(%s)"
        parameters.append(pack_ints(terms.find(attributes)))
    statement = _SQL["get_series"].replace(b"{condition}", condition)
    rows = connection.execute(statement, [*parameters, MAX_SERIES + 1], binary=True).fetchall()
    if len(rows) > MAX_SERIES:
        raise TooManyResults(
            f"The request reads more than {MAX_SERIES:,} series: name the attributes, or give a smaller limit"
        )
    return [_series_row(terms, row) for row in rows]


def _series_row(terms: Terms, row: Any) -> SeriesRow:
    entity_id, number, attribute, dataset_id, kind, unit, types, created_at, has_moved = row
    return SeriesRow(
        entity_id,
        Series(number, kind, unit),
        terms.iri(str(attribute)),
        dataset_id,
        tuple(types),
        created_at,
        has_moved,
    )


def has_observations(connection: Connection[TupleRow], rows: Sequence[SeriesRow]) -> bool:
    if not rows:
        return False
    ids = pack_ints([row.series.id for row in rows])
    found = connection.execute(_SQL["has_observations"], [ids], binary=True).fetchone()
    return found is not None and bool(found[0])
