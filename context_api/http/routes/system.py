"""How the installation is doing, for the few people who run all of it."""

import asyncio
import time
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import read_query
from context_api.http.errors import Forbidden
from context_api.http.negotiation import JSON, negotiate
from context_api.http.operation import Answer, Operation, add_route, new_router
from context_api.http.readiness import find_reasons
from context_api.http.responses import json_response
from context_api.http.schemas_system import SYSTEM
from context_api.http.services import Services
from context_api.http.system_view import Seen, describe
from context_api.policy.principal import Principal
from context_api.store.heartbeat import list_heartbeats
from context_api.store.system import read_condition

KEPT_S = 1.5
"""Who asks meanwhile gets the same answer: a wall of screens costs as much as one."""

GET = Operation(
    id="getSystem",
    tag="Operation",
    summary="Tell how the whole installation is doing",
    description=(
        "Processes, database, broker and Redis; messages by minute and by quarter of an hour; what is late;"
        " how large the database is and how fast it grows; the last run of each job. For those who run"
        " the whole installation. Some seconds old at most; nothing large is counted for it."
    ),
    answers={200: Answer(description="As it is", schema="System", example=SYSTEM)},
    errors=(400, 403, 406, 504),
    headers=(),
)


def system_router(services: Services) -> APIRouter:
    """Make the route of the whole installation's state."""
    resource = _System(services)
    router = new_router("/api/v1")
    add_route(router, "GET", "/system", resource.get, GET)
    return router


class _System:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._asking = asyncio.Lock()
        self._known: tuple[float, dict[str, Any]] | None = None

    async def get(self, request: Request) -> Response:
        read_query(request, GET)
        negotiate(request, (JSON,))
        principal: Principal = request.scope["machi.principal"]
        if not principal.runs_installation:
            raise Forbidden("The whole installation is seen by administrators of all of it")
        return json_response(await self._find(), headers={"Cache-Control": "no-store"})

    async def _find(self) -> dict[str, Any]:
        async with self._asking:
            if self._known is None or self._known[0] < time.monotonic():
                found = await self._look()
                self._known = (time.monotonic() + KEPT_S, found)
            return self._known[1]

    async def _look(self) -> dict[str, Any]:
        services, settings = self._services, self._services.settings
        started = time.perf_counter()
        beats = await services.run(list_heartbeats, services.database)
        answer_s = time.perf_counter() - started
        condition = await services.run(read_condition, services.database)
        limiter = services.ledger.limiter
        return describe(
            Seen(
                condition=condition,
                beats=beats,
                reasons=find_reasons(beats, settings.expected_processes, settings.heartbeat_limit_s),
                expected=settings.expected_processes,
                limit_s=settings.heartbeat_limit_s,
                answer_s=answer_s,
                redis=None if settings.redis_url is None else limiter.is_shared,
            )
        )
