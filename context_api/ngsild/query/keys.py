"""What a condition asks an attribute to be equal to, or to reach: an index need not judge what does not.

A key is text or a number. An entity that fulfils the condition has, at its path, a value with one of its
keys, or a number that reaches the bound; that it has one is no proof that it fulfils it.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from context_api.ngsild.model import Entity, Instance, Iri, Kind
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

MAX_KEYS = 100
"""A condition with more of them is not keyed."""

Key = tuple[str, str | float]

_AS_TIMES = frozenset((LiteralKind.DATETIME, LiteralKind.DATE, LiteralKind.TIME))


class Keyed(NamedTuple):
    """The keys of which an entity has to have one in the values of an attribute."""

    attribute: Iri
    keys: tuple[Key, ...]


class Bound(NamedTuple):
    """A number that some value of an attribute has to reach: at least, or at most."""

    attribute: Iri
    number: float
    is_floor: bool


_NUMBERS = (int, float)
_FLOORS = (Operator.GREATER, Operator.GREATER_OR_EQUAL)


def find_bound(condition: Condition) -> Bound | None:
    """Give the number that a condition asks an attribute to reach, be it beside other things."""
    for term in condition.parts if isinstance(condition, Both) else (condition,):
        if isinstance(term, Compares) and _is_simple(term.path) and term.operand.kind is LiteralKind.NUMBER:
            number = term.operand.value
            if isinstance(number, int | float):
                return Bound(term.path.names[0], number, term.operator in _FLOORS)
    return None


def numbers_at(attribute: Iri, entity: Entity) -> tuple[float, float] | None:
    """Give the smallest and the largest number that an attribute has for a `Bound`."""
    instances = entity.attributes.get(attribute, ())
    if len(instances) == 1 and type(value := instances[0].value) in _NUMBERS:
        return value, value
    numbers = [leaf for one in instances for leaf in _leaves(one.value) if type(leaf) in _NUMBERS]
    return (min(numbers), max(numbers)) if numbers else None


def find_keys(condition: Condition) -> Keyed | None:
    """Give what a condition asks for, be it beside other things; None where it asks for nothing so simple."""
    for term in condition.parts if isinstance(condition, Both) else (condition,):
        if isinstance(term, Equals) and not term.negated and _is_simple(term.path):
            keys = tuple(map(_key_of_operand, term.operands))
            if len(keys) <= MAX_KEYS and None not in keys:
                return Keyed(term.path.names[0], tuple(key for key in keys if key is not None))
    return None


def keys_at(attribute: Iri, entity: Entity) -> set[Key]:
    """Give the keys that an attribute has for a `Keyed`."""
    instances = entity.attributes.get(attribute, ())
    if len(instances) == 1 and type(value := instances[0].value) is str:
        return {("text", value)}
    return {
        key
        for instance in instances
        for value in _values(instance)
        for leaf in _leaves(value)
        if (key := _key_of(leaf)) is not None
    }


def _values(instance: Instance) -> list[Any]:
    """Give the value, or the texts of a LanguageProperty, of which any may match."""
    if instance.kind is not Kind.LANGUAGE_PROPERTY:
        return [instance.value]
    return [text for one in instance.value.values() for text in (one if isinstance(one, list) else [one])]


def _is_simple(path: Path) -> bool:
    return not path.hops and not path.members and len(path.names) == 1 and path.names[0] not in ENTITY_MEMBERS


def _key_of_operand(operand: Any) -> Key | None:
    if not isinstance(operand, Literal) or operand.kind in _AS_TIMES or operand.kind is LiteralKind.FLAG:
        return None
    return _key_of(operand.value)


def _key_of(value: Any) -> Key | None:
    if isinstance(value, str):
        return "text", value
    return ("number", value) if type(value) in _NUMBERS else None


def _leaves(value: Any) -> Iterator[Any]:
    """Go through arrays and typed values of JSON-LD (`{"@type": …, "@value": …}`)."""
    if isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    elif isinstance(value, dict) and "@value" in value:
        yield from _leaves(value["@value"])
    else:
        yield value
