"""What nobody should send: each route answers it with a precise 4xx, and goes on serving."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from context_api.http.settings import ApiSettings
from tests.integration.http.conftest import LOOPBACK, SECRET, concrete_path, serving
from tests.support.databases import temporary_database

JSON = {"Content-Type": "application/json"}
MAX_BYTES = 3 * 1024 * 1024


@dataclass(frozen=True)
class Hostile:
    """The API and the routes that read bodies."""

    client: httpx.Client
    routes: tuple[tuple[str, str], ...]


@pytest.fixture(scope="module")
def hostile(postgres_url: str, database_template: str) -> Iterator[Hostile]:
    with temporary_database(postgres_url, database_template) as url:
        settings = ApiSettings(
            database_url=url,
            port=0,
            auth=False,
            installation_secret=SECRET,
            outbound_allow=LOOPBACK,
            body_max_bytes=MAX_BYTES,
            broker_secret=SECRET,
        )
        with serving(settings) as client:
            client.headers["Authorization"] = f"Bearer {SECRET.decode()}"  # what the broker's routes ask for
            yield Hostile(client, tuple(_routes(client)))


def _routes(client: httpx.Client) -> Iterator[tuple[str, str]]:
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            if path.startswith("/api/v1/session"):
                continue  # who has no session is told that first
            if "DeviceMessage" in str(content):
                continue  # what a device sends is for its adapter to refuse, and is put aside
            if "application/json" in content:
                yield method.upper(), concrete_path(path, operation)


def _entity(value: bytes) -> bytes:
    return b'{"id": "urn:ngsi-ld:T:1", "type": "T", "a": {"type": "Property", "value": ' + value + b"}}"


NOT_JSON = {
    "a hundred thousand arrays inside each other": b"[" * 100_000,
    "closed ones": b"[" * 50_000 + b"]" * 50_000,
    "objects inside each other": b'{"a":' * 100_000,
    "a member twice": b'{"id": "urn:x:1", "id": "urn:x:2"}',
    "a member of a value twice": _entity(b'{"x": 1, "x": 2}'),
    "not a number": _entity(b"NaN"),
    "infinity": _entity(b"Infinity"),
    "minus infinity": _entity(b"-Infinity"),
    "half of a surrogate pair": _entity(b'"\\ud800"'),
    "half of one in a name": b'{"\\udfff": 1}',
    "half of one as bytes": _entity(b'"\xed\xa0\x80"'),
    "latin 1": _entity('"é"'.encode("latin-1")),
    "shift_jis": _entity('"東村山"'.encode("shift_jis")),
    "utf-16": _entity(b"1").decode().encode("utf-16"),
    "utf-32": _entity(b"1").decode().encode("utf-32"),
    "a byte order mark": b"\xef\xbb\xbf" + _entity(b"1"),
    "overlong utf-8": _entity(b'"\xc0\xaf"'),
    "a raw NUL": _entity(b'"\x00"'),
    "a raw line feed in a string": _entity(b'"a\nb"'),
    "single quotes": b"{'id': 'urn:x:1'}",
    "a comment": b'{"id": "urn:x:1"} // that is it',
    "a comma too much": b'{"id": "urn:x:1",}',
    "two documents": b"{}{}",
    "half a document": b'{"id": "urn:x:1"',
    "leading zeros": _entity(b"007"),
    "hexadecimal": _entity(b"0x1F"),
}
WRONG_DATA = {
    "an escaped NUL": _entity(b'"\\u0000"'),
    "an escaped NUL in a name": _entity(b'{"\\u0000": 1}'),
    "beyond a double": _entity(b"1e999"),
    "an integer beyond a double": _entity(b"1" + b"0" * 400),
    "a value nested too deep": _entity(b"[" * 90 + b"]" * 90),
    "a million numbers": b"[" + b"1," * 1_000_000 + b"1]",
    "many nulls": b"[" + b"null," * 10_000 + b"null]",
    "null": b"null",
    "false": b"false",
    "an empty string": b'""',
    "a name of a hundred thousand characters": b'{"' + b"a" * 100_000 + b'": 1}',
    "a hundred thousand members": b"{" + b",".join(b'"a%d":1' % n for n in range(100_000)) + b"}",
}


def _refused(response: httpx.Response, route: object) -> dict[str, Any]:
    assert 400 <= response.status_code < 500, (route, response.status_code, response.text[:300])
    problem: dict[str, Any] = response.json()
    assert problem["status"] == response.status_code, route
    assert {"type", "title", "detail"} <= problem.keys(), route
    assert problem["title"] != problem["detail"], route
    assert len(problem["detail"]) < 1_000, route
    return problem


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON)
def test_what_is_no_json_is_an_invalid_request(hostile: Hostile, body: bytes) -> None:
    assert len(hostile.routes) >= 15
    for method, path in hostile.routes:
        problem = _refused(hostile.client.request(method, path, content=body, headers=JSON), (method, path))
        assert problem["type"] == "https://uri.etsi.org/ngsi-ld/errors/InvalidRequest", (method, path)
    assert hostile.client.get("/healthz").status_code == 200


@pytest.mark.parametrize("body", WRONG_DATA.values(), ids=WRONG_DATA)
def test_what_cannot_be_stored_is_wrong_data(hostile: Hostile, body: bytes) -> None:
    for method, path in hostile.routes:
        if path.startswith("/api/v1/broker/"):
            continue  # it stores nothing, and denies whatever has no right name and password
        _refused(hostile.client.request(method, path, content=body, headers=JSON), (method, path))
    assert hostile.client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        (b'{"x": [1, "\\u0000"]}', "/a/value/x/1"),
        (b'{"x/y": 1e999}', "/a/value/x~1y"),
        (b"[0, [" + b"9" * 400 + b"]]", "/a/value/1/0"),
        (b'{"x": "\\ud800"}', "/a/value/x"),
        (b'{"x": [0, {"y": 1, "y": 2}]}', "/a/value/x/1/y"),
        (b"[" * 70 + b"]" * 70, "/a/value" + "/0" * 65),
        (b'{"x": "urn:ngsi-ld:null"}', "/a/value/x"),
    ],
)
def test_the_pointer_leads_to_what_is_wrong(hostile: Hostile, value: bytes, pointer: str) -> None:
    document = _entity(value)
    for method, path, body, where in (
        ("POST", "/entities", document, pointer),
        ("PUT", "/entities/urn:ngsi-ld:T:1", document, pointer),
        ("POST", "/entities/urn:ngsi-ld:T:1/attrs", document, pointer),
    ):
        response = hostile.client.request(method, f"/ngsi-ld/v1{path}", content=body, headers=JSON)
        assert _refused(response, path)["pointer"] == where, path
    response = hostile.client.post(
        "/ngsi-ld/v1/entityOperations/create", content=b"[" + document + b"]", headers=JSON
    )
    problem = response.json()["errors"][0]["error"] if response.status_code == 207 else response.json()
    assert problem["pointer"] == f"/0{pointer}"


def test_too_large_a_body_is_refused_by_its_length(hostile: Hostile) -> None:
    body = _entity(b'"' + b"x" * 10_000_000 + b'"')
    for method, path in hostile.routes:
        problem = _refused(hostile.client.request(method, path, content=body, headers=JSON), (method, path))
        assert (problem["status"], str(MAX_BYTES) in problem["detail"]) == (413, True), (method, path)


@pytest.mark.parametrize(
    "parameters",
    [
        {"q": ";".join(["a==1"] * 1_000)},
        {"q": "(" * 1_000 + "a" + ")" * 1_000},
        {"q": "a~=(a+)+$"},
        {"q": "a~=((a{1,100}){1,100}){1,100}"},
        {"q": "a==1e999"},
        {"q": "a==" + "9" * 400},
        {"q": "a\ud83d==1".encode("utf-8", "surrogatepass").decode("latin-1")},
        {"idPattern": "(x+x+)+y"},
        {"idPattern": "x" * 10_000},
        {"idPattern": "["},
        {"scopeQ": ";".join(["/a"] * 1_000)},
        {"scopeQ": "(" * 500 + "/a" + ")" * 500},
        {"type": "|".join(f"T{n}" for n in range(2_000))},
        {"type": "(" * 500 + "T" + ")" * 500},
        {"id": ",".join(["urn:x:1"] * 2_000)},
        {"attrs": ",".join(["a"] * 2_000)},
        {"georel": "near;maxDistance==1e999", "geometry": "Point", "coordinates": "[1,2]"},
        {"georel": "within", "geometry": "Polygon", "coordinates": "[" * 5_000 + "]" * 5_000},
        {"georel": "within", "geometry": "Point", "coordinates": "[NaN,1e999]"},
        {"limit": "9" * 400},
        {"offset": "-1"},
    ],
    ids=lambda parameters: next(iter(parameters)),
)
def test_hostile_queries_are_refused(hostile: Hostile, parameters: dict[str, str]) -> None:
    for path in ("/ngsi-ld/v1/entities", "/ngsi-ld/v1/csourceRegistrations"):
        response = hostile.client.get(path, params={"type": "T"} | parameters)
        _refused(response, (path, next(iter(parameters))))


@pytest.mark.parametrize(
    "text",
    [
        *("0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "9999-12-31T23:59:60Z", "2026-01-01T24:00:00Z"),
        *("2026-06-15T12:00:60Z", "2026-02-29T00:00:00Z", "2026-01-01T00:00:00.1234567Z", "1e5", ""),
    ],
)
def test_times_that_do_not_exist_are_refused_where_they_stand(hostile: Hostile, text: str) -> None:
    entity = {"id": "urn:ngsi-ld:T:1", "type": "T"}
    for member, document in (
        ("/expiresAt", {**entity, "expiresAt": text}),
        ("/a/observedAt", {**entity, "a": {"value": 1, "observedAt": text}}),
        ("/a/b/expiresAt", {**entity, "a": {"value": 1, "b": {"value": 2, "expiresAt": text}}}),
    ):
        problem = _refused(hostile.client.post("/ngsi-ld/v1/entities", json=document), member)
        assert problem["pointer"] == member
