"""The short way: what one of our routes serves goes from the gate to the route.

The framework's own layers (error handling, telemetry, body limits, exit stacks, a search through all routes)
are a quarter of a small request and do nothing for routes that take the request as it is. What no route
here matches - another method, another path, the pages - takes the framework's way.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from fastapi import FastAPI
from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from context_api.http.gate import routing_path
from context_api.http.operation import DirectRoute
from context_api.http.permissions import check_permission

_KEYED = 3
"""The part of a path by which routes are looked up: `entities` in /ngsi-ld/v1/entities."""


class Match(NamedTuple):
    """A route, and the parts of the path that its parameters are."""

    route: DirectRoute
    parameters: Mapping[str, str]


class _Entry(NamedTuple):
    route: DirectRoute
    literals: tuple[tuple[int, str], ...]
    parameters: tuple[tuple[int, str], ...]


class RouteTable:
    """Finds the route of a path as the framework would: the first that matches, in their order."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        """Take the routes up to the first that is not of our kind: from there on the framework decides."""
        self._entries: dict[tuple[str, int, str], list[_Entry]] = {}
        for route in routes:
            entry = _read(route)
            if entry is None:
                return
            self._add(entry)

    def find(self, method: str, path: str) -> Match | None:
        """Give the route that serves a path, still percent-encoded."""
        parts = path.split("/")
        key = (method, len(parts), parts[_KEYED] if len(parts) > _KEYED else "")
        for route, literals, parameters in self._entries.get(key, ()):
            for index, text in literals:
                if parts[index] != text:
                    break
            else:
                return Match(route, {name: parts[index] for index, name in parameters})
        return None

    def _add(self, entry: _Entry) -> None:
        parts = entry.route.path.split("/")
        keyed = parts[_KEYED] if len(parts) > _KEYED else ""
        for method in entry.route.methods or ():
            self._entries.setdefault((method, len(parts), keyed), []).append(entry)


def _read(route: BaseRoute) -> _Entry | None:
    """Take a path apart; None where it is no route of ours, or has parameters of another kind."""
    if not isinstance(route, DirectRoute):
        return None
    literals: list[tuple[int, str]] = []
    parameters: list[tuple[int, str]] = []
    for index, part in enumerate(route.path.split("/")):
        if part.startswith("{") and part.endswith(":segment}") and index > _KEYED:
            parameters.append((index, part[1:].partition(":")[0]))
        elif "{" in part:
            return None
        else:
            literals.append((index, part))
    # The last literal tells routes of the same length apart, the first ones hardly do
    return _Entry(route, tuple(reversed(literals)), tuple(parameters))


class ShortWay:
    """Serves what the table has through its own gate, and gives everything else to the framework."""

    def __init__(self, table: RouteTable, framework: ASGIApp) -> None:
        self._table = table
        self._framework = framework
        self.gate: ASGIApp = serve_route
        """What admits requests to `serve_route`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] in ("http", "websocket") and not scope.get("root_path"):
            method: str = scope.get("method", "GET")
            found = self._table.find("GET" if method == "HEAD" else method, routing_path(scope))
            if found is not None:
                scope["route"], scope["path_params"] = found.route, found.parameters
                await self.gate(scope, receive, send)
                return
        await self._framework(scope, receive, send)


async def serve_route(scope: Scope, receive: Receive, send: Send) -> None:
    """Let the route that was found answer; the opening of a WebSocket is a GET to it."""
    route: DirectRoute = scope["route"]
    check_permission(scope, route.name)
    asked = scope if scope["type"] == "http" else {**scope, "type": "http"}
    response = await route.endpoint(Request(asked, receive, send))
    await response(scope, receive, send)


class Application(FastAPI):
    """A FastAPI application with a short way to its routes."""

    way_in: ASGIApp | None = None
    """Where requests come in, once the application is put together."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve by the way in, once there is one."""
        way = self.way_in
        await (super().__call__ if way is None else way)(scope, receive, send)

    def open_short_way(self, table: RouteTable) -> ShortWay:
        """Serve the routes of a table without the framework's layers."""
        way = self.way_in = ShortWay(table, super().__call__)
        return way
