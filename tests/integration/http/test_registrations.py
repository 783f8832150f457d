"""Context source registrations through the API: kept, found, changed, in conflict, gone."""

import time
from typing import Any

import httpx
import pytest

from tests.integration.http.conftest import problem

BASE = "/ngsi-ld/v1"
REGISTRATIONS = f"{BASE}/csourceRegistrations"
ID = "urn:ngsi-ld:ContextSourceRegistration:1"


def draft(**members: Any) -> dict[str, Any]:
    return {
        "id": ID,
        "type": "ContextSourceRegistration",
        "information": [{"entities": [{"type": "Room"}], "propertyNames": ["size"]}],
        "endpoint": "http://north.test:1026",
        **members,
    }


def register(api: httpx.Client, **members: Any) -> httpx.Response:
    return api.post(REGISTRATIONS, json=draft(**members))


def exclusive(entity: str = "urn:x:1", **members: Any) -> dict[str, Any]:
    info = {"entities": [{"type": "Room", "id": entity}], "propertyNames": ["size"]}
    return {"mode": "exclusive", "information": [info], **members}


def find(api: httpx.Client, query: str) -> list[str]:
    response = api.get(f"{REGISTRATIONS}?{query}")
    assert response.status_code == 200, response.text
    return [one["id"].rpartition(":")[2] for one in response.json()]


def test_a_registration_is_kept_and_served(api: httpx.Client) -> None:
    response = register(api, owner="city", expiresAt="2099-01-01T00:00:00Z")
    assert (response.status_code, response.content) == (201, b"")
    assert response.headers["Location"] == f"{REGISTRATIONS}/{ID}"
    served = api.get(f"{REGISTRATIONS}/{ID}")
    assert served.json() == draft(
        owner="city", expiresAt="2099-01-01T00:00:00Z", mode="inclusive", operations=["federationOps"]
    )
    with_times = api.get(f"{REGISTRATIONS}/{ID}?options=sysAttrs", headers={"Accept": "application/ld+json"})
    assert set(with_times.json()) - set(served.json()) == {"createdAt", "modifiedAt", "@context"}
    problem(register(api), 409, "AlreadyExists")
    assert register(api, id="urn:x:other").status_code == 201


def test_without_an_id_it_gets_one(api: httpx.Client) -> None:
    document = {name: value for name, value in draft().items() if name != "id"}
    location = api.post(REGISTRATIONS, json=document).headers["Location"]
    assert api.get(location).json()["id"] == location.rpartition("/")[2]


def test_what_is_not_there(api: httpx.Client) -> None:
    other = f"{REGISTRATIONS}/urn:x:none"
    problem(api.get(other), 404, "ResourceNotFound")
    problem(api.delete(other), 404, "ResourceNotFound")
    problem(api.patch(other, json={"endpoint": "http://a.test"}), 404, "ResourceNotFound")
    for method in ("GET", "DELETE"):
        problem(api.request(method, f"{REGISTRATIONS}/invalid"), 400, "BadRequestData")
    problem(api.patch(f"{REGISTRATIONS}/invalid", json={"endpoint": "http://a.test"}), 400, "BadRequestData")
    problem(api.get(f"{REGISTRATIONS}?type=T", headers={"NGSILD-Tenant": "no"}), 404, "NonexistentTenant")


def test_tenants_do_not_share_registrations(api: httpx.Client) -> None:
    headers = {"NGSILD-Tenant": "one"}
    assert api.post(REGISTRATIONS, json=draft(), headers=headers).status_code == 201
    assert find(api, "type=Room") == []
    problem(api.get(f"{REGISTRATIONS}/{ID}"), 404, "ResourceNotFound")
    assert len(api.get(f"{REGISTRATIONS}?type=Room", headers=headers).json()) == 1


def test_a_fragment_changes_it(api: httpx.Client) -> None:
    register(api, expiresAt="2099-01-01T00:00:00Z", owner="city")
    fragment = {"id": ID, "type": "ContextSourceRegistration", "endpoint": "http://b.test", "expiresAt": None}
    response = api.patch(f"{REGISTRATIONS}/{ID}", json={**fragment, "owner": "urn:ngsi-ld:null"})
    assert (response.status_code, response.content) == (204, b"")
    served = api.get(f"{REGISTRATIONS}/{ID}").json()
    assert served["endpoint"] == "http://b.test"
    assert not {"expiresAt", "owner"} & set(served)
    for wrong in ({"information": None}, {"type": "Entity"}, {"id": "urn:x:2"}, {"mode": "x"}, {}):
        problem(api.patch(f"{REGISTRATIONS}/{ID}", json=wrong), 400, "BadRequestData")
    assert api.get(f"{REGISTRATIONS}/{ID}").json() == served


def test_an_expired_one_is_gone_at_once(api: httpx.Client) -> None:
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
    assert register(api, expiresAt=soon).status_code == 201
    assert find(api, "type=Room") == ["1"]
    time.sleep(2.1)
    assert find(api, "type=Room") == []
    problem(api.get(f"{REGISTRATIONS}/{ID}"), 404, "ResourceNotFound")
    assert register(api).status_code == 201


def test_a_deleted_one_is_gone(api: httpx.Client) -> None:
    register(api)
    assert api.delete(f"{REGISTRATIONS}/{ID}").status_code == 204
    problem(api.delete(f"{REGISTRATIONS}/{ID}"), 404, "ResourceNotFound")


@pytest.fixture
def sources(api: httpx.Client) -> httpx.Client:
    described: tuple[dict[str, Any], ...] = (
        {"owner": "city", "location": {"type": "Point", "coordinates": [8.68, 49.41]}},
        {"information": [{"entities": [{"type": "Room", "idPattern": "x:.*"}]}], "scope": "/a/b"},
        {"information": [{"propertyNames": ["speed"]}]},
        {"observationInterval": {"startAt": "2020-01-01T00:00:00Z", "endAt": "2021-01-01T00:00:00Z"}},
    )
    for number, members in enumerate(described):
        assert register(api, id=f"urn:x:{number}", **members).status_code == 201
    return api


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("type=Room", ["0", "1", "2"]),
        ("type=Car", ["2"]),
        ("type=Room&id=urn:y:1", ["0", "2"]),
        ("type=Room&idPattern=nothing", ["0", "1", "2"]),
        ("type=Room&attrs=size", ["0", "1"]),
        ("attrs=speed,other", ["1", "2"]),
        ("q=speed>10", ["1", "2"]),
        ('q=size==1;speed=="x"', ["0", "1", "2"]),
        ('type=Room&csf=owner=="city"', ["0"]),
        ("type=Room&scopeQ=/a/%23", ["1"]),
        ("type=Room&georel=near;maxDistance==2000&geometry=Point&coordinates=[8.68,49.41]", ["0"]),
        ("georel=near;maxDistance==2000&geometry=Point&coordinates=[8.68,49.41]", ["0"]),
        ("type=Room&timerel=after&timeAt=2020-06-01T00:00:00Z", ["3"]),
        ("type=Room&timerel=after&timeAt=2020-06-01T00:00:00Z&timeproperty=modifiedAt", []),
    ],
)
def test_discovery(sources: httpx.Client, query: str, expected: list[str]) -> None:
    assert find(sources, query) == expected


@pytest.mark.parametrize(
    "query",
    [
        "",
        "id=urn:x:1",
        "idPattern=x",
        'csf=owner=="city"',
        "type=Room&id=invalid",
        "q=(invalid",
        "type=Room&csf=(invalid",
        "georel=within",
        "type=Room&timerel=before",
        "type=Room&limit=0",
        "type=Room&scopeQ=(",
    ],
)
def test_too_wide_and_wrong_queries(sources: httpx.Client, query: str) -> None:
    problem(sources.get(f"{REGISTRATIONS}?{query}"), 400, "BadRequestData")


def test_pages(sources: httpx.Client) -> None:
    response = sources.get(f"{REGISTRATIONS}?type=Room&limit=1&offset=1&count=true")
    assert [one["id"] for one in response.json()] == ["urn:x:1"]
    assert response.headers["NGSILD-Results-Count"] == "3"
    links = response.headers["Link"]
    start = f"<{REGISTRATIONS}?type=Room&count=true&limit=1"
    assert f'{start}&offset=2>; rel="next"; type="application/ld+json"' in links
    assert f'{start}&offset=0>; rel="prev"; type="application/ld+json"' in links


def test_exclusive_ones_do_not_overlap(api: httpx.Client) -> None:
    assert register(api, **exclusive()).status_code == 201
    for members in (exclusive(), exclusive(mode="redirect"), {"mode": "redirect"}):
        assert "urn:ngsi-ld" in problem(register(api, **{**members, "id": "urn:x:2"}), 409, "Conflict")
    assert register(api, **exclusive("urn:x:2", id="urn:x:3")).status_code == 201
    problem(api.patch(f"{REGISTRATIONS}/urn:x:3", json=exclusive()), 409, "Conflict")
    assert api.patch(f"{REGISTRATIONS}/{ID}", json=exclusive(endpoint="http://b.test")).status_code == 204
    assert api.delete(f"{REGISTRATIONS}/{ID}").status_code == 204
    assert register(api, **exclusive(id="urn:x:4", mode="redirect")).status_code == 201
    assert register(api, **exclusive(id="urn:x:5", mode="redirect")).status_code == 201


@pytest.mark.parametrize(
    ("members", "status"),
    [
        (exclusive(), 409),
        (exclusive("urn:x:2"), 201),
        ({"mode": "exclusive", "information": [{"entities": [{"type": "Room", "id": "urn:x:1"}], "propertyNames": ["name"]}]}, 201),  # noqa: E501
        ({"mode": "redirect", "information": [{"entities": [{"type": "Room"}]}]}, 409),
        ({"mode": "redirect", "information": [{"entities": [{"type": "Room", "idPattern": "x:1$"}]}]}, 409),
        ({"mode": "redirect", "information": [{"entities": [{"type": "Room", "idPattern": "x:2$"}]}]}, 201),
        ({"mode": "redirect", "information": [{"propertyNames": ["size"]}]}, 409),
        ({"mode": "redirect", "information": [{"entities": [{"type": "Car"}]}]}, 201),
        ({"mode": "inclusive"}, 201),
    ],
)  # fmt: skip
def test_entities_that_are_held_here_stand_against_it(
    api: httpx.Client, members: dict[str, Any], status: int
) -> None:
    entity = {"id": "urn:x:1", "type": "Room", "size": {"type": "Property", "value": 1}}
    assert api.post(f"{BASE}/entities", json=entity).status_code == 201
    response = register(api, **members)
    assert response.status_code == status, response.text
    if status == 409:
        assert "urn:x:1" in problem(response, 409, "Conflict")


def test_the_identity_is_stable_and_tells_tenants_apart(api: httpx.Client) -> None:
    def identity(**headers: str) -> dict[str, Any]:
        response = api.get(f"{BASE}/info/sourceIdentity", headers=headers)
        assert response.status_code == 200
        document: dict[str, Any] = response.json()
        return document

    first = identity()
    assert first["type"] == "ContextSourceIdentity"
    assert first["id"] == f"urn:ngsi-ld:ContextSourceIdentity:{first['contextSourceAlias']}"
    assert first["contextSourceUptime"].startswith("PT")
    assert first["contextSourceTimeAt"].endswith("Z")
    aliases = [identity(**{"NGSILD-Tenant": name})["contextSourceAlias"] for name in ("a", "b", "a")]
    assert aliases[0] == aliases[2]
    assert len({first["contextSourceAlias"], *aliases}) == 3
    assert identity()["contextSourceAlias"] == first["contextSourceAlias"]


HELD = "urn:ngsi-ld:Room:held"


def _register(api: httpx.Client, mode: str, information: dict[str, Any]) -> str:
    document = {
        "type": "ContextSourceRegistration",
        "mode": mode,
        "endpoint": "http://source.example",
        "operations": ["redirectionOps"],
        "information": [information],
    }
    response = api.post("/ngsi-ld/v1/csourceRegistrations", json=document)
    assert response.status_code == 201, response.text
    return response.headers["location"].rpartition("/")[2]


def test_what_an_exclusive_source_has_is_not_written_here(api: httpx.Client) -> None:
    entities = "/ngsi-ld/v1/entities"
    registered = _register(
        api, "exclusive", {"entities": [{"id": HELD, "type": "Room"}], "propertyNames": ["a"]}
    )
    document = {"id": HELD, "type": "Room", "a": 1, "b": 2}
    problem(api.post(entities, json={"id": HELD, "type": "Room", "a": 1}), 409, "Conflict")
    partly = api.post(entities, json=document)
    assert (partly.status_code, partly.headers["location"]) == (207, f"{entities}/{HELD}")
    body = partly.json()
    assert body["success"] == [HELD]
    [error] = body["errors"]
    assert (error["entityId"], error["registrationId"], error["error"]["status"]) == (HELD, registered, 409)
    assert error["error"]["type"].endswith("/Conflict")
    assert api.get(f"{entities}/{HELD}", params={"format": "keyValues"}).json() == {
        "id": HELD,
        "type": "Room",
        "b": 2,
    }
    one = f"{entities}/{HELD}/attrs"
    for response in (api.post(one, json={"a": 1, "c": 3}), api.patch(one, json={"a": 1, "b": 3})):
        assert response.status_code == 207
        [refused] = response.json()["notUpdated"]
        assert (refused["attributeName"], refused["registrationId"]) == ("a", registered)
    for response in (
        api.post(one, json={"a": 1}),
        api.put(f"{one}/a", json={"value": 1}),
        api.patch(f"{one}/a", json={"value": 1}),
        api.delete(f"{one}/a"),
        api.patch(f"{entities}/{HELD}", json={"a": 1}),
    ):
        problem(response, 409, "Conflict")
    merged = api.patch(f"{entities}/{HELD}", json={"a": 1, "b": 4})
    assert (merged.status_code, merged.json()["success"]) == (207, [HELD])
    upserted = api.post(
        "/ngsi-ld/v1/entityOperations/upsert",
        json=[document, {"id": "urn:ngsi-ld:Room:free", "type": "Room", "a": 1}],
    )
    assert upserted.status_code == 207
    assert upserted.json()["success"] == [HELD, "urn:ngsi-ld:Room:free"]
    assert [one["registrationId"] for one in upserted.json()["errors"]] == [registered]
    assert api.post(one, params={"local": "true"}, json={"a": 1}).status_code == 204
    assert api.delete(f"/ngsi-ld/v1/csourceRegistrations/{registered}").status_code == 204
    assert api.patch(one, json={"a": 2}).status_code == 204


def test_what_is_redirected_is_not_created_here(api: httpx.Client) -> None:
    _register(api, "redirect", {"entities": [{"type": "Room"}]})
    problem(api.post("/ngsi-ld/v1/entities", json={"id": HELD, "type": "Room"}), 409, "Conflict")
    other = {"NGSILD-Tenant": "other"}
    for headers, kind in (({}, "Hall"), (other, "Room")):
        response = api.post("/ngsi-ld/v1/entities", json={"id": HELD, "type": kind}, headers=headers)
        assert response.status_code == 201
    refused = api.post("/ngsi-ld/v1/entityOperations/create", json=[{"id": "urn:x:2", "type": "Room"}])
    assert (refused.status_code, refused.json()["success"]) == (207, [])
