"""Who used what: for partners their own, for the town all, by day of Japan; as a table for reports too."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import read_query
from context_api.http.limits.usage import JAPAN
from context_api.http.negotiation import JSON, negotiate
from context_api.http.operation import Answer, Operation, add_route, new_router
from context_api.http.parameters import Parameter, Query
from context_api.http.responses import json_response
from context_api.http.schemas_limits import COUNTED, USAGE
from context_api.http.services import Services
from context_api.ngsild.errors import BadRequestData, TooManyResults
from context_api.policy.principal import Principal
from context_api.policy.roles import Role
from context_api.store.usage import COLUMNS, UsageRow, list_usage
from context_api.store.usage_tables import HEAD, cells, write_csv

CSV = "text/csv"
ROWS_MAX = 50_000
DAYS_MAX = 400
_TOWN = (Role.ADMINISTRATOR, Role.STAFF)
_DAY = {"type": "string", "format": "date"}

GET = Operation(
    id="getUsage",
    tag="Operation",
    summary="Report who used what",
    description="By day of Japan, tenant, organisation, role and entity type. Partners, operators and "
    "services see their organisation's own; the town's administrators and staff see all of their tenants. "
    "A request is counted once, with the first entity type of its answer. Counts are a few seconds behind. "
    "text/csv is a table.",
    accepts=("from", "until", "organisation"),
    overrides={
        "from": Parameter(
            description="The first day; absent: the first of this month", schema=_DAY, example="2026-11-01"
        ),
        "until": Parameter(
            description="The day after the last; absent: tomorrow", schema=_DAY, example="2026-12-01"
        ),
        "organisation": Parameter(
            description="Only of this organisation (its number)",
            schema={"type": "integer", "minimum": 0},
            example=3,
        ),
    },
    answers={
        200: Answer(
            description="The report",
            schema="UsageReport",
            example=USAGE,
            media_types=(JSON, CSV),
            examples={CSV: ",".join(HEAD)},
        )
    },
    errors=(400, 403, 406),
    headers=(),
)


def usage_router(services: Services) -> APIRouter:
    """Make the route of usage."""
    router = new_router("/api/v1")

    async def get(request: Request) -> Response:
        query = read_query(request, GET)
        accept = negotiate(request, (JSON, CSV))
        since, until = _read_days(query)
        principal: Principal = request.scope["machi.principal"]
        organisation = query.integer("organisation", default=None, minimum=0, maximum=2**31 - 1)
        if principal.role not in _TOWN:
            organisation = principal.organisation or 0
        tenants = None if principal.tenants is None else sorted(principal.tenants)
        rows = await services.run(
            list_usage,
            services.database,
            since,
            until,
            organisation=organisation,
            tenants=tenants,
            limit=ROWS_MAX + 1,
        )
        if len(rows) > ROWS_MAX:
            raise TooManyResults(f"The report has more than {ROWS_MAX} rows; ask for fewer days")
        if accept == CSV:
            text = "".join(write_csv(rows))
            name = f"usage-{since}-{until}.csv"
            headers = {"Content-Disposition": f'attachment; filename="{name}"'}
            return Response(
                text.encode(), media_type=f"{CSV}; charset=utf-8; header=present", headers=headers
            )
        shown = [describe(row) for row in rows]
        return json_response({"from": since.isoformat(), "until": until.isoformat(), "rows": shown})

    add_route(router, "GET", "/usage", get, GET)
    return router


def describe(row: UsageRow) -> dict[str, Any]:
    """Write a line as the API shows it."""
    named = dict(zip(HEAD[:5], cells(row)[:5], strict=True))
    counts = {shown: getattr(row.used, column) for shown, column in zip(COUNTED, COLUMNS, strict=True)}
    return {**named, "organisation": named["organisation"] or None, "type": row.type, **counts}


def _read_days(query: Query) -> tuple[date, date]:
    today = datetime.now(UTC).astimezone(JAPAN).date()
    since = _day(query.text("from"), "from") or today.replace(day=1)
    until = _day(query.text("until"), "until") or today + timedelta(days=1)
    if not 0 <= (until - since).days <= DAYS_MAX:
        raise BadRequestData(f"from comes before until, and at most {DAYS_MAX} days lie between them")
    return since, until


def _day(text: str | None, name: str) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise BadRequestData(f"{name} is a day such as 2026-11-23") from error
