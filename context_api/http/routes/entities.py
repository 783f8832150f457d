"""Entities: provision and consumption of the current state (clauses 5.6, 5.7.1 and 5.7.2)."""

import re
import warnings
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import (
    PATCH_TYPES,
    now_micros,
    read_ld_object,
    read_query,
    segment,
    uri_segment,
)
from context_api.http.negotiation import negotiate
from context_api.http.operation import Answer, Operation, RequestBody, add_route, new_router
from context_api.http.parameters import LATER_QUERY, LATER_RETRIEVE, Query
from context_api.http.representation import Format, Representation, read_options, read_representation
from context_api.http.responses import created, json_response, ld_response, no_content, page_links
from context_api.http.schemas import ENTITY, ENTITY_ID, FRAGMENT
from context_api.http.services import Services
from context_api.ngsild.changes import (
    AppendAttributes,
    Change,
    CreateEntity,
    DeleteAttribute,
    DeleteEntity,
    Outcome,
    UpdateAttributes,
)
from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import BadRequestData, ResourceNotFound, TooComplexQuery
from context_api.ngsild.model import Entity, Iri
from context_api.ngsild.names import check_uri
from context_api.ngsild.parse import Mode, parse_attribute_name, parse_entity, parse_fragment
from context_api.ngsild.query import EntityQuery, TypeSelection, parse_type_selection
from context_api.ngsild.represent import Document, to_concise, to_key_values, to_normalized
from context_api.store.access import Access
from context_api.store.errors import StoreTimeout
from context_api.store.reading import Page

PREFIX = "/ngsi-ld/v1"
_MAX_PATTERN = 1_000
_HEADERS = ("NGSILD-Tenant", "Link")
_ENTITY_PATH = {"entity_id": ENTITY_ID}
_ATTRIBUTE_PATH = {"entity_id": ENTITY_ID, "attribute": "pm25"}
_UPDATED = {
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
_FRAGMENT_BODY = RequestBody(schema="EntityFragment", example=FRAGMENT)
_WRITERS: dict[Format, Callable[..., Document]] = {
    Format.NORMALIZED: to_normalized,
    Format.CONCISE: to_concise,
    Format.KEY_VALUES: to_key_values,
}

CREATE = Operation(
    id="createEntity",
    tag="Entities",
    summary="Create an entity",
    description="Normalized and concise attributes may be mixed. Clause 5.6.1.",
    accepts=("local",),
    body=RequestBody(schema="Entity", example=ENTITY),
    answers={201: Answer(description="Created", headers={"Location": "The entity's path"})},
    errors=(409, 422, 504),
    headers=_HEADERS,
)
QUERY = Operation(
    id="queryEntities",
    tag="Entities",
    summary="Query entities",
    description="Needs one of type, attrs and local=true. Clause 5.7.2.",
    accepts=(
        "type",
        "id",
        "idPattern",
        "attrs",
        "limit",
        "offset",
        "count",
        "options",
        "format",
        "local",
    ),
    later=LATER_QUERY,
    answers={
        200: Answer(
            description="A page of entities, ordered by id",
            schema="EntityList",
            example=[ENTITY],
            media_types=("application/json", "application/ld+json"),
            headers={"NGSILD-Results-Count": "With count=true", "Link": "The @context, next and prev page"},
        )
    },
    errors=(403, 404, 406, 422, 504),
    headers=_HEADERS,
)
RETRIEVE = Operation(
    id="retrieveEntity",
    tag="Entities",
    summary="Retrieve an entity",
    description="Clause 5.7.1.",
    path_examples=_ENTITY_PATH,
    accepts=("attrs", "type", "options", "format", "local"),
    later=LATER_RETRIEVE,
    answers={
        200: Answer(
            description="The entity",
            schema="Entity",
            example=ENTITY,
            media_types=("application/json", "application/ld+json"),
        )
    },
    errors=(403, 404, 406, 422, 504),
    headers=_HEADERS,
)
DELETE = Operation(
    id="deleteEntity",
    tag="Entities",
    summary="Delete an entity",
    description="Its history stays. Clause 5.6.6.",
    path_examples=_ENTITY_PATH,
    accepts=("type", "local"),
    answers={204: Answer(description="Deleted")},
    errors=(404, 504),
    headers=_HEADERS,
)
UPDATE_ATTRIBUTES = Operation(
    id="updateAttributes",
    tag="Entities",
    summary="Update attributes",
    description="Replaces whole attribute instances and adds those that are missing. Clause 5.6.2.",
    path_examples=_ENTITY_PATH,
    accepts=("type", "local"),
    body=RequestBody(schema="EntityFragment", example=FRAGMENT, media_types=PATCH_TYPES),
    answers=_UPDATED,
    errors=(404, 422, 504),
    headers=_HEADERS,
)
APPEND_ATTRIBUTES = Operation(
    id="appendAttributes",
    tag="Entities",
    summary="Append attributes",
    description="With options=noOverwrite, what exists stays as it is. Clause 5.6.3.",
    path_examples=_ENTITY_PATH,
    accepts=("options", "type", "local"),
    body=_FRAGMENT_BODY,
    answers=_UPDATED,
    errors=(404, 422, 504),
    headers=_HEADERS,
)
DELETE_ATTRIBUTE = Operation(
    id="deleteAttribute",
    tag="Entities",
    summary="Delete an attribute",
    description="One instance of it, or all. Clause 5.6.5.",
    path_examples=_ATTRIBUTE_PATH,
    accepts=("datasetId", "deleteAll", "type", "local"),
    answers={204: Answer(description="Deleted")},
    errors=(404, 504),
    headers=_HEADERS,
)


def entities_router(services: Services) -> APIRouter:
    """Make the routes of entities."""
    resource = _Entities(services)
    router = new_router(PREFIX)
    one = "/entities/{entity_id:segment}"
    add_route(router, "POST", "/entities", resource.create, CREATE)
    add_route(router, "GET", "/entities", resource.query, QUERY)
    add_route(router, "GET", one, resource.retrieve, RETRIEVE)
    add_route(router, "DELETE", one, resource.delete, DELETE)
    add_route(router, "PATCH", f"{one}/attrs", resource.update_attributes, UPDATE_ATTRIBUTES)
    add_route(router, "POST", f"{one}/attrs", resource.append_attributes, APPEND_ATTRIBUTES)
    add_route(
        router, "DELETE", f"{one}/attrs/{{attribute:segment}}", resource.delete_attribute, DELETE_ATTRIBUTE
    )
    return router


class _Entities:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def create(self, request: Request) -> Response:
        read_query(request, CREATE).flag("local")
        document, context = await read_ld_object(request, self._services)
        entity = parse_entity(document, context, now=now_micros())
        await self._apply(request, CreateEntity(entity_id=entity.id, entity=entity), create=True)
        return created(f"{PREFIX}/entities", entity.id)

    async def query(self, request: Request) -> Response:
        query = read_query(request, QUERY)
        accept = negotiate(request)
        representation = read_representation(query)
        limit, offset, count = query.page()
        context = await self._services.contexts.of_request(request)
        wanted = _entity_query(query, context, limit=limit, offset=offset, count=count)
        access = await self._services.access(request)
        page = await self._query(access, wanted)
        documents = [_write(entity, context, representation, wanted.attrs) for entity in page.items[:limit]]
        links = page_links(
            f"{PREFIX}/entities",
            query.without_page(),
            limit=limit,
            offset=offset,
            has_more=len(page.items) > limit,
        )
        headers = {"NGSILD-Results-Count": str(page.count)} if page.count is not None else None
        return ld_response(documents, context, accept, headers=headers, links=links)

    async def _query(self, access: Access, wanted: EntityQuery) -> Page:
        try:
            return await self._services.run(self._services.store.query_entities, access, wanted)
        except StoreTimeout as error:
            raise TooComplexQuery("The query takes too long; narrow it by type, id or attrs") from error

    async def retrieve(self, request: Request) -> Response:
        query = read_query(request, RETRIEVE)
        accept = negotiate(request)
        representation = read_representation(query)
        entity_id = uri_segment(request, "entity_id", "an entity's id")
        context = await self._services.contexts.of_request(request)
        attrs = _attributes(query, context)
        access = await self._services.access(request)
        entity = await self._services.reads.submit(access, entity_id)
        selector = _selector(query, context)
        if entity is None or (selector is not None and not selector.matches(entity.types)):
            raise ResourceNotFound(f"Entity {entity_id} does not exist")
        if attrs and not any(name in entity.attributes for name in attrs):
            raise ResourceNotFound(f"Entity {entity_id} has none of these attributes")
        return ld_response(_write(entity, context, representation, attrs), context, accept)

    async def delete(self, request: Request) -> Response:
        query = read_query(request, DELETE)
        entity_id = uri_segment(request, "entity_id", "an entity's id")
        context = await self._services.contexts.of_request(request)
        selector = _selector(query, context)
        await self._apply(request, DeleteEntity(entity_id=entity_id, type_selector=selector))
        return no_content()

    async def update_attributes(self, request: Request) -> Response:
        query = read_query(request, UPDATE_ATTRIBUTES)
        entity_id = uri_segment(request, "entity_id", "an entity's id")
        document, context = await read_ld_object(request, self._services, PATCH_TYPES)
        fragment = parse_fragment(document, context, mode=Mode.UPDATE)
        change = UpdateAttributes(
            entity_id=entity_id,
            type_selector=_selector(query, context),
            types=fragment.types,
            scopes=fragment.scopes,
            attributes=fragment.attributes,
            expires_at=fragment.expires_at,
        )
        return await self._update(request, change)

    async def append_attributes(self, request: Request) -> Response:
        query = read_query(request, APPEND_ATTRIBUTES)
        options = read_options(query, ("noOverwrite",))
        entity_id = uri_segment(request, "entity_id", "an entity's id")
        document, context = await read_ld_object(request, self._services)
        fragment = parse_fragment(document, context, mode=Mode.CREATE)
        change = AppendAttributes(
            entity_id=entity_id,
            type_selector=_selector(query, context),
            types=fragment.types,
            scopes=fragment.scopes,
            attributes=fragment.attributes,
            expires_at=fragment.expires_at,
            overwrite="noOverwrite" not in options,
        )
        return await self._update(request, change)

    async def delete_attribute(self, request: Request) -> Response:
        query = read_query(request, DELETE_ATTRIBUTE)
        entity_id = uri_segment(request, "entity_id", "an entity's id")
        context = await self._services.contexts.of_request(request)
        dataset_id = query.text("datasetId")
        delete_all = query.flag("deleteAll")
        if dataset_id is not None and delete_all:
            raise BadRequestData("datasetId and deleteAll=true exclude each other")
        change = DeleteAttribute(
            entity_id=entity_id,
            type_selector=_selector(query, context),
            attribute=parse_attribute_name(segment(request, "attribute"), context),
            dataset_id=_dataset(dataset_id),
            delete_all=delete_all,
        )
        await self._apply(request, change)
        return no_content()

    async def _update(self, request: Request, change: Change) -> Response:
        outcome = await self._apply(request, change)
        if not outcome.not_updated:
            return no_content()
        # Names are compacted with the Link's @context only: the body's is not the answer's (clause 6.3.5)
        context = await self._services.contexts.of_request(request)
        return json_response(_update_result(outcome, context), status=207)

    async def _apply(self, request: Request, change: Change, *, create: bool = False) -> Outcome:
        access = await self._services.access(request, create=create)
        outcome = await self._services.writes.submit(access, change)
        if outcome.error is not None:
            raise outcome.error
        return outcome


def _entity_query(query: Query, context: Context, *, limit: int, offset: int, count: bool) -> EntityQuery:
    type_text = query.text("type")
    attrs = _attributes(query, context)
    if type_text is None and not attrs and not query.flag("local"):
        raise BadRequestData("The query is too wide: give type, attrs or local=true")
    return EntityQuery(
        ids=tuple(dict.fromkeys(check_uri(one, "an id", "") for one in query.items("id"))),
        id_pattern=_pattern(query),
        types=parse_type_selection(type_text, context) if type_text is not None else None,
        attrs=attrs,
        limit=limit + 1 if limit else 0,  # the one more tells whether there is another page
        offset=offset,
        count=count,
    )


def _pattern(query: Query) -> str | None:
    """Read idPattern; PostgreSQL looks at it only where there is something to search."""
    pattern = query.text("idPattern")
    if pattern is None:
        return None
    if len(pattern) > _MAX_PATTERN:
        raise TooComplexQuery(f"idPattern has more than {_MAX_PATTERN} characters")
    try:
        with warnings.catch_warnings(action="ignore"):
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise BadRequestData(f"idPattern {pattern[:80]!r} is not a regular expression: {error}") from error
    return pattern


def _attributes(query: Query, context: Context) -> tuple[Iri, ...]:
    return tuple(dict.fromkeys(parse_attribute_name(name, context) for name in query.items("attrs")))


def _selector(query: Query, context: Context) -> TypeSelection | None:
    query.flag("local")
    text = query.text("type")
    return None if text is None else parse_type_selection(text, context)


def _dataset(text: str | None) -> str:
    return "" if text is None or text == "@none" else check_uri(text, "datasetId", "")


def _write(entity: Entity, context: Context, representation: Representation, attrs: tuple[Iri, ...]) -> Any:
    write = _WRITERS[representation.format]
    return write(entity, context, sys_attrs=representation.sys_attrs, attrs=attrs or None)


def _update_result(outcome: Outcome, context: Context) -> dict[str, Any]:
    return {
        "updated": [context.compact(name) for name in outcome.updated],
        "notUpdated": [
            {"attributeName": context.compact(one.attribute), "reason": one.reason}
            for one in outcome.not_updated
        ],
    }
