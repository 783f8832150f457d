"""The audit trail for administrators: who did what, when and from where."""

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import read_query
from context_api.http.errors import Forbidden
from context_api.http.negotiation import JSON, negotiate
from context_api.http.operation import Answer, Operation, add_route, new_router
from context_api.http.parameters import Parameter, Query
from context_api.http.responses import json_response
from context_api.http.schemas_audit import ENTRY
from context_api.http.services import Services
from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.time import parse_datetime
from context_api.policy.principal import Principal
from context_api.policy.roles import Role
from context_api.store.audit import INSTALLATION
from context_api.store.audit_reading import AuditFilter, Place, list_entries
from context_api.store.audit_tables import describe

DEFAULT_LIMIT = 100
_CHAINS = ("tenant", "installation", "all")
_TEXTS = ("principal", "verb", "kind", "target", "outcome", "request")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = {"type": "string", "format": "date-time"}

LIST = Operation(
    id="listAudit",
    tag="Operation",
    summary="List who did what",
    description="The newest first. It holds administrative acts, deletions of data, and refusals that matter "
    "(counted per minute and source). For administrators. Each entry's hash covers the hash before it: "
    "`machi audit verify` holds the chains against each other and against anchors.",
    accepts=("chain", *_TEXTS, "organisation", "since", "until", "limit", "after"),
    overrides={
        "chain": Parameter(
            description="tenant: of the request's tenant; installation: of no single one; all. The last two "
            "are for those who administer the installation",
            schema={"type": "string", "enum": list(_CHAINS), "default": "tenant"},
            example="tenant",
        ),
        "principal": Parameter(description="Who", example="key:abcdefgh"),
        "verb": Parameter(description="What was done", example="change"),
        "kind": Parameter(description="What it was done to", example="retention"),
        "target": Parameter(description="The id of that", example="aq-001"),
        "outcome": Parameter(
            description="How it ended",
            schema={"type": "string", "enum": ["done", "refused", "failed"]},
            example="done",
        ),
        "request": Parameter(description="X-Request-ID of the request", example="5f0c2b9e1d7a4c63"),
        "organisation": Parameter(
            description="On whose behalf",
            schema={"type": "integer", "minimum": 1},
            example=1,
        ),
        "since": Parameter(description="From this time on", schema=_TIME, example="2026-11-01T00:00:00Z"),
        "until": Parameter(description="Before this time", schema=_TIME, example="2026-12-01T00:00:00Z"),
        "limit": Parameter(
            description="Entries per page",
            schema={"type": "integer", "minimum": 1, "maximum": 1_000, "default": DEFAULT_LIMIT},
            example=100,
        ),
        "after": Parameter(
            description="What `next` of the page before says", example="1763856000000000.1.17"
        ),
    },
    answers={
        200: Answer(
            description="A page",
            schema="AuditPage",
            example={"entries": [ENTRY], "next": "1763856000000000.1.17"},
        )
    },
    errors=(400, 403, 404, 406),
)


def audit_router(services: Services) -> APIRouter:
    """Make the route of the trail."""
    router = new_router("/api/v1")

    async def list_page(request: Request) -> Response:
        query = read_query(request, LIST)
        negotiate(request, (JSON,))
        limit = query.integer("limit", default=DEFAULT_LIMIT, minimum=1, maximum=1_000) or DEFAULT_LIMIT
        wanted = await _read_filter(services, request, query)
        after = _read_place(query.text("after"))
        found = await services.run(list_entries, services.database, wanted, limit=limit, after=after)
        following = _write_place(found[-1].place) if len(found) == limit else None
        return json_response({"entries": [describe(one) for one in found], "next": following})

    add_route(router, "GET", "/audit", list_page, LIST)
    return router


async def _read_filter(services: Services, request: Request, query: Query) -> AuditFilter:
    chains = await _read_chains(services, request, query.text("chain") or "tenant")
    return AuditFilter(
        chains=chains,
        principal=query.text("principal"),
        organisation=query.integer("organisation", default=None, minimum=1, maximum=2**31 - 1),
        verb=query.text("verb"),
        kind=query.text("kind"),
        target=query.text("target"),
        outcome=query.text("outcome"),
        request=query.text("request"),
        since=_time(query.text("since"), "since"),
        until=_time(query.text("until"), "until"),
    )


async def _read_chains(services: Services, request: Request, chain: str) -> tuple[int, ...] | None:
    principal: Principal = request.scope["machi.principal"]
    if principal.role != Role.ADMINISTRATOR:
        raise Forbidden("The audit trail is for administrators")
    if chain not in _CHAINS:
        raise BadRequestData(f"The parameter chain is {chain[:40]!r}; it is one of {', '.join(_CHAINS)}")
    if chain == "tenant":
        return ((await services.access(request)).tenant_id,)
    if principal.tenants is not None:
        raise Forbidden("Only administrators of the whole installation see what is of no single tenant")
    return (INSTALLATION,) if chain == "installation" else None


def _time(text: str | None, name: str) -> datetime | None:
    if text is None:
        return None
    try:
        micros = parse_datetime(text)
    except BadRequestData as error:
        raise BadRequestData(f"{name}: {error.detail}") from error
    return _EPOCH + timedelta(microseconds=micros)


def _read_place(text: str | None) -> Place | None:
    if text is None:
        return None
    parts = text.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) <= 18 for part in parts):
        raise BadRequestData("The parameter after takes what `next` of the page before says")
    at, chain, number = map(int, parts)
    try:
        moment = _EPOCH + timedelta(microseconds=at)
    except OverflowError as error:
        raise BadRequestData("The parameter after takes what `next` of the page before says") from error
    return Place(moment, min(chain, 2**31 - 1), number)


def _write_place(place: Place) -> str:
    micros = (place.at - _EPOCH) // timedelta(microseconds=1)
    return f"{micros}.{place.chain}.{place.number}"
