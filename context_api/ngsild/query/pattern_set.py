"""Many regular expressions looked for at once: what finds those that match costs little more than one."""

from collections.abc import Iterator, Sequence

import re2

from context_api.ngsild.query.pattern import compile_pattern, translate

MAX_MEMORY = 8 << 20
"""Bytes that an automaton may take; patterns that do not fit into one make several."""

_ALWAYS = ""


class PatternSet:
    """Patterns that were checked (see `parse_pattern`), ready to be searched."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._groups = list(_make_groups(tuple(patterns)))

    def search(self, text: str) -> list[str]:
        """Give the patterns that are found in a text."""
        return [pattern for group in self._groups for pattern in group.search(text)]


class _Group:
    """Patterns in one automaton. Raises re2.error where they do not fit into it."""

    def __init__(self, patterns: tuple[str, ...]) -> None:
        options = re2.Options()
        options.dot_nl = True
        options.log_errors = False
        options.max_mem = MAX_MEMORY
        self._patterns = patterns
        self._set = re2.Set.SearchSet(options)
        for pattern in patterns:
            self._set.Add(translate(pattern))
        # Without memory a set finds nothing, and does not say so: then it does not find this one either
        self._always = self._set.Add(_ALWAYS)
        self._set.Compile()

    def search(self, text: str) -> list[str]:
        found = self._set.Match(text)
        if self._always in found:
            return [self._patterns[position] for position in found if position != self._always]
        return _Alone(self._patterns).search(text)


class _Alone:
    """Patterns that are looked for one by one."""

    def __init__(self, patterns: tuple[str, ...]) -> None:
        self._patterns = patterns

    def search(self, text: str) -> list[str]:
        return [one for one in self._patterns if compile_pattern(one).search(text) is not None]


def _make_groups(patterns: tuple[str, ...]) -> Iterator[_Group | _Alone]:
    """Put patterns into as few automata as hold them."""
    try:
        yield _Group(patterns)
    except re2.error:
        if len(patterns) == 1:
            yield _Alone(patterns)
            return
        half = len(patterns) // 2
        yield from _make_groups(patterns[:half])
        yield from _make_groups(patterns[half:])
