"""The outward face: it shows what is granted, has no way to write, and could not if it had one."""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import psycopg
import pytest

from context_api.http.app import create_app
from context_api.http.openapi import build_openapi
from context_api.http.settings import ApiSettings
from context_api.ngsild.changes import CreateEntity
from context_api.ngsild.model import Entity
from context_api.notifications.outbound import OutboundPolicy, OutboundRefused
from context_api.store.database import open_database, read_only
from context_api.store.errors import StoreError
from context_api.store.roles import OUTWARD, make_login
from context_api.store.store import Store
from tests.integration.http.conftest import Serve, concrete_path

ROOM = "urn:ngsi-ld:Room:1"
TYPE = "https://uri.etsi.org/ngsi-ld/default-context/Room"
_LOGIN = "machi_test_showing"


@pytest.fixture
def showing_url(database_url: str) -> Iterator[str]:
    """The login that the outward face has."""
    url = make_login(database_url, OUTWARD, _LOGIN, "of the outward face")
    assert url is not None
    yield url


@pytest.fixture
def outward(settings: ApiSettings, serve: Serve, showing_url: str) -> httpx.Client:
    """The outward face of a town in which rooms are open data."""
    within = serve(replace(settings))
    room = {"id": ROOM, "type": "Room", "name": {"type": "Property", "value": "Library"}}
    house = {"id": "urn:ngsi-ld:House:1", "type": "House", "name": {"type": "Property", "value": "Private"}}
    for entity in (room, house):
        assert within.post("/ngsi-ld/v1/entities", json=entity).status_code == 201
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute(
            "insert into machi.access_grant (tenant_id, organisation_id, operations, types)"
            " select t.id, o.id, array['read', 'history'], array[%s]"
            " from machi.tenant t, machi.organisation o where t.name = 'default' and o.name = 'public'",
            [TYPE],
        )
    return serve(replace(settings, database_url=showing_url, outward=True, auth=True, redis_url=None))


def test_it_shows_what_is_open_and_nothing_else(outward: httpx.Client) -> None:
    assert outward.get(f"/ngsi-ld/v1/entities/{ROOM}").json()["name"]["value"] == "Library"
    listed = outward.get("/ngsi-ld/v1/entities?type=Room,House").json()
    assert [entity["id"] for entity in listed] == [ROOM]
    assert outward.get("/ngsi-ld/v1/entities/urn:ngsi-ld:House:1").status_code == 404
    assert outward.get("/ngsi-ld/v1/types").json()["typeList"] == ["Room"]
    asked = {"type": "Query", "entities": [{"type": "Room"}]}
    queried = outward.post("/ngsi-ld/v1/entityOperations/query", json=asked)
    assert [entity["id"] for entity in queried.json()] == [ROOM]
    assert outward.get("/healthz").status_code == 200
    assert outward.get("/docs").status_code == 200


def test_every_route_that_writes_is_not_there(settings: ApiSettings, outward: httpx.Client, key: str) -> None:
    """With an administrator's key: 404 or 405, whatever the permission."""
    whole = build_openapi(create_app(settings).routes, "0")
    shown = outward.get("/openapi.json").json()
    hidden = [
        (method, concrete_path(path, operation))
        for path, methods in whole["paths"].items()
        for method, operation in methods.items()
        if method in ("get", "post", "put", "patch", "delete") and method not in shown["paths"].get(path, {})
    ]
    assert len(hidden) > 100
    for method, path in hidden:
        response = outward.request(method, path, headers={"Authorization": f"Bearer {key}"}, content=b"{}")
        assert response.status_code in (404, 405), f"{method} {path}: {response.status_code}"


def test_what_it_has_reads(outward: httpx.Client) -> None:
    document = outward.get("/openapi.json").json()
    posts = {
        operation["operationId"]
        for methods in document["paths"].values()
        for method, operation in methods.items()
        if method in ("post", "put", "patch", "delete")
    }
    assert posts <= {"queryEntitiesByPost", "queryTemporalByPost", "queryHistory", "createStreamTicket"}


def test_a_key_opens_what_it_opens_within(outward: httpx.Client, key: str) -> None:
    response = outward.get("/ngsi-ld/v1/entities?type=House", headers={"Authorization": f"Bearer {key}"})
    assert [entity["id"] for entity in response.json()] == ["urn:ngsi-ld:House:1"]


@pytest.mark.parametrize("with_rights", [False, True])
def test_its_code_could_not_write(database_url: str, showing_url: str, with_rights: bool) -> None:
    """Neither by its user, nor, had it the owner's, by its session."""
    database = open_database(read_only(database_url) if with_rights else showing_url)
    store = Store(database)
    try:
        access = store.tenant("default")
        room = CreateEntity(entity_id=ROOM, entity=Entity(id=ROOM, types=(TYPE,), attributes={}))
        outcomes = []
        with pytest.raises((StoreError, AssertionError)):
            outcomes = store.apply(access, [room])
            assert outcomes[0].error is None
        with pytest.raises(StoreError), database.connection() as connection:
            connection.execute("delete from tenant")
        with pytest.raises(StoreError), database.connection() as connection:
            connection.execute("set default_transaction_read_only = off")
            connection.execute("delete from tenant" if not with_rights else "select 1 / 0")
    finally:
        database.close()


@pytest.mark.parametrize("url", ["https://example.org/", "http://127.0.0.1/", "http://[::1]/"])
def test_it_calls_nobody(url: str) -> None:
    with pytest.raises(OutboundRefused, match="calls nobody"):
        OutboundPolicy(is_closed=True).check(url)


def test_an_unknown_context_is_said_to_be_out_of_reach(outward: httpx.Client) -> None:
    relation = "http://www.w3.org/ns/json-ld#context"
    link = f'<https://example.org/c.jsonld>; rel="{relation}"; type="application/ld+json"'
    response = outward.get(f"/ngsi-ld/v1/entities/{ROOM}", headers={"Link": link})
    assert response.status_code == 504
    assert "calls nobody" in response.json()["detail"]


def test_logins_are_not_there(outward: httpx.Client) -> None:
    assert outward.post("/api/v1/session", json={"name": "x", "password": "y"}).status_code in (404, 405)
    cookie = {"Cookie": "machi-session=x; __Host-machi-session=y"}
    response = outward.get("/ngsi-ld/v1/entities?type=House", headers=cookie)
    assert response.json() == []
