"""Discovery of entity types (clause 5.7.5)."""

import uuid

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import read_query
from context_api.http.negotiation import negotiate
from context_api.http.operation import Answer, Operation, add_route, new_router
from context_api.http.responses import ld_response
from context_api.http.services import Services
from context_api.ngsild.errors import OperationNotSupported

LIST = Operation(
    id="listTypes",
    tag="Types",
    summary="List entity types",
    description="The types that entities have now. Clause 5.7.5.",
    accepts=("details", "local"),
    answers={
        200: Answer(
            description="The types",
            schema="EntityTypeList",
            example={
                "id": "urn:ngsi-ld:EntityTypeList:a1",
                "type": "EntityTypeList",
                "typeList": ["AirQualityObserved", "WeatherObserved"],
            },
            media_types=("application/json", "application/ld+json"),
        )
    },
    errors=(404, 406, 422, 504),
    headers=("NGSILD-Tenant", "Link"),
)


def types_router(services: Services) -> APIRouter:
    """Make the routes of types."""

    async def list_types(request: Request) -> Response:
        query = read_query(request, LIST)
        query.flag("local")
        if query.flag("details"):
            raise OperationNotSupported("The parameter details=true is not supported yet")
        accept = negotiate(request)
        context = await services.contexts.of_request(request)
        access = await services.access(request)
        types = await services.run(services.store.get_types, access)
        document = {
            "id": f"urn:ngsi-ld:EntityTypeList:{uuid.uuid4()}",
            "type": "EntityTypeList",
            "typeList": sorted(context.compact(iri) for iri in types),
        }
        return ld_response(document, context, accept)

    router = new_router("/ngsi-ld/v1")
    add_route(router, "GET", "/types", list_types, LIST)
    return router
