"""The @contexts that come with Machi, so that a Link header to them leads somewhere (clause 5.13.4)."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import read_query, segment
from context_api.http.negotiation import negotiate
from context_api.http.operation import Answer, Operation, add_route, new_router
from context_api.http.responses import json_response
from context_api.http.schemas import CONTEXT
from context_api.ngsild.contexts import builtin_document, city_context_document, core_context_document
from context_api.ngsild.errors import ResourceNotFound

_ETSI = "https://uri.etsi.org/ngsi-ld/v1/"
# A vocabulary is for everybody: pages of other origins may read it, and nothing is told by it
_HEADERS = {"Cache-Control": "public, max-age=3600", "Access-Control-Allow-Origin": "*"}

GET = Operation(
    id="serveContext",
    tag="Contexts",
    summary="Serve a built-in @context",
    description="`city`, `core`, or a core @context by its file name. Open without a key. Clause 5.13.4.",
    path_examples={"context_id": "city"},
    answers={
        200: Answer(
            description="The document",
            schema="ContextDocument",
            example=CONTEXT,
            media_types=("application/json", "application/ld+json"),
        )
    },
    errors=(404, 406),
    headers=(),
    is_open=True,
)


def contexts_router() -> APIRouter:
    """Make the routes of @contexts."""

    async def serve(request: Request) -> Response:
        read_query(request, GET)
        accept = negotiate(request)
        name = segment(request, "context_id")
        document = _find(name)
        if document is None:
            raise ResourceNotFound(f"There is no @context {name[:200]}")
        return json_response(document, media_type=accept, headers=_HEADERS)

    router = new_router("/ngsi-ld/v1")
    add_route(router, "GET", "/jsonldContexts/{context_id:segment}", serve, GET)
    return router


def _find(name: str) -> Mapping[str, Any] | None:
    if name == "city":
        return city_context_document()
    if name == "core":
        return core_context_document()
    return builtin_document(f"{_ETSI}{name}") or builtin_document(name)
