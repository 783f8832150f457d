"""Entities through the API on a real database."""

from urllib.parse import quote

import httpx
import pytest

from tests.integration.http.conftest import problem

ROOM = {
    "id": "urn:ngsi-ld:Room:1",
    "type": "Room",
    "temperature": {
        "type": "Property",
        "value": 18.5,
        "unitCode": "CEL",
        "observedAt": "2026-11-23T00:00:00Z",
    },
    "name": {"type": "Property", "value": "会議室"},
}
ENTITIES = "/ngsi-ld/v1/entities"
ROOM_PATH = f"{ENTITIES}/urn:ngsi-ld:Room:1"
CORE_LINK = (
    "<https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld>; "
    'rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
)
CITY_LINK = CORE_LINK.replace(
    "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld", "/ngsi-ld/v1/jsonldContexts/city"
)


@pytest.fixture
def room(api: httpx.Client) -> httpx.Client:
    assert api.post(ENTITIES, json=ROOM).status_code == 201
    return api


def test_create_and_retrieve(api: httpx.Client) -> None:
    answer = api.post(ENTITIES, json=ROOM)
    assert answer.status_code == 201
    assert answer.headers["location"] == ROOM_PATH
    assert answer.content == b""
    found = api.get(ROOM_PATH)
    assert found.status_code == 200
    assert found.headers["content-type"] == "application/json"
    assert found.headers["link"] == CORE_LINK
    assert found.json() == ROOM
    assert "already" in problem(api.post(ENTITIES, json=ROOM), 409, "AlreadyExists")


def test_with_and_without_a_trailing_slash(room: httpx.Client) -> None:
    assert room.get(f"{ENTITIES}/?type=Room").json() == [ROOM]
    assert room.get(f"{ROOM_PATH}/").json() == ROOM
    assert room.patch(f"{ROOM_PATH}/attrs/", json={"name": "x"}).status_code == 204
    assert room.get("/ngsi-ld/v1/types/").json()["typeList"] == ["Room"]


@pytest.mark.parametrize("entity_id", ["http://example.org/rooms/1?a=b#c", "urn:部屋:1", "urn:a:%2F"])
def test_ids_are_any_uri(api: httpx.Client, entity_id: str) -> None:
    created = api.post(ENTITIES, json={"id": entity_id, "type": "Room"})
    assert created.status_code == 201
    assert api.get(created.headers["location"]).json()["id"] == entity_id
    path = f"{ENTITIES}/{quote(entity_id, safe='')}"
    assert api.get(path).json()["id"] == entity_id
    assert api.delete(path).status_code == 204
    problem(api.get(path), 404, "ResourceNotFound")


def test_representations(room: httpx.Client) -> None:
    simple = {"id": ROOM["id"], "type": "Room", "temperature": 18.5, "name": "会議室"}
    assert room.get(f"{ROOM_PATH}?options=keyValues").json() == simple
    assert room.get(f"{ROOM_PATH}?format=simplified").json() == simple
    concise = room.get(f"{ROOM_PATH}?options=concise").json()
    assert concise["name"] == "会議室"
    assert concise["temperature"] == {"value": 18.5, "unitCode": "CEL", "observedAt": "2026-11-23T00:00:00Z"}
    with_times = room.get(f"{ROOM_PATH}?options=sysAttrs").json()
    assert with_times["createdAt"] == with_times["modifiedAt"]
    assert with_times["temperature"]["createdAt"] == with_times["createdAt"]


def test_ld_json_carries_its_context(api: httpx.Client) -> None:
    document = {**ROOM, "@context": [{"Room": "https://example.org/Room"}]}
    ld_json = {"Content-Type": "application/ld+json"}
    assert api.post(ENTITIES, json=document, headers=ld_json).status_code == 201
    assert api.get(ROOM_PATH).json()["type"] == "https://example.org/Room"
    found = api.get(ROOM_PATH, headers={"Accept": "application/ld+json"})
    assert found.headers["content-type"] == "application/ld+json"
    assert "link" not in found.headers
    assert found.json()["@context"].endswith("ngsi-ld-core-context-v1.9.jsonld")


def test_the_city_context_is_built_in(api: httpx.Client) -> None:
    document = {"id": "urn:a:1", "type": "AirQualityObserved", "pm25": 9.5}
    assert api.post(ENTITIES, json=document, headers={"Link": CITY_LINK}).status_code == 201
    assert "pm25" not in api.get(f"{ENTITIES}/urn:a:1").json()
    found = api.get(f"{ENTITIES}/urn:a:1?options=keyValues", headers={"Link": CITY_LINK})
    assert found.json() == document
    assert found.headers["link"] == CITY_LINK
    own = CITY_LINK.replace("</ngsi-ld", f"<{api.base_url}/ngsi-ld")
    assert api.get(f"{ENTITIES}/urn:a:1?options=keyValues", headers={"Link": own}).json() == document


@pytest.mark.parametrize(
    ("headers", "document", "part"),
    [
        (
            {"Content-Type": "application/json"},
            {**ROOM, "@context": {}},
            "needs Content-Type application/ld+json",
        ),
        ({"Content-Type": "application/ld+json"}, ROOM, "needs an @context"),
        ({"Content-Type": "application/ld+json", "Link": CORE_LINK}, {**ROOM, "@context": {}}, "not in Link"),
        ({"Link": f"{CORE_LINK}, {CITY_LINK}"}, ROOM, "more than one"),
        ({"Link": CORE_LINK.replace("https://uri", "ftp://uri")}, ROOM, "no http or https URL"),
    ],
)
def test_a_context_in_the_wrong_place_is_refused(
    api: httpx.Client, headers: dict[str, str], document: dict[str, object], part: str
) -> None:
    assert part in problem(api.post(ENTITIES, json=document, headers=headers), 400, "BadRequestData")


def test_queries(room: httpx.Client) -> None:
    for number in range(2, 6):
        kind = "Room" if number % 2 else ["Room", "Office"]
        document = {"id": f"urn:ngsi-ld:Room:{number}", "type": kind, "level": number}
        assert room.post(ENTITIES, json=document).status_code == 201

    def ids(query: str) -> list[str]:
        answer = room.get(f"{ENTITIES}?{query}")
        assert answer.status_code == 200, answer.text
        return [each["id"][-1] for each in answer.json()]

    assert ids("type=Room") == ["1", "2", "3", "4", "5"]
    assert ids("type=Office;Room") == ["2", "4"]
    assert ids("type=Office,Nothing") == ["2", "4"]
    assert ids("type=Nothing") == []
    assert ids("type=*&idPattern=Room:[45]$") == ["4", "5"]
    assert ids("attrs=temperature") == ["1"]
    assert ids("type=Room&id=urn:ngsi-ld:Room:5,urn:ngsi-ld:Room:3") == ["3", "5"]
    assert ids("local=true") == ["1", "2", "3", "4", "5"]
    assert room.get(f"{ENTITIES}?type=Room&attrs=level&options=keyValues").json()[0] == {
        "id": "urn:ngsi-ld:Room:2",
        "type": ["Room", "Office"],
        "level": 2,
    }


def test_pages(room: httpx.Client) -> None:
    for number in range(2, 6):
        room.post(ENTITIES, json={"id": f"urn:ngsi-ld:Room:{number}", "type": "Room"})
    first = room.get(f"{ENTITIES}?type=Room&limit=2&count=true&options=keyValues")
    assert len(first.json()) == 2
    assert first.headers["ngsild-results-count"] == "5"
    assert first.headers["link"] == (
        f"{CORE_LINK}, </ngsi-ld/v1/entities?count=true&limit=2&offset=2&options=keyValues&type=Room>; "
        'rel="next"; type="application/json"'
    )
    last = room.get(f"{ENTITIES}?type=Room&limit=2&offset=4")
    assert [each["id"] for each in last.json()] == ["urn:ngsi-ld:Room:5"]
    assert 'offset=2&type=Room>; rel="prev"' in last.headers["link"]
    assert "next" not in last.headers["link"]
    nothing = room.get(f"{ENTITIES}?type=Room&limit=0&count=true")
    assert (nothing.json(), nothing.headers["ngsild-results-count"]) == ([], "5")


@pytest.mark.parametrize(
    ("query", "kind", "status"),
    [
        ("", "BadRequestData", 400),
        ("id=urn:a:1", "BadRequestData", 400),
        ("type=Room&id=nonsense", "BadRequestData", 400),
        ("type=Room&idPattern=[", "BadRequestData", 400),
        ("type=Room;", "BadRequestData", 400),
        ("type=Room&attrs=id", "BadRequestData", 400),
        ("type=Room&limit=5000", "TooManyResults", 403),
        ("type=Room&colour=red", "InvalidRequest", 400),
        ("type=Room&options=pretty", "InvalidRequest", 400),
    ],
)
def test_wrong_queries_are_refused(api: httpx.Client, query: str, kind: str, status: int) -> None:
    problem(api.get(f"{ENTITIES}?{query}"), status, kind)


def test_update_and_append(room: httpx.Client) -> None:
    update = {"temperature": {"value": 20}, "level": {"type": "Property", "value": 3}}
    assert room.patch(f"{ROOM_PATH}/attrs", json=update).status_code == 204
    simple = room.get(f"{ROOM_PATH}?options=keyValues").json()
    assert (simple["temperature"], simple["level"]) == (20, 3)
    merge_patch = {"Content-Type": "application/merge-patch+json"}
    assert room.patch(f"{ROOM_PATH}/attrs", json={"level": 4}, headers=merge_patch).status_code == 204
    partly = room.post(f"{ROOM_PATH}/attrs?options=noOverwrite", json={"level": 9, "colour": "red"})
    assert partly.status_code == 207
    assert partly.json()["updated"] == ["colour"]
    assert [each["attributeName"] for each in partly.json()["notUpdated"]] == ["level"]
    assert room.post(f"{ROOM_PATH}/attrs", json={"level": 9}).status_code == 204
    assert room.get(f"{ROOM_PATH}?options=keyValues").json()["level"] == 9
    problem(room.patch(f"{ENTITIES}/urn:none:1/attrs", json={"a": 1}), 404, "ResourceNotFound")
    problem(room.patch(f"{ROOM_PATH}/attrs?type=Office", json={"a": 1}), 404, "ResourceNotFound")
    problem(room.patch(f"{ROOM_PATH}/attrs", json={}), 400, "BadRequestData")


def test_delete(room: httpx.Client) -> None:
    problem(room.delete(f"{ROOM_PATH}/attrs/nothing"), 404, "ResourceNotFound")
    problem(room.delete(f"{ROOM_PATH}/attrs/id"), 400, "BadRequestData")
    problem(room.delete(f"{ROOM_PATH}/attrs/name?datasetId=urn:a:1&deleteAll=true"), 400, "BadRequestData")
    assert room.delete(f"{ROOM_PATH}/attrs/name").status_code == 204
    assert "name" not in room.get(ROOM_PATH).json()
    problem(room.delete(f"{ROOM_PATH}?type=Office"), 404, "ResourceNotFound")
    assert room.delete(ROOM_PATH).status_code == 204
    problem(room.get(ROOM_PATH), 404, "ResourceNotFound")
    problem(room.delete(ROOM_PATH), 404, "ResourceNotFound")


def test_tenants_do_not_see_each_other(room: httpx.Client) -> None:
    other = {"NGSILD-Tenant": "tokorozawa"}
    detail = problem(room.get(ROOM_PATH, headers=other), 404, "NonexistentTenant")
    assert "tokorozawa" in detail
    created = room.post(ENTITIES, json={**ROOM, "name": "よそ"}, headers=other)
    assert created.status_code == 201
    assert created.headers["ngsild-tenant"] == "tokorozawa"
    assert room.get(f"{ROOM_PATH}?options=keyValues", headers=other).json()["name"] == "よそ"
    assert room.get(f"{ROOM_PATH}?options=keyValues").json()["name"] == "会議室"
    assert room.delete(ROOM_PATH, headers=other).status_code == 204
    assert room.get(ROOM_PATH).status_code == 200
    wrong = room.get(ROOM_PATH, headers={"NGSILD-Tenant": "a b"})
    problem(wrong, 400, "BadRequestData")
    assert "ngsild-tenant" not in wrong.headers


def test_history(room: httpx.Client) -> None:
    for minute, value in ((1, 19.0), (2, 19.5), (3, 20.0)):
        observed = f"2026-11-23T00:0{minute}:00Z"
        update = {"temperature": {"value": value, "observedAt": observed, "unitCode": "CEL"}}
        assert room.patch(f"{ROOM_PATH}/attrs", json=update).status_code == 204
    temporal = "/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:Room:1"

    def values(query: str) -> list[list[object]]:
        answer = room.get(f"{temporal}?options=temporalValues&attrs=temperature&{query}")
        assert answer.status_code == 200, answer.text
        found: list[list[object]] = answer.json()["temperature"]["values"]
        return found

    assert values("") == [
        [18.5, "2026-11-23T00:00:00Z"],
        [19.0, "2026-11-23T00:01:00Z"],
        [19.5, "2026-11-23T00:02:00Z"],
        [20.0, "2026-11-23T00:03:00Z"],
    ]
    assert [value for value, _ in values("timerel=after&timeAt=2026-11-23T00:02:00Z")] == [19.5, 20.0]
    assert [value for value, _ in values("timerel=before&timeAt=2026-11-23T00:02:00Z")] == [18.5, 19.0]
    window = "timerel=between&timeAt=2026-11-23T00:01:00Z&endTimeAt=2026-11-23T00:03:00Z"
    assert [value for value, _ in values(window)] == [19.0, 19.5]
    assert [value for value, _ in values("lastN=2")] in ([19.5, 20.0], [20.0, 19.5])
    whole = room.get(f"{temporal}?options=sysAttrs&attrs=temperature").json()["temperature"]
    assert {each["type"] for each in whole} == {"Property"}
    assert len({each["instanceId"] for each in whole}) == 4
    problem(room.get(f"{temporal}?timerel=after"), 400, "BadRequestData")
    problem(room.get(f"{temporal}?timerel=after&timeAt=yesterday"), 400, "BadRequestData")
    [[average, since, _]] = room.get(f"{temporal}?aggrMethods=avg").json()["temperature"]["avg"]
    assert (average, since) == (19.25, "2026-11-23T00:00:00Z")
    problem(room.get("/ngsi-ld/v1/temporal/entities/urn:none:1"), 404, "ResourceNotFound")
