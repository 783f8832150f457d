"""Tabular history: any span of time of any series, as JSON, CSV, Excel, Parquet or GeoJSON."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import read_document, read_query
from context_api.http.errors import Unavailable
from context_api.http.exports import Export, Terms
from context_api.http.history_request import FORMATS, PARAMETERS, QueryText, parse_history_request
from context_api.http.limits.usage import note_rows
from context_api.http.negotiation import JSON, negotiate
from context_api.http.operation import Answer, Operation, RequestBody, add_route, new_router
from context_api.http.routes.history_description import (
    EXAMPLES,
    HISTORY,
    HISTORY_HEADERS,
    HISTORY_PARAMETERS,
    HISTORY_REQUEST,
)
from context_api.http.services import Services
from context_api.http.streaming import BlockResponse
from context_api.ngsild.errors import InvalidRequest
from context_api.store.tabular_seen import asker_of

PREFIX = "/api/v1"
_BUSY_RETRY_S = 10
_HEADER_MAX = 4_000
_ANSWER = Answer(
    description="The table; `format` or Accept chooses what it is written as",
    schema="History",
    example=HISTORY,
    media_types=tuple(FORMATS.values()),
    examples=EXAMPLES,
    headers=HISTORY_HEADERS,
)
_DESCRIPTION = (
    "Every recorded value, or aggregates of buckets, in the order of time, entity and attribute;"
    " streamed, of any"
    " size. Names are short ones (pm25) or IRIs. A day means all of it in the time zone, `to` included."
    " Without"
    " attributes: those that are measured. Gaps stay gaps: where nothing was recorded there is no line,"
    " and no cell."
)
GET_HISTORY = Operation(
    id="getHistory",
    tag="History",
    summary="Get history as a table",
    description=_DESCRIPTION,
    accepts=PARAMETERS,
    overrides=HISTORY_PARAMETERS,
    answers={200: _ANSWER},
    errors=(403, 404, 406),
)
QUERY_HISTORY = Operation(
    id="queryHistory",
    tag="History",
    summary="Get history as a table, with the query in the body",
    description=_DESCRIPTION + " For long lists of ids: up to 5,000.",
    body=RequestBody(schema="HistoryRequest", example=HISTORY_REQUEST, media_types=(JSON,)),
    answers={200: _ANSWER},
    errors=(403, 404, 406),
)


def history_router(services: Services) -> APIRouter:
    """Make the routes of tabular history."""
    resource = _History(services)
    router = new_router(PREFIX)
    add_route(router, "GET", "/history", resource.get, GET_HISTORY)
    add_route(router, "POST", "/history", resource.query, QUERY_HISTORY)
    return router


class _History:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._limit = services.settings.exports_max
        self._executor = ThreadPoolExecutor(self._limit, thread_name_prefix="export")
        self._running = 0

    async def get(self, request: Request) -> Response:
        query = read_query(request, GET_HISTORY)
        given = QueryText({name: text for name in PARAMETERS if (text := query.text(name)) is not None})
        return await self._answer(request, given)

    async def query(self, request: Request) -> Response:
        read_query(request, QUERY_HISTORY)
        document, _ = await read_document(request, self._services, (JSON,))
        if not isinstance(document, dict):
            raise InvalidRequest("The body must be one JSON object")
        unknown = sorted(set(document) - set(PARAMETERS))
        if unknown:
            raise InvalidRequest(
                f"The member {unknown[0][:40]!r} is unknown here; accepted: {', '.join(PARAMETERS)}"
            )
        return await self._answer(request, document)

    async def _answer(self, request: Request, given: dict[str, Any]) -> Response:
        if "format" in given:
            accepted = next(iter(FORMATS))
        else:
            media_type = negotiate(request, tuple(FORMATS.values()))
            accepted = next(name for name, known in FORMATS.items() if known == media_type)
        wanted = parse_history_request(given, accepted)
        access = await self._services.access(request)
        settings = self._services.settings
        terms = Terms(settings.licence, settings.licence_url, settings.attribution)
        asker = asker_of(access, self._services.database)
        if self._running >= self._limit:
            raise Unavailable(
                f"{self._limit} exports are under way, which is the limit of this process; try again soon",
                retry_after_s=_BUSY_RETRY_S,
            )
        self._running += 1
        try:
            export = await asyncio.get_running_loop().run_in_executor(
                self._executor,
                Export,
                *(settings.database_url, access.tenant_id, wanted, terms, asker),
            )
        except BaseException:
            self._ended()
            raise

        def on_end() -> None:
            note_rows(request.scope, export.rows)
            self._ended()

        return BlockResponse(export, self._executor, _headers(export), _media_type(wanted.format), on_end)

    def _ended(self) -> None:
        self._running -= 1


def _media_type(name: str) -> str:
    return f"{FORMATS[name]}; charset=utf-8; header=present" if name == "csv" else FORMATS[name]


def _headers(export: Export) -> dict[str, str]:
    """Give what the answer says about itself to those who keep headers; non-ASCII text percent-encoded."""
    about = export.about
    name = quote(export.file_name, safe="")
    headers = {
        "Content-Disposition": (
            f"attachment; filename=\"history.{export.request.format}\"; filename*=UTF-8''{name}"
        ),
        "Machi-Query": _fitting(about.query),
        "Machi-Data-Version": about.data_version,
        "Cache-Control": "no-store",
        "Vary": "Accept",
        "X-Content-Type-Options": "nosniff",
    }
    if about.source is not None:
        headers["Machi-Aggregate-Source"] = about.source
    if about.licence is not None:
        headers["Machi-Licence"] = quote(about.licence, safe=" /:.")
    if about.licence_url is not None:
        headers["Link"] = f'<{quote(about.licence_url, safe=":/?#=&%")}>; rel="license"'
    if about.attribution is not None:
        headers["Machi-Attribution"] = quote(about.attribution, safe=" /:.")
    return headers


def _fitting(query: str) -> str:
    """A header has a limit that a list of thousands of ids does not keep.

    Formats with metadata have it all.
    """
    text = quote(query, safe="/?=&%:,+.-_")
    return text if len(text) <= _HEADER_MAX else f"{text[:_HEADER_MAX]}..."
