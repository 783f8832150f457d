"""Discovery of entity types and attributes (clauses 5.7.5 to 5.7.10)."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import read_query, segment
from context_api.http.negotiation import negotiate
from context_api.http.operation import Answer, Operation, add_route, new_router
from context_api.http.responses import ld_response
from context_api.http.schemas_discovery import ATTRIBUTE_INFO, ATTRIBUTE_LIST, TYPE_INFO, TYPE_LIST
from context_api.http.services import Services
from context_api.ngsild.attributes import FORMS
from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import BadRequestData, ResourceNotFound
from context_api.ngsild.model import Iri, Kind
from context_api.ngsild.names import expand_name

PREFIX = "/ngsi-ld/v1"
_MEDIA_TYPES = ("application/json", "application/ld+json")
_HEADERS = ("NGSILD-Tenant", "Link")
_ERRORS = (404, 406, 504)


def _answer(description: str, schema: str, example: Any) -> Mapping[int, Answer]:
    return {200: Answer(description=description, schema=schema, example=example, media_types=_MEDIA_TYPES)}


LIST_TYPES = Operation(
    id="listTypes",
    tag="Types",
    summary="List entity types",
    description="The types that entities have now; with details=true with the names of the attributes. "
    "Clauses 5.7.5 and 5.7.6.",
    accepts=("details", "local"),
    answers=_answer("The types", "EntityTypes", TYPE_LIST),
    errors=_ERRORS,
    headers=_HEADERS,
)
RETRIEVE_TYPE = Operation(
    id="retrieveType",
    tag="Types",
    summary="Describe an entity type",
    description="How many entities are of it, and which attributes they have. Clause 5.7.7.",
    path_examples={"type": "AirQualityObserved"},
    accepts=("local",),
    answers=_answer("The type", "EntityTypeInfo", TYPE_INFO),
    errors=_ERRORS,
    headers=_HEADERS,
)
LIST_ATTRIBUTES = Operation(
    id="listAttributes",
    tag="Types",
    summary="List attributes",
    description="The attributes that entities have now; with details=true with the types that have them. "
    "Clauses 5.7.8 and 5.7.9.",
    accepts=("details", "local", "count"),
    answers={
        200: Answer(
            description="The attributes",
            schema="Attributes",
            example=ATTRIBUTE_LIST,
            media_types=_MEDIA_TYPES,
            headers={"NGSILD-Results-Count": "With count=true"},
        )
    },
    errors=_ERRORS,
    headers=_HEADERS,
)
RETRIEVE_ATTRIBUTE = Operation(
    id="retrieveAttribute",
    tag="Types",
    summary="Describe an attribute",
    description="How many instances there are, of which attribute types, in entities of which types. "
    "Clause 5.7.10.",
    path_examples={"attribute": "pm25"},
    accepts=("local",),
    answers=_answer("The attribute", "AttributeInfo", ATTRIBUTE_INFO),
    errors=_ERRORS,
    headers=_HEADERS,
)


def types_router(services: Services) -> APIRouter:
    """Make the routes of types and attributes."""
    resource = _Discovery(services)
    router = new_router(PREFIX)
    add_route(router, "GET", "/types", resource.list_types, LIST_TYPES)
    add_route(router, "GET", "/types/{type:segment}", resource.retrieve_type, RETRIEVE_TYPE)
    add_route(router, "GET", "/attributes", resource.list_attributes, LIST_ATTRIBUTES)
    add_route(
        router, "GET", "/attributes/{attribute:segment}", resource.retrieve_attribute, RETRIEVE_ATTRIBUTE
    )
    return router


class _Discovery:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def list_types(self, request: Request) -> Response:
        query = read_query(request, LIST_TYPES)
        query.flag("local")
        with_details = query.flag("details")
        accept = negotiate(request)
        context = await self._services.contexts.of_request(request)
        access = await self._services.access(request)
        run, store = self._services.run, self._services.store
        types = await run(store.get_types, access)
        if not with_details:
            names = sorted(map(context.compact, types))
            return ld_response(_listing("EntityTypeList", "typeList", names), context, accept)
        attributes = _group(await run(store.get_type_attributes, access))
        described = [
            {
                "id": type_,
                "type": "EntityType",
                "typeName": context.compact(type_),
                "attributeNames": _compact_all(attributes.get(type_, ()), context),
            }
            for type_ in types
        ]
        return ld_response(described, context, accept)

    async def retrieve_type(self, request: Request) -> Response:
        read_query(request, RETRIEVE_TYPE).flag("local")
        accept = negotiate(request)
        context = await self._services.contexts.of_request(request)
        type_ = _expand(request, "type", "entity type", context)
        access = await self._services.access(request)
        found = await self._services.run(self._services.store.describe_type, access, type_)
        if found is None:
            raise ResourceNotFound(f"There is no entity of the type {type_}")
        details = [
            {
                "id": name,
                "type": "Attribute",
                "attributeName": context.compact(name),
                "attributeTypes": _kind_names(kinds),
            }
            for name, kinds in found.attributes.items()
        ]
        document = {
            "id": type_,
            "type": "EntityTypeInfo",
            "typeName": context.compact(type_),
            "entityCount": found.entity_count,
            "attributeDetails": details,
        }
        return ld_response(document, context, accept)

    async def list_attributes(self, request: Request) -> Response:
        query = read_query(request, LIST_ATTRIBUTES)
        query.flag("local")
        with_details, with_count = query.flag("details"), query.flag("count")
        accept = negotiate(request)
        context = await self._services.contexts.of_request(request)
        access = await self._services.access(request)
        run, store = self._services.run, self._services.store
        attributes = await run(store.get_attributes, access)
        headers = {"NGSILD-Results-Count": str(len(attributes))} if with_count else None
        if not with_details:
            names = sorted(map(context.compact, attributes))
            document = _listing("AttributeList", "attributeList", names)
            return ld_response(document, context, accept, headers=headers)
        pairs = await run(store.get_type_attributes, access)
        types = _group(sorted((attribute, type_) for type_, attribute in pairs))
        described = [
            {
                "id": attribute,
                "type": "Attribute",
                "attributeName": context.compact(attribute),
                "typeNames": _compact_all(types.get(attribute, ()), context),
            }
            for attribute in attributes
        ]
        return ld_response(described, context, accept, headers=headers)

    async def retrieve_attribute(self, request: Request) -> Response:
        read_query(request, RETRIEVE_ATTRIBUTE).flag("local")
        accept = negotiate(request)
        context = await self._services.contexts.of_request(request)
        attribute = _expand(request, "attribute", "attribute", context)
        access = await self._services.access(request)
        found = await self._services.run(self._services.store.describe_attribute, access, attribute)
        if found is None:
            raise ResourceNotFound(f"No entity has the attribute {attribute}")
        document = {
            "id": attribute,
            "type": "Attribute",
            "attributeName": context.compact(attribute),
            "attributeCount": found.instance_count,
            "attributeTypes": _kind_names(found.kinds),
            "typeNames": _compact_all(found.types, context),
        }
        return ld_response(document, context, accept)


def _listing(kind: str, member: str, names: list[str]) -> dict[str, Any]:
    return {"id": f"urn:ngsi-ld:{kind}:{uuid.uuid4()}", "type": kind, member: names}


def _expand(request: Request, part: str, what: str, context: Context) -> Iri:
    """Expand a name in the path; what can be no name, or is a member of every entity, is not there either."""
    name = segment(request, part)
    try:
        return expand_name(name, context, f"the name of an {what}")
    except BadRequestData as error:
        raise ResourceNotFound(f"There is no {what} {name[:200]!r}") from error


def _group(pairs: Iterable[tuple[Iri, Iri]]) -> dict[Iri, list[Iri]]:
    return {first: [second for _, second in some] for first, some in groupby(pairs, key=itemgetter(0))}


def _compact_all(names: Iterable[Iri], context: Context) -> list[str]:
    return sorted(map(context.compact, names))


def _kind_names(kinds: Sequence[Kind]) -> list[str]:
    return [FORMS[kind].type for kind in kinds]
