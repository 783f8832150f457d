"""What proxied registrations take out of a change: the broker itself holds nothing of it (clause 4.3.6.3)."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import msgspec

from context_api.ngsild.changes import (
    AppendAttributes,
    Change,
    CreateEntity,
    DeleteAttribute,
    MergeEntity,
    PartialUpdateAttribute,
    ReplaceAttribute,
    ReplaceEntity,
    UpdateAttributes,
    UpsertEntity,
)
from context_api.ngsild.errors import Conflict
from context_api.ngsild.model import Attributes, Iri, Micros
from context_api.ngsild.query.pattern import compile_id_pattern
from context_api.ngsild.registration_model import EntityInfo, Information, Registration

_WITH_ENTITY = (CreateEntity, ReplaceEntity, UpsertEntity)
_WITH_ATTRIBUTES = (MergeEntity, AppendAttributes, UpdateAttributes)
_OF_ONE_ATTRIBUTE = (PartialUpdateAttribute, ReplaceAttribute, DeleteAttribute)


class Holding(NamedTuple):
    """What of one entity a context source has for itself."""

    registration_id: str
    attributes: frozenset[Iri]
    """Empty: all."""


class Split(NamedTuple):
    """A change without what others hold."""

    change: Change | None
    """None: nothing is left of it."""
    conflicts: tuple[Conflict, ...] = ()
    """One per registration."""
    held: tuple[tuple[Iri, str], ...] = ()
    """Attributes that were taken out, each with its registration."""


def find_holdings(
    registrations: Iterable[Registration], entity_id: str, types: Collection[Iri], now: Micros
) -> list[Holding]:
    """Give what proxied registrations hold of an entity."""
    return [
        Holding(one.id, info.attributes)
        for one in registrations
        if one.expires_at is None or one.expires_at > now
        for info in one.information
        if _is_about(info, entity_id, types)
    ]


def split_change(change: Change, holdings: Sequence[Holding]) -> Split:
    """Take out of a change what is held elsewhere; deletions of whole entities are left as they are."""
    names = _names(change)
    if names is None or not holdings:
        return Split(change)
    held: dict[Iri, str] = {}
    for holding in holdings:
        for name in names:
            if not holding.attributes or name in holding.attributes:
                held.setdefault(name, holding.registration_id)
    holders = dict.fromkeys(held.values())
    if not names:
        holders = dict.fromkeys(one.registration_id for one in holdings if not one.attributes)
    if not holders:
        return Split(change)
    conflicts = tuple(_conflict(change.entity_id, one, held) for one in holders)
    is_all = len(held) == len(names)
    return Split(None if is_all else _without(change, held), conflicts, tuple(held.items()))


def _is_about(info: Information, entity_id: str, types: Collection[Iri]) -> bool:
    return not info.entities or any(_takes(one, entity_id, types) for one in info.entities)


def _takes(info: EntityInfo, entity_id: str, types: Collection[Iri]) -> bool:
    if info.id is not None:
        return info.id == entity_id
    if not set(info.types) <= set(types):
        return False
    return info.id_pattern is None or compile_id_pattern(info.id_pattern).search(entity_id) is not None


def _names(change: Change) -> Collection[Iri] | None:
    """Give the attributes that a change names; None where it is not about attributes."""
    if isinstance(change, _WITH_ENTITY):
        return change.entity.attributes.keys()
    if isinstance(change, _WITH_ATTRIBUTES):
        return change.attributes.keys()
    if isinstance(change, _OF_ONE_ATTRIBUTE):
        return (change.attribute,)
    return None


def _without(change: Change, held: Collection[Iri]) -> Change:
    if isinstance(change, _WITH_ENTITY):
        entity = msgspec.structs.replace(change.entity, attributes=_others(change.entity.attributes, held))
        return msgspec.structs.replace(change, entity=entity)
    if isinstance(change, _WITH_ATTRIBUTES):
        return msgspec.structs.replace(change, attributes=_others(change.attributes, held))
    return change


def _others(attributes: Attributes, held: Collection[Iri]) -> Attributes:
    return {name: instances for name, instances in attributes.items() if name not in held}


def _conflict(entity_id: str, registration_id: str, held: dict[Iri, str]) -> Conflict:
    names = ", ".join(name for name, holder in held.items() if holder == registration_id) or "all"
    return Conflict(
        f"the registration {registration_id} has of {entity_id} for itself: {names}; nothing is forwarded to"
        " its source, and only local=true writes here",
        registration_id=registration_id,
    )
