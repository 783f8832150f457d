"""The error table, Link headers, readiness."""

import time

import msgspec
import pytest
from starlette.requests import Request

from context_api.http import errors
from context_api.http.contexts import link_url
from context_api.http.readiness import find_reasons
from context_api.http.responses import LD_CONTEXT_REL, context_link, created, page_links
from context_api.ngsild import errors as ngsild
from context_api.ngsild.contexts import build_context, core_context
from context_api.ngsild.errors import BadRequestData, NgsiLdError
from context_api.store.errors import StoreFault, StoreRefused, StoreTimeout, StoreUnavailable
from context_api.store.heartbeat import Heartbeat
from devices.errors import DeviceExists, DeviceUnknown, InvalidDevice

REL = 'rel="http://www.w3.org/ns/json-ld#context"'


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (ngsild.InvalidRequest("x"), 400, "InvalidRequest"),
        (ngsild.BadRequestData("x"), 400, "BadRequestData"),
        (ngsild.ResourceNotFound("x"), 404, "ResourceNotFound"),
        (ngsild.NonexistentTenant("x"), 404, "NonexistentTenant"),
        (ngsild.AlreadyExists("x"), 409, "AlreadyExists"),
        (ngsild.Conflict("x"), 409, "Conflict"),
        (ngsild.OperationNotSupported("x"), 422, "OperationNotSupported"),
        (ngsild.TooComplexQuery("x"), 403, "TooComplexQuery"),
        (ngsild.TooManyResults("x"), 403, "TooManyResults"),
        (ngsild.LdContextNotAvailable("x"), 504, "LdContextNotAvailable"),
        (DeviceExists("x"), 409, "AlreadyExists"),
        (DeviceUnknown("x"), 404, "ResourceNotFound"),
        (InvalidDevice("id", "x"), 400, "BadRequestData"),
        (StoreRefused("secret"), 400, "BadRequestData"),
        (StoreFault("secret"), 500, "InternalError"),
        (ZeroDivisionError("secret"), 500, "InternalError"),
    ],
)
def test_every_error_has_its_status(error: Exception, status: int, kind: str) -> None:
    response = errors.problem_response(error, "/ngsi-ld/v1/entities")
    body = msgspec.json.decode(response.body)
    assert response.status_code == body["status"] == status
    assert body["type"] == f"https://uri.etsi.org/ngsi-ld/errors/{kind}"
    assert response.headers["content-type"] == "application/json"
    assert "secret" not in body["detail"]


def test_no_error_of_ngsi_ld_is_missing_in_the_table() -> None:
    kinds = [kind for kind in NgsiLdError.__subclasses__() if kind.__module__ == ngsild.__name__]
    assert len(kinds) >= 11
    assert {kind("x").type_name for kind in kinds if errors.status_of(kind("x")) == 500} == {"InternalError"}


@pytest.mark.parametrize("error", [StoreUnavailable(), StoreTimeout(), errors.Unavailable("full")])
def test_what_may_work_later_says_so(error: Exception) -> None:
    response = errors.problem_response(error, "/api/v1/devices")
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert response.headers["content-type"] == "application/problem+json"


def test_a_pointer_says_where() -> None:
    response = errors.problem_response(BadRequestData("wrong", pointer="/pm25/value"), "/ngsi-ld/v1/entities")
    body = msgspec.json.decode(response.body)
    assert body["pointer"] == "/pm25/value"
    assert body["detail"] == "wrong (at /pm25/value)"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (f"<https://a.test/c>; {REL}", "https://a.test/c"),
        (f'<https://a.test/c>;{REL};type="application/ld+json"', "https://a.test/c"),
        (f'<https://a.test/n>; rel="next", <https://a.test/c,d;e>; {REL}', "https://a.test/c,d;e"),
        ("<https://a.test/c>; rel=http://www.w3.org/ns/json-ld#context", "https://a.test/c"),
        ('<https://a.test/c>; rel="other"', None),
        ("nonsense", None),
    ],
)
def test_the_context_is_found_in_the_link_header(header: str, expected: str | None) -> None:
    assert link_url(Request({"type": "http", "headers": [(b"link", header.encode())]})) == expected


def test_a_pointer_or_detail_of_any_length_is_cut() -> None:
    problem = errors.problem_of(BadRequestData("x" * 100_000, pointer="/" + "y" * 100_000))
    assert (len(problem.detail), problem.pointer) == (errors.DETAIL_MAX, None)


@pytest.mark.parametrize(
    "header",
    [
        f"<https://a.example/c>; rel='{LD_CONTEXT_REL}'",
        f'https://a.example/c; rel="{LD_CONTEXT_REL}"',
        f'<https://a.example/c>; rel="next"; rel="{LD_CONTEXT_REL}"',
        f'<>; rel="{LD_CONTEXT_REL}"',
        f'<https://a.example/{"c" * 9_000}>; rel="{LD_CONTEXT_REL}"',
    ],
)
def test_a_link_header_that_means_a_context_has_to_be_right(header: str) -> None:
    with pytest.raises(BadRequestData):
        link_url(Request({"type": "http", "headers": [(b"link", header.encode())]}))


def test_two_contexts_in_the_link_header_are_refused() -> None:
    header = f"<https://a.test/c>; {REL}, <https://a.test/d>; {REL}".encode()
    with pytest.raises(BadRequestData, match="more than one"):
        link_url(Request({"type": "http", "headers": [(b"link", header)]}))


def test_a_link_header_of_blanks_costs_nothing() -> None:
    header = b"<x>;a" + b" " * 4_000 + b"\x0b" * 100 + b"<" * 4_000
    started = time.thread_time()
    assert link_url(Request({"type": "http", "headers": [(b"link", header)]})) is None
    assert time.thread_time() - started < 10


def test_links_are_written() -> None:
    assert context_link(core_context()).startswith(
        "<https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1."
    )
    evil = build_context([{"@context": {}}], 'https://a.test/"><x')
    assert context_link(evil).startswith("<https://a.test/%22%3E%3Cx>; rel=")
    (following,) = page_links("/e", {"type": "A,B", "id": "urn:a"}, limit=2, offset=0, has_more=True)
    assert following == '</e?id=urn:a&limit=2&offset=2&type=A,B>; rel="next"; type="application/json"'
    (previous,) = page_links("/e", {}, limit=5, offset=3, has_more=False)
    assert previous == '</e?limit=5&offset=0>; rel="prev"; type="application/json"'
    assert created("/e", "urn:a:\u6771 \r\n").headers["location"] == "/e/urn:a:%E6%9D%B1%20%0D%0A"


def test_readiness_names_who_is_missing() -> None:
    def beat(process: str, *, ready: bool = True, age_s: float = 1.0) -> Heartbeat:
        return Heartbeat(process=process, instance="x", ready=ready, detail="", age_s=age_s)

    beats = [
        beat("bridge"),
        beat("bridge", ready=False),
        beat("notifier", ready=False),
        beat("worker", age_s=60),
    ]
    assert find_reasons(beats, ("bridge", "notifier", "worker"), 10) == [
        "notifier: not ready",
        "worker: no heartbeat in the last 10 s",
    ]
    assert find_reasons(beats, ("bridge",), 10) == []
