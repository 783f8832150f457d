"""@contexts that tenants host (clause 5.13): added, used, listed, described, deleted, and nobody else's."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from context_api.http.settings import ApiSettings
from tests.integration.http.conftest import Serve, problem

CONTEXTS = "/ngsi-ld/v1/jsonldContexts"
ENTITIES = "/ngsi-ld/v1/entities"
TERMS = {"room": "https://example.org/room"}
CORE = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld"


def link(url: object) -> dict[str, str]:
    return {"Link": f'<{url}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'}


def add(api: httpx.Client, value: Any = TERMS, **headers: str) -> str:
    response = api.post(CONTEXTS, json={"@context": value, "more": 1}, headers=headers)
    assert response.status_code == 201, response.text
    assert not response.content
    location = response.headers["Location"]
    assert location.startswith(f"{CONTEXTS}/")
    return location.rpartition("/")[2]


def test_a_hosted_context_is_served_without_what_stood_beside_it(api: httpx.Client) -> None:
    local_id = add(api)
    response = api.get(f"{CONTEXTS}/{local_id}")
    assert response.headers["Content-Type"] == "application/json"
    assert response.json() == {"@context": TERMS}
    details = api.get(f"{CONTEXTS}/{local_id}?details=true").json()
    url = f"{str(api.base_url).rstrip('/')}{CONTEXTS}/{local_id}"
    assert {name: details[name] for name in ("URL", "localId", "kind")} == {
        "URL": url,
        "localId": local_id,
        "kind": "Hosted",
    }
    assert details["createdAt"].endswith("Z")
    assert api.get(f"{CONTEXTS}/{local_id}?details=false").json() == {"@context": TERMS}


def test_a_hosted_context_is_usable_by_its_url(api: httpx.Client) -> None:
    url = api.get(f"{CONTEXTS}/{add(api)}?details=true").json()["URL"]
    entity = {"id": "urn:ngsi-ld:R:1", "type": "room"}
    assert api.post(ENTITIES, json=entity, headers=link(url)).status_code == 201
    assert api.get(f"{ENTITIES}/urn:ngsi-ld:R:1").json()["type"] == "https://example.org/room"
    found = api.get(f"{ENTITIES}/urn:ngsi-ld:R:1", headers=link(url))
    assert found.json()["type"] == "room"
    assert url in found.headers["Link"]
    other = url.replace(str(api.base_url.host), "machi.example")
    assert api.get(f"{ENTITIES}/urn:ngsi-ld:R:1", headers=link(other)).json()["type"] == "room"


def test_a_hosted_context_may_name_others(api: httpx.Client) -> None:
    inner = api.get(f"{CONTEXTS}/{add(api)}?details=true").json()["URL"]
    outer = add(api, [inner, {"car": "https://example.org/car"}, CORE])
    url = api.get(f"{CONTEXTS}/{outer}?details=true").json()["URL"]
    for name in ("room", "car"):
        response = api.get(f"/ngsi-ld/v1/types/{name}", headers=link(url))
        assert f"https://example.org/{name}" in problem(response, 404, "ResourceNotFound")


def test_lists_by_kind_and_with_details(api: httpx.Client) -> None:
    assert api.get(CONTEXTS).json() == []
    ids = [add(api), add(api)]
    assert [url.rpartition("/")[2] for url in api.get(CONTEXTS).json()] == ids
    assert [each["localId"] for each in api.get(f"{CONTEXTS}?details=true&kind=Hosted").json()] == ids
    assert api.get(f"{CONTEXTS}?kind=Cached").json() == []
    assert api.get(f"{CONTEXTS}?kind=ImplicitlyCreated&details=true").json() == []


@pytest.mark.parametrize("query", ["kind=other", "details=other", "details=true&kind=other"])
def test_a_wrong_filter_is_bad_data(api: httpx.Client, query: str) -> None:
    problem(api.get(f"{CONTEXTS}?{query}"), 400, "BadRequestData")


def test_deleting_a_hosted_context_ends_its_use(api: httpx.Client) -> None:
    local_id = add(api)
    url = api.get(f"{CONTEXTS}/{local_id}?details=true").json()["URL"]
    assert api.get(f"{ENTITIES}?type=room", headers=link(url)).status_code == 200
    problem(api.delete(f"{CONTEXTS}/{local_id}?reload=true"), 400, "BadRequestData")
    response = api.delete(f"{CONTEXTS}/{local_id}")
    assert (response.status_code, response.content) == (204, b"")
    problem(api.get(f"{CONTEXTS}/{local_id}"), 404, "ResourceNotFound")
    problem(api.delete(f"{CONTEXTS}/{local_id}"), 404, "ResourceNotFound")
    problem(api.get(f"{ENTITIES}?type=room", headers=link(url)), 504, "LdContextNotAvailable")


@pytest.mark.parametrize(
    ("reload", "status", "kind"),
    [
        ("?reload=true", 400, "BadRequestData"),
        ("?reload=xxx", 400, "BadRequestData"),
        ("?reload=false", 404, "ResourceNotFound"),
        ("", 404, "ResourceNotFound"),
    ],
)
def test_unknown_names(api: httpx.Client, reload: str, status: int, kind: str) -> None:
    problem(api.delete(f"{CONTEXTS}/wrong_id{reload}"), status, kind)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{}", "InvalidRequest"),
        (b"[]", "InvalidRequest"),
        (b'{"a": "urn:a"}', "InvalidRequest"),
        (b'{"@context": }', "InvalidRequest"),
        (b'{"@context": 42}', "BadRequestData"),
        (b'{"@context": true}', "BadRequestData"),
        (b'{"@context": ["http://127.0.0.1:9/never", 7]}', "BadRequestData"),
        (b'{"@context": {"a": 1}}', "BadRequestData"),
    ],
)
def test_what_is_no_context_is_not_kept(api: httpx.Client, body: bytes, kind: str) -> None:
    response = api.post(CONTEXTS, content=body, headers={"Content-Type": "application/json"})
    problem(response, 400, kind)
    assert "Location" not in response.headers
    assert api.get(CONTEXTS).json() == []


def test_a_context_of_one_tenant_is_not_there_for_another(api: httpx.Client) -> None:
    owner, stranger = {"NGSILD-Tenant": "one"}, {"NGSILD-Tenant": "two"}
    local_id = add(api, **owner)
    url = api.get(f"{CONTEXTS}/{local_id}?details=true", headers=owner).json()["URL"]
    assert api.get(f"{ENTITIES}?type=room", headers={**owner, **link(url)}).status_code == 200
    for headers in (stranger, {}):
        problem(api.get(f"{CONTEXTS}/{local_id}", headers=headers), 404, "ResourceNotFound")
        problem(api.get(f"{CONTEXTS}/{local_id}?details=true", headers=headers), 404, "ResourceNotFound")
        problem(api.delete(f"{CONTEXTS}/{local_id}", headers=headers), 404, "ResourceNotFound")
        assert api.get(CONTEXTS, headers=headers).json() == []
        response = api.get(f"{ENTITIES}?type=room", headers={**headers, **link(url)})
        problem(response, 504, "LdContextNotAvailable")
    assert api.get(f"{CONTEXTS}/{local_id}", headers=owner).json() == {"@context": TERMS}


def test_the_core_context_is_described_and_never_deleted(api: httpx.Client) -> None:
    name = CORE.replace(":", "%3A").replace("/", "%2F")
    details = api.get(f"{CONTEXTS}/{name}?details=true").json()
    assert (details["URL"], details["kind"]) == (CORE, "Cached")
    problem(api.delete(f"{CONTEXTS}/{name}"), 400, "BadRequestData")
    problem(api.delete(f"{CONTEXTS}/{name}?reload=false"), 400, "BadRequestData")
    assert api.delete(f"{CONTEXTS}/{name}?reload=true").status_code == 204
    problem(api.delete(f"{CONTEXTS}/city"), 400, "BadRequestData")


def test_documents_are_open_and_what_is_known_of_them_needs_a_key(
    settings: ApiSettings, serve: Serve, key: str
) -> None:
    guarded = serve(replace(settings, auth=True))
    keyed = {"Authorization": f"Bearer {key}"}
    problem(guarded.post(CONTEXTS, json={"@context": TERMS}), 401, "about:blank")
    local_id = add(guarded, **keyed)
    assert guarded.get(f"{CONTEXTS}/{local_id}").json() == {"@context": TERMS}
    problem(guarded.get(f"{CONTEXTS}/{local_id}?details=true"), 401, "about:blank")
    problem(guarded.get(f"{CONTEXTS}/http%3A%2F%2Fx.test%2Fa"), 401, "about:blank")
    problem(guarded.get(CONTEXTS), 401, "about:blank")
    problem(guarded.delete(f"{CONTEXTS}/{local_id}"), 401, "about:blank")
    assert guarded.get(f"{CONTEXTS}/{local_id}?details=true", headers=keyed).status_code == 200
