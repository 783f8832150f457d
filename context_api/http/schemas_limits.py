"""Component schemas and examples of limits and usage."""

from typing import Any

_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_NAMES = ["requests", "streams", "subscriptions", "entities-per-day"]
_VALUE: dict[str, Any] = {
    "value": {
        "type": "number",
        "minimum": 0,
        "maximum": 1e9,
        "description": "Requests per second, or so many at the same time, or a day; 0: none at all",
    },
    "burst": {
        "type": ["number", "null"],
        "minimum": 1,
        "maximum": 1e9,
        "description": "Requests that may come at once; null: those of two seconds",
    },
}
COUNTED = (
    "requests",
    "refused",
    "entities",
    "written",
    "bytes",
    "notifications",
    "exportRows",
    "streamEvents",
)

LIMIT_SCHEMAS: dict[str, Any] = {
    "LimitDraft": {
        "type": "object",
        "required": ["value"],
        "properties": _VALUE,
        "additionalProperties": False,
    },
    "Limit": {
        "type": "object",
        "required": ["subject", "name", "value"],
        "properties": {
            "subject": {**_TEXT, "description": "organisation:<id>, key:<prefix>, user:<id> or role:<role>"},
            "name": {"type": "string", "enum": _NAMES},
            **_VALUE,
            "modifiedAt": {"type": "string", "format": "date-time"},
            "modifiedBy": _TEXT,
        },
    },
    "LimitList": {
        "type": "object",
        "required": ["defaults", "limits"],
        "properties": {
            "defaults": {
                "type": "object",
                "description": "What counts for partners, operators and services where nothing is set, and "
                "for callers without a credential (anonymous, by address); null: no limit",
                "additionalProperties": {"type": ["object", "null"], "properties": _VALUE},
            },
            "limits": {"type": "array", "items": {"$ref": "#/components/schemas/Limit"}},
        },
    },
    "UsageReport": {
        "type": "object",
        "required": ["from", "until", "rows"],
        "properties": {
            "from": {"type": "string", "format": "date"},
            "until": {"type": "string", "format": "date", "description": "Exclusive"},
            "rows": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["day", "tenant", "organisation", "caller", "type", *COUNTED],
                    "properties": {
                        "day": {"type": "string", "format": "date", "description": "Of Japan"},
                        "tenant": _TEXT,
                        "organisation": {"type": ["string", "null"]},
                        "caller": {**_TEXT, "description": "The role"},
                        "type": {"type": ["string", "null"], "description": "null: none in particular"},
                        **dict.fromkeys(COUNTED, _COUNT),
                    },
                },
            },
        },
    },
}

DRAFT = {"value": 500, "burst": 1_000}
LIMIT = {
    "subject": "organisation:3",
    "name": "requests",
    **DRAFT,
    "modifiedAt": "2026-11-23T00:00:00Z",
    "modifiedBy": "key:abcdefgh",
}
LIMITS = {
    "defaults": {
        "key": {"value": 100, "burst": 200},
        "organisation": {"value": 300, "burst": 600},
        "anonymous": {"value": 20, "burst": 40},
        "streams": {"value": 100},
        "subscriptions": {"value": 1_000},
        "entities-per-day": None,
    },
    "limits": [LIMIT],
}
USAGE = {
    "from": "2026-11-01",
    "until": "2026-12-01",
    "rows": [
        {
            "day": "2026-11-23",
            "tenant": "default",
            "organisation": "higashimurayama-walks",
            "caller": "partner",
            "type": "https://uri.etsi.org/ngsi-ld/default-context/AirQualityObserved",
            "requests": 1_440,
            "refused": 0,
            "entities": 288_000,
            "written": 0,
            "bytes": 181_440_000,
            "notifications": 0,
            "exportRows": 0,
            "streamEvents": 0,
        }
    ],
}
