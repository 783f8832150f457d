"""Aggregated histories -> JSON text (clause 4.5.19)."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from operator import add
from typing import Any, NamedTuple

import msgspec

from context_api.ngsild.attributes import FORMS
from context_api.ngsild.contexts import Context
from context_api.ngsild.model import DEFAULT_DATASET, Iri, Kind, Micros
from context_api.ngsild.query.aggregation import AggrMethod
from context_api.ngsild.represent_temporal import TemporalForm, join_members, write_members
from context_api.ngsild.temporal import History
from context_api.ngsild.temporal_times import format_times

_encode = msgspec.json.encode
_encode_lines = msgspec.json.Encoder().encode_lines

COUNTS = frozenset((AggrMethod.TOTAL_COUNT, AggrMethod.DISTINCT_COUNT))


class Buckets:
    """The buckets of a request: bucket i is [edges[i], edges[i + 1]). Their times are written once."""

    def __init__(self, edges: Sequence[Micros]) -> None:
        self._edges = edges

    @cached_property
    def endings(self) -> list[str]:
        """What follows the value in a bucket's triple."""
        times = format_times(self._edges)
        return [f',"{start}","{end}"]' for start, end in pairwise(times)]


class Cells(NamedTuple):
    """Values by bucket, in columns of one length."""

    positions: Sequence[int]
    """Which buckets."""
    values: Sequence[Any]


class SeriesAggregate(NamedTuple):
    """What one series comes to, bucket by bucket; empty buckets are left out."""

    attribute: Iri
    dataset_id: str
    kind: Kind
    unit_code: str | None
    """Set only where the series has values of several units: they are not mixed."""
    buckets: Buckets
    cells: Mapping[AggrMethod, Cells]


def is_eligible(kind: Kind, method: AggrMethod) -> bool:
    """Whether values of an attribute type can be aggregated so (tables 4.5.19.1-1 to -3)."""
    return method in COUNTS or kind in {Kind.PROPERTY, Kind.LIST_PROPERTY}


def write_aggregated(
    history: History,
    aggregates: Sequence[SeriesAggregate],
    context: Context,
    form: TemporalForm,
    served_context: bytes | None = None,
) -> bytes | None:
    """Write an entity's aggregated history as a JSON object; None where pick and omit leave nothing."""
    members = write_members(history, context, form)
    groups: dict[Iri, list[SeriesAggregate]] = {}
    for one in aggregates:
        groups.setdefault(one.attribute, []).append(one)
    for attribute, several in groups.items():
        written = [_write_series(one) for one in several]
        value = written[0] if len(written) == 1 else b"[" + b",".join(written) + b"]"
        members.append(_encode(context.compact(attribute)) + b":" + value)
    return join_members(members, served_context)


def _write_series(one: SeriesAggregate) -> bytes:
    members = [b'"type":' + _encode(FORMS[one.kind].type)]
    if one.dataset_id != DEFAULT_DATASET:
        members.append(b'"datasetId":' + _encode(one.dataset_id))
    if one.unit_code is not None:
        members.append(b'"unitCode":' + _encode(one.unit_code))
    endings = one.buckets.endings
    members += [
        _encode(str(method)) + b":" + _write_cells(cells, endings) for method, cells in one.cells.items()
    ]
    return b"{" + b",".join(members) + b"}"


def _write_cells(cells: Cells, endings: Sequence[str]) -> bytes:
    """Write [value, start, end] of each bucket. A line of JSON is one value, whatever it holds."""
    values = _encode_lines(cells.values).decode().removesuffix("\n").split("\n")
    triples = map(add, values, [endings[position] for position in cells.positions])
    return f"[[{',['.join(triples)}]".encode()
