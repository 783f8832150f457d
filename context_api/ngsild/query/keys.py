"""What a condition asks an attribute to be equal to, as keys: an index need not judge what has none of them.

A key is text or a number. An entity that fulfils the condition has, at its path, a value with one of its
keys; that it has one is no proof that it fulfils it.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from context_api.ngsild.model import Entity
from context_api.ngsild.query.conditions import (
    ENTITY_MEMBERS,
    Both,
    Condition,
    Equals,
    Literal,
    LiteralKind,
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
