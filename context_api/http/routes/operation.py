"""For the people who run Machi: health, counters, which profiles there are."""

import asyncio
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.negotiation import JSON
from context_api.http.operation import Answer, Operation, add_route, new_router
from context_api.http.readiness import find_reasons
from context_api.http.responses import json_response
from context_api.http.services import Services
from context_api.store.errors import StoreError
from context_api.store.heartbeat import Heartbeat, list_heartbeats

_JSON_ONLY = (JSON,)
_CHECK_TIMEOUT_S = 3.0

HEALTH = Operation(
    id="health",
    tag="Operation",
    summary="Is the process alive?",
    answers={200: Answer(description="It is", schema="Health", example={"status": "ok"})},
    headers=(),
    is_open=True,
)
READINESS = Operation(
    id="readiness",
    tag="Operation",
    summary="Is the whole installation at work?",
    description="Asks the database and reads the heartbeats of the other processes.",
    answers={
        200: Answer(
            description="It is", schema="Readiness", example={"ready": True, "reasons": [], "processes": []}
        ),
        503: Answer(
            description="It is not, for these reasons",
            schema="Readiness",
            example={"ready": False, "reasons": ["bridge: no heartbeat"], "processes": []},
        ),
    },
    headers=(),
    is_open=True,
)
METRICS = Operation(
    id="metrics",
    tag="Operation",
    summary="Counters for Prometheus",
    description="Needs a key: they tell how much a town is used.",
    answers={
        200: Answer(
            description="Text format 0.0.4",
            schema="Metrics",
            example="machi_http_requests_total 1.0",
            media_types=("text/plain",),
        )
    },
    headers=(),
)


def operation_router(services: Services) -> APIRouter:
    """Make the routes of operation."""
    resource = _OperationRoutes(services)
    router = new_router()
    add_route(router, "GET", "/healthz", resource.health, HEALTH)
    add_route(router, "GET", "/readyz", resource.readiness, READINESS)
    add_route(router, "GET", "/metrics", resource.metrics, METRICS)
    return router


class _OperationRoutes:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def health(self, _: Request) -> Response:
        return json_response({"status": "ok"})

    async def readiness(self, _: Request) -> Response:
        settings = self._services.settings
        beats = await self._heartbeats()
        if isinstance(beats, str):
            reasons, processes = [f"database: {beats}"], []
        else:
            reasons = find_reasons(beats, settings.expected_processes, settings.heartbeat_limit_s)
            processes = [_describe_beat(beat) for beat in beats]
        answer = {"ready": not reasons, "reasons": reasons, "processes": processes}
        return json_response(answer, status=503 if reasons else 200, headers={"Cache-Control": "no-store"})

    async def _heartbeats(self) -> list[Heartbeat] | str:
        """Give the heartbeats, or why the database does not answer."""
        try:
            async with asyncio.timeout(_CHECK_TIMEOUT_S):
                return await self._services.run(list_heartbeats, self._services.database)
        except TimeoutError:
            return f"no answer within {_CHECK_TIMEOUT_S:g} s"
        except StoreError as error:
            return type(error).__name__  # its text may name hosts; this page is open to everybody

    async def metrics(self, _: Request) -> Response:
        return Response(
            self._services.metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8"
        )


def _describe_beat(beat: Heartbeat) -> dict[str, Any]:
    return {"process": beat.process, "ready": beat.ready, "ageS": round(beat.age_s, 1)}
