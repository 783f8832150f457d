"""Grants as conditions: what says nothing is not written, what only memory can tell is not exact."""

from collections.abc import Sequence
from typing import Any

import shapely

from context_api.ngsild.query import parse_scope_query
from context_api.ngsild.query.conditions import CREATED_AT, MODIFIED_AT
from context_api.policy.grant import Grant, Operation
from context_api.policy.rights import Marks, Rights
from context_api.store.access import Access
from context_api.store.granted import Granted, granted_to
from context_api.store.where import ANYTHING, NOTHING

READ = Operation.READ
NOW = 1_000_000
NUMBERS = {"Room": 1, "Hall": 2, "guest": 3, "noise": 4}
ROOMS = frozenset({"Room"})


def find(names: Sequence[str]) -> list[int]:
    return [NUMBERS[name] for name in names if name in NUMBERS]


def grant(**members: Any) -> Grant:
    return Grant(id=1, operations=frozenset({READ}), **members)


def granted(*grants: Grant, marks: Marks | None = None) -> Granted:
    return Granted(Rights(grants, marks or {}), READ, NOW, find)


def test_whoever_sees_everything_pays_nothing() -> None:
    for rights in (None, Rights([grant()]), Rights([grant(types=ROOMS), grant(valid_until=NOW + 1)])):
        assert granted_to(Access("default", 1, "test", rights), NOW, find) is None
    for rights in (Rights([]), Rights([grant(types=ROOMS)]), Rights([grant(valid_until=NOW)])):
        assert granted_to(Access("default", 1, "test", rights), NOW, find) is not None


def test_without_a_grant_nothing_is_found() -> None:
    assert granted().entities() is NOTHING
    assert granted(grant(types=frozenset({"Unheard"}))).entities() is NOTHING


def test_what_the_query_says_itself_is_not_said_again() -> None:
    rooms = granted(grant(types=ROOMS))
    assert rooms.entities(ROOMS) is None
    assert rooms.guard("guest", ROOMS) is None
    assert rooms.entities() is not None
    assert rooms.entities(frozenset({"Room", "Hall"})) is not None


def test_an_area_is_for_memory_to_judge() -> None:
    where = granted(grant(area=shapely.box(1, 2, 3, 4))).entities()
    assert where is not None
    assert not where.exact
    assert where.parameters == (3.0, 4.0, 1.0, 2.0)
    scopes = granted(grant(scopes=parse_scope_query("/a/#"))).entities()
    assert scopes is not None
    assert scopes.exact


def test_an_attribute_is_in_sight_where_a_grant_gives_it() -> None:
    narrow = granted(grant(types=ROOMS, attributes=frozenset({"noise"})), grant(types=frozenset({"Hall"})))
    noise, guest = narrow.guard("noise"), narrow.guard("guest")
    assert noise is None  # whoever sees the entity sees that
    assert guest is not None
    assert guest.sql == b"e.types && %s"
    assert granted(grant(attributes=frozenset({"noise"}))).guard("guest") is NOTHING
    assert granted(grant(attributes=frozenset({"noise"})), grant()).guard("guest") is None


def test_what_is_personal_is_guarded_by_the_types_it_is_personal_in() -> None:
    marks = {"Room": frozenset({"guest"})}
    guard = granted(grant(), marks=marks).guard("guest")
    assert guard is not None
    assert guard.sql == b"not (e.types && %s)"
    assert granted(grant(), marks=marks).guard("noise") is None
    assert (
        granted(grant(personal=True, types=ROOMS), grant(personal=True), marks=marks).guard("guest") is None
    )


def test_when_an_entity_was_modified_depends_on_what_is_seen_of_it() -> None:
    narrow = granted(grant(attributes=frozenset({"noise"})))
    assert narrow.guard(MODIFIED_AT) is ANYTHING
    assert narrow.guard(CREATED_AT) is None
    assert granted(grant(types=ROOMS)).guard(MODIFIED_AT) is None
