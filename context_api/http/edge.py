"""What every answer carries for browsers, and which pages of elsewhere may read one (CORS).

Plain ASGI around everything else. Pages set their own Content-Security-Policy; the API's answers are data,
which a browser is never to render: they get one that forbids everything.
"""

from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from context_api.http.errors import Forbidden, problem_response

ANY_ORIGIN = "*"
_PREFLIGHT_S = 600
_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
_REQUEST_HEADERS = (
    "Accept, Authorization, Content-Type, If-Match, If-None-Match, Last-Event-ID, Link, NGSILD-Tenant, Prefer"
)
_SHOWN_HEADERS = (
    "Content-Disposition, Content-Range, ETag, Link, Location, NGSILD-Results-Count, NGSILD-Tenant, "
    "NGSILD-Warning, Preference-Applied, RateLimit, RateLimit-Policy, Retry-After"
)
_HSTS = b"max-age=31536000"
_Header = tuple[bytes, bytes]
_ALWAYS: tuple[_Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"private, no-cache"),
)
"""A cache between may keep nothing that was given to somebody, and a browser asks again (RFC 9111, 5.2.2)."""


class Edge:
    """Wraps the application. `origins` are pages (`https://map.example.jp`, or `*`) that may read answers.

    Credentials of browsers (cookies) never count for them: they show a key, or read open data.
    """

    def __init__(self, app: ASGIApp, *, origins: Collection[str], is_secure: bool) -> None:
        self._app = app
        self._origins = frozenset(origins)
        self._always = (*_ALWAYS, (b"strict-transport-security", _HSTS)) if is_secure else _ALWAYS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        origin = _header(scope, b"origin")
        added = self._always if origin is None else (*self._always, *self._allow(origin))

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add(message, added)
            await send(message)

        if origin is not None and scope["method"] == "OPTIONS" and _is_preflight(scope):
            await self._answer_preflight(origin)(scope, receive, send_on)
        else:
            await self._app(scope, receive, send_on)

    def _allow(self, origin: bytes) -> tuple[_Header, ...]:
        vary = (b"vary", b"Origin")
        if ANY_ORIGIN in self._origins:
            shown = b"*"
        elif origin.decode("latin-1") in self._origins:
            shown = origin
        else:
            return (vary,)
        return (
            vary,
            (b"access-control-allow-origin", shown),
            (b"access-control-expose-headers", _SHOWN_HEADERS.encode()),
        )

    def _answer_preflight(self, origin: bytes) -> Response:
        name = origin.decode("latin-1")
        if not self._origins & {ANY_ORIGIN, name}:
            refused = Forbidden(
                f"Pages of {name[:200]} may not call this API; MACHI_CORS_ORIGINS names those that may"
            )
            return problem_response(refused, "/api/")
        return Response(
            status_code=204,
            headers={
                "Access-Control-Allow-Methods": _METHODS,
                "Access-Control-Allow-Headers": _REQUEST_HEADERS,
                "Access-Control-Max-Age": str(_PREFLIGHT_S),
            },
        )


def _is_preflight(scope: Scope) -> bool:
    return "access-control-request-method" in Headers(scope=scope)


def _header(scope: Scope, wanted: bytes) -> bytes | None:
    for name, value in scope["headers"]:
        if name == wanted:
            return bytes(value)
    return None


def _add(message: Message, added: tuple[_Header, ...]) -> None:
    """Add what the answer does not say itself; `Vary` is a list and grows."""
    headers = message["headers"] = list(message.get("headers", ()))
    said = {name.lower() for name, _ in headers}
    headers += [header for header in added if header[0] not in said or header[0] == b"vary"]
