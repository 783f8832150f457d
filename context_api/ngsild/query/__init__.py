"""Queries: what may be asked, parsed once, read by the store."""

from context_api.ngsild.query.entity import EntityQuery
from context_api.ngsild.query.pattern import compile_id_pattern, parse_id_pattern
from context_api.ngsild.query.temporal import TemporalQuery, TimeProperty, TimeRelation, parse_temporal_query
from context_api.ngsild.query.types import (
    AllOf,
    AnyOf,
    TypeIs,
    TypeSelection,
    parse_type_selection,
    selected_types,
    write_type_selection,
)

__all__ = [
    "AllOf",
    "AnyOf",
    "EntityQuery",
    "TemporalQuery",
    "TimeProperty",
    "TimeRelation",
    "TypeIs",
    "TypeSelection",
    "compile_id_pattern",
    "parse_id_pattern",
    "parse_temporal_query",
    "parse_type_selection",
    "selected_types",
    "write_type_selection",
]
