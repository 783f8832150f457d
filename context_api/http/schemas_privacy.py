"""Component schemas and examples of erasures."""

from typing import Any

from context_api.store.erasure import MAX_SUBJECTS

_IDS = {
    "type": "array",
    "maxItems": MAX_SUBJECTS,
    "items": {"type": "string", "minLength": 1, "maxLength": 1024},
}
_COUNTS = {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}}
_SUBJECTS: dict[str, Any] = {
    "entities": {**_IDS, "description": "Ids of entities"},
    "devices": {**_IDS, "description": "Ids of devices: they are retired, and their entities erased too"},
}

PRIVACY_SCHEMAS: dict[str, Any] = {
    "ErasureDraft": {
        "type": "object",
        "required": ["reason"],
        "properties": {
            **_SUBJECTS,
            "reason": {
                "type": "string",
                "minLength": 1,
                "maxLength": 500,
                "description": "Kept with the proof",
            },
            "dryRun": {"type": "boolean", "description": "Count only"},
        },
        "additionalProperties": False,
    },
    "ErasureSubjects": {"type": "object", "properties": _SUBJECTS, "additionalProperties": False},
    "ErasureFound": {"type": "object", "required": ["found"], "properties": {"found": _COUNTS}},
    "Erasure": {
        "type": "object",
        "required": ["id", "at", "principal", "reason", "subjects", "erased", "remaining", "isSealed"],
        "properties": {
            "id": {"type": "string"},
            "at": {"type": "string", "format": "date-time"},
            "principal": {"type": "string"},
            "reason": {"type": "string"},
            "subjects": {"type": "integer", "minimum": 0},
            "erased": _COUNTS,
            "remaining": _COUNTS,
            "isSealed": {"type": "boolean", "description": "Whether the proof is as it was written"},
        },
    },
    "ErasureList": {
        "type": "object",
        "required": ["erasures"],
        "properties": {"erasures": {"type": "array", "items": {"$ref": "#/components/schemas/Erasure"}}},
    },
    "ErasureVerdict": {
        "type": "object",
        "required": ["isAboutThem", "isSealed", "found"],
        "properties": {
            "isAboutThem": {"type": "boolean"},
            "isSealed": {"type": "boolean"},
            "found": {**_COUNTS, "description": "What is kept of them now"},
        },
    },
}

ERASURE_SUBJECTS = {"entities": ["urn:ngsi-ld:Person:hanako"]}
ERASURE_DRAFT = {**ERASURE_SUBJECTS, "reason": "Asked for by the person on 2026-11-20"}
ERASURE_COUNTS = {
    "entities": 1,
    "values": 214,
    "corrected_values": 0,
    "aggregates": 12,
    "changes": 3,
    "notifications": 3,
    "alarms": 0,
}
ERASURE = {
    "id": "1",
    "at": "2026-11-23T00:00:00Z",
    "principal": "key:626bzuc3",
    "reason": ERASURE_DRAFT["reason"],
    "subjects": 1,
    "erased": ERASURE_COUNTS,
    "remaining": dict.fromkeys(ERASURE_COUNTS, 0),
    "isSealed": True,
}
ERASURE_VERDICT = {"isAboutThem": True, "isSealed": True, "found": dict.fromkeys(ERASURE_COUNTS, 0)}
