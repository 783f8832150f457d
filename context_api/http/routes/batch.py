"""Many entities in one request: create, upsert, update, merge, delete (clauses 5.6.7 to 5.6.10, 5.6.20)."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.batches import (
    BatchResult,
    Item,
    apply_batch,
    read_entities,
    read_ids,
    refuse_all,
    sift_items,
)
from context_api.http.calls import now_micros, read_query
from context_api.http.limits.usage import note_written
from context_api.http.operation import Answer, Operation, RequestBody, add_route, new_router
from context_api.http.parameters import Parameter
from context_api.http.representation import read_options
from context_api.http.responses import json_response, no_content
from context_api.http.routes.provision import HEADERS, PREFIX
from context_api.http.schemas import ENTITY, ENTITY_ID, FRAGMENT
from context_api.http.services import Services
from context_api.ngsild.changes import (
    AppendAttributes,
    Change,
    CreateEntity,
    DeleteEntity,
    MergeEntity,
    UpsertEntity,
)
from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import BadRequestData, InvalidRequest
from context_api.ngsild.names import check_uri
from context_api.ngsild.parse import Mode, parse_entity, parse_fragment

_FRAGMENT = {"id": ENTITY_ID, "type": "AirQualityObserved", **FRAGMENT}
_PARTLY = Answer(
    description="Some or all entities failed",
    schema="BatchOperationResult",
    example={
        "success": [ENTITY_ID],
        "errors": [
            {
                "entityId": "urn:ngsi-ld:AirQualityObserved:aq-002",
                "error": {
                    "type": "https://uri.etsi.org/ngsi-ld/errors/ResourceNotFound",
                    "title": "It was not found",
                    "status": 404,
                    "detail": "the entity urn:ngsi-ld:AirQualityObserved:aq-002 does not exist",
                },
            }
        ],
    },
)
_CREATED = Answer(description="Created: these", schema="IdList", example=[ENTITY_ID])
_DONE = {204: Answer(description="All of it was done"), 207: _PARTLY}


def _options(values: str, description: str) -> dict[str, Parameter]:
    schema = {"type": "string", "enum": values.split()}
    return {"options": Parameter(description=description, schema=schema, example=values.split(maxsplit=1)[0])}


CREATE = Operation(
    id="createBatch",
    tag="Batches",
    summary="Create entities",
    description="An id that exists, or comes twice, fails by itself. Clause 5.6.7.",
    accepts=("local",),
    body=RequestBody(schema="EntityBatch", example=[ENTITY]),
    answers={201: _CREATED, 207: _PARTLY},
    errors=(422, 504),
    headers=HEADERS,
)
UPSERT = Operation(
    id="upsertBatch",
    tag="Batches",
    summary="Create or replace entities",
    description="In order: an id that comes twice is created, then replaced or updated. Clause 5.6.8.",
    accepts=("options", "local"),
    overrides=_options("replace update", "What to do with an entity that exists; replace by default"),
    body=RequestBody(schema="EntityBatch", example=[ENTITY]),
    answers={
        201: Answer(description="Done; these were created", schema="IdList", example=[ENTITY_ID]),
        204: Answer(description="Done; none was created"),
        207: _PARTLY,
    },
    errors=(422, 504),
    headers=HEADERS,
)
UPDATE = Operation(
    id="updateBatch",
    tag="Batches",
    summary="Append attributes to entities",
    description="Replaces the attributes that exist, unless options=noOverwrite. Clause 5.6.9.",
    accepts=("options", "local"),
    overrides=_options("noOverwrite", "Attributes that exist stay as they are"),
    body=RequestBody(schema="FragmentBatch", example=[_FRAGMENT]),
    answers=_DONE,
    errors=(404, 422, 504),
    headers=HEADERS,
)
MERGE = Operation(
    id="mergeBatch",
    tag="Batches",
    summary="Merge into entities",
    description="Each as PATCH of the entity does. Clause 5.6.20.",
    accepts=("local",),
    body=RequestBody(schema="FragmentBatch", example=[_FRAGMENT]),
    answers=_DONE,
    errors=(404, 422, 504),
    headers=HEADERS,
)
DELETE = Operation(
    id="deleteBatch",
    tag="Batches",
    summary="Delete entities",
    description="Their history stays. Clause 5.6.10.",
    accepts=("local",),
    body=RequestBody(schema="IdBatch", example=[ENTITY_ID]),
    answers=_DONE,
    errors=(404, 422),
    headers=HEADERS,
)


def batch_router(services: Services) -> APIRouter:
    """Make the routes of batches."""
    resource = _Batches(services)
    router = new_router(PREFIX)
    for name, endpoint, operation in (
        ("create", resource.create, CREATE),
        ("upsert", resource.upsert, UPSERT),
        ("update", resource.update, UPDATE),
        ("merge", resource.merge, MERGE),
        ("delete", resource.delete, DELETE),
    ):
        add_route(router, "POST", f"/entityOperations/{name}", endpoint, operation)
    return router


class _Batches:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def create(self, request: Request) -> Response:
        read_query(request, CREATE).flag("local")
        now = now_micros()

        def read(document: Any, context: Context) -> Change:
            entity = parse_entity(document, context, now=now)
            return CreateEntity(entity_id=entity.id, entity=entity)

        items = await read_entities(request, self._services, read)
        result = await self._apply(request, items, create=True)
        return _partly(result) if result.errors else json_response(result.created, status=201)

    async def upsert(self, request: Request) -> Response:
        query = read_query(request, UPSERT)
        query.flag("local")
        options = read_options(query, ("replace", "update"))
        if len(options) > 1:
            raise InvalidRequest("The options replace and update exclude each other")
        now, is_update = now_micros(), "update" in options

        def read(document: Any, context: Context) -> Change:
            entity = parse_entity(document, context, now=now)
            return UpsertEntity(entity_id=entity.id, entity=entity, update=is_update)

        items = await read_entities(request, self._services, read)
        result = await self._apply(request, items, create=True)
        if result.errors:
            return _partly(result)
        return json_response(result.created, status=201) if result.created else no_content()

    async def update(self, request: Request) -> Response:
        query = read_query(request, UPDATE)
        query.flag("local")
        overwrite = "noOverwrite" not in read_options(query, ("noOverwrite",))

        def read(document: Any, context: Context) -> Change:
            entity_id = _read_id(document)
            fragment = parse_fragment(document, context, mode=Mode.CREATE)
            return AppendAttributes(
                entity_id=entity_id,
                types=fragment.types,
                scopes=fragment.scopes,
                attributes=fragment.attributes,
                expires_at=fragment.expires_at,
                overwrite=overwrite,
            )

        return await self._finish(request, await read_entities(request, self._services, read))

    async def merge(self, request: Request) -> Response:
        read_query(request, MERGE).flag("local")

        def read(document: Any, context: Context) -> Change:
            entity_id = _read_id(document)
            fragment = parse_fragment(document, context, mode=Mode.MERGE)
            return MergeEntity(
                entity_id=entity_id,
                types=fragment.types,
                scopes=fragment.scopes,
                attributes=fragment.attributes,
                expires_at=fragment.expires_at,
                remove_expiry=fragment.remove_expiry,
            )

        return await self._finish(request, await read_entities(request, self._services, read))

    async def delete(self, request: Request) -> Response:
        read_query(request, DELETE).flag("local")
        items = await read_ids(
            request,
            self._services,
            lambda text: DeleteEntity(entity_id=check_uri(text, "an entity's id", "")),
        )
        return await self._finish(request, items)

    async def _finish(self, request: Request, items: list[Item]) -> Response:
        result = await self._apply(request, items)
        return _partly(result) if result.errors else no_content()

    async def _apply(self, request: Request, items: list[Item], *, create: bool = False) -> BatchResult:
        if create and all(item.change is None for item in items):
            return refuse_all(items)  # nothing that a tenant would have to be created for
        access = await self._services.access(request, create=create)
        sifted = await sift_items(request, self._services, access, items)
        result = await apply_batch(self._services, access, sifted)
        note_written(request.scope, len(result.success))
        return result


def _read_id(document: dict[str, Any]) -> str:
    given = document.get("id", document.get("@id"))
    if given is None:
        raise BadRequestData("an entity needs an id", pointer="/id")
    return check_uri(given, "an entity's id", "/id")


def _partly(result: BatchResult) -> Response:
    return json_response(result.describe(), status=207)
