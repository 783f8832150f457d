"""Replacing, merging and deleting entities and their attributes, through the API on a real database."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.integration.http.conftest import problem

ENTITIES = "/ngsi-ld/v1/entities"
ROOM_ID = "urn:ngsi-ld:Room:1"
ROOM_PATH = f"{ENTITIES}/{ROOM_ID}"
CORRECTED = "urn:ngsi-ld:Dataset:corrected"
NULL = "urn:ngsi-ld:null"
ROOM: dict[str, Any] = {
    "id": ROOM_ID,
    "type": "Room",
    "temperature": [
        {"type": "Property", "value": 18.5, "unitCode": "CEL", "observedAt": "2026-11-23T00:00:00Z"},
        {"type": "Property", "value": 18.1, "datasetId": CORRECTED},
    ],
    "name": {"type": "LanguageProperty", "languageMap": {"ja": "会議室", "en": "meeting room"}},
    "address": {"type": "Property", "value": {"city": "東村山市", "street": "本町", "floor": {"level": 2}}},
}
LD_JSON = {"Content-Type": "application/ld+json"}
MERGE_PATCH = {"Content-Type": "application/merge-patch+json"}


@pytest.fixture
def room(api: httpx.Client) -> httpx.Client:
    assert api.post(ENTITIES, json=ROOM).status_code == 201
    return api


def read(api: httpx.Client, options: str = "") -> Any:
    answer = api.get(f"{ROOM_PATH}?options={options}" if options else ROOM_PATH)
    assert answer.status_code == 200, answer.text
    return answer.json()


def soon(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_replace_keeps_nothing_but_created_at(room: httpx.Client) -> None:
    before = read(room, "sysAttrs")
    replacement = {"id": ROOM_ID, "type": "Hall", "name": "大会議室"}
    answer = room.put(ROOM_PATH, json=replacement)
    assert (answer.status_code, answer.content) == (204, b"")
    after = read(room, "sysAttrs")
    assert read(room, "keyValues") == replacement
    assert after["createdAt"] == before["createdAt"]
    assert after["modifiedAt"] > before["modifiedAt"]


def test_replace_checks_its_target_and_its_body(room: httpx.Client) -> None:
    assert room.put(ROOM_PATH, json={"type": "Room"}).status_code == 204
    detail = problem(room.put(ROOM_PATH, json={"id": "urn:a:2", "type": "Room"}), 400, "BadRequestData")
    assert "urn:a:2" in detail
    problem(room.put(f"{ENTITIES}/urn:a:2", json={"type": "Room"}), 404, "ResourceNotFound")
    problem(room.put(f"{ROOM_PATH}?type=Hall", json={"type": "Room"}), 404, "ResourceNotFound")
    problem(room.put(ROOM_PATH, json={"type": "Room", "name": NULL}), 400, "BadRequestData")
    problem(room.put(ROOM_PATH, json={"name": "x"}), 400, "BadRequestData")
    problem(room.put(ROOM_PATH, json=[]), 400, "InvalidRequest")
    for method in ("PUT", "PATCH"):
        assert "id is missing" in problem(
            room.request(method, f"{ENTITIES}/", json={"type": "Room"}), 400, "BadRequestData"
        )


def test_merge_goes_to_any_depth(room: httpx.Client) -> None:
    fragment = {
        "address": {"value": {"street": NULL, "floor": {"level": 3}}},
        "name": {"languageMap": {"en": NULL, "fr": "salle"}},
        "temperature": {"value": 19.0},
        "open": True,
    }
    assert room.patch(ROOM_PATH, json=fragment, headers=MERGE_PATCH).status_code == 204
    found = read(room)
    assert found["address"]["value"] == {"city": "東村山市", "floor": {"level": 3}}
    assert found["name"]["languageMap"] == {"ja": "会議室", "fr": "salle"}
    assert found["temperature"][0] == {**ROOM["temperature"][0], "value": 19.0}
    assert found["temperature"][1] == ROOM["temperature"][1]
    assert found["open"] == {"type": "Property", "value": True}


def test_merge_removes_by_null(room: httpx.Client) -> None:
    fragment = {"temperature": {"type": "Property", "value": NULL, "datasetId": CORRECTED}, "address": NULL}
    assert room.patch(ROOM_PATH, json=fragment).status_code == 204
    found = read(room)
    assert found["temperature"] == ROOM["temperature"][0]
    assert "address" not in found


def test_merge_of_values_alone(room: httpx.Client) -> None:
    query = "options=keyValues&lang=fr&observedAt=2026-11-23T01:00:00Z"
    assert room.patch(f"{ROOM_PATH}?{query}", json={"temperature": 20, "name": "salle"}).status_code == 204
    found = read(room)
    assert found["temperature"][0] == {
        "type": "Property",
        "value": 20,
        "unitCode": "CEL",
        "observedAt": "2026-11-23T01:00:00Z",
    }
    assert found["name"]["languageMap"] == {"ja": "会議室", "en": "meeting room", "fr": "salle"}
    assert room.patch(f"{ROOM_PATH}?format=simplified", json={"temperature": 21}).status_code == 204
    assert read(room)["temperature"][0]["observedAt"] == "2026-11-23T01:00:00Z"


def test_merge_checks_its_parameters(room: httpx.Client) -> None:
    for query in ("lang=%20x", "observedAt=yesterday", "observedAt=2026-11-23T01:00:00%2B09:00"):
        problem(room.patch(f"{ROOM_PATH}?{query}", json={"open": True}), 400, "BadRequestData")
    for query in ("options=sysAttrs", "options=temporalValues", "format=x", "attrs=open"):
        problem(room.patch(f"{ROOM_PATH}?{query}", json={"open": True}), 400, "InvalidRequest")
    problem(room.patch(ROOM_PATH, json={}), 400, "BadRequestData")
    problem(room.patch(f"{ROOM_PATH}?type=Hall", json={"open": True}), 404, "ResourceNotFound")
    assert room.patch(f"{ROOM_PATH}?type=Hall,Room", json={"open": True}).status_code == 204


def test_partial_update_leaves_other_members(room: httpx.Client) -> None:
    path = f"{ROOM_PATH}/attrs/temperature"
    assert room.patch(path, json={"value": 20.5}).status_code == 204
    assert room.patch(path, json={"value": 17, "datasetId": CORRECTED}).status_code == 204
    assert room.patch(path, json={"unitCode": NULL}, headers=MERGE_PATCH).status_code == 204
    expected = {"type": "Property", "value": 20.5, "observedAt": "2026-11-23T00:00:00Z"}
    assert read(room)["temperature"] == [expected, {**ROOM["temperature"][1], "value": 17}]


@pytest.mark.parametrize(
    ("path", "document", "status", "kind"),
    [
        ("temperature", {"type": "Relationship", "object": "urn:a:1"}, 400, "BadRequestData"),
        ("temperature", {}, 400, "BadRequestData"),
        ("temperature", {"value": 1, "datasetId": "urn:a:unknown"}, 404, "ResourceNotFound"),
        ("temperature", {"value": 1, "datasetId": NULL}, 400, "BadRequestData"),
        ("humidity", {"value": 1}, 404, "ResourceNotFound"),
        ("scope", {"value": 1}, 400, "BadRequestData"),
        ("temperature?type=Hall", {"value": 1}, 404, "ResourceNotFound"),
        ("temperature?attrs=x", {"value": 1}, 400, "InvalidRequest"),
    ],
)
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_attributes_that_cannot_be_written(  # noqa: PLR0917 - the table's columns
    room: httpx.Client, method: str, path: str, document: dict[str, Any], status: int, kind: str
) -> None:
    if method == "PUT" and "type" in document:
        document, status, kind = {"type": "Property"}, 400, "BadRequestData"
    problem(room.request(method, f"{ROOM_PATH}/attrs/{path}", json=document), status, kind)
    assert read(room) == ROOM


def test_replace_of_an_attribute(room: httpx.Client) -> None:
    path = f"{ROOM_PATH}/attrs/temperature"
    before = read(room, "sysAttrs")["temperature"]
    assert room.put(path, json={"type": "Property", "value": 20}).status_code == 204
    after = read(room, "sysAttrs")["temperature"]
    assert after[1] == before[1]
    assert after[0].keys() == {"type", "value", "createdAt", "modifiedAt"}
    assert after[0]["createdAt"] == before[0]["createdAt"]
    assert after[0]["modifiedAt"] > before[0]["modifiedAt"]
    both = [{"type": "Property", "value": 1}, {"type": "Property", "value": 2, "datasetId": CORRECTED}]
    assert room.put(path, json=both).status_code == 204
    assert [one["value"] for one in read(room)["temperature"]] == [1, 2]
    assert room.put(path, json=3).status_code == 204
    assert read(room)["temperature"][0]["value"] == 3


def test_an_attribute_in_its_own_context(room: httpx.Client) -> None:
    context = {"temperature": "https://uri.etsi.org/ngsi-ld/default-context/name"}
    path = f"{ROOM_PATH}/attrs/temperature"
    body = {"@context": context, "languageMap": {"ja": "部屋"}}
    assert room.patch(path, json=body, headers=LD_JSON).status_code == 204
    assert read(room)["name"]["languageMap"] == {"ja": "部屋"}
    problem(room.patch(path, json=body), 400, "BadRequestData")
    problem(room.put(path, json=[{"value": 1}], headers=LD_JSON), 400, "BadRequestData")


def test_append_without_overwriting(room: httpx.Client) -> None:
    fragment = {"name": "other", "open": True, "temperature": {"value": 1, "datasetId": "urn:a:new"}}
    answer = room.post(f"{ROOM_PATH}/attrs?options=noOverwrite", json=fragment)
    assert answer.status_code == 207
    result = answer.json()
    assert sorted(result["updated"]) == ["open", "temperature"]
    assert [one["attributeName"] for one in result["notUpdated"]] == ["name"]
    assert read(room)["name"] == ROOM["name"]
    document = {"@context": {"n": "https://uri.etsi.org/ngsi-ld/default-context/name"}, "n": "other"}
    answer = room.post(f"{ROOM_PATH}/attrs?options=noOverwrite", json=document, headers=LD_JSON)
    names = [one["attributeName"] for one in answer.json()["notUpdated"]]
    assert names == ["https://uri.etsi.org/ngsi-ld/default-context/name"]


def test_delete_one_instance_or_all(room: httpx.Client) -> None:
    path = f"{ROOM_PATH}/attrs/temperature"
    problem(room.delete(f"{path}?datasetId=urn:a:unknown"), 404, "ResourceNotFound")
    problem(room.delete(f"{path}?datasetId={CORRECTED}&deleteAll=true"), 400, "BadRequestData")
    problem(room.delete(f"{path}?type=Hall"), 404, "ResourceNotFound")
    assert room.delete(f"{path}?datasetId={CORRECTED}").status_code == 204
    assert read(room)["temperature"] == ROOM["temperature"][0]
    assert room.put(ROOM_PATH, json=ROOM).status_code == 204
    assert room.delete(path).status_code == 204
    assert read(room)["temperature"] == ROOM["temperature"][1]
    problem(room.delete(path), 404, "ResourceNotFound")
    assert room.delete(f"{path}?deleteAll=true").status_code == 204
    assert "temperature" not in read(room)


def test_delete_the_scope(room: httpx.Client) -> None:
    problem(room.delete(f"{ROOM_PATH}/attrs/scope"), 404, "ResourceNotFound")
    assert room.post(f"{ROOM_PATH}/attrs", json={"scope": "/Tokyo"}).status_code == 204
    assert read(room)["scope"] == "/Tokyo"
    assert room.delete(f"{ROOM_PATH}/attrs/scope").status_code == 204
    assert read(room) == ROOM


def test_entities_end_at_their_time(api: httpx.Client) -> None:
    """At once for readers, without anybody having cleaned up; the id is free again."""
    ends = soon(3)
    assert api.post(ENTITIES, json={**ROOM, "expiresAt": ends}).status_code == 201
    assert read(api) == ROOM
    assert read(api, "sysAttrs")["expiresAt"] == ends
    time.sleep(3.05)
    problem(api.get(ROOM_PATH), 404, "ResourceNotFound")
    problem(api.patch(ROOM_PATH, json={"open": True}), 404, "ResourceNotFound")
    assert api.post(ENTITIES, json=ROOM).status_code == 201


def test_attributes_end_at_their_time(api: httpx.Client) -> None:
    def transient(value: int) -> dict[str, Any]:
        return {"type": "Property", "value": value, "expiresAt": ends}

    ends = soon(4)
    attributes = {name: transient(1) for name in ("replaced", "updated", "merged")}
    assert api.post(ENTITIES, json={"id": ROOM_ID, "type": "Room", **attributes}).status_code == 201
    assert api.patch(f"{ROOM_PATH}/attrs", json={"replaced": 2}).status_code == 204
    assert api.patch(f"{ROOM_PATH}/attrs/updated", json={"value": 2}).status_code == 204
    assert api.patch(ROOM_PATH, json={"merged": {"value": 2}}).status_code == 204
    assert read(api, "keyValues").keys() == {"id", "type", *attributes}
    time.sleep(4.05)
    assert read(api, "keyValues") == {"id": ROOM_ID, "type": "Room", "replaced": 2}
    problem(api.patch(f"{ROOM_PATH}/attrs/merged", json={"value": 3}), 404, "ResourceNotFound")


def test_an_expiry_comes_goes_and_lies_in_the_past(room: httpx.Client) -> None:
    assert room.patch(ROOM_PATH, json={"expiresAt": soon(60)}).status_code == 204
    assert "expiresAt" in read(room, "sysAttrs")
    assert room.patch(ROOM_PATH, json={"expiresAt": NULL}).status_code == 204
    assert "expiresAt" not in read(room, "sysAttrs")
    for write in (room.post, room.patch):
        assert write(f"{ROOM_PATH}/attrs", json={"expiresAt": soon(90)}).status_code == 204
        assert "expiresAt" in read(room, "sysAttrs")
    assert room.patch(ROOM_PATH, json={"expiresAt": "2020-01-01T00:00:00Z"}).status_code == 204
    problem(room.get(ROOM_PATH), 404, "ResourceNotFound")
    assert room.post(ENTITIES, json={**ROOM, "expiresAt": "2020-01-01T00:00:00Z"}).status_code == 201
    problem(room.get(ROOM_PATH), 404, "ResourceNotFound")
    problem(room.post(ENTITIES, json={**ROOM, "expiresAt": "soon"}), 400, "BadRequestData")
