"""Named SQL: what the loader takes and what it refuses, and that every file of the store loads."""

from importlib.resources import files

import pytest

from context_api.store.queries import load_queries, parse_queries


def test_blocks_are_split_at_their_names_and_lose_the_last_semicolon() -> None:
    queries = parse_queries("-- Heading.\n\n-- name: one\nselect 1;\n\n-- name: two\n-- why\nselect\n  2\n")
    assert dict(queries) == {"one": b"select 1", "two": b"-- why\nselect\n  2"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("select 1\n-- name: one\nselect 1", "before the first"),
        ("-- name: one\nselect 1\n-- name: one\nselect 2", "occurs twice"),
        ("-- name: one\n-- nothing\n", "is empty"),
    ],
)
def test_a_wrong_file_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_queries(text)


def test_every_file_loads() -> None:
    folder = files("context_api.store").joinpath("sql")
    modules = [entry.name.removesuffix(".sql") for entry in folder.iterdir() if entry.name.endswith(".sql")]
    assert "batch" in modules
    for module in modules:
        assert load_queries(module), module
