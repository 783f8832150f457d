"""Entities -> documents: normalized, concise and simplified (clauses 4.5.1 to 4.5.5), names compacted."""

from collections.abc import Callable, Collection
from typing import Any

from context_api.ngsild.attribute_parser import GEO_ONLY, PROOF, SEALED, looks_like_attribute
from context_api.ngsild.attributes import FORMS, RELATIONSHIPS, WRAPPED
from context_api.ngsild.contexts import Context
from context_api.ngsild.geometry import looks_like_geometry
from context_api.ngsild.language import LocalizedInstance
from context_api.ngsild.model import DEFAULT_DATASET, NULL, Attributes, Entity, Instance, Iri, Kind
from context_api.ngsild.time import format_datetime

Document = dict[str, Any]
InstanceWriter = Callable[[Iri, Instance, Context, bool], Any]

_TYPE_SEALED = SEALED["entityTypeSealed"]


def to_normalized(
    entity: Entity, context: Context, *, sys_attrs: bool = False, attrs: Collection[Iri] | None = None
) -> Document:
    """Write an entity in normalized representation.

    `attrs` limits the attributes to those named (None: all); `sys_attrs` adds createdAt, modifiedAt and
    expiresAt, which are never served without it.
    """
    return _write_entity(entity, context, sys_attrs, attrs, write_normalized)


def to_concise(
    entity: Entity, context: Context, *, sys_attrs: bool = False, attrs: Collection[Iri] | None = None
) -> Document:
    """Write an entity in concise representation: as short as it can be without loss (clause 4.5.2.3)."""
    return _write_entity(entity, context, sys_attrs, attrs, write_concise)


def to_key_values(
    entity: Entity, context: Context, *, sys_attrs: bool = False, attrs: Collection[Iri] | None = None
) -> Document:
    """Write an entity in simplified representation: names and values alone (clause 4.5.4)."""
    document = write_envelope(entity, context, sys_attrs)
    for name, instances in entity.attributes.items():
        if attrs is None or name in attrs:
            document[context.compact(name)] = write_simplified(instances, context)
    return document


def write_envelope(entity: Entity, context: Context, sys_attrs: bool) -> Document:
    """Write what an entity has besides attributes."""
    document: Document = {"id": entity.id, "type": write_names(entity.types, context)}
    if entity.scopes:
        document["scope"] = entity.scopes[0] if len(entity.scopes) == 1 else list(entity.scopes)
    if sys_attrs:
        if entity.expires_at is not None:
            document["expiresAt"] = format_datetime(entity.expires_at)
        document["createdAt"] = format_datetime(entity.created_at)
        document["modifiedAt"] = format_datetime(entity.modified_at)
    return document


def write_names(names: Collection[Iri], context: Context) -> str | list[str]:
    """Write a name, or a list of several."""
    compacted = [context.compact(name) for name in names]
    return compacted[0] if len(compacted) == 1 else compacted


def _write_entity(
    entity: Entity, context: Context, sys_attrs: bool, attrs: Collection[Iri] | None, write: InstanceWriter
) -> Document:
    document = write_envelope(entity, context, sys_attrs)
    for name, instances in entity.attributes.items():
        if attrs is None or name in attrs:
            document[context.compact(name)] = write_instances(name, instances, context, sys_attrs, write)
    return document


def write_instances(
    name: Iri, instances: list[Instance], context: Context, sys_attrs: bool, write: InstanceWriter
) -> Any:
    """Write an attribute: its instance, or an array of several."""
    if len(instances) == 1:
        return write(name, instances[0], context, sys_attrs)
    return [as_object(instance, write(name, instance, context, sys_attrs)) for instance in instances]


def as_object(instance: Instance, written: Any) -> Document:
    """Give a written instance as an object, also where it is a value alone (concise)."""
    member = FORMS[instance.kind].member
    return written if isinstance(written, dict) and member in written else {member: written}


def write_normalized(name: Iri, instance: Instance, context: Context, sys_attrs: bool) -> Document:
    """Write one attribute instance with all its members."""
    form = FORMS[instance.kind]
    document: Document = {"type": form.type, form.member: write_value(instance, context, is_normalized=True)}
    _write_members(document, instance, context, sys_attrs)
    if instance.sub:
        document |= _write_sub(name, instance.sub, context, sys_attrs, write_normalized)
    return document


def write_concise(name: Iri, instance: Instance, context: Context, sys_attrs: bool) -> Any:
    """Write one attribute instance as shortly as it can be read back (clause 4.5.2.3)."""
    form = FORMS[instance.kind]
    value = write_value(instance, context, is_normalized=False)
    document: Document = {}
    _write_members(document, instance, context, sys_attrs)
    if instance.sub:
        document |= _write_sub(name, instance.sub, context, sys_attrs, write_concise)
    is_geometry = looks_like_geometry(value)
    if form.member == "value":
        inferred = Kind.GEO_PROPERTY if is_geometry or name in GEO_ONLY else Kind.PROPERTY
        if inferred is not instance.kind:
            return {"type": form.type, "value": value, **document}
        if not document and not _needs_wrapping(value):
            return value
    return {form.member: value, **document}


def _needs_wrapping(value: Any) -> bool:
    """Whether a value, written alone, would be read as something else."""
    if isinstance(value, list):
        return any(map(looks_like_attribute, value))
    return looks_like_attribute(value)


def _write_members(document: Document, instance: Instance, context: Context, sys_attrs: bool) -> None:
    if instance.unit_code is not None:
        document["unitCode"] = instance.unit_code
    if instance.observed_at is not None:
        document["observedAt"] = format_datetime(instance.observed_at)
    if instance.dataset_id != DEFAULT_DATASET:
        document["datasetId"] = instance.dataset_id
    if instance.value_type is not None:
        member = "objectType" if instance.kind in RELATIONSHIPS else "valueType"
        document[member] = _compact(instance.value_type, context)
    if isinstance(instance, LocalizedInstance):
        document["lang"] = instance.lang
    if sys_attrs:
        if instance.expires_at is not None:
            document["expiresAt"] = format_datetime(instance.expires_at)
        if instance.created_at is not None:
            document["createdAt"] = format_datetime(instance.created_at)
        if instance.modified_at is not None:
            document["modifiedAt"] = format_datetime(instance.modified_at)


def _write_sub(
    name: Iri, sub: Attributes, context: Context, sys_attrs: bool, write: InstanceWriter
) -> Document:
    document: Document = {}
    for sub_name, instances in sub.items():
        if name == PROOF and sub_name in SEALED.values():
            value = instances[0].value
            key = sub_name.rpartition("/")[2]
            document[key] = context.compact(value) if sub_name == _TYPE_SEALED else value
        else:
            document[context.compact(sub_name)] = write_instances(
                sub_name, instances, context, sys_attrs, write
            )
    return document


def write_value(instance: Instance, context: Context, *, is_normalized: bool) -> Any:
    """Write the member that holds the value."""
    kind = instance.kind
    if kind is Kind.VOCAB_PROPERTY:
        return _compact(instance.value, context)
    if kind is Kind.LIST_RELATIONSHIP and is_normalized and isinstance(instance.value, list):
        return [{"object": uri} for uri in instance.value]
    return instance.value


def _compact(value: Any, context: Context) -> Any:
    if isinstance(value, list):
        return [_compact(one, context) for one in value]
    return context.compact(value) if isinstance(value, str) and value != NULL else value


def write_simplified(instances: list[Instance], context: Context) -> Any:
    """Write an attribute's value, or its values by datasetId (clause 4.5.4)."""
    if len(instances) == 1 and instances[0].dataset_id == DEFAULT_DATASET:
        return write_simplified_value(instances[0], context)
    values = {one.dataset_id or "@none": write_simplified_value(one, context) for one in instances}
    return {"dataset": values}


def write_simplified_value(instance: Instance, context: Context) -> Any:
    """Write the value of one instance; what is not a plain value keeps the name of its member."""
    value = write_value(instance, context, is_normalized=False)
    if instance.kind in WRAPPED and value != NULL:
        return {FORMS[instance.kind].member: value}
    return value
