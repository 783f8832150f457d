"""The Prefer header (RFC 7240)."""

import pytest
from starlette.requests import Request

from context_api.http.preferences import read_preferences


def prefer(*values: str) -> dict[str, str]:
    headers = [(b"prefer", value.encode()) for value in values]
    return dict(read_preferences(Request({"type": "http", "headers": headers})))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("ngsi-ld=1.5", {"ngsi-ld": "1.5"}),
        ('NGSI-LD = "1.5"', {"ngsi-ld": "1.5"}),
        ("body=json, ngsi-ld=1.5", {"body": "json", "ngsi-ld": "1.5"}),
        ('return=minimal; foo="some, thing"', {"return": "minimal"}),
        ("respond-async, wait=10;x=y , body=json", {"respond-async": "", "wait": "10", "body": "json"}),
        ("body=json,body=ld+json", {"body": "json"}),
        (r'a="x\"y"', {"a": 'x"y'}),
        ("", {}),
    ],
)
def test_preferences_are_read(value: str, expected: dict[str, str]) -> None:
    found = prefer(value)
    assert {name: found.get(name) for name in expected} == expected


def test_several_headers_are_one_list() -> None:
    assert prefer("ngsi-ld=1.5", "body=json") == {"ngsi-ld": "1.5", "body": "json"}
    assert read_preferences(Request({"type": "http", "headers": []})) == {}
