"""The outline of a JSON document, held against looking at every object."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from context_api.http.bodies import MAX_CONTAINERS, MAX_DEPTH, MAX_VALUES, parse_json
from context_api.http.errors import BodyTooLarge
from context_api.http.outline import depth_of, has_digits, may_repeat_names, outline
from context_api.ngsild.errors import InvalidRequest


class _Pairs(tuple[tuple[str, Any], ...]):
    """An object whose names may stand twice."""


TEXTS = st.text(st.sampled_from('ab[]{}:",\\ \n\u3042'), max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.lists(st.tuples(TEXTS, inner), max_size=4).map(_Pairs),
    max_leaves=20,
)


def _write(value: Any) -> str:
    if isinstance(value, _Pairs):
        return "{" + ",".join(f"{json.dumps(name)}:{_write(inner)}" for name, inner in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_write, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _depth(value: Any) -> int:
    if isinstance(value, _Pairs):
        return 1 + max([_depth(inner) for _, inner in value], default=0)
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0


def _repeats(value: Any) -> bool:
    if isinstance(value, _Pairs):
        names = [name for name, _ in value]
        return len(set(names)) < len(names) or any(_repeats(inner) for _, inner in value)
    return isinstance(value, list) and any(map(_repeats, value))


@given(VALUES)
def test_depth_and_repeated_names_are_those_of_the_document(value: Any) -> None:
    body = _write(value).encode()
    marks = outline(body)
    assert depth_of(marks) == _depth(value)
    assert may_repeat_names(marks, msgspec.json.decode(body)) == _repeats(value)


@pytest.mark.parametrize("depth", [1, 8, 9, MAX_DEPTH, MAX_DEPTH + 1, 500])
def test_depth_is_exact_however_deep(depth: int) -> None:
    body = b'[1, {"a": ' * depth + b"[]" + b"}, 2]" * depth
    assert depth_of(outline(body)) == 2 * depth + 1


def test_what_only_looks_like_brackets_does_not_count() -> None:
    assert parse_json(b'{"a": "[[[[\\"{{{{", "b": "\\\\", "c": ":"}') == {
        "a": '[[[["{{{{',
        "b": "\\",
        "c": ":",
    }
    assert parse_json(b'["", "[", "", "]"]') == ["", "[", "", "]"]


def test_what_is_too_deep_or_repeats_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="deeper than 100"):
        parse_json(b"[" * 101 + b"]" * 101)
    with pytest.raises(InvalidRequest, match="deeper than 100"):
        parse_json(b"[" * 100_000)
    with pytest.raises(InvalidRequest, match="twice"):
        parse_json(b'[{"a": 1, "b": {"c": 1, "c": ":"}}]')


def test_long_runs_of_digits_are_found() -> None:
    assert has_digits(b"[" + b"9081726354" * 30 + b"]", 300)
    assert not has_digits(b"[" + b"9081726354" * 29 + b"908172635.4]", 300)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"[" + b"{}," * MAX_CONTAINERS + b"{}]", "objects and arrays"),
        (b"[" + b"1," * (MAX_VALUES + 1) + b"1]", "values"),
    ],
)
def test_what_would_take_many_times_its_size_is_refused_undecoded(
    body: bytes, complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(msgspec.json, "decode", None)
    with pytest.raises(BodyTooLarge, match=complaint):
        parse_json(body)


def test_brackets_and_commas_in_strings_take_no_room() -> None:
    text = "[,{" * MAX_VALUES
    assert parse_json(json.dumps([text]).encode()) == [text]
