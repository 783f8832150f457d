"""The question "which entities" (clause 5.7.2), in expanded names."""

import msgspec

from context_api.ngsild.model import Entity, Iri
from context_api.ngsild.query.conditions import Condition
from context_api.ngsild.query.geo import GeoQuery, compile_geo_query
from context_api.ngsild.query.ordering import Ordering
from context_api.ngsild.query.predicate import Resolver, matches
from context_api.ngsild.query.scope import ScopeQuery
from context_api.ngsild.query.selector import EntitySelector
from context_api.ngsild.query.types import TypeSelection

DEFAULT_LIMIT = 20


class EntityQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A selector of entities and the page that is wanted; all parts that are given must hold."""

    ids: tuple[str, ...] = ()
    """Empty: any id."""
    id_pattern: str | None = None
    """A regular expression that is searched (not anchored) in the id; not looked at where `ids` are given."""
    types: TypeSelection | None = None
    """None: any type."""
    any_of: tuple[EntitySelector, ...] = ()
    """Several selectors, of which one has to hold, besides what is asked above; empty: no more is asked."""
    attrs: tuple[Iri, ...] = ()
    """Entities with at least one of these attributes; empty: any."""
    q: Condition | None = None
    geo: GeoQuery | None = None
    scopes: ScopeQuery | None = None
    ordering: Ordering | None = None
    """None: by id."""
    limit: int = DEFAULT_LIMIT
    """Entities per page; 0 only where nothing but the count is wanted."""
    offset: int = 0
    after: str | None = None
    """Only ids behind this one: how a page is continued at no cost; where the ordering is by id only."""
    count: bool = False
    """Whether the number of all matching entities is wanted too."""


def selects(query: EntityQuery, entity: Entity, resolve: Resolver | None = None) -> bool:
    """Judge an entity by all of a query but its page: what the store's SQL must agree with."""
    selector = EntitySelector(types=query.types, ids=query.ids, id_pattern=query.id_pattern)
    return (
        selector.matches(entity)
        and (not query.any_of or any(one.matches(entity) for one in query.any_of))
        and (not query.attrs or any(name in entity.attributes for name in query.attrs))
        and (query.scopes is None or query.scopes.matches(entity.scopes))
        and (query.q is None or matches(query.q, entity, resolve))
        and (query.geo is None or compile_geo_query(query.geo).matches(entity))
    )
