"""The entity type selection language (clause 4.17): `Room,(Building;Monument)`."""

import re
from collections.abc import Callable

import msgspec

from context_api.ngsild.errors import BadRequestData, TooComplexQuery
from context_api.ngsild.model import Iri
from context_api.ngsild.names import TermExpander, expand_name


class TypeIs(msgspec.Struct, frozen=True, tag="is"):
    """The entity has this type."""

    iri: Iri

    def matches(self, types: "tuple[Iri, ...]") -> bool:
        """Whether an entity of these types is selected."""
        return self.iri in types


class AnyOf(msgspec.Struct, frozen=True, tag="any"):
    """At least one part holds (`,` or `|`)."""

    parts: "tuple[TypeSelection, ...]"

    def matches(self, types: "tuple[Iri, ...]") -> bool:
        """Whether an entity of these types is selected."""
        return any(part.matches(types) for part in self.parts)


class AllOf(msgspec.Struct, frozen=True, tag="all"):
    """Every part holds (`;`)."""

    parts: "tuple[TypeSelection, ...]"

    def matches(self, types: "tuple[Iri, ...]") -> bool:
        """Whether an entity of these types is selected."""
        return all(part.matches(types) for part in self.parts)


TypeSelection = TypeIs | AnyOf | AllOf


def selected_types(selection: TypeSelection) -> frozenset[Iri]:
    """Give a set of types of which every selected entity has at least one: what an index is asked for."""
    if isinstance(selection, TypeIs):
        return frozenset((selection.iri,))
    if isinstance(selection, AnyOf):
        return frozenset().union(*(selected_types(part) for part in selection.parts))
    return min((selected_types(part) for part in selection.parts), key=len)


def write_type_selection(selection: TypeSelection | None, compact: Callable[[Iri], str]) -> str:
    """Write a type selection as text again; None is `*`."""
    if selection is None:
        return "*"
    if isinstance(selection, TypeIs):
        return compact(selection.iri)
    parts = [write_type_selection(part, compact) for part in selection.parts]
    if isinstance(selection, AllOf):
        nested = [
            f"({text})" if isinstance(part, AnyOf) else text
            for part, text in zip(selection.parts, parts, strict=True)
        ]
        return f"({';'.join(nested)})"
    return ",".join(parts)


MAX_LENGTH = 4096
MAX_DEPTH = 20
_TOKEN = re.compile(r"[,|;()]|[^,|;()\s]+")


def parse_type_selection(text: str, context: TermExpander) -> TypeSelection | None:
    """Read a type selection; `;` binds closer than `,` and `|`, and `*` alone (any type) gives None.

    Raises BadRequestData for what is not in the grammar and TooComplexQuery above its bounds.
    """
    if text == "*":
        return None
    if len(text) > MAX_LENGTH:
        raise TooComplexQuery(f"a type selection has at most {MAX_LENGTH} characters")
    if re.search(r"\s", text):
        raise BadRequestData(f"the type selection {text!r} holds white space")
    parser = _Parser(text, context)
    selection = parser.parse_any(0)
    parser.expect_end()
    return selection


class _Parser:
    """Recursive descent over the tokens of a type selection."""

    def __init__(self, text: str, context: TermExpander) -> None:
        self._text = text
        self._tokens = _TOKEN.findall(text)
        self._position = 0
        self._context = context

    def parse_any(self, depth: int) -> TypeSelection:
        parts = [self._parse_all(depth)]
        while self._peek() in {",", "|"}:
            self._position += 1
            parts.append(self._parse_all(depth))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def expect_end(self) -> None:
        if self._position != len(self._tokens):
            raise self._wrong(f"{self._peek()!r} stands where it should end")

    def _parse_all(self, depth: int) -> TypeSelection:
        parts = [self._parse_one(depth)]
        while self._peek() == ";":
            self._position += 1
            parts.append(self._parse_one(depth))
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _parse_one(self, depth: int) -> TypeSelection:
        word = self._peek()
        if word is None or word in {",", "|", ";", ")"}:
            raise self._wrong(f"a type is missing {'at the end' if word is None else f'before {word!r}'}")
        self._position += 1
        if word != "(":
            return TypeIs(expand_name(word, self._context, "a type's name"))
        if depth >= MAX_DEPTH:
            raise TooComplexQuery(f"a type selection nests at most {MAX_DEPTH} parentheses")
        inner = self.parse_any(depth + 1)
        if self._peek() != ")":
            raise self._wrong("a closing parenthesis is missing")
        self._position += 1
        return inner

    def _peek(self) -> str | None:
        return self._tokens[self._position] if self._position < len(self._tokens) else None

    def _wrong(self, what: str) -> BadRequestData:
        return BadRequestData(f"the type selection {self._text!r} is not well formed: {what}")
