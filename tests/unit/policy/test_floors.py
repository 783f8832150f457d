"""Small counts of people, which the public does not see."""

import pytest

from context_api.ngsild.model import Attributes, Entity, Instance
from context_api.policy.grant import Grant, Operation
from context_api.policy.rights import Floor, Rights

SPOT, HALL = "https://example.org/Spot", "https://example.org/Hall"
PEOPLE, NAME = "https://example.org/people", "https://example.org/name"
READ = frozenset({Operation.READ})
PUBLIC = Grant(id=1, operations=READ, is_public=True)
OWN = Grant(id=2, operations=READ, types=frozenset({SPOT}))
FLOORS = {SPOT: Floor(frozenset({PEOPLE}), 10)}


def _spot(*counts: object, types: tuple[str, ...] = (SPOT,)) -> Entity:
    attributes: Attributes = {NAME: [Instance(value="Station")]}
    attributes[PEOPLE] = [
        Instance(value=count, dataset_id=f"urn:{number}") for number, count in enumerate(counts)
    ]
    return Entity(id="urn:ngsi-ld:Spot:1", types=types, attributes=attributes)


def _seen(entity: Entity, *grants: Grant) -> set[str]:
    return set(Rights(grants, floors=FLOORS).visible_attributes(entity, Operation.READ, 0))


@pytest.mark.parametrize("counts", [(10,), (10.0,), (250, 11)])
def test_the_public_sees_counts_that_hide_somebody_in_a_crowd(counts: tuple[object, ...]) -> None:
    assert _seen(_spot(*counts), PUBLIC) == {NAME, PEOPLE}


@pytest.mark.parametrize(
    "counts", [(9,), (0,), (9.99,), (250, 3), (True,), ("250",), ([250],), ({"adults": 250},), (None,), (-5,)]
)
def test_the_public_sees_no_small_count_and_nothing_that_is_none(counts: tuple[object, ...]) -> None:
    assert _seen(_spot(*counts), PUBLIC) == {NAME}


def test_who_is_granted_it_sees_every_count() -> None:
    assert _seen(_spot(3), PUBLIC, OWN) == {NAME, PEOPLE}
    assert _seen(_spot(3), OWN) == {NAME, PEOPLE}


def test_it_is_said_by_type_and_the_strictest_counts() -> None:
    assert _seen(_spot(3, types=(HALL,)), PUBLIC) == {NAME, PEOPLE}
    assert _seen(_spot(3, types=(HALL, SPOT)), PUBLIC) == {NAME}
    strict = {**FLOORS, HALL: Floor(frozenset({PEOPLE}), 100)}
    rights = Rights([PUBLIC], floors=strict)
    assert PEOPLE not in rights.visible_attributes(_spot(50, types=(HALL, SPOT)), Operation.READ, 0)


def test_a_grant_of_everything_to_everybody_hides_something_then() -> None:
    assert Rights([PUBLIC]).hides_nothing(Operation.READ, 0)
    assert not Rights([PUBLIC], floors=FLOORS).hides_nothing(Operation.READ, 0)
    assert Rights([PUBLIC], floors={SPOT: Floor(frozenset(), 10)}).hides_nothing(Operation.READ, 0)
