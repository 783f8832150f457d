"""What EMQX asks: may this client connect, publish, subscribe? In the shapes of its HTTP authentication.

The broker shows a secret of its own (MACHI_BROKER_SECRET); without that setting there is nothing here. That a
client is refused is an answer (200, deny): EMQX takes any other status for "ask the next one".
"""

import hmac
import time
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import read_document, read_query
from context_api.http.errors import NoSuchRoute, TooManyRequests, Unauthorized
from context_api.http.negotiation import JSON
from context_api.http.operation import Answer, Operation, RequestBody, add_route, new_router
from context_api.http.responses import json_response
from context_api.http.schemas_credentials import BROKER_ANSWER, BROKER_LOGIN, BROKER_QUESTION
from context_api.http.services import Services
from context_api.ngsild.errors import BadRequestData
from devices.broker_door import Admitted, Attempt, BrokerDoor
from devices.broker_rules import Action
from devices.limits import RateLimiter, Verdict

PREFIX = "/api/v1/broker"
_JSON_ONLY = (JSON,)
_MAX_CHARS = 1_024
_MAX_PEM_CHARS = 16_384
_ABSENT = ("", "undefined")
"""What EMQX writes for a placeholder that has no value."""
_ACTIONS = {"publish": Action.WRITE, "subscribe": Action.READ}
_VERBS = {action: name for name, action in _ACTIONS.items()}
_FAILURES_PER_MINUTE = 30.0
"""Of one user name, and of one address that shows a wrong secret: more are not looked at."""
_KEYS = 20_000

AUTHENTICATE = Operation(
    id="authenticateClient",
    tag="Devices",
    summary="Let a client of the broker in (EMQX)",
    description="For the broker only: `Authorization: Bearer <MACHI_BROKER_SECRET>`. The client id has to be "
    "the user name. `acl` is for EMQX 5.8 and later; earlier ones ask `authorize`.",
    body=RequestBody(schema="BrokerLogin", example=BROKER_LOGIN, media_types=_JSON_ONLY),
    answers={200: Answer(description="Allowed or denied", schema="BrokerAnswer", example=BROKER_ANSWER)},
    errors=(401, 404, 429),
    headers=(),
)
AUTHORIZE = Operation(
    id="authorizeClient",
    tag="Devices",
    summary="Let a client of the broker publish or subscribe (EMQX)",
    description="For the broker only: `Authorization: Bearer <MACHI_BROKER_SECRET>`.",
    body=RequestBody(schema="BrokerQuestion", example=BROKER_QUESTION, media_types=_JSON_ONLY),
    answers={200: Answer(description="Allowed or denied", schema="BrokerAnswer", example={"result": "deny"})},
    errors=(401, 404, 429),
    headers=(),
)


def broker_auth_router(services: Services) -> APIRouter:
    """Make the routes that EMQX asks."""
    resource = _Broker(services)
    router = new_router(PREFIX)
    add_route(router, "POST", "/authenticate", resource.authenticate, AUTHENTICATE)
    add_route(router, "POST", "/authorize", resource.authorize, AUTHORIZE)
    return router


class _Broker:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._strangers = RateLimiter(_FAILURES_PER_MINUTE, burst_minutes=1.0, max_keys=_KEYS)
        self._failures = RateLimiter(_FAILURES_PER_MINUTE, burst_minutes=1.0, max_keys=_KEYS)

    async def authenticate(self, request: Request) -> Response:
        read_query(request, AUTHENTICATE)
        self._check_broker(request)
        document, _ = await read_document(request, self._services, _JSON_ONLY)
        attempt = _attempt(_members(document))
        now = time.monotonic()
        if self._failures.wait_s(attempt.username, now) > 0:
            return _answer(None)
        admitted = await self._services.run(self._door().admit, attempt)
        if admitted is None:
            self._failures.judge(attempt.username, now)
        return _answer(admitted)

    async def authorize(self, request: Request) -> Response:
        read_query(request, AUTHORIZE)
        self._check_broker(request)
        document, _ = await read_document(request, self._services, _JSON_ONLY)
        members = _members(document)
        username, topic = _text(members, "username"), _text(members, "topic", 65_535)
        action = _ACTIONS.get(_text(members, "action") or "")
        if action is None:
            raise BadRequestData("action is publish or subscribe", pointer="/action")
        may = bool(username and topic) and await self._services.run(
            self._door().may, username or "", action, topic or ""
        )
        return json_response({"result": "allow" if may else "deny"})

    def _check_broker(self, request: Request) -> None:
        """Raises NoSuchRoute, Unauthorized, TooManyRequests."""
        secret = self._services.settings.broker_secret
        if not secret:
            raise NoSuchRoute("No broker may ask here: set MACHI_BROKER_SECRET")
        host = request.client.host if request.client is not None else ""
        now = time.monotonic()
        if (wait_s := self._strangers.wait_s(host, now)) > 0:
            raise TooManyRequests("Too many wrong secrets", retry_after_s=int(wait_s) + 1)
        scheme, _, shown = request.headers.get("authorization", "").partition(" ")
        is_right = hmac.compare_digest(shown.strip().encode("latin-1", "replace"), secret)
        if scheme.lower() != "bearer" or not is_right:
            if self._strangers.judge(host, now) is not Verdict.PASS:
                raise TooManyRequests("Too many wrong secrets")
            raise Unauthorized("The broker's secret is needed: Authorization: Bearer <MACHI_BROKER_SECRET>")

    def _door(self) -> BrokerDoor:
        return self._services.broker_door


def _answer(admitted: Admitted | None) -> Response:
    if admitted is None:
        return json_response({"result": "deny"})
    rules = [
        {"permission": "allow", "action": _VERBS[rule.action], "topic": rule.topic} for rule in admitted.rules
    ]
    answer: dict[str, Any] = {
        "result": "allow",
        "is_superuser": False,
        "acl": [*rules, {"permission": "deny", "action": "all", "topic": "#"}],
    }
    if admitted.expires_at is not None:
        answer["expire_at"] = admitted.expires_at
    return json_response(answer, headers={"Cache-Control": "no-store"})


def _attempt(members: dict[str, Any]) -> Attempt:
    return Attempt(
        client_id=_text(members, "clientid") or "",
        username=_text(members, "username") or "",
        password=_text(members, "password") or "",
        common_name=_text(members, "cert_common_name"),
        certificate=_text(members, "cert_pem", _MAX_PEM_CHARS),
    )


def _members(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise BadRequestData("The body must be one JSON object")
    return document


def _text(members: dict[str, Any], name: str, longest: int = _MAX_CHARS) -> str | None:
    """A member that is a text; None where it has no value. Raises BadRequestData."""
    value = members.get(name)
    if value is None or value in _ABSENT:
        return None
    if not isinstance(value, str) or len(value) > longest or "\0" in value:
        raise BadRequestData(f"{name} is a text of at most {longest} characters", pointer=f"/{name}")
    return value
