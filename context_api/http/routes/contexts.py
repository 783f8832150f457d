"""@contexts: those that come with Machi, those that tenants host, and the cache (clause 5.13)."""

import time
from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import now_micros, read_document, read_query, segment
from context_api.http.contexts import CONTEXTS_PATH
from context_api.http.negotiation import negotiate
from context_api.http.operation import Answer, Operation, RequestBody, add_route, new_router
from context_api.http.parameters import Parameter, Query
from context_api.http.permissions import check_permission
from context_api.http.responses import created, json_response, no_content
from context_api.http.schemas import CONTEXT
from context_api.http.schemas_discovery import CONTEXT_INFO
from context_api.http.services import Services
from context_api.ngsild.contexts import (
    CITY_CONTEXT_URL,
    CORE_CONTEXT_URL,
    builtin_document,
    city_context_document,
    core_context_document,
    flatten_context,
    is_core_context_url,
)
from context_api.ngsild.errors import (
    BadRequestData,
    InvalidRequest,
    NonexistentTenant,
    OperationNotSupported,
    ResourceNotFound,
)
from context_api.ngsild.model import Micros
from context_api.ngsild.time import format_datetime
from context_api.store.access import Access
from context_api.store.contexts import (
    CACHED,
    HOSTED,
    KINDS,
    ContextEntry,
    add_context,
    delete_context,
    find_context,
    find_hosted_document,
    list_contexts,
)

_PREFIX = "/ngsi-ld/v1"
_ETSI = "https://uri.etsi.org/ngsi-ld/v1/"
_MEDIA_TYPES = ("application/json", "application/ld+json")
# A vocabulary is for everybody: pages of other origins may read it, and nothing is told by it
_HEADERS = {"Cache-Control": "public, max-age=3600", "Access-Control-Allow-Origin": "*"}
_HOSTED_HEADERS = {"Cache-Control": "private, max-age=60", "Access-Control-Allow-Origin": "*"}

ADD = Operation(
    id="addContext",
    tag="Contexts",
    summary="Host an @context",
    description="Kept for the tenant, and usable by its URL in a Link header. What it names is "
    "loaded now. Clause 5.13.2.",
    body=RequestBody(schema="ContextDocument", example=CONTEXT),
    answers={201: Answer(description="Created", headers={"Location": "The path of the @context"})},
    errors=(504,),
)
LIST = Operation(
    id="listContexts",
    tag="Contexts",
    summary="List the @contexts of the tenant",
    description="Hosted, implicitly created and cached ones, in the order in which they came. Clause 5.13.3.",
    accepts=("details", "kind"),
    overrides={
        "details": Parameter(
            description="What is known of each, instead of URLs", schema={"type": "boolean"}, example=True
        ),
        "kind": Parameter(
            description="Only these", schema={"type": "string", "enum": list(KINDS)}, example=HOSTED
        ),
    },
    answers={200: Answer(description="The @contexts", schema="ContextList", example=[CONTEXT_INFO])},
    errors=(406,),
)
SERVE = Operation(
    id="serveContext",
    tag="Contexts",
    summary="Serve an @context",
    description="`city`, `core`, a core @context by its file name or URL, or one that the tenant hosts. A "
    "cached one has only details, which need a key. Clause 5.13.4.",
    path_examples={"context_id": "city"},
    accepts=("details",),
    overrides={
        "details": Parameter(
            description="What is known of it, instead of the document",
            schema={"type": "boolean"},
            example=False,
        )
    },
    answers={
        200: Answer(
            description="The document, or what is known of it",
            schema="ContextOrInfo",
            example=CONTEXT,
            media_types=_MEDIA_TYPES,
        )
    },
    errors=(401, 404, 406, 422, 503),
    is_open=True,
)
DELETE = Operation(
    id="deleteContext",
    tag="Contexts",
    summary="Delete or reload an @context",
    description="With reload=true a cached @context is fetched anew instead. Clause 5.13.5.",
    path_examples={"context_id": CONTEXT_INFO["localId"]},
    accepts=("reload",),
    overrides={
        "reload": Parameter(description="Fetch a cached one anew", schema={"type": "boolean"}, example=False)
    },
    answers={204: Answer(description="Done")},
    errors=(400, 404, 504),
)


def contexts_router(services: Services) -> APIRouter:
    """Make the routes of @contexts."""
    resource = _Contexts(services)
    router = new_router(_PREFIX)
    one = "/jsonldContexts/{context_id:segment}"
    add_route(router, "POST", "/jsonldContexts", resource.add, ADD)
    add_route(router, "GET", "/jsonldContexts", resource.list_all, LIST)
    add_route(router, "GET", one, resource.serve, SERVE)
    add_route(router, "DELETE", one, resource.delete, DELETE)
    return router


class _Contexts:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._started_at = int(time.time()) * 1_000_000

    async def add(self, request: Request) -> Response:
        read_query(request, ADD)
        document, _ = await read_document(request, self._services)
        if not isinstance(document, dict) or "@context" not in document:
            raise InvalidRequest("The body must be one JSON object with the member @context")
        value = document["@context"]
        list(flatten_context(value))  # what is wrong at sight is said before anything is fetched
        contexts = self._services.contexts
        await contexts.of_value(value, contexts.own_address(request), tenant=request.scope["machi.tenant"])
        access = await self._services.access(request, create=True)
        kept = msgspec.json.encode({"@context": value})
        local_id = await self._services.run(add_context, self._services.database, access, kept)
        return created(CONTEXTS_PATH, local_id)

    async def list_all(self, request: Request) -> Response:
        query = read_query(request, LIST)
        with_details, kind = _flag(query, "details"), query.text("kind")
        negotiate(request, ("application/json",))
        if kind is not None and kind not in KINDS:
            raise BadRequestData(f"The parameter kind is {kind[:40]!r}; it must be one of {', '.join(KINDS)}")
        access = await self._access(request)
        entries = (
            []
            if access is None
            else await self._services.run(list_contexts, self._services.database, access, kind)
        )
        described = [self._describe(request, entry) for entry in entries]
        return json_response(described if with_details else [each["URL"] for each in described])

    async def serve(self, request: Request) -> Response:
        with_details = _flag(read_query(request, SERVE), "details")
        accept = negotiate(request)
        name = segment(request, "context_id")
        if with_details:
            return json_response(await self._details(request, name))
        document = _find_builtin(name)
        if document is not None:
            return json_response(document, media_type=accept, headers=_HEADERS)
        hosted = await self._services.run(
            find_hosted_document, self._services.database, name, request.scope["machi.tenant"]
        )
        if hosted is not None:
            return json_response(hosted, media_type=accept, headers=_HOSTED_HEADERS)
        await self._refuse_to_serve(request, name)
        raise _unknown(name)

    async def delete(self, request: Request) -> Response:
        is_reload = _flag(read_query(request, DELETE), "reload")
        name = segment(request, "context_id")
        if _find_builtin(name) is not None:
            if is_reload and _is_core(name):
                return no_content()  # it comes with Machi: there is nothing newer to fetch
            raise BadRequestData(f"The @context {name[:200]} comes with Machi and is never deleted")
        access, entry = await self._find(request, name)
        if is_reload:
            if entry is None or entry.url is None:
                raise BadRequestData(f"There is no cached @context {name[:200]}; only such are reloaded")
            await self._services.contexts.documents.reload(entry.url)
            self._services.contexts.forget(entry.url)
        elif access is None or entry is None:
            raise _unknown(name)
        else:
            await self._services.run(delete_context, self._services.database, access, entry)
            self._services.contexts.forget(entry.url or entry.local_id)
        return no_content()

    async def _details(self, request: Request, name: str) -> dict[str, Any]:
        """Describe an @context; other than the documents themselves, this needs a key."""
        await self._check_key(request)
        if _is_core(name):
            url = CORE_CONTEXT_URL if name == "core" else name
            url = url if is_core_context_url(url) else f"{_ETSI}{name}"
            return _info(url, url, CACHED, self._started_at)
        if name == "city":
            own = self._services.contexts.own_address(request)
            return _info(f"{own}{CITY_CONTEXT_URL}", name, HOSTED, self._started_at)
        _, entry = await self._find(request, name)
        if entry is None:
            raise _unknown(name)
        return self._describe(request, entry)

    async def _refuse_to_serve(self, request: Request, name: str) -> None:
        """A cached document is not served (clause 5.13.1); whether it is there needs a key."""
        if "/" in name:
            await self._check_key(request)
            _, entry = await self._find(request, name)
            if entry is not None:
                raise OperationNotSupported(
                    f"The @context {name[:200]} is cached and not served here; fetch it from its URL"
                )

    async def _check_key(self, request: Request) -> None:
        if self._services.settings.auth:
            await self._services.admit(request)
            check_permission(request.scope, LIST.id)

    async def _access(self, request: Request) -> Access | None:
        """Give the Access; None for a tenant that does not exist, which has no @contexts either."""
        try:
            return await self._services.access(request)
        except NonexistentTenant:
            return None

    async def _find(self, request: Request, name: str) -> tuple[Access | None, ContextEntry | None]:
        access = await self._access(request)
        if access is None:
            return None, None
        database = self._services.database
        return access, await self._services.run(find_context, database, access, name)

    def _describe(self, request: Request, entry: ContextEntry) -> dict[str, Any]:
        own = f"{self._services.contexts.own_address(request)}{CONTEXTS_PATH}/{entry.local_id}"
        return _info(entry.url or own, entry.local_id, entry.kind, entry.created_at, entry)


def _info(
    url: str, local_id: str, kind: str, created_at: Micros, entry: ContextEntry | None = None
) -> dict[str, Any]:
    info = {"URL": url, "localId": local_id, "kind": kind, "createdAt": format_datetime(created_at)}
    if entry is not None and entry.used_at is not None:
        info["lastUsage"] = format_datetime(entry.used_at)
    if entry is not None and entry.expires_at is not None:
        info["expiresAt"] = format_datetime(max(entry.expires_at, now_micros()))
    return info


def _flag(query: Query, name: str) -> bool:
    """Read true or false; here NGSI-LD calls anything else wrong data."""
    try:
        return query.flag(name)
    except InvalidRequest as error:
        raise BadRequestData(error.detail) from error


def _find_builtin(name: str) -> Mapping[str, Any] | None:
    if name == "city":
        return city_context_document()
    if name == "core":
        return core_context_document()
    return builtin_document(f"{_ETSI}{name}") or builtin_document(name)


def _is_core(name: str) -> bool:
    return name == "core" or is_core_context_url(name) or is_core_context_url(f"{_ETSI}{name}")


def _unknown(name: str) -> ResourceNotFound:
    return ResourceNotFound(f"There is no @context {name[:200]}")
