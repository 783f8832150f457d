"""Live streams of changes (`/api/v1/stream`)."""

from fastapi import APIRouter
from msgspec import json
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import now_micros, read_query
from context_api.http.gate import release_at_end
from context_api.http.live.filters import check_length, parse_filter, parse_last_event
from context_api.http.live.session import Session
from context_api.http.live.sse import EVENT_STREAM, EventResponse
from context_api.http.negotiation import negotiate
from context_api.http.operation import add_route, new_router
from context_api.http.routes.stream_description import STREAM
from context_api.http.services import Services

PREFIX = "/api/v1"


def stream_router(services: Services) -> APIRouter:
    """Make the route of live streams."""
    resource = _Streams(services)
    router = new_router(PREFIX)
    add_route(router, "GET", "/stream", resource.open, STREAM)
    return router


class _Streams:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def open(self, request: Request) -> Response:
        check_length(request.scope["query_string"])
        query = read_query(request, STREAM)
        negotiate(request, (EVENT_STREAM,))
        last_event = parse_last_event(request.headers.get("last-event-id"), query)
        services = self._services
        context = await services.contexts.of_request(request)
        subscription = parse_filter(query, context, now_micros())
        access = await services.access(request)
        asked = json.encode((subscription, context.source), order="deterministic")
        hub = services.streams
        client = await hub.join(access, access.principal, subscription, context, asked)
        release_at_end(request.scope, lambda: hub.leave(client))
        settings = services.settings
        authorization = request.headers.get("authorization")
        session = Session(
            hub,
            client,
            last_event=last_event,
            heartbeat_s=settings.stream_heartbeat_s,
            age_s=settings.stream_age_s,
            check=lambda: services.check_key(authorization) if settings.auth else _anyone(),
        )
        return EventResponse(session, client, lambda: hub.leave(client))


async def _anyone() -> None:
    """Without access control there is no key to check."""
