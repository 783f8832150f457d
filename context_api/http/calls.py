"""What the routes of a resource have in common: reading the parts of a request."""

import time
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request

from context_api.http.negotiation import JSON, LD_JSON, MERGE_PATCH, content_type
from context_api.http.operation import Operation
from context_api.http.parameters import Query, parse_query
from context_api.http.services import Services
from context_api.ngsild.alert import is_feeding
from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import BadRequestData, InvalidRequest, ResourceNotFound
from context_api.ngsild.model import Micros
from context_api.ngsild.names import check_uri

BODY_TYPES = (JSON, LD_JSON)
PATCH_TYPES = (JSON, LD_JSON, MERGE_PATCH)


def now_micros() -> Micros:
    """Give the time of a request."""
    return time.time_ns() // 1000


def read_query(request: Request, operation: Operation) -> Query:
    """Read the query parameters that the operation accepts."""
    return parse_query(request.scope["query_string"], operation.accepts, operation.later)


def segment(request: Request, name: str) -> str:
    """Decode a part of the path. Raises BadRequestData where it is empty or no UTF-8."""
    try:
        text = unquote(request.path_params[name], errors="strict")
    except UnicodeDecodeError as error:
        raise BadRequestData("A part of the path is not percent-encoded UTF-8") from error
    if not text or "\0" in text:
        raise BadRequestData("A part of the path is empty or holds U+0000")
    return text


def uri_segment(request: Request, name: str, what: str) -> str:
    """Decode a part of the path that is a URI."""
    text = segment(request, name)
    try:
        return check_uri(text, what, "")
    except BadRequestData as error:
        raise BadRequestData(error.detail) from error


def subscription_segment(request: Request) -> str:
    """Decode the id of a subscription. Raises ResourceNotFound for those that feed alarm rules."""
    identifier = uri_segment(request, "subscription_id", "a subscription's id")
    if is_feeding(identifier):
        raise ResourceNotFound("subscriptions that feed alarm rules belong to these: /api/v1/alarms")
    return identifier


async def read_document(
    request: Request, services: Services, accepted: tuple[str, ...] = BODY_TYPES
) -> tuple[Any, str]:
    """Read the body and its media type."""
    document = await services.bodies.read_json(request, accepted)
    return document, content_type(request, accepted)


async def read_ld_object(
    request: Request, services: Services, accepted: tuple[str, ...] = BODY_TYPES
) -> tuple[dict[str, Any], Context]:
    """Read a body that is one object, and the @context that its names stand in."""
    document, media_type = await read_document(request, services, accepted)
    if not isinstance(document, dict):
        raise InvalidRequest("The body must be one JSON object")
    context = await services.contexts.of_body(request, media_type, document)
    return document, context


async def read_ld_attribute(
    request: Request, services: Services, accepted: tuple[str, ...] = BODY_TYPES
) -> tuple[Any, Context]:
    """Read a body that is one attribute: an object, several instances, or (concise) a value alone."""
    document, media_type = await read_document(request, services, accepted)
    if isinstance(document, dict):
        return document, await services.contexts.of_body(request, media_type, document)
    if media_type == LD_JSON:
        raise BadRequestData(
            f"With Content-Type {LD_JSON} the body is an object with an @context", pointer=""
        )
    return document, await services.contexts.of_request(request)
