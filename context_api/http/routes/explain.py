"""Why somebody may do something, or not: asked by administrators, told without doing it."""

from typing import Any

import msgspec
from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import BODY_TYPES, read_ld_object, read_query
from context_api.http.direct import RouteTable
from context_api.http.explaining import Explainer, Holder, Question
from context_api.http.negotiation import JSON, negotiate
from context_api.http.operation import Answer, Operation, RequestBody, add_route, new_router
from context_api.http.responses import json_response
from context_api.http.schemas_grants import EXPLANATION, QUESTION
from context_api.http.services import Services
from context_api.ngsild.errors import BadRequestData
from context_api.policy.roles import Role

EXPLAIN = Operation(
    id="explainAccess",
    tag="Access",
    summary="Explain why a request is allowed or not",
    description="Of the holder of a key, of a role in an organisation, or of nobody in particular. The"
    " request is not executed. Short names in it stand in the @context of this request. Each step has a code"
    " for programs; `reasons` are the same in English.",
    body=RequestBody(schema="AccessQuestion", example=QUESTION),
    answers={
        200: Answer(description="What would become of it", schema="AccessExplanation", example=EXPLANATION)
    },
    errors=(403, 404, 406, 504),
    headers=("NGSILD-Tenant", "Link"),
)


class _Asked(msgspec.Struct, forbid_unknown_fields=True):
    request: Question
    key: str | None = None
    organisation: str | None = None
    role: Role | None = None

    @property
    def holder(self) -> Holder:
        """Raises BadRequestData for two at once."""
        if self.key is not None and self.organisation is not None:
            raise BadRequestData("Ask about a key or an organisation, not both", pointer="/organisation")
        if self.role is not None and self.organisation is None:
            raise BadRequestData("A role is one in an organisation: name it", pointer="/role")
        return Holder(self.key, self.organisation, self.role)


def explain_router(services: Services, app: FastAPI) -> APIRouter:
    """Make the route; `app` has the routes that are explained."""
    known: list[RouteTable] = []

    async def explain(request: Request) -> Response:
        read_query(request, EXPLAIN)
        negotiate(request, (JSON,))
        document, context = await read_ld_object(request, services, BODY_TYPES)
        asked = _read(document)
        access = await services.access(request)
        if not known:
            known.append(RouteTable(app.router.routes))
        explainer = Explainer(known[0], services.database, services.store)
        asker = request.scope["machi.principal"]
        told = await services.run(explainer.explain, access, asked.holder, asked.request, context, asker)
        return json_response(msgspec.to_builtins(told))

    router = new_router("/api/v1")
    add_route(router, "POST", "/access/explain", explain, EXPLAIN)
    return router


def _read(document: Any) -> _Asked:
    try:
        return msgspec.convert(document, _Asked)
    except msgspec.ValidationError as error:
        raise BadRequestData(str(error)) from error
