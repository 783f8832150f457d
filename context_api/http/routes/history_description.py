"""Tabular history as the OpenAPI document tells of it: parameters, schemas, examples."""

from typing import Any

from context_api.http.history_request import FORMATS, METHODS
from context_api.http.parameters import Parameter


def _choice(values: list[str], description: str, default: str) -> Parameter:
    return Parameter(
        description=description,
        schema={"type": "string", "enum": values, "default": default},
        example=default,
    )


def _names(description: str, example: list[str]) -> Parameter:
    schema = {"type": "array", "items": {"type": "string"}}
    return Parameter(description=description, schema=schema, example=example, is_list=True)


HISTORY_PARAMETERS = {
    "type": _names("Entities of these types; this or id is needed", ["AirQualityObserved"]),
    "id": _names("These entities", ["urn:ngsi-ld:AirQualityObserved:aq-001"]),
    "attributes": _names("These attributes; absent: all that are measured", ["pm25", "temperature"]),
    "from": Parameter(
        description=(
            "The first day (2026-04-01), month (2026-04) or year, or a time; absent: where history begins"
        ),
        example="2026-04-01",
    ),
    "to": Parameter(
        description="The last day, month or year (all of it belongs to the answer), or a time (exclusive)",
        example="2027-03-31",
    ),
    "bucket": Parameter(
        description=(
            "none: every recorded value. minute, hour, day, week, month, quarter, year,"
            " fiscal-year (from"
            " April), or an ISO 8601 duration such as PT15M"
        ),
        example="day",
    ),
    "method": Parameter(
        description="Aggregates of each bucket; absent: avg",
        schema={"type": "array", "items": {"type": "string", "enum": list(METHODS)}},
        example=["avg", "max"],
        is_list=True,
    ),
    "timezone": Parameter(
        description="A name of the IANA database; absent: Asia/Tokyo", example="Asia/Tokyo"
    ),
    "format": _choice(list(FORMATS), "The format; absent: as Accept says", "json"),
    "layout": _choice(
        ["long", "wide"],
        "long: a line per value. wide: a line per time and entity, a column per attribute",
        "long",
    ),
    "lang": _choice(["ja", "en"], "The language of headers", "ja"),
    "bom": Parameter(
        description="CSV: begin with a byte order mark, which Excel needs to read Japanese",
        schema={"type": "boolean", "default": False},
        example=True,
    ),
    "times": _choice(
        ["offset", "local"],
        "CSV: 2026-04-01T09:00:00+09:00, or 2026-04-01 09:00:00, which spreadsheets read as a time",
        "offset",
    ),
    "comments": Parameter(
        description="CSV: begin with lines after `#` that tell query, data version and licence",
        schema={"type": "boolean", "default": False},
        example=False,
    ),
    "asOf": Parameter(
        description=(
            "As recorded until then, without what came or was corrected later: give the data"
            " version of an answer to get it again"
        ),
        example="2026-11-23T12:00:00+09:00",
    ),
}
HISTORY_HEADERS = {
    "Content-Disposition": "A name for the file (RFC 6266)",
    "Machi-Query": "The query with every default spelled out; it gives the same answer again",
    "Machi-Data-Version": "The answer holds what was recorded until then",
    "Machi-Aggregate-Source": "What the aggregates came from",
    "Machi-Licence": "On which terms the data may be used, as the town says",
    "Machi-Attribution": "Whom to name, percent-encoded",
}
HISTORY: dict[str, Any] = {
    "query": "/api/v1/history?type=AirQualityObserved&attributes=pm25&from=2026-04-01T00:00:00%2B09:00"
    "&to=2026-04-02T00:00:00%2B09:00&bucket=day&method=avg,max&timezone=Asia/Tokyo&format=json&layout=long&lang=ja"
    "&asOf=2026-11-23T12:00:00%2B09:00",
    "dataVersion": "2026-11-23T03:00:00Z",
    "corrections": 0,
    "from": "2026-04-01T00:00:00+09:00",
    "to": "2026-04-02T00:00:00+09:00",
    "timezone": "Asia/Tokyo",
    "source": "raw",
    "licence": {"name": "CC BY 4.0", "url": "https://creativecommons.org/licenses/by/4.0/"},
    "rows": [
        {
            "time": "2026-04-01T00:00:00+09:00",
            "entityId": "urn:ngsi-ld:AirQualityObserved:aq-001",
            "entityName": "北口",
            "entityType": "大気質の観測",
            "attribute": "pm25",
            "label": "PM2.5",
            "unit": "µg/m³",
            "avg": 12.4,
            "max": 31.0,
        }
    ],
    "rowCount": 1,
}
_CSV = (
    "日時,ID,名称,種別,項目,項目名,値,単位\r\n"
    "2026-04-01T00:00:00+09:00,urn:ngsi-ld:AirQualityObserved:aq-001,北口,大気質の観測,pm25,PM2.5,12.5,µg/m³\r\n"
)
EXAMPLES: dict[str, Any] = {
    "text/csv": _CSV,
    FORMATS["xlsx"]: "PK…",
    FORMATS["parquet"]: "PAR1…",
    FORMATS["geojson"]: {
        "type": "FeatureCollection",
        **{key: value for key, value in HISTORY.items() if key not in ("rows", "rowCount")},
        "features": [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [139.4685, 35.7546]},
                "properties": HISTORY["rows"][0],
            }
        ],
        "rowCount": 1,
    },
}
HISTORY_REQUEST = {
    "id": ["urn:ngsi-ld:AirQualityObserved:aq-001", "urn:ngsi-ld:AirQualityObserved:aq-002"],
    "attributes": ["pm25"],
    "from": "2026-04-01",
    "to": "2027-03-31",
    "bucket": "month",
    "method": ["avg", "count"],
    "format": "xlsx",
}
_TEXTS = {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_COUNTS = {"received": _COUNT, "late": _COUNT, "duplicate": _COUNT, "corrected": _COUNT}
_EXPECTED = {"type": ["integer", "null"], "minimum": 0}
_SERIES = {"entityId": _TEXT, "entityName": _TEXT, "attribute": _TEXT, "datasetId": _TEXT}
HISTORY_SCHEMAS: dict[str, Any] = {
    "Completeness": {
        "description": "An object, or CSV",
        "oneOf": [
            {
                "type": "object",
                "required": ["from", "to", "timezone", "source", "series", "days"],
                "properties": {
                    "from": {"type": "string", "format": "date"},
                    "to": {"type": "string", "format": "date"},
                    "timezone": _TEXT,
                    "source": _TEXT,
                    "series": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {
                                **_SERIES,
                                "expectedIntervalS": {"type": ["number", "null"]},
                                "interval": {"enum": ["device", "learned", "unknown"]},
                                "expected": _EXPECTED,
                                **_COUNTS,
                            },
                        },
                    },
                    "days": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {
                                "day": {"type": "string", "format": "date"},
                                **_SERIES,
                                "expected": _EXPECTED,
                                **_COUNTS,
                            },
                        },
                    },
                },
            },
            _TEXT,
        ],
    },
    "History": {
        "description": "An object (JSON, GeoJSON), or the text or bytes of the format",
        "oneOf": [
            {
                "type": "object",
                "required": ["query", "dataVersion", "corrections", "from", "to", "timezone", "rowCount"],
                "properties": {
                    "query": _TEXT,
                    "dataVersion": {"type": "string", "format": "date-time"},
                    "corrections": {"type": "integer", "minimum": 0},
                    "rows": {"type": "array", "items": {"type": "object"}},
                    "features": {"type": "array", "items": {"type": "object"}},
                    "rowCount": {"type": "integer", "minimum": 0},
                },
            },
            _TEXT,
        ],
    },
    "HistoryRequest": {
        "type": "object",
        "anyOf": [{"required": ["type"]}, {"required": ["id"]}],
        "additionalProperties": False,
        "properties": {
            "type": _TEXTS,
            "id": _TEXTS,
            "attributes": _TEXTS,
            "from": _TEXT,
            "to": _TEXT,
            "bucket": _TEXT,
            "method": _TEXTS,
            "timezone": _TEXT,
            "format": {"enum": list(FORMATS)},
            "layout": {"enum": ["long", "wide"]},
            "lang": {"enum": ["ja", "en"]},
            "bom": {"type": "boolean"},
            "times": {"enum": ["offset", "local"]},
            "comments": {"type": "boolean"},
            "asOf": _TEXT,
        },
    },
}
