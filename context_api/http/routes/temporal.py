"""The history of an entity (clause 5.7.3)."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import read_query, uri_segment
from context_api.http.negotiation import negotiate
from context_api.http.operation import Answer, Operation, add_route, new_router
from context_api.http.parameters import LATER_TEMPORAL, Parameter
from context_api.http.representation import TEMPORAL_FORMATS, Format, read_representation
from context_api.http.responses import ld_response
from context_api.http.schemas import ENTITY_ID, TEMPORAL
from context_api.http.services import Services
from context_api.ngsild.errors import ResourceNotFound
from context_api.ngsild.parse import parse_attribute_name
from context_api.ngsild.query import TemporalQuery, TimeRelation, parse_temporal_query
from context_api.ngsild.represent_temporal import to_temporal
from context_api.ngsild.temporal import TemporalEntity
from context_api.ngsild.time import format_datetime

TIME_PARAMETERS = ("timerel", "timeAt", "endTimeAt", "timeproperty", "lastN")

RETRIEVE = Operation(
    id="retrieveTemporal",
    tag="Temporal",
    summary="Retrieve the history of an entity",
    description="Without timerel, all of it. Clause 5.7.3.",
    path_examples={"entity_id": ENTITY_ID},
    accepts=(*TIME_PARAMETERS, "attrs", "options", "format", "local"),
    later=LATER_TEMPORAL,
    overrides={
        "options": Parameter(
            description="temporalValues, concise or normalized; sysAttrs",
            schema={"type": "array", "items": {"type": "string"}},
            example=["temporalValues"],
            is_list=True,
        ),
        "format": Parameter(
            description="The representation; wins over options",
            schema={"type": "string", "enum": ["temporalValues", "concise", "normalized"]},
            example="temporalValues",
        ),
    },
    answers={
        200: Answer(
            description="The history",
            schema="EntityTemporal",
            example=TEMPORAL,
            media_types=("application/json", "application/ld+json"),
        ),
        206: Answer(
            description="A part of it; Content-Range says which",
            schema="EntityTemporal",
            example=TEMPORAL,
            media_types=("application/json", "application/ld+json"),
            headers={"Content-Range": "The time range that the answer covers"},
        ),
    },
    errors=(403, 404, 406, 422, 504),
    headers=("NGSILD-Tenant", "Link"),
)


def temporal_router(services: Services) -> APIRouter:
    """Make the routes of history."""

    async def retrieve(request: Request) -> Response:
        query = read_query(request, RETRIEVE)
        query.flag("local")
        accept = negotiate(request)
        representation = read_representation(query, TEMPORAL_FORMATS)
        entity_id = uri_segment(request, "entity_id", "an entity's id")
        window = parse_temporal_query({name: query.text(name) for name in TIME_PARAMETERS})
        context = await services.contexts.of_request(request)
        attrs = tuple(parse_attribute_name(name, context) for name in query.items("attrs"))
        access = await services.access(request)
        found = await services.run(
            services.store.get_temporal,
            access,
            entity_id,
            window,
            attrs,
            limit=services.settings.temporal_page_instances,
        )
        if found is None:
            raise ResourceNotFound(f"There is no history of entity {entity_id}")
        document = to_temporal(
            found,
            context,
            temporal_values=representation.format is Format.TEMPORAL_VALUES,
            concise=representation.format is Format.CONCISE,
            sys_attrs=representation.sys_attrs,
            timeproperty=window.timeproperty,
        )
        answer = ld_response(document, context, accept)
        if not found.is_complete:
            answer.status_code = 206
            answer.headers["content-range"] = _content_range(found, window)
        return answer

    router = new_router("/ngsi-ld/v1")
    add_route(router, "GET", "/temporal/entities/{entity_id:segment}", retrieve, RETRIEVE)
    return router


def _content_range(found: TemporalEntity, window: TemporalQuery) -> str:
    """Write which part of the window an incomplete answer covers (clause 6.3.10)."""
    times = [one.at for instances in found.series.values() for one in instances]
    oldest, newest = min(times), max(times)
    if window.last_n is None:
        start = oldest if window.timerel in (None, TimeRelation.BEFORE) else window.time_at
        end, size = newest, "*"
    else:
        given = window.end_time_at if window.timerel is TimeRelation.BETWEEN else window.time_at
        start = newest if window.timerel in (None, TimeRelation.AFTER) else given
        end, size = oldest, str(window.last_n)
    return f"date-time {format_datetime(oldest if start is None else start)}-{format_datetime(end)}/{size}"
