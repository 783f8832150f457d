"""What callers may ask for: the installation's settings, and what was set for single ones."""

import re
from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import read_document, read_query, segment
from context_api.http.errors import Forbidden
from context_api.http.limits.bucket import Rate
from context_api.http.limits.rules import LimitDefaults, LimitName
from context_api.http.negotiation import JSON, negotiate
from context_api.http.operation import Answer, Operation, RequestBody, add_route, new_router
from context_api.http.responses import json_response, no_content
from context_api.http.schemas_limits import DRAFT, LIMIT, LIMITS
from context_api.http.services import Services
from context_api.ngsild.errors import BadRequestData, ResourceNotFound
from context_api.policy.principal import Principal
from context_api.store.limits import Override, delete_override, list_overrides, put_override

_JSON_ONLY = (JSON,)
_MAX = 1e9
_SUBJECT = re.compile(
    r"(organisation:[1-9]\d{0,8}|key:[a-z0-9]{1,40}|user:[^\s\x00-\x1f]{1,100}|role:[a-z]{1,20})"
)
_PATH = {"subject": "organisation:3", "name": "requests"}

LIST = Operation(
    id="listLimits",
    tag="Operation",
    summary="List the limits of callers",
    description="For administrators of the installation. Administrators and city staff have the limits that "
    "are set for them, and none else. A caller has its own limit and that of its organisation.",
    answers={200: Answer(description="Defaults, and what was set", schema="LimitList", example=LIMITS)},
    errors=(403, 406),
    headers=(),
)
PUT = Operation(
    id="setLimit",
    tag="Operation",
    summary="Set a limit of a caller",
    description="`requests` are per second, with a burst; `streams` are those open at the same time; "
    "`subscriptions` those of an organisation; `entities-per-day` those written by HTTP in a day of Japan. "
    "It counts in every process within seconds. With role:anonymous, requests of each address are meant.",
    path_examples=_PATH,
    body=RequestBody(schema="LimitDraft", example=DRAFT, media_types=_JSON_ONLY),
    answers={
        200: Answer(description="Changed", schema="Limit", example=LIMIT),
        201: Answer(description="Set", schema="Limit", example=LIMIT),
    },
    errors=(400, 403, 406),
    headers=(),
)
DELETE = Operation(
    id="removeLimit",
    tag="Operation",
    summary="Let the settings count again",
    path_examples=_PATH,
    answers={204: Answer(description="Removed")},
    errors=(400, 403, 404),
    headers=(),
)


class _Draft(msgspec.Struct, forbid_unknown_fields=True):
    value: float
    burst: float | None = None


def limits_router(services: Services) -> APIRouter:
    """Make the routes of limits."""
    resource = _Limits(services)
    router = new_router("/api/v1")
    one = "/limits/{subject:segment}/{name:segment}"
    add_route(router, "GET", "/limits", resource.list_all, LIST)
    add_route(router, "PUT", one, resource.put, PUT)
    add_route(router, "DELETE", one, resource.delete, DELETE)
    return router


class _Limits:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def list_all(self, request: Request) -> Response:
        read_query(request, LIST)
        negotiate(request, _JSON_ONLY)
        _check_installation(request)
        found = await self._services.run(list_overrides, self._services.database)
        defaults = describe_defaults(self._services.settings.limits)
        return json_response({"defaults": defaults, "limits": [describe(one) for one in found]})

    async def put(self, request: Request) -> Response:
        read_query(request, PUT)
        negotiate(request, _JSON_ONLY)
        principal = _check_installation(request)
        subject, name = _read_target(request)
        document, _ = await read_document(request, self._services, _JSON_ONLY)
        draft = read_draft(document, name)
        services = self._services
        is_new = await services.run(
            put_override, services.database, principal.name, subject, name, draft.value, draft.burst
        )
        found = await services.run(list_overrides, services.database)
        shown = next(one for one in found if (one.subject, one.name) == (subject, name))
        return json_response(describe(shown), status=201 if is_new else 200)

    async def delete(self, request: Request) -> Response:
        read_query(request, DELETE)
        principal = _check_installation(request)
        subject, name = _read_target(request)
        services = self._services
        if not await services.run(delete_override, services.database, principal.name, subject, name):
            raise ResourceNotFound(f"There is no limit {name} of {subject}")
        return no_content()


def describe(one: Override) -> dict[str, Any]:
    """Write a limit as the API shows it."""
    return {
        "subject": one.subject,
        "name": one.name,
        "value": one.value,
        "burst": one.burst,
        "modifiedAt": one.modified_at,
        "modifiedBy": one.modified_by,
    }


def describe_defaults(limits: LimitDefaults) -> dict[str, Any]:
    """Write the settings."""
    rates = {"key": limits.key, "organisation": limits.organisation, "anonymous": limits.anonymous}
    counts = {
        LimitName.STREAMS.value: limits.streams,
        LimitName.SUBSCRIPTIONS.value: limits.subscriptions,
        LimitName.ENTITIES.value: limits.entities_per_day,
    }
    shown: dict[str, Any] = {name: _describe_rate(rate) for name, rate in rates.items()}
    return shown | {name: None if count is None else {"value": count} for name, count in counts.items()}


def read_draft(document: object, name: str) -> _Draft:
    """Read a limit. Raises BadRequestData."""
    try:
        draft = msgspec.convert(document, _Draft)
    except msgspec.ValidationError as error:
        raise BadRequestData(str(error)) from error
    if not 0 <= draft.value <= _MAX:
        raise BadRequestData(f"value is a number from 0 to {_MAX:.0f}", pointer="/value")
    if draft.burst is not None and (name != LimitName.REQUESTS or not 1 <= draft.burst <= _MAX):
        raise BadRequestData(f"burst is a number from 1 to {_MAX:.0f}, of requests alone", pointer="/burst")
    return draft


def check_target(subject: str, name: str) -> None:
    """Raise BadRequestData where there is no such limit."""
    if not _SUBJECT.fullmatch(subject):
        raise BadRequestData(
            f"{subject[:60]!r} is not whom a limit is set for: organisation:<id>, key:<prefix>, user:<id> or"
            " role:<role>"
        )
    names = [one.value for one in LimitName]
    if name not in names:
        raise BadRequestData(f"{name[:40]!r} is not a limit; it is one of {', '.join(names)}")


def _read_target(request: Request) -> tuple[str, str]:
    subject, name = segment(request, "subject"), segment(request, "name")
    check_target(subject, name)
    return subject, name


def _check_installation(request: Request) -> Principal:
    principal: Principal = request.scope["machi.principal"]
    if not principal.runs_installation:
        raise Forbidden("Limits are set by administrators of the whole installation")
    return principal


def _describe_rate(rate: Rate | None) -> dict[str, float] | None:
    return None if rate is None else {"value": rate.per_second, "burst": rate.burst}
