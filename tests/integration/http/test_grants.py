"""Partners, services and the public: what they are granted, and nothing that tells of the rest."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from context_api.http.settings import ApiSettings
from context_api.policy.grant import Operation
from context_api.policy.roles import Role
from context_api.store.database import open_database
from tests.integration.http.conftest import Serve, problem
from tests.support.partners import Partners
from tests.support.waiting import wait_until

READ, WRITE, DELETE = Operation.READ, Operation.WRITE, Operation.DELETE
ENTITIES = "/ngsi-ld/v1/entities"
ROOM = "urn:ngsi-ld:Room:"
HERE = {
    "type": "Polygon",
    "coordinates": [[[139.0, 35.0], [139.5, 35.0], [139.5, 35.5], [139.0, 35.5], [139.0, 35.0]]],
}


@pytest.fixture
def partners(database_url: str) -> Iterator[Partners]:
    database = open_database(database_url)
    yield Partners(database)
    database.close()


@pytest.fixture
def api(settings: ApiSettings, serve: Serve, key: str) -> httpx.Client:
    """The API with access control, for an administrator."""
    client = serve(replace(settings, auth=True))
    client.headers["Authorization"] = f"Bearer {key}"
    return client


@pytest.fixture
def town(api: httpx.Client) -> httpx.Client:
    """Four rooms: two here, one elsewhere, one nowhere; and a car."""
    places = {1: [139.1, 35.1], 2: [139.2, 35.2], 3: [139.9, 35.9]}
    documents: list[dict[str, Any]] = []
    for number in range(1, 5):
        one: dict[str, Any] = {
            "id": f"{ROOM}{number}",
            "type": "Room",
            "scope": "/east" if number % 2 else "/west",
            "temperature": {"type": "Property", "value": number * 10},
            "guest": {"type": "Property", "value": f"guest {number}"},
            "next": {"type": "Relationship", "object": f"{ROOM}{number % 4 + 1}"},
        }
        if number in places:
            point = {"type": "Point", "coordinates": places[number]}
            one["location"] = {"type": "GeoProperty", "value": point}
        documents.append(one)
    documents.append({"id": "urn:ngsi-ld:Car:1", "type": "Car", "speed": {"type": "Property", "value": 1}})
    answer = api.post("/ngsi-ld/v1/entityOperations/create", json=documents)
    assert answer.status_code == 201, answer.text
    return api


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["id"].rsplit(":", 2)[-2] + one["id"][-1] for one in answer.json()]


def test_without_a_grant_nothing_is_open(town: httpx.Client, partners: Partners) -> None:
    acme = partners.add("acme")
    detail = problem(town.get(ENTITIES, params={"type": "Room"}, headers=acme), 403, "about:blank")
    assert detail == (
        "Nothing is granted to you in the tenant default for the operation read: ask the town for a grant"
    )
    assert town.get(f"{ENTITIES}/{ROOM}1", headers=acme).status_code == 403
    assert town.get("/ngsi-ld/v1/types", headers=acme).status_code == 403
    detail = problem(town.get("/api/v1/grants", headers=acme), 403, "about:blank")
    assert detail == "This needs the permission grants, which the role partner does not have"


def test_what_is_hidden_is_absent_everywhere(town: httpx.Client, partners: Partners) -> None:
    acme = partners.add("acme")
    partners.grant("acme", READ, types=("Room",), attributes=("temperature", "next"), area=HERE)

    def query(**parameters: Any) -> httpx.Response:
        return town.get(ENTITIES, params={"type": "Room", **parameters}, headers=acme)

    whole = query(count="true", limit=1)
    assert (ids(whole), whole.headers["NGSILD-Results-Count"]) == (["Room1"], "2")
    assert ids(query(count="true", limit=1, offset=1)) == ["Room2"]
    assert "next" not in query(limit=1, offset=1).headers.get("Link", "").split("rel=")[-1]
    assert set(query().json()[0]) == {"id", "type", "scope", "temperature", "next"}
    assert ids(query(q="temperature>15")) == ["Room2"]
    assert ids(query(q="guest")) == []
    assert ids(query(q="!guest")) == ["Room1", "Room2"]
    assert ids(query(q='guest=="guest 1"')) == []
    assert ids(query(attrs="guest")) == []
    assert ids(query(georel="near;maxDistance==1000000", geometry="Point", coordinates="[139,35]")) == []
    assert ids(query(orderBy="guest;desc")) == ["Room1", "Room2"]
    assert ids(query(scopeQ="/west")) == ["Room2"]
    car = town.get(ENTITIES, params={"type": "Car", "count": "true"}, headers=acme)
    assert (car.json(), car.headers["NGSILD-Results-Count"]) == ([], "0")
    posted = {"type": "Query", "entities": [{"type": "Room"}], "q": "guest|temperature==10"}
    assert ids(town.post("/ngsi-ld/v1/entityOperations/query", json=posted, headers=acme)) == ["Room1"]


def test_a_hidden_entity_answers_as_if_it_were_absent(town: httpx.Client, partners: Partners) -> None:
    acme = partners.add("acme")
    partners.grant("acme", READ, area=HERE)
    hidden = problem(town.get(f"{ENTITIES}/{ROOM}3", headers=acme), 404, "ResourceNotFound")
    absent = problem(town.get(f"{ENTITIES}/{ROOM}9", headers=acme), 404, "ResourceNotFound")
    assert hidden.replace("Room:3", "Room:9") == absent
    masked = partners.add("narrow")
    partners.grant("narrow", READ, attributes=("temperature",))
    found = town.get(f"{ENTITIES}/{ROOM}1", params={"attrs": "guest"}, headers=masked)
    assert problem(found, 404, "ResourceNotFound").endswith("has none of these attributes")


def test_joins_and_forms_show_no_more(town: httpx.Client, partners: Partners) -> None:
    acme = partners.add("acme")
    partners.grant("acme", READ, types=("Room",), area=HERE)
    partners.mark_personal("Room", "guest")

    def get(number: int, **parameters: str) -> Any:
        return town.get(f"{ENTITIES}/{ROOM}{number}", params=parameters, headers=acme).json()

    inline = get(1, join="inline")
    assert inline["next"]["entity"]["temperature"]["value"] == 20
    assert "guest" not in inline["next"]["entity"]
    assert "entity" not in get(2, join="inline")["next"]  # the third is elsewhere
    assert [one["id"] for one in get(1, join="flat", joinLevel="3")] == [f"{ROOM}1", f"{ROOM}2"]
    assert set(get(1, options="keyValues")) == {"id", "type", "scope", "temperature", "next", "location"}
    assert "guest" not in get(1, options="concise")
    linked = {"type": "Room", "q": "next{guest}", "join": "flat"}
    assert town.get(ENTITIES, params=linked, headers=acme).json() == []
    geo = {**acme, "Accept": "application/geo+json"}
    features = town.get(ENTITIES, params={"type": "Room"}, headers=geo).json()["features"]
    assert [one["id"] for one in features] == [f"{ROOM}1", f"{ROOM}2"]
    assert "guest" not in features[0]["properties"]
    bare = partners.add("bare")
    partners.grant("bare", READ, attributes=("temperature",))
    feature = town.get(f"{ENTITIES}/{ROOM}1", headers={**bare, "Accept": "application/geo+json"}).json()
    assert feature["geometry"] is None


def test_discovery_tells_of_what_is_in_sight(town: httpx.Client, partners: Partners) -> None:
    acme = partners.add("acme")
    partners.grant("acme", READ, types=("Room",), attributes=("temperature",))
    types = town.get("/ngsi-ld/v1/types", headers=acme).json()
    assert types["typeList"] == ["Room"]
    room = town.get("/ngsi-ld/v1/types/Room", headers=acme).json()
    assert room["entityCount"] == 4
    assert [one["attributeName"] for one in room["attributeDetails"]] == ["temperature"]
    assert town.get("/ngsi-ld/v1/types/Car", headers=acme).status_code == 404
    assert town.get("/ngsi-ld/v1/attributes", headers=acme).json()["attributeList"] == ["temperature"]
    assert town.get("/ngsi-ld/v1/attributes/guest", headers=acme).status_code == 404


def test_the_public_sees_what_it_is_granted_and_needs_no_key(town: httpx.Client, partners: Partners) -> None:
    nobody = {"Authorization": ""}
    with httpx.Client(base_url=town.base_url, timeout=30, trust_env=False) as public:
        assert public.get(ENTITIES, params={"type": "Room"}).status_code == 401
        partners.grant("public", READ, types=("Room",), attributes=("temperature",))
        partners.mark_personal("Room", "guest")
        asked = {"type": "Room", "options": "keyValues"}
        wait_until(lambda: public.get(ENTITIES, params=asked).status_code == 200 or None)
        assert public.get(ENTITIES, params=asked).json()[0] == {
            "id": f"{ROOM}1",
            "type": "Room",
            "scope": "/east",
            "temperature": 10,
        }
        assert public.post(ENTITIES, json={"id": f"{ROOM}9", "type": "Room"}).status_code == 401
        assert public.get("/api/v1/grants").status_code == 401
        assert (
            public.get(ENTITIES, params={"type": "Room"}, headers={"NGSILD-Tenant": "x"}).status_code == 401
        )
    assert town.get(ENTITIES, params={"type": "Room"}, headers=nobody).status_code == 401
    acme = partners.add("acme")
    assert town.get(f"{ENTITIES}/{ROOM}1", headers=acme).status_code == 200


def test_services_write_within_their_grants(town: httpx.Client, partners: Partners) -> None:
    acme = partners.add("acme", Role.SERVICE)
    partners.grant("acme", READ, WRITE, types=("Room",), attributes=("temperature", "location"), area=HERE)
    patch = {"temperature": {"type": "Property", "value": 99}}
    assert town.patch(f"{ENTITIES}/{ROOM}1/attrs", json=patch, headers=acme).status_code == 204
    other = {"guest": {"type": "Property", "value": "me"}}
    refused = town.patch(f"{ENTITIES}/{ROOM}1/attrs", json=other, headers=acme)
    assert "is not granted to you for the attribute" in problem(refused, 403, "about:blank")
    hidden = town.patch(f"{ENTITIES}/{ROOM}3/attrs", json=patch, headers=acme)
    absent = town.patch(f"{ENTITIES}/{ROOM}9/attrs", json=patch, headers=acme)
    assert problem(hidden, 404, "ResourceNotFound").replace("Room:3", "Room:9") == problem(
        absent, 404, "ResourceNotFound"
    )
    away = {"location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [140, 36]}}}
    assert town.patch(f"{ENTITIES}/{ROOM}1/attrs", json=away, headers=acme).status_code == 403
    assert town.delete(f"{ENTITIES}/{ROOM}1", headers=acme).status_code == 403
    batch = [{"id": f"{ROOM}{number}", "type": "Room", **patch} for number in (2, 3)]
    answer = town.post("/ngsi-ld/v1/entityOperations/update", json=batch, headers=acme)
    assert answer.status_code == 207
    assert answer.json()["success"] == [f"{ROOM}2"]
    assert answer.json()["errors"][0]["error"]["status"] == 404
    rooms = town.get(ENTITIES, params={"type": "Room", "options": "keyValues"}).json()
    assert [one["temperature"] for one in rooms] == [99, 99, 30, 40]


def test_who_may_delete_deletes_no_more(town: httpx.Client, partners: Partners) -> None:
    acme = partners.add("acme", Role.SERVICE)
    partners.grant("acme", READ, DELETE, types=("Room",), area=HERE)
    assert town.delete(ENTITIES, params={"local": "true"}, headers=acme).status_code == 204
    left = town.get(ENTITIES, params={"local": "true"}).json()
    assert [one["id"] for one in left] == ["urn:ngsi-ld:Car:1", f"{ROOM}3", f"{ROOM}4"]
    assert town.delete(f"{ENTITIES}/{ROOM}3", headers=acme).status_code == 404


def test_grants_are_made_shown_changed_and_taken_back(town: httpx.Client, partners: Partners) -> None:
    acme = partners.add("acme")
    order = {"organisation": "acme", "operations": ["read"], "types": ["Room"], "area": HERE, "label": "test"}
    made = town.post("/api/v1/grants", json=order)
    assert made.status_code == 201, made.text
    grant = made.json()
    assert {name: grant[name] for name in order} == order
    assert made.headers["Location"] == f"/api/v1/grants/{grant['id']}"
    assert "warnings" not in grant
    assert len(town.get(ENTITIES, params={"type": "Room"}, headers=acme).json()) == 2
    terms = {"operations": ["read"], "types": ["Boat"], "validUntil": "2099-01-01T00:00:00Z"}
    changed = town.put(made.headers["Location"], json=terms).json()
    assert changed["types"] == ["Boat"]
    assert "area" not in changed
    assert changed["warnings"] == [
        "there is no entity of the type https://uri.etsi.org/ngsi-ld/default-context/Boat in this tenant yet:"
        " is its @context the right one?"
    ]
    assert town.get(ENTITIES, params={"type": "Room"}, headers=acme).json() == []
    assert [one["id"] for one in town.get("/api/v1/grants").json()["grants"]] == [grant["id"]]
    assert town.delete(made.headers["Location"]).status_code == 204
    assert town.get(ENTITIES, params={"type": "Room"}, headers=acme).status_code == 403
    assert town.get(made.headers["Location"]).status_code == 404


@pytest.mark.parametrize(
    ("order", "pointer"),
    [
        ({"operations": ["read"]}, None),
        ({"organisation": "acme", "key": "abcdefgh", "operations": ["read"]}, None),
        ({"organisation": "nobody", "operations": ["read"]}, "/organisation"),
        ({"key": "abcdefgh", "operations": ["read"]}, "/key"),
        ({"organisation": "public", "operations": []}, None),
        ({"organisation": "public", "operations": ["fly"]}, None),
        ({"organisation": "public", "operations": ["read"], "scopes": ")("}, "/scopes"),
        ({"organisation": "public", "operations": ["read"], "area": {"type": "Point"}}, "/area/type"),
        ({"organisation": "public", "operations": ["read"], "validFrom": "soon"}, "/validFrom"),
        ({"organisation": "public", "operations": ["read"], "role": "administrator"}, None),
    ],
)
def test_a_wrong_grant_is_refused(api: httpx.Client, order: Any, pointer: str | None) -> None:
    refused = api.post("/api/v1/grants", json=order)
    problem(refused, 400, "BadRequestData")
    assert refused.json().get("pointer") == pointer
    assert api.get("/api/v1/grants").json() == {"grants": []}


def test_what_is_personal_is_marked_by_type(town: httpx.Client, partners: Partners) -> None:
    acme = partners.add("acme")
    partners.grant("acme", READ)
    assert "guest" in town.get(f"{ENTITIES}/{ROOM}1", headers=acme).json()
    path = "/api/v1/type-policies/Room"
    assert town.get(path).json()["personal"] == []
    assert town.put(path, json={"personal": ["guest"]}).json()["personal"] == ["guest"]
    assert "guest" not in town.get(f"{ENTITIES}/{ROOM}1", headers=acme).json()
    assert "guest" in town.get(f"{ENTITIES}/{ROOM}1").json()
    assert [one["type"] for one in town.get("/api/v1/type-policies").json()["types"]] == ["Room"]
    assert town.put(path, json={"personal": []}).json()["personal"] == []
    assert "guest" in town.get(f"{ENTITIES}/{ROOM}1", headers=acme).json()


def explain(town: httpx.Client, method: str, path: str, key: str | None = None, **more: Any) -> Any:
    question = {"request": {"method": method, "path": path, **more}} | ({} if key is None else {"key": key})
    answer = town.post("/api/v1/access/explain", json=question)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_why_something_is_allowed_or_not_is_told_and_not_done(town: httpx.Client, partners: Partners) -> None:
    acme = partners.add("acme", Role.SERVICE)
    prefix = acme["Authorization"].split("_")[1]
    area = partners.grant("acme", READ, types=("Room",), attributes=("temperature", "location"), area=HERE)
    write = partners.grant("acme", WRITE, types=("Room",))
    partners.mark_personal("Room", "guest")

    told = explain(town, "GET", f"{ENTITIES}/{ROOM}1", prefix)
    assert (told["allowed"], told["grants"], sorted(told["hidden"])) == (True, [area], ["guest", "next"])
    told = explain(town, "GET", f"{ENTITIES}/{ROOM}3", prefix)
    assert (told["allowed"], told["status"]) == (False, 404)
    assert (
        f"grant {area} is not about {ROOM}3: the entity's location is not in the area, or it has none"
        in (told["reasons"])
    )
    told = explain(town, "GET", f"{ENTITIES}?type=Room&q=guest;temperature>1", prefix)
    assert (told["operation"], told["grants"], told["hidden"]) == ("queryEntities", [area], ["guest"])
    told = explain(town, "GET", f"{ENTITIES}?type=Car", prefix)
    assert told["reasons"][-1] == "no grant is about entities of this type: the answer is empty"
    assert [(one["code"], one.get("grant"), one.get("why")) for one in told["steps"][-3:]] == [
        ("grantNotAbout", area, ["type"]),
        ("grantNotAbout", write, ["operation", "type"]),
        ("typeNotGranted", None, None),
    ]
    told = explain(town, "DELETE", f"{ENTITIES}/{ROOM}1", prefix)
    assert (told["allowed"], told["status"]) == (False, 403)
    body = {"id": f"{ROOM}9", "type": "Room", "temperature": {"type": "Property", "value": 1}}
    told = explain(town, "POST", ENTITIES, prefix, body=body)
    assert (told["allowed"], told["grants"]) == (True, [write])
    assert town.get(f"{ENTITIES}/{ROOM}9").status_code == 404
    told = explain(town, "POST", ENTITIES, prefix, body=body | {"guest": {"type": "Property", "value": 1}})
    assert (told["allowed"], told["status"]) == (False, 403)
    told = explain(town, "GET", f"{ENTITIES}?type=Room")
    assert (told["principal"]["role"], told["allowed"], told["status"]) == ("anonymous", False, 401)
    told = explain(town, "GET", "/api/v1/grants", prefix)
    assert told["reasons"] == ["This needs the permission grants, which the role service does not have"]
    assert explain(town, "GET", "/api/v1/nothing", prefix)["status"] == 404
    partners.revoke("acme")
    assert explain(town, "GET", f"{ENTITIES}/{ROOM}1", prefix)["status"] == 401
    told = explain(town, "GET", f"{ENTITIES}/{ROOM}1", prefix)
    assert [(one["code"], one["ok"]) for one in told["steps"]] == [("keyVoid", False)]
    unknown = {"key": "zzzzzzzz", "request": {"method": "GET", "path": ENTITIES}}
    problem(town.post("/api/v1/access/explain", json=unknown), 400, "BadRequestData")


def why(town: httpx.Client, holder: Any, method: str, path: str, **more: Any) -> tuple[bool, list[str]]:
    question = {**holder, "request": {"method": method, "path": path, **more}}
    answer = town.post("/api/v1/access/explain", json=question)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["reasons"] == [one["text"] for one in told["steps"]]
    return told["allowed"], [one["code"] for one in told["steps"]]


def test_steps_have_codes_and_organisations_are_asked_about(town: httpx.Client, partners: Partners) -> None:
    partners.add("acme")
    acme = {"organisation": "acme"}
    assert why(town, acme, "GET", f"{ENTITIES}?type=Room") == (False, ["permission", "nothingGranted"])
    granted = partners.grant("acme", READ, Operation.SUBSCRIBE, types=("Room",), attributes=("temperature",))
    assert why(town, acme, "GET", f"{ENTITIES}?type=Room&attrs=temperature,guest") == (
        True,
        ["permission", "grant", "grantApplies", "grantedEntities", "attributeNotGranted"],
    )
    assert why(town, acme, "GET", f"{ENTITIES}/{ROOM}404") == (
        False,
        ["permission", "grant", "entityMissing"],
    )
    assert why(town, acme, "DELETE", f"{ENTITIES}/{ROOM}1") == (False, ["noPermission"])
    watching = {
        "type": "Subscription",
        "entities": [{"type": "Car"}],
        "notification": {"endpoint": {"uri": "https://acme.example/"}},
    }
    codes = ["permission", "grant", "grantNotAbout", "typeNotGranted"]
    assert why(town, acme, "POST", "/ngsi-ld/v1/subscriptions", body=watching) == (True, codes)
    watching["entities"] = [{"type": "Room"}]
    codes = ["permission", "grant", "grantApplies", "grantedEntities"]
    assert why(town, acme, "POST", "/ngsi-ld/v1/subscriptions", body=watching) == (True, codes)
    service = acme | {"role": "service"}
    body = {"id": f"{ROOM}9", "type": "Room"}
    codes = ["permission", "grant", "grantNotAbout", "nothingGranted"]
    assert why(town, service, "POST", ENTITIES, body=body) == (False, codes)
    told = town.put(
        f"/api/v1/grants/{granted}", json={"operations": ["read"], "validUntil": "2020-01-01T00:00:00Z"}
    )
    assert told.status_code == 200, told.text
    question = acme | {"request": {"method": "GET", "path": ENTITIES}}
    steps = town.post("/api/v1/access/explain", json=question).json()["steps"]
    assert steps[-2]["why"] == ["ended"]
    assert steps[-1] == {**steps[-1], "code": "nothingGranted", "operation": "read", "ok": False}
    assert why(town, {"organisation": "public"}, "GET", ENTITIES)[1][-1] == "nothingGranted"
    assert town.patch("/api/v1/organisations/acme", json={"disabled": True}).status_code == 200
    assert why(town, acme, "GET", ENTITIES) == (False, ["organisationDisabled"])
    asked = {"request": {"method": "GET", "path": ENTITIES}}
    for wrong in ({"organisation": "nobody"}, acme | {"key": "abcdefgh"}, {"role": "staff"}):
        problem(town.post("/api/v1/access/explain", json=asked | wrong), 400, "BadRequestData")
