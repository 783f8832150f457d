"""Media types: candidates in our order, weights decide, the most specific range wins."""

import pytest
from starlette.requests import Request

from context_api.http.errors import NotAcceptable, UnsupportedMediaType
from context_api.http.negotiation import JSON, LD_JSON, content_type, negotiate


def request(**headers: str) -> Request:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "headers": pairs})


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("*/*", JSON),
        ("", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        ("application/ld+json", LD_JSON),
        ("application/ld+json;q=0.5, application/json", JSON),
        ("application/json;q=0.5, application/ld+json", LD_JSON),
        ("application/json;q=0, */*;q=0.1", LD_JSON),
        ("text/html, */*;q=0.1", JSON),
        ("application/json;q=nonsense", JSON),
        ("APPLICATION/LD+JSON", LD_JSON),
    ],
)
def test_the_response_type_is_chosen(accept: str, expected: str) -> None:
    assert negotiate(request(accept=accept)) == expected


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "image/*", "*/*;q=0"])
def test_nothing_acceptable_is_an_error(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        negotiate(request(accept=accept))


def test_the_body_type_is_checked() -> None:
    accepted = (JSON, LD_JSON)
    assert content_type(request(content_type="Application/JSON; charset=utf-8"), accepted) == JSON
    with pytest.raises(UnsupportedMediaType, match="missing"):
        content_type(request(), accepted)
    with pytest.raises(UnsupportedMediaType, match="text/plain"):
        content_type(request(content_type="text/plain"), accepted)


@pytest.mark.parametrize(
    "text",
    [
        "application/json",
        "application/json; charset=utf-8",
        'APPLICATION/JSON;charset="UTF-8"',
        "application/json;charset=us-ascii",
        "application/json; profile=x",
    ],
)
def test_bodies_are_utf_8(text: str) -> None:
    assert content_type(request(content_type=text), (JSON,)) == JSON


@pytest.mark.parametrize("charset", ["shift_jis", "utf-16", "iso-8859-1"])
def test_other_charsets_are_refused_by_name(charset: str) -> None:
    with pytest.raises(UnsupportedMediaType, match=charset):
        content_type(request(content_type=f"application/json; charset={charset}"), (JSON,))


def test_encoded_bodies_are_refused_by_name() -> None:
    assert content_type(request(content_type=JSON, content_encoding="identity"), (JSON,)) == JSON
    with pytest.raises(UnsupportedMediaType, match="gzip"):
        content_type(request(content_type=JSON, content_encoding="gzip"), (JSON,))
