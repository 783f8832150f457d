"""Component schemas and examples: declared indexes."""

from typing import Any

_STRING = {"type": "string"}
_DATETIME = {"type": "string", "format": "date-time"}

INDEX_SCHEMAS: dict[str, Any] = {
    "IndexDraft": {
        "type": "object",
        "required": ["attribute"],
        "properties": {
            "attribute": {**_STRING, "description": "Its name in the @context of the request, or its IRI"},
            "type": {**_STRING, "description": "Only entities of this type; absent: of any"},
        },
        "additionalProperties": False,
    },
    "Index": {
        "type": "object",
        "required": ["id", "attribute", "state", "createdAt", "sizeBytes", "uses"],
        "properties": {
            "id": _STRING,
            "attribute": _STRING,
            "type": {**_STRING, "description": "Only of entities of this type"},
            "state": {
                "enum": ["waiting", "building", "ready", "resting", "failed"],
                "description": "resting: an entity has the attribute with observedAt, so it does not serve",
            },
            "reason": {**_STRING, "description": "Why it failed or rests"},
            "progress": {
                "type": "number",
                "minimum": 0,
                "maximum": 1,
                "description": "How much has been read, while it is built",
            },
            "createdAt": _DATETIME,
            "readyAt": _DATETIME,
            "sizeBytes": {"type": "integer", "minimum": 0},
            "uses": {
                "type": "integer",
                "minimum": 0,
                "description": "Scans since the database's statistics began",
            },
        },
    },
    "IndexList": {
        "type": "object",
        "required": ["indexes"],
        "properties": {"indexes": {"type": "array", "items": {"$ref": "#/components/schemas/Index"}}},
    },
}
INDEX_DRAFT = {"attribute": "status", "type": "WasteContainer"}
INDEX = {
    "id": "1",
    "attribute": "status",
    "type": "WasteContainer",
    "state": "ready",
    "createdAt": "2026-11-23T00:00:00Z",
    "readyAt": "2026-11-23T00:00:04Z",
    "sizeBytes": 8675328,
    "uses": 1204,
}
INDEX_DECLARED = {
    "id": "1",
    "attribute": "status",
    "type": "WasteContainer",
    "state": "waiting",
    "createdAt": "2026-11-23T00:00:00Z",
    "sizeBytes": 0,
    "uses": 0,
}
