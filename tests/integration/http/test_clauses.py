"""Rules of single clauses, held against the API as a client sees it."""

from typing import Any

import httpx
import pytest

from tests.integration.http.conftest import problem

BASE = "/ngsi-ld/v1"
ID = "urn:ngsi-ld:Room:1"
NULL = "urn:ngsi-ld:null"
LD = {"Content-Type": "application/ld+json"}


def create(api: httpx.Client, **members: Any) -> str:
    response = api.post(f"{BASE}/entities", json={"id": ID, "type": "Room", **members})
    assert response.status_code == 201, response.text
    return f"{BASE}/entities/{members.get('id', ID)}"


def concise(api: httpx.Client, path: str = f"{BASE}/entities/{ID}") -> dict[str, Any]:
    document: dict[str, Any] = api.get(path, params={"format": "concise"}).json()
    return {name: value for name, value in document.items() if name not in ("id", "type")}


def test_a_partial_update_goes_into_sub_attributes(api: httpx.Client) -> None:
    """Clauses 5.4 and 5.6.4: a fragment closely mimics what it changes."""
    path = create(api, a={"value": {"x": 1}, "s": 1, "t": 2})
    assert api.patch(f"{path}/attrs/a", json={"s": NULL, "t": {"value": 3}}).status_code == 204
    assert concise(api) == {"a": {"value": {"x": 1}, "t": 3}}


def test_a_merge_goes_into_sub_attributes_where_there_are_such(api: httpx.Client) -> None:
    """Clause 5.5.12: up to an arbitrary depth."""
    path = create(api, a={"value": {"x": 1}, "s": {"value": 1, "u": 2}}, rel={"object": "urn:x:1"})
    assert api.patch(path, json={"a": {"s": {"u": NULL}}, "rel": {"objectType": "R"}}).status_code == 204
    assert concise(api) == {
        "a": {"value": {"x": 1}, "s": 1},
        "rel": {"object": "urn:x:1", "objectType": "R"},
    }
    assert api.patch(path, json={"a": {"x": NULL}}).status_code == 204
    assert concise(api)["a"] == {"value": {}, "s": 1}
    wrong = api.patch(path, json={"rel": {"unitCode": "CEL"}})
    assert "default-context/rel" in problem(wrong, 400, "BadRequestData")


def test_null_is_never_kept(api: httpx.Client) -> None:
    """Clause 5.5.4."""
    path = create(api, a=1)
    replaced = {"a": {"value": 1, "unitCode": NULL, "observedAt": NULL, "s": NULL}}
    assert api.patch(f"{path}/attrs", json=replaced).status_code == 204
    assert concise(api) == {"a": 1}
    for method, at, body in (
        ("PATCH", path, {"type": NULL}),
        ("PATCH", f"{path}/attrs", {"type": ["Room", NULL]}),
        ("PATCH", path, {"a": {"value": [1, NULL]}}),
        ("POST", f"{path}/attrs", {"b": {"value": 1, "unitCode": NULL}}),
        ("PUT", f"{path}/attrs/a", {"value": 1, "valueType": NULL}),
    ):
        problem(api.request(method, at, json=body), 400, "BadRequestData")
    assert concise(api) == {"a": 1}


def test_the_id_of_a_fragment_is_the_target_s(api: httpx.Client) -> None:
    """Clause 5.4."""
    path = create(api, a=1)
    for method, at in (("PATCH", path), ("PATCH", f"{path}/attrs"), ("POST", f"{path}/attrs")):
        other = api.request(method, at, json={"id": "urn:ngsi-ld:Room:2", "a": 2})
        problem(other, 400, "BadRequestData")
        assert other.json()["pointer"] == "/id"
        assert api.request(method, at, json={"id": ID, "a": 2}).status_code == 204


def test_sub_attributes_end_as_well(api: httpx.Client) -> None:
    """Clause 4.22."""
    path = create(
        api,
        a={
            "value": 1,
            "gone": {"value": 2, "expiresAt": "2001-01-01T00:00:00Z"},
            "kept": {"value": 3, "expiresAt": "2999-01-01T00:00:00Z"},
        },
    )
    assert concise(api) == {"a": {"value": 1, "kept": 3}}
    shown = api.get(path, params={"options": "sysAttrs"}).json()["a"]["kept"]
    assert shown["expiresAt"] == "2999-01-01T00:00:00Z"


def test_the_first_second_of_1970_is_a_time_like_any_other(api: httpx.Client) -> None:
    path = create(api, a={"value": 1, "observedAt": "1970-01-01T00:00:00Z"})
    found = api.get(f"{BASE}/entities", params={"type": "Room", "q": "a.observedAt==1970-01-01T00:00:00Z"})
    assert [one["id"] for one in found.json()] == [ID]
    assert api.patch(path, params={"observedAt": "1970-01-01T00:00:00Z"}, json={"a": 2}).status_code == 204
    assert concise(api)["a"] == {"value": 2, "observedAt": "1970-01-01T00:00:00Z"}
    ended = [{"id": ID, "type": "Room", "expiresAt": "1970-01-01T00:00:00Z"}]
    upsert = api.post(f"{BASE}/entityOperations/upsert", params={"options": "update"}, json=ended)
    assert upsert.status_code == 204
    assert api.get(path).status_code == 404


def test_the_core_names_what_it_has_a_name_for(api: httpx.Client) -> None:
    """Clause 5.5.7: the core @context has absolute precedence, in compaction too."""
    context = {"p": "https://uri.etsi.org/ngsi-ld/location", "colour": "https://example.org/colour"}
    document = {"type": "Query", "entities": [{"type": "Room"}], "@context": context}
    create(api, location={"type": "Point", "coordinates": [139, 35]}, **{"https://example.org/colour": "red"})
    [found] = api.post(f"{BASE}/entityOperations/query", json=document, headers=LD).json()
    assert {"location", "colour"} <= found.keys()


def test_what_is_vocabulary_and_what_is_plain_json(api: httpx.Client) -> None:
    """Table 6.4.3.2-1: expandValues and jsonKeys."""
    create(api, v={"vocab": "red"})

    def ask(**parameters: str) -> int:
        query = {"type": "Room", "q": 'v=="red"', **parameters}
        return len(api.get(f"{BASE}/entities", params=query).json())

    assert ask(expandValues="v") == 1
    assert ask(expandValues="v", jsonKeys="v") == 0
    body = {"type": "Query", "entities": [{"type": "Room"}], "q": "v==red", "expandValues": "x,v"}
    for more, count in (({}, 1), ({"jsonKeys": "v"}, 0), ({"jsonKeys": ["a", "v"]}, 0)):
        found = api.post(f"{BASE}/entityOperations/query", json={**body, **more})
        assert len(found.json()) == count
    problem(api.get(f"{BASE}/entities", params={"type": "Room", "jsonKeys": "id"}), 400, "BadRequestData")


def test_distances_from_other_geometries_than_points(api: httpx.Client) -> None:
    """Clause 4.23.3, example 10."""
    for number, longitude in ((1, 139.0), (2, 139.4)):
        entity = {"id": f"urn:x:{number}", "type": "Room"}
        create(api, **entity, location={"type": "Point", "coordinates": [longitude, 35]})
    query = {
        "type": "Room",
        "orderBy": "location;dist-asc",
        "orderFrom": "[[139.4,35],[139.6,35]]",
        "orderGeometry": "LineString",
    }
    found = api.get(f"{BASE}/entities", params=query)
    assert [one["id"] for one in found.json()] == ["urn:x:2", "urn:x:1"]
    del query["orderGeometry"]
    problem(api.get(f"{BASE}/entities", params=query), 400, "BadRequestData")


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/json; charset=shift_jis"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_bodies_are_utf_8_as_they_are(api: httpx.Client, headers: dict[str, str]) -> None:
    """Clause 4.6.1."""
    body = b'{"id": "urn:x:1", "type": "Room"}'
    problem(api.post(f"{BASE}/entities", content=body, headers=headers), 415, "about:blank")


def test_a_geoproperty_without_a_geoquery_is_ignored(api: httpx.Client) -> None:
    """Table 6.4.3.2-1."""
    create(api)
    found = api.get(f"{BASE}/entities", params={"type": "Room", "geoproperty": "place"})
    assert len(found.json()) == 1
