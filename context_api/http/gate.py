"""The outermost layer of the API: path, tenant, credentials, limits, last-resort errors, counters.

It is plain ASGI, because a layer that every request passes must cost microseconds. The opening of a WebSocket
is a GET (RFC 6455, 4.1) and passes as one: until it is accepted, it is answered like any other request.
"""

import re
import time
from collections.abc import Awaitable, Callable, Sequence

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from context_api.http.auth import (
    ANYONE,
    DEFAULT_TENANT,
    NOBODY,
    TENANT_HEADER,
    After,
    choose_tenant,
    read_heads,
)
from context_api.http.console_paths import is_console
from context_api.http.errors import Forbidden, problem_response
from context_api.http.metrics import HttpMetrics
from context_api.ngsild.errors import BadRequestData
from context_api.policy.principal import Principal

_RELEASES = "machi.releases"
_HEADS = frozenset({"http.response.start", "websocket.accept", "websocket.http.response.start"})
_SWITCHING = 101
"""The status of a WebSocket that is accepted."""
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_OPEN_PATHS = frozenset(
    {
        *("/", "/docs", "/openapi.json", "/api/v1/open-data", "/healthz", "/readyz", "/favicon.ico"),
        "/api/v1/invitations/accept",
    }
)
_OPEN_PREFIXES = ("/page/", "/ngsi-ld/v1/jsonldContexts/")
_OF_NO_TENANT = ("/api/v1/me", "/api/v1/keys", "/api/v1/organisations", "/api/v1/tenants")
"""What is about the installation: whoever opens several tenants, or none, need not name one."""
_DEVICE_PREFIXES = (
    "/api/v1/ingest/",
    "/iot/",
    "/api/v1/broker/authenticate",
    "/api/v1/broker/authorize",
    "/api/v1/session",
)
"""Doors that devices, a broker that asks for them, and people who log in come to with secrets of their own:
the routes look at those themselves."""

_HEADERS = "machi.headers"
"""Headers that the answer carries besides its own."""
Authenticate = Callable[[Headers, Scope], Awaitable[Principal]]
Open = Callable[[Scope, Headers], Awaitable[tuple[Principal, str] | None]]
"""Judges the opening of a WebSocket. Gives whom its ticket stands for, in which tenant; None without one."""
log = structlog.get_logger("http")


class Gate:
    """Wraps the application; see the module."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        authenticate: Authenticate | None,
        metrics: HttpMetrics,
        after: Sequence[After] = (),
        open_socket: Open | None = None,
    ) -> None:
        """`authenticate` None: everybody is an administrator. `after` may grow until the first request."""
        self._app = app
        self._authenticate = authenticate
        self._after = after
        self._metrics = metrics
        self._open_socket = open_socket

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            scope.update({"method": "GET", _RELEASES: []})
        elif scope["method"] == "HEAD":
            # The server, which has the original, leaves the body out; a long answer is not even made
            scope = {**scope, "method": "GET", "machi.head": True}
        started = time.perf_counter()
        answer = _Answer(scope, send)
        path = routing_path(scope)
        headers = Headers(scope=scope)
        try:
            await self._admit(scope, path, headers, answer)
            await self._app(scope, receive, answer.send)
        except Exception as error:
            if answer.status:
                raise
            response = problem_response(error, path)
            if response.status_code == 500:
                log.exception("request_failed", method=scope["method"], path=path)
            await response(scope, receive, answer.send)
        finally:
            self._metrics.observe(scope, answer.status, time.perf_counter() - started, answer.size)
            for release in scope.get(_RELEASES, ()):
                release()

    async def _admit(self, scope: Scope, path: str, headers: Headers, answer: "_Answer") -> None:
        """Say, in the scope, who asks and for which tenant; or refuse."""
        scope["path"] = path
        named = read_heads(scope)
        if named is not None:
            if not _TENANT.fullmatch(named):
                raise BadRequestData(
                    f"{TENANT_HEADER} must be 1 to 63 letters, digits, '_', '-' or '.', not a sign first"
                )
            answer.tenant = named
        shown = None
        if scope["type"] == "websocket" and self._open_socket is not None:
            shown = await self._open_socket(scope, headers)
        if shown is not None:
            principal, named = shown
        elif self._authenticate is None:
            principal = ANYONE
        elif _is_open(scope["method"], path):
            scope["machi.principal"], scope["machi.tenant"] = NOBODY, named or DEFAULT_TENANT
            return
        else:
            principal = await self._authenticate(headers, scope)
        scope["machi.principal"] = principal  # known also where the tenant is refused
        tenant = _bind(principal, named, path)
        if tenant != DEFAULT_TENANT:
            answer.tenant = tenant or None
        scope["machi.principal"], scope["machi.tenant"] = principal, tenant
        for judge in self._after:
            await judge(principal, scope)


def add_header(scope: Scope, name: bytes, value: bytes) -> None:
    """Let the answer carry a header besides its own, whatever it will be; `name` in small letters."""
    scope.setdefault(_HEADERS, []).append((name, value))


def release_at_end(scope: Scope, release: Callable[[], None]) -> None:
    """Call `release` when the request is over, however it ends."""
    scope.setdefault(_RELEASES, []).append(release)


class _Answer:
    """Notes the status that is sent and adds what every answer carries."""

    __slots__ = ("_scope", "_send", "size", "status", "tenant")

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self.status = 0
        self.size = 0
        """Bytes of the body so far."""
        self.tenant: str | None = None

    async def send(self, message: Message) -> None:
        """Pass a message on."""
        if message["type"] in _HEADS:
            self.status = message.get("status", _SWITCHING)
            if self.tenant is not None:
                MutableHeaders(raw=message["headers"])[TENANT_HEADER] = self.tenant
            if _HEADERS in self._scope:
                message["headers"] = [*message["headers"], *self._scope[_HEADERS]]
        else:
            self.size += len(message.get("body", b""))
        await self._send(message)


def routing_path(scope: Scope) -> str:
    """Give the path as it was sent, still percent-encoded, without a trailing slash.

    Ids are URIs: decoded before the routing, a `%2F` in one would look like a separator.
    """
    raw: bytes = scope.get("raw_path") or scope["path"].encode("utf-8")
    path = raw.decode("latin-1")
    if len(path) > 1 and path.endswith("/") and path.startswith(("/ngsi-ld/", "/api/")):
        return path[:-1]
    return path


def _bind(principal: Principal, named: str | None, path: str) -> str:
    """Give the tenant of a request; empty, which is the name of none, where it is about no tenant."""
    try:
        return choose_tenant(principal, named)
    except (BadRequestData, Forbidden):
        if named is None and path.startswith(_OF_NO_TENANT):
            return ""
        raise


def _is_open(method: str, path: str) -> bool:
    """What needs no key: the pages, the health of the process, the built-in @contexts (words, no data)."""
    if path in _OPEN_PATHS or path.startswith(_DEVICE_PREFIXES):
        return True
    return method in ("GET", "HEAD") and (path.startswith(_OPEN_PREFIXES) or is_console(path))
