"""Keys of declared indexes: in the order of values, and the ranges that conditions ask for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from context_api.ngsild.contexts import core_context
from context_api.ngsild.query import parse_q
from context_api.ngsild.query.conditions import Both, Either
from context_api.store.index_keys import MANY, KeyRange, Wanted, key_of, wanted_keys

CORE = core_context()
numbers = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False))


def key(value: object) -> bytes:
    found = key_of(value)
    assert found is not None
    return found


@given(numbers, numbers)
def test_keys_of_numbers_are_in_the_order_of_numbers(left: float, right: float) -> None:
    if left <= right:
        assert key(left) <= key(right)


@given(st.text(), st.text())
def test_keys_of_texts_are_in_the_order_of_their_characters(left: str, right: str) -> None:
    if left <= right:
        assert key(left) <= key(right)


def test_types_are_in_the_order_of_orderby() -> None:
    assert key(10**400) < key("") < key("\U0010ffff") < key(False) < key(True) < MANY
    assert key(0) == key(-0.0) == key(5e-324)
    assert [key_of(None), key_of([]), key_of({})] == [None, None, None]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("a==5", Wanted((key(5),))),
        ('a=="x",true,urn:y', Wanted((key("x"), key(True), key("urn:y")))),
        ("a==1..2", Wanted((), (KeyRange(key(1), key(2) + b"\0"),))),
        ('a=="x",1..2', Wanted((key("x"),), (KeyRange(key(1), key(2) + b"\0"),))),
        ("a==2026-11-23", Wanted((key("2026-11-23"),))),
        ("a>5", Wanted((), (KeyRange(key(5), None),))),
        ("a>=5", Wanted((), (KeyRange(key(5), None),))),
        ('a<"x"', Wanted((), (KeyRange(None, key("x") + b"\0"),))),
        ("a>2026-11-23T00:00:00Z", Wanted((), (KeyRange(key("2026-11-22"), None),))),
        ("a<=2026-11-23T12:00:00Z", Wanted((), (KeyRange(None, key("2026-11-24") + b"\0"),))),
        ("a==2026-11-23T12:00:00Z", Wanted((), (KeyRange(key("2026-11-23"), key("2026-11-24") + b"\0"),))),
        ('a~="^ab"', Wanted((), (KeyRange(key("ab"), key("ac")),))),
        ('a~="^ab+c"', Wanted((), (KeyRange(key("ab"), key("ac")),))),
        ('a~="^ab?c"', Wanted((), (KeyRange(key("a"), key("b")),))),
        ('a~="^ab{0,2}c"', Wanted((), (KeyRange(key("a"), key("b")),))),
        (r'a~="^a\.b.*"', Wanted((), (KeyRange(key("a.b"), key("a.c")),))),
        ('a~="^東村"', Wanted((), (KeyRange(key("東村"), key("東村")[:-1] + b"\x92"),))),
    ],
)
def test_what_is_asked_of_an_index(written: str, expected: Wanted) -> None:
    condition = parse_q(written, CORE)
    assert not isinstance(condition, Either | Both)
    assert wanted_keys(condition) == expected


@pytest.mark.parametrize(
    "written",
    [
        "a", "!a", "a!=5", 'a!~="^x"', "a.b==5", "a[b]==5", "a{b}==5", "a.observedAt>2026-11-23T00:00:00Z",
        "createdAt>2026-11-23T00:00:00Z", "a==12:00:00Z", 'a~="ab"', 'a~="^ab|c"', 'a~="^(ab|c)"', 'a~="^."',
        'a~="^a?"', r'a~="^\d"',
    ],
)  # fmt: skip
def test_what_no_index_serves(written: str) -> None:
    condition = parse_q(written, CORE)
    assert not isinstance(condition, Either | Both)
    assert wanted_keys(condition) is None
