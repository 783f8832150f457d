"""The watch over devices: health rules, planned maintenance."""

from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import read_document, read_query, segment
from context_api.http.negotiation import JSON, negotiate
from context_api.http.operation import add_route, new_router
from context_api.http.responses import json_response, no_content
from context_api.http.routes.health_description import (
    DELETE_MAINTENANCE,
    DELETE_RULE,
    GET_MAINTENANCE,
    LIST_RULES,
    PUT_MAINTENANCE,
    PUT_RULE,
)
from context_api.http.services import Services
from context_api.ngsild.errors import BadRequestData, ResourceNotFound
from context_api.ngsild.model import Micros
from context_api.ngsild.time import format_datetime, parse_datetime
from context_api.store import liveness as store
from context_api.store.liveness import Maintenance
from devices.liveness.health import HealthRule, parse_rule

PREFIX = "/api/v1"
_JSON_ONLY = (JSON,)
_REASON_MAX = 200


def health_router(services: Services) -> APIRouter:
    """Make the routes of the watch."""
    resource = _Health(services)
    router = new_router(PREFIX)
    rule, maintenance = "/health-rules/{rule_id:segment}", "/devices/{device_id:segment}/maintenance"
    add_route(router, "GET", "/health-rules", resource.list_rules, LIST_RULES)
    add_route(router, "PUT", rule, resource.put_rule, PUT_RULE)
    add_route(router, "DELETE", rule, resource.delete_rule, DELETE_RULE)
    add_route(router, "GET", maintenance, resource.get_maintenance, GET_MAINTENANCE)
    add_route(router, "PUT", maintenance, resource.put_maintenance, PUT_MAINTENANCE)
    add_route(router, "DELETE", maintenance, resource.delete_maintenance, DELETE_MAINTENANCE)
    return router


class _Health:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def list_rules(self, request: Request) -> Response:
        read_query(request, LIST_RULES)
        negotiate(request, _JSON_ONLY)
        access = await self._services.access(request)
        rules = await self._services.run(store.list_rules, self._services.database, access)
        return json_response({"rules": rules})

    async def put_rule(self, request: Request) -> Response:
        read_query(request, PUT_RULE)
        negotiate(request, _JSON_ONLY)
        rule_id = segment(request, "rule_id")
        document, _ = await read_document(request, self._services, _JSON_ONLY)
        rule = parse_rule(document)
        if rule.id != rule_id:
            raise BadRequestData(f"the path names the rule {rule_id!r:.80}, the body another", pointer="/id")
        access = await self._services.access(request)
        shown = describe_rule(rule)
        is_new = await self._services.run(store.put_rule, self._services.database, access, rule.id, shown)
        return json_response(shown, status=201 if is_new else 200)

    async def delete_rule(self, request: Request) -> Response:
        read_query(request, DELETE_RULE)
        rule_id = segment(request, "rule_id")
        access = await self._services.access(request)
        if not await self._services.run(store.delete_rule, self._services.database, access, rule_id):
            raise ResourceNotFound(f"there is no health rule {rule_id!r:.80}")
        return no_content()

    async def get_maintenance(self, request: Request) -> Response:
        read_query(request, GET_MAINTENANCE)
        negotiate(request, _JSON_ONLY)
        return await self._answer(request, segment(request, "device_id"))

    async def put_maintenance(self, request: Request) -> Response:
        read_query(request, PUT_MAINTENANCE)
        negotiate(request, _JSON_ONLY)
        device_id = segment(request, "device_id")
        document, _ = await read_document(request, self._services, _JSON_ONLY)
        until, reason = _plan(document)
        await self._put(request, device_id, until, reason)
        return await self._answer(request, device_id)

    async def delete_maintenance(self, request: Request) -> Response:
        read_query(request, DELETE_MAINTENANCE)
        await self._put(request, segment(request, "device_id"), None, None)
        return no_content()

    async def _put(self, request: Request, device_id: str, until: Micros | None, reason: str | None) -> None:
        access = await self._services.access(request)
        database = self._services.database
        if not await self._services.run(store.put_maintenance, database, access, device_id, until, reason):
            raise _absent(device_id)

    async def _answer(self, request: Request, device_id: str) -> Response:
        access = await self._services.access(request)
        found = await self._services.run(store.get_maintenance, self._services.database, access, device_id)
        if found is None:
            raise _absent(device_id)
        return json_response(_describe(found))


def describe_rule(rule: HealthRule) -> dict[str, Any]:
    """Write a rule: what was given of it."""
    document: dict[str, Any] = msgspec.to_builtins(rule)
    return {name: value for name, value in document.items() if value not in (None, [], ())}


def _plan(document: Any) -> tuple[Micros, str | None]:
    if not isinstance(document, dict) or not isinstance(document.get("until"), str):
        raise BadRequestData("Say until when: a time such as 2026-11-24T00:00:00Z", pointer="/until")
    for name in document:
        if name not in ("until", "reason"):
            raise BadRequestData(f"{name!r:.60} is no member of a maintenance", pointer="")
    reason = document.get("reason")
    if reason is not None and not (isinstance(reason, str) and len(reason) <= _REASON_MAX):
        raise BadRequestData(f"A reason is a text of at most {_REASON_MAX} characters", pointer="/reason")
    return parse_datetime(document["until"], pointer="/until"), reason


def _describe(maintenance: Maintenance) -> dict[str, Any]:
    until = maintenance.until
    return {
        "until": None if until is None else format_datetime(round(until.timestamp() * 1e6)),
        "reason": maintenance.reason,
        "raised": maintenance.raised,
    }


def _absent(device_id: str) -> ResourceNotFound:
    return ResourceNotFound(f"There is no device {device_id!r:.80}")
