"""Component schemas and examples: histories."""

from typing import Any

_STRING = {"type": "string"}
_DATETIME = {"type": "string", "format": "date-time"}
_TEXTS = {"oneOf": [_STRING, {"type": "array", "items": _STRING, "minItems": 1}]}
_TIMEREL = {"type": "string", "enum": ["before", "after", "between"]}
_TIMEPROPERTY = {"type": "string", "enum": ["observedAt", "createdAt", "modifiedAt", "deletedAt"]}
_AGGREGATION = {"aggrMethods": _TEXTS, "aggrPeriodDuration": _STRING, "timezone": _STRING}

TEMPORAL_SCHEMAS: dict[str, Any] = {
    "EntityTemporalList": {"type": "array", "items": {"type": "object"}},
    "EntityTemporalFragment": {
        "type": "object",
        "minProperties": 1,
        "description": "Attributes, each an instance or an array of them; scope and type may be there too",
    },
    "TemporalInstance": {
        "type": "object",
        "minProperties": 1,
        "description": "One attribute instance, alone or as the one item of its attribute",
    },
    "TemporalQuery": {
        "type": "object",
        "required": ["type", "temporalQ"],
        "properties": {
            "type": {"const": "Query"},
            "entities": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["type"]}},
            "attrs": _TEXTS,
            "pick": _TEXTS,
            "omit": _TEXTS,
            "q": _STRING,
            "scopeQ": _STRING,
            "lang": _STRING,
            "datasetId": _TEXTS,
            "geoQ": {"type": "object", "required": ["georel", "geometry", "coordinates"]},
            "temporalQ": {
                "type": "object",
                "required": ["timerel", "timeAt"],
                "properties": {
                    "timerel": _TIMEREL,
                    "timeAt": _DATETIME,
                    "endTimeAt": _DATETIME,
                    "timeproperty": _TIMEPROPERTY,
                    "lastN": {"type": "integer", "minimum": 1},
                    **_AGGREGATION,
                },
            },
            "aggrParams": {"type": "object", "properties": _AGGREGATION},
        },
    },
}

HISTORY = {
    "id": "urn:ngsi-ld:AirQualityObserved:aq-001",
    "type": "AirQualityObserved",
    "pm25": [
        {"type": "Property", "value": 12.3, "unitCode": "GQ", "observedAt": "2026-11-23T00:00:00Z"},
        {"type": "Property", "value": 11.8, "unitCode": "GQ", "observedAt": "2026-11-23T00:01:00Z"},
    ],
}
HISTORY_FRAGMENT = {"pm25": HISTORY["pm25"]}
INSTANCE = {"type": "Property", "value": 11.9, "unitCode": "GQ", "observedAt": "2026-11-23T00:01:00Z"}
INSTANCE_ID = "urn:ngsi-ld:Instance:12-1795478460000000"
AGGREGATED = {
    "id": "urn:ngsi-ld:AirQualityObserved:aq-001",
    "type": "AirQualityObserved",
    "pm25": {
        "type": "Property",
        "avg": [[12.05, "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z"]],
        "max": [[12.3, "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z"]],
    },
}
