"""Many patterns at once find what each of them finds alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from context_api.ngsild.query import pattern_set
from context_api.ngsild.query.pattern import compile_pattern
from context_api.ngsild.query.pattern_set import PatternSet

PATTERNS = ["a", "^a", "b$", "a.*b", r"\s", r"[\s]x", r"\d{2}", "^$", "x|y", "[^a]", "東村山", "a+b+"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(PATTERNS), unique=True), st.text(alphabet="abxy1 \n\v東村山", max_size=8))
def test_a_set_finds_what_its_patterns_find(patterns: list[str], text: str) -> None:
    alone = [one for one in patterns if compile_pattern(one).search(text) is not None]
    assert sorted(PatternSet(patterns).search(text)) == sorted(alone)


@pytest.mark.parametrize("memory", [1, 4_000, 20_000])
def test_without_memory_each_is_looked_for_alone(monkeypatch: pytest.MonkeyPatch, memory: int) -> None:
    monkeypatch.setattr(pattern_set, "MAX_MEMORY", memory)
    patterns = [f"{first}.*{second}" for first in "abcdefgh" for second in "0123456789"]
    assert PatternSet(patterns).search("urn:x:a5") == ["a.*5"]
