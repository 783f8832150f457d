"""Grants: what organisations and keys may see and do in a tenant; and which attributes are personal."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import BODY_TYPES, read_ld_object, read_query, segment
from context_api.http.granting import (
    describe_grant,
    describe_policy,
    read_order,
    read_personal,
    read_terms,
    unknown_types,
)
from context_api.http.negotiation import JSON, negotiate
from context_api.http.operation import Answer, Operation, RequestBody, add_route, new_router
from context_api.http.parameters import Parameter
from context_api.http.responses import json_response, no_content
from context_api.http.schemas_grants import GRANT, ORDER, PERSONAL, TERMS
from context_api.http.services import Services
from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.model import Iri
from context_api.ngsild.names import expand_name
from context_api.store import grants
from context_api.store.access import Access
from context_api.store.grants import GrantTerms, StoredGrant, TypePolicy

PREFIX = "/api/v1"
PAGE = 100
_JSON_ONLY = (JSON,)
_PATH = {"grant_id": "1"}
_TYPE_PATH = {"type": "ParkingPermit"}
_HEADERS = ("NGSILD-Tenant", "Link")

LIST = Operation(
    id="listGrants",
    tag="Access",
    summary="List grants",
    description="In the order of their creation; of one organisation or one key where that is asked for.",
    accepts=("organisation", "key", "limit", "after"),
    overrides={
        "organisation": Parameter(description="Grants of this organisation only", example="public"),
        "key": Parameter(description="Grants of this key only, by its prefix", example="abcdefgh"),
        "limit": Parameter(
            description="At most so many",
            schema={"type": "integer", "minimum": 1, "maximum": 1000, "default": PAGE},
            example=PAGE,
        ),
        "after": Parameter(
            description="Continue behind this grant", schema={"type": "integer", "minimum": 0}, example=0
        ),
    },
    answers={200: Answer(description="The grants", schema="GrantList", example={"grants": [GRANT]})},
    errors=(400, 403, 404, 406, 504),
    headers=_HEADERS,
)
CREATE = Operation(
    id="createGrant",
    tag="Access",
    summary="Grant something to an organisation or to a key",
    description="Grants add up, and what nobody granted is denied. It counts within two seconds; for"
    " notifications from the next change on. Names are those of the request's @context, as in subscriptions.",
    body=RequestBody(schema="GrantDraft", example=ORDER),
    answers={201: Answer(description="Granted", schema="Grant", example=GRANT)},
    errors=(403, 404, 406, 504),
    headers=_HEADERS,
)
GET = Operation(
    id="getGrant",
    tag="Access",
    summary="Get a grant",
    path_examples=_PATH,
    answers={200: Answer(description="The grant", schema="Grant", example=GRANT)},
    errors=(400, 403, 404, 406, 504),
    headers=_HEADERS,
)
REPLACE = Operation(
    id="replaceGrant",
    tag="Access",
    summary="Change what a grant gives",
    description="All of its terms; to whom it was granted stays.",
    path_examples=_PATH,
    body=RequestBody(schema="GrantTerms", example=TERMS),
    answers={200: Answer(description="The grant as it is now", schema="Grant", example=GRANT)},
    errors=(403, 404, 406, 504),
    headers=_HEADERS,
)
DELETE = Operation(
    id="deleteGrant",
    tag="Access",
    summary="Take a grant back",
    description="Within two seconds; streams that rest on it end, subscriptions match by it no more.",
    path_examples=_PATH,
    answers={204: Answer(description="Taken back")},
    errors=(400, 403, 404),
    headers=("NGSILD-Tenant",),
)
LIST_POLICIES = Operation(
    id="listTypePolicies",
    tag="Access",
    summary="List which attributes are personal",
    answers={200: Answer(description="By entity type", schema="PersonalList", example={"types": [PERSONAL]})},
    errors=(403, 404, 406, 504),
    headers=_HEADERS,
)
GET_POLICY = Operation(
    id="getTypePolicy",
    tag="Access",
    summary="Get which attributes of a type are personal",
    path_examples=_TYPE_PATH,
    answers={200: Answer(description="Maybe none", schema="Personal", example=PERSONAL)},
    errors=(400, 403, 404, 406, 504),
    headers=_HEADERS,
)
PUT_POLICY = Operation(
    id="putTypePolicy",
    tag="Access",
    summary="Mark attributes of a type as personal",
    description="These and no others. They are hidden from everybody but administrators and who was granted"
    " them by a grant that says `personal`; it counts within two seconds.",
    path_examples=_TYPE_PATH,
    body=RequestBody(schema="PersonalDraft", example={"personal": ["holder"]}),
    answers={200: Answer(description="As it is now", schema="Personal", example=PERSONAL)},
    errors=(403, 404, 406, 504),
    headers=_HEADERS,
)


def grants_router(services: Services) -> APIRouter:
    """Make the routes of grants."""
    resource = _Grants(services)
    router = new_router(PREFIX)
    one, policy = "/grants/{grant_id:segment}", "/type-policies/{type:segment}"
    add_route(router, "GET", "/grants", resource.list_all, LIST)
    add_route(router, "POST", "/grants", resource.create, CREATE)
    add_route(router, "GET", one, resource.get, GET)
    add_route(router, "PUT", one, resource.replace, REPLACE)
    add_route(router, "DELETE", one, resource.delete, DELETE)
    add_route(router, "GET", "/type-policies", resource.list_policies, LIST_POLICIES)
    add_route(router, "GET", policy, resource.get_policy, GET_POLICY)
    add_route(router, "PUT", policy, resource.put_policy, PUT_POLICY)
    return router


class _Grants:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def list_all(self, request: Request) -> Response:
        query = read_query(request, LIST)
        negotiate(request, _JSON_ONLY)
        limit = query.integer("limit", default=PAGE, minimum=1, maximum=1000) or PAGE
        after = query.integer("after", default=0, minimum=0, maximum=2**62) or 0
        context = await self._services.contexts.of_request(request)
        found: list[StoredGrant] = await self._run(
            await self._services.access(request),
            grants.list_grants,
            organisation=query.text("organisation"),
            key=query.text("key"),
            limit=limit + 1,
            after=after,
        )
        content: dict[str, Any] = {"grants": [describe_grant(one, context.compact) for one in found[:limit]]}
        if len(found) > limit:
            content["next"] = found[limit - 1].id
        return json_response(content)

    async def create(self, request: Request) -> Response:
        read_query(request, CREATE)
        negotiate(request, _JSON_ONLY)
        document, context = await read_ld_object(request, self._services, BODY_TYPES)
        order, terms = read_order(document, context)
        access = await self._services.access(request, create=True)
        grant = await self._run(
            access, grants.create_grant, terms, organisation=order.organisation, key=order.key
        )
        answer = await self._answer(access, grant, context, status=201)
        answer.headers["Location"] = f"{PREFIX}/grants/{grant.id}"
        return answer

    async def get(self, request: Request) -> Response:
        read_query(request, GET)
        negotiate(request, _JSON_ONLY)
        context = await self._services.contexts.of_request(request)
        access = await self._services.access(request)
        grant = await self._run(access, grants.get_grant, _number(request))
        return json_response(describe_grant(grant, context.compact))

    async def replace(self, request: Request) -> Response:
        read_query(request, REPLACE)
        negotiate(request, _JSON_ONLY)
        number = _number(request)
        document, context = await read_ld_object(request, self._services, BODY_TYPES)
        terms = read_terms(document, context)
        access = await self._services.access(request)
        grant = await self._run(access, grants.update_grant, number, terms)
        return await self._answer(access, grant, context)

    async def delete(self, request: Request) -> Response:
        read_query(request, DELETE)
        access = await self._services.access(request)
        await self._run(access, grants.delete_grant, _number(request))
        self._services.rights.forget()
        return no_content()

    async def list_policies(self, request: Request) -> Response:
        read_query(request, LIST_POLICIES)
        negotiate(request, _JSON_ONLY)
        context = await self._services.contexts.of_request(request)
        found = await self._run(await self._services.access(request), grants.list_type_policies)
        return json_response({"types": [describe_policy(one, context.compact) for one in found]})

    async def get_policy(self, request: Request) -> Response:
        read_query(request, GET_POLICY)
        negotiate(request, _JSON_ONLY)
        context = await self._services.contexts.of_request(request)
        type_ = expand_name(segment(request, "type"), context, "an entity type")
        return await self._policy(await self._services.access(request), type_, context)

    async def put_policy(self, request: Request) -> Response:
        read_query(request, PUT_POLICY)
        negotiate(request, _JSON_ONLY)
        document, context = await read_ld_object(request, self._services, BODY_TYPES)
        type_ = expand_name(segment(request, "type"), context, "an entity type")
        names = read_personal(document, context)
        access = await self._services.access(request, create=True)
        await self._run(access, grants.put_personal, type_, names)
        self._services.rights.forget()
        return await self._policy(access, type_, context)

    async def _policy(self, access: Access, type_: Iri, context: Context) -> Response:
        found: TypePolicy | None = await self._run(access, grants.get_type_policy, type_)
        if found is None:
            return json_response({"type": context.compact(type_), "personal": []})
        return json_response(describe_policy(found, context.compact))

    async def _answer(
        self, access: Access, grant: StoredGrant, context: Context, *, status: int = 200
    ) -> Response:
        self._services.rights.forget()
        content = describe_grant(grant, context.compact)
        warnings = await self._warnings(access, grant.terms)
        return json_response(content | ({"warnings": warnings} if warnings else {}), status=status)

    async def _warnings(self, access: Access, terms: GrantTerms) -> list[str]:
        if not terms.types:
            return []
        return unknown_types(terms, await self._services.run(self._services.store.get_types, access))

    async def _run(self, access: Access, call: Any, *given: Any, **named: Any) -> Any:
        return await self._services.run(call, self._services.database, access, *given, **named)


def _number(request: Request) -> int:
    text = segment(request, "grant_id")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise BadRequestData(f"a grant's id is a whole number, not {text[:40]!r}")
    return int(text)
