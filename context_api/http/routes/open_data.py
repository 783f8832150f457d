"""Open data: which data sets are open to everybody, and what the town says of the data of a type."""

import asyncio
import time
from collections import OrderedDict
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from fastapi import APIRouter
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.auth import ANONYMOUS
from context_api.http.calls import read_ld_object, read_query, segment
from context_api.http.negotiation import JSON, negotiate
from context_api.http.operation import Answer, Operation, RequestBody, add_route, new_router
from context_api.http.responses import json_response
from context_api.http.schemas_open_data import DATA_SET, STATEMENT, STATEMENT_DRAFT
from context_api.http.services import Services
from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import BadRequestData, NonexistentTenant
from context_api.ngsild.model import Iri
from context_api.ngsild.names import expand_name
from context_api.ngsild.parse import parse_attribute_name
from context_api.policy.grant import Operation as Act
from context_api.store.access import Access
from context_api.store.discovery import TypeInfo
from context_api.store.statements import Statement, list_statements, put_statement
from context_api.store.store import system_clock

PREFIX = "/api/v1"
CACHE_SECONDS = 5.0
TENANTS_MAX = 200
DATA_SETS_MAX = 200
_JSON_ONLY = (JSON,)
_HEADERS = ("NGSILD-Tenant", "Link")
_TYPE_PATH = {"type": "AirQualityObserved"}

OPEN = Operation(
    id="listOpenData",
    tag="Privacy",
    summary="List the data sets that are open to everybody",
    description=(
        "By entity type: what the organisation `public` is granted to read, with what the town says of it,"
        " how many entities there are, and where to read on. Without a key; some seconds old at most."
    ),
    answers={200: Answer(description="Maybe none", schema="OpenData", example={"dataSets": [DATA_SET]})},
    errors=(400, 406),
    headers=_HEADERS,
    is_open=True,
)
LIST = Operation(
    id="listDataStatements",
    tag="Privacy",
    summary="List what is said of the data, by entity type",
    answers={200: Answer(description="By type", schema="DataStatementList", example={"types": [STATEMENT]})},
    errors=(403, 404, 406, 504),
    headers=_HEADERS,
)
GET = Operation(
    id="getDataStatement",
    tag="Privacy",
    summary="Get what is said of the data of a type",
    description="Purpose, licence and small counts; nothing but null where nothing is said.",
    path_examples=_TYPE_PATH,
    answers={200: Answer(description="What is said", schema="DataStatement", example=STATEMENT)},
    errors=(400, 403, 404, 406, 504),
    headers=_HEADERS,
)
PUT = Operation(
    id="putDataStatement",
    tag="Privacy",
    summary="Say what the data of a type is for, and under which licence",
    description=(
        "This and nothing else. Of the attributes in `counts`, which count people, whoever has them by a"
        " grant to `public` alone sees no value below `smallestCount`, and no history: they are absent then."
    ),
    path_examples=_TYPE_PATH,
    body=RequestBody(schema="DataStatementDraft", example=STATEMENT_DRAFT),
    answers={200: Answer(description="As it is now", schema="DataStatement", example=STATEMENT)},
    errors=(400, 403, 404, 406, 504),
    headers=_HEADERS,
)

_Text = Annotated[str, Meta(max_length=2_000)]
_Names = Annotated[list[Annotated[str, Meta(min_length=1, max_length=2_048)]], Meta(max_length=500)]


class _Draft(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    title_ja: _Text | None = None
    title_en: _Text | None = None
    purpose_ja: _Text | None = None
    purpose_en: _Text | None = None
    licence: _Text | None = None
    licence_url: _Text | None = None
    attribution: _Text | None = None
    counts: _Names = []
    smallest_count: Annotated[int, Meta(ge=2, le=1_000)] | None = None


_DataSets = list[tuple[Iri, TypeInfo]]


def open_data_router(services: Services) -> APIRouter:
    """Make the routes of open data, and of what is said of data."""
    resource = _OpenData(services)
    router = new_router(PREFIX)
    add_route(router, "GET", "/open-data", resource.list_open, OPEN)
    add_route(router, "GET", "/data-statements", resource.list_all, LIST)
    one = "/data-statements/{type:segment}"
    add_route(router, "GET", one, resource.get, GET)
    add_route(router, "PUT", one, resource.put, PUT)
    return router


class _OpenData:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._known: OrderedDict[str, tuple[float, _DataSets]] = OrderedDict()
        self._asking = asyncio.Lock()

    async def list_open(self, request: Request) -> Response:
        read_query(request, OPEN)
        negotiate(request, _JSON_ONLY)
        context = await self._services.contexts.of_request(request)
        access = await self._public(request)
        if access is None:
            return json_response({"dataSets": []})
        said = await self._services.run(list_statements, self._services.database, access)
        found = await self._find(access)
        shown = [
            self._describe(type_, info, said.get(type_, Statement()), access, context)
            for type_, info in found
        ]
        return json_response({"dataSets": shown}, headers={"Cache-Control": "public, max-age=5"})

    async def list_all(self, request: Request) -> Response:
        read_query(request, LIST)
        negotiate(request, _JSON_ONLY)
        context = await self._services.contexts.of_request(request)
        access = await self._services.access(request)
        said = await self._services.run(list_statements, self._services.database, access)
        return json_response({"types": [_statement(type_, one, context) for type_, one in said.items()]})

    async def get(self, request: Request) -> Response:
        read_query(request, GET)
        negotiate(request, _JSON_ONLY)
        context = await self._services.contexts.of_request(request)
        type_ = expand_name(segment(request, "type"), context, "an entity type")
        return await self._answer(await self._services.access(request), type_, context)

    async def put(self, request: Request) -> Response:
        read_query(request, PUT)
        negotiate(request, _JSON_ONLY)
        document, context = await read_ld_object(request, self._services)
        type_ = expand_name(segment(request, "type"), context, "an entity type")
        said = _read(document, context)
        access = await self._services.access(request, create=True)
        await self._services.run(put_statement, self._services.database, access, type_, said)
        self._services.rights.forget()
        return await self._answer(access, type_, context)

    async def _answer(self, access: Access, type_: Iri, context: Context) -> Response:
        said = await self._services.run(list_statements, self._services.database, access, type_)
        return json_response(_statement(type_, said.get(type_, Statement()), context))

    async def _public(self, request: Request) -> Access | None:
        """See the tenant as everybody does; None where nothing is open."""
        name: str = request.scope["machi.tenant"]
        try:
            found = await self._services.run(self._services.store.tenant, name)
        except NonexistentTenant:
            return None
        rights = await self._services.run(self._services.rights.get, found.tenant_id, ANONYMOUS)
        if rights is None or not rights.allows(Act.READ, system_clock()):
            return None
        return Access(name, found.tenant_id, ANONYMOUS.name, rights)

    async def _find(self, access: Access) -> _DataSets:
        """Look types up, once in a while and once for all who ask meanwhile: everybody may."""
        known = self._recall(access)
        if known is not None:
            return known
        async with self._asking:
            known = self._recall(access)
            if known is None:
                known = await self._services.run(self._describe_types, access)
                self._known[access.tenant] = (time.monotonic() + CACHE_SECONDS, known)
                while len(self._known) > TENANTS_MAX:
                    self._known.popitem(last=False)
        return known

    def _recall(self, access: Access) -> _DataSets | None:
        until, found = self._known.get(access.tenant, (0.0, []))
        return found if until > time.monotonic() else None

    def _describe_types(self, access: Access) -> _DataSets:
        store = self._services.store
        described = ((type_, store.describe_type(access, type_)) for type_ in store.get_types(access))
        return [(type_, info) for type_, info in described if info is not None][:DATA_SETS_MAX]

    def _describe(
        self, type_: Iri, info: TypeInfo, said: Statement, access: Access, context: Context
    ) -> dict[str, Any]:
        settings = self._services.settings
        name, rights = context.compact(type_), access.filter
        asked = quote(name, safe=":/")
        texts = msgspec.to_builtins(said)
        for member in ("counts", "smallestCount"):
            del texts[member]
        if said.licence is None:
            texts |= {"licence": settings.licence, "licenceUrl": settings.licence_url}
        texts["attribution"] = said.attribution or settings.attribution
        has_history = rights is not None and any(
            not grant.types or type_ in grant.types for grant in rights.valid(Act.HISTORY, system_clock())
        )
        links = {"entities": f"/ngsi-ld/v1/entities?type={asked}", "type": f"/ngsi-ld/v1/types/{asked}"}
        if has_history:
            links["csv"] = f"/api/v1/history?type={asked}&bucket=day&format=csv"
        return {
            "type": type_,
            "name": name,
            **texts,
            "entityCount": info.entity_count,
            "attributes": [context.compact(one) for one in info.attributes],
            "hiddenCounts": _hidden_counts(said, context),
            "hasHistory": has_history,
            "links": links,
        }


def _read(document: dict[str, Any], context: Context) -> Statement:
    try:
        draft = msgspec.convert(document, _Draft)
    except msgspec.ValidationError as error:
        raise BadRequestData(str(error)) from error
    if bool(draft.counts) != (draft.smallest_count is not None):
        raise BadRequestData("counts and smallestCount belong together", pointer="/smallestCount")
    if draft.licence_url is not None and not draft.licence_url.startswith(("https://", "http://")):
        raise BadRequestData("licenceUrl is an address (https://…)", pointer="/licenceUrl")
    texts = msgspec.structs.asdict(draft)
    texts["counts"] = tuple(dict.fromkeys(parse_attribute_name(name, context) for name in draft.counts))
    return Statement(**texts)


def _hidden_counts(said: Statement, context: Context) -> dict[str, Any] | None:
    """Say which values are hidden while they are small, so that a gap is not taken for a fault."""
    if said.smallest_count is None:
        return None
    return {"attributes": [context.compact(one) for one in said.counts], "below": said.smallest_count}


def _statement(type_: Iri, said: Statement, context: Context) -> dict[str, Any]:
    members: dict[str, Any] = msgspec.to_builtins(said)
    members["counts"] = [context.compact(one) for one in said.counts]
    return {"type": context.compact(type_), **members}
