"""The query language (clause 4.9): `(speed>50|rpm>3000);brandName=="Mercedes"`.

By recursive descent, like the type selection: the lexer depends on where it is (a `.` parts names, digits or
the two ends of a range; a `:` belongs to a URI or ends a type), which a table-driven lexer solves by rules of
priority that are longer than this. Each character is looked at a bounded number of times.
"""

import json
import math
import re
from collections.abc import Collection

from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import BadRequestData, NgsiLdError, TooComplexQuery
from context_api.ngsild.model import Iri
from context_api.ngsild.names import expand_name
from context_api.ngsild.query.conditions import (
    Both,
    Compares,
    Condition,
    Either,
    Equals,
    Exists,
    Hop,
    Literal,
    LiteralKind,
    Matches,
    Operand,
    Operator,
    Path,
    Range,
    Term,
)
from context_api.ngsild.query.pattern import parse_pattern
from context_api.ngsild.query.times import read_date, read_time
from context_api.ngsild.time import parse_datetime

MAX_LENGTH = 8_192
MAX_TERMS = 200
MAX_DEPTH = 20
MAX_NAMES = 16
"""Names, members or hops of one path."""
MAX_OPERANDS = 200
"""Values of one term."""

_NAME = re.compile(r"[^\W\d_]\w*(?::[^\W\d_]\w*)?")
_LINKED_NAME = re.compile(r"[^\W\d_]\w*")
_TYPE_HINT = re.compile(r"([^\W\d_]\w*(?:,[^\W\d_]\w*)*):")
_MEMBER = re.compile(r"[^\s\[\]{}().;|,\"<>=!~]+")
_OPERATOR = re.compile(r"==|!=|!~=|~=|>=|<=|>|<")
_QUOTED = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_QUOTED_PATTERN = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_END = r"(?=$|[;|),]|\.\.)"
_DATETIME = re.compile(rf"\d{{4}}-\d\d-\d\dT[^;|),]*?{_END}")
_DATE = re.compile(rf"\d{{4}}-\d\d-\d\d{_END}")
_TIME = re.compile(rf"\d\d:\d\d:[^;|),]*?{_END}")
_NUMBER = re.compile(rf"-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?{_END}", re.ASCII)
_WORD = re.compile(r'[^\W\d_](?:(?!\.\.)[^\s;|(),"<>\\^`{}])*')
_MAX_INTEGER = 2**63
_ORDERS = {str(operator): operator for operator in Operator}


def parse_q(text: str, context: Context, *, expand_values: Collection[str] = ()) -> Condition:
    """Read a query; the values of attributes named in `expand_values` are expanded too (as short names).

    Raises BadRequestData for what is not in the grammar and TooComplexQuery above its bounds.
    """
    if len(text) > MAX_LENGTH:
        raise TooComplexQuery(f"q has at most {MAX_LENGTH} characters")
    if "\0" in text:
        raise BadRequestData("q holds the character U+0000")
    expanded = frozenset(expand_name(name, context, "an attribute's name") for name in expand_values)
    parser = _Parser(text, context, expanded)
    condition = parser.parse_either(0)
    parser.expect_end()
    return condition


def parse_path(text: str, context: Context) -> Path:
    """Read a path alone, as orderBy has them. Raises BadRequestData, TooComplexQuery."""
    if len(text) > MAX_LENGTH:
        raise TooComplexQuery(f"a path has at most {MAX_LENGTH} characters")
    parser = _Parser(text, context, frozenset())
    path = parser.parse_path()
    parser.expect_end()
    return path


class _Parser:
    """What of the text has been read, and how to go on."""

    def __init__(self, text: str, context: Context, expand_values: frozenset[Iri]) -> None:
        self._text = text
        self._context = context
        self._expand_values = expand_values
        self._position = 0
        self._terms = 0

    # Logic

    def parse_either(self, depth: int) -> Condition:
        parts = [self._parse_both(depth)]
        while self._take("|"):
            parts.append(self._parse_both(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def expect_end(self) -> None:
        if self._position != len(self._text):
            raise self._wrong("it should end")

    def _parse_both(self, depth: int) -> Condition:
        parts = [self._parse_one(depth)]
        while self._take(";"):
            parts.append(self._parse_one(depth))
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _parse_one(self, depth: int) -> Condition:
        if not self._take("("):
            return self._parse_term()
        if depth >= MAX_DEPTH:
            raise TooComplexQuery(f"q nests at most {MAX_DEPTH} parentheses")
        inner = self.parse_either(depth + 1)
        self._expect(")")
        return inner

    def _parse_term(self) -> Term:
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise TooComplexQuery(f"q has at most {MAX_TERMS} terms")
        if self._take("!"):
            return Exists(self.parse_path(), negated=True)
        path = self.parse_path()
        found = self._match(_OPERATOR)
        if found is None:
            return Exists(path)
        operator = found[0]
        if operator in {"~=", "!~="}:
            return Matches(path, self._parse_pattern(), negated=operator == "!~=")
        if operator in {"==", "!="}:
            return Equals(path, self._parse_operands(path), negated=operator == "!=")
        return Compares(path, _ORDERS[operator], self._parse_comparable())

    # Paths

    def parse_path(self) -> Path:
        hops: list[Hop] = []
        types: tuple[Iri, ...] = ()
        while True:
            name = self._parse_name(linked=bool(hops))
            if not self._take("{"):
                break
            types = self._parse_type_hint()
            hops.append(Hop(name, types))
            if len(hops) > MAX_NAMES:
                raise TooComplexQuery(f"a path follows at most {MAX_NAMES} relationships")
        names = [name]
        while self._take_dot():
            names.append(self._parse_name(linked=bool(hops)))
        members = self._parse_members()
        if len(names) > MAX_NAMES or len(members) > MAX_NAMES:
            raise TooComplexQuery(f"a path has at most {MAX_NAMES} names")
        for _ in hops:
            self._expect("}")
        return Path(tuple(names), members, tuple(hops))

    def _parse_name(self, *, linked: bool) -> Iri:
        """Read a name; inside braces a colon ends a type, so that prefixes are for names outside only."""
        found = self._match(_LINKED_NAME if linked else _NAME)
        if found is None:
            raise self._wrong("an attribute's name should stand")
        return expand_name(found[0], self._context, "an attribute's name")

    def _parse_type_hint(self) -> tuple[Iri, ...]:
        found = self._match(_TYPE_HINT)
        if found is None:
            return ()
        return tuple(expand_name(name, self._context, "a type's name") for name in found[1].split(","))

    def _parse_members(self) -> tuple[str, ...]:
        if not self._take("["):
            return ()
        members: list[str] = []
        while True:
            found = self._match(_MEMBER)
            if found is None:
                raise self._wrong("the name of a member should stand")
            members.append(found[0])
            if not self._take("."):
                break
        self._expect("]")
        return tuple(members)

    # Values

    def _parse_operands(self, path: Path) -> tuple[Operand, ...]:
        expand = path.names[-1] in self._expand_values
        operands = [self._parse_operand(expand=expand)]
        while self._take(","):
            if len(operands) >= MAX_OPERANDS:
                raise TooComplexQuery(f"a term of q has at most {MAX_OPERANDS} values")
            operands.append(self._parse_operand(expand=expand))
        return tuple(operands)

    def _parse_operand(self, *, expand: bool) -> Operand:
        literal = self._parse_literal()
        if self._text.startswith("..", self._position):
            self._position += 2
            high = self._parse_comparable()
            if literal.kind is not high.kind:
                raise self._wrong("a range has two ends of one type; after these")
            return Range(literal, high)
        if expand and literal.kind in {LiteralKind.TEXT, LiteralKind.URI}:
            return Literal(LiteralKind.URI, self._context.expand(str(literal.value)))
        return literal

    def _parse_comparable(self) -> Literal:
        start = self._position
        literal = self._parse_literal()
        if literal.kind in {LiteralKind.FLAG, LiteralKind.URI}:
            self._position = start
            raise self._wrong(
                "only numbers, quoted strings and times have an order; a value of these should stand"
            )
        if self._text.startswith("..", self._position):
            raise self._wrong("a range goes with == and != only;")
        return literal

    def _parse_literal(self) -> Literal:
        if self._text.startswith('"', self._position):
            return Literal(LiteralKind.TEXT, self._parse_quoted())
        for pattern, kind in _TEMPORAL:
            found = self._match(pattern)
            if found is not None:
                return self._read_temporal(kind, found[0])
        found = self._match(_NUMBER)
        if found is not None:
            return Literal(LiteralKind.NUMBER, self._read_number(found))
        found = self._match(_WORD)
        if found is None:
            raise self._wrong("a value should stand")
        word = found[0]
        if word in {"true", "false"}:
            return Literal(LiteralKind.FLAG, word == "true")
        return Literal(LiteralKind.URI, word)

    def _parse_quoted(self) -> str:
        found = self._match(_QUOTED)
        if found is None:
            raise self._wrong("a quoted string begins that does not end")
        try:
            text = str(json.loads(found[0]))
            text.encode()
        except (ValueError, UnicodeEncodeError) as error:
            raise self._wrong(f"{found[0][:80]} is no JSON string") from error
        if "\0" in text:
            raise BadRequestData("q holds the character U+0000")
        return text

    def _read_temporal(self, kind: LiteralKind, text: str) -> Literal:
        try:
            if kind is LiteralKind.DATETIME:
                return Literal(kind, parse_datetime(text))
            return Literal(kind, read_date(text) if kind is LiteralKind.DATE else read_time(text))
        except NgsiLdError as error:
            raise BadRequestData(f"q: {error.detail}") from error

    def _read_number(self, found: re.Match[str]) -> int | float:
        if found[1] is None and found[2] is None and len(found[0]) < 20:
            integer = int(found[0])
            if -_MAX_INTEGER <= integer < _MAX_INTEGER:
                return integer
        number = float(found[0])
        if not math.isfinite(number):
            raise self._wrong(f"{found[0][:80]} is beyond all numbers")
        return number

    def _parse_pattern(self) -> str:
        """Read a regular expression, quoted (only `\\"` is an escape of the quotes) or to the term's end."""
        found = self._match(_QUOTED_PATTERN)
        if found is not None:
            return parse_pattern(found[1].replace('\\"', '"'), "the pattern in q")
        depth, start = 0, self._position
        while self._position < len(self._text):
            character = self._text[self._position]
            if character == ";" or (depth == 0 and character in "|)"):
                break
            depth += {"(": 1, ")": -1}.get(character, 0)
            self._position += 2 if character == "\\" else 1
        self._position = min(self._position, len(self._text))
        return parse_pattern(self._text[start : self._position], "the pattern in q")

    # Characters

    def _take(self, expected: str) -> bool:
        if not self._text.startswith(expected, self._position):
            return False
        self._position += len(expected)
        return True

    def _take_dot(self) -> bool:
        return not self._text.startswith("..", self._position) and self._take(".")

    def _expect(self, expected: str) -> None:
        if not self._take(expected):
            raise self._wrong(f"{expected} should stand")

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._text, self._position)
        if found is not None:
            self._position = found.end()
        return found

    def _wrong(self, what: str) -> BadRequestData:
        at = self._position
        rest = self._text[at : at + 40]
        where = f"where {rest!r} begins" if rest else "at its end"
        return BadRequestData(f"the query is not well formed: {what} {where} (character {at + 1})")


_TEMPORAL = (
    (_DATETIME, LiteralKind.DATETIME),
    (_DATE, LiteralKind.DATE),
    (_TIME, LiteralKind.TIME),
)
