"""The scope query language (clause 4.19): `/Madrid/+/ParqueNorte,(/Madrid/Districts/#;/CompanyA)`."""

import re
from collections.abc import Sequence

import msgspec

from context_api.ngsild.errors import BadRequestData, TooComplexQuery


class ScopeIs(msgspec.Struct, frozen=True, tag="is"):
    """The entity has such a scope."""

    levels: tuple[str, ...]
    """`+` stands for any one level."""
    deep: bool = False
    """Whether scopes below count too (`/#`); with no levels: any scope."""

    def matches(self, scopes: Sequence[str]) -> bool:
        """Whether an entity in these scopes is selected."""
        return any(self._matches(scope) for scope in scopes)

    def _matches(self, scope: str) -> bool:
        levels = scope.removeprefix("/").split("/")
        if len(levels) < len(self.levels) or (len(levels) > len(self.levels) and not self.deep):
            return False
        return all(wanted in {"+", level} for wanted, level in zip(self.levels, levels, strict=False))


class AnyScope(msgspec.Struct, frozen=True, tag="any"):
    """At least one part holds (`,` or `|`)."""

    parts: "tuple[ScopeQuery, ...]"

    def matches(self, scopes: Sequence[str]) -> bool:
        """Whether an entity in these scopes is selected."""
        return any(part.matches(scopes) for part in self.parts)


class AllScopes(msgspec.Struct, frozen=True, tag="all"):
    """Every part holds (`;`)."""

    parts: "tuple[ScopeQuery, ...]"

    def matches(self, scopes: Sequence[str]) -> bool:
        """Whether an entity in these scopes is selected."""
        return all(part.matches(scopes) for part in self.parts)


ScopeQuery = ScopeIs | AnyScope | AllScopes

MAX_LENGTH = 4_096
MAX_DEPTH = 20
MAX_SCOPES = 200
_SCOPE = re.compile(r"/?(?:(?:[^\W\d_]\w*|\+)(?:/(?:[^\W\d_]\w*|\+))*(?P<below>/#)?|(?P<any>#))")


def parse_scope_query(text: str) -> ScopeQuery:
    """Read a scope query; `;` binds closer than `,` and `|`.

    Raises BadRequestData for what is not in the grammar and TooComplexQuery above its bounds.
    """
    if len(text) > MAX_LENGTH:
        raise TooComplexQuery(f"scopeQ has at most {MAX_LENGTH} characters")
    parser = _Parser(text)
    query = parser.parse_any(0)
    parser.expect_end()
    return query


class _Parser:
    """Recursive descent."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._scopes = 0

    def parse_any(self, depth: int) -> ScopeQuery:
        parts = [self._parse_all(depth)]
        while self._take(",|"):
            parts.append(self._parse_all(depth))
        return parts[0] if len(parts) == 1 else AnyScope(tuple(parts))

    def expect_end(self) -> None:
        if self._position != len(self._text):
            raise self._wrong("it should end")

    def _parse_all(self, depth: int) -> ScopeQuery:
        parts = [self._parse_one(depth)]
        while self._take(";"):
            parts.append(self._parse_one(depth))
        return parts[0] if len(parts) == 1 else AllScopes(tuple(parts))

    def _parse_one(self, depth: int) -> ScopeQuery:
        if not self._take("("):
            return self._parse_scope()
        if depth >= MAX_DEPTH:
            raise TooComplexQuery(f"scopeQ nests at most {MAX_DEPTH} parentheses")
        inner = self.parse_any(depth + 1)
        if not self._take(")"):
            raise self._wrong(") should stand")
        return inner

    def _parse_scope(self) -> ScopeIs:
        self._scopes += 1
        if self._scopes > MAX_SCOPES:
            raise TooComplexQuery(f"scopeQ has at most {MAX_SCOPES} scopes")
        found = _SCOPE.match(self._text, self._position)
        if found is None:
            raise self._wrong("a scope should stand, such as /Madrid/Gardens, /Madrid/+ or /Madrid/#,")
        self._position = found.end()
        if found["any"]:
            return ScopeIs((), deep=True)
        levels = found[0].removeprefix("/").removesuffix("/#").split("/")
        return ScopeIs(tuple(levels), deep=found["below"] is not None)

    def _take(self, characters: str) -> bool:
        if self._text[self._position : self._position + 1] in set(characters):
            self._position += 1
            return True
        return False

    def _wrong(self, what: str) -> BadRequestData:
        rest = self._text[self._position : self._position + 40]
        where = f"where {rest!r} begins" if rest else "at its end"
        return BadRequestData(f"scopeQ is not well formed: {what} {where}")
