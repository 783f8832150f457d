"""Readings: late data is history, not news (design, promise 3)."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from context_api.ngsild.changes import Reading, Trigger
from context_api.ngsild.merge import Removed, Transition, apply_change, apply_reading
from context_api.ngsild.model import Entity, Instance
from tests.unit.ngsild.builders import ROOM, SECOND, T0, name, resulting, room

PM25 = name("pm25")
NO2 = name("no2")
UPDATED = Trigger.ENTITY_UPDATED | Trigger.ATTRIBUTE_UPDATED
CREATED = Trigger.ENTITY_UPDATED | Trigger.ATTRIBUTE_CREATED


def reading(
    *instances: Instance, arrived_at: int = T0 + 60 * SECOND, static: Any = None, **more: Any
) -> Reading:
    return Reading(
        entity_id=ROOM,
        types=(name("Room"),),
        attributes={PM25: list(instances), **{name(term): [one] for term, one in more.items()}},
        static=static or {},
        arrived_at=arrived_at,
    )


def at(seconds: float, value: Any = 1, **members: Any) -> Instance:
    return Instance(value=value, observed_at=T0 + int(seconds * SECOND), unit_code="GQ", **members)


def advanced(
    current: Entity | None, one: Reading, *, now: int | None = None, removed: Removed | None = None
) -> Transition:
    count = sum(map(len, one.attributes.values()))
    return apply_reading(current, one, now or one.arrived_at, removed or Removed(), [True] * count)


def test_a_first_reading_creates_the_entity() -> None:
    static = {name("name"): [Instance(value="北山公園")]}
    transition = advanced(None, reading(at(0, 12.3), no2=at(0, 40), static=static), now=T0 + 5)
    after = resulting(transition)
    assert after.id == ROOM
    assert after.types == (name("Room"),)
    assert (after.created_at, after.modified_at) == (T0 + 5, T0 + 5)
    assert after.attributes[PM25] == [at(0, 12.3, created_at=T0 + 5, modified_at=T0 + 5)]
    assert after.attributes[name("name")][0].value == "北山公園"
    assert transition.trigger == Trigger.ENTITY_CREATED | Trigger.ATTRIBUTE_CREATED
    assert transition.outcome.created
    assert transition.outcome.late == 0
    assert [one.attribute for one in transition.touched] == [PM25, NO2, name("name")]


def test_a_newer_reading_advances() -> None:
    current = resulting(advanced(None, reading(at(0), arrived_at=T0)))
    transition = advanced(current, reading(at(10, 2), arrived_at=T0 + 11 * SECOND))
    [instance] = resulting(transition).attributes[PM25]
    assert (instance.value, instance.observed_at) == (2, T0 + 10 * SECOND)
    assert (instance.created_at, instance.modified_at) == (T0, T0 + 11 * SECOND)
    assert transition.trigger == UPDATED
    assert transition.outcome.updated == [PM25]


def test_a_late_reading_is_history() -> None:
    current = resulting(advanced(None, reading(at(10), arrived_at=T0 + 11 * SECOND)))
    transition = advanced(current, reading(at(5, 2), no2=at(5, 3)))
    after = resulting(transition)
    assert after.attributes[PM25][0].value == 1
    assert after.attributes[NO2][0].value == 3  # there was none
    assert transition.outcome.late == 1
    assert transition.trigger == CREATED
    nothing = advanced(current, reading(at(5, 2)))
    assert nothing.after is current
    assert (nothing.touched, nothing.trigger, nothing.outcome.late) == ([], Trigger(0), 1)


def test_a_wrong_clock_cannot_freeze_a_value() -> None:
    """The floor is min(observedAt, modifiedAt): a time in the future gives way to one after its arrival."""
    current = resulting(advanced(None, reading(at(300), arrived_at=T0)))
    transition = advanced(current, reading(at(10, 2), arrived_at=T0 + 10 * SECOND))
    assert resulting(transition).attributes[PM25][0].value == 2


def test_without_times_the_arrival_counts() -> None:
    first = resulting(advanced(None, reading(Instance(value=1), arrived_at=T0)))
    assert first.attributes[PM25][0].observed_at is None
    later = advanced(first, reading(Instance(value=2), arrived_at=T0 + SECOND))
    assert resulting(later).attributes[PM25][0].value == 2
    earlier = advanced(first, reading(Instance(value=3), arrived_at=T0 - SECOND))
    assert earlier.after is first
    assert earlier.outcome.late == 1


def test_without_times_what_waited_for_its_commit_is_not_late() -> None:
    """A backlog arrives within milliseconds; each of its messages is written later than all arrived."""
    current = None
    for position in range(3):
        one = reading(Instance(value=position), arrived_at=T0 + position)
        transition = advanced(current, one, now=T0 + SECOND + position)
        assert transition.outcome.late == 0
        current = resulting(transition)
        assert current.attributes[PM25][0].modified_at == T0 + position
        assert current.modified_at == T0 + SECOND + position
    assert current is not None
    assert current.attributes[PM25][0].value == 2
    again = advanced(current, reading(Instance(value=3), arrived_at=T0 + 2), now=T0 + 2 * SECOND)
    assert resulting(again).attributes[PM25][0].value == 3  # as in history: of one moment, the later stands
    repeated = advanced(current, reading(Instance(value=2), arrived_at=T0 + 2), now=T0 + 2 * SECOND)
    assert repeated.outcome.late == 1


def test_what_was_written_by_hand_is_advanced_by_newer_readings_only() -> None:
    current = room(pm25=50)
    assert advanced(current, reading(at(-1))).outcome.late == 1
    assert resulting(advanced(current, reading(at(1, 7)))).attributes[PM25][0].value == 7


def test_an_instance_without_times_of_its_own_has_those_of_the_entity() -> None:
    current = room(pm25=50)
    current.attributes[PM25][0].modified_at = None
    assert advanced(current, reading(at(-1))).outcome.late == 1
    assert advanced(current, reading(at(1))).outcome.late == 0


def test_duplicates_do_nothing() -> None:
    current = resulting(advanced(None, reading(at(0), arrived_at=T0)))
    transition = apply_reading(current, reading(at(9)), T0 + 10 * SECOND, Removed(), [False])
    assert transition.after is current
    assert (transition.touched, transition.outcome.late) == ([], 0)


def test_fresh_is_told_value_by_value() -> None:
    one = reading(at(1, 1), at(1, 2, dataset_id="urn:d:2"), no2=at(1, 3))
    transition = apply_reading(None, one, T0, Removed(), [False, True, True])
    after = resulting(transition)
    assert [instance.value for instance in after.attributes[PM25]] == [2]
    assert after.attributes[NO2][0].value == 3


def test_a_correction_of_the_current_value_is_current() -> None:
    current = resulting(advanced(None, reading(at(0, 1), arrived_at=T0)))
    corrected = advanced(current, reading(at(0, 5)))
    assert resulting(corrected).attributes[PM25][0].value == 5
    assert corrected.outcome.late == 0
    same = advanced(current, reading(at(0, 1)))
    assert same.after is current


def test_tombstones_hold_older_readings_back() -> None:
    tombstone = Removed(attributes={PM25: {"": T0 + 10 * SECOND}})
    assert advanced(room(), reading(at(10)), removed=tombstone).outcome.late == 1
    assert resulting(advanced(room(), reading(at(11)), removed=tombstone)).attributes[PM25][0].value == 1
    other = advanced(room(), reading(at(5, dataset_id="urn:d:2")), removed=tombstone)
    assert other.outcome.late == 0
    gone = Removed(entity=T0 + 10 * SECOND)
    late = advanced(None, reading(at(10), static={NO2: [Instance(value=1)]}), removed=gone)
    assert late.after is None
    assert (late.outcome.late, late.outcome.created) == (1, False)
    assert resulting(advanced(None, reading(at(11)), removed=gone)).created_at == T0 + 60 * SECOND


def test_static_attributes_are_written_only_where_they_lack() -> None:
    static = {name("name"): [Instance(value="new")], name("owner"): [Instance(value="town")]}
    current = room(name="by hand", pm25=1)
    transition = advanced(current, reading(at(1, 2), static=static))
    after = resulting(transition)
    assert after.attributes[name("name")][0].value == "by hand"
    assert after.attributes[name("owner")][0].value == "town"
    assert transition.trigger == CREATED | UPDATED


def test_types_are_added() -> None:
    after = resulting(advanced(room(type="Hall"), reading(at(1))))
    assert after.types == (name("Hall"), name("Room"))


def test_expired_things_are_replaced() -> None:
    current = room(pm25=1, no2=5)
    current.expires_at = T0 + SECOND
    transition = advanced(current, reading(at(-100, 2)))
    assert transition.outcome.created
    assert list(resulting(transition).attributes) == [PM25]
    current = room(pm25=1)
    current.attributes[PM25][0].expires_at = T0 + SECOND
    transition = advanced(current, reading(at(-100, 2)))
    [touched] = transition.touched
    assert touched.before is None
    assert resulting(transition).attributes[PM25][0].value == 2


def test_a_reading_by_apply_change_is_all_fresh() -> None:
    one = reading(at(1, 2), no2=at(1))
    assert apply_change(None, one, T0, Removed()) == advanced(None, one, now=T0)


@pytest.mark.parametrize("value", [1, 2.5, "x", True, [1], {"a": 1}])
def test_values_are_kept_as_they_are(value: Any) -> None:
    [instance] = resulting(advanced(None, reading(at(0, value)))).attributes[PM25]
    assert instance.value == value
    assert type(instance.value) is type(value)


_READINGS = st.lists(
    st.builds(
        lambda second, value, other: reading(
            at(second, value),
            *([at(second, other, dataset_id="urn:d:2")] if other else []),
            arrived_at=T0 + 1000 * SECOND,
        ),
        st.integers(0, 50),
        st.integers(0, 5),
        st.integers(0, 2),
    ),
    max_size=8,
    unique_by=lambda one: one.attributes[PM25][0].observed_at,
)


@settings(deadline=None)
@given(st.data(), _READINGS)
def test_the_order_of_readings_does_not_matter(data: st.DataObject, readings: list[Reading]) -> None:
    """Whatever comes first, the newest of each instance stands (they arrive after they were observed)."""
    permuted = data.draw(st.permutations(readings))
    newest: dict[str, Instance] = {}
    for one in readings:
        for instance in one.attributes[PM25]:
            former = newest.get(instance.dataset_id)
            if former is None or (instance.observed_at or 0) > (former.observed_at or 0):
                newest[instance.dataset_id] = instance
    for order in (readings, permuted):
        current: Entity | None = None
        for number, one in enumerate(order):
            before = msgspec.msgpack.encode((current, one))
            transition = advanced(current, one, now=T0 + (2000 + number) * SECOND)
            assert msgspec.msgpack.encode((current, one)) == before
            assert transition.outcome.late + len(transition.touched) == len(one.attributes[PM25])
            current = transition.after
        if current is not None:
            found = {one.dataset_id: (one.value, one.observed_at) for one in current.attributes[PM25]}
            assert found == {key: (one.value, one.observed_at) for key, one in newest.items()}
