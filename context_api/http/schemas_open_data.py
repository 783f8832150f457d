"""Component schemas and examples of what a town says of its data, and of its open data."""

from typing import Any

_TEXT = {"type": ["string", "null"], "maxLength": 2_000}
_NAMES = {"type": "array", "maxItems": 500, "items": {"type": "string", "minLength": 1, "maxLength": 2048}}
_SAID: dict[str, Any] = {
    "titleJa": {**_TEXT, "description": "What the data set is called"},
    "titleEn": _TEXT,
    "purposeJa": {**_TEXT, "description": "What it is collected for"},
    "purposeEn": _TEXT,
    "licence": {**_TEXT, "description": "Name of its licence; null: the installation's"},
    "licenceUrl": _TEXT,
    "attribution": {**_TEXT, "description": "Whom users of it have to name"},
}
_COUNTED: dict[str, Any] = {
    "counts": {**_NAMES, "description": "Attributes that count people"},
    "smallestCount": {
        "type": ["integer", "null"],
        "minimum": 2,
        "maximum": 1_000,
        "description": "The public sees no smaller count, and no history of counts",
    },
}

OPEN_DATA_SCHEMAS: dict[str, Any] = {
    "DataStatementDraft": {
        "type": "object",
        "properties": {**_SAID, **_COUNTED},
        "additionalProperties": False,
    },
    "DataStatement": {
        "type": "object",
        "required": ["type", "counts"],
        "properties": {"type": {"type": "string"}, **_SAID, **_COUNTED},
    },
    "DataStatementList": {
        "type": "object",
        "required": ["types"],
        "properties": {"types": {"type": "array", "items": {"$ref": "#/components/schemas/DataStatement"}}},
    },
    "OpenData": {
        "type": "object",
        "required": ["dataSets"],
        "properties": {
            "dataSets": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": [
                        "type",
                        "name",
                        *_SAID,
                        "entityCount",
                        "attributes",
                        "hiddenCounts",
                        "hasHistory",
                        "links",
                    ],
                    "properties": {
                        "type": {"type": "string", "description": "Its IRI"},
                        "name": {"type": "string", "description": "As the town's @context shortens it"},
                        **_SAID,
                        "entityCount": {"type": "integer", "minimum": 0},
                        "attributes": {"type": "array", "items": {"type": "string"}},
                        "hiddenCounts": {
                            "type": ["object", "null"],
                            "description": "Counts of people that are absent while they are small",
                            "required": ["attributes", "below"],
                            "properties": {
                                "attributes": {"type": "array", "items": {"type": "string"}},
                                "below": {"type": "integer", "minimum": 2},
                            },
                        },
                        "hasHistory": {"type": "boolean"},
                        "links": {"type": "object", "additionalProperties": {"type": "string"}},
                    },
                },
            }
        },
    },
}

STATEMENT_DRAFT: dict[str, Any] = {
    "titleJa": "大気の測定値",
    "titleEn": "Air quality",
    "purposeJa": "光化学スモッグや PM2.5 の注意喚起のため",
    "purposeEn": "To warn of smog and fine dust",
    "licence": "CC BY 4.0",
    "licenceUrl": "https://creativecommons.org/licenses/by/4.0/",
    "attribution": "東村山市",
    "counts": [],
    "smallestCount": None,
}
STATEMENT = {"type": "AirQualityObserved", **STATEMENT_DRAFT}
DATA_SET = {
    "type": "https://uri.etsi.org/ngsi-ld/default-context/AirQualityObserved",
    "name": "AirQualityObserved",
    **{name: value for name, value in STATEMENT_DRAFT.items() if name in _SAID},
    "entityCount": 12,
    "attributes": ["location", "peopleCount", "pm25"],
    "hiddenCounts": {"attributes": ["peopleCount"], "below": 10},
    "hasHistory": True,
    "links": {
        "entities": "/ngsi-ld/v1/entities?type=AirQualityObserved",
        "type": "/ngsi-ld/v1/types/AirQualityObserved",
        "csv": "/api/v1/history?type=AirQualityObserved&bucket=day&format=csv",
    },
}
