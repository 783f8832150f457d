"""Component schemas and examples of the audit trail."""

from typing import Any

_TEXT = {"type": "string"}

AUDIT_SCHEMAS: dict[str, Any] = {
    "AuditEntry": {
        "type": "object",
        "required": ["at", "tenant", "number", "principal", "verb", "kind", "id", "outcome", "hash"],
        "properties": {
            "at": {"type": "string", "format": "date-time"},
            "tenant": {"type": ["string", "null"], "description": "null: of the whole installation"},
            "number": {
                "type": "integer",
                "minimum": 1,
                "description": "1, 2, 3, … in the chain of the tenant",
            },
            "principal": {**_TEXT, "description": "key:…, user:…, command line, system"},
            "organisation": {"type": "integer"},
            "address": {**_TEXT, "description": "The caller's, as the trusted proxies give it"},
            "request": {**_TEXT, "description": "The X-Request-ID of the answer"},
            "verb": _TEXT,
            "kind": _TEXT,
            "id": _TEXT,
            "outcome": {"type": "string", "enum": ["done", "refused", "failed"]},
            "reason": _TEXT,
            "before": {
                "type": "object",
                "description": "The members that changed, as they were; never a secret",
            },
            "after": {"type": "object"},
            "hash": {**_TEXT, "description": "SHA-256, which the next entry's hash covers"},
        },
    },
    "AuditPage": {
        "type": "object",
        "required": ["entries", "next"],
        "properties": {
            "entries": {"type": "array", "items": {"$ref": "#/components/schemas/AuditEntry"}},
            "next": {"type": ["string", "null"], "description": "What `after` takes for the next page"},
        },
    },
}

ENTRY = {
    "at": "2026-11-23T00:00:00.000000Z",
    "tenant": "default",
    "number": 17,
    "address": "203.0.113.9",
    "after": {"rawDays": 400, "keepAggregates": True, "compressAfterDays": 30},
    "id": "https://uri.etsi.org/ngsi-ld/default-context/AirQualityObserved",
    "kind": "retention",
    "organisation": 1,
    "outcome": "done",
    "principal": "key:abcdefgh",
    "request": "5f0c2b9e1d7a4c63",
    "verb": "change",
    "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}
