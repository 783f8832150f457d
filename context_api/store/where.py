"""Conditions as SQL over a row `e` of entity, with bound parameters only.

The other back end of the query languages is the predicate in `ngsild.query`, which has the last word. A
clause selects at least what the predicate does; where it selects just that it is `exact`, and nobody need
look again. Within a row's documents conditions are jsonpath in lax mode: an array compares as its elements.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from context_api.ngsild.model import Iri, Kind, Micros
from context_api.ngsild.query.conditions import (
    CREATED_AT,
    ENTITY_MEMBERS,
    EXPIRES_AT,
    INSTANCE_MEMBERS,
    MODIFIED_AT,
    OBSERVED_AT,
    Both,
    Compares,
    Condition,
    Either,
    Exists,
    Literal,
    LiteralKind,
    Matches,
    Operand,
    Operator,
    Path,
    Range,
    Term,
)
from context_api.ngsild.query.times import find_datetime
from context_api.store.attribute_indexes import Usable, narrowing
from context_api.store.codec import encode_json
from context_api.store.index_keys import DAY, SECOND, day_text, wanted_keys
from context_api.store.packing import pack_time

Find = Callable[[Sequence[Iri]], list[int]]
"""Gives the numbers of those names that the store knows."""

Guard = Callable[[Iri], "Where | None"]
"""Gives in which entities an attribute is in sight; None: in all of them. ANYTHING: only memory can tell."""

_COLUMNS = {CREATED_AT: b"e.created_at", MODIFIED_AT: b"e.modified_at", EXPIRES_AT: b"e.expires_at"}
_PLAIN = frozenset(
    (LiteralKind.NUMBER, LiteralKind.TEXT, LiteralKind.URI, LiteralKind.FLAG, LiteralKind.DATE)
)
_TEXTUAL = frozenset((LiteralKind.TEXT, LiteralKind.URI, LiteralKind.DATE))
_NO_INDEXES: Mapping[int, Usable] = {}
_LIVING = "!(@.x <= $now)"


class Where(NamedTuple):
    """A clause. What does not matter is left to the predicate."""

    sql: bytes
    parameters: tuple[object, ...] = ()
    exact: bool = True


NOTHING = Where(b"false")
ANYTHING = Where(b"true", exact=False)


def all_of(parts: Sequence[Where]) -> Where:
    """Join clauses that must all hold."""
    return _join(parts, b" and ")


def any_of(parts: Sequence[Where]) -> Where:
    """Join clauses of which one must hold."""
    return _join(parts, b" or ")


def where_q(
    condition: Condition,
    find: Find,
    now: Micros,
    usable: Mapping[int, Usable] = _NO_INDEXES,
    guard: Guard | None = None,
) -> Where:
    """Write a q. Of a path through linked entities only the first link is looked at.

    What an index of `usable` serves says besides which of its keys are wanted: that excludes nothing. What
    `guard` hides is absent.
    """
    if isinstance(condition, Either):
        return any_of([where_q(part, find, now, usable, guard) for part in condition.parts])
    if isinstance(condition, Both):
        return all_of([where_q(part, find, now, usable, guard) for part in condition.parts])
    where = _where_atom(condition, find, now, usable)
    return where if guard is None else _guarded(condition, where, guard)


def _where_atom(condition: Term, find: Find, now: Micros, usable: Mapping[int, Usable]) -> Where:
    if not condition.path.hops:
        return _narrowed(condition, _where_term(condition, find, now), find, usable)
    if isinstance(condition, Exists) and condition.negated:
        return ANYTHING
    linked = _where_term(Exists(Path((condition.path.hops[0].relationship,))), find, now)
    return linked._replace(exact=False)


def _guarded(term: Term, where: Where, guard: Guard) -> Where:
    hops = term.path.hops
    seen = guard(hops[0].relationship if hops else term.path.names[0])
    if seen is None:
        return where
    if not (isinstance(term, Exists) and term.negated):
        return ANYTHING if seen is ANYTHING else all_of([seen, where])
    if not seen.exact:
        return ANYTHING  # it is absent where it is hidden, and where that is only memory can tell
    sql = b"((" + seen.sql + b") is not true or " + where.sql + b")"
    return Where(sql, (*seen.parameters, *where.parameters), where.exact)


def _narrowed(term: Term, where: Where, find: Find, usable: Mapping[int, Usable]) -> Where:
    wanted = wanted_keys(term) if usable else None
    if wanted is None or where is NOTHING:
        return where
    (key,) = find(term.path.names)
    if key not in usable:
        return where
    sql, parameters = narrowing(usable[key], wanted)
    return all_of([Where(sql, parameters), where])


def _join(parts: Sequence[Where], word: bytes) -> Where:
    if len(parts) == 1:
        return parts[0]
    return Where(
        b"(" + word.join([part.sql for part in parts]) + b")",
        tuple(parameter for part in parts for parameter in part.parameters),
        all(part.exact for part in parts),
    )


def _where_term(term: Term, find: Find, now: Micros) -> Where:
    names = term.path.names
    if len(names) == 1 and names[0] in ENTITY_MEMBERS:
        return _where_column(term, _COLUMNS[names[0]])
    is_member = len(names) > 1 and names[-1] in INSTANCE_MEMBERS
    attributes = names[:-1] if is_member else names
    is_absence = isinstance(term, Exists) and term.negated
    keys = [number for name in attributes for number in find([name])]
    if len(keys) < len(attributes):
        return Where(b"true") if is_absence else NOTHING
    written = _member_path(term, keys) if is_member else _value_path(term, keys)
    if written is None:
        return ANYTHING
    return _where_path(written, keys[0], now, is_absence=is_absence)


# System times of the entity


def _where_column(term: Term, column: bytes) -> Where:
    if term.path.members:
        return Where(b"true") if isinstance(term, Exists) and term.negated else NOTHING
    if isinstance(term, Exists):
        return Where(column + (b" is null" if term.negated else b" is not null"))
    if isinstance(term, Compares):
        return _compare_column(column, term.operator, term.operand)
    if isinstance(term, Matches):
        return NOTHING
    equal = any_of([_equal_column(column, operand) for operand in term.operands])
    if not term.negated:
        return equal
    return Where(b"(" + column + b" is not null and not " + equal.sql + b")", equal.parameters)


def _equal_column(column: bytes, operand: Operand) -> Where:
    if isinstance(operand, Range):
        return all_of(
            [
                _compare_column(column, Operator.GREATER_OR_EQUAL, operand.low),
                _compare_column(column, Operator.LESS_OR_EQUAL, operand.high),
            ]
        )
    micros = _moment(operand)
    return NOTHING if micros is None else Where(b"(" + column + b" = %s)", (pack_time(micros),))


def _compare_column(column: bytes, operator: Operator, literal: Literal) -> Where:
    micros = _moment(literal)
    if micros is None:
        return NOTHING
    return Where(b"(" + column + b" " + operator.encode() + b" %s)", (pack_time(micros),))


def _moment(literal: Literal) -> Micros | None:
    if literal.kind is LiteralKind.DATETIME:
        return int(literal.value)
    return find_datetime(str(literal.value)) if literal.kind is LiteralKind.TEXT else None


# Attributes: jsonpath over the array of an attribute's instances


class _Written(NamedTuple):
    """A jsonpath that finds something in an entity that matches."""

    path: str
    variables: list[Any]
    exact: bool = True
    pattern: str | None = None
    """A regular expression for the texts that the path finds."""


def _where_path(written: _Written, key: int, now: Micros, *, is_absence: bool) -> Where:
    instances = b"coalesce(e.fixed -> '%d', e.live -> '%d')" % (key, key)
    variables = {f"p{index}": value for index, value in enumerate(written.variables)} | {"now": now}
    parameters: tuple[object, ...] = (written.path, encode_json(variables).decode())
    if written.pattern is not None:
        sql = (
            b"exists (select from jsonb_path_query("
            + instances
            + b", %s::jsonpath, %s::jsonb, true) as found"
            b" where jsonb_typeof(found) = 'string' and found #>> '{}' ~ %s collate \"C\")"
        )
        return Where(sql, (*parameters, written.pattern), written.exact)
    sql = b"jsonb_path_exists(" + instances + b", %s::jsonpath, %s::jsonb, true)"
    if is_absence:
        sql = b"not coalesce(" + sql + b", false)"
    return Where(sql, parameters, written.exact)


def _instances(keys: Sequence[int], condition: str = "") -> str:
    """Write the path to the instances that a path's names lead to; expiry is looked at on the first only."""
    if len(keys) == 1:
        # Last, since it is seldom decisive and the condition seldom holds
        return f"$[*] ? ({condition} && {_LIVING})" if condition else f"$[*] ? ({_LIVING})"
    below = "".join(f'.s."{key}"[*]' for key in keys[1:])
    return f"$[*] ? ({_LIVING}){below}" + (f" ? ({condition})" if condition else "")


def _member_path(term: Term, keys: Sequence[int]) -> _Written | None:
    """Write a term about a member of an instance, such as observedAt; exact where it is a time on its own."""
    if isinstance(term, Exists) and term.negated:
        return None
    name = term.path.names[-1]
    if name == OBSERVED_AT and isinstance(term, Compares) and not term.path.members:
        micros = _moment(term.operand)
        if micros is None:
            return _Written(_instances(keys, "@.o == null"), [])
        return _Written(_instances(keys, f"@.o {term.operator} $p0"), [micros])
    return _Written(_instances(keys), [], exact=False)


def _value_path(term: Term, keys: Sequence[int]) -> _Written | None:
    members = term.path.members
    access = _access(members)
    if isinstance(term, Exists):
        if not members:
            return _Written(_instances(keys), [])
        return None if term.negated else _Written(_instances(keys, f"exists({access})"), [], exact=False)
    if isinstance(term, Matches):
        if term.negated:
            return _Written(_instances(keys), [], exact=False)
        path = f"{_instances(keys)}{access[1:]}.**{{0 to 2}}"
        return _Written(path, [], exact=False, pattern=term.pattern)
    tests = _Tests(access, is_whole=not members)
    if isinstance(term, Compares):
        condition = tests.compare(term.operator, term.operand)
    elif not term.negated:
        condition = " || ".join([tests.equal(operand) for operand in term.operands])
    else:
        condition = tests.unequal(term.operands)
    return _Written(_instances(keys, f"({condition})"), tests.variables, tests.exact and not members)


def _access(members: Sequence[str]) -> str:
    """Write the way from an instance to the value that is looked at."""
    if list(members) == ["*"]:
        return "@.v.*"
    return "@.v" + "".join(f".{msgspec.json.encode(member).decode()}" for member in members)


class _Tests:
    """Writes tests of one value of an instance, and notes their variables and whether they are exact."""

    def __init__(self, access: str, *, is_whole: bool) -> None:
        self._access = access
        self._is_whole = is_whole
        self.variables: list[Any] = []
        self.exact = True

    def equal(self, operand: Operand) -> str:
        if isinstance(operand, Range):
            return self._within(operand)
        if operand.kind in _PLAIN:
            return self._anywhere(lambda value: f"{value} == {self._variable(operand.value)}", operand.kind)
        self.exact = False
        return (
            self._bounded(operand, Operator.GREATER_OR_EQUAL)
            + " && "
            + self._bounded(operand, Operator.LESS_OR_EQUAL)
        )

    def unequal(self, operands: Sequence[Operand]) -> str:
        """A comparison of two types is unknown to jsonpath; to NGSI-LD they are unequal."""
        equal = " || ".join([self.equal(operand) for operand in operands])
        if self.exact and self._is_whole:
            return f"({equal}) is unknown || !({equal})"
        self.exact = False
        return f"exists({self._access})"

    def compare(self, operator: Operator, literal: Literal) -> str:
        if literal.kind is LiteralKind.NUMBER or literal.kind is LiteralKind.TEXT:
            return self._ordered(operator, literal)
        self.exact = False
        return self._bounded(literal, operator)

    def _ordered(self, operator: Operator, literal: Literal) -> str:
        """An array has no order, nor has the object of a Relationship."""
        access, wanted = self._access, self._variable(literal.value)
        is_text = literal.kind is LiteralKind.TEXT
        type_ = '.type() == "string"' if is_text else '.type() == "number"'
        typed = f'{access}."@value"'
        tests = [
            f"{access} {operator} {wanted} && {access}{type_}",
            f'{typed} {operator} {wanted} && {access}.type() == "object" && {typed}{type_}',
        ]
        if is_text:
            tests[0] += f" && !(@.k == {Kind.RELATIONSHIP:d})"
            tests.append(f"@.k == {Kind.LANGUAGE_PROPERTY:d} && @.v.* {operator} {wanted}")
        return " || ".join([f"({test})" for test in tests])

    def _within(self, range_: Range) -> str:
        if range_.low.kind not in {LiteralKind.NUMBER, LiteralKind.TEXT}:
            self.exact = False
            low = self._bounded(range_.low, Operator.GREATER_OR_EQUAL)
            return f"({low} && {self._bounded(range_.high, Operator.LESS_OR_EQUAL)})"
        low, high = self._variable(range_.low.value), self._variable(range_.high.value)
        return self._anywhere(
            lambda value: f"exists({value}[*] ? (@ >= {low} && @ <= {high}))", range_.low.kind
        )

    def _anywhere(self, test: Callable[[str], str], kind: LiteralKind) -> str:
        """Test the value, what a typed value of JSON-LD holds, and the texts of a LanguageProperty."""
        tests = [test(self._access), test(f'{self._access}."@value"')]
        if kind in _TEXTUAL:
            tests.append(f"@.k == {Kind.LANGUAGE_PROPERTY:d} && {test('@.v.*')}")
        return "(" + " || ".join([f"({one})" for one in tests]) + ")"

    def _bounded(self, literal: Literal, operator: Operator) -> str:
        """Test a time that is written as text by its day, with which the text begins; or that it is there.

        A leap second belongs to the day before: hence the second's margin.
        """
        if literal.kind is not LiteralKind.DATETIME:
            return f"exists({self._access})"
        micros = int(literal.value)
        is_lower = operator in {Operator.GREATER, Operator.GREATER_OR_EQUAL}
        day = day_text(micros - SECOND if is_lower else micros + DAY)
        wanted = self._variable(day)
        order = ">=" if is_lower else "<"
        return self._anywhere(lambda value: f"{value} {order} {wanted}", LiteralKind.TEXT)

    def _variable(self, value: Any) -> str:
        self.variables.append(value)
        return f"$p{len(self.variables) - 1}"
