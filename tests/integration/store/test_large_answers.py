"""An answer takes bounded memory, however large the entities are."""

from typing import Any

import pytest

from context_api.ngsild.contexts import core_context
from context_api.ngsild.errors import TooManyResults
from context_api.ngsild.query import EntityQuery, TypeIs, parse_ordering, parse_q
from context_api.store import querying
from context_api.store.access import Access
from context_api.store.errors import StoreUnavailable
from context_api.store.store import Store
from tests.integration.store.town import HALL, NAME, PM25, ROOM, VOCABULARY, create, value

CORE = core_context()
TEXT = "a text that is compressed well, " * 320
"""10 kB"""


@pytest.fixture
def large(store: Store, access: Access, monkeypatch: pytest.MonkeyPatch) -> Store:
    """30 rooms of 10 kB; a page may hold 100 kB."""
    monkeypatch.setattr(querying, "MAX_PAGE_OCTETS", 100_000)
    made = [create(n, {NAME: value(TEXT), PM25: value(30 - n)}) for n in range(10, 40)]
    assert all(outcome.error is None for outcome in store.apply(access, made))
    return store


def numbers(store: Store, access: Access, **members: Any) -> list[int]:
    if "q" in members:
        members["q"] = parse_q(members["q"], CORE)
    if "order" in members:
        members["ordering"] = parse_ordering([members.pop("order")], CORE)
    page = store.query_entities(access, EntityQuery(types=TypeIs(ROOM), **members))
    assert all(one.attributes[NAME][0].value == TEXT for one in page.items)
    return [int(one.id.rsplit(":", 1)[1]) for one in page.items]


WAYS: list[dict[str, Any]] = [
    {},  # the database pages alone
    {"q": "name[x]|pm25~=5|pm25"},  # the predicate decides
    {"order": "pm25"},  # ordered in memory
    {"order": "id", "q": "name[x]|pm25"},  # ordered by the database, the predicate decides
]


@pytest.mark.parametrize("way", WAYS)
def test_a_page_that_is_too_large_is_refused_with_a_limit_that_works(
    large: Store, access: Access, way: dict[str, Any]
) -> None:
    with pytest.raises(TooManyResults, match="after 9 entities") as caught:
        numbers(large, access, limit=21, **way)
    assert "limit=9" in str(caught.value)
    # One more than the limit is asked for, to know whether there is more
    assert len(numbers(large, access, limit=10, **way)) == 10


@pytest.mark.parametrize("way", WAYS)
def test_candidates_are_looked_at_a_part_at_a_time(large: Store, access: Access, way: dict[str, Any]) -> None:
    expected = list(range(39, 34, -1)) if way.get("order") == "pm25" else list(range(10, 15))
    assert numbers(large, access, limit=5, **way) == expected
    later = list(range(14, 9, -1)) if way.get("order") == "pm25" else list(range(35, 40))
    assert numbers(large, access, limit=8, offset=25, **way) == later


@pytest.mark.parametrize("way", WAYS)
def test_one_entity_may_have_any_size(
    large: Store, access: Access, way: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(querying, "MAX_PAGE_OCTETS", 1_000)
    assert len(numbers(large, access, limit=2, **way)) == 2
    with pytest.raises(TooManyResults, match="limit=1"):
        numbers(large, access, limit=3, **way)


def test_few_large_pages_are_held_at_a_time(
    large: Store, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(querying, "LARGE_OCTETS", 50_000)
    monkeypatch.setattr(querying, "LARGE_WAIT_S", 0.05)
    query = EntityQuery(types=TypeIs(ROOM), limit=8)
    held = [large.query_entities(access, query) for _ in range(querying.MAX_LARGE)]
    with pytest.raises(StoreUnavailable, match="large answers"):
        large.query_entities(access, query)
    small = EntityQuery(types=TypeIs(ROOM), limit=2)
    assert len(large.query_entities(access, small).items) == 2
    held.pop()
    assert len(large.query_entities(access, query).items) == 8
    # What failed has given its room back
    for _ in range(3):
        with pytest.raises(TooManyResults):
            large.query_entities(access, EntityQuery(types=TypeIs(ROOM), limit=20))
    assert len(large.query_entities(access, query).items) == 8


def test_all_of_a_type_are_counted_without_looking_at_them(store: Store, access: Access) -> None:
    store.apply(access, [create(n, {NAME: value("x")}) for n in range(30)])
    store.apply(access, [create(n, {}, types=(ROOM, HALL)) for n in range(30, 35)])
    store.apply(access, [create(n, {}, expires_at=1_000) for n in range(40, 43)])
    other = store.tenant("elsewhere", create=True)
    store.apply(other, [create(1, {})])
    for type_, count in ((ROOM, 35), (HALL, 5), (VOCABULARY + "None", 0)):
        for limit in (0, 3):
            page = store.query_entities(access, EntityQuery(types=TypeIs(type_), limit=limit, count=True))
            assert page.count == count
            assert len(page.items) == min(limit, count)
    assert store.query_entities(other, EntityQuery(types=TypeIs(ROOM), limit=0, count=True)).count == 1
