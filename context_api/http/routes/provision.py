"""Whole entities: create, replace, merge, delete (clauses 5.6.1, 5.6.6, 5.6.17 and 5.6.18)."""

import re

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import PATCH_TYPES, now_micros, read_ld_object, read_query, uri_segment
from context_api.http.operation import Answer, Operation, RequestBody, add_route, new_router
from context_api.http.parameters import Parameter, Query
from context_api.http.representation import ENTITY_FORMATS, Format, read_representation
from context_api.http.responses import created, no_content
from context_api.http.schemas import ENTITY, ENTITY_ID, FRAGMENT
from context_api.http.services import Services
from context_api.http.writing import apply_change, entity_answer, read_selector
from context_api.ngsild.changes import CreateEntity, DeleteEntity, MergeEntity, ReplaceEntity
from context_api.ngsild.errors import BadRequestData, InvalidRequest
from context_api.ngsild.model import Micros
from context_api.ngsild.parse import Mode, parse_entity, parse_fragment
from context_api.ngsild.time import parse_datetime

PREFIX = "/ngsi-ld/v1"
HEADERS = ("NGSILD-Tenant", "Link")
UPDATED = {
    204: Answer(description="All of it was done"),
    207: Answer(
        description="A part of it was done",
        schema="UpdateResult",
        example={
            "updated": ["pm25"],
            "notUpdated": [{"attributeName": "no2", "reason": "the attribute exists"}],
        },
    ),
}
_PATH = {"entity_id": ENTITY_ID}
_PARTLY = Answer(
    description="A part of it was done: a context source has the rest for itself",
    schema="BatchOperationResult",
    example={
        "success": [ENTITY_ID],
        "errors": [
            {
                "entityId": ENTITY_ID,
                "registrationId": "urn:ngsi-ld:ContextSourceRegistration:north",
                "error": {
                    "type": "https://uri.etsi.org/ngsi-ld/errors/Conflict",
                    "title": "The operation is in conflict with a registration",
                    "status": 409,
                    "detail": "a context source has for itself: https://smartdatamodels.org/dataModel.Environment/no2",
                },
            }
        ],
    },
)
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")

CREATE = Operation(
    id="createEntity",
    tag="Entities",
    summary="Create an entity",
    description="Normalized and concise attributes may be mixed. Clause 5.6.1.",
    accepts=("local",),
    body=RequestBody(schema="Entity", example=ENTITY),
    answers={201: Answer(description="Created", headers={"Location": "The entity's path"}), 207: _PARTLY},
    errors=(409, 422, 504),
    headers=HEADERS,
)
DELETE = Operation(
    id="deleteEntity",
    tag="Entities",
    summary="Delete an entity",
    description="Its history stays. Clause 5.6.6.",
    path_examples=_PATH,
    accepts=("type", "local"),
    answers={204: Answer(description="Deleted")},
    errors=(404, 504),
    headers=HEADERS,
)
REPLACE = Operation(
    id="replaceEntity",
    tag="Entities",
    summary="Replace an entity",
    description="All of it but its createdAt. Clause 5.6.18.",
    path_examples=_PATH,
    accepts=("type", "local"),
    body=RequestBody(schema="Entity", example=ENTITY),
    answers={204: Answer(description="Replaced"), 207: _PARTLY},
    errors=(404, 409, 422, 504),
    headers=HEADERS,
)
MERGE = Operation(
    id="mergeEntity",
    tag="Entities",
    summary="Merge into an entity",
    description="A merge patch (RFC 7396) to any depth; `urn:ngsi-ld:null` removes. Clause 5.6.17.",
    path_examples=_PATH,
    accepts=("observedAt", "lang", "options", "format", "type", "local"),
    overrides={
        "lang": Parameter(
            description="The language of plain strings that meet a LanguageProperty", example="ja"
        ),
        "observedAt": Parameter(
            description="observedAt of the attributes that have one and are given none",
            schema={"type": "string", "format": "date-time"},
            example="2026-11-23T00:00:00Z",
        ),
    },
    body=RequestBody(schema="EntityFragment", example=FRAGMENT, media_types=PATCH_TYPES),
    answers={204: Answer(description="All of it was done"), 207: _PARTLY},
    errors=(404, 409, 422, 504),
    headers=HEADERS,
)


def provision_router(services: Services) -> APIRouter:
    """Make the routes of whole entities."""
    resource = _Provision(services)
    router = new_router(PREFIX)
    one = "/entities/{entity_id:segment}"
    add_route(router, "POST", "/entities", resource.create, CREATE)
    add_route(router, "PUT", one, resource.replace, REPLACE)
    add_route(router, "PATCH", one, resource.merge, MERGE)
    add_route(router, "DELETE", one, resource.delete, DELETE)
    # Whoever leaves the id out wants an entity, not another method
    router.add_api_route("/entities", _refuse_nameless, methods=["PUT", "PATCH"], include_in_schema=False)
    return router


async def _refuse_nameless(_: Request) -> Response:
    raise BadRequestData("The path names no entity: its id is missing")


class _Provision:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def create(self, request: Request) -> Response:
        read_query(request, CREATE).flag("local")
        document, context = await read_ld_object(request, self._services)
        entity = parse_entity(document, context, now=now_micros())
        change = CreateEntity(entity_id=entity.id, entity=entity)
        outcome = await apply_change(self._services, request, change, create=True)
        return entity_answer(entity.id, outcome, created(f"{PREFIX}/entities", entity.id))

    async def delete(self, request: Request) -> Response:
        query = read_query(request, DELETE)
        entity_id = uri_segment(request, "entity_id", "an entity's id")
        context = await self._services.contexts.of_request(request)
        change = DeleteEntity(entity_id=entity_id, type_selector=read_selector(query, context))
        await apply_change(self._services, request, change)
        return no_content()

    async def replace(self, request: Request) -> Response:
        query = read_query(request, REPLACE)
        entity_id = uri_segment(request, "entity_id", "an entity's id")
        document, context = await read_ld_object(request, self._services)
        if "id" not in document and "@id" not in document:
            document["id"] = entity_id
        entity = parse_entity(document, context, now=now_micros())
        if entity.id != entity_id:
            raise BadRequestData(f"The body's id is {entity.id}, the path's is {entity_id}", pointer="/id")
        change = ReplaceEntity(
            entity_id=entity_id, type_selector=read_selector(query, context), entity=entity
        )
        outcome = await apply_change(self._services, request, change)
        return entity_answer(entity_id, outcome, no_content())

    async def merge(self, request: Request) -> Response:
        query = read_query(request, MERGE)
        representation = read_representation(query, ENTITY_FORMATS)
        if representation.sys_attrs:
            raise InvalidRequest("The option sysAttrs is of no use here: system attributes cannot be written")
        entity_id = uri_segment(request, "entity_id", "an entity's id")
        observed_at, lang = read_hints(query)
        document, context = await read_ld_object(request, self._services, PATCH_TYPES)
        fragment = parse_fragment(
            document,
            context,
            mode=Mode.MERGE,
            simplified=representation.format is Format.KEY_VALUES,
            entity_id=entity_id,
        )
        change = MergeEntity(
            entity_id=entity_id,
            type_selector=read_selector(query, context),
            types=fragment.types,
            scopes=fragment.scopes,
            attributes=fragment.attributes,
            expires_at=fragment.expires_at,
            remove_expiry=fragment.remove_expiry,
            observed_at=observed_at,
            lang=lang,
        )
        outcome = await apply_change(self._services, request, change)
        return entity_answer(entity_id, outcome, no_content())


def read_hints(query: Query) -> tuple[Micros | None, str | None]:
    """Read `observedAt` and `lang` of a merge. Raises BadRequestData where they are none."""
    observed_at = query.text("observedAt")
    lang = query.text("lang")
    if lang is not None and _LANGUAGE_TAG.fullmatch(lang) is None:
        raise BadRequestData(f"The parameter lang is {lang[:40]!r}; it must be a language tag such as ja")
    return None if observed_at is None else parse_datetime(observed_at, pointer=""), lang
