"""Attributes: append, update, partial update, replace, delete (clauses 5.6.2 to 5.6.5 and 5.6.19)."""

from typing import Any, NamedTuple

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import (
    BODY_TYPES,
    PATCH_TYPES,
    read_ld_attribute,
    read_ld_object,
    read_query,
    segment,
    uri_segment,
)
from context_api.http.operation import Answer, Operation, RequestBody, add_route, new_router
from context_api.http.parameters import Parameter
from context_api.http.representation import read_options
from context_api.http.responses import no_content
from context_api.http.routes.provision import HEADERS, PREFIX, UPDATED
from context_api.http.schemas import ENTITY_ID, FRAGMENT
from context_api.http.services import Services
from context_api.http.writing import apply_change, read_dataset, read_selector, update_answer
from context_api.ngsild.changes import (
    AppendAttributes,
    DeleteAttribute,
    PartialUpdateAttribute,
    ReplaceAttribute,
    UpdateAttributes,
)
from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import BadRequestData, ResourceNotFound
from context_api.ngsild.merge import SCOPE
from context_api.ngsild.model import Iri
from context_api.ngsild.parse import (
    Mode,
    parse_attribute,
    parse_attribute_fragment,
    parse_attribute_name,
    parse_fragment,
)
from context_api.ngsild.query import TypeSelection

_ENTITY_PATH = {"entity_id": ENTITY_ID}
_PATH = {"entity_id": ENTITY_ID, "attribute": "pm25"}

UPDATE = Operation(
    id="updateAttributes",
    tag="Entities",
    summary="Update attributes",
    description="Replaces whole attribute instances and adds those that are missing. Clause 5.6.2.",
    path_examples=_ENTITY_PATH,
    accepts=("type", "local"),
    body=RequestBody(schema="EntityFragment", example=FRAGMENT, media_types=PATCH_TYPES),
    answers=UPDATED,
    errors=(404, 409, 422, 504),
    headers=HEADERS,
)
APPEND = Operation(
    id="appendAttributes",
    tag="Entities",
    summary="Append attributes",
    description="With options=noOverwrite, what exists stays as it is. Clause 5.6.3.",
    path_examples=_ENTITY_PATH,
    accepts=("options", "type", "local"),
    overrides={
        "options": Parameter(
            description="noOverwrite: attributes that exist stay as they are",
            schema={"type": "string", "enum": ["noOverwrite"]},
            example="noOverwrite",
        )
    },
    body=RequestBody(schema="EntityFragment", example=FRAGMENT),
    answers=UPDATED,
    errors=(404, 409, 422, 504),
    headers=HEADERS,
)
DELETE = Operation(
    id="deleteAttribute",
    tag="Entities",
    summary="Delete an attribute",
    description="One instance of it, or all; or the scope. Clause 5.6.5.",
    path_examples=_PATH,
    accepts=("datasetId", "deleteAll", "type", "local"),
    answers={204: Answer(description="Deleted")},
    errors=(404, 409, 504),
    headers=HEADERS,
)
PARTIAL_UPDATE = Operation(
    id="partialUpdateAttribute",
    tag="Entities",
    summary="Update parts of an attribute",
    description=(
        "The members that are given replace those of the instance (`datasetId` in the body says which);"
        " `urn:ngsi-ld:null` removes one. Clause 5.6.4."
    ),
    path_examples=_PATH,
    accepts=("type", "local"),
    body=RequestBody(schema="AttributeFragment", example={"value": 11.8}, media_types=PATCH_TYPES),
    answers={204: Answer(description="Updated")},
    errors=(404, 409, 422, 504),
    headers=HEADERS,
)
REPLACE = Operation(
    id="replaceAttribute",
    tag="Entities",
    summary="Replace an attribute",
    description="The instance as a whole, but for its createdAt. Clause 5.6.19.",
    path_examples=_PATH,
    accepts=("type", "local"),
    body=RequestBody(
        schema="AttributeFragment", example={"type": "Property", "value": 11.8, "unitCode": "GQ"}
    ),
    answers={204: Answer(description="Replaced")},
    errors=(404, 409, 422, 504),
    headers=HEADERS,
)


def attributes_router(services: Services) -> APIRouter:
    """Make the routes of attributes."""
    resource = _Attributes(services)
    router = new_router(PREFIX)
    all_of_them = "/entities/{entity_id:segment}/attrs"
    one = f"{all_of_them}/{{attribute:segment}}"
    add_route(router, "PATCH", all_of_them, resource.update, UPDATE)
    add_route(router, "POST", all_of_them, resource.append, APPEND)
    add_route(router, "PATCH", one, resource.partial_update, PARTIAL_UPDATE)
    add_route(router, "PUT", one, resource.replace, REPLACE)
    add_route(router, "DELETE", one, resource.delete, DELETE)
    return router


class _Target(NamedTuple):
    """What both operations are told."""

    entity_id: str
    name: Iri
    document: Any
    context: Context
    selector: TypeSelection | None


class _Attributes:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def update(self, request: Request) -> Response:
        query = read_query(request, UPDATE)
        entity_id = uri_segment(request, "entity_id", "an entity's id")
        document, context = await read_ld_object(request, self._services, PATCH_TYPES)
        fragment = parse_fragment(document, context, mode=Mode.UPDATE, entity_id=entity_id)
        change = UpdateAttributes(
            entity_id=entity_id,
            type_selector=read_selector(query, context),
            types=fragment.types,
            scopes=fragment.scopes,
            attributes=fragment.attributes,
            expires_at=fragment.expires_at,
            remove_expiry=fragment.remove_expiry,
        )
        outcome = await apply_change(self._services, request, change)
        return await update_answer(self._services, request, outcome)

    async def append(self, request: Request) -> Response:
        query = read_query(request, APPEND)
        options = read_options(query, ("noOverwrite",))
        entity_id = uri_segment(request, "entity_id", "an entity's id")
        document, context = await read_ld_object(request, self._services)
        fragment = parse_fragment(document, context, mode=Mode.CREATE, entity_id=entity_id)
        change = AppendAttributes(
            entity_id=entity_id,
            type_selector=read_selector(query, context),
            types=fragment.types,
            scopes=fragment.scopes,
            attributes=fragment.attributes,
            expires_at=fragment.expires_at,
            overwrite="noOverwrite" not in options,
        )
        outcome = await apply_change(self._services, request, change)
        return await update_answer(self._services, request, outcome)

    async def delete(self, request: Request) -> Response:
        query = read_query(request, DELETE)
        entity_id = uri_segment(request, "entity_id", "an entity's id")
        name = segment(request, "attribute")
        context = await self._services.contexts.of_request(request)
        delete_all = query.flag("deleteAll")
        if delete_all and query.text("datasetId") is not None:
            raise BadRequestData("datasetId and deleteAll=true exclude each other")
        change = DeleteAttribute(
            entity_id=entity_id,
            type_selector=read_selector(query, context),
            attribute=SCOPE if name == "scope" else parse_attribute_name(name, context),
            dataset_id=read_dataset(query),
            delete_all=delete_all,
        )
        try:
            await apply_change(self._services, request, change)
        except ResourceNotFound:
            await self._mark_deleted(request, change)
        return no_content()

    async def _mark_deleted(self, request: Request, change: DeleteAttribute) -> None:
        """Note the end of an attribute of an entity that is known by its history only."""
        access = await self._services.access(request)
        if change.type_selector is not None or await self._services.reads.submit(access, change.entity_id):
            raise ResourceNotFound(f"Entity {change.entity_id} has no such attribute")
        await self._services.run(
            self._services.store.mark_deleted,
            access,
            change.entity_id,
            change.attribute,
            change.dataset_id,
            delete_all=change.delete_all,
        )

    async def partial_update(self, request: Request) -> Response:
        target = await self._read(request, PARTIAL_UPDATE, PATCH_TYPES)
        change = PartialUpdateAttribute(
            entity_id=target.entity_id,
            type_selector=target.selector,
            attribute=target.name,
            fragment=parse_attribute_fragment(target.name, target.document, target.context),
        )
        await apply_change(self._services, request, change)
        return no_content()

    async def replace(self, request: Request) -> Response:
        target = await self._read(request, REPLACE, BODY_TYPES)
        change = ReplaceAttribute(
            entity_id=target.entity_id,
            type_selector=target.selector,
            attribute=target.name,
            attributes=parse_attribute(target.name, target.document, target.context),
        )
        await apply_change(self._services, request, change)
        return no_content()

    async def _read(self, request: Request, operation: Operation, accepted: tuple[str, ...]) -> _Target:
        query = read_query(request, operation)
        entity_id = uri_segment(request, "entity_id", "an entity's id")
        name = segment(request, "attribute")
        document, context = await read_ld_attribute(request, self._services, accepted)
        return _Target(
            entity_id, parse_attribute_name(name, context), document, context, read_selector(query, context)
        )
