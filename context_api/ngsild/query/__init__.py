"""Queries: what may be asked, parsed once, read by the store."""

from context_api.ngsild.query.conditions import Condition, linked_depth, names_an_attribute
from context_api.ngsild.query.entity import EntityQuery, selects
from context_api.ngsild.query.geo import GeoQuery, compile_geo_query, parse_geo_query, search_boxes
from context_api.ngsild.query.ordering import Ordering, order_entities, parse_ordering
from context_api.ngsild.query.pattern import compile_id_pattern, parse_id_pattern
from context_api.ngsild.query.predicate import Resolver, matches
from context_api.ngsild.query.q import parse_q
from context_api.ngsild.query.scope import ScopeQuery, parse_scope_query
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
    "Condition",
    "EntityQuery",
    "GeoQuery",
    "Ordering",
    "Resolver",
    "ScopeQuery",
    "TemporalQuery",
    "TimeProperty",
    "TimeRelation",
    "TypeIs",
    "TypeSelection",
    "compile_geo_query",
    "compile_id_pattern",
    "linked_depth",
    "matches",
    "names_an_attribute",
    "order_entities",
    "parse_geo_query",
    "parse_id_pattern",
    "parse_ordering",
    "parse_q",
    "parse_scope_query",
    "parse_temporal_query",
    "parse_type_selection",
    "search_boxes",
    "selected_types",
    "selects",
    "write_type_selection",
]
