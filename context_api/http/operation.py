"""Operations as data: what a route accepts and answers, for the checks and for the OpenAPI document alike."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from context_api.http.negotiation import JSON, LD_JSON
from context_api.http.parameters import PARAMETERS, Parameter
from context_api.http.permissions import check_permission

Endpoint = Callable[[Request], Awaitable[Response]]
Examples = Mapping[str, Any]
_PATH_NAMES = re.compile(r"{(\w+)(?::\w+)?}")


@dataclass(frozen=True, kw_only=True)
class RequestBody:
    """What a route reads."""

    schema: str
    """Name of a component schema."""
    example: Any
    media_types: Sequence[str] = (JSON, LD_JSON)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A successful answer; without a schema it has no body."""

    description: str
    schema: str | None = None
    example: Any = None
    media_types: Sequence[str] = (JSON,)
    examples: Mapping[str, Any] = field(default_factory=dict)
    """Media type -> example, where it is another one."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Name -> description."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one path."""

    id: str
    tag: str
    summary: str
    answers: Mapping[int, Answer]
    description: str = ""
    path_examples: Mapping[str, str] = field(default_factory=dict)
    accepts: tuple[str, ...] = ()
    """Query parameters that are served."""
    later: frozenset[str] = frozenset()
    """Query parameters that NGSI-LD has and this broker refuses until it serves them."""
    overrides: Mapping[str, Parameter] = field(default_factory=dict)
    """Parameters that mean something of their own here."""
    body: RequestBody | None = None
    errors: tuple[int, ...] = ()
    headers: tuple[str, ...] = ("NGSILD-Tenant",)
    is_open: bool = False
    """Served without a key."""


class _Segment(Convertor[str]):
    """A path segment as it was sent; it may be empty, which the route then refuses by itself."""

    regex = "[^/]*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("segment", _Segment())


class DirectRoute(APIRoute):
    """A route that calls its endpoint with the request and nothing in between.

    FastAPI's dependency solving costs more than the rest of a small request; the checks it would do are made
    by `parameters`, `bodies` and `negotiation`, the documentation by `Operation`.
    """

    def get_route_handler(self) -> Callable[[Request], Any]:
        """Give the endpoint itself."""
        return self.endpoint

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; errors are answered further out, and what is no match by the framework."""
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        check_permission(scope, self.name)
        scope["route"] = self
        response = await self.endpoint(Request(scope, receive, send))
        await response(scope, receive, send)


def new_router(prefix: str = "") -> APIRouter:
    """Make a router for one resource."""
    return APIRouter(prefix=prefix, route_class=DirectRoute, redirect_slashes=False)


def add_route(router: APIRouter, method: str, path: str, endpoint: Endpoint, operation: Operation) -> None:
    """Add an endpoint with its description."""
    router.add_api_route(
        path,
        endpoint,
        methods=[method],
        operation_id=operation.id,
        name=operation.id,
        summary=operation.summary,
        description=operation.description,
        tags=[operation.tag],
        status_code=min(operation.answers),
        response_class=Response,
        response_model=None,
        openapi_extra=_describe(operation, _PATH_NAMES.findall(path), method),
    )


def _describe(operation: Operation, path_names: Sequence[str], method: str) -> dict[str, Any]:
    parameters = [_path_parameter(name, operation.path_examples[name]) for name in path_names]
    parameters += [
        _query_parameter(name, operation.overrides.get(name, PARAMETERS.get(name)))
        for name in operation.accepts
    ]
    parameters += [{"$ref": f"#/components/parameters/{name}"} for name in operation.headers]
    extra: dict[str, Any] = {"parameters": parameters, "responses": _responses(operation, method)}
    if operation.body is not None:
        extra["requestBody"] = {"required": True, "content": _content(operation.body)}
    if operation.is_open:
        extra["security"] = []
    return extra


def _path_parameter(name: str, example: str) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1}
    return {"name": name, "in": "path", "required": True, "schema": schema, "example": example}


def _query_parameter(name: str, parameter: Parameter | None) -> dict[str, Any]:
    if parameter is None:
        raise KeyError(name)
    described: dict[str, Any] = {
        "name": name,
        "in": "query",
        "required": False,
        "description": parameter.description,
        "schema": dict(parameter.schema),
        "example": parameter.example,
    }
    if parameter.is_list:
        described |= {"style": "form", "explode": False}
    return described


def _responses(operation: Operation, method: str) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, answer in operation.answers.items():
        response: dict[str, Any] = {"description": answer.description}
        if answer.schema is not None:
            response["content"] = _content(answer)
        if answer.headers:
            response["headers"] = {
                name: {"description": text, "schema": {"type": "string"}}
                for name, text in answer.headers.items()
            }
        responses[str(status)] = response
    for status in _error_statuses(operation, method):
        responses[str(status)] = {"$ref": f"#/components/responses/{HTTPStatus(status).name}"}
    return responses


def _error_statuses(operation: Operation, method: str) -> list[int]:
    always = set() if operation.is_open else {401, 503}
    if operation.accepts or operation.body or method in ("POST", "PATCH"):
        always.add(400)
    if operation.body is not None:
        always |= {408, 411, 413, 415}
    return sorted(always | set(operation.errors))


def _content(described: RequestBody | Answer) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{described.schema}"}
    text = {"type": "string"}
    others: Mapping[str, Any] = described.examples if isinstance(described, Answer) else {}
    return {
        media_type: {
            "schema": text if media_type == "text/csv" else schema,
            "example": others.get(media_type, described.example),
        }
        for media_type in described.media_types
    }
