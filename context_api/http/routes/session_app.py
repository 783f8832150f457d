"""One's own authenticator app: add it, take it away, new recovery codes."""

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import read_query
from context_api.http.errors import Unauthorized
from context_api.http.login.logins import Logins
from context_api.http.login.sessions import Visit
from context_api.http.negotiation import negotiate
from context_api.http.operation import Answer, Operation, RequestBody, add_route, new_router
from context_api.http.responses import json_response, no_content
from context_api.http.routes.session import (
    JSON_ONLY,
    PREFIX,
    PRIVATE,
    TAG,
    answer_opened,
    read_draft,
    visitor_of,
)
from context_api.http.schemas_login import (
    APP,
    CODE_DRAFT,
    ENROLMENT,
    PASSWORD_PROOF,
    RECOVERY_CODES,
    SESSION,
)
from context_api.http.services import Services
from context_api.store.sessions import Stage

_ERRORS = (401, 403, 406, 409, 429, 503)
GET = Operation(
    id="getApp",
    tag=TAG,
    summary="Say whether an authenticator app belongs to one's account",
    answers={200: Answer(description="The app, not its secret", schema="AuthenticatorApp", example=APP)},
    errors=(401, 406, 409, 503),
    headers=(),
    is_open=True,
)
BEGIN = Operation(
    id="beginEnrolment",
    tag=TAG,
    summary="Get a secret for an authenticator app",
    description="It counts once a code of it was shown (PUT). In the state `open` the password is needed.",
    body=RequestBody(schema="PasswordProof", example=PASSWORD_PROOF, media_types=JSON_ONLY),
    answers={200: Answer(description="The secret, this once", schema="Enrolment", example=ENROLMENT)},
    errors=_ERRORS,
    headers=(),
    is_open=True,
)
CONFIRM = Operation(
    id="confirmEnrolment",
    tag=TAG,
    summary="Show the first code of an authenticator app",
    description="From here on each login asks for one. `recoveryCodes` are shown this once: each replaces a "
    "code when the telephone is gone.",
    body=RequestBody(schema="CodeDraft", example=CODE_DRAFT, media_types=JSON_ONLY),
    answers={
        200: Answer(
            description="The session under its new cookie, with the recovery codes",
            schema="Session",
            example={**SESSION, **RECOVERY_CODES},
        )
    },
    errors=_ERRORS,
    headers=(),
    is_open=True,
)
REMOVE = Operation(
    id="removeApp",
    tag=TAG,
    summary="Take one's authenticator app away",
    description="Where this installation does not ask for one (MACHI_SECOND_FACTOR).",
    body=RequestBody(schema="PasswordProof", example=PASSWORD_PROOF, media_types=JSON_ONLY),
    answers={204: Answer(description="No code is asked for any more")},
    errors=_ERRORS,
    headers=(),
    is_open=True,
)
RENEW = Operation(
    id="renewRecoveryCodes",
    tag=TAG,
    summary="Get new recovery codes in place of all former ones",
    body=RequestBody(schema="PasswordProof", example=PASSWORD_PROOF, media_types=JSON_ONLY),
    answers={200: Answer(description="The codes, this once", schema="RecoveryCodes", example=RECOVERY_CODES)},
    errors=_ERRORS,
    headers=(),
    is_open=True,
)


class _Proof(msgspec.Struct, forbid_unknown_fields=True):
    password: str | None = None


class _Code(msgspec.Struct, forbid_unknown_fields=True):
    code: str


def session_app_router(services: Services) -> APIRouter:
    """Make the routes of one's own authenticator app."""
    resource = _App(services)
    router = new_router(PREFIX)
    add_route(router, "GET", "/session/app", resource.get, GET)
    add_route(router, "POST", "/session/app", resource.begin, BEGIN)
    add_route(router, "PUT", "/session/app", resource.confirm, CONFIRM)
    add_route(router, "POST", "/session/app/removal", resource.remove, REMOVE)
    add_route(router, "POST", "/session/app/recovery-codes", resource.renew, RENEW)
    return router


class _App:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def get(self, request: Request) -> Response:
        read_query(request, GET)
        negotiate(request, JSON_ONLY)
        visit = await self._logins.sessions.find(request.headers)
        if visit is None or visit.session.stage is not Stage.OPEN:
            raise Unauthorized("Nobody is logged in here")
        app = await self._logins.desk.describe_app(visit)
        shown = {"hasApp": app.is_added, "isRequired": app.is_required, "recoveryCodes": app.recovery_codes}
        return json_response(shown, headers=PRIVATE)

    async def begin(self, request: Request) -> Response:
        read_query(request, BEGIN)
        visit, password = await self._read(request)
        made = await self._logins.desk.begin_enrolment(visit, password, visitor_of(request, self._services))
        return json_response({"secret": made.secret, "uri": made.uri, "svg": made.svg}, headers=PRIVATE)

    async def confirm(self, request: Request) -> Response:
        read_query(request, CONFIRM)
        visit = await self._logins.sessions.need(request.headers, request.scope)
        draft: _Code = await read_draft(request, self._services, _Code)
        visitor = visitor_of(request, self._services)
        opened, codes = await self._logins.desk.confirm_enrolment(visit, draft.code, visitor)
        return await answer_opened(self._services, opened, recoveryCodes=codes)

    async def remove(self, request: Request) -> Response:
        read_query(request, REMOVE)
        visit, password = await self._read(request)
        await self._logins.desk.remove_app(visit, password, visitor_of(request, self._services))
        return no_content()

    async def renew(self, request: Request) -> Response:
        read_query(request, RENEW)
        visit, password = await self._read(request)
        codes = await self._logins.desk.renew_recovery_codes(
            visit, password, visitor_of(request, self._services)
        )
        return json_response({"recoveryCodes": codes}, headers=PRIVATE)

    @property
    def _logins(self) -> Logins:
        return self._services.logins

    async def _read(self, request: Request) -> tuple[Visit, str | None]:
        visit = await self._logins.sessions.need(request.headers, request.scope)
        proof: _Proof = await read_draft(request, self._services, _Proof)
        return visit, proof.password
