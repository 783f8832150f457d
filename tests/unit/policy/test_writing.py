"""Changes within what is granted, and what a refusal shows."""

from typing import Any

import pytest
import shapely

from context_api.ngsild.changes import (
    AppendAttributes,
    AttributeFragment,
    Change,
    CreateEntity,
    DeleteAttribute,
    DeleteEntity,
    MergeEntity,
    PartialUpdateAttribute,
    ReplaceEntity,
    UpdateAttributes,
    UpsertEntity,
)
from context_api.ngsild.errors import AlreadyExists, ResourceNotFound
from context_api.ngsild.merge import Removed
from context_api.ngsild.model import NULL, Attributes, Entity, Instance
from context_api.ngsild.patch import PartialInstance
from context_api.ngsild.query import parse_scope_query
from context_api.policy.errors import NotGranted
from context_api.policy.grant import Grant, Operation
from context_api.policy.rights import Rights
from context_api.policy.writing import apply_within
from tests.unit.ngsild.builders import ROOM, SECOND, T0, name, room

READ, WRITE, DELETE = Operation.READ, Operation.WRITE, Operation.DELETE
NOW = T0 + SECOND
INSIDE, OUTSIDE = [139.6, 35.5], [139.4, 35.5]
AREA = shapely.box(139.5, 35.0, 140.0, 36.0)


def grant(*operations: Operation, **members: Any) -> Grant:
    return Grant(id=1, operations=frozenset(operations or (READ, WRITE)), **members)


def at(place: list[float]) -> dict[str, Any]:
    return {"type": "GeoProperty", "value": {"type": "Point", "coordinates": place}}


def outcome(rights: Rights, current: Entity | None, change: Change) -> Exception | None:
    return apply_within(rights, current, change, NOW, Removed()).outcome.error


def refused(rights: Rights, current: Entity | None, change: Change) -> type[Exception] | None:
    error = outcome(rights, current, change)
    return None if error is None else type(error)


def create(**members: Any) -> CreateEntity:
    return CreateEntity(entity_id=ROOM, entity=room(**members))


def values(**members: Any) -> Attributes:
    return {name(key): [Instance(value=one)] for key, one in members.items()}


def nulls(*keys: str) -> Attributes:
    return {name(key): [PartialInstance(value=NULL)] for key in keys}


def update(**members: Any) -> UpdateAttributes:
    return UpdateAttributes(entity_id=ROOM, attributes=values(**members))


def test_without_a_grant_to_write_nothing_is_changed() -> None:
    rights = Rights([grant(READ)])
    assert refused(rights, None, create(temperature=20)) is NotGranted
    assert refused(rights, room(temperature=20), update(temperature=21)) is NotGranted
    assert refused(rights, room(temperature=20), DeleteEntity(entity_id=ROOM)) is NotGranted


def test_a_grant_of_everything_is_no_limit() -> None:
    rights = Rights([grant(WRITE, DELETE)])
    assert refused(rights, None, create(temperature=20)) is None
    assert refused(rights, room(temperature=20), DeleteEntity(entity_id=ROOM)) is None


@pytest.mark.parametrize(
    "change",
    [
        update(temperature=21),
        DeleteEntity(entity_id=ROOM),
        DeleteAttribute(entity_id=ROOM, attribute=name("temperature")),
        AppendAttributes(entity_id=ROOM, attributes=values(temperature=1), overwrite=False),
        MergeEntity(entity_id=ROOM, attributes=nulls("temperature")),
        ReplaceEntity(entity_id=ROOM, entity=room(temperature=1)),
        PartialUpdateAttribute(
            entity_id=ROOM,
            attribute=name("temperature"),
            fragment=AttributeFragment(instances=(PartialInstance(value=3),)),
        ),
    ],
    ids=lambda change: type(change).__name__,
)
def test_an_entity_out_of_sight_answers_as_if_it_were_absent(change: Change) -> None:
    rights = Rights([grant(READ, WRITE, DELETE, scopes=parse_scope_query("/ours/#"))])
    hidden = outcome(rights, room(temperature=20, scope="/theirs"), change)
    absent = outcome(rights, None, change)
    assert type(hidden) is type(absent) is ResourceNotFound
    assert str(hidden) == str(absent)


def test_a_taken_id_shows_only_to_who_may_create_such_an_entity() -> None:
    hidden = room(temperature=20, scope="/theirs")
    rights = Rights([grant(READ, WRITE, scopes=parse_scope_query("/ours/#"))])
    assert refused(rights, hidden, create(temperature=1, scope="/ours/a")) is AlreadyExists
    assert refused(rights, hidden, create(temperature=1, scope="/theirs")) is NotGranted
    assert refused(rights, None, create(temperature=1, scope="/theirs")) is NotGranted
    mine = room(temperature=1, scope="/ours/a")
    assert refused(rights, hidden, UpsertEntity(entity_id=ROOM, entity=mine)) is AlreadyExists
    other = room(temperature=1, scope="/theirs")
    assert refused(rights, hidden, UpsertEntity(entity_id=ROOM, entity=other)) is NotGranted
    assert refused(rights, None, UpsertEntity(entity_id=ROOM, entity=other)) is NotGranted


def test_attributes_are_written_that_were_granted_whether_they_are_there_or_not() -> None:
    rights = Rights([grant(attributes=frozenset({name("temperature")}))])
    for current in (room(), room(temperature=20), room(temperature=20, guest="Hanako")):
        assert refused(rights, current, update(temperature=21)) is None
        assert refused(rights, current, update(guest="Taro")) is NotGranted
        kept = AppendAttributes(entity_id=ROOM, attributes=values(guest=1), overwrite=False)
        assert refused(rights, current, kept) is NotGranted
        gone = DeleteAttribute(entity_id=ROOM, attribute=name("guest"))
        assert refused(rights, current, gone) is NotGranted
    assert refused(rights, None, create(temperature=20)) is None
    assert refused(rights, None, create(temperature=20, guest="Hanako")) is NotGranted


def test_what_is_personal_is_written_by_whom_it_is_shown_to() -> None:
    marks = {name("Room"): frozenset({name("guest")})}
    assert refused(Rights([grant()], marks), room(), update(guest="Taro")) is NotGranted
    assert refused(Rights([grant(personal=True)], marks), room(), update(guest="Taro")) is None
    assert refused(Rights([grant(DELETE)], marks), room(), DeleteEntity(entity_id=ROOM)) is NotGranted


def test_removing_an_attribute_takes_a_grant_to_delete() -> None:
    current = room(temperature=20)
    for change in (
        MergeEntity(entity_id=ROOM, attributes=nulls("temperature")),
        UpdateAttributes(entity_id=ROOM, attributes=nulls("temperature")),
        DeleteAttribute(entity_id=ROOM, attribute=name("temperature")),
    ):
        assert refused(Rights([grant(WRITE)]), current, change) is not None
        assert refused(Rights([grant(DELETE)]), current, change) is None


def test_whole_entities_take_a_grant_for_all_attributes() -> None:
    narrow = Rights([grant(READ, WRITE, DELETE, attributes=frozenset({name("temperature")}))])
    for current in (room(temperature=20), room(temperature=20, guest="Hanako")):
        assert refused(narrow, current, DeleteEntity(entity_id=ROOM)) is NotGranted
        assert (
            refused(narrow, current, ReplaceEntity(entity_id=ROOM, entity=room(temperature=1))) is NotGranted
        )
        upsert = UpsertEntity(entity_id=ROOM, entity=room(temperature=1))
        assert refused(narrow, current, upsert) is NotGranted
        upsert = UpsertEntity(entity_id=ROOM, entity=room(temperature=1), update=True)
        assert refused(narrow, current, upsert) is None


def test_an_entity_stays_where_it_is_granted() -> None:
    rights = Rights([grant(area=AREA)])
    inside = room(temperature=20, location=at(INSIDE))
    moved = {name("location"): room(location=at(OUTSIDE)).attributes["https://uri.etsi.org/ngsi-ld/location"]}
    location = {"https://uri.etsi.org/ngsi-ld/location": next(iter(moved.values()))}
    assert refused(rights, inside, update(temperature=21)) is None
    assert refused(rights, inside, UpdateAttributes(entity_id=ROOM, attributes=location)) is NotGranted
    assert refused(rights, room(location=at(OUTSIDE)), update(temperature=21)) is ResourceNotFound
    assert refused(rights, None, create(location=at(INSIDE))) is None
    assert refused(rights, None, create(location=at(OUTSIDE))) is NotGranted
    assert refused(rights, None, create(temperature=1)) is NotGranted


def test_types_and_scopes_that_are_added_are_granted_each() -> None:
    rooms = frozenset({name("Room")})
    rights = Rights([grant(types=rooms, scopes=parse_scope_query("/ours/#"))])
    mine = room(temperature=20, scope="/ours/a")

    def append(**members: Any) -> AppendAttributes:
        return AppendAttributes(entity_id=ROOM, **members)

    assert refused(rights, mine, append(types=(name("Car"),))) is NotGranted
    assert refused(rights, mine, append(scopes=("/ours/a", "/theirs"))) is NotGranted
    assert refused(rights, mine, append(scopes=("/ours/b",))) is None
    assert refused(rights, mine, append(scopes=("/theirs",))) is NotGranted
    assert refused(rights, None, create(scope=["/ours/a", "/theirs"])) is NotGranted
    both = room(scope="/ours/a")
    both.types = (name("Room"), name("Car"))
    assert refused(rights, None, CreateEntity(entity_id=ROOM, entity=both)) is NotGranted
    narrow = Rights([grant(types=rooms, attributes=frozenset({name("temperature")}))])
    assert refused(narrow, mine, append(scopes=("/ours/b",))) is NotGranted


def test_an_end_is_a_deletion_that_comes_later() -> None:
    current = room(temperature=20)
    ending = MergeEntity(entity_id=ROOM, attributes=values(temperature=1), expires_at=NOW + SECOND)
    rooms = frozenset({name("Room")})
    assert refused(Rights([grant(types=rooms)]), current, ending) is NotGranted
    assert refused(Rights([grant(WRITE, DELETE, types=rooms)]), current, ending) is None


def test_a_refused_change_leaves_the_entity_as_it_was() -> None:
    current = room(temperature=20)
    transition = apply_within(Rights([grant(READ)]), current, update(temperature=21), NOW, Removed())
    assert transition.after is current
    assert transition.touched == []
