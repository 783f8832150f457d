"""Completeness: by series and day, what was expected and what came."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import read_query
from context_api.http.history_request import HistoryRequest, QueryText, parse_history_request
from context_api.http.negotiation import JSON, negotiate
from context_api.http.operation import Answer, Operation, add_route, new_router
from context_api.http.parameters import Parameter
from context_api.http.responses import json_response
from context_api.http.routes.history_description import HISTORY_PARAMETERS
from context_api.http.selection import Selected, select_series
from context_api.http.services import Services
from context_api.ngsild.errors import BadRequestData, TooComplexQuery
from context_api.ngsild.model import Micros
from context_api.store.completeness import JAPAN, Completeness, read_completeness
from context_api.store.errors import StoreTimeout
from context_api.store.tabular_seen import Asker, asker_of, open_reader
from context_api.tabular.csv import CsvEncoder
from context_api.tabular.labels import Language
from context_api.tabular.model import About, Column, ColumnKind, SeriesLabel
from context_api.tabular.times import local_time

MAX_ROWS = 500_000
"""Series times days of one answer."""
_DEFAULT_DAYS = 7
_DAY = 86_400_000_000
_TIMEOUT_MS = 60_000
_PARAMETERS = ("type", "id", "attributes", "from", "to", "format", "lang", "bom")
_CSV = "text/csv"
_COUNTS = ("expected", "received", "late", "duplicate", "corrected")
_TITLES = {
    Language.JA: (
        "日付",
        "ID",
        "名称",
        "項目",
        "予定件数",
        "受信件数",
        "遅延件数",
        "重複件数",
        "訂正件数",
    ),
    Language.EN: ("Day", "ID", "Name", "Attribute", "Expected", "Received", "Late", "Duplicate", "Corrected"),
}
_KEYS = ("day", "entityId", "entityName", "attribute", *_COUNTS)
_EXAMPLE: dict[str, Any] = {
    "from": "2026-04-01",
    "to": "2026-04-01",
    "timezone": "Asia/Tokyo",
    "source": "raw",
    "series": [
        {
            "entityId": "urn:ngsi-ld:AirQualityObserved:aq-001",
            "entityName": "北口",
            "attribute": "pm25",
            "expectedIntervalS": 60,
            "interval": "device",
            "expected": 1440,
            "received": 1436,
            "late": 2,
            "duplicate": 1,
            "corrected": 0,
        }
    ],
    "days": [
        {
            "day": "2026-04-01",
            "entityId": "urn:ngsi-ld:AirQualityObserved:aq-001",
            "entityName": "北口",
            "attribute": "pm25",
            "expected": 1440,
            "received": 1436,
            "late": 2,
            "duplicate": 1,
            "corrected": 0,
        }
    ],
}
GET_COMPLETENESS = Operation(
    id="getCompleteness",
    tag="History",
    summary="Tell how complete a history is",
    description=(
        "By series and day in Japan: values expected, received, late (older than what was known"
        " already), duplicate"
        " and corrected. How often a value is expected is what the device or its profile says, else"
        " learned from the"
        " newest values; of what has no regular interval nothing is expected. Days before a series'"
        " first value are"
        " left out. Without from and to: the last seven days."
    ),
    accepts=_PARAMETERS,
    overrides={
        **HISTORY_PARAMETERS,
        "from": Parameter(description="The first day", example="2026-04-01"),
        "to": Parameter(description="The last day", example="2026-04-30"),
        "format": Parameter(
            description="json or csv; absent: as Accept says",
            schema={"type": "string", "enum": ["json", "csv"]},
            example="json",
        ),
    },
    answers={
        200: Answer(
            description="Sums by series, and every day",
            schema="Completeness",
            example=_EXAMPLE,
            media_types=(JSON, _CSV),
            examples={
                _CSV: "日付,ID,名称,項目,予定件数,受信件数,遅延件数,重複件数,訂正件数\r\n"
                "2026-04-01,urn:ngsi-ld:AirQualityObserved:aq-001,北口,PM2.5,1440,1436,2,1,0\r\n"
            },
        )
    },
    errors=(403, 404, 406),
)


class Report(NamedTuple):
    """What `report` found."""

    found: Completeness
    labels: list[SeriesLabel]
    start: Micros
    end: Micros


def completeness_router(services: Services) -> APIRouter:
    """Make the route of completeness."""

    async def get(request: Request) -> Response:
        query = read_query(request, GET_COMPLETENESS)
        given = QueryText({name: text for name in _PARAMETERS if (text := query.text(name)) is not None})
        accepted = "csv" if "format" not in given and negotiate(request, (JSON, _CSV)) == _CSV else "json"
        wanted = parse_history_request(given, accepted)
        access = await services.access(request)
        asker = asker_of(access, services.database)
        found = await services.run(report, services.settings.database_url, access.tenant_id, wanted, asker)
        return answer(found, wanted)

    router = new_router("/api/v1")
    add_route(router, "GET", "/completeness", get, GET_COMPLETENESS)
    return router


def report(url: str, tenant_id: int, wanted: HistoryRequest, asker: Asker | None = None) -> Report:
    """Find the series and count. Raises BadRequestData, ResourceNotFound, TooComplexQuery."""
    if wanted.format not in ("json", "csv"):
        raise BadRequestData("format must be one of json, csv")
    with open_reader(url, tenant_id, str(JAPAN), asker, statement_timeout_ms=_TIMEOUT_MS) as reader:
        selected: Selected = select_series(reader, wanted)
        start, end = _days(wanted, reader.now)
        days = (end - start) // _DAY
        if days * len(selected.series) > MAX_ROWS:
            raise TooComplexQuery(
                f"{days:,} days of {len(selected.series):,} series are more than {MAX_ROWS:,}:"
                " choose fewer days, ids or attributes"
            )
        try:
            found = read_completeness(reader.connection, tenant_id, selected.series, start, end, reader.now)
        except StoreTimeout as error:
            raise TooComplexQuery("Counting took too long: choose fewer days, ids or attributes") from error
    return Report(found, selected.labels, start, end)


def _days(wanted: HistoryRequest, now: Micros) -> tuple[Micros, Micros]:
    """Give whole days in Japan."""
    end = _midnight(now, 1) if wanted.end is None else _midnight(wanted.end - 1, 1)
    start = end - _DEFAULT_DAYS * _DAY if wanted.start is None else _midnight(wanted.start, 0)
    if start >= end:
        raise BadRequestData("from lies in the future: nothing is expected yet")
    return start, end


def _midnight(micros: Micros, days: int) -> Micros:
    local = local_time(micros, JAPAN)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=days)
    return int(midnight.timestamp()) * 1_000_000


def answer(report: Report, wanted: HistoryRequest) -> Response:
    """Write a report as JSON or CSV."""
    if wanted.format == "csv":
        return Response(
            write_csv(report, wanted),
            media_type="text/csv; charset=utf-8; header=present",
            headers={"Content-Disposition": 'attachment; filename="completeness.csv"', "Vary": "Accept"},
        )
    return json_response(to_document(report), headers={"Vary": "Accept"})


def write_csv(report: Report, wanted: HistoryRequest) -> bytes:
    """Write a line per series and day."""
    columns = [
        Column(key, title, ColumnKind.TEXT)
        for key, title in zip(_KEYS, _TITLES[wanted.language], strict=True)
    ]
    about = About(query="", data_version="", start=report.start, end=report.end, zone=JAPAN)
    encoder = CsvEncoder(columns, about, has_bom=wanted.has_bom)
    lines = [
        (day.day.isoformat(), *_who(report.labels[day.series]), *_counts(day)) for day in report.found.days
    ]
    return encoder.begin() + encoder.write(lines) + encoder.end()


def to_document(report: Report) -> dict[str, Any]:
    """Give sums by series, and every day."""
    sums: dict[int, list[int]] = {position: [0] * len(_COUNTS) for position in range(len(report.labels))}
    for day in report.found.days:
        for index, count in enumerate(_counts(day)):
            sums[day.series][index] += count or 0
    return {
        "from": local_time(report.start, JAPAN).date().isoformat(),
        "to": local_time(report.end - 1, JAPAN).date().isoformat(),
        "timezone": str(JAPAN),
        "source": report.found.source,
        "series": [
            {
                **_named(label),
                "expectedIntervalS": interval.seconds,
                "interval": interval.origin,
                **dict(zip(_COUNTS, sums[position], strict=True)),
                "expected": None if interval.seconds is None else sums[position][0],
            }
            for position, (label, interval) in enumerate(
                zip(report.labels, report.found.intervals, strict=True)
            )
        ],
        "days": [
            {
                "day": day.day.isoformat(),
                **_named(report.labels[day.series]),
                **dict(zip(_COUNTS, _counts(day), strict=True)),
            }
            for day in report.found.days
        ],
    }


def _counts(day: Any) -> Sequence[int | None]:
    return (day.expected, day.received, day.late, day.duplicate, day.corrected)


def _who(label: SeriesLabel) -> tuple[str, str, str]:
    return label.entity_id, label.entity_name, label.attribute


def _named(label: SeriesLabel) -> dict[str, str]:
    named = dict(zip(("entityId", "entityName", "attribute"), _who(label), strict=True))
    return {**named, "datasetId": label.dataset_id} if label.dataset_id else named
