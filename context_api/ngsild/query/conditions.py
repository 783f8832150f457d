"""What a q says, as a tree in expanded names (clause 4.9): made by `q`, read by `predicate` and the store.

The structs go through JSON unchanged, because subscriptions are kept with their conditions.
"""

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from context_api.ngsild.model import Iri, Micros

NGSI_LD = "https://uri.etsi.org/ngsi-ld/"
CREATED_AT, MODIFIED_AT = f"{NGSI_LD}createdAt", f"{NGSI_LD}modifiedAt"
EXPIRES_AT, OBSERVED_AT = f"{NGSI_LD}expiresAt", f"{NGSI_LD}observedAt"
UNIT_CODE, DATASET_ID = f"{NGSI_LD}unitCode", f"{NGSI_LD}datasetId"

ENTITY_MEMBERS = frozenset((CREATED_AT, MODIFIED_AT, EXPIRES_AT))
"""What a path may name of an entity besides its attributes."""
INSTANCE_MEMBERS = ENTITY_MEMBERS | {OBSERVED_AT, UNIT_CODE, DATASET_ID}
"""What the last name of a path may name of an attribute besides its sub-attributes."""


class LiteralKind(StrEnum):
    """The data type of a value in a query: only targets of the same one are compared with it."""

    NUMBER = "number"
    TEXT = "text"
    FLAG = "flag"
    URI = "uri"
    """Unquoted: a URI, or a word that is none."""
    DATETIME = "datetime"
    DATE = "date"
    TIME = "time"


class Literal(msgspec.Struct, frozen=True, tag="is"):
    """A value in a query. A DateTime is held as Micros, a Time as microseconds of the day, a Date as text."""

    kind: LiteralKind
    value: int | float | str | bool


class Range(msgspec.Struct, frozen=True, tag="in"):
    """From `low` to `high`, both included."""

    low: Literal
    high: Literal


Operand = Literal | Range


class Operator(StrEnum):
    """The comparisons that need an order."""

    GREATER = ">"
    GREATER_OR_EQUAL = ">="
    LESS = "<"
    LESS_OR_EQUAL = "<="


class Hop(msgspec.Struct, frozen=True):
    """To the entities that a relationship points to."""

    relationship: Iri
    types: tuple[Iri, ...] = ()
    """Only to entities of one of these; empty: to any."""


class Path(msgspec.Struct, frozen=True, omit_defaults=True):
    """The target of a term: `hop{name.name[member.member]}`."""

    names: tuple[Iri, ...]
    """An attribute, a sub-attribute of it, and so on."""
    members: tuple[str, ...] = ()
    """Members of the value, or the language of a LanguageProperty (`*`: any)."""
    hops: tuple[Hop, ...] = ()


class Exists(msgspec.Struct, frozen=True, tag="exists"):
    """The target is there, or, negated, it is not."""

    path: Path
    negated: bool = False


class Equals(msgspec.Struct, frozen=True, tag="equals"):
    """The target is, or holds, one of the operands; negated: it is there and none of them is."""

    path: Path
    operands: tuple[Operand, ...]
    negated: bool = False


class Compares(msgspec.Struct, frozen=True, tag="compares"):
    """The target stands in this order to the operand."""

    path: Path
    operator: Operator
    operand: Literal


class Matches(msgspec.Struct, frozen=True, tag="matches"):
    """The target is text in which the pattern is found; negated: text in which it is not."""

    path: Path
    pattern: str
    negated: bool = False


class Either(msgspec.Struct, frozen=True, tag="either"):
    """At least one part holds (`|`)."""

    parts: "tuple[Condition, ...]"


class Both(msgspec.Struct, frozen=True, tag="both"):
    """Every part holds (`;`)."""

    parts: "tuple[Condition, ...]"


Term = Exists | Equals | Compares | Matches
Condition = Term | Either | Both


def terms_of(condition: Condition) -> Iterator[Term]:
    """Walk through the terms of a condition."""
    if isinstance(condition, Either | Both):
        for part in condition.parts:
            yield from terms_of(part)
    else:
        yield condition


def names_an_attribute(condition: Condition) -> bool:
    """Whether a query with this q is narrow enough without a type (clause 5.7.2.4)."""
    return any(term.path.hops or term.path.names[0] not in ENTITY_MEMBERS for term in terms_of(condition))


def linked_depth(condition: Condition) -> int:
    """Tell how many relationships have to be followed, at most, to judge a condition."""
    return max(len(term.path.hops) for term in terms_of(condition))


class Moment(msgspec.Struct, frozen=True):
    """A system time as the target of a term."""

    micros: Micros
