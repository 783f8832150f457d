"""Purging through the API on a real database."""

from typing import Any

import httpx
import pytest

from context_api.http.routes import purge
from tests.integration.http.conftest import problem

ENTITIES = "/ngsi-ld/v1/entities"
BATCH = "/ngsi-ld/v1/entityOperations"
POINT = {"type": "Point", "coordinates": [139.4685, 35.7546]}


@pytest.fixture
def town(api: httpx.Client) -> httpx.Client:
    """Rooms 0 to 6, the even ones with b; hall 7."""
    rooms: list[dict[str, Any]] = [
        {"id": f"urn:a:{n}", "type": "Room", "a": n, **({"b": n} if n % 2 == 0 else {})} for n in range(7)
    ]
    hall = {"id": "urn:a:7", "type": "Hall", "a": 7, "location": POINT, "scope": "/Tokyo/East"}
    assert api.post(f"{BATCH}/create", json=[*rooms, hall]).status_code == 201
    return api


def left(api: httpx.Client) -> dict[int, set[str]]:
    """Give the attributes that are left, by the number of the entity."""
    found = api.get(f"{ENTITIES}?local=true&options=keyValues&limit=1000").json()
    return {int(one.pop("id")[6:]): set(one) - {"type"} for one in found}


@pytest.mark.parametrize(
    ("query", "gone"),
    [
        ("type=Room", {0, 1, 2, 3, 4, 5, 6}),
        ("type=Room,Hall&idPattern=[67]$", {6, 7}),
        ("type=Room&id=urn:a:1,urn:a:7", {1}),
        ("attrs=b", {0, 2, 4, 6}),
        ("q=a>4", {5, 6, 7}),
        ("georel=near;maxDistance==100&geometry=Point&coordinates=[139.4685,35.7546]", {7}),
        ("local=true&scopeQ=/Tokyo/%23", {7}),
        ("local=true", set(range(8))),
        ("type=*", set(range(8))),
        ("type=Nothing", set()),
    ],
)
@pytest.mark.parametrize("size", [2, 500])
def test_what_a_query_finds(
    town: httpx.Client, monkeypatch: pytest.MonkeyPatch, query: str, gone: set[int], size: int
) -> None:
    monkeypatch.setattr(purge, "SLICE", size)
    answer = town.delete(f"{ENTITIES}?{query}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert set(left(town)) == set(range(8)) - gone


@pytest.mark.parametrize(
    ("query", "room", "hall"),
    [
        ("type=Room&drop=b", {"a"}, {"a", "location", "scope"}),
        ("type=Room&drop=a,b", set(), {"a", "location", "scope"}),
        ("attrs=a&drop=a", {"b"}, {"location", "scope"}),
        ("local=true&keep=a", {"a"}, {"a", "scope"}),
        ("local=true&keep=id,type,nothing", set(), {"scope"}),
        ("local=true&drop=scope&drop=location", {"a", "b"}, {"a"}),
    ],
)
@pytest.mark.parametrize("size", [2, 500])
def test_attributes_of_what_a_query_finds(  # noqa: PLR0917 - the table's columns
    town: httpx.Client, monkeypatch: pytest.MonkeyPatch, query: str, room: set[str], hall: set[str], size: int
) -> None:
    monkeypatch.setattr(purge, "SLICE", size)
    assert town.delete(f"{ENTITIES}?{query}").status_code == 204
    after = left(town)
    assert set(after) == set(range(8))
    assert (after[4], after[7]) == (room, hall)


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("", "BadRequestData"),
        ("id=urn:a:1", "BadRequestData"),
        ("idPattern=.*", "BadRequestData"),
        ("attrs=createdAt", "BadRequestData"),
        ('q=modifiedAt>"2020-01-01T00:00:00Z"', "BadRequestData"),
        ("type=Room&keep=a&drop=b", "BadRequestData"),
        ("type=Room&drop=id", "BadRequestData"),
        ("type=Room&drop=owner{name}", "BadRequestData"),
        ("type=Room&q=owner{name}==5", "BadRequestData"),
        ("type=Room&id=nothing", "BadRequestData"),
        ("type=*&local=false", "BadRequestData"),
        ("type=Room&limit=5", "InvalidRequest"),
        ("type=Room&pick=a", "InvalidRequest"),
    ],
)
def test_purges_that_are_refused_delete_nothing(town: httpx.Client, query: str, kind: str) -> None:
    problem(town.delete(f"{ENTITIES}?{query}"), 400, kind)
    assert len(left(town)) == 8
    problem(town.delete(f"{ENTITIES}?type=Room", headers={"NGSILD-Tenant": "no"}), 404, "NonexistentTenant")
