"""Writes of history alone (clauses 5.6.11 to 5.6.16): the current state stays, and nobody is notified."""

import re
from collections.abc import Sequence

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.changes import Change
from context_api.ngsild.errors import AlreadyExists, BadRequestData, ResourceNotFound
from context_api.ngsild.model import DEFAULT_DATASET, NULL, Attributes, Instance, Iri, Kind, Micros
from context_api.ngsild.parse_temporal import is_deletion
from context_api.store.batch import Batch
from context_api.store.history import Observation, Observations, write_observations
from context_api.store.observations import Series, encode_deletion, encode_observation
from context_api.store.packing import pack_ints, pack_time
from context_api.store.queries import load_queries
from context_api.store.temporal_columns import SeriesRow
from context_api.store.temporal_heads import has_observations, read_heads, read_series
from context_api.store.terms import Terms

_SQL = load_queries("temporal_writing")

_INSTANCE_ID = re.compile(r"urn:ngsi-ld:Instance:([0-9]{1,10})-(-?[0-9]{1,18})(?:-([0-9]{1,9}))?")
DELETED_AT_A_TIME = 50_000
"""Observations that one transaction deletes."""


class WriteHistory(Change, frozen=True, kw_only=True):
    """Instances for an entity's history (clauses 5.6.11 and 5.6.12)."""

    types: tuple[Iri, ...] = ()
    attributes: Attributes = msgspec.field(default_factory=dict)
    expires_at: Micros | None = None
    create: bool = False
    """Whether a history may begin with it; else ResourceNotFound."""


class InstanceRow(msgspec.Struct):
    """One instance: where it stands, and what its id says."""

    series: SeriesRow
    at: Micros
    origin: Micros
    generation: int


def write_history(batch: Batch, terms: Terms, change: WriteHistory) -> bool:
    """Add instances to a history; one of the same attribute, datasetId and observedAt is corrected.

    Returns whether the history began with it. Raises ResourceNotFound, TermsMissing.
    """
    batch.begin([change.entity_id], 0)
    exists = _exists(batch, terms, change.entity_id)
    if not exists and not change.create:
        raise ResourceNotFound(f"There is no history of entity {change.entity_id}")
    now = batch.now()
    given = [(name, one) for name, instances in change.attributes.items() for one in instances]
    _observe(batch, terms, change, given)
    _keep_head(batch, terms, change, now)
    batch.commit()
    return not exists


def _exists(batch: Batch, terms: Terms, entity_id: str) -> bool:
    head = read_heads(batch.connection, batch.access, [entity_id])[0]
    if head.is_known:
        return True
    return has_observations(batch.connection, read_series(batch.connection, terms, batch.access, [entity_id]))


def _observe(batch: Batch, terms: Terms, change: WriteHistory, given: Sequence[tuple[Iri, Instance]]) -> None:
    """Write instances to history, each at its observedAt or at a time of its own."""
    if not given:
        return
    entity_id = change.entity_id
    known = batch.series.of(entity_id)
    missing = [(entity_id, name, one) for name, one in given if (name, one.dataset_id) not in known]
    if missing:
        batch.series.create(batch.connection, missing, {entity_id: change.types})
        known = batch.series.of(entity_id)
    author = batch.access.principal
    observations = []
    for name, one in given:
        now = batch.now()
        series = known[name, one.dataset_id]
        value, body = _encode(terms, one, series)
        at = now if one.observed_at is None else one.observed_at
        observations.append(
            Observation(
                series.id, at, one.observed_at is not None, value, body, now, _deleted_at(one, now), author
            )
        )
    write_observations(batch.connection, Observations.of(observations))


def _encode(terms: Terms, instance: Instance, series: Series) -> tuple[float | None, bytes | None]:
    if is_deletion(instance):
        return None, encode_deletion(instance, series)
    return encode_observation(terms, instance, series)


def _deleted_at(instance: Instance, now: Micros) -> Micros | None:
    """Tell when the attribute was deleted, if that is what an instance says: as exactly as it is known."""
    if not is_deletion(instance):
        return None
    return now if instance.observed_at is None else instance.observed_at


def _keep_head(batch: Batch, terms: Terms, change: WriteHistory, now: Micros) -> None:
    numbers = pack_ints(terms.numbers(change.types))
    tenant_id, expires_at = batch.access.tenant_id, change.expires_at
    connection = batch.connection
    connection.execute(
        _SQL["keep_head"],
        {
            "tenant": tenant_id,
            "id": change.entity_id,
            "types": numbers,
            "now": pack_time(now),
            "expires": None if expires_at is None else pack_time(expires_at),
        },
    )
    connection.execute(_SQL["keep_types"], [tenant_id, change.entity_id, numbers])


def mark_deleted(
    batch: Batch, terms: Terms, entity_id: str, attribute: Iri, dataset_id: str, *, delete_all: bool
) -> None:
    """Note that an attribute which only history knows was deleted. Raises ResourceNotFound."""
    batch.begin([entity_id], 0)
    rows = _series_of(batch, terms, entity_id, attribute, None if delete_all else dataset_id)
    living = [row for row in rows if _is_alive(batch.connection, row)]
    if not living:
        raise ResourceNotFound(f"Entity {entity_id} has no attribute {attribute}")
    marks = [
        (attribute, Instance(kind=Kind(row.series.kind), value=NULL, dataset_id=row.dataset_id))
        for row in living
    ]
    _observe(batch, terms, WriteHistory(entity_id=entity_id), marks)
    batch.commit()


def _is_alive(connection: Connection[TupleRow], row: SeriesRow) -> bool:
    found = connection.execute(_SQL["is_alive"], [row.series.id]).fetchone()
    return found is not None and bool(found[0])


def _series_of(
    batch: Batch, terms: Terms, entity_id: str, attribute: Iri, dataset_id: str | None
) -> list[SeriesRow]:
    rows = read_series(batch.connection, terms, batch.access, [entity_id], [attribute])
    return [row for row in rows if dataset_id is None or row.dataset_id == dataset_id]


# Deletions


def delete_history(batch: Batch, terms: Terms, entity_id: str) -> int:
    """Delete a slice of an entity's history; returns how many instances (0: that was all).

    Raises ResourceNotFound where there is nothing to delete.
    """
    batch.begin([entity_id], 0)
    head = read_heads(batch.connection, batch.access, [entity_id])[0]
    rows = read_series(batch.connection, terms, batch.access, [entity_id])
    if not head.is_known and not has_observations(batch.connection, rows):
        raise ResourceNotFound(f"There is no history of entity {entity_id}")
    deleted = _delete_slice(batch.connection, rows)
    if deleted < DELETED_AT_A_TIME:
        keys = [batch.access.tenant_id, entity_id]
        batch.connection.execute(_SQL["delete_head"], keys)
        batch.connection.execute(_SQL["delete_types"], keys)
    batch.commit()
    return deleted


def delete_attribute(
    batch: Batch, terms: Terms, entity_id: str, attribute: Iri, dataset_id: str | None
) -> int:
    """Delete a slice of an attribute's history; `dataset_id` None means all. Returns how many instances.

    Raises ResourceNotFound where there is none.
    """
    batch.begin([entity_id], 0)
    rows = _series_of(batch, terms, entity_id, attribute, dataset_id)
    if not has_observations(batch.connection, rows):
        which = "" if dataset_id in (None, DEFAULT_DATASET) else f" with datasetId {dataset_id}"
        raise ResourceNotFound(f"The history of entity {entity_id} has no attribute {attribute}{which}")
    deleted = _delete_slice(batch.connection, rows)
    batch.commit()
    return deleted


def _delete_slice(connection: Connection[TupleRow], rows: Sequence[SeriesRow]) -> int:
    ids = pack_ints([row.series.id for row in rows])
    deleted = 0
    for row in rows:
        left = DELETED_AT_A_TIME - deleted
        if left <= 0:
            return deleted
        found = connection.execute(_SQL["delete_observations"], [row.series.id, left, row.series.id])
        deleted += found.rowcount
    if deleted < DELETED_AT_A_TIME:
        # The aggregates too: those of values that retention has dropped would stay for ever
        for block in ("delete_superseded", "delete_moved", "delete_hourly", "delete_daily"):
            connection.execute(_SQL[block], [ids])
    return deleted


def delete_instance(batch: Batch, terms: Terms, entity_id: str, attribute: Iri, instance_id: str) -> None:
    """Delete one instance, and what it was before corrections. Raises BadRequestData, ResourceNotFound."""
    batch.begin([entity_id], 0)
    row = _find_instance(batch, terms, entity_id, attribute, instance_id)
    at = pack_time(row.at)
    number = row.series.series.id
    batch.connection.execute(_SQL["delete_observation"], [number, at])
    batch.connection.execute(_SQL["delete_superseded_at"], [number, at])
    _note_move(batch.connection, row, None)
    batch.commit()


# Corrections


def modify_instance(  # noqa: PLR0917
    batch: Batch, terms: Terms, entity_id: str, attribute: Iri, instance_id: str, instance: Instance
) -> None:
    """Put an instance in the place of another, which keeps its id and createdAt (clause 5.6.14).

    Raises BadRequestData, ResourceNotFound, and AlreadyExists where another one stands at the new observedAt.
    """
    batch.begin([entity_id], 0)
    row = _find_instance(batch, terms, entity_id, attribute, instance_id)
    if instance.dataset_id not in (DEFAULT_DATASET, row.series.dataset_id):
        raise BadRequestData(
            f"the instance belongs to the datasetId {row.series.dataset_id or '@none'} for good",
            pointer="/datasetId",
        )
    at = row.at if instance.observed_at is None else instance.observed_at
    if at != row.at and _stands_at(batch.connection, row.series.series, at):
        raise AlreadyExists("another instance of the attribute stands at that observedAt")
    now = batch.now()
    value, body = _encode(terms, instance, row.series.series)
    deleted_at = _deleted_at(instance, now)
    parameters = {
        "series": row.series.series.id,
        "former": pack_time(row.at),
        "at": pack_time(at),
        "observed": instance.observed_at is not None,
        "value": value,
        "body": None if body is None else body.decode(),
        "now": pack_time(now),
        "deleted": None if deleted_at is None else pack_time(deleted_at),
        "author": batch.access.principal,
    }
    batch.connection.execute(_SQL["supersede"], parameters)
    batch.connection.execute(_SQL["replace"], parameters)
    if at != row.at:
        _note_move(batch.connection, row, at)
    batch.commit()


def _find_instance(
    batch: Batch, terms: Terms, entity_id: str, attribute: Iri, instance_id: str
) -> InstanceRow:
    missing = ResourceNotFound(f"The attribute has no instance {instance_id}")
    match = _INSTANCE_ID.fullmatch(instance_id)
    rows = _series_of(batch, terms, entity_id, attribute, None)
    if not has_observations(batch.connection, rows):
        raise ResourceNotFound(f"The history of entity {entity_id} has no attribute {attribute}")
    if match is None:
        raise missing
    number, origin, generation = int(match[1]), int(match[2]), int(match[3] or 0)
    row = next((row for row in rows if row.series.id == number), None)
    if row is None:
        raise missing
    found = batch.connection.execute(
        _SQL["find_instance"],
        {"series": number, "origin": pack_time(origin), "generation": generation},
        binary=True,
    ).fetchone()
    if found is None or found[0] is None or not _stands_at(batch.connection, row.series, found[0]):
        raise missing
    return InstanceRow(row, found[0], origin, generation)


def _stands_at(connection: Connection[TupleRow], series: Series, at: Micros) -> bool:
    found = connection.execute(_SQL["stands_at"], [series.id, pack_time(at)]).fetchone()
    return found is not None and bool(found[0])


def _note_move(connection: Connection[TupleRow], row: InstanceRow, at: Micros | None) -> None:
    """Remember where an instance stands now, under its first time; None: nowhere any more."""
    connection.execute(
        _SQL["note_move"],
        [
            row.series.series.id,
            pack_time(row.origin),
            row.generation,
            None if at is None else pack_time(at),
        ],
    )
