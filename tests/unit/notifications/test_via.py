"""The header Via."""

import pytest

from context_api.notifications.via import make_alias, parse_via


@pytest.mark.parametrize(
    ("header", "hops"),
    [
        (None, ()),
        ("", ()),
        ("1.1 machi-0", ("machi-0",)),
        ("HTTP/1.1 a, 1.0 b:8080 (a comment)", ("a", "b:8080")),
        ("nonsense", ()),
        ("1.1 " + "a" * 5_000, ("a" * 4_092,)),
    ],
)
def test_who_passed_a_request_on(header: str | None, hops: tuple[str, ...]) -> None:
    assert parse_via(header) == hops


def test_an_alias_tells_tenants_and_installations_apart() -> None:
    assert len({make_alias("a", "x"), make_alias("a", "y"), make_alias("b", "x")}) == 3
    assert make_alias("a", "x") == make_alias("a", "x")
