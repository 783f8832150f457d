"""Keys of the API: make, list, rotate, revoke."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.access.desk import AccessDesk
from context_api.http.access.drafts import KeyOrder, Rotation, read_body
from context_api.http.access.views import show_key
from context_api.http.calls import read_document, read_query, segment
from context_api.http.negotiation import negotiate
from context_api.http.operation import add_route, new_router
from context_api.http.responses import json_response, location_of, no_content
from context_api.http.routes import organisations_description as described
from context_api.http.routes.organisations import PREFIX, principal_of
from context_api.http.routes.organisations_description import JSON_ONLY
from context_api.http.services import Services
from context_api.store.keys import NewKey


def keys_router(services: Services, desk: AccessDesk) -> APIRouter:
    """Make the routes of keys."""
    resource = _Keys(services, desk)
    router = new_router(PREFIX)
    one = "/keys/{prefix:segment}"
    add_route(router, "GET", "/keys", resource.list_all, described.LIST_KEYS)
    add_route(router, "POST", "/keys", resource.create, described.CREATE_KEY)
    add_route(router, "GET", one, resource.get, described.GET_KEY)
    add_route(router, "DELETE", one, resource.revoke, described.REVOKE_KEY)
    add_route(router, "POST", f"{one}/rotate", resource.rotate, described.ROTATE_KEY)
    return router


class _Keys:
    def __init__(self, services: Services, desk: AccessDesk) -> None:
        self._services = services
        self._desk = desk

    async def list_all(self, request: Request) -> Response:
        query = read_query(request, described.LIST_KEYS)
        negotiate(request, JSON_ONLY)
        found = await self._desk.list_keys(principal_of(request), query.text("organisation"))
        return json_response({"keys": [show_key(one) for one in found]})

    async def create(self, request: Request) -> Response:
        read_query(request, described.CREATE_KEY)
        negotiate(request, JSON_ONLY)
        document, _ = await read_document(request, self._services, JSON_ONLY)
        order = read_body(document, KeyOrder)
        return _answer(await self._desk.create_key(principal_of(request), order))

    async def get(self, request: Request) -> Response:
        read_query(request, described.GET_KEY)
        negotiate(request, JSON_ONLY)
        found = await self._desk.get_key(principal_of(request), segment(request, "prefix"))
        return json_response(show_key(found))

    async def revoke(self, request: Request) -> Response:
        read_query(request, described.REVOKE_KEY)
        await self._desk.revoke_key(principal_of(request), segment(request, "prefix"))
        return no_content()

    async def rotate(self, request: Request) -> Response:
        read_query(request, described.ROTATE_KEY)
        negotiate(request, JSON_ONLY)
        prefix = segment(request, "prefix")
        document, _ = await read_document(request, self._services, JSON_ONLY)
        rotation = read_body(document, Rotation)
        return _answer(await self._desk.rotate_key(principal_of(request), prefix, rotation))


def _answer(made: NewKey) -> Response:
    """Show a key, this once: nothing between keeps it."""
    location = location_of(f"{PREFIX}/keys", made.key.prefix)
    shown = {**show_key(made.key), "key": made.text}
    return json_response(shown, status=201, headers={"Location": location, "Cache-Control": "no-store"})
