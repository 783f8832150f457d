"""Histories: provision (clauses 5.6.11 to 5.6.16). The current state stays, and nobody is notified."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import (
    PATCH_TYPES,
    read_ld_attribute,
    read_ld_object,
    read_query,
    segment,
    uri_segment,
)
from context_api.http.operation import Answer, Operation, RequestBody, add_route
from context_api.http.parameters import Query
from context_api.http.responses import created, no_content
from context_api.http.schemas import ENTITY_ID
from context_api.http.schemas_temporal import HISTORY, HISTORY_FRAGMENT, INSTANCE, INSTANCE_ID
from context_api.http.services import Services
from context_api.http.writing import read_dataset
from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.model import Iri
from context_api.ngsild.parse import parse_attribute_name
from context_api.ngsild.parse_temporal import (
    parse_temporal_entity,
    parse_temporal_fragment,
    parse_temporal_instance,
)
from context_api.ngsild.temporal import SCOPE
from context_api.store.temporal_writing import WriteHistory

PREFIX = "/ngsi-ld/v1"
_HEADERS = ("NGSILD-Tenant", "Link")
_ENTITY = {"entity_id": ENTITY_ID}
_ATTRIBUTE = {**_ENTITY, "attribute": "pm25"}
_INSTANCE = {**_ATTRIBUTE, "instance_id": INSTANCE_ID}

UPSERT = Operation(
    id="upsertTemporal",
    tag="Temporal",
    summary="Create a history, or add to it",
    description=(
        "For backfill: the current state stays as it is, and no subscriber is notified. An instance of the"
        " same attribute, datasetId and observedAt is replaced. Clause 5.6.11."
    ),
    accepts=("local",),
    body=RequestBody(schema="EntityTemporal", example=HISTORY),
    answers={
        201: Answer(description="Created", headers={"Location": "The history's path"}),
        204: Answer(description="Added to a history that was there"),
    },
    errors=(422, 504),
    headers=_HEADERS,
)
DELETE = Operation(
    id="deleteTemporal",
    tag="Temporal",
    summary="Delete a history",
    description="All that is known of the entity's past; the current state stays. Clause 5.6.16.",
    path_examples=_ENTITY,
    accepts=("local",),
    answers={204: Answer(description="Deleted")},
    errors=(404, 504),
    headers=_HEADERS,
)
APPEND = Operation(
    id="appendTemporalAttributes",
    tag="Temporal",
    summary="Add attribute instances to a history",
    description="The history must be there. Clause 5.6.12.",
    path_examples=_ENTITY,
    accepts=("local",),
    body=RequestBody(schema="EntityTemporalFragment", example=HISTORY_FRAGMENT),
    answers={204: Answer(description="Added")},
    errors=(404, 422, 504),
    headers=_HEADERS,
)
DELETE_ATTRIBUTE = Operation(
    id="deleteTemporalAttribute",
    tag="Temporal",
    summary="Delete an attribute from a history",
    description="Its default instances, those of one datasetId, or all. Clause 5.6.13.",
    path_examples=_ATTRIBUTE,
    accepts=("datasetId", "deleteAll", "local"),
    answers={204: Answer(description="Deleted")},
    errors=(404, 504),
    headers=_HEADERS,
)
MODIFY = Operation(
    id="modifyTemporalInstance",
    tag="Temporal",
    summary="Correct one instance",
    description=(
        "The instance as a whole; its instanceId and createdAt stay, also where observedAt changes. What it"
        " was is kept for audits. Clause 5.6.14."
    ),
    path_examples=_INSTANCE,
    accepts=("local",),
    body=RequestBody(schema="TemporalInstance", example=INSTANCE, media_types=PATCH_TYPES),
    answers={204: Answer(description="Replaced")},
    errors=(404, 409, 422, 504),
    headers=_HEADERS,
)
DELETE_INSTANCE = Operation(
    id="deleteTemporalInstance",
    tag="Temporal",
    summary="Delete one instance",
    description="It, and what it was before corrections. Clause 5.6.15.",
    path_examples=_INSTANCE,
    accepts=("local",),
    answers={204: Answer(description="Deleted")},
    errors=(404, 504),
    headers=_HEADERS,
)


def add_provision_routes(router: APIRouter, services: Services) -> None:
    """Add the routes that write histories."""
    resource = _Histories(services)
    one = "/temporal/entities/{entity_id:segment}"
    attribute = f"{one}/attrs/{{attribute:segment}}"
    instance = f"{attribute}/{{instance_id:segment}}"
    add_route(router, "POST", "/temporal/entities", resource.upsert, UPSERT)
    add_route(router, "DELETE", one, resource.delete, DELETE)
    add_route(router, "POST", f"{one}/attrs", resource.append, APPEND)
    add_route(router, "DELETE", attribute, resource.delete_attribute, DELETE_ATTRIBUTE)
    add_route(router, "PATCH", instance, resource.modify, MODIFY)
    add_route(router, "DELETE", instance, resource.delete_instance, DELETE_INSTANCE)


class _Histories:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def upsert(self, request: Request) -> Response:
        read_query(request, UPSERT).flag("local")
        document, context = await read_ld_object(request, self._services)
        fragment = parse_temporal_entity(document, context)
        change = WriteHistory(
            entity_id=str(fragment.id),
            types=fragment.types,
            attributes=fragment.attributes,
            expires_at=fragment.expires_at,
            create=True,
        )
        access = await self._services.access(request, create=True)
        is_new = await self._services.run(self._services.store.write_history, access, change)
        return created(f"{PREFIX}/temporal/entities", change.entity_id) if is_new else no_content()

    async def append(self, request: Request) -> Response:
        read_query(request, APPEND).flag("local")
        entity_id = uri_segment(request, "entity_id", "an entity's id")
        document, context = await read_ld_object(request, self._services)
        fragment = parse_temporal_fragment(document, context)
        change = WriteHistory(
            entity_id=entity_id,
            types=fragment.types,
            attributes=fragment.attributes,
            expires_at=fragment.expires_at,
        )
        access = await self._services.access(request)
        await self._services.run(self._services.store.write_history, access, change)
        return no_content()

    async def delete(self, request: Request) -> Response:
        read_query(request, DELETE).flag("local")
        entity_id = uri_segment(request, "entity_id", "an entity's id")
        access = await self._services.access(request)
        await self._services.run(self._services.store.delete_history, access, entity_id)
        return no_content()

    async def delete_attribute(self, request: Request) -> Response:
        query = read_query(request, DELETE_ATTRIBUTE)
        query.flag("local")
        entity_id = uri_segment(request, "entity_id", "an entity's id")
        name = segment(request, "attribute")
        context = await self._services.contexts.of_request(request)
        attribute, dataset_id = read_attribute(name, context), read_deleted_dataset(query)
        access = await self._services.access(request)
        delete = self._services.store.delete_history_attribute
        await self._services.run(delete, access, entity_id, attribute, dataset_id)
        return no_content()

    async def modify(self, request: Request) -> Response:
        read_query(request, MODIFY).flag("local")
        entity_id = uri_segment(request, "entity_id", "an entity's id")
        name = segment(request, "attribute")
        document, context = await read_ld_attribute(request, self._services, PATCH_TYPES)
        instance_id = uri_segment(request, "instance_id", "an instanceId")
        attribute = read_attribute(name, context)
        instance = parse_temporal_instance(attribute, document, context)
        access = await self._services.access(request)
        modify = self._services.store.modify_history_instance
        await self._services.run(modify, access, entity_id, attribute, instance_id, instance)
        return no_content()

    async def delete_instance(self, request: Request) -> Response:
        read_query(request, DELETE_INSTANCE).flag("local")
        entity_id = uri_segment(request, "entity_id", "an entity's id")
        name = segment(request, "attribute")
        instance_id = uri_segment(request, "instance_id", "an instanceId")
        context = await self._services.contexts.of_request(request)
        attribute = read_attribute(name, context)
        access = await self._services.access(request)
        delete = self._services.store.delete_history_instance
        await self._services.run(delete, access, entity_id, attribute, instance_id)
        return no_content()


def read_attribute(name: str, context: Context) -> Iri:
    """Expand an attribute's name; the scope has a history too."""
    return SCOPE if name == "scope" else parse_attribute_name(name, context)


def read_deleted_dataset(query: Query) -> str | None:
    """Read what of an attribute is to be deleted; None: all of it."""
    if not query.flag("deleteAll"):
        return read_dataset(query)
    if query.text("datasetId") is not None:
        raise BadRequestData("datasetId and deleteAll=true exclude each other")
    return None
