"""Regular expressions from strangers: idPattern and ~= (clauses 4.9 and 5.2.33; IEEE 1003.2).

They run inside the write path and over all entities, so they end in a time that is linear in the text,
whatever they are: RE2 judges them in memory, PostgreSQL's automata in SQL. Taken is what both read alike: no
back-references and look-arounds, no repetition inside a repetition, and few of those without an upper bound.
Classes (\\d, \\w, \\s) are ASCII's, a dot is any character, $ is the very end: what PostgreSQL does under the
collation "C", which the store asks for.
"""

import re
from functools import lru_cache
from typing import Protocol

import re2

from context_api.ngsild.errors import BadRequestData, TooComplexQuery

MAX_LENGTH = 512
MAX_UNBOUNDED = 4
MAX_REPEAT = 255
MAX_DEPTH = 10
MAX_MEMORY = 1 << 20
"""Bytes that one pattern's automaton may take."""

_QUANTIFIER = re.compile(r"[*+?]|\{(\d{1,9})(,(\d{0,9}))?\}", re.ASCII)
_CLASS = re.compile(r"\[\^?+\]?+(?:\\.|[^\]\\])*\]", re.DOTALL)
# Named classes and complements inside brackets, and two ranges in one: not read alike by everybody
_CLASS_REFUSED = re.compile(r"\[|--|&&|~~|\|\||\\[DWS]|(?<=[^\]\[^])-[^\]]-")
_ESCAPES = frozenset("dDwWsS")


class Pattern(Protocol):
    """A compiled regular expression."""

    def search(self, text: str, /) -> object | None:
        """Look for it anywhere in a text."""
        ...


def parse_id_pattern(text: object, *, pointer: str | None = None) -> str:
    """Check an idPattern and give it back; see `parse_pattern`."""
    return parse_pattern(text, "idPattern", pointer=pointer)


def parse_pattern(text: object, what: str, *, pointer: str | None = None) -> str:
    """Check a pattern and give it back; `what` is its name in messages.

    Raises BadRequestData where it is no regular expression and TooComplexQuery where it is above a bound.
    """
    if not isinstance(text, str) or not text:
        raise BadRequestData(f"{what} is a regular expression", pointer=pointer)
    if len(text) > MAX_LENGTH:
        raise TooComplexQuery(f"{what} has at most {MAX_LENGTH} characters", pointer=pointer)
    if "\0" in text:
        raise BadRequestData(f"{what} holds the character U+0000", pointer=pointer)
    _Checker(text, what, pointer).check()
    try:
        compile_pattern(text)
    except (re2.error, UnicodeEncodeError) as error:
        raise BadRequestData(
            f"{what} {text[:80]!r} is no regular expression: {_said(error)}", pointer=pointer
        ) from error
    return text


@lru_cache(maxsize=1024)
def compile_pattern(text: str) -> Pattern:
    """Compile a pattern that was checked; it is to be searched, not matched from the start."""
    pattern: Pattern = re2.compile(translate(text), _OPTIONS)
    return pattern


def translate(text: str) -> str:
    """Write a pattern that was checked as RE2 takes it, with the meaning that PostgreSQL gives it."""
    return _SPACES.sub(_spell_out, text)


def compile_id_pattern(text: str) -> Pattern:
    """Compile an idPattern that was checked."""
    return compile_pattern(text)


def _options() -> re2.Options:
    options = re2.Options()
    options.dot_nl = True
    options.log_errors = False
    options.max_mem = MAX_MEMORY
    return options


def _spell_out(found: re.Match[str]) -> str:
    """Write `\\s` as PostgreSQL means it: with the vertical tab, which RE2 leaves out."""
    text = found[0]
    if text.startswith("["):
        return text[0] + re.sub(r"\\.", lambda one: _INSIDE.get(one[0], one[0]), text[1:], flags=re.DOTALL)
    return _OUTSIDE.get(text, text)


def _said(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode(errors="replace") if isinstance(said, bytes) else str(error)


_OUTSIDE = {r"\s": r"[\t-\r ]", r"\S": r"[^\t-\r ]"}
_INSIDE = {r"\s": r"\t-\r "}
_SPACES = re.compile(r"\\.|\[\^?+\]?+(?:\\.|[^\]\\])*\]", re.DOTALL)
_OPTIONS = _options()


class _Checker:
    """Reads a pattern once and counts its repetitions."""

    def __init__(self, text: str, what: str, pointer: str | None) -> None:
        self._text = text
        self._what = what
        self._pointer = pointer
        self._position = 0
        self._unbounded = 0

    def check(self) -> None:
        self._read_alternatives(0)
        if self._position < len(self._text):
            raise self._wrong("a closing parenthesis has no opening one")

    def _read_alternatives(self, depth: int) -> bool:
        """Read up to the end of a group; tell whether it repeats something."""
        repeats = False
        while self._position < len(self._text) and self._text[self._position] != ")":
            if self._text[self._position] in "|^$":
                self._position += 1
                continue
            atom_repeats = self._read_atom(depth)
            repeats = self._read_quantifiers(atom_repeats) or repeats
        return repeats

    def _read_atom(self, depth: int) -> bool:
        character = self._text[self._position]
        if character == "(":
            return self._read_group(depth)
        if character == "[":
            found = _CLASS.match(self._text, self._position)
            if found is None:
                raise self._wrong("a bracket expression does not end")
            refused = _CLASS_REFUSED.search(found[0], 1)
            if refused is not None:
                raise self._wrong(f"{refused[0]} inside a bracket expression needs a backslash")
            self._position = found.end()
        elif character == "\\":
            following = self._text[self._position + 1 : self._position + 2]
            if not following or (following.isalnum() and following not in _ESCAPES):
                raise self._wrong(f"the escape \\{following} is not supported")
            self._position += 2
        elif character in "*+?":
            raise self._wrong(f"{character} has nothing to repeat")
        elif character == "{":
            raise self._wrong("{ needs a backslash where it is no repetition")
        else:
            self._position += 1
        return False

    def _read_group(self, depth: int) -> bool:
        if depth >= MAX_DEPTH:
            raise TooComplexQuery(f"{self._what} nests at most {MAX_DEPTH} groups", pointer=self._pointer)
        self._position += 1
        if self._text.startswith("?:", self._position):
            self._position += 2
        elif self._text.startswith("?", self._position):
            raise self._wrong("groups that begin with ? are not supported")
        repeats = self._read_alternatives(depth + 1)
        if self._position >= len(self._text):
            raise self._wrong("a group does not end")
        self._position += 1
        return repeats

    def _read_quantifiers(self, atom_repeats: bool) -> bool:
        found = _QUANTIFIER.match(self._text, self._position)
        if found is None:
            return atom_repeats
        self._position = found.end()
        if _QUANTIFIER.match(self._text, self._position):
            raise self._wrong("a repetition is repeated")
        if found[0] == "?":
            return atom_repeats
        if atom_repeats:
            raise TooComplexQuery(
                f"{self._what} {self._text[:80]!r} repeats a group that holds a repetition",
                pointer=self._pointer,
            )
        self._count(found)
        return True

    def _count(self, found: re.Match[str]) -> None:
        low, has_upper, upper = found[1], found[2], found[3]
        if max(int(low or 0), int(upper or 0)) > MAX_REPEAT:
            raise TooComplexQuery(
                f"{self._what} repeats something more than {MAX_REPEAT} times", pointer=self._pointer
            )
        if low is None or (has_upper and not upper):
            self._unbounded += 1
        if self._unbounded > MAX_UNBOUNDED:
            raise TooComplexQuery(
                f"{self._what} has more than {MAX_UNBOUNDED} repetitions without an upper bound",
                pointer=self._pointer,
            )

    def _wrong(self, what: str) -> BadRequestData:
        return BadRequestData(
            f"{self._what} {self._text[:80]!r} is no regular expression that is supported: {what}",
            pointer=self._pointer,
        )
