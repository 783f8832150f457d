"""From criteria to a query and to the form of its answer, in expanded names (clauses 5.7.1 and 5.7.2)."""

from collections.abc import Callable

from context_api.http.criteria import Criteria, Selector
from context_api.http.negotiation import GEO_JSON
from context_api.http.representation import Format, Representation
from context_api.ngsild.contexts import Context
from context_api.ngsild.downgrade import CURRENT_MINOR
from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.geojson import LOCATION
from context_api.ngsild.language import parse_languages
from context_api.ngsild.model import DEFAULT_DATASET, Iri
from context_api.ngsild.names import check_uri
from context_api.ngsild.parse import parse_attribute_name
from context_api.ngsild.presentation import Presentation
from context_api.ngsild.projection import Projection, parse_projection
from context_api.ngsild.query import (
    Condition,
    EntityQuery,
    GeoQuery,
    Ordering,
    linked_depth,
    names_an_attribute,
    parse_geo_query,
    parse_id_pattern,
    parse_ordering,
    parse_q,
    parse_scope_query,
    parse_type_selection,
)
from context_api.ngsild.query.selector import EntitySelector
from context_api.ngsild.represent import Document, to_concise, to_key_values, to_normalized

ANY_TYPE = "*"
WRITERS: dict[Format, Callable[..., Document]] = {
    Format.NORMALIZED: to_normalized,
    Format.CONCISE: to_concise,
    Format.KEY_VALUES: to_key_values,
}


def build_presentation(
    criteria: Criteria,
    representation: Representation,
    accept: str,
    context: Context,
    minor: int = CURRENT_MINOR,
) -> Presentation:
    """Read everything that is about the form of an answer. Raises BadRequestData, TooComplexQuery."""
    attrs = read_names(criteria.attrs, context)
    return Presentation(
        write=WRITERS[representation.format],
        sys_attrs=representation.sys_attrs,
        attrs=frozenset(attrs) if attrs else None,
        projection=_projection(criteria, context),
        languages=parse_languages(criteria.lang) if criteria.lang is not None else None,
        datasets=_datasets(criteria.datasets),
        join=criteria.join,
        join_level=criteria.join_level,
        contained_by=frozenset(check_uri(one, "containedBy", "") for one in criteria.contained_by),
        minor=minor,
        geometry_property=_geometry_property(criteria.geometry_property, accept, context),
    )


def read_names(names: tuple[str, ...], context: Context) -> tuple[Iri, ...]:
    """Expand attribute names, each once."""
    return tuple(dict.fromkeys(parse_attribute_name(name, context) for name in names))


def _projection(criteria: Criteria, context: Context) -> Projection:
    projection = parse_projection(criteria.pick, criteria.omit, context)
    if (criteria.pick is not None or criteria.omit is not None) and criteria.attrs:
        raise BadRequestData("attrs excludes pick and omit")
    followed = criteria.join_level if criteria.join is not None else 0
    if projection.depth > followed:
        raise BadRequestData(
            f"pick or omit names members of entities {projection.depth} links away; join and joinLevel follow"
            f" {followed}"
        )
    return projection


def _datasets(texts: tuple[str, ...]) -> frozenset[str] | None:
    if not texts:
        return None
    return frozenset(DEFAULT_DATASET if one == "@none" else check_uri(one, "datasetId", "") for one in texts)


def _geometry_property(name: str | None, accept: str, context: Context) -> Iri | None:
    if accept == GEO_JSON:
        return LOCATION if name is None else parse_attribute_name(name, context)
    if name is not None:
        raise BadRequestData(f"geometryProperty needs Accept: {GEO_JSON}")
    return None


def build_query(criteria: Criteria, context: Context, *, limit: int, offset: int, count: bool) -> EntityQuery:
    """Read everything that selects and orders entities.

    Raises BadRequestData, among others for a query that is too wide or follows links deeper than it joins;
    TooComplexQuery.
    """
    q, geo = _condition(criteria, context), _geo(criteria, context)
    _refuse_too_wide(criteria, q, geo)
    if criteria.csf is not None:
        parse_q(criteria.csf, context)  # selects context sources; there are none to ask
    selector, others = _selection(criteria.selectors, context)
    return EntityQuery(
        ids=selector.ids,
        id_pattern=selector.id_pattern,
        types=selector.types,
        any_of=others,
        attrs=read_names(criteria.attrs, context),
        q=q,
        geo=geo,
        scopes=None if criteria.scope_q is None else parse_scope_query(criteria.scope_q),
        ordering=_ordering(criteria, context),
        limit=limit,
        offset=offset,
        count=count,
    )


def _refuse_too_wide(criteria: Criteria, q: Condition | None, geo: GeoQuery | None) -> None:
    any_type = any(one.type == ANY_TYPE for one in criteria.selectors)
    if any_type and criteria.is_local is False:
        raise BadRequestData("type=* is about this broker only: it excludes local=false")
    by_type = any(one.type is not None for one in criteria.selectors)
    if by_type or criteria.attrs or geo is not None or criteria.is_local:
        return
    if q is None or not names_an_attribute(q):
        raise BadRequestData(
            "The query is too wide: give type, attrs, a q about an attribute, a geoquery or local=true"
        )


def _condition(criteria: Criteria, context: Context) -> Condition | None:
    json_keys = read_names(criteria.json_keys, context)
    if criteria.q is None:
        return None
    expanded = [
        name for name in criteria.expand_values if parse_attribute_name(name, context) not in json_keys
    ]
    q = parse_q(criteria.q, context, expand_values=expanded)
    followed = criteria.join_level if criteria.join is not None else 0
    if linked_depth(q) > followed:
        raise BadRequestData(
            f"The query is too deep: q follows {linked_depth(q)} links; join and joinLevel follow {followed}"
        )
    return q


def _geo(criteria: Criteria, context: Context) -> GeoQuery | None:
    if criteria.geo is None:
        return None  # geoproperty "shall be ignored unless a geoquery is present" (table 6.4.3.2-1)
    name = LOCATION if criteria.geoproperty is None else parse_attribute_name(criteria.geoproperty, context)
    return parse_geo_query(criteria.geo, geoproperty=name)


def _ordering(criteria: Criteria, context: Context) -> Ordering | None:
    if not criteria.order_by:
        if (criteria.order_from, criteria.order_geometry, criteria.collation) != (None, None, None):
            raise BadRequestData("orderFrom, orderGeometry and collation need orderBy")
        return None
    return parse_ordering(
        criteria.order_by,
        context,
        order_from=criteria.order_from,
        geometry=criteria.order_geometry or "Point",
        collation=criteria.collation,
    )


def _selection(
    selectors: tuple[Selector, ...], context: Context
) -> tuple[EntitySelector, tuple[EntitySelector, ...]]:
    """Give what one selector asks, or several of which one has to hold."""
    read = tuple(_entity_selector(one, context) for one in selectors)
    if len(read) == 1:
        return read[0], ()
    return EntitySelector(), read


def _entity_selector(selector: Selector, context: Context) -> EntitySelector:
    pattern = selector.id_pattern
    return EntitySelector(
        types=None if selector.type is None else parse_type_selection(selector.type, context),
        ids=tuple(dict.fromkeys(check_uri(one, "an id", "") for one in selector.ids)),
        id_pattern=None if pattern is None else parse_id_pattern(pattern),
    )
