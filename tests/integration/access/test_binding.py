"""A credential never reads nor writes outside of its tenants, however the tenant is spelled."""

import socket
from typing import Any, NamedTuple

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from context_api.http.app import create_app
from context_api.http.settings import ApiSettings
from tests.integration.access.people import ENTITIES, House, prefix_of, sensor
from tests.integration.http.conftest import problem

TENANTS = ("default", "north", "South", "east.1")
SPELLINGS = (
    "{}",
    "{} x",
    "{},default",
    '"{}"',
    "{}%00",
    "%6eorth",
    "{}/",
    "../{}",
    "{}#",
    "ｎｏｒｔｈ",
    "",
)


class Reach(NamedTuple):
    """What a key opens."""

    key: str
    tenants: frozenset[str]


class Installation(NamedTuple):
    """Four tenants with an entity each, which says whose it is, and keys of any reach."""

    house: House
    keys: list[Reach]


@pytest.fixture
def town(house: House) -> Installation:
    house.tenant(*TENANTS[1:])
    for name in TENANTS:
        entity = {**sensor(), "value": {"type": "Property", "value": name}}
        assert house.call(house.root, "POST", ENTITIES, entity, tenant=name).status_code == 201
    keys = [Reach(house.root, frozenset(TENANTS))]
    for number, reach in enumerate((("default",), ("north",), ("north", "South"), ("South", "east.1"))):
        name = f"house-{number}"
        house.organisation(name, "town", *reach)
        keys.append(Reach(house.key(name, "administrator"), frozenset(reach)))
        keys.append(Reach(house.key(name, "administrator", reach[0]), frozenset(reach[:1])))
    return Installation(house, keys)


def attempt(
    town: Installation, key: str, sent: list[tuple[str, str]], route: tuple[str, str]
) -> httpx.Response:
    method, path = route
    body: Any = None
    if method in ("POST", "PATCH"):
        body = sensor("new") if path == ENTITIES else {"value": {"type": "Property", "value": "changed"}}
    headers = [(name.encode(), value.encode()) for name, value in sent]
    headers.append((b"Authorization", f"Bearer {key}".encode()))
    return town.house.api.request(method, path, json=body, headers=headers)


OWN_SECRETS = ("/api/v1/broker/auth", "/api/v1/session", "/api/v1/ingest/", "/iot/")
"""Doors that look at other credentials than keys; of these, pushing has a test of its own."""
ROUTES = (
    ("GET", f"{ENTITIES}?type=Sensor"),
    ("GET", f"{ENTITIES}/urn:ngsi-ld:Sensor:1"),
    ("GET", "/ngsi-ld/v1/temporal/entities?type=Sensor&timerel=after&timeAt=2020-01-01T00:00:00Z"),
    ("GET", "/ngsi-ld/v1/types?details=true"),
    ("PATCH", f"{ENTITIES}/urn:ngsi-ld:Sensor:1/attrs"),
)


def test_nobody_crosses(town: Installation) -> None:
    """Random keys, tenants, spellings and routes: what is answered is of a tenant that the key opens."""
    house = town.house

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        reach=st.sampled_from(town.keys),
        name=st.sampled_from(TENANTS) | st.text("nrothSNu.-_ea1", min_size=1, max_size=6),
        spelling=st.sampled_from(SPELLINGS),
        header=st.sampled_from(("NGSILD-Tenant", "ngsild-tenant", "NGSILD-TENANT", "nGsIlD-tEnAnT")),
        others=st.lists(st.sampled_from(TENANTS), max_size=1),
        route=st.sampled_from(ROUTES),
        trick=st.sampled_from(("", "?tenant={}", "X-NGSILD-Tenant", "Fiware-Service", "NGSILD_Tenant")),
    )
    def tries(  # noqa: PLR0917 - what is drawn
        reach: Reach,
        name: str,
        spelling: str,
        header: str,
        others: list[str],
        route: tuple[str, str],
        trick: str,
    ) -> None:
        sent = [(header, spelling.format(name)), *((header, other) for other in others)]
        if trick and not trick.startswith("?"):
            sent = [(trick, name), *sent[1:]]
        answer = attempt(town, reach.key, sent, route)
        if answer.status_code >= 400:
            assert answer.status_code in (400, 403, 404), answer.text
            if answer.status_code == 404:  # unknown tenants are told to who opens every one
                assert reach.key == house.root
            return
        opened = answer.headers.get("NGSILD-Tenant", "default")
        assert opened in reach.tenants
        for other in TENANTS:
            assert other == opened or f'"{other}"' not in answer.text

    tries()
    # Nothing was written where it was not allowed
    for name in TENANTS:
        found = house.call(house.root, "GET", f"{ENTITIES}/urn:ngsi-ld:Sensor:1", tenant=name).json()
        assert found["value"]["value"] in (name, "changed")


def test_a_tenant_outside_is_refused_whether_it_exists_or_not(town: Installation) -> None:
    bound = next(one for one in town.keys if one.tenants == {"north"})
    details = []
    for name in ("South", "nosuch"):
        answer = town.house.call(bound.key, "GET", f"{ENTITIES}?type=Sensor", tenant=name)
        details.append(problem(answer, 403, "about:blank").replace(name, "?"))
        answer = town.house.call(bound.key, "POST", ENTITIES, sensor("2"), tenant=name)
        details.append(problem(answer, 403, "about:blank").replace(name, "?"))
    assert len(set(details)) == 1
    assert "it opens: north" in details[0]
    unknown = town.house.call(town.house.root, "GET", f"{ENTITIES}?type=Sensor", tenant="nosuch")
    problem(unknown, 404, "NonexistentTenant")


def test_without_a_name_the_only_tenant_or_the_default_one(town: Installation) -> None:
    house = town.house
    of = {one.tenants: one.key for one in town.keys}
    only = house.call(of[frozenset({"north"})], "GET", f"{ENTITIES}/urn:ngsi-ld:Sensor:1")
    assert (only.json()["value"]["value"], only.headers["NGSILD-Tenant"]) == ("north", "north")
    default = house.call(of[frozenset({"default"})], "GET", f"{ENTITIES}/urn:ngsi-ld:Sensor:1")
    assert default.json()["value"]["value"] == "default"
    several = house.call(of[frozenset({"north", "South"})], "GET", f"{ENTITIES}?type=Sensor")
    assert "South, north" in problem(several, 400, "BadRequestData")
    assert house.call(of[frozenset({"north", "South"})], "GET", "/api/v1/me").status_code == 200


def test_headers_that_are_sent_twice_are_refused(town: Installation) -> None:
    """Else a proxy before us and we could each take another one."""
    port = town.house.api.base_url.port
    for twice in (
        "NGSILD-Tenant: north\r\nngsild-tenant: South",
        "NGSILD-Tenant: north\r\nNGSILD-Tenant: north",
        f"authorization: Bearer {town.house.root}",
    ):
        with socket.create_connection(("127.0.0.1", port or 0), timeout=30) as connection:
            connection.sendall(
                f"GET {ENTITIES}?type=Sensor HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                f"Authorization: Bearer {town.house.root}\r\n{twice}\r\n\r\n".encode()
            )
            assert b" 400 " in connection.recv(4_096).split(b"\r\n")[0]


def test_only_the_installations_administrators_make_tenants(town: Installation) -> None:
    house = town.house
    for reach in town.keys[1:]:
        answer = house.call(reach.key, "POST", "/api/v1/tenants", {"name": "mine"})
        assert answer.status_code == 403
        answer = house.call(reach.key, "POST", ENTITIES, sensor("2"), tenant="mine")
        assert answer.status_code == 403
    names = [one["name"] for one in house.call(house.root, "GET", "/api/v1/tenants").json()["tenants"]]
    assert sorted(names) == sorted(TENANTS)
    problem(house.call(house.root, "POST", "/api/v1/tenants", {"name": "north"}), 409, "AlreadyExists")


def test_a_tenant_taken_from_an_organisation_is_shut_at_once(town: Installation) -> None:
    house = town.house
    key = house.key("house-2", "administrator")
    assert house.call(key, "GET", "/ngsi-ld/v1/types", tenant="South").status_code == 200
    changed = house.call(house.root, "PATCH", "/api/v1/organisations/house-2", {"tenants": ["north"]})
    assert changed.json()["tenants"] == ["north"]
    house.wait_status(key, "/ngsi-ld/v1/types", 403, tenant="South")
    assert house.call(key, "GET", f"/api/v1/keys/{prefix_of(key)}").json()["tenants"] == ["north"]


def test_pushing_with_a_key_stays_in_its_tenants(town: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("context_api.http.routes.devices._APPLIED_WAIT_S", 0.0)
    house = town.house
    draft = {"id": "n-1", "profile": "air-quality"}
    assert house.call(house.root, "POST", "/api/v1/devices", draft, tenant="north").status_code == 201
    of = {one.tenants: one.key for one in town.keys}
    push = "/api/v1/ingest/n-1"
    body = {"pm25": 3}
    assert house.call(of[frozenset({"default"})], "POST", push, body, tenant="north").status_code == 403
    assert house.call(of[frozenset({"default"})], "POST", push, body).status_code == 404
    assert house.call(of[frozenset({"north"})], "POST", push, body).status_code == 200


def test_every_route_refuses_a_foreign_tenant(town: Installation, settings: ApiSettings) -> None:
    """All that OpenAPI names, with a key of another tenant: 403, before anything is looked at."""
    bound = next(one for one in town.keys if one.tenants == {"north"})
    document = create_app(settings).openapi()
    seen = 0
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if operation.get("security") == [] or path.startswith(OWN_SECRETS):
                continue
            seen += 1
            asked = path.replace("{", "").replace("}", "")
            answer = town.house.call(bound.key, method.upper(), asked, tenant="South")
            assert answer.status_code == 403, (method, path, answer.text)
    assert seen > 100
