"""A change row tells what was written as the write path saw it: streams and catching up rest on that."""

from hypothesis import given, settings
from hypothesis import strategies as st

from context_api.ngsild.changes import Reading
from context_api.ngsild.merge import apply_reading
from context_api.ngsild.model import Attributes, Entity, Instance
from context_api.ngsild.transition import Removed, Transition
from context_api.store import codec
from context_api.store.codec import live_names
from context_api.store.deliveries_again import restore_transition
from context_api.store.effects import written_otherwise
from tests.unit.store.test_codec import NAMES, TERMS

T0 = 1_790_000_000_000_000
SECOND = 1_000_000
WAITED = 4_000
"""Microseconds between a message's arrival and its write."""
Written = set[tuple[str, str, bool]]


def written(transition: Transition) -> Written:
    """What was written: attribute, datasetId, whether it is new."""
    return {(one.attribute, one.dataset_id, one.before is None) for one in transition.touched}


def restored(transition: Transition, now: int) -> Written:
    """The same, as a stream learns it from the row of the change."""
    after = transition.after
    assert after is not None
    live = tuple(live_names(after))
    document = codec.encode_change(
        TERMS,
        after,
        codec.encode_fixed(TERMS, after),
        codec.encode_live(TERMS, after, live),
        None,
        [],
        written_otherwise(transition, now),
    )
    _, again = restore_transition(codec.decode_change(TERMS, document), transition.trigger, now)
    return written(again)


@st.composite
def messages(draw: st.DrawFn, second: int) -> Attributes:
    """What one message says: some values with a time of their own, some without."""
    found: Attributes = {}
    for name in draw(st.lists(st.sampled_from(NAMES[:4]), min_size=1, max_size=3, unique=True)):
        datasets = draw(
            st.lists(st.sampled_from(["", "urn:ngsi-ld:Dataset:1"]), min_size=1, max_size=2, unique=True)
        )
        found[name] = [
            Instance(
                value=draw(st.integers(0, 9)),
                dataset_id=one,
                observed_at=draw(st.none() | st.just(T0 + second * SECOND)),
            )
            for one in datasets
        ]
    return found


@settings(max_examples=200, deadline=None)
@given(first=messages(second=1), second=messages(second=2))
def test_what_a_reading_wrote_is_restored_from_its_change(first: Attributes, second: Attributes) -> None:
    current: Entity | None = None
    for number, attributes in enumerate([first, second], start=1):
        arrived_at = T0 + number * SECOND
        now = arrived_at + WAITED
        reading = Reading(
            entity_id="urn:ngsi-ld:Room:1",
            types=(NAMES[5],),
            attributes=attributes,
            static={NAMES[6]: [Instance(value="北山公園")]},
            arrived_at=arrived_at,
        )
        count = sum(map(len, attributes.values()))
        transition = apply_reading(current, reading, now, Removed(), [True] * count)
        if transition.touched:
            assert restored(transition, now) == written(transition)
            current = transition.after
