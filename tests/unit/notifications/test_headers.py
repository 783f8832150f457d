"""What goes into the head of a notification, and what a subscriber cannot put there."""

import pytest

from context_api.ngsild.subscription import Endpoint
from context_api.notifications.headers import (
    GEO_JSON,
    JSON,
    JSON_LD,
    build_headers,
    choose_form,
    refuse_header,
)

CONTEXT = "https://example.org/context.jsonld"


def test_json_names_its_context_by_link() -> None:
    assert build_headers(JSON, link=CONTEXT, tenant="default", receiver_info=[]) == [
        (b"Content-Type", b"application/json"),
        (
            b"Link",
            b'<https://example.org/context.jsonld>; rel="http://www.w3.org/ns/json-ld#context"; '
            b'type="application/ld+json"',
        ),
    ]


def test_tenant_and_receiver_info_come_along_in_their_order() -> None:
    pairs = [("Authorization", "Bearer x"), ("X-Town", "東村山"), ("x-b", " 1 ")]
    assert build_headers(JSON_LD, link=None, tenant="city", receiver_info=pairs) == [
        (b"Content-Type", b"application/ld+json"),
        (b"NGSILD-Tenant", b"city"),
        (b"Authorization", b"Bearer x"),
        (b"X-Town", "東村山".encode()),
        (b"x-b", b"1"),
    ]


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("Host", "internal", "set by the broker"),
        ("content-length", "0", "set by the broker"),
        ("Transfer-Encoding", "chunked", "set by the broker"),
        ("Connection", "close", "set by the broker"),
        ("Proxy-Authorization", "x", "set by the broker"),
        ("NGSILD-Tenant", "other", "set by the broker"),
        ("Content-Type", "text/plain", "set by the broker"),
        ("X A", "x", "not the name"),
        ("X:A", "x", "not the name"),
        ("", "x", "not the name"),
        ("X-A\r\nHost", "x", "not the name"),
        ("X-東", "x", "not the name"),
        ("X-A", "x\r\nHost: y", "control characters"),
        ("X-A", "x\ny", "control characters"),
        ("X-A", "x\x00", "control characters"),
    ],
)
def test_pairs_that_would_break_the_request_are_refused(name: str, value: str, reason: str) -> None:
    refusal = refuse_header(name, value)
    assert refusal is not None
    assert reason in refusal
    assert len(build_headers(JSON, link=None, tenant="default", receiver_info=[(name, value)])) == 1


@pytest.mark.parametrize(
    "pair", [("Authorization", "Bearer abc"), ("X-Key", "a\tb"), ("Prefer", "body=json")]
)
def test_ordinary_pairs_are_accepted(pair: tuple[str, str]) -> None:
    assert refuse_header(*pair) is None


@pytest.mark.parametrize(
    ("accept", "prefer", "link", "form"),
    [
        (JSON, None, CONTEXT, (JSON, CONTEXT)),
        (JSON, None, None, (JSON_LD, None)),
        (JSON_LD, None, CONTEXT, (JSON_LD, None)),
        (GEO_JSON, None, CONTEXT, (GEO_JSON, None)),
        (GEO_JSON, "body=ld+json", CONTEXT, (GEO_JSON, None)),
        (GEO_JSON, "ngsi-ld=1.6, body=json", CONTEXT, (GEO_JSON, CONTEXT)),
        (GEO_JSON, 'Body="json"', None, (GEO_JSON, None)),
    ],
)
def test_where_the_context_goes(
    accept: str, prefer: str | None, link: str | None, form: tuple[str, str | None]
) -> None:
    info = () if prefer is None else (("PREFER", prefer),)
    endpoint = Endpoint(uri="http://a.example/", accept=accept, receiver_info=info)
    assert choose_form(endpoint, link) == form


def test_metadata_takes_any_name_but_ours() -> None:
    pairs = [("Host", "x"), ("水", "位"), ("Content-Type", "text/plain")]
    assert build_headers(JSON, link=None, tenant="default", receiver_info=pairs, is_mqtt=True) == [
        (b"Content-Type", b"application/json"),
        (b"Host", b"x"),
        ("水".encode(), "位".encode()),
    ]
