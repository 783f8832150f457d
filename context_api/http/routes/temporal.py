"""Histories: consumption (clauses 5.7.3 and 5.7.4)."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import read_ld_object, read_query, uri_segment
from context_api.http.criteria import Criteria, criteria_of_body, criteria_of_url
from context_api.http.negotiation import negotiate
from context_api.http.operation import Answer, Operation, RequestBody, add_route, new_router
from context_api.http.parameters import LATER_TEMPORAL, Parameter, Query
from context_api.http.routes.temporal_provision import add_provision_routes
from context_api.http.schemas import ENTITY_ID, TEMPORAL
from context_api.http.schemas_temporal import AGGREGATED
from context_api.http.services import Services
from context_api.http.temporal_answers import (
    Paging,
    TemporalAnswer,
    answer_aggregates,
    answer_page,
    write_answer,
)
from context_api.http.temporal_criteria import (
    AGGREGATION_PARAMETERS,
    TIME_PARAMETERS,
    build_temporal_query,
    build_temporal_request,
    times_of_body,
    times_of_url,
)
from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import ResourceNotFound, TooComplexQuery
from context_api.store.errors import StoreTimeout

_Answer = TypeVar("_Answer")

PREFIX = "/ngsi-ld/v1"
_PATH = f"{PREFIX}/temporal/entities"
_QUERY_PATH = f"{PREFIX}/temporal/entityOperations/query"
_HEADERS = ("NGSILD-Tenant", "Link")
_SHAPING = ("attrs", "pick", "omit", "lang", "datasetId", "options", "format", "local")
_TIMES = (*TIME_PARAMETERS, *AGGREGATION_PARAMETERS)
_SELECTING = (
    *("type", "id", "idPattern", "q", "expandValues", "jsonKeys", "csf", "scopeQ", "splitEntities"),
    *("georel", "geometry", "coordinates", "geoproperty", "orderBy", "collation"),
)
_PAGE = ("limit", "offset", "count")
_OVERRIDES = {
    "options": Parameter(
        description="temporalValues (or simplified), aggregatedValues, concise or normalized; sysAttrs",
        schema={"type": "array", "items": {"type": "string"}},
        example=["temporalValues"],
        is_list=True,
    ),
    "format": Parameter(
        description="The representation; wins over options",
        schema={
            "type": "string",
            "enum": ["temporalValues", "simplified", "aggregatedValues", "concise", "normalized"],
        },
        example="temporalValues",
    ),
    "datasetId": Parameter(
        description="Only the instances of these datasetIds; @none: the default instances",
        schema={"type": "array", "items": {"type": "string"}},
        example=["urn:ngsi-ld:Dataset:corrected", "@none"],
        is_list=True,
    ),
    "orderBy": Parameter(description="id, with ;asc or ;desc", example="id;desc"),
}
_MEDIA_TYPES = ("application/json", "application/ld+json")
_PAGE_HEADERS = {
    "NGSILD-Results-Count": "With count=true",
    "Link": "The @context, next and prev page",
    "Machi-Aggregate-Source": "With aggregatedValues: what they were calculated from",
}
_PARTIAL_HEADERS = {
    "Content-Range": "The time range that the answer covers",
    "Link": "The @context, and the next page in time",
}

RETRIEVE = Operation(
    id="retrieveTemporal",
    tag="Temporal",
    summary="Retrieve the history of an entity",
    description=(
        "Without timerel, all of it. A deletion that nobody gave an observedAt is served with"
        " timeproperty=deletedAt (or createdAt, modifiedAt). Clause 5.7.3."
    ),
    path_examples={"entity_id": ENTITY_ID},
    accepts=(*_TIMES, *_SHAPING),
    later=LATER_TEMPORAL,
    overrides=_OVERRIDES,
    answers={
        200: Answer(
            description="The history",
            schema="EntityTemporal",
            example=TEMPORAL,
            media_types=_MEDIA_TYPES,
            headers=_PAGE_HEADERS,
        ),
        206: Answer(
            description="A part of it; Content-Range says which, Link leads to the next",
            schema="EntityTemporal",
            example=TEMPORAL,
            media_types=_MEDIA_TYPES,
            headers=_PARTIAL_HEADERS,
        ),
    },
    errors=(403, 404, 406, 422, 504),
    headers=_HEADERS,
)
_LISTS = {
    200: Answer(
        description="A page of histories, ordered by id",
        schema="EntityTemporalList",
        example=[TEMPORAL],
        media_types=_MEDIA_TYPES,
        headers=_PAGE_HEADERS,
    ),
    206: Answer(
        description="A part of them in time; Content-Range says which, Link leads to the next",
        schema="EntityTemporalList",
        example=[TEMPORAL],
        media_types=_MEDIA_TYPES,
        headers=_PARTIAL_HEADERS,
    ),
}
QUERY = Operation(
    id="queryTemporal",
    tag="Temporal",
    summary="Query histories",
    description=(
        "Needs timerel and timeAt, and one of type, attrs, q, a geoquery and local=true. q and the geoquery"
        " select entities of which any instance in the window matches. Clause 5.7.4."
    ),
    accepts=(*_SELECTING, *_TIMES, *_SHAPING, *_PAGE),
    later=LATER_TEMPORAL,
    overrides=_OVERRIDES,
    answers=_LISTS,
    errors=(403, 404, 406, 422, 504),
    headers=_HEADERS,
)
QUERY_BY_POST = Operation(
    id="queryTemporalByPost",
    tag="Temporal",
    summary="Query histories, with the query in the body",
    description="For queries that are too long for a URL. Clause 5.7.4.",
    accepts=("options", "format", "local", "timePage", *_PAGE),
    later=LATER_TEMPORAL,
    overrides=_OVERRIDES,
    body=RequestBody(
        schema="TemporalQuery",
        example={
            "type": "Query",
            "entities": [{"type": "AirQualityObserved"}],
            "temporalQ": {"timerel": "after", "timeAt": "2026-11-23T00:00:00Z"},
            "aggrParams": {"aggrMethods": ["avg", "max"], "aggrPeriodDuration": "P1D"},
        },
    ),
    answers={
        200: Answer(
            description="A page of histories, ordered by id",
            schema="EntityTemporalList",
            example=[AGGREGATED],
            media_types=_MEDIA_TYPES,
            headers=_PAGE_HEADERS,
        ),
        206: _LISTS[206],
    },
    errors=(403, 404, 406, 422, 504),
    headers=_HEADERS,
)


def temporal_router(services: Services) -> APIRouter:
    """Make the routes of histories."""
    resource = _Histories(services)
    router = new_router(PREFIX)
    add_route(router, "GET", "/temporal/entities", resource.query, QUERY)
    add_route(router, "GET", "/temporal/entities/{entity_id:segment}", resource.retrieve, RETRIEVE)
    add_route(router, "POST", "/temporal/entityOperations/query", resource.query_by_post, QUERY_BY_POST)
    add_provision_routes(router, services)
    return router


class _Histories:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._limit = services.settings.temporal_page_instances

    async def retrieve(self, request: Request) -> Response:
        query = read_query(request, RETRIEVE)
        accept = negotiate(request)
        query.flag("local")
        entity_id = uri_segment(request, "entity_id", "an entity's id")
        context = await self._services.contexts.of_request(request)
        asked = build_temporal_request(
            query, criteria_of_url(query), times_of_url(query), context, self._limit
        )
        access = await self._services.access(request)
        paging = Paging(f"{_PATH}/{entity_id}", query.without_page())
        store = self._services.store

        def answer() -> TemporalAnswer | None:
            if asked.aggregation is not None:
                aggregated = store.aggregate_history(access, entity_id, asked.histories, asked.aggregation)
                return aggregated and answer_aggregates(aggregated, asked, context, accept, paging)
            page = store.retrieve_history(access, entity_id, asked.histories)
            return page and answer_page(page, asked, context, accept, paging)

        found = await self._run(answer)
        if found is None:
            raise ResourceNotFound(f"There is no history of entity {entity_id}")
        if not found.documents:
            raise ResourceNotFound(f"Nothing is left of the history of {entity_id} after pick and omit")
        return write_answer(found, context, accept, is_list=False)

    async def query(self, request: Request) -> Response:
        query = read_query(request, QUERY)
        accept = negotiate(request)
        context = await self._services.contexts.of_request(request)
        asked = _Asked(query, criteria_of_url(query), times_of_url(query), context, accept, _PATH)
        return await self._answer(request, asked)

    async def query_by_post(self, request: Request) -> Response:
        query = read_query(request, QUERY_BY_POST)
        document, context = await read_ld_object(request, self._services)
        accept = negotiate(request)
        rest, times = times_of_body(document)
        times["timePage"] = query.text("timePage")
        criteria = criteria_of_body(rest, is_local=query.flag("local") if "local" in query else None)
        asked = _Asked(query, criteria, times, context, accept, _QUERY_PATH)
        return await self._answer(request, asked)

    async def _answer(self, request: Request, given: "_Asked") -> Response:
        query, criteria, times, context, accept, path = given
        limit, offset, count = query.page()
        asked = build_temporal_request(query, criteria, times, context, self._limit, required=True)
        wanted = build_temporal_query(criteria, context, limit=limit, offset=offset, count=count)
        access = await self._services.access(request)
        paging = Paging(path, query.without_page(), limit=limit, offset=offset)
        store = self._services.store

        def answer() -> TemporalAnswer:
            if asked.aggregation is not None:
                aggregated = store.aggregate_histories(access, wanted, asked.histories, asked.aggregation)
                return answer_aggregates(aggregated, asked, context, accept, paging)
            page = store.query_histories(access, wanted, asked.histories)
            return answer_page(page, asked, context, accept, paging)

        return write_answer(await self._run(answer), context, accept, is_list=True)

    async def _run(self, answer: Callable[[], _Answer]) -> _Answer:
        """Find and write an answer in a thread."""
        try:
            return await self._services.run(answer)
        except StoreTimeout as error:
            raise TooComplexQuery(
                "The query takes too long; choose a shorter window, or narrow it by type, id or attrs"
            ) from error


class _Asked(NamedTuple):
    """What both forms of a query give."""

    query: Query
    criteria: Criteria
    times: Mapping[str, Any]
    context: Context
    accept: str
    path: str
