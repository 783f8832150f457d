"""Who one is; organisations, their tenants and invitations."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.access.desk import AccessDesk
from context_api.http.access.drafts import (
    Acceptance,
    InvitationOrder,
    OrganisationChange,
    OrganisationOrder,
    TenantOrder,
    read_body,
)
from context_api.http.access.views import (
    moment,
    show_invitation,
    show_key,
    show_organisation,
    show_principal,
)
from context_api.http.acting import begin_acting_as
from context_api.http.calls import read_document, read_query, segment
from context_api.http.negotiation import negotiate
from context_api.http.operation import add_route, new_router
from context_api.http.permissions import ROLES
from context_api.http.responses import json_response, location_of, no_content
from context_api.http.routes import organisations_description as described
from context_api.http.routes.organisations_description import JSON_ONLY
from context_api.http.services import Services
from context_api.policy.principal import Principal
from context_api.store.organisations import Tenant

PREFIX = "/api/v1"
_ONCE = {"Cache-Control": "no-store"}


def organisations_router(services: Services, desk: AccessDesk) -> APIRouter:
    """Make the routes of organisations."""
    resource = _Organisations(services, desk)
    router = new_router(PREFIX)
    one = "/organisations/{organisation:segment}"
    add_route(router, "GET", "/me", resource.get_me, described.GET_ME)
    add_route(router, "GET", "/tenants", resource.list_tenants, described.LIST_TENANTS)
    add_route(router, "POST", "/tenants", resource.create_tenant, described.CREATE_TENANT)
    add_route(router, "GET", "/organisations", resource.list_all, described.LIST_ORGANISATIONS)
    add_route(router, "POST", "/organisations", resource.create, described.CREATE_ORGANISATION)
    add_route(router, "GET", one, resource.get, described.GET_ORGANISATION)
    add_route(router, "PATCH", one, resource.change, described.CHANGE_ORGANISATION)
    add_route(router, "DELETE", one, resource.delete, described.DELETE_ORGANISATION)
    invitations = f"{one}/invitations"
    add_route(router, "POST", invitations, resource.invite, described.INVITE)
    add_route(router, "GET", invitations, resource.list_invitations, described.LIST_INVITATIONS)
    add_route(
        router,
        "DELETE",
        f"{invitations}/{{prefix:segment}}",
        resource.revoke_invitation,
        described.REVOKE_INVITATION,
    )
    add_route(router, "POST", "/invitations/accept", resource.accept, described.ACCEPT)
    return router


class _Organisations:
    def __init__(self, services: Services, desk: AccessDesk) -> None:
        self._services = services
        self._desk = desk

    async def get_me(self, request: Request) -> Response:
        read_query(request, described.GET_ME)
        negotiate(request, JSON_ONLY)
        caller = principal_of(request)
        shown = show_principal(
            caller, await self._desk.own_organisation(caller), await self._desk.own_key(caller)
        )
        permissions = sorted(one for one, roles in ROLES.items() if caller.role in roles)
        return json_response({**shown, "permissions": permissions}, headers=_ONCE)

    async def list_tenants(self, request: Request) -> Response:
        read_query(request, described.LIST_TENANTS)
        negotiate(request, JSON_ONLY)
        found = await self._desk.list_tenants(principal_of(request))
        return json_response({"tenants": [_show_tenant(one) for one in found]})

    async def create_tenant(self, request: Request) -> Response:
        read_query(request, described.CREATE_TENANT)
        negotiate(request, JSON_ONLY)
        document, _ = await read_document(request, self._services, JSON_ONLY)
        order = read_body(document, TenantOrder)
        made = await self._desk.create_tenant(principal_of(request), order.name)
        return json_response(_show_tenant(made), status=201)

    async def list_all(self, request: Request) -> Response:
        read_query(request, described.LIST_ORGANISATIONS)
        negotiate(request, JSON_ONLY)
        found = await self._desk.list_organisations(principal_of(request))
        return json_response({"organisations": [show_organisation(one) for one in found]})

    async def create(self, request: Request) -> Response:
        read_query(request, described.CREATE_ORGANISATION)
        negotiate(request, JSON_ONLY)
        document, _ = await read_document(request, self._services, JSON_ONLY)
        order = read_body(document, OrganisationOrder)
        made = await self._desk.create_organisation(principal_of(request), order)
        location = location_of(f"{PREFIX}/organisations", made.name)
        return json_response(show_organisation(made), status=201, headers={"Location": location})

    async def get(self, request: Request) -> Response:
        read_query(request, described.GET_ORGANISATION)
        negotiate(request, JSON_ONLY)
        found = await self._desk.get_organisation(principal_of(request), segment(request, "organisation"))
        return json_response(show_organisation(found))

    async def change(self, request: Request) -> Response:
        read_query(request, described.CHANGE_ORGANISATION)
        negotiate(request, JSON_ONLY)
        name = segment(request, "organisation")
        document, _ = await read_document(request, self._services, JSON_ONLY)
        change = read_body(document, OrganisationChange)
        changed = await self._desk.change_organisation(principal_of(request), name, change)
        return json_response(show_organisation(changed))

    async def delete(self, request: Request) -> Response:
        read_query(request, described.DELETE_ORGANISATION)
        await self._desk.delete_organisation(principal_of(request), segment(request, "organisation"))
        return no_content()

    async def invite(self, request: Request) -> Response:
        read_query(request, described.INVITE)
        negotiate(request, JSON_ONLY)
        name = segment(request, "organisation")
        document, _ = await read_document(request, self._services, JSON_ONLY)
        order = read_body(document, InvitationOrder)
        made = await self._desk.invite(principal_of(request), name, order)
        return json_response(
            {**show_invitation(made.invitation), "code": made.code}, status=201, headers=_ONCE
        )

    async def list_invitations(self, request: Request) -> Response:
        read_query(request, described.LIST_INVITATIONS)
        negotiate(request, JSON_ONLY)
        name = segment(request, "organisation")
        found = await self._desk.list_invitations(principal_of(request), name)
        return json_response({"invitations": [show_invitation(one) for one in found]})

    async def revoke_invitation(self, request: Request) -> Response:
        read_query(request, described.REVOKE_INVITATION)
        name, prefix = segment(request, "organisation"), segment(request, "prefix")
        await self._desk.revoke_invitation(principal_of(request), name, prefix)
        return no_content()

    async def accept(self, request: Request) -> Response:
        read_query(request, described.ACCEPT)
        negotiate(request, JSON_ONLY)
        document, _ = await read_document(request, self._services, JSON_ONLY)
        acceptance = read_body(document, Acceptance)
        begin_acting_as(request.scope, "invitation")
        made = await self._desk.accept(request, acceptance)
        return json_response({**show_key(made.key), "key": made.text}, status=201, headers=_ONCE)


def principal_of(request: Request) -> Principal:
    """Give who makes a request."""
    principal: Principal = request.scope["machi.principal"]
    return principal


def _show_tenant(one: Tenant) -> dict[str, str | None]:
    return {"name": one.name, "createdAt": moment(one.created_at)}
