"""The attribute projection language (clause 4.21): `id,name,locatedAt{id,name}` in pick and omit."""

import re
from collections.abc import Iterable, Mapping

import msgspec

from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import BadRequestData, TooComplexQuery
from context_api.ngsild.model import Entity, Iri
from context_api.ngsild.parse import parse_attribute_name

MAX_LENGTH = 8_192
MAX_DEPTH = 10
"""Levels of linked entities: no joinLevel is above it."""

MEMBERS = frozenset(("id", "type", "scope", "createdAt", "modifiedAt", "expiresAt"))
"""What an entity has besides attributes; the last three are served with sysAttrs only."""

_TOKEN = re.compile(r"[,|{}]|[^,|{}]+")


class Names(msgspec.Struct, frozen=True):
    """Members and attributes of an entity; after a relationship, those of what it points to."""

    members: frozenset[str]
    attributes: Mapping[Iri, "Names | None"]
    """None: the attribute as a whole."""

    @property
    def depth(self) -> int:
        """How many links have to be followed."""
        return max((1 + below.depth for below in self.attributes.values() if below is not None), default=0)


class Projection(msgspec.Struct, frozen=True):
    """What is kept of an entity: what `pick` names (None: all of it) without what `omit` names."""

    pick: Names | None = None
    omit: Names | None = None

    @property
    def depth(self) -> int:
        """How many links have to be followed."""
        return max(self.pick.depth if self.pick else 0, self.omit.depth if self.omit else 0)

    def keeps_member(self, name: str) -> bool:
        """Whether id, type, scope or a system time is kept."""
        if self.omit is not None and name in self.omit.members:
            return False
        return self.pick is None or name in self.pick.members

    def keeps(self, name: Iri) -> bool:
        """Whether an attribute is kept."""
        # An omitted name with braces leaves something out of the linked entity, not the relationship
        if self.omit is not None and self.omit.attributes.get(name, _KEPT) is None:
            return False
        return self.pick is None or name in self.pick.attributes

    def behind(self, name: Iri) -> "Projection":
        """Give what is kept of the entities that a relationship points to."""
        return Projection(
            pick=self.pick.attributes.get(name) if self.pick else None,
            omit=self.omit.attributes.get(name) if self.omit else None,
        )


_KEPT = Names(frozenset(), {})
WHOLE = Projection()


def parse_projection(pick: str | None, omit: str | None, context: Context) -> Projection:
    """Read pick and omit.

    Raises BadRequestData for what is not in the grammar and for a member that stands in both, TooComplexQuery
    above the bounds.
    """
    if pick is None and omit is None:
        return WHOLE
    picked = None if pick is None else parse_names(pick, "pick", context)
    omitted = None if omit is None else parse_names(omit, "omit", context)
    check_apart(picked, omitted, context)
    return Projection(picked, omitted)


def check_apart(pick: Names | None, omit: Names | None, context: Context) -> None:
    """Refuse what is both picked and omitted. Raises BadRequestData."""
    if pick is not None and omit is not None:
        _refuse_in_both(pick, omit, context)


def join_names(parts: Iterable[Names]) -> Names:
    """Make one of several lists of names; what is named twice counts as it was named last."""
    members: set[str] = set()
    attributes: dict[Iri, Names | None] = {}
    for part in parts:
        members |= part.members
        attributes.update(part.attributes)
    return Names(frozenset(members), attributes)


def write_names(names: Names, context: Context) -> str:
    """Write a list of names as text again."""
    parts = sorted(names.members)
    for name, below in names.attributes.items():
        inside = "" if below is None else f"{{{write_names(below, context)}}}"
        parts.append(f"{context.compact(name)}{inside}")
    return ",".join(parts)


def _refuse_in_both(pick: Names, omit: Names, context: Context) -> None:
    dropped = {name for name, below in omit.attributes.items() if below is None}
    both = (pick.members & omit.members) | {
        context.compact(name) for name in pick.attributes.keys() & dropped
    }
    if both:
        raise BadRequestData(f"pick and omit both name {', '.join(sorted(both))}")
    for name, below in pick.attributes.items():
        beside = omit.attributes.get(name)
        if below is not None and beside is not None:
            _refuse_in_both(below, beside, context)


def parse_names(text: str, what: str, context: Context) -> Names:
    """Read a list of names; `what` is its parameter, for messages."""
    if len(text) > MAX_LENGTH:
        raise TooComplexQuery(f"{what} has at most {MAX_LENGTH} characters")
    parser = _Parser(text, what, context)
    names = parser.parse_names(0)
    parser.expect_end()
    return names


class _Parser:
    """Recursive descent over names, separators and braces."""

    def __init__(self, text: str, what: str, context: Context) -> None:
        self._text = text
        self._what = what
        self._context = context
        self._tokens = _TOKEN.findall(text)
        self._position = 0

    def parse_names(self, depth: int) -> Names:
        members: set[str] = set()
        attributes: dict[Iri, Names | None] = {}
        while True:
            name = self._next()
            if name is None or name in ",|{}":
                raise self._wrong(f"a name is missing {'at the end' if name is None else f'before {name!r}'}")
            below = self._parse_below(depth)
            if name in MEMBERS:
                if below is not None:
                    raise self._wrong(f"{name} links to nothing")
                members.add(name)
            else:
                attributes[parse_attribute_name(name, self._context)] = below
            if self._peek() not in (",", "|"):
                return Names(frozenset(members), attributes)
            self._position += 1

    def expect_end(self) -> None:
        if self._position != len(self._tokens):
            raise self._wrong(f"{self._peek()!r} stands where it should end")

    def _parse_below(self, depth: int) -> Names | None:
        if self._peek() != "{":
            return None
        if depth >= MAX_DEPTH:
            raise BadRequestData(f"{self._what} goes deeper than {MAX_DEPTH} linked entities")
        self._position += 1
        names = self.parse_names(depth + 1)
        if self._next() != "}":
            raise self._wrong("a closing brace is missing")
        return names

    def _peek(self) -> str | None:
        return self._tokens[self._position] if self._position < len(self._tokens) else None

    def _next(self) -> str | None:
        token = self._peek()
        self._position += 1
        return token

    def _wrong(self, what: str) -> BadRequestData:
        return BadRequestData(f"{self._what} {self._text[:200]!r} is not well formed: {what}")


def select_datasets(entity: Entity, datasets: frozenset[str]) -> Entity:
    """Keep the instances of these datasetIds (empty text: the default instance), as clause 4.5.5 says."""
    attributes = {}
    for name, instances in entity.attributes.items():
        kept = [one for one in instances if one.dataset_id in datasets]
        if kept:
            attributes[name] = kept
    return msgspec.structs.replace(entity, attributes=attributes)
