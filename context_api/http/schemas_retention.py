"""Component schemas and examples of retention."""

from typing import Any

_DAYS = {"type": ["integer", "null"], "minimum": 1, "maximum": 36_500}
_DRAFT: dict[str, Any] = {
    "rawDays": {**_DAYS, "description": "Values older than so many days are dropped; null: kept for ever"},
    "keepAggregates": {"type": "boolean", "description": "Keep the aggregates of what is dropped"},
    "compressAfterDays": {**_DAYS, "description": "Where the database can compress; null: 30"},
}

RETENTION_SCHEMAS: dict[str, Any] = {
    "RetentionDraft": {"type": "object", "properties": _DRAFT, "additionalProperties": False},
    "Retention": {
        "type": "object",
        "required": ["type", "rawDays", "keepAggregates", "compressAfterDays"],
        "properties": {
            "type": {"type": "string"},
            **_DRAFT,
            "modifiedAt": {"type": "string", "format": "date-time"},
            "valuesDropped": {"type": "integer", "minimum": 0},
            "aggregatesDropped": {"type": "integer", "minimum": 0},
            "lastDrop": {"type": ["string", "null"], "format": "date-time"},
        },
    },
    "RetentionList": {
        "type": "object",
        "required": ["policies"],
        "properties": {"policies": {"type": "array", "items": {"$ref": "#/components/schemas/Retention"}}},
    },
}

POLICY_DRAFT = {"rawDays": 400, "keepAggregates": True, "compressAfterDays": 30}
POLICY = {
    "type": "https://uri.etsi.org/ngsi-ld/default-context/AirQualityObserved",
    **POLICY_DRAFT,
    "modifiedAt": "2026-11-23T00:00:00Z",
    "valuesDropped": 0,
    "aggregatesDropped": 0,
    "lastDrop": None,
}
