"""Who this context source is (clause 5.15)."""

import time

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import now_micros, read_query
from context_api.http.negotiation import negotiate
from context_api.http.operation import Answer, Operation, add_route, new_router
from context_api.http.responses import ld_response
from context_api.http.schemas_discovery import IDENTITY
from context_api.http.services import Services
from context_api.ngsild.time import format_datetime
from context_api.notifications.via import make_alias
from context_api.store.registrations import get_installation_id

RETRIEVE = Operation(
    id="retrieveSourceIdentity",
    tag="Sources",
    summary="Tell who this context source is",
    description="The alias stays the same and tells installations and tenants apart: by it other "
    "brokers find loops. Clause 5.15.1.",
    answers={
        200: Answer(
            description="The identity",
            schema="ContextSourceIdentity",
            example=IDENTITY,
            media_types=("application/json", "application/ld+json"),
        )
    },
    errors=(400, 406, 504),
    headers=("NGSILD-Tenant", "Link"),
)


def info_router(services: Services) -> APIRouter:
    """Make the route of the identity."""
    started_at = time.monotonic()
    installation: list[str] = []

    async def retrieve(request: Request) -> Response:
        read_query(request, RETRIEVE)
        accept = negotiate(request)
        context = await services.contexts.of_request(request)
        if not installation:
            installation.append(await services.run(get_installation_id, services.database))
        alias = make_alias(installation[0], request.scope["machi.tenant"])
        document = {
            "id": f"urn:ngsi-ld:ContextSourceIdentity:{alias}",
            "type": "ContextSourceIdentity",
            "contextSourceAlias": alias,
            "contextSourceUptime": f"PT{int(time.monotonic() - started_at)}S",
            "contextSourceTimeAt": format_datetime(now_micros()),
        }
        return ld_response(document, context, accept)

    router = new_router("/ngsi-ld/v1")
    add_route(router, "GET", "/info/sourceIdentity", retrieve, RETRIEVE)
    return router
