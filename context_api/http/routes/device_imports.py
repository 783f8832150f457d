"""Imports: many devices from one file, and what an operator needs before and after."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import structlog
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import read_query, segment
from context_api.http.errors import Unavailable, UnsupportedMediaType
from context_api.http.negotiation import JSON, negotiate
from context_api.http.operation import Operation, add_route, new_router
from context_api.http.parameters import Query
from context_api.http.responses import json_response, location_of, no_content
from context_api.http.routes import device_imports_description as described
from context_api.http.routes.device_imports_view import credentials_csv, describe_import
from context_api.http.services import Services
from context_api.ngsild.errors import BadRequestData, InvalidRequest
from context_api.tabular.labels import Language
from devices.bulk.errors import ImportUnknown, UnreadableFile
from devices.bulk.imports import DeviceImports
from devices.bulk.model import MAX_FILE_BYTES
from devices.bulk.report import report_csv
from devices.bulk.template import template_csv, template_xlsx
from devices.bulk.texts import choose_language

PREFIX = "/api/v1"
_DEFAULT_LIMIT = 20
_MAX_LIMIT = 100
_MAX_ID = 2**63
_JUDGED_AT_ONCE = 2
"""Files that one process reads at the same time: each takes up to 200 MB while it is read."""

log = structlog.get_logger("imports")


def device_imports_router(services: Services) -> APIRouter:
    """Make the routes of imports."""
    resource = _DeviceImports(services)
    router = new_router(PREFIX)
    one = "/device-imports/{import_id:segment}"
    add_route(router, "POST", "/device-imports", resource.accept, described.IMPORT_DEVICES)
    add_route(router, "GET", "/device-imports", resource.list_page, described.LIST_IMPORTS)
    add_route(router, "GET", "/device-imports/template.csv", resource.csv_template, described.TEMPLATE_CSV)
    add_route(router, "GET", "/device-imports/template.xlsx", resource.xlsx_template, described.TEMPLATE_XLSX)
    add_route(router, "GET", one, resource.get, described.GET_IMPORT)
    add_route(router, "DELETE", one, resource.delete, described.DELETE_IMPORT)
    add_route(router, "GET", f"{one}/report.csv", resource.report, described.GET_REPORT)
    add_route(router, "POST", f"{one}/credentials", resource.take_credentials, described.TAKE_CREDENTIALS)
    return router


class _DeviceImports:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._executor = ThreadPoolExecutor(_JUDGED_AT_ONCE, thread_name_prefix="import")
        self._judged = 0

    @property
    def _imports(self) -> DeviceImports:
        services = self._services
        return DeviceImports(services.database, services.devices, services.settings.installation_secret)

    async def accept(self, request: Request) -> Response:
        query = read_query(request, described.IMPORT_DEVICES)
        negotiate(request, (JSON,))
        language = read_language(request, query)
        _check_media_type(request)
        is_dry_run, is_partial = query.flag("dryRun"), query.flag("partial")
        if self._judged >= _JUDGED_AT_ONCE:
            raise Unavailable(
                f"{_JUDGED_AT_ONCE} files are being read; try again in a moment", retry_after_s=5
            )
        self._judged += 1
        try:
            data = await self._services.bodies.read_bytes(request, MAX_FILE_BYTES)
            access = await self._services.access(request, create=True)
            found = await asyncio.get_running_loop().run_in_executor(
                self._executor,
                lambda: self._imports.accept(
                    access, data, file_name=query.text("name"), is_dry_run=is_dry_run, is_partial=is_partial
                ),
            )
        except UnreadableFile as error:
            raise BadRequestData(error.describe(language)) from error
        finally:
            self._judged -= 1
        body = describe_import(found, language)
        if found.state != "waiting":
            return json_response(body)
        location = location_of(f"{PREFIX}/device-imports", str(found.id))
        return json_response(body, status=202, headers={"Location": location})

    async def list_page(self, request: Request) -> Response:
        query = read_query(request, described.LIST_IMPORTS)
        negotiate(request, (JSON,))
        limit = (
            query.integer("limit", default=_DEFAULT_LIMIT, minimum=1, maximum=_MAX_LIMIT) or _DEFAULT_LIMIT
        )
        before = query.integer("before", default=None, minimum=1, maximum=_MAX_ID - 1)
        access = await self._services.access(request)
        found = await self._services.run(self._imports.list, access, limit=limit + 1, before=before)
        language = read_language(request, query)
        return json_response(
            {
                "imports": [describe_import(one, language, has_faults=False) for one in found[:limit]],
                "next": found[limit - 1].id if len(found) > limit else None,
            }
        )

    async def get(self, request: Request) -> Response:
        query = read_query(request, described.GET_IMPORT)
        negotiate(request, (JSON,))
        import_id = read_id(request)
        access = await self._services.access(request)
        found = await self._services.run(self._imports.get, access, import_id)
        faults = await self._services.run(self._imports.faults, found)
        return json_response(describe_import(found, read_language(request, query), faults))

    async def delete(self, request: Request) -> Response:
        read_query(request, described.DELETE_IMPORT)
        import_id = read_id(request)
        access = await self._services.access(request)
        await self._services.run(self._imports.delete, access, import_id)
        return no_content()

    async def report(self, request: Request) -> Response:
        query = read_query(request, described.GET_REPORT)
        negotiate(request, (described.CSV,))
        import_id = read_id(request)
        access = await self._services.access(request)
        found = await self._services.run(self._imports.get, access, import_id)
        faults = await self._services.run(self._imports.faults, found)
        text = report_csv(faults, read_language(request, query))
        return download(text, described.CSV, f"import-{found.id}-report.csv")

    async def take_credentials(self, request: Request) -> Response:
        read_query(request, described.TAKE_CREDENTIALS)
        negotiate(request, (described.CSV,))
        import_id = read_id(request)
        access = await self._services.access(request)
        logins = await self._services.run(self._imports.take_logins, access, import_id)
        log.info(
            "credentials_fetched",
            action="audit",
            tenant=access.tenant,
            principal=access.principal,
            device_import=import_id,
            devices=len(logins),
        )
        text = credentials_csv(logins, self._services.settings.mqtt_url)
        return download(text, described.CSV, f"import-{import_id}-credentials.csv")

    async def csv_template(self, request: Request) -> Response:
        language = self._template_language(request, described.TEMPLATE_CSV, described.CSV)
        return _template(template_csv(language), described.CSV, f"devices-{language}.csv")

    async def xlsx_template(self, request: Request) -> Response:
        language = self._template_language(request, described.TEMPLATE_XLSX, described.XLSX)
        access = await self._services.access(request)
        profiles = self._services.devices.profiles_of(access)
        content = await self._services.run(template_xlsx, language, profiles)
        return _template(content, described.XLSX, f"devices-{language}.xlsx")

    def _template_language(self, request: Request, operation: Operation, media_type: str) -> Language:
        query = read_query(request, operation)
        negotiate(request, (media_type,))
        return read_language(request, query)


def read_id(request: Request) -> int:
    """Read the id of an import in the path. Raises ImportUnknown for what can be none."""
    text = segment(request, "import_id")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ImportUnknown(f"There is no import {text[:40]!r}")
    return int(text)


def read_language(request: Request, query: Query) -> Language:
    """Give the language of the answer. Raises InvalidRequest for one that there is not."""
    given = query.text("lang")
    if given is None:
        return choose_language(request.headers.get("accept-language"))
    if given not in (Language.JA, Language.EN):
        raise InvalidRequest(f"The parameter lang is {given[:40]!r}; it must be ja or en")
    return Language(given)


def download(content: bytes, media_type: str, name: str) -> Response:
    """Answer with a file; it may hold secrets or names of people, so nobody keeps it on the way."""
    return Response(
        content,
        media_type=f"{media_type}; charset=utf-8" if media_type == described.CSV else media_type,
        headers={
            "Content-Disposition": f"attachment; filename=\"{name}\"; filename*=UTF-8''{quote(name)}",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _template(content: bytes, media_type: str, name: str) -> Response:
    answer = download(content, media_type, name)
    answer.headers["Vary"] = "Accept-Language"
    return answer


def _check_media_type(request: Request) -> None:
    """Refuse what is no file: a form, JSON. What kind of file it is is seen from the content."""
    given = request.headers.get("content-type", "")[:200]
    media_type = given.partition(";")[0].strip().lower()
    if media_type not in described.FILE_TYPES:
        hint = " Send the file itself as the body, not a form." if "multipart" in media_type else ""
        accepted = ", ".join(described.FILE_TYPES[:3])
        raise UnsupportedMediaType(f"Content-Type is {given[:80] or 'missing'}; accepted: {accepted}.{hint}")
