"""q and geoqueries on history: any instance within the window may match (clause 5.7.4.4).

Plain numbers, nearly all there is, are compared by the database. What else a series holds is read page by
page, until one instance matches, and judged by the predicate that judges entities.
"""

from collections.abc import Callable, Iterable, Sequence

from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.errors import BadRequestData, TooComplexQuery
from context_api.ngsild.model import Entity, Instance, Iri, Kind
from context_api.ngsild.query import Condition, GeoQuery, TemporalQuery, compile_geo_query, matches
from context_api.ngsild.query.conditions import (
    DATASET_ID,
    ENTITY_MEMBERS,
    INSTANCE_MEMBERS,
    UNIT_CODE,
    Both,
    Compares,
    Either,
    Equals,
    Exists,
    Literal,
    LiteralKind,
    Operand,
    Path,
    Range,
    Term,
)
from context_api.ngsild.temporal_scopes import BEGINNING
from context_api.store.access import Access
from context_api.store.history_sights import HistorySights, seen_rows
from context_api.store.packing import pack_ints, pack_times
from context_api.store.queries import load_queries
from context_api.store.temporal_columns import SeriesRow, make_track
from context_api.store.temporal_heads import Head, read_series
from context_api.store.temporal_rows import RowReader, Run
from context_api.store.temporal_windows import Window
from context_api.store.terms import Terms

_SQL = load_queries("temporal")

MAX_JUDGED = 200_000
"""Instances that one request may have judged one by one."""
JUDGED_AT_A_TIME = 1_000

_PLAIN = b"(o.body is null or o.body = '0'::jsonb or not o.body ? 'v')"
_STRUCTURED = b"(o.body is not null and o.body <> '0'::jsonb)"
_LIVING = b"o.deleted_at is null"
_CONSTANT_MEMBERS = frozenset((UNIT_CODE, DATASET_ID))


class Judge:
    """Judges the entities of one request, on one connection."""

    def __init__(
        self,
        connection: Connection[TupleRow],
        terms: Terms,
        access: Access,
        window: Window,
        sights: HistorySights | None = None,
    ) -> None:
        self._connection = connection
        self._terms = terms
        self._access = access
        self._window = window
        self._sights = sights
        self._judged = 0

    def select(self, heads: Sequence[Head], condition: Condition | None, geo: GeoQuery | None) -> list[Head]:
        """Keep the entities that match. Raises BadRequestData, TooComplexQuery, StoreTimeout."""
        by_id = {head.id: head for head in heads}
        ids = set(by_id)
        if condition is not None:
            ids = self._judge(condition, ids, by_id)
        if geo is not None and ids:
            predicate = compile_geo_query(geo)
            rows = self._series(ids, geo.geoproperty)
            ids = self._search(rows, _STRUCTURED, predicate.matches)
        return [head for head in heads if head.id in ids]

    def _judge(self, condition: Condition, ids: set[str], heads: dict[str, Head]) -> set[str]:
        if isinstance(condition, Both):
            for part in condition.parts:
                ids = self._judge(part, ids, heads) if ids else ids
            return ids
        if isinstance(condition, Either):
            found: set[str] = set()
            for part in condition.parts:
                found |= self._judge(part, ids - found, heads)
            return found
        return self._judge_term(condition, ids, heads)

    def _judge_term(self, term: Term, ids: set[str], heads: dict[str, Head]) -> set[str]:
        path = term.path
        if path.hops:
            raise BadRequestData("a q on history follows no links to other entities")
        if not ids:
            return ids
        if len(path.names) == 1 and path.names[0] in ENTITY_MEMBERS:
            return {one for one in ids if matches(term, _entity_of(heads[one]))}
        if isinstance(term, Exists) and term.negated:
            return ids - self._judge_term(Exists(path), ids, heads)
        rows = self._series(ids, path.names[0])
        if isinstance(term, Exists) and len(path.names) == 1 and not path.members:
            return self._find(rows, b"true", ())
        if _looks_at_times(path):
            return self._search(rows, b"true", lambda entity: matches(term, entity))
        return self._judge_values(term, rows)

    def _judge_values(self, term: Term, rows: Sequence[SeriesRow]) -> set[str]:
        numeric = _numeric_test(term)
        if numeric is not None:
            found = self._find([row for row in rows if row.series.kind == Kind.PROPERTY], *numeric)
        else:
            # Whatever the number is, the answer is the same
            numbers = [row for row in rows if row.series.kind == Kind.PROPERTY]
            alike = [row for row in numbers if matches(term, _plain_entity(row))]
            found = self._find(alike, _PLAIN, ())
        rest = [row for row in rows if row.entity_id not in found]
        return found | self._search(rest, _STRUCTURED, lambda entity: matches(term, entity))

    def _series(self, ids: Iterable[str], attribute: Iri) -> list[SeriesRow]:
        rows = read_series(self._connection, self._terms, self._access, sorted(ids), [attribute])
        return seen_rows(self._sights, rows)

    def _find(self, rows: Sequence[SeriesRow], test: bytes, parameters: Sequence[object]) -> set[str]:
        """Give the entities of those series that have a value in the window that passes a test."""
        return self.find(rows, _LIVING + b" and " + test, parameters)

    def find(self, rows: Sequence[SeriesRow], test: bytes, parameters: Sequence[object] = ()) -> set[str]:
        """Give the entities of those series that have an instance in the window that passes a test."""
        if not rows:
            return set()
        has_bounds = any(row.since != BEGINNING for row in rows)
        statement = (
            _SQL["find_seen_series" if has_bounds else "find_series"]
            .replace(b"{condition}", self._window.condition)
            .replace(b"{test}", test)
        )
        bounds = [pack_times([row.since for row in rows])] if has_bounds else []
        ids = pack_ints([row.series.id for row in rows])
        found = self._connection.execute(
            statement, [ids, *bounds, *self._window.parameters, *parameters], binary=True
        )
        owners = {row.series.id: row.entity_id for row in rows}
        return {owners[number] for (number,) in found.fetchall()}

    def _search(self, rows: Sequence[SeriesRow], test: bytes, is_match: Callable[[Entity], bool]) -> set[str]:
        """Judge instances one by one, in the order of time, until one of each entity matches."""
        found: set[str] = set()
        window = self._window._replace(condition=b" and ".join([self._window.condition, _LIVING, test]))
        query = TemporalQuery(timeproperty=window.timeproperty)
        while rows:
            runs = [Run(row) for row in rows]
            reader = RowReader(self._connection, window, query, with_recorded=True)
            end = reader.read(runs, JUDGED_AT_A_TIME)
            for run in runs:
                if run.row.entity_id not in found and self._judge_run(run, is_match):
                    found.add(run.row.entity_id)
            if end is None:
                break
            query = TemporalQuery(timeproperty=window.timeproperty, behind=end)
            rows = [run.row for run in runs if run.row.entity_id not in found]
        return found

    def _judge_run(self, run: Run, is_match: Callable[[Entity], bool]) -> bool:
        name = run.row.attribute
        for chunk in run.chunks:
            track = make_track(self._terms, run.row, chunk, {})
            self._judged += len(track.times)
            if self._judged > MAX_JUDGED:
                raise TooComplexQuery(
                    f"The query would look at more than {MAX_JUDGED:,} values one by one: choose a shorter"
                    " window, or narrow it by type, id or attrs"
                )
            for position in range(len(track.times)):
                instance = track.instance(position)
                instance.created_at = None if track.recorded is None else track.recorded[position]
                instance.modified_at = track.modified_at(position) or instance.created_at
                if is_match(Entity(id="", types=(), attributes={name: [instance]})):
                    return True
        return False


def _looks_at_times(path: Path) -> bool:
    """Whether it is about a time of an instance, which differs between plain numbers."""
    last = path.names[-1]
    return len(path.names) == 2 and last in INSTANCE_MEMBERS and last not in _CONSTANT_MEMBERS


def _entity_of(head: Head) -> Entity:
    return Entity(
        id=head.id,
        types=(),
        attributes={},
        created_at=head.created_at or 0,
        modified_at=head.modified_at or 0,
        expires_at=head.expires_at,
    )


def _plain_entity(row: SeriesRow) -> Entity:
    instance = Instance(
        kind=Kind(row.series.kind),
        value=0.5,
        unit_code=row.series.unit_code,
        dataset_id=row.dataset_id,
    )
    return Entity(id="", types=(), attributes={row.attribute: [instance]})


def _numeric_test(term: Term) -> tuple[bytes, list[object]] | None:
    """Write a comparison with numbers as a test of plain numbers; None where no number is compared with."""
    if len(term.path.names) != 1 or term.path.members:
        return None
    if isinstance(term, Compares):
        if term.operand.kind is not LiteralKind.NUMBER:
            return None
        return _PLAIN + b" and o.value " + term.operator.encode() + b" %s::float8", [_float(term.operand)]
    if not isinstance(term, Equals):
        return None
    tests, parameters = _equal_tests(term.operands)
    if not tests:
        return None
    equal = b"(" + b" or ".join(tests) + b")"
    return _PLAIN + b" and " + (b"not " if term.negated else b"") + equal, parameters


def _equal_tests(operands: Iterable[Operand]) -> tuple[list[bytes], list[object]]:
    tests: list[bytes] = []
    parameters: list[object] = []
    for operand in operands:
        if isinstance(operand, Range):
            if operand.low.kind is LiteralKind.NUMBER:
                tests.append(b"o.value between %s::float8 and %s::float8")
                parameters += [_float(operand.low), _float(operand.high)]
        elif operand.kind is LiteralKind.NUMBER:
            tests.append(b"o.value = %s::float8")
            parameters.append(_float(operand))
    return tests, parameters


def _float(literal: Literal) -> float:
    try:
        return float(literal.value)
    except OverflowError:
        return float("inf") if not str(literal.value).startswith("-") else float("-inf")
