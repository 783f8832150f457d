"""Live streams of changes (`/api/v1/stream`): Server-Sent Events, or a WebSocket where one is asked for."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from fastapi import APIRouter
from msgspec import json
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.auth import Principal
from context_api.http.calls import now_micros, read_query
from context_api.http.contexts import link_url
from context_api.http.errors import Unauthorized
from context_api.http.gate import release_at_end
from context_api.http.live.filters import check_length, parse_filter, parse_last_event
from context_api.http.live.opening import KEY_PREFIX, issue_ticket
from context_api.http.live.session import Session
from context_api.http.live.socket import SocketResponse
from context_api.http.live.sse import EVENT_STREAM, EventResponse
from context_api.http.live.tickets import CONTEXT_URL_MAX, PREFIX, SUBPROTOCOL
from context_api.http.negotiation import negotiate
from context_api.http.operation import add_route, new_router
from context_api.http.responses import json_response
from context_api.http.routes.stream_description import STREAM, TICKET
from context_api.http.services import Services
from context_api.ngsild.errors import BadRequestData

PREFIX_OF_PATHS = "/api/v1"


def stream_router(services: Services) -> APIRouter:
    """Make the routes of live streams."""
    resource = _Streams(services)
    router = new_router(PREFIX_OF_PATHS)
    add_route(router, "GET", "/stream", resource.open, STREAM)
    add_route(router, "POST", "/stream/tickets", resource.make_ticket, TICKET)
    return router


class _Streams:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def open(self, request: Request) -> Response:
        check_length(request.scope["query_string"])
        query = read_query(request, STREAM)
        is_socket = "subprotocols" in request.scope
        if not is_socket:
            negotiate(request, (EVENT_STREAM,))
        last_event = parse_last_event(request.headers.get("last-event-id"), query)
        services = self._services
        context = await services.contexts.of_request(request)
        subscription = parse_filter(query, context, now_micros())
        access = await services.access(request)
        asked = json.encode((subscription, context.source), order="deterministic")
        hub = services.streams
        principal: Principal = request.scope["machi.principal"]
        client = await hub.join(access, principal, subscription, context, asked)
        release_at_end(request.scope, lambda: hub.leave(client))
        settings = services.settings
        session = Session(
            hub,
            client,
            last_event=last_event,
            heartbeat_s=settings.stream_heartbeat_s,
            age_s=settings.stream_age_s,
            check=self._check(request),
        )
        respond = SocketResponse if is_socket else EventResponse
        return respond(session, client, lambda: hub.leave(client))

    async def make_ticket(self, request: Request) -> Response:
        services = self._services
        read_query(request, TICKET)
        url = link_url(request) or ""
        if len(url) > CONTEXT_URL_MAX:
            raise BadRequestData(f"The URL of the @context has more than {CONTEXT_URL_MAX} characters")
        access = await services.access(request)
        principal: Principal = request.scope["machi.principal"]
        secret = services.settings.installation_secret
        text, expires_at = issue_ticket(secret, principal, access.tenant, url)
        document = {
            "ticket": text,
            "subprotocols": [SUBPROTOCOL, PREFIX + text],
            "expiresAt": datetime.fromtimestamp(expires_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        return json_response(document, status=201, headers={"Cache-Control": "no-store"})

    def _check(self, request: Request) -> Callable[[], Awaitable[object]]:
        """Give what tells whether the key of a stream still opens it."""
        services, scope = self._services, request.scope
        principal: Principal = scope["machi.principal"]
        key_prefix: str | None = scope.get(KEY_PREFIX)

        async def check() -> None:
            if key_prefix is not None:
                now = await services.guard.check_prefix(key_prefix)
            else:
                now = await services.authenticate(request.headers, scope)
            if now != principal:
                raise Unauthorized("What the key opens was changed")

        return check if services.settings.auth else _anyone


async def _anyone() -> None:
    """Without access control there is no key to check."""
