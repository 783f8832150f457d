"""The console's session: log in, its further steps, log out, who am I."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.acting import begin_acting_as, client_address
from context_api.http.calls import read_document, read_query, segment
from context_api.http.errors import NoSuchRoute, Unauthorized
from context_api.http.live.origins import origin_of
from context_api.http.login.cookies import KNOWN, KNOWN_AGE_S, SESSION
from context_api.http.login.desk import Opened, Visitor
from context_api.http.login.logins import Logins
from context_api.http.login.sessions import Visit
from context_api.http.negotiation import JSON, negotiate
from context_api.http.operation import Answer, Operation, RequestBody, add_route, new_router
from context_api.http.responses import json_response, no_content
from context_api.http.schemas_login import (
    CODE_DRAFT,
    LOGIN_DRAFT,
    PASSWORD_DRAFT,
    RESET_REDEMPTION,
    SESSION_END,
    SESSION_LIST,
)
from context_api.http.schemas_login import SESSION as SESSION_EXAMPLE
from context_api.http.services import Services
from context_api.ngsild.errors import BadRequestData, ResourceNotFound
from context_api.store.logins import end_other_session, log_out
from context_api.store.sessions import Stage, list_sessions

PREFIX = "/api/v1"
JSON_ONLY = (JSON,)
TAG = "Sessions"
_MAX_ID = 2**63 - 1
PRIVATE = {"Cache-Control": "no-store"}

_OPENED = {
    200: Answer(
        description="The session under its new cookie, and what it waits for",
        schema="Session",
        example=SESSION_EXAMPLE,
        headers={"Set-Cookie": "The session"},
    )
}
GET = Operation(
    id="getSession",
    tag=TAG,
    summary="Say who is logged in, and how one can log in",
    description="The console begins here. `csrfToken` goes into the header X-CSRF-Token of every change.",
    answers={200: Answer(description="The session", schema="Session", example=SESSION_EXAMPLE)},
    errors=(406,),
    headers=(),
    is_open=True,
)
LOG_IN = Operation(
    id="logIn",
    tag=TAG,
    summary="Log in with a local account",
    description="Right: a cookie, and in `state` what comes next. Wrong name and wrong password are answered "
    "alike (401). After several wrong attempts the next one has to wait (429).",
    body=RequestBody(schema="LoginDraft", example=LOGIN_DRAFT, media_types=JSON_ONLY),
    answers=_OPENED,
    errors=(401, 403, 406, 429, 503),
    headers=(),
    is_open=True,
)
PASS_CODE = Operation(
    id="passCode",
    tag=TAG,
    summary="Show the code of the authenticator app, or a recovery code",
    description="Where `state` is `totp`. A code counts once.",
    body=RequestBody(schema="CodeDraft", example=CODE_DRAFT, media_types=JSON_ONLY),
    answers=_OPENED,
    errors=(401, 403, 406, 409, 429, 503),
    headers=(),
    is_open=True,
)
CHANGE_PASSWORD = Operation(
    id="changePassword",
    tag=TAG,
    summary="Change one's own password",
    description="All other sessions of the account end. At least 12 characters, and none of the passwords "
    "that are tried first.",
    body=RequestBody(schema="PasswordDraft", example=PASSWORD_DRAFT, media_types=JSON_ONLY),
    answers=_OPENED,
    errors=(401, 403, 406, 409, 429, 503),
    headers=(),
    is_open=True,
)
REDEEM_RESET = Operation(
    id="redeemReset",
    tag=TAG,
    summary="Set a password with the code of an administrator",
    description="The code counts once. Log in afterwards; an authenticator app is asked for as before.",
    body=RequestBody(schema="ResetRedemption", example=RESET_REDEMPTION, media_types=JSON_ONLY),
    answers={204: Answer(description="Set")},
    errors=(401, 403, 406, 429, 503),
    headers=(),
    is_open=True,
)
LOG_OUT = Operation(
    id="logOut",
    tag=TAG,
    summary="Log out",
    answers={
        200: Answer(
            description="The session is over; the cookie is gone", schema="SessionEnd", example=SESSION_END
        )
    },
    errors=(401, 403, 406, 503),
    headers=(),
    is_open=True,
)
LIST = Operation(
    id="listSessions",
    tag=TAG,
    summary="List one's own sessions",
    answers={200: Answer(description="The newest first", schema="SessionList", example=SESSION_LIST)},
    errors=(401, 403, 406, 503),
    headers=(),
    is_open=True,
)
END = Operation(
    id="endSession",
    tag=TAG,
    summary="End one of one's own sessions",
    description="It opens nothing any more after two seconds at the latest.",
    path_examples={"session_id": "12"},
    answers={204: Answer(description="Ended")},
    errors=(401, 403, 404, 503),
    headers=(),
    is_open=True,
)


class _LoginDraft(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    password: str


class _CodeDraft(msgspec.Struct, forbid_unknown_fields=True):
    code: str


class _PasswordDraft(msgspec.Struct, forbid_unknown_fields=True):
    new: str
    current: str | None = None


class _Redemption(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    code: str
    password: str


def session_router(services: Services) -> APIRouter:
    """Make the routes of one's own session."""
    resource = _Session(services)
    router = new_router(PREFIX)
    add_route(router, "GET", "/session", resource.get, GET)
    add_route(router, "POST", "/session", resource.log_in, LOG_IN)
    add_route(router, "DELETE", "/session", resource.log_out, LOG_OUT)
    add_route(router, "POST", "/session/totp", resource.pass_code, PASS_CODE)
    add_route(router, "PUT", "/session/password", resource.change_password, CHANGE_PASSWORD)
    add_route(router, "POST", "/session/reset", resource.redeem_reset, REDEEM_RESET)
    add_route(router, "GET", "/sessions", resource.list_sessions, LIST)
    add_route(router, "DELETE", "/sessions/{session_id:segment}", resource.end, END)
    return router


class _Session:
    def __init__(self, services: Services) -> None:
        self._services = services

    @property
    def _logins(self) -> Logins:
        return self._services.logins

    async def get(self, request: Request) -> Response:
        read_query(request, GET)
        negotiate(request, JSON_ONLY)
        visit = await self._logins.sessions.find(request.headers)
        return json_response(describe_session(self._services, visit), headers=PRIVATE)

    async def log_in(self, request: Request) -> Response:
        read_query(request, LOG_IN)
        draft = await self._read(request, _LoginDraft)
        if not self._logins.settings.local:
            raise NoSuchRoute("Nobody logs in with a password here; GET /api/v1/session names the providers")
        opened = await self._logins.desk.log_in(
            draft.name, draft.password, visitor_of(request, self._services)
        )
        return await answer_opened(self._services, opened)

    async def pass_code(self, request: Request) -> Response:
        read_query(request, PASS_CODE)
        visit = await self._logins.sessions.need(request.headers, request.scope)
        draft = await self._read(request, _CodeDraft)
        opened = await self._logins.desk.pass_code(visit, draft.code, visitor_of(request, self._services))
        return await answer_opened(self._services, opened)

    async def change_password(self, request: Request) -> Response:
        read_query(request, CHANGE_PASSWORD)
        visit = await self._logins.sessions.need(request.headers, request.scope)
        draft = await self._read(request, _PasswordDraft)
        opened = await self._logins.desk.change_password(
            visit, draft.current, draft.new, visitor_of(request, self._services)
        )
        return await answer_opened(self._services, opened)

    async def redeem_reset(self, request: Request) -> Response:
        read_query(request, REDEEM_RESET)
        draft = await self._read(request, _Redemption)
        await self._logins.desk.redeem_reset(
            draft.name, draft.code, draft.password, visitor_of(request, self._services)
        )
        return no_content()

    async def log_out(self, request: Request) -> Response:
        read_query(request, LOG_OUT)
        visit = await self._logins.sessions.need(request.headers, request.scope)
        hash_ = self._logins.sessions.hash(visit.token)
        begin_acting_as(request.scope, visit.session.principal, visit.session.organisation_id)
        await self._services.run(log_out, self._services.database, hash_)
        self._logins.sessions.forget()
        session, url = visit.session, None
        if session.provider is not None:
            base_url = origin_of(self._services.settings.public_url or str(request.url))
            url = await self._logins.flow.logout_url(session.provider, session.id_token, base_url)
        answer = json_response({"providerLogout": url}, headers=PRIVATE)
        self._logins.cookies.remove(answer, SESSION)
        return answer

    async def list_sessions(self, request: Request) -> Response:
        read_query(request, LIST)
        negotiate(request, JSON_ONLY)
        visit = await self._find_open(request)
        found = await self._services.run(
            list_sessions,
            self._services.database,
            visit.session.principal,
            self._logins.settings.idle_s,
        )
        listed = [
            {
                "id": str(one.id),
                "current": one.id == visit.session.id,
                "state": one.stage.value,
                "provider": one.provider,
                "address": one.address,
                "browser": one.agent,
                "createdAt": moment(one.created_at),
                "seenAt": moment(one.seen_at),
                "endsAt": moment(one.ends_at),
            }
            for one in found
        ]
        return json_response({"sessions": listed}, headers=PRIVATE)

    async def end(self, request: Request) -> Response:
        read_query(request, END)
        visit = await self._logins.sessions.need(request.headers, request.scope)
        if visit.session.stage is not Stage.OPEN:
            raise Unauthorized("The login is not complete")
        session_id = number(segment(request, "session_id"), "session")
        principal = visit.session.principal
        begin_acting_as(request.scope, principal, visit.session.organisation_id)
        if not await self._services.run(end_other_session, self._services.database, principal, session_id):
            raise ResourceNotFound(f"You have no session {session_id}")
        self._logins.sessions.forget()
        return no_content()

    async def _find_open(self, request: Request) -> Visit:
        visit = await self._logins.sessions.find(request.headers)
        if visit is None or visit.session.stage is not Stage.OPEN:
            raise Unauthorized("Nobody is logged in here")
        return visit

    async def _read(self, request: Request, kind: type[Any]) -> Any:
        self._logins.sessions.check_page(request.headers, request.scope)
        return await read_draft(request, self._services, kind)


async def read_draft(request: Request, services: Services, kind: type[Any]) -> Any:
    """Read a body of a known form. Raises BadRequestData."""
    document, _ = await read_document(request, services, JSON_ONLY)
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        pointer = path.rstrip("`").replace(".", "/")
        raise BadRequestData(f"The body is not valid: {message}", pointer=pointer) from error


def visitor_of(request: Request, services: Services) -> Visitor:
    """Say who knocks; what is recorded from here on is said to come from there."""
    begin_acting_as(request.scope, "anyone")
    address = client_address(request.scope) or ""
    agent = request.headers.get("user-agent", "")
    printable = "".join(sign for sign in agent[:200] if sign.isprintable())
    return Visitor(address, printable, services.logins.cookies.read(request.headers, KNOWN))


async def answer_opened(services: Services, opened: Opened, **more: Any) -> Response:
    """Answer with a session under its new cookie."""
    visit = await services.logins.sessions.look_up(opened.token)
    answer = json_response({**describe_session(services, visit), **more}, headers=PRIVATE)
    services.logins.cookies.write(answer, SESSION, opened.token)
    if opened.known is not None:
        services.logins.cookies.write(answer, KNOWN, opened.known, age_s=KNOWN_AGE_S)
    return answer


def describe_session(services: Services, visit: Visit | None) -> dict[str, Any]:
    """Describe a session to the one it belongs to."""
    settings = services.logins.settings
    ways = services.logins.ways()
    if not services.logins.is_on:
        return {"state": "open", "name": "anyone", "role": "administrator", "tenants": None, "ways": ways}
    if visit is None:
        return {"state": "none", "ways": ways}
    session = visit.session
    described: dict[str, Any] = {
        "state": session.stage.value,
        "csrfToken": visit.csrf,
        "shown": session.shown,
        "provider": session.provider,
        "idleS": settings.idle_s,
        "endsAt": moment(session.ends_at),
        "ways": ways,
    }
    if session.stage is Stage.OPEN:
        described |= {
            "name": session.principal,
            "role": session.role,
            "organisation": session.organisation,
            "tenants": None if session.tenants is None else sorted(session.tenants),
        }
    return described


def moment(at: datetime | None) -> str | None:
    """Write a time."""
    return None if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def number(text: str, what: str) -> int:
    """Read an id that we gave. Raises ResourceNotFound where it is none."""
    if not (text.isascii() and text.isdigit() and int(text[:20]) <= _MAX_ID):
        raise ResourceNotFound(f"There is no {what} {text[:40]}")
    return int(text)
