"""Rights: which entities are there for somebody, and what of them."""

import shapely

from context_api.ngsild.query import parse_scope_query
from context_api.policy.grant import Grant, Operation
from context_api.policy.rights import Rights
from tests.unit.ngsild.builders import SECOND, T0, name, room

READ, WRITE = Operation.READ, Operation.WRITE
EAST = shapely.box(139.5, 35.0, 140.0, 36.0)
PERSONAL = {name("Room"): frozenset({name("guest")})}


def point(longitude: float, latitude: float = 35.5) -> dict[str, object]:
    return {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [longitude, latitude]}}


def grant(*, id: int = 1, operations: frozenset[Operation] = frozenset({READ}), **members: object) -> Grant:
    return Grant(id=id, operations=operations, **members)  # type: ignore[arg-type]


def names(rights: Rights, entity: object, operation: Operation = READ) -> set[str] | None:
    """Give the short names of what is seen of an entity; None where it is not there."""
    seen = rights.view(entity, operation, T0)  # type: ignore[arg-type]
    return None if seen is None else {one.rsplit("/", 1)[-1] for one in seen.attributes}


def test_without_a_grant_nothing_is_there() -> None:
    rights = Rights(())
    assert rights.view(room(temperature=20), READ, T0) is None
    assert not rights.allows(READ)
    assert rights.visible_attributes(room(temperature=20), READ, T0) == frozenset()


def test_a_grant_is_of_its_operations_only() -> None:
    rights = Rights([grant(operations=frozenset({Operation.HISTORY}))])
    assert names(rights, room(temperature=20)) is None
    assert names(rights, room(temperature=20), Operation.HISTORY) == {"temperature"}
    assert rights.allows(Operation.HISTORY)
    assert not rights.allows(READ)


def test_all_that_is_given_must_hold() -> None:
    kitchen = room(temperature=20, scope="/house/kitchen", location=point(139.6))
    whole = {
        "types": frozenset({name("Room")}),
        "scopes": parse_scope_query("/house/#"),
        "entities": frozenset({kitchen.id}),
        "area": EAST,
    }
    assert names(Rights([grant(**whole)]), kitchen) == {"temperature", "location"}
    for other in (
        {"types": frozenset({name("Car")})},
        {"scopes": parse_scope_query("/garden/#")},
        {"entities": frozenset({"urn:ngsi-ld:Room:2"})},
        {"area": shapely.box(0, 0, 1, 1)},
    ):
        assert names(Rights([grant(**(whole | other))]), kitchen) is None


def test_attributes_are_those_of_all_grants_that_match() -> None:
    entity = room(temperature=20, humidity=50, noise=30)
    rights = Rights(
        [
            grant(id=1, attributes=frozenset({name("temperature")})),
            grant(id=2, types=frozenset({name("Room")}), attributes=frozenset({name("humidity")})),
            grant(id=3, types=frozenset({name("Car")}), attributes=frozenset({name("noise")})),
        ]
    )
    assert names(rights, entity) == {"temperature", "humidity"}
    assert [one.id for one in rights.matching(entity, READ, T0)] == [1, 2]


def test_an_entity_of_which_nothing_is_given_is_still_there() -> None:
    assert names(Rights([grant(attributes=frozenset({name("noise")}))]), room(temperature=20)) == set()


def test_what_is_personal_needs_a_grant_that_says_so() -> None:
    entity = room(temperature=20, guest="Hanako")
    plain, personal = grant(), grant(id=2, personal=True)
    assert names(Rights([plain], PERSONAL), entity) == {"temperature"}
    assert names(Rights([personal], PERSONAL), entity) == {"temperature", "guest"}
    assert names(Rights([plain], {name("Car"): frozenset({name("guest")})}), entity) == {
        "temperature",
        "guest",
    }


def test_personal_in_one_grant_opens_nothing_of_another() -> None:
    entity = room(temperature=20, guest="Hanako")
    narrow = grant(id=2, attributes=frozenset({name("temperature")}), personal=True)
    assert names(Rights([grant(), narrow], PERSONAL), entity) == {"temperature"}


def test_a_grant_begins_and_ends() -> None:
    entity = room(temperature=20)
    assert names(Rights([grant(valid_from=T0)]), entity) == {"temperature"}
    assert names(Rights([grant(valid_from=T0 + 1)]), entity) is None
    assert names(Rights([grant(valid_until=T0 + 1)]), entity) == {"temperature"}
    assert names(Rights([grant(valid_until=T0)]), entity) is None
    later = Rights([grant(valid_from=T0 + 1)])
    assert later.allows(READ)
    assert not later.allows(READ, T0)


def test_an_area_is_touched_to_be_read_and_holds_what_is_changed() -> None:
    line = {"type": "LineString", "coordinates": [[139.4, 35.5], [139.6, 35.5]]}
    crossing = room(location={"type": "GeoProperty", "value": line})
    rights = Rights([grant(operations=frozenset({READ, WRITE}), area=EAST)])
    assert names(rights, crossing) == {"location"}
    assert names(rights, crossing, WRITE) is None
    assert names(rights, room(location=point(139.6)), WRITE) == {"location"}
    assert names(rights, room(location=point(139.4))) is None
    assert names(rights, room(temperature=20)) is None


def test_the_location_counts_where_it_is_not_shown() -> None:
    rights = Rights([grant(area=EAST, attributes=frozenset({name("temperature")}))])
    assert names(rights, room(temperature=20, location=point(139.6))) == {"temperature"}


def test_a_boundless_grant_hides_nothing_and_copies_nothing() -> None:
    entity = room(temperature=20, guest="Hanako")
    assert Rights([grant()]).hides_nothing(READ, T0)
    assert Rights([grant()]).view(entity, READ, T0) is entity
    assert not Rights([grant()]).hides_nothing(WRITE, T0)
    assert not Rights([grant(valid_until=T0)]).hides_nothing(READ, T0)
    assert not Rights([grant()], PERSONAL).hides_nothing(READ, T0)
    assert Rights([grant(personal=True)], PERSONAL).hides_nothing(READ, T0)
    assert not Rights([grant(types=frozenset({name("Room")}))]).hides_nothing(READ, T0)


def test_the_original_is_left_alone() -> None:
    entity = room(temperature=20, noise=30)
    seen = Rights([grant(attributes=frozenset({name("noise")}))]).view(entity, READ, T0)
    assert seen is not entity
    assert set(entity.attributes) == {name("temperature"), name("noise")}


def test_history_begins_where_the_most_generous_grant_says() -> None:
    entity = room(temperature=20, guest="Hanako")
    history = frozenset({Operation.HISTORY})
    late = grant(id=1, operations=history, history_from=T0)
    early = grant(
        id=2, operations=history, history_from=T0 - SECOND, attributes=frozenset({name("temperature")})
    )
    rights = Rights([late, early], PERSONAL)
    assert rights.history_from(entity, name("temperature"), Operation.HISTORY, T0) == T0 - SECOND
    assert rights.history_from(entity, name("noise"), Operation.HISTORY, T0) == T0
    unlimited = Rights([late, grant(id=3, operations=history)])
    assert unlimited.history_from(entity, name("temperature"), Operation.HISTORY, T0) is None
    open_to_all = grant(id=4, operations=history)
    personal = grant(id=5, operations=history, personal=True, history_from=T0)
    assert (
        Rights([open_to_all, personal], PERSONAL).history_from(entity, name("guest"), Operation.HISTORY, T0)
        == T0
    )
