"""A change as somebody sees it who may not see everything: what is hidden is absent, its changes are none.

Whether an entity is there is judged by what it is after the change (a deleted one by what it was). That it
comes into sight or leaves it is no change of its own: an area or a scope that was granted filters like a geoQ
or a scopeQ of the subscription.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec

from context_api.ngsild.changes import Trigger
from context_api.ngsild.model import Attributes, Entity, Iri, Micros
from context_api.ngsild.transition import Touched, Transition

View = Callable[[Entity, Micros], Entity | None]
"""Gives an entity as somebody sees it at a time; None: it does not exist for them.

Whoever sees the same shares one: what it gives is worked out once for each."""

# Plain numbers: combining members of an enumeration is slow
_ENTITY_CREATED, _ENTITY_UPDATED = int(Trigger.ENTITY_CREATED), int(Trigger.ENTITY_UPDATED)
_CREATED, _UPDATED = int(Trigger.ATTRIBUTE_CREATED), int(Trigger.ATTRIBUTE_UPDATED)
_DELETED = int(Trigger.ATTRIBUTE_DELETED)
_OF_ATTRIBUTES = _CREATED | _UPDATED | _DELETED


class Seen(NamedTuple):
    """What is left of a change; like what `merge` gives, of the entity before and of the change."""

    before: Entity | None
    transition: Transition


def see_change(view: View, before: Entity | None, transition: Transition, now: Micros) -> Seen | None:
    """Give a change as it is seen; None where the entity is not, or nothing that changed is.

    `before` may be None for an entity that still exists: then its former types and scopes are not known.
    """
    if transition.after is None:
        return _see_deletion(view, before, transition, now)
    after = view(transition.after, now)
    if after is None:
        return None
    shown = _shown_names(view, after, transition, now)
    touched = [one for one in transition.touched if one.attribute in shown]
    trigger = _sum_up(int(transition.trigger), touched)
    if transition.trigger & _ENTITY_UPDATED and _is_other(before, transition):
        trigger |= _ENTITY_UPDATED
    if not trigger:
        return None
    return Seen(None, Transition(after, transition.outcome, touched, Trigger(trigger)))


def former_names(view: View, entity: Entity, touched: Sequence[Touched], now: Micros) -> frozenset[Iri]:
    """Name the attributes whose former values were in sight: an entity may have been in another place then.

    `entity` is all of it after the change, `touched` what replaced something.
    """
    attributes = dict(entity.attributes)
    for one in touched:
        if one.before is not None and one.after is not None:
            attributes[one.attribute] = [
                one.before if each.dataset_id == one.dataset_id else each
                for each in attributes.get(one.attribute, [])
            ]
    former = view(msgspec.structs.replace(entity, attributes=attributes), now)
    return frozenset() if former is None else frozenset(former.attributes)


def _see_deletion(view: View, before: Entity | None, transition: Transition, now: Micros) -> Seen | None:
    seen = None if before is None else view(before, now)
    if seen is None:
        return None
    touched = [one for one in transition.touched if one.attribute in seen.attributes]
    trigger = int(transition.trigger) & ~(0 if touched else _DELETED)
    return Seen(seen, Transition(None, transition.outcome, touched, Trigger(trigger))) if trigger else None


def _shown_names(view: View, after: Entity, transition: Transition, now: Micros) -> Iterable[Iri]:
    """Name the attributes that are seen, those that were deleted among them as if they were still there."""
    whole = transition.after
    deleted: Attributes = {}
    for one in transition.touched:
        if whole is not None and one.before is not None and one.attribute not in whole.attributes:
            deleted.setdefault(one.attribute, []).append(one.before)
    if whole is None or not deleted:
        return after.attributes
    put_back = view(msgspec.structs.replace(whole, attributes=whole.attributes | deleted), now)
    return after.attributes if put_back is None else put_back.attributes


def _sum_up(trigger: int, touched: Iterable[Touched]) -> int:
    """Give the bits of a change of which this is left."""
    left = 0
    for one in touched:
        if one.is_change:
            left |= _CREATED if one.before is None else _DELETED if one.after is None else _UPDATED
    if left:
        left |= trigger & _ENTITY_UPDATED
    return left | trigger & _ENTITY_CREATED


def _is_other(before: Entity | None, transition: Transition) -> bool:
    """Whether more than attributes changed. Where that is not known: only if no attribute did."""
    after = transition.after
    if before is None or after is None:
        return not transition.trigger & _OF_ATTRIBUTES
    return before.types != after.types or before.scopes != after.scopes
