"""What ends when an expiresAt has come (clause 4.22)."""

from copy import deepcopy

from hypothesis import given
from hypothesis import strategies as st

from context_api.ngsild.changes import Trigger
from context_api.ngsild.expiry import expire_entity
from context_api.ngsild.model import Entity, Instance
from context_api.ngsild.transition import drop_expired
from tests.unit.ngsild.builders import ROOM, SECOND, T0, name

DATASETS = ("", "urn:ngsi-ld:Dataset:1", "urn:ngsi-ld:Dataset:2")
TIMES = st.none() | st.integers(T0 - 5, T0 + 5)


def room(*expiries: int | None, expires_at: int | None = None) -> Entity:
    """A room with an attribute whose instances expire at these times."""
    instances = [Instance(value=1, dataset_id=DATASETS[n], expires_at=one) for n, one in enumerate(expiries)]
    attributes = {name("flash"): instances} if instances else {}
    return Entity(
        id=ROOM, types=(name("Room"),), attributes=attributes, modified_at=T0, expires_at=expires_at
    )


def test_nothing_ends_before_its_time() -> None:
    assert list(expire_entity(None, T0)) == []
    assert list(expire_entity(room(T0 + SECOND, None, expires_at=T0 + SECOND), T0)) == []


def test_a_sub_attribute_ends_silently() -> None:
    sub = {name("note"): [Instance(value=1, expires_at=T0 + 5)], name("kept"): [Instance(value=2)]}
    before = room(None)
    before.attributes[name("flash")][0].sub = sub
    assert drop_expired(before, T0 + 4) is before
    [(transition, ended_at)] = expire_entity(before, T0 + 6)
    assert (ended_at, transition.trigger, transition.touched) == (T0 + 5, Trigger(0), [])
    assert transition.after is not None
    [instance] = transition.after.attributes[name("flash")]
    assert instance == Instance(value=1, sub={name("kept"): [Instance(value=2)]})
    assert before.attributes[name("flash")][0].sub is sub
    seen = drop_expired(before, T0 + 6)
    assert seen is not None
    assert seen.attributes == transition.after.attributes


def test_an_instance_ends_and_the_others_stay() -> None:
    before = room(T0 + 5, None, T0 + 9)
    [(transition, ended_at)] = expire_entity(before, T0 + 5)
    assert ended_at == T0 + 5
    assert transition.trigger == Trigger.ENTITY_UPDATED | Trigger.ATTRIBUTE_DELETED
    assert [(one.dataset_id, one.after) for one in transition.touched] == [("", None)]
    assert transition.after is not None
    assert [one.dataset_id for one in transition.after.attributes[name("flash")]] == [*DATASETS[1:]]
    assert transition.after.modified_at == T0 + 5


def test_an_entity_ends_after_its_attributes() -> None:
    steps = list(expire_entity(room(T0 + 1, None, expires_at=T0 + 2), T0 + 9))
    assert [ended_at for _, ended_at in steps] == [T0 + 1, T0 + 2]
    end = steps[1][0]
    assert end.after is None
    assert end.trigger == Trigger.ENTITY_DELETED | Trigger.ATTRIBUTE_DELETED
    assert [one.dataset_id for one in end.touched] == [DATASETS[1]]


def test_a_time_in_the_past_ends_it_after_the_last_change() -> None:
    assert [ended_at for _, ended_at in expire_entity(room(expires_at=1), T0 + 9)] == [T0 + 1]
    [(end, _)] = expire_entity(room(expires_at=1), T0 + 9)
    assert end.trigger == Trigger.ENTITY_DELETED


@given(st.lists(TIMES, max_size=3), TIMES, st.integers(T0 - 5, T0 + 9))
def test_what_is_left_is_what_is_served(expiries: list[int | None], expires_at: int | None, now: int) -> None:
    before = room(*expiries, expires_at=expires_at)
    untouched = deepcopy(before)
    after: Entity | None = before
    times = [before.modified_at]
    for transition, ended_at in expire_entity(before, now):
        after = transition.after
        times.append(ended_at)
    assert before == untouched
    assert times == sorted(set(times))
    served = drop_expired(before, now)
    assert (after is None) == (served is None)
    if after is not None and served is not None:
        assert after.attributes == served.attributes
