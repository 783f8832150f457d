"""Entities for readers of an earlier version of NGSI-LD (clause 4.3.6.8)."""

import re

import msgspec

from context_api.ngsild.contexts import Context
from context_api.ngsild.model import DEFAULT_DATASET, Attributes, Entity, Instance, Iri, Kind

CURRENT_MINOR = 9
_VERSION = re.compile(r"1\.(\d{1,2})")
_SINCE: dict[Kind, tuple[int, Kind]] = {
    Kind.LANGUAGE_PROPERTY: (4, Kind.PROPERTY),
    Kind.JSON_PROPERTY: (8, Kind.PROPERTY),
    Kind.VOCAB_PROPERTY: (8, Kind.PROPERTY),
    Kind.LIST_PROPERTY: (8, Kind.PROPERTY),
    Kind.LIST_RELATIONSHIP: (8, Kind.RELATIONSHIP),
}
"""The minor version that brought an attribute type, and what it is written as for earlier ones."""


def parse_version(text: str) -> int | None:
    """Give the minor version that is asked for; None where it is none that can be written."""
    found = _VERSION.fullmatch(text)
    return int(found[1]) if found is not None and int(found[1]) <= CURRENT_MINOR else None


def downgrade(entity: Entity, minor: int, context: Context) -> Entity:
    """Write an entity as version 1.`minor` knew it; gives the same entity where nothing differs."""
    if minor >= CURRENT_MINOR:
        return entity
    attributes = _downgrade_all(entity.attributes, minor, context)
    types = entity.types if minor >= 3 else entity.types[:1]
    scopes = entity.scopes if minor >= 4 else ()
    lower = msgspec.structs.replace(
        entity, types=types, scopes=scopes, attributes=attributes, expires_at=None
    )
    return entity if lower == entity else lower


def _downgrade_all(attributes: Attributes, minor: int, context: Context) -> Attributes:
    lower: dict[Iri, list[Instance]] = {}
    for name, instances in attributes.items():
        kept = instances if minor >= 3 else instances[:1]  # the default instance stands first
        lower[name] = [_downgrade(one, minor, context) for one in kept]
    return lower


def _downgrade(instance: Instance, minor: int, context: Context) -> Instance:
    since, earlier = _SINCE.get(instance.kind, (0, instance.kind))
    lower = msgspec.structs.replace(instance, expires_at=None)
    if minor < since:
        lower.kind = earlier
        if instance.kind is Kind.VOCAB_PROPERTY:
            lower.value = _compact(instance.value, context)
    is_relationship = lower.kind in (Kind.RELATIONSHIP, Kind.LIST_RELATIONSHIP)
    if not is_relationship or minor < 8:  # valueType came with 1.9, objectType with 1.8
        lower.value_type = None
    if minor < 3:
        lower.observed_at = lower.unit_code = None
        lower.dataset_id = DEFAULT_DATASET
    if instance.sub is not None:
        lower.sub = _downgrade_all(instance.sub, minor, context)
    return lower


def _compact(value: object, context: Context) -> object:
    if isinstance(value, list):
        return [_compact(one, context) for one in value]
    return context.compact(value) if isinstance(value, str) else value
