"""History -> documents: the temporal representations (clauses 4.5.6 to 4.5.9)."""

from typing import Any

import msgspec

from context_api.ngsild.attributes import FORMS, WRAPPED
from context_api.ngsild.contexts import Context
from context_api.ngsild.model import DEFAULT_DATASET, NULL, Instance, Iri, Kind, Micros
from context_api.ngsild.query.temporal import TimeProperty
from context_api.ngsild.represent import (
    Document,
    InstanceWriter,
    as_object,
    write_concise,
    write_names,
    write_normalized,
    write_value,
)
from context_api.ngsild.temporal import TemporalEntity, TemporalInstance
from context_api.ngsild.time import format_datetime


def to_temporal(
    entity: TemporalEntity,
    context: Context,
    *,
    temporal_values: bool = False,
    concise: bool = False,
    sys_attrs: bool = False,
    timeproperty: TimeProperty = TimeProperty.OBSERVED_AT,
) -> Document:
    """Write an entity's history: every instance whole, or with `temporal_values` as [value, time] pairs.

    `timeproperty` is the time of a pair; an instance that lacks it shows the time it stands at in history.
    """
    document = _write_envelope(entity, context, sys_attrs)
    for name, instances in entity.series.items():
        if temporal_values:
            document[context.compact(name)] = _write_pairs(instances, context, timeproperty)
        else:
            write = write_concise if concise else write_normalized
            document[context.compact(name)] = [
                _write_instance(name, one, context, sys_attrs, write) for one in instances
            ]
    return document


def _write_envelope(entity: TemporalEntity, context: Context, sys_attrs: bool) -> Document:
    document: Document = {"id": entity.id, "type": write_names(entity.types, context)}
    if entity.scopes:
        document["scope"] = entity.scopes[0] if len(entity.scopes) == 1 else list(entity.scopes)
    if sys_attrs:
        times = {
            "createdAt": entity.created_at,
            "modifiedAt": entity.modified_at,
            "deletedAt": entity.deleted_at,
        }
        document |= {key: format_datetime(time) for key, time in times.items() if time is not None}
    return document


def _write_instance(
    name: Iri, temporal: TemporalInstance, context: Context, sys_attrs: bool, write: InstanceWriter
) -> Any:
    shown = msgspec.structs.replace(
        _shown_instance(temporal),
        created_at=temporal.recorded_at,
        modified_at=temporal.recorded_at if temporal.modified_at is None else temporal.modified_at,
    )
    written = as_object(shown, write(name, shown, context, sys_attrs))
    document: Document = {**written, "instanceId": temporal.instance_id}
    if temporal.deleted_at is not None:
        document["deletedAt"] = format_datetime(temporal.deleted_at)
    return document


def _shown_instance(temporal: TemporalInstance) -> Instance:
    """Give the instance as it is served; a deletion has NGSI-LD Null for its value (clause 4.5.7)."""
    instance = temporal.instance
    if temporal.deleted_at is None:
        return instance
    value: Any = {"@none": NULL} if instance.kind is Kind.LANGUAGE_PROPERTY else NULL
    return Instance(kind=instance.kind, value=value, dataset_id=instance.dataset_id)


def _write_pairs(instances: list[TemporalInstance], context: Context, timeproperty: TimeProperty) -> Any:
    """Write [value, time] pairs, apart for each type and datasetId (clause 4.5.9)."""
    groups: dict[tuple[str, Kind], list[Any]] = {}
    for temporal in instances:
        shown = _shown_instance(temporal)
        value = write_value(shown, context, is_normalized=False)
        if shown.kind in WRAPPED:
            value = {FORMS[shown.kind].member: value}
        pair = [value, format_datetime(_time_of(temporal, timeproperty))]
        groups.setdefault((shown.dataset_id, shown.kind), []).append(pair)
    written = [_write_group(dataset_id, kind, pairs) for (dataset_id, kind), pairs in groups.items()]
    return written[0] if len(written) == 1 else written


def _write_group(dataset_id: str, kind: Kind, pairs: list[Any]) -> Document:
    form = FORMS[kind]
    document: Document = {"type": form.type}
    if dataset_id != DEFAULT_DATASET:
        document["datasetId"] = dataset_id
    document[form.plural] = pairs
    return document


def _time_of(temporal: TemporalInstance, timeproperty: TimeProperty) -> Micros:
    if timeproperty is TimeProperty.CREATED_AT:
        return temporal.recorded_at
    if timeproperty is TimeProperty.MODIFIED_AT:
        return temporal.recorded_at if temporal.modified_at is None else temporal.modified_at
    if timeproperty is TimeProperty.DELETED_AT and temporal.deleted_at is not None:
        return temporal.deleted_at
    return temporal.at
