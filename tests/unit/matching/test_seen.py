"""Changes as somebody sees them who may not see everything: what the masked world would give."""

from typing import Any

import msgspec
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from context_api.matching import Match, SubscriptionIndex
from context_api.matching.seen import former_names, see_change
from context_api.ngsild.changes import Change, MergeEntity, Trigger, UpsertEntity
from context_api.ngsild.merge import Removed, Transition, apply_change
from context_api.ngsild.model import Entity, Iri, Micros
from context_api.ngsild.query.geo import LOCATION
from context_api.ngsild.query.scope import parse_scope_query
from context_api.ngsild.subscription import EntitySelector, Subscription
from context_api.policy.grant import Grant, Operation
from context_api.policy.rights import Rights
from tests.unit.matching.test_index import (
    _CHANGES,
    _SUBSCRIPTIONS,
    CURRENT,
    NOW,
    _fires,
    moving,
    subscription,
    updating,
)
from tests.unit.ngsild.builders import ROOM, applied, name, room

NAMES = [*map(name, ("temperature", "humidity", "co2")), LOCATION]
OF_ATTRIBUTES = Trigger.ATTRIBUTE_CREATED | Trigger.ATTRIBUTE_UPDATED | Trigger.ATTRIBUTE_DELETED


def subset(values: list[str]) -> st.SearchStrategy[frozenset[str]]:
    """Often nothing, which stands for all."""
    return st.one_of(
        st.just(frozenset[str]()), st.frozensets(st.sampled_from(values), min_size=1, max_size=2)
    )


GRANTS = st.builds(
    Grant,
    id=st.just(1),
    operations=st.just(frozenset({Operation.SUBSCRIBE})),
    types=subset([name("Room"), name("Hall")]),
    scopes=st.sampled_from([None, None, None, parse_scope_query("/a"), parse_scope_query("/b")]),
    area=st.sampled_from([None, None, shapely.box(0, 0, 2, 2)]),
    attributes=subset(NAMES),
    personal=st.booleans(),
)
MARKS = st.dictionaries(st.sampled_from([name("Room"), name("Hall")]), subset(NAMES), max_size=2)
RIGHTS = st.builds(Rights, st.lists(GRANTS, max_size=3), MARKS)
CHANGES: st.SearchStrategy[Change] = st.one_of(
    _CHANGES,
    st.builds(
        lambda types, scopes, values: MergeEntity(
            entity_id=ROOM, types=types, scopes=scopes, attributes=updating(**values).attributes
        ),
        st.sampled_from([(), (name("Hall"),)]),
        st.sampled_from([None, ("/a",), ("/b",)]),
        st.dictionaries(st.sampled_from(["temperature", "humidity", "co2"]), st.integers(1, 2), max_size=2),
    ),
)


class _Sight:
    """What matching asks."""

    def __init__(self, rights: Rights) -> None:
        self.rights = rights

    def __call__(self, entity: Entity, now: Micros) -> Entity | None:
        return self.rights.view(entity, Operation.SUBSCRIBE, now)


def masked(rights: Rights, before: Entity | None, transition: Transition) -> tuple[Any, Transition] | None:
    """The change in a world without what is hidden, worked out grant by grant."""
    entity = transition.after or before
    assert entity is not None
    about = [one for one in rights.grants if one.matches(entity)]
    if not about:
        return None
    personal = rights.personal(entity.types)

    def is_shown(attribute: Iri) -> bool:
        return any(one.gives(attribute) and (one.personal or attribute not in personal) for one in about)

    left = {one: listed for one, listed in entity.attributes.items() if is_shown(one)}
    shown = msgspec.structs.replace(entity, attributes=left)
    touched = [one for one in transition.touched if is_shown(one.attribute)]
    if transition.after is None:
        return shown, Transition(None, transition.outcome, touched, transition.trigger)
    trigger = transition.trigger & Trigger.ENTITY_CREATED
    is_other = before is not None and (before.types, before.scopes) != (entity.types, entity.scopes)
    if before is not None and (is_other or any(one.is_change for one in touched)):
        trigger |= transition.trigger & Trigger.ENTITY_UPDATED
    return None, Transition(shown, transition.outcome, touched, trigger)


@settings(deadline=None)
@given(st.lists(_SUBSCRIPTIONS, max_size=4), st.lists(RIGHTS, min_size=1, max_size=3), CHANGES, st.booleans())
def test_subscriptions_match_what_the_masked_world_would_give(
    subscriptions: list[Subscription], several: list[Rights], change: Change, exists: bool
) -> None:
    before = CURRENT if exists or not isinstance(change, UpsertEntity) else None
    transition = apply_change(before, change, NOW, Removed())
    sights = [None, *map(_Sight, several)]
    asking = [(one, sight) for sight in sights for one in subscriptions]
    views = {key: sight for key, (_, sight) in enumerate(asking, 1) if sight is not None}
    index = SubscriptionIndex([(key, one) for key, (one, _) in enumerate(asking, 1)], views)
    expected = []
    for key, (one, sight) in enumerate(asking, 1):
        seen: Any = (before, transition) if sight is None else masked(sight.rights, before, transition)
        if seen is not None and (fired := _fires(one, *seen)):
            expected.append(Match(key, fired))
    assert index.match(before, transition.after, transition, NOW) == expected


@settings(deadline=None)
@given(RIGHTS, CHANGES)
def test_a_change_is_seen_the_same_where_the_entity_before_is_not_known(
    rights: Rights, change: Change
) -> None:
    transition = apply_change(CURRENT, change, NOW, Removed())
    after = transition.after
    if after is None or (after.types, after.scopes) != (CURRENT.types, CURRENT.scopes):
        return
    view = _Sight(rights)
    assert see_change(view, None, transition, NOW) == see_change(view, CURRENT, transition, NOW)


def test_each_view_is_asked_once_however_many_subscriptions_share_it() -> None:
    asked = 0

    def view(entity: Entity, _: Micros) -> Entity:
        nonlocal asked
        asked += 1
        return entity

    waiting = [(key, subscription(EntitySelector())) for key in range(1, 101)]
    index = SubscriptionIndex(waiting, dict.fromkeys(range(1, 101), view))
    transition = apply_change(CURRENT, updating(temperature=2), NOW, Removed())
    assert len(index.match(CURRENT, transition.after, transition, NOW)) == 100
    assert asked == 1


def test_former_values_are_in_sight_only_where_the_entity_was() -> None:
    view = _Sight(
        Rights([Grant(id=1, operations=frozenset({Operation.SUBSCRIBE}), area=shapely.box(0, 0, 2, 2))])
    )
    here, away = (
        applied(room(temperature=1), moving(1.0)).after,
        applied(room(temperature=1), moving(10.0)).after,
    )
    for current, expected in ((here, frozenset((LOCATION, name("temperature")))), (away, frozenset[str]())):
        transition = applied(current, moving(1.5))
        assert transition.after is not None
        assert former_names(view, transition.after, transition.touched, NOW) == expected
