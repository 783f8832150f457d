"""Schemas and examples of profiles and previews."""

from typing import Any

_STRING = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_OPTIONAL = {"type": ["string", "null"]}
_FIELD = {
    "type": "object",
    "required": ["attribute"],
    "properties": {
        "attribute": {"type": "string", "description": "The attribute's name in the data model"},
        "kind": {"enum": ["Property", "GeoProperty"]},
        "unitCode": {"type": "string", "description": "UN/CEFACT code of the attribute"},
        "payloadUnit": {"type": "string", "description": "UN/CEFACT code of the payload's numbers"},
        "scale": {"type": "number"},
        "offset": {"type": "number"},
        "accepts": {"enum": ["number", "numeric", "text", "boolean", "any", "geometry"]},
        "missing": {"type": "array", "description": "Values that say: no measurement"},
        "map": {"type": "object", "description": "Payload value -> attribute value"},
        "ignoreCase": {"type": "boolean"},
        "otherwise": {"enum": ["fault", "keep"]},
        "datasetId": {"type": "string", "format": "uri"},
        "of": {"const": "device"},
        "entity": {"type": "string", "description": "One of entities"},
        "min": {"type": "number"},
        "max": {"type": "number"},
        "outside": {"enum": ["value", "message"], "description": "What goes to quarantine"},
    },
}
PROFILE_SCHEMAS: dict[str, Any] = {
    "ProfileDraft": {
        "type": "object",
        "required": ["name", "entityType"],
        "properties": {
            "name": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,62}$"},
            "version": {"type": "integer", "minimum": 0, "description": "The version that was edited"},
            "title": _STRING,
            "entityType": _STRING,
            "entityId": {"type": "string", "description": "Template, default urn:ngsi-ld:{type}:{device}"},
            "values": {"type": "object", "additionalProperties": _FIELD},
            "time": {"type": "object", "properties": {"key": _STRING, "format": _STRING, "zone": _STRING}},
            "location": {"type": "object", "properties": {"latitude": _STRING, "longitude": _STRING}},
            "entities": {"type": "object"},
            "static": {"type": "object"},
            "codec": _STRING,
            "context": {"type": "string", "format": "uri"},
            "expectedIntervalS": {"type": "number", "exclusiveMinimum": 0},
            "validation": {"enum": ["off", "warn", "reject"]},
            "schema": {"type": "object", "description": "A JSON Schema of the attributes' values"},
        },
    },
    "Profile": {
        "type": "object",
        "required": ["name", "version", "entityType", "builtIn", "latest", "devices", "document"],
        "properties": {
            "name": _STRING,
            "version": _COUNT,
            "latest": _COUNT,
            "title": _OPTIONAL,
            "entityType": _STRING,
            "builtIn": {"type": "boolean"},
            "devices": _COUNT,
            "expectedIntervalS": {"type": ["number", "null"]},
            "codec": _OPTIONAL,
            "validation": _STRING,
            "fields": {"type": "array", "items": {"type": "object"}},
            "hints": {"type": "array", "items": _STRING},
            "writtenAt": {"type": ["string", "null"], "format": "date-time"},
            "writtenBy": _OPTIONAL,
            "document": {"$ref": "#/components/schemas/ProfileDraft"},
        },
    },
    "ProfileList": {
        "type": "object",
        "required": ["profiles"],
        "properties": {
            "profiles": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["name", "version", "entityType", "builtIn", "devices", "fields"],
                },
            }
        },
    },
    "ProfileVersions": {
        "type": "object",
        "required": ["versions"],
        "properties": {
            "versions": {"type": "array", "items": {"type": "object", "required": ["name", "version"]}}
        },
    },
    "ProfileToml": {"type": "string"},
    "PreviewRequest": {
        "type": "object",
        "properties": {
            "profile": {"description": "A name, name@version, or a profile itself"},
            "adapter": _STRING,
            "topic": _STRING,
            "payload": {"description": "JSON, or a text in payloadEncoding"},
            "payloadEncoding": {"enum": ["utf-8", "hex", "base64"]},
            "device": {"description": "The id of a registered device, or a draft of one"},
            "message": {
                "type": "object",
                "properties": {"quarantine": {"type": "integer", "minimum": 1}, "latestOf": _STRING},
            },
            "retained": {"type": "boolean"},
            "arrivedAt": {"type": "string", "format": "date-time"},
        },
    },
    "Preview": {
        "type": "object",
        "required": ["outcome", "entities", "values", "ignoredKeys", "converted", "findings", "decoded"],
        "properties": {
            "outcome": {"enum": ["stored", "partly-quarantined", "quarantined", "ignored"]},
            "reason": _OPTIONAL,
            "detail": _OPTIONAL,
            "entities": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["normalized", "keyValues"],
                    "properties": {"normalized": {"type": "object"}, "keyValues": {"type": "object"}},
                },
            },
            "readings": {"type": "array", "items": {"type": "object"}},
            "values": {"type": "object", "additionalProperties": _COUNT},
            "ignoredKeys": {"type": "array", "items": _STRING},
            "converted": {"type": "array", "items": {"type": "object"}},
            "findings": {"type": "array", "items": {"type": "object"}},
            "hints": {"type": "array", "items": _STRING},
            "decoded": {"type": "array", "items": {"type": "object"}},
        },
    },
}

PROFILE_DRAFT: dict[str, Any] = {
    "name": "yard-gauge",
    "title": "Water gauge of the yard",
    "entityType": "FloodMonitoring",
    "time": {"key": "ts", "format": "s"},
    "values": {
        "level_cm": {
            "attribute": "currentLevel",
            "unitCode": "MTR",
            "payloadUnit": "CMT",
            "min": -5,
            "max": 20,
        },
        "state.door": {"attribute": "doorState", "map": {"0": "closed", "1": "open"}},
        "battery": {"attribute": "batteryLevel", "unitCode": "C62", "payloadUnit": "P1", "of": "device"},
    },
}
PROFILE_SUMMARY: dict[str, Any] = {
    "name": "yard-gauge",
    "version": 1,
    "latest": 1,
    "title": "Water gauge of the yard",
    "entityType": "FloodMonitoring",
    "builtIn": False,
    "devices": 2,
    "expectedIntervalS": None,
    "codec": None,
    "validation": "warn",
    "fields": [{"key": "level_cm", "attribute": "currentLevel", "unitCode": "MTR"}],
    "hints": [],
    "writtenAt": "2026-11-23T09:00:00Z",
    "writtenBy": "operators",
}
PROFILE: dict[str, Any] = {**PROFILE_SUMMARY, "document": {**PROFILE_DRAFT, "version": 1}}
PREVIEW_REQUEST: dict[str, Any] = {
    "profile": PROFILE_DRAFT,
    "payload": {"ts": 1795392000, "level_cm": 132.5, "state": {"door": 0}, "battery": 87, "x": 1},
    "device": {"id": "gauge-1"},
}
_TIME = "2026-11-23T00:00:00Z"
PREVIEW: dict[str, Any] = {
    "outcome": "stored",
    "reason": None,
    "detail": None,
    "entities": [
        {
            "normalized": {
                "id": "urn:ngsi-ld:FloodMonitoring:gauge-1",
                "type": "FloodMonitoring",
                "currentLevel": {
                    "type": "Property",
                    "value": 1.325,
                    "unitCode": "MTR",
                    "observedAt": _TIME,
                },
            },
            "keyValues": {
                "id": "urn:ngsi-ld:FloodMonitoring:gauge-1",
                "type": "FloodMonitoring",
                "currentLevel": 1.325,
            },
        }
    ],
    "readings": [
        {"entityId": "urn:ngsi-ld:FloodMonitoring:gauge-1", "attributes": ["currentLevel", "doorState"]}
    ],
    "values": {"received": 4, "stored": 3, "ignored": 1, "quarantined": 0},
    "ignoredKeys": ["x"],
    "converted": [
        {
            "key": "level_cm",
            "attribute": "currentLevel",
            "value": 132.5,
            "unitCode": "CMT",
            "becomes": 1.325,
            "becomesUnit": "MTR",
        }
    ],
    "findings": [],
    "hints": [],
    "decoded": [{"observedAt": _TIME, "values": {"level_cm": {"value": 132.5}}}],
}
