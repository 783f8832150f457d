"""Attributes that an operator declares indexed: a rare value is found without looking at all entities."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import read_document, read_query, segment
from context_api.http.negotiation import JSON, negotiate
from context_api.http.operation import Answer, Operation, RequestBody, add_route, new_router
from context_api.http.responses import json_response, location_of, no_content
from context_api.http.schemas_indexes import INDEX, INDEX_DECLARED, INDEX_DRAFT
from context_api.http.services import Services
from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import BadRequestData, InvalidRequest, ResourceNotFound
from context_api.ngsild.model import Iri
from context_api.ngsild.names import expand_name
from context_api.ngsild.parse import parse_attribute_name
from context_api.ngsild.time import format_datetime
from context_api.store.attribute_indexes import AttributeIndex, IndexRegistry

PREFIX = "/api/v1"
_PATH = {"index_id": "1"}
_HEADERS = ("NGSILD-Tenant", "Link")
_JSON_ONLY = (JSON,)
_MEMBERS = ("attribute", "type")
_MAX_ID = 2**31 - 1

DECLARE = Operation(
    id="declareIndex",
    tag="Operation",
    summary="Declare an attribute indexed",
    description="The worker builds it while writing goes on; then q finds values of it without looking at "
    "all entities. For attributes that hardly ever change: one that carries observedAt is refused.",
    body=RequestBody(schema="IndexDraft", example=INDEX_DRAFT, media_types=_JSON_ONLY),
    answers={
        201: Answer(
            description="Declared",
            schema="Index",
            example=INDEX_DECLARED,
            headers={"Location": "The index's path"},
        )
    },
    errors=(404, 406, 409, 422, 504),
    headers=_HEADERS,
)
LIST = Operation(
    id="listIndexes",
    tag="Operation",
    summary="List the declared indexes",
    description="Of the tenant, in the order of their declaration; sizes and uses are the database's counts.",
    answers={200: Answer(description="All of them", schema="IndexList", example={"indexes": [INDEX]})},
    errors=(404, 406, 504),
    headers=_HEADERS,
)
GET = Operation(
    id="getIndex",
    tag="Operation",
    summary="Get a declared index",
    path_examples=_PATH,
    answers={200: Answer(description="The index", schema="Index", example=INDEX)},
    errors=(400, 404, 406, 504),
    headers=_HEADERS,
)
DELETE = Operation(
    id="deleteIndex",
    tag="Operation",
    summary="Delete a declared index",
    description="The worker drops it. Queries answer the same, only slower.",
    path_examples=_PATH,
    answers={204: Answer(description="Deleted")},
    errors=(400, 404),
)


def indexes_router(services: Services) -> APIRouter:
    """Make the routes of declared indexes."""
    resource = _Indexes(services)
    router = new_router(PREFIX)
    one = "/indexes/{index_id:segment}"
    add_route(router, "POST", "/indexes", resource.declare, DECLARE)
    add_route(router, "GET", "/indexes", resource.list_all, LIST)
    add_route(router, "GET", one, resource.get, GET)
    add_route(router, "DELETE", one, resource.delete, DELETE)
    return router


class _Indexes:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def declare(self, request: Request) -> Response:
        read_query(request, DECLARE)
        negotiate(request, _JSON_ONLY)
        document, _ = await read_document(request, self._services, _JSON_ONLY)
        context = await self._services.contexts.of_request(request)
        attribute, type_ = _read_draft(document, context)
        access = await self._services.access(request)
        declared = await self._services.run(self._registry().declare, access, attribute, type_)
        location = location_of(f"{PREFIX}/indexes", str(declared.id))
        return json_response(_describe(declared, context), status=201, headers={"Location": location})

    async def list_all(self, request: Request) -> Response:
        read_query(request, LIST)
        negotiate(request, _JSON_ONLY)
        context = await self._services.contexts.of_request(request)
        access = await self._services.access(request)
        found = await self._services.run(self._registry().list_all, access)
        return json_response({"indexes": [_describe(one, context) for one in found]})

    async def get(self, request: Request) -> Response:
        read_query(request, GET)
        negotiate(request, _JSON_ONLY)
        index_id = _index_id(request)
        context = await self._services.contexts.of_request(request)
        access = await self._services.access(request)
        found = await self._services.run(self._registry().get, access, index_id)
        return json_response(_describe(found, context))

    async def delete(self, request: Request) -> Response:
        read_query(request, DELETE)
        index_id = _index_id(request)
        access = await self._services.access(request)
        await self._services.run(self._registry().delete, access, index_id)
        return no_content()

    def _registry(self) -> IndexRegistry:
        return IndexRegistry(self._services.database)


def _read_draft(document: Any, context: Context) -> tuple[Iri, Iri | None]:
    if not isinstance(document, dict):
        raise InvalidRequest("The body must be one JSON object")
    for name in document:
        if name not in _MEMBERS:
            raise BadRequestData(
                f"An index has no member {name[:40]!r}; it has {' and '.join(_MEMBERS)}",
                pointer=f"/{name[:40].replace('~', '~0').replace('/', '~1')}",
            )
    attribute, type_ = document.get("attribute"), document.get("type")
    if not isinstance(attribute, str):
        raise BadRequestData("attribute is the name of an attribute", pointer="/attribute")
    try:
        name = parse_attribute_name(attribute, context)
    except BadRequestData as error:
        raise BadRequestData(error.detail, pointer="/attribute") from error
    if "type" not in document:
        return name, None
    return name, expand_name(type_, context, "a type's name", "/type")


def _index_id(request: Request) -> int:
    text = segment(request, "index_id")
    if not (text.isascii() and text.isdigit() and int(text[:20]) <= _MAX_ID):
        raise ResourceNotFound(f"There is no index {text[:40]}")
    return int(text)


def _describe(index: AttributeIndex, context: Context) -> dict[str, Any]:
    described = {
        "id": str(index.id),
        "attribute": context.compact(index.attribute),
        "type": None if index.type is None else context.compact(index.type),
        "state": index.state,
        "reason": index.reason,
        "progress": index.progress,
        "createdAt": format_datetime(index.created_at),
        "readyAt": None if index.ready_at is None else format_datetime(index.ready_at),
        "sizeBytes": index.size_bytes,
        "uses": index.uses,
    }
    return {name: value for name, value in described.items() if value is not None}
