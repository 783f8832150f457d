"""What exclusive and redirecting registrations take out of changes (clauses 4.3.6.3, 5.6.1 to 5.6.5)."""

from typing import Any

import pytest

from context_api.ngsild.changes import (
    AppendAttributes,
    AttributeFragment,
    Change,
    CreateEntity,
    DeleteAttribute,
    DeleteEntity,
    MergeEntity,
    PartialUpdateAttribute,
    ReplaceAttribute,
    UpdateAttributes,
)
from context_api.ngsild.model import Instance
from context_api.ngsild.proxied import Holding, find_holdings, split_change
from context_api.ngsild.registration import parse_registration
from context_api.ngsild.registration_model import Registration
from tests.unit.ngsild.builders import CORE, ROOM, SECOND, T0, name, room

A, B = name("a"), name("b")
HELD_A = (Holding("urn:r:1", frozenset((A,))),)
HELD_ALL = (Holding("urn:r:2", frozenset()),)
ONE = [Instance(value=1)]


def registration(information: dict[str, Any], **members: Any) -> Registration:
    document = {
        "id": "urn:r:1",
        "type": "ContextSourceRegistration",
        "mode": "redirect",
        "endpoint": "http://source.example",
        "information": [information],
        **members,
    }
    return parse_registration(document, CORE, T0)


@pytest.mark.parametrize(
    ("information", "expected"),
    [
        ({"entities": [{"id": ROOM, "type": "Room"}], "propertyNames": ["a"]}, frozenset((A,))),
        ({"entities": [{"id": "urn:x:other", "type": "Room"}], "propertyNames": ["a"]}, None),
        ({"entities": [{"type": "Room"}]}, frozenset()),
        ({"entities": [{"type": "Hall"}]}, None),
        ({"entities": [{"type": ["Room", "Hall"]}]}, None),
        ({"entities": [{"type": "Room", "idPattern": "Room"}]}, frozenset()),
        ({"entities": [{"type": "Room", "idPattern": "Hall"}]}, None),
        ({"relationshipNames": ["a", "b"]}, frozenset((A, B))),
    ],
)
def test_which_registrations_are_about_an_entity(information: Any, expected: Any) -> None:
    found = find_holdings([registration(information)], ROOM, (name("Room"),), T0)
    assert found == ([] if expected is None else [Holding("urn:r:1", expected)])


def test_expired_registrations_hold_nothing() -> None:
    one = registration({"entities": [{"type": "Room"}]}, expiresAt="2099-01-01T00:00:00Z")
    assert one.expires_at is not None
    assert find_holdings([one], ROOM, (name("Room"),), one.expires_at - SECOND) == [
        Holding("urn:r:1", frozenset())
    ]
    assert find_holdings([one], ROOM, (name("Room"),), one.expires_at) == []


@pytest.mark.parametrize("kind", [MergeEntity, AppendAttributes, UpdateAttributes])
def test_held_attributes_are_taken_out(kind: Any) -> None:
    split = split_change(kind(entity_id=ROOM, attributes={A: ONE, B: ONE}), HELD_A)
    assert split.change == kind(entity_id=ROOM, attributes={B: ONE})
    assert split.held == ((A, "urn:r:1"),)
    [conflict] = split.conflicts
    assert conflict.registration_id == "urn:r:1"
    assert A in conflict.detail


def test_what_is_left_of_an_entity_is_created() -> None:
    split = split_change(CreateEntity(entity_id=ROOM, entity=room(a=1, b=2)), HELD_A)
    assert isinstance(split.change, CreateEntity)
    assert split.change.entity.attributes.keys() == {B}


@pytest.mark.parametrize(
    ("change", "holdings"),
    [
        (CreateEntity(entity_id=ROOM, entity=room(a=1)), HELD_A),
        (CreateEntity(entity_id=ROOM, entity=room(a=1, b=2)), HELD_ALL),
        (CreateEntity(entity_id=ROOM, entity=room()), HELD_ALL),
        (AppendAttributes(entity_id=ROOM, attributes={A: ONE}), HELD_A),
        (ReplaceAttribute(entity_id=ROOM, attribute=A, attributes={A: ONE}), HELD_A),
        (
            PartialUpdateAttribute(entity_id=ROOM, attribute=A, fragment=AttributeFragment(instances=())),
            HELD_A,
        ),
        (DeleteAttribute(entity_id=ROOM, attribute=A), HELD_ALL),
    ],
)
def test_of_some_changes_nothing_is_left(change: Change, holdings: Any) -> None:
    split = split_change(change, holdings)
    assert split.change is None
    assert split.conflicts


@pytest.mark.parametrize(
    "change",
    [
        CreateEntity(entity_id=ROOM, entity=room()),
        CreateEntity(entity_id=ROOM, entity=room(b=1)),
        DeleteEntity(entity_id=ROOM),
        DeleteAttribute(entity_id=ROOM, attribute=B),
    ],
)
def test_others_stay_as_they_are(change: Change) -> None:
    split = split_change(change, HELD_A)
    assert (split.change, split.conflicts, split.held) == (change, (), ())
