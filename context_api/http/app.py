"""The application: `create_app(settings)` puts the parts together; importing it does nothing."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from context_api.http.access.desk import AccessDesk
from context_api.http.console_files import Shown
from context_api.http.direct import Application, RouteTable, serve_route
from context_api.http.edge import Edge
from context_api.http.errors import (
    HttpError,
    MethodNotAllowed,
    NoSuchRoute,
    problem_response,
)
from context_api.http.gate import Gate
from context_api.http.live.opening import SocketOpener
from context_api.http.openapi import build_openapi
from context_api.http.outward import shown_outward
from context_api.http.responses import json_response
from context_api.http.routes.accounts import accounts_router
from context_api.http.routes.alarms import alarms_router
from context_api.http.routes.attributes import attributes_router
from context_api.http.routes.audit import audit_router
from context_api.http.routes.batch import batch_router
from context_api.http.routes.broker_auth import broker_auth_router
from context_api.http.routes.completeness import completeness_router
from context_api.http.routes.contexts import contexts_router
from context_api.http.routes.deliveries import deliveries_router
from context_api.http.routes.device_credentials import device_credentials_router
from context_api.http.routes.device_imports import device_imports_router
from context_api.http.routes.device_labels import device_labels_router
from context_api.http.routes.devices import devices_router
from context_api.http.routes.entities import entities_router
from context_api.http.routes.erasures import erasures_router
from context_api.http.routes.explain import explain_router
from context_api.http.routes.grants import grants_router
from context_api.http.routes.health import health_router
from context_api.http.routes.history import history_router
from context_api.http.routes.indexes import indexes_router
from context_api.http.routes.info import info_router
from context_api.http.routes.ingest import ingest_router
from context_api.http.routes.keys import keys_router
from context_api.http.routes.limits import limits_router
from context_api.http.routes.open_data import open_data_router
from context_api.http.routes.operation import operation_router
from context_api.http.routes.organisations import organisations_router
from context_api.http.routes.pages import pages_router
from context_api.http.routes.profile_preview import profile_preview_router
from context_api.http.routes.profiles import profiles_router
from context_api.http.routes.provision import provision_router
from context_api.http.routes.purge import purge_router
from context_api.http.routes.quarantine import quarantine_router
from context_api.http.routes.registrations import registrations_router
from context_api.http.routes.retention import retention_router
from context_api.http.routes.session import session_router
from context_api.http.routes.session_app import session_app_router
from context_api.http.routes.session_oidc import session_oidc_router
from context_api.http.routes.stream import stream_router
from context_api.http.routes.subscription_preview import subscription_preview_router
from context_api.http.routes.subscriptions import subscriptions_router
from context_api.http.routes.system import system_router
from context_api.http.routes.temporal import temporal_router
from context_api.http.routes.types import types_router
from context_api.http.routes.usage import usage_router
from context_api.http.routes.waiting import waiting_router
from context_api.http.services import Services
from context_api.http.settings import ApiSettings
from context_api.ngsild.errors import InvalidRequest, NgsiLdError
from context_api.store.errors import StoreRefused, StoreUnavailable
from context_api.store.key_texts import MIN_SECRET_BYTES
from devices.errors import DeviceError


def create_app(settings: ApiSettings) -> FastAPI:
    """Make the application; the database is opened when it starts. Raises ValueError for wrong settings."""
    if settings.auth and len(settings.installation_secret) < MIN_SECRET_BYTES:
        raise ValueError(f"access control needs an installation secret of {MIN_SECRET_BYTES} bytes or more")
    services = Services(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await services.open()
        try:
            yield
        finally:
            await services.close()

    app = Application(
        title="Machi",
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        default_response_class=Response,
        telemetry={"tracing": False, "metrics": False},  # else the environment is read with each request
    )
    routers = _routers(services, app)
    for router in routers:
        served = shown_outward(router.routes) if settings.outward else router.routes
        app.router.routes.extend(served)  # an included router is matched twice per request
    _add_openapi(app)
    _add_error_handlers(app, _allowed_methods(app.router.routes))
    authenticate = services.authenticate if settings.auth else None
    app.add_middleware(Gate, authenticate=authenticate, metrics=services.metrics, after=services.after)
    way = app.open_short_way(RouteTable(app.router.routes))
    way.gate = Gate(
        serve_route,
        authenticate=authenticate,
        metrics=services.metrics,
        after=services.after,
        open_socket=SocketOpener(services).admit,
    )
    app.way_in = Edge(way, origins=settings.cors_origins, is_secure=settings.is_secure)
    return app


def _routers(services: Services, app: FastAPI) -> tuple[APIRouter, ...]:
    """Make the routes of all resources; where two paths fit a request, the first one has it."""
    desk = AccessDesk(services)
    return (
        entities_router(services),
        provision_router(services),
        attributes_router(services),
        batch_router(services),
        purge_router(services),
        types_router(services),
        temporal_router(services),
        history_router(services),
        completeness_router(services),
        retention_router(services),
        grants_router(services),
        explain_router(services, app),
        subscriptions_router(services),
        deliveries_router(services),
        subscription_preview_router(services),
        stream_router(services),
        alarms_router(services),
        contexts_router(services),
        registrations_router(services),
        info_router(services),
        device_labels_router(services),  # before the routes of devices, which take any name
        device_credentials_router(services),
        broker_auth_router(services),
        devices_router(services),
        device_imports_router(services),
        ingest_router(services),
        quarantine_router(services),
        health_router(services),
        waiting_router(services),
        indexes_router(services),
        profile_preview_router(services),
        profiles_router(services),
        erasures_router(services),
        open_data_router(services),
        operation_router(services),
        system_router(services),
        audit_router(services),
        limits_router(services),
        usage_router(services),
        organisations_router(services, desk),
        keys_router(services, desk),
        session_router(services),
        session_app_router(services),
        session_oidc_router(services),
        accounts_router(services),
        pages_router(_shown(services.settings)),
    )


def _shown(settings: ApiSettings) -> Shown:
    return Shown(
        version=_version(),
        base_map=settings.base_map,
        licence=settings.licence,
        licence_url=settings.licence_url,
        attribution=settings.attribution,
    )


def _add_openapi(app: FastAPI) -> None:
    document: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not document:
            document.update(build_openapi(app.routes, _version()))
        return document

    async def serve(_: Request) -> Response:
        return json_response(openapi(), headers={"Cache-Control": "no-cache"})

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to replace it
    app.add_api_route("/openapi.json", serve, methods=["GET"], include_in_schema=False)


def _version() -> str:
    try:
        return version("machi")
    except PackageNotFoundError:
        return "0"


def _allowed_methods(routes: Sequence[BaseRoute]) -> Callable[[str], str]:
    """Give the Allow header of a path; the framework's own names the methods of one route only."""
    known = [
        (route.path_regex, route.methods or set())
        for route in routes
        if isinstance(route, Route) and route.include_in_schema
    ]

    def allowed(path: str) -> str:
        methods = {method for regex, methods in known if regex.match(path) for method in methods}
        return ", ".join(sorted(methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())))

    return allowed


def _add_error_handlers(app: FastAPI, allowed_methods: Callable[[str], str]) -> None:
    """Give every expected error the one shape; what is not expected is caught by the gate."""

    async def on_error(request: Request, error: Exception) -> Response:
        path = request.scope["path"]
        if isinstance(error, HTTPException) and error.status_code == 405 and request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": allowed_methods(path)})
        if isinstance(error, HTTPException):
            error = _from_framework(error, request.method, path, allowed_methods(path))
        elif isinstance(error, RequestValidationError):
            error = InvalidRequest("The request is not valid")
        return problem_response(error, path)

    for kind in (
        NgsiLdError,
        HttpError,
        StoreUnavailable,
        StoreRefused,
        DeviceError,
        HTTPException,
        RequestValidationError,
    ):
        app.add_exception_handler(kind, on_error)


def _from_framework(error: HTTPException, method: str, path: str, allowed: str) -> Exception:
    """Translate what the framework raises."""
    if error.status_code == 404:
        return NoSuchRoute(f"There is nothing at {path[:200]}")
    if error.status_code == 405:
        detail = f"{method} is not possible at {path[:200]}; allowed: {allowed}"
        return MethodNotAllowed(detail, headers={"Allow": allowed})
    return InvalidRequest(str(error.detail))
