"""Logging in at a provider of identity: there and back."""

from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from context_api.http.calls import read_query
from context_api.http.errors import Forbidden
from context_api.http.live.origins import origin_of
from context_api.http.login.cookies import LOGIN, SESSION
from context_api.http.login.logins import Logins
from context_api.http.login.oidc.flow import CALLBACK, UNDER_WAY_S, LoginFailed
from context_api.http.operation import Answer, Operation, add_route, new_router
from context_api.http.parameters import Parameter
from context_api.http.routes.session import PREFIX, TAG, visitor_of
from context_api.http.services import Services
from context_api.identity.providers import is_loopback
from context_api.ngsild.errors import BadRequestData

_FIELDS_MAX = 50
_NO_STORE = {"Cache-Control": "no-store"}
START = Operation(
    id="startProviderLogin",
    tag=TAG,
    summary="Go to a provider of identity to log in",
    description="For a link, not for a script: the browser is sent on (303) with a cookie that the way back "
    "needs. Authorization code with PKCE.",
    accepts=("provider", "return"),
    overrides={
        "provider": Parameter(
            description="The provider's id, as GET /api/v1/session names it", example="town"
        ),
        "return": Parameter(
            description="Where the browser goes afterwards: a path of this address",
            schema={"type": "string", "default": "/"},
            example="/devices",
        ),
    },
    answers={303: Answer(description="Go on", headers={"Location": "The provider's page"})},
    errors=(400, 503),
    headers=(),
    is_open=True,
)
FINISH = Operation(
    id="finishProviderLogin",
    tag=TAG,
    summary="Come back from a provider of identity",
    description="Its address is what the provider has to allow as redirect URI. Opens the session and goes "
    "on to `return`; where that fails, to `/?login=REASON`: `denied` (the provider said no, or its word does "
    "not hold), `unknown` (no rule gives a role), `expired`, `unreachable`.",
    accepts=("code", "state", "iss", "error"),
    overrides={
        "code": Parameter(description="What the tokens are had for", example="SplxlOBeZQQYbYS6WxSbIA"),
        "state": Parameter(description="What the login was begun with", example="af0ifjsldkj"),
        "iss": Parameter(description="Who answers (RFC 9207)", example="https://login.example.jp"),
        "error": Parameter(description="Why there is no code", example="access_denied"),
    },
    answers={303: Answer(description="Go on", headers={"Location": "A page of ours"})},
    errors=(),
    headers=(),
    is_open=True,
)


def session_oidc_router(services: Services) -> APIRouter:
    """Make the routes of logging in at a provider."""
    resource = _ProviderLogin(services)
    router = new_router()
    add_route(router, "GET", f"{PREFIX}/session/oidc/start", resource.start, START)
    add_route(router, "GET", CALLBACK, resource.finish, FINISH)
    return router


class _ProviderLogin:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def start(self, request: Request) -> Response:
        query = read_query(request, START)
        provider = query.text("provider")
        if provider is None:
            raise BadRequestData("The parameter provider is missing")
        base_url = base_url_of(request, self._services)
        url, cookie = await self._logins.flow.start(provider, query.text("return") or "/", base_url)
        answer = RedirectResponse(url, status_code=303, headers=_NO_STORE)
        self._logins.cookies.write(answer, LOGIN, cookie, age_s=UNDER_WAY_S)
        return answer

    async def finish(self, request: Request) -> Response:
        cookie = self._logins.cookies.read(request.headers, LOGIN)
        visitor = visitor_of(request, self._services)
        try:
            token, return_to = await self._logins.flow.finish(_read_answer(request), cookie, visitor)
        except LoginFailed as error:
            self._logins.note_failure(error)
            answer = RedirectResponse(f"/?{urlencode({'login': error.reason})}", 303, headers=_NO_STORE)
        else:
            answer = RedirectResponse(return_to, 303, headers=_NO_STORE)
            self._logins.cookies.write(answer, SESSION, token)
        self._logins.cookies.remove(answer, LOGIN)
        return answer

    @property
    def _logins(self) -> Logins:
        return self._services.logins


def base_url_of(request: Request, services: Services) -> str:
    """Give the address that browsers know us by. Raises Forbidden where that is not certain.

    What a request says of its own host may be anybody's; so it is believed for this machine only.
    """
    public_url = services.settings.public_url
    if public_url is not None:
        return public_url.rstrip("/")
    if not is_loopback(request.url.hostname or ""):
        raise Forbidden(
            "To log in at a provider MACHI_PUBLIC_URL has to be set, to the address that people use"
        )
    return origin_of(str(request.url))


def _read_answer(request: Request) -> dict[str, str]:
    """Read what a provider says; it may say more than we know. What stands twice counts as absent."""
    try:
        text = request.scope["query_string"].decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_FIELDS_MAX, errors="strict")
    except ValueError:
        return {}
    names = [name for name, _ in pairs]
    return {name: value for name, value in pairs if names.count(name) == 1}
