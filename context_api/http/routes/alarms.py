"""Alarm rules: thresholds on attributes, raised as Alert entities that anybody may subscribe to."""

from datetime import datetime
from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import read_document, read_query, segment
from context_api.http.negotiation import JSON, negotiate
from context_api.http.operation import Answer, Operation, RequestBody, add_route, new_router
from context_api.http.ownership import check_owner
from context_api.http.parameters import Query
from context_api.http.problem_codes import ProblemCode, mark
from context_api.http.responses import json_response, location_of, no_content
from context_api.http.schemas_alarms import RULE, RULE_DRAFT, STATE
from context_api.http.services import Services
from context_api.ngsild.alarm import AlarmRule, Phase, alert_id, parse_rule
from context_api.ngsild.errors import AlreadyExists, BadRequestData, ResourceNotFound
from context_api.ngsild.time import format_datetime
from context_api.store.alarms import Alarms, EntityAlarm, StoredRule

PREFIX = "/api/v1"
_PATH = {"rule_id": "pm25-high"}
_JSON_ONLY = (JSON,)
_HEADERS = ("NGSILD-Tenant", "Link")
_DEFAULT_LIMIT, _MAX_LIMIT = 100, 1_000
_BODY = RequestBody(schema="AlarmRuleDraft", example=RULE_DRAFT, media_types=_JSON_ONLY)
_RULES = Answer(description="A page of rules", schema="AlarmRuleList", example={"rules": [RULE]})

LIST = Operation(
    id="listAlarmRules",
    tag="Alarms",
    summary="List alarm rules",
    description="By id; `next` is the `after` of the next page.",
    accepts=("limit", "after"),
    answers={200: _RULES},
    errors=(400, 403, 404, 406),
    headers=_HEADERS,
)
CREATE = Operation(
    id="createAlarmRule",
    tag="Alarms",
    summary="Make an alarm rule",
    description="Values that come after the answer are held against it. What it raises is an entity of type "
    "Alert, whose alarmState is `raised` and later `cleared`: subscribe to it, by webhook, mail or chat.",
    body=_BODY,
    answers={
        201: Answer(
            description="Made", schema="AlarmRule", example=RULE, headers={"Location": "The rule's path"}
        )
    },
    errors=(400, 403, 406, 409),
    headers=_HEADERS,
)
GET = Operation(
    id="getAlarmRule",
    tag="Alarms",
    summary="Get an alarm rule",
    path_examples=_PATH,
    answers={200: Answer(description="The rule", schema="AlarmRule", example=RULE)},
    errors=(400, 403, 404, 406),
    headers=_HEADERS,
)
PUT = Operation(
    id="replaceAlarmRule",
    tag="Alarms",
    summary="Replace an alarm rule",
    description="What is raised stays raised until a value clears it by the new thresholds.",
    path_examples=_PATH,
    body=_BODY,
    answers={200: Answer(description="Replaced", schema="AlarmRule", example=RULE)},
    errors=(400, 403, 404, 406),
    headers=_HEADERS,
)
SWITCH = Operation(
    id="switchAlarmRule",
    tag="Alarms",
    summary="Let an alarm rule rest, or use it again",
    description="At rest it raises nothing: what was about to be raised is forgotten, what is raised stays.",
    path_examples=_PATH,
    body=RequestBody(schema="AlarmRuleSwitch", example={"isActive": False}, media_types=_JSON_ONLY),
    answers={200: Answer(description="Switched", schema="AlarmRule", example=RULE | {"isActive": False})},
    errors=(400, 403, 404, 406),
    headers=_HEADERS,
)
DELETE = Operation(
    id="deleteAlarmRule",
    tag="Alarms",
    summary="Delete an alarm rule",
    description="The Alert entities that it raised stay as they are.",
    path_examples=_PATH,
    answers={204: Answer(description="Deleted")},
    errors=(400, 403, 404),
    headers=_HEADERS,
)
STATES = Operation(
    id="listAlarmStates",
    tag="Alarms",
    summary="Say where the entities of an alarm rule stand",
    description="By entity id; `next` is the `after` of the next page.",
    path_examples=_PATH,
    accepts=("limit", "after", "phase"),
    answers={
        200: Answer(description="A page of states", schema="AlarmStateList", example={"states": [STATE]})
    },
    errors=(400, 403, 404, 406),
    headers=_HEADERS,
)


def alarms_router(services: Services) -> APIRouter:
    """Make the routes of alarm rules."""
    resource = _AlarmRules(services)
    router = new_router(PREFIX)
    one = "/alarms/{rule_id:segment}"
    add_route(router, "GET", "/alarms", resource.list_page, LIST)
    add_route(router, "POST", "/alarms", resource.create, CREATE)
    add_route(router, "GET", one, resource.get, GET)
    add_route(router, "PUT", one, resource.put, PUT)
    add_route(router, "PATCH", one, resource.switch, SWITCH)
    add_route(router, "DELETE", one, resource.delete, DELETE)
    add_route(router, "GET", f"{one}/states", resource.states, STATES)
    return router


class _AlarmRules:
    def __init__(self, services: Services) -> None:
        self._services = services

    @property
    def _alarms(self) -> Alarms:
        return Alarms(self._services.database, self._services.store)

    async def list_page(self, request: Request) -> Response:
        query = read_query(request, LIST)
        negotiate(request, _JSON_ONLY)
        limit = _limit(query)
        access = await self._services.access(request)
        found = await self._services.run(
            self._alarms.list_all, access, after=query.text("after") or "", limit=limit
        )
        following = {"next": found[-1].rule.id} if len(found) == limit else {}
        return json_response({"rules": [describe(one) for one in found], **following})

    async def create(self, request: Request) -> Response:
        read_query(request, CREATE)
        negotiate(request, _JSON_ONLY)
        rule = await self._read(request)
        access = await self._services.access(request, create=True)
        try:
            await self._services.run(self._alarms.get, access, rule.id)
        except ResourceNotFound:
            location = location_of(f"{PREFIX}/alarms", rule.id)
            return json_response(await self._put(request, rule), status=201, headers={"Location": location})
        taken = AlreadyExists(f"there is an alarm rule {rule.id} already; PUT replaces it")
        raise mark(taken, ProblemCode.ALARM_RULE_EXISTS)

    async def get(self, request: Request) -> Response:
        read_query(request, GET)
        negotiate(request, _JSON_ONLY)
        access = await self._services.access(request)
        return json_response(
            describe(await self._services.run(self._alarms.get, access, segment(request, "rule_id")))
        )

    async def put(self, request: Request) -> Response:
        read_query(request, PUT)
        negotiate(request, _JSON_ONLY)
        rule_id = segment(request, "rule_id")
        rule = await self._read(request)
        if rule.id != rule_id:
            raise BadRequestData(f"the path names the rule {rule_id!r:.80}, the body another", pointer="/id")
        access = await self._services.access(request)
        await self._services.run(self._alarms.get, access, rule_id)
        return json_response(await self._put(request, rule))

    async def switch(self, request: Request) -> Response:
        read_query(request, SWITCH)
        negotiate(request, _JSON_ONLY)
        rule_id = segment(request, "rule_id")
        document, _ = await read_document(request, self._services, _JSON_ONLY)
        if not isinstance(document, dict) or set(document) != {"isActive"}:
            raise BadRequestData("PATCH takes isActive and nothing else; PUT replaces a rule", pointer="")
        if not isinstance(document["isActive"], bool):
            raise BadRequestData("isActive is true or false", pointer="/isActive")
        access = await self._services.access(request)
        await self._services.run(self._alarms.get, access, rule_id)
        await self._services.run(self._alarms.switch, access, rule_id, is_active=document["isActive"])
        return json_response(describe(await self._services.run(self._alarms.get, access, rule_id)))

    async def delete(self, request: Request) -> Response:
        read_query(request, DELETE)
        access = await self._services.access(request)
        await self._services.run(self._alarms.delete, access, segment(request, "rule_id"))
        return no_content()

    async def states(self, request: Request) -> Response:
        query = read_query(request, STATES)
        negotiate(request, _JSON_ONLY)
        limit, phase, rule_id = _limit(query), _phase(query.text("phase")), segment(request, "rule_id")
        access = await self._services.access(request)
        rule = (await self._services.run(self._alarms.get, access, rule_id)).rule
        after = query.text("after") or ""
        found = await self._services.run(self._alarms.list_states, access, rule_id, phase, after, limit)
        following = {"next": found[-1].entity_id} if len(found) == limit else {}
        return json_response({"states": [_describe_state(rule, one) for one in found], **following})

    async def _read(self, request: Request) -> AlarmRule:
        document, _ = await read_document(request, self._services, _JSON_ONLY)
        return parse_rule(document)

    async def _put(self, request: Request, rule: AlarmRule) -> dict[str, Any]:
        context = await self._services.contexts.of_request(request)
        access = await self._services.access(request)
        await check_owner(self._services, access)
        await self._services.run(self._alarms.put, access, rule, context)
        return describe(await self._services.run(self._alarms.get, access, rule.id))


def describe(stored: StoredRule) -> dict[str, Any]:
    """Write a rule as it is served."""
    document: dict[str, Any] = msgspec.to_builtins(stored.rule)
    shown = {name: value for name, value in document.items() if value not in (None, [], ())}
    return {**shown, "createdAt": _time(stored.created_at), "modifiedAt": _time(stored.modified_at)}


def _describe_state(rule: AlarmRule, state: EntityAlarm) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "entity": state.entity_id,
        "alert": alert_id(rule, state.entity_id),
        "state": state.phase,
        "since": _time(state.since),
        "at": _time(state.at),
    }
    return shown if state.value is None else {**shown, "value": state.value}


def _time(moment: datetime) -> str:
    return format_datetime(round(moment.timestamp() * 1e6))


def _limit(query: Query) -> int:
    return query.integer("limit", default=_DEFAULT_LIMIT, minimum=1, maximum=_MAX_LIMIT) or _DEFAULT_LIMIT


def _phase(text: str | None) -> Phase | None:
    if text is None:
        return None
    try:
        return Phase(text)
    except ValueError:
        raise BadRequestData(f"phase is one of {', '.join(map(str, Phase))}, not {text!r:.40}") from None
