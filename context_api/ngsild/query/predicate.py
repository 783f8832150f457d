"""Conditions judged in memory (clause 4.9): what matching, and every answer of the store, goes by."""

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from context_api.ngsild.attributes import RELATIONSHIPS
from context_api.ngsild.errors import OperationNotSupported
from context_api.ngsild.model import Entity, Instance, Iri, Kind
from context_api.ngsild.query.conditions import (
    CREATED_AT,
    DATASET_ID,
    ENTITY_MEMBERS,
    EXPIRES_AT,
    INSTANCE_MEMBERS,
    MODIFIED_AT,
    OBSERVED_AT,
    UNIT_CODE,
    Both,
    Compares,
    Condition,
    Either,
    Equals,
    Exists,
    Literal,
    LiteralKind,
    Moment,
    Operand,
    Operator,
    Path,
    Range,
    Term,
)
from context_api.ngsild.query.pattern import compile_pattern
from context_api.ngsild.query.times import find_date, find_datetime, find_time

Resolver = Callable[[Sequence[str]], Mapping[str, Entity]]
"""Gives those of the entities that exist, by id: how linked entities are come by."""

_COMPARE: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.GREATER: operator.gt,
    Operator.GREATER_OR_EQUAL: operator.ge,
    Operator.LESS: operator.lt,
    Operator.LESS_OR_EQUAL: operator.le,
}
_TIMES: dict[Iri, Callable[[Any], int | None]] = {
    CREATED_AT: operator.attrgetter("created_at"),
    MODIFIED_AT: operator.attrgetter("modified_at"),
    EXPIRES_AT: operator.attrgetter("expires_at"),
    OBSERVED_AT: operator.attrgetter("observed_at"),
}
_ANY_LANGUAGE = ("*",)


class Target(NamedTuple):
    """What a path leads to in one instance of an attribute."""

    values: list[Any]
    """One value, or the texts of a LanguageProperty, of which any may match."""
    is_relationship: bool = False


def matches(condition: Condition, entity: Entity, resolve: Resolver | None = None) -> bool:
    """Judge an entity. Raises OperationNotSupported where it has to follow links and has no resolver.

    Of an attribute with several instances any may match; within one, `!=` is about all its values.
    """
    if isinstance(condition, Either):
        return any(matches(part, entity, resolve) for part in condition.parts)
    if isinstance(condition, Both):
        return all(matches(part, entity, resolve) for part in condition.parts)
    found = find_targets(condition.path, entity, resolve)
    if isinstance(condition, Exists):
        return any(True for _ in found) != condition.negated
    return any(_holds(condition, target) for target in found)


def find_targets(path: Path, entity: Entity, resolve: Resolver | None = None) -> Iterator[Target]:
    """Give what a path leads to, instance by instance; nothing where it leads nowhere."""
    for each in _follow(path, entity, resolve):
        yield from _targets_of_entity(path, each)


def _follow(path: Path, entity: Entity, resolve: Resolver | None) -> Iterable[Entity]:
    reached = [entity]
    for hop in path.hops:
        if resolve is None:
            raise OperationNotSupported("paths through linked entities are not served here")
        uris = dict.fromkeys(
            uri
            for each in reached
            for instance in each.attributes.get(hop.relationship, ())
            if instance.kind in RELATIONSHIPS
            for uri in (instance.value if isinstance(instance.value, list) else [instance.value])
        )
        linked = resolve(list(uris)).values() if uris else ()
        reached = [each for each in linked if not hop.types or any(one in each.types for one in hop.types)]
    return reached


def _targets_of_entity(path: Path, entity: Entity) -> Iterator[Target]:
    first, last = path.names[0], path.names[-1]
    if len(path.names) == 1 and first in ENTITY_MEMBERS:
        if not path.members:
            yield from _target_of_member(first, entity)
        return
    instances: Iterable[Instance] = entity.attributes.get(first, ())
    for name in path.names[1:-1]:
        instances = [below for one in instances for below in (one.sub or {}).get(name, ())]
    if len(path.names) > 1 and last in INSTANCE_MEMBERS:
        if not path.members:
            for one in instances:
                yield from _target_of_member(last, one)
        return
    if len(path.names) > 1:
        instances = [below for one in instances for below in (one.sub or {}).get(last, ())]
    for one in instances:
        target = _target_of_instance(one, path.members)
        if target is not None:
            yield target


def _target_of_member(name: Iri, owner: Entity | Instance) -> Iterator[Target]:
    if name in _TIMES:
        micros = _TIMES[name](owner)
        if micros is not None:
            yield Target([Moment(micros)])
    elif isinstance(owner, Instance):
        text = {UNIT_CODE: owner.unit_code, DATASET_ID: owner.dataset_id or None}[name]
        if text is not None:
            yield Target([text])


def _target_of_instance(instance: Instance, members: tuple[str, ...]) -> Target | None:
    value = instance.value
    if instance.kind is Kind.LANGUAGE_PROPERTY:
        return _target_of_languages(value, members)
    for member in members:
        if not isinstance(value, dict) or member not in value:
            return None
        value = value[member]
    return Target([value], instance.kind in RELATIONSHIPS)


def _target_of_languages(language_map: dict[str, Any], members: tuple[str, ...]) -> Target | None:
    if not members or members == _ANY_LANGUAGE:
        chosen = list(language_map.values())
    elif len(members) == 1 and members[0] in language_map:
        chosen = [language_map[members[0]]]
    else:
        return None
    return Target([text for one in chosen for text in (one if isinstance(one, list) else [one])])


def _unwrapped(value: Any) -> Any:
    """Give what a typed value of JSON-LD (`{"@type": …, "@value": …}`) holds."""
    return value["@value"] if isinstance(value, dict) and "@value" in value else value


def _holds(term: Term, target: Target) -> bool:
    if isinstance(term, Equals):
        return any(_is_or_holds(value, term.operands) for value in target.values) != term.negated
    if target.is_relationship:
        return False
    if isinstance(term, Compares):
        return any(_compare(_unwrapped(value), term.operator, term.operand) for value in target.values)
    if isinstance(term, Exists):
        return True
    texts = [text for value in target.values if isinstance(text := _unwrapped(value), str)]
    pattern = compile_pattern(term.pattern)
    return bool(texts) and any(pattern.search(text) is not None for text in texts) != term.negated


def _is_or_holds(value: Any, operands: tuple[Operand, ...]) -> bool:
    for part in value if isinstance(value, list) else (value,):
        held = _unwrapped(part)
        if held is not part and isinstance(held, list):
            if any(_is_one_of(one, operands) for one in held):
                return True
        elif _is_one_of(held, operands):
            return True
    return False


def _is_one_of(value: Any, operands: tuple[Operand, ...]) -> bool:
    return any(
        _is_within(value, one) if isinstance(one, Range) else _is_equal(value, one) for one in operands
    )


def _is_within(value: Any, range_: Range) -> bool:
    return _compare(value, Operator.GREATER_OR_EQUAL, range_.low) and _compare(
        value, Operator.LESS_OR_EQUAL, range_.high
    )


def _is_equal(value: Any, literal: Literal) -> bool:
    left, right = _read_alike(value, literal)
    return left is not None and left == right


def _compare(value: Any, order: Operator, literal: Literal) -> bool:
    left, right = _read_alike(value, literal)
    return left is not None and _COMPARE[order](left, right)


def _read_alike(value: Any, literal: Literal) -> tuple[Any, Any]:
    """Give a target value and a literal as two things of one type; None first where they are of two."""
    kind, wanted = literal.kind, literal.value
    if kind is LiteralKind.NUMBER:
        return (value if type(value) in _NUMBERS else None), wanted
    if kind is LiteralKind.FLAG:
        return (value if isinstance(value, bool) else None), wanted
    if isinstance(value, Moment):
        return _read_moment(value, literal)
    if not isinstance(value, str):
        return None, wanted
    read = _READERS.get(kind)
    return (value if read is None else read(value)), wanted


def _read_moment(value: Moment, literal: Literal) -> tuple[Any, Any]:
    """A system time is compared with a DateTime, in quotes or not."""
    if literal.kind is LiteralKind.DATETIME:
        return value.micros, literal.value
    quoted = find_datetime(str(literal.value)) if literal.kind is LiteralKind.TEXT else None
    return (value.micros if quoted is not None else None), quoted


_NUMBERS = (int, float)
_READERS: dict[LiteralKind, Callable[[str], Any]] = {
    LiteralKind.DATETIME: find_datetime,
    LiteralKind.DATE: find_date,
    LiteralKind.TIME: find_time,
}
