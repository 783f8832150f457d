"""What a client asks of histories, from a URL or the body of a query (clauses 5.2.21, 5.2.44, 5.7.4)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from context_api.http.consumption import build_presentation, build_query
from context_api.http.criteria import Criteria
from context_api.http.negotiation import JSON
from context_api.http.parameters import Query
from context_api.http.representation import TEMPORAL_FORMATS, Format, Representation, read_representation
from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.model import Iri
from context_api.ngsild.projection import Projection
from context_api.ngsild.query import EntityQuery, TemporalQuery, TimeProperty, parse_temporal_query
from context_api.ngsild.query.aggregation import Aggregation, parse_aggregation
from context_api.ngsild.represent_temporal import TemporalForm, TemporalStyle
from context_api.ngsild.temporal import SCOPE
from context_api.store.temporal import HistoryRequest

TIME_PARAMETERS = ("timerel", "timeAt", "endTimeAt", "timeproperty", "lastN", "timePage")
AGGREGATION_PARAMETERS = ("aggrMethods", "aggrPeriodDuration", "timezone")

_TEMPORAL_MEMBERS = frozenset((*TIME_PARAMETERS[:-1], *AGGREGATION_PARAMETERS))
_AGGREGATION_MEMBERS = frozenset(AGGREGATION_PARAMETERS)
_STYLES = {
    Format.NORMALIZED: TemporalStyle.NORMALIZED,
    Format.CONCISE: TemporalStyle.CONCISE,
    Format.TEMPORAL_VALUES: TemporalStyle.VALUES,
}
_WRITTEN = frozenset((TimeProperty.CREATED_AT, TimeProperty.MODIFIED_AT))


class TemporalRequest(NamedTuple):
    """What is wanted of histories, and in which form."""

    histories: HistoryRequest
    form: TemporalForm
    aggregation: Aggregation | None

    @property
    def window(self) -> TemporalQuery:
        """The temporal query."""
        return self.histories.window


def times_of_url(query: Query) -> dict[str, Any]:
    """Read the temporal parameters of a URL."""
    return {name: query.text(name) for name in (*TIME_PARAMETERS, *AGGREGATION_PARAMETERS) if name in query}


def times_of_body(document: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Take temporalQ and aggrParams out of a Query; gives the rest of it, and them. Raises BadRequestData."""
    rest = {name: value for name, value in document.items() if name not in {"temporalQ", "aggrParams"}}
    times: dict[str, Any] = {}
    for member, known in (("temporalQ", _TEMPORAL_MEMBERS), ("aggrParams", _AGGREGATION_MEMBERS)):
        given = document.get(member, {})
        if not isinstance(given, dict):
            raise BadRequestData(f"{member} is an object", pointer=f"/{member}")
        for name, value in given.items():
            if name not in known:
                raise BadRequestData(
                    f"{member} has no member {name[:40]!r}; it may have {', '.join(sorted(known))}",
                    pointer=f"/{member}",
                )
            times[name] = value
    return rest, times


def build_temporal_request(
    query: Query,
    criteria: Criteria,
    times: Mapping[str, Any],
    context: Context,
    limit: int,
    *,
    required: bool = False,
) -> TemporalRequest:
    """Read everything but the selection of entities. Raises BadRequestData, InvalidRequest."""
    representation = read_representation(query, TEMPORAL_FORMATS)
    window = parse_temporal_query(times, required=required)
    shown = build_presentation(criteria, Representation(), JSON, context)
    return TemporalRequest(
        HistoryRequest(
            window=window,
            attributes=_attributes(shown.attrs, shown.projection),
            omitted=_omitted(shown.projection),
            needed=shown.attrs or frozenset(),
            datasets=shown.datasets,
            with_recorded=representation.sys_attrs or window.timeproperty in _WRITTEN,
            limit=limit,
        ),
        TemporalForm(
            style=_STYLES.get(representation.format, TemporalStyle.NORMALIZED),
            sys_attrs=representation.sys_attrs,
            timeproperty=window.timeproperty,
            projection=shown.projection,
            languages=shown.languages,
        ),
        _aggregation(representation.format, times, window),
    )


def _attributes(attrs: frozenset[Iri] | None, projection: Projection) -> tuple[Iri, ...] | None:
    if attrs is not None:
        return (*sorted(attrs), SCOPE)
    if projection.pick is None:
        return None
    scope = (SCOPE,) if "scope" in projection.pick.members else ()
    return (*sorted(projection.pick.attributes), *scope)


def _omitted(projection: Projection) -> frozenset[Iri]:
    if projection.omit is None:
        return frozenset()
    scope = (SCOPE,) if "scope" in projection.omit.members else ()
    return frozenset((*projection.omit.attributes, *scope))


def _aggregation(chosen: Format, times: Mapping[str, Any], window: TemporalQuery) -> Aggregation | None:
    """Read what is to be calculated; asking for methods is asking for aggregatedValues."""
    given = any(times.get(name) is not None for name in AGGREGATION_PARAMETERS)
    if chosen is not Format.AGGREGATED_VALUES and not (given and chosen is Format.NORMALIZED):
        return None
    if window.last_n is not None:
        raise BadRequestData("lastN and aggregatedValues exclude each other")
    return parse_aggregation(times)


def build_temporal_query(
    criteria: Criteria, context: Context, *, limit: int, offset: int, count: bool
) -> EntityQuery:
    """Read what selects histories. Raises BadRequestData, TooComplexQuery."""
    if any(text.partition(";")[0] != "id" for text in criteria.order_by) or len(criteria.order_by) > 1:
        raise BadRequestData("histories are ordered by id only: orderBy=id, id;asc or id;desc")
    return build_query(criteria, context, limit=limit, offset=offset, count=count)
