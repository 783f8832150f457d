"""How long history is kept, by entity type. Without a policy nothing is ever dropped."""

from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import read_document, read_query, segment
from context_api.http.negotiation import JSON, negotiate
from context_api.http.operation import Answer, Operation, RequestBody, add_route, new_router
from context_api.http.responses import json_response, no_content
from context_api.http.schemas_retention import POLICY, POLICY_DRAFT
from context_api.http.services import Services
from context_api.ngsild.errors import BadRequestData, ResourceNotFound
from context_api.ngsild.model import Iri
from context_api.ngsild.names import expand_name
from context_api.ngsild.time import format_datetime
from context_api.store import retention
from context_api.store.retention import Retention, RetentionPolicy

PREFIX = "/api/v1"
_JSON_ONLY = (JSON,)
_PATH = {"type": "AirQualityObserved"}
_HEADERS = ("NGSILD-Tenant", "Link")

LIST = Operation(
    id="listRetention",
    tag="History",
    summary="List how long history is kept",
    description="The policies by entity type. Types without one keep everything for ever.",
    answers={200: Answer(description="The policies", schema="RetentionList", example={"policies": [POLICY]})},
    errors=(403, 404, 406),
    headers=_HEADERS,
)
GET = Operation(
    id="getRetention",
    tag="History",
    summary="Get how long the history of a type is kept",
    path_examples=_PATH,
    answers={200: Answer(description="The policy", schema="Retention", example=POLICY)},
    errors=(400, 403, 404, 406),
    headers=_HEADERS,
)
PUT = Operation(
    id="setRetention",
    tag="History",
    summary="Set how long the history of a type is kept",
    description="Values older than rawDays are dropped for good by the worker, within the hour; their hourly "
    "and daily aggregates stay unless keepAggregates is false. An entity of several types keeps what any "
    "of them keeps. Chunks of history hold all types: the longest compressAfterDays counts.",
    path_examples=_PATH,
    body=RequestBody(schema="RetentionDraft", example=POLICY_DRAFT, media_types=_JSON_ONLY),
    answers={
        200: Answer(description="Changed", schema="Retention", example=POLICY),
        201: Answer(description="Made", schema="Retention", example=POLICY),
    },
    errors=(400, 403, 406),
    headers=_HEADERS,
)
DELETE = Operation(
    id="removeRetention",
    tag="History",
    summary="Keep the history of a type for ever",
    description="What was dropped does not come back.",
    path_examples=_PATH,
    answers={204: Answer(description="Removed")},
    errors=(400, 403, 404),
    headers=_HEADERS,
)


class _Draft(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    raw_days: int | None = None
    keep_aggregates: bool = True
    compress_after_days: int | None = None


def retention_router(services: Services) -> APIRouter:
    """Make the routes of retention."""
    resource = _Retention(services)
    router = new_router(PREFIX)
    one = "/retention/{type:segment}"
    add_route(router, "GET", "/retention", resource.list_all, LIST)
    add_route(router, "GET", one, resource.get, GET)
    add_route(router, "PUT", one, resource.put, PUT)
    add_route(router, "DELETE", one, resource.delete, DELETE)
    return router


class _Retention:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def list_all(self, request: Request) -> Response:
        read_query(request, LIST)
        negotiate(request, _JSON_ONLY)
        return json_response({"policies": [describe(each) for each in await self._list(request)]})

    async def get(self, request: Request) -> Response:
        read_query(request, GET)
        negotiate(request, _JSON_ONLY)
        type_ = await self._type(request)
        return json_response(describe(await self._find(request, type_)))

    async def put(self, request: Request) -> Response:
        read_query(request, PUT)
        negotiate(request, _JSON_ONLY)
        document, _ = await read_document(request, self._services, _JSON_ONLY)
        draft = _draft(document)
        type_ = await self._type(request)
        access = await self._services.access(request, create=True)
        is_new = await self._services.run(retention.put_policy, self._services.database, access, type_, draft)
        return json_response(describe(await self._find(request, type_)), status=201 if is_new else 200)

    async def delete(self, request: Request) -> Response:
        read_query(request, DELETE)
        type_ = await self._type(request)
        access = await self._services.access(request)
        if not await self._services.run(retention.delete_policy, self._services.database, access, type_):
            raise _absent(type_)
        return no_content()

    async def _type(self, request: Request) -> Iri:
        context = await self._services.contexts.of_request(request)
        return expand_name(segment(request, "type"), context, "an entity type")

    async def _list(self, request: Request) -> list[RetentionPolicy]:
        access = await self._services.access(request)
        return await self._services.run(retention.list_policies, self._services.database, access)

    async def _find(self, request: Request, type_: Iri) -> RetentionPolicy:
        found = next((each for each in await self._list(request) if each.type == type_), None)
        if found is None:
            raise _absent(type_)
        return found


def describe(policy: RetentionPolicy) -> dict[str, Any]:
    """Write a policy as the API shows it."""
    raw_days, keep_aggregates, compress_days = policy.retention
    return {
        "type": policy.type,
        "rawDays": raw_days,
        "keepAggregates": keep_aggregates,
        "compressAfterDays": compress_days,
        "modifiedAt": format_datetime(round(policy.modified_at.timestamp() * 1e6)),
        "valuesDropped": policy.values_dropped,
        "aggregatesDropped": policy.aggregates_dropped,
        "lastDrop": None
        if policy.last_drop is None
        else format_datetime(round(policy.last_drop.timestamp() * 1e6)),
    }


def _draft(document: Any) -> Retention:
    try:
        draft = msgspec.convert(document, _Draft)
    except msgspec.ValidationError as error:
        raise BadRequestData(str(error)) from error
    return Retention(draft.raw_days, draft.keep_aggregates, draft.compress_after_days)


def _absent(type_: Iri) -> ResourceNotFound:
    return ResourceNotFound(f"{type_} has no policy of retention: its history is kept for ever")
