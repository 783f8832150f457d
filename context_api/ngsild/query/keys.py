"""What a condition asks an attribute to be equal to, or to reach: an index need not judge what does not.

A key is text or a number. An entity that fulfils the condition has, at its path, a value with one of its
keys, or a number that reaches the bound; that it has one is no proof that it fulfils it.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from context_api.ngsild.model import Entity
from context_api.ngsild.query.conditions import (
    ENTITY_MEMBERS,
    Both,
    Compares,
    Condition,
    Equals,
    Literal,
    LiteralKind,
    Operator,
    Path,
)
from context_api.ngsild.query.predicate import find_targets

MAX_KEYS = 100
"""A condition with more of them is not keyed."""

Key = tuple[str, str | float]

_AS_TIMES = frozenset((LiteralKind.DATETIME, LiteralKind.DATE, LiteralKind.TIME))


class Keyed(NamedTuple):
    """The keys of which an entity has to have one at a path."""

    path: Path
    keys: tuple[Key, ...]


class Bound(NamedTuple):
    """A number that some value at a path has to reach: at least, or at most."""

    path: Path
    number: float
    is_floor: bool


_FLOORS = (Operator.GREATER, Operator.GREATER_OR_EQUAL)


def find_bound(condition: Condition) -> Bound | None:
    """Give the number that a condition asks an attribute to reach, be it beside other things."""
    for term in condition.parts if isinstance(condition, Both) else (condition,):
        if isinstance(term, Compares) and _is_simple(term.path) and term.operand.kind is LiteralKind.NUMBER:
            number = term.operand.value
            if isinstance(number, int | float):
                return Bound(term.path, number, term.operator in _FLOORS)
    return None


def numbers_at(path: Path, entity: Entity) -> tuple[float, float] | None:
    """Give the smallest and the largest number that an entity has at a path of a `Bound`."""
    instances = entity.attributes.get(path.names[0], ())
    numbers = [
        leaf for one in instances for leaf in _leaves(one.value) if type(leaf) is float or type(leaf) is int
    ]
    return (min(numbers), max(numbers)) if numbers else None


def find_keys(condition: Condition) -> Keyed | None:
    """Give what a condition asks for, be it beside other things; None where it asks for nothing so simple."""
    for term in condition.parts if isinstance(condition, Both) else (condition,):
        if isinstance(term, Equals) and not term.negated and _is_simple(term.path):
            keys = tuple(map(_key_of_operand, term.operands))
            if len(keys) <= MAX_KEYS and None not in keys:
                return Keyed(term.path, tuple(key for key in keys if key is not None))
    return None


def keys_at(path: Path, entity: Entity) -> set[Key]:
    """Give the keys that an entity has at a path of a `Keyed`."""
    return {
        key
        for target in find_targets(path, entity)
        for value in target.values
        for leaf in _leaves(value)
        if (key := _key_of(leaf)) is not None
    }


def _is_simple(path: Path) -> bool:
    return not path.hops and not path.members and len(path.names) == 1 and path.names[0] not in ENTITY_MEMBERS


def _key_of_operand(operand: Any) -> Key | None:
    if not isinstance(operand, Literal) or operand.kind in _AS_TIMES or operand.kind is LiteralKind.FLAG:
        return None
    return _key_of(operand.value)


def _key_of(value: Any) -> Key | None:
    if isinstance(value, str):
        return "text", value
    return ("number", value) if type(value) in (int, float) else None


def _leaves(value: Any) -> Iterator[Any]:
    """Go through arrays and typed values of JSON-LD (`{"@type": …, "@value": …}`)."""
    if isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    elif isinstance(value, dict) and "@value" in value:
        yield from _leaves(value["@value"])
    else:
        yield value
