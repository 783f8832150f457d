"""One attribute of an entity: partial update and replacement (clauses 5.6.4 and 5.6.19)."""

from typing import Any, NamedTuple

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import (
    BODY_TYPES,
    PATCH_TYPES,
    read_ld_attribute,
    read_query,
    segment,
    uri_segment,
)
from context_api.http.operation import Answer, Operation, RequestBody, add_route, new_router
from context_api.http.responses import no_content
from context_api.http.routes.provision import HEADERS, PREFIX
from context_api.http.schemas import ENTITY_ID
from context_api.http.services import Services
from context_api.http.writing import apply_change, read_selector
from context_api.ngsild.changes import PartialUpdateAttribute, ReplaceAttribute
from context_api.ngsild.contexts import Context
from context_api.ngsild.model import Iri
from context_api.ngsild.parse import parse_attribute, parse_attribute_fragment, parse_attribute_name
from context_api.ngsild.query import TypeSelection

_PATH = {"entity_id": ENTITY_ID, "attribute": "pm25"}

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
    errors=(404, 422, 504),
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
    errors=(404, 422, 504),
    headers=HEADERS,
)


def attributes_router(services: Services) -> APIRouter:
    """Make the routes of one attribute."""
    resource = _Attributes(services)
    router = new_router(PREFIX)
    one = "/entities/{entity_id:segment}/attrs/{attribute:segment}"
    add_route(router, "PATCH", one, resource.partial_update, PARTIAL_UPDATE)
    add_route(router, "PUT", one, resource.replace, REPLACE)
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
