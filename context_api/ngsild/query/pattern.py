"""idPattern: regular expressions that can be trusted to end soon (clause 5.2.33; IEEE 1003.2).

Patterns come from strangers and run inside the write path, so only what is harmless is taken: the extended
regular expressions that Python and PostgreSQL read alike, without back-references and look-arounds, without a
repetition inside a repetition, and with few of those that have no upper bound.
"""

import re
from functools import lru_cache

from context_api.ngsild.errors import BadRequestData, TooComplexQuery

MAX_LENGTH = 512
MAX_UNBOUNDED = 4
MAX_REPEAT = 255
MAX_DEPTH = 10

_QUANTIFIER = re.compile(r"[*+?]|\{(\d{1,9})(,(\d{0,9}))?\}", re.ASCII)
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
# Character classes, and what Python reserves for set operations: not read alike by everybody
_CLASS_REFUSED = re.compile(r"\[|--|&&|~~|\|\|")
_ESCAPES = frozenset("dDwWsS")


def parse_id_pattern(text: object, *, pointer: str | None = None) -> str:
    """Check a pattern and give it back.

    Raises BadRequestData where it is no regular expression and TooComplexQuery where it might run for long.
    """
    if not isinstance(text, str) or not text:
        raise BadRequestData("idPattern is a regular expression", pointer=pointer)
    if len(text) > MAX_LENGTH:
        raise TooComplexQuery(f"idPattern has at most {MAX_LENGTH} characters", pointer=pointer)
    _Checker(text, pointer).check()
    try:
        re.compile(text)
    except (re.error, OverflowError) as error:
        raise BadRequestData(
            f"idPattern {text[:80]!r} is no regular expression: {error}", pointer=pointer
        ) from error
    return text


@lru_cache(maxsize=1024)
def compile_id_pattern(text: str) -> re.Pattern[str]:
    """Compile a pattern that was checked; it is to be searched, not matched from the start."""
    return re.compile(text)


class _Checker:
    """Reads a pattern once and counts its repetitions."""

    def __init__(self, text: str, pointer: str | None) -> None:
        self._text = text
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
        else:
            self._position += 1
        return False

    def _read_group(self, depth: int) -> bool:
        if depth >= MAX_DEPTH:
            raise TooComplexQuery(f"idPattern nests at most {MAX_DEPTH} groups", pointer=self._pointer)
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
                f"idPattern {self._text[:80]!r} repeats a group that holds a repetition",
                pointer=self._pointer,
            )
        self._count(found)
        return True

    def _count(self, found: re.Match[str]) -> None:
        low, has_upper, upper = found[1], found[2], found[3]
        if max(int(low or 0), int(upper or 0)) > MAX_REPEAT:
            raise TooComplexQuery(
                f"idPattern repeats something more than {MAX_REPEAT} times", pointer=self._pointer
            )
        if low is None or (has_upper and not upper):
            self._unbounded += 1
        if self._unbounded > MAX_UNBOUNDED:
            raise TooComplexQuery(
                f"idPattern has more than {MAX_UNBOUNDED} repetitions without an upper bound",
                pointer=self._pointer,
            )

    def _wrong(self, what: str) -> BadRequestData:
        return BadRequestData(
            f"idPattern {self._text[:80]!r} is no regular expression that is supported: {what}",
            pointer=self._pointer,
        )
