"""Component schemas and examples: grants, what is personal, why something is allowed or not."""

from typing import Any

from context_api.policy.explaining import Code, Why
from context_api.policy.grant import Operation

_STRING = {"type": "string"}
_TIME = {"type": "string", "format": "date-time"}
_NAMES = {"type": "array", "maxItems": 500, "items": {"type": "string", "minLength": 1, "maxLength": 2048}}
_TERMS: dict[str, Any] = {
    "operations": {
        "type": "array",
        "minItems": 1,
        "items": {"enum": [str(one) for one in Operation]},
        "description": "read: the current state; history: the past and exports; subscribe: notifications;"
        " write and delete: for services only",
    },
    "types": {**_NAMES, "description": "Entities of one of these types; absent: of any"},
    "attributes": {**_NAMES, "description": "Of them these attributes; absent: all"},
    "scopes": {
        **_STRING,
        "description": "A scope query (scopeQ) that entities match; absent: any or none",
    },
    "area": {
        "type": "object",
        "description": "GeoJSON, Polygon or MultiPolygon: the entity's location touches it; to be changed it"
        " lies inside; absent: anywhere",
    },
    "validFrom": {**_TIME, "description": "The grant counts from then on"},
    "validUntil": {**_TIME, "description": "The grant counts before that time"},
    "historyFrom": {**_TIME, "description": "The earliest time of which history is shown"},
    "personal": {"type": "boolean", "description": "Attributes that are marked as personal too"},
    "label": {"type": "string", "maxLength": 500, "description": "What it is for"},
}
_HOLDER = {
    "organisation": {
        **_STRING,
        "description": "To whom: an organisation, by name; `public` is everybody",
    },
    "key": {**_STRING, "description": "Or one key, by its prefix"},
}
_WRITTEN = {"createdAt": _TIME, "createdBy": _STRING, "modifiedAt": _TIME}
_WARNINGS = {"type": "array", "items": _STRING, "description": "What may not be as it was meant"}

GRANT_SCHEMAS: dict[str, Any] = {
    "GrantDraft": {
        "type": "object",
        "required": ["operations"],
        "properties": {**_HOLDER, **_TERMS},
        "additionalProperties": False,
    },
    "GrantTerms": {
        "type": "object",
        "required": ["operations"],
        "properties": _TERMS,
        "additionalProperties": False,
    },
    "Grant": {
        "type": "object",
        "required": ["id", "operations", "personal", "label", "createdAt", "createdBy", "modifiedAt"],
        "properties": {
            "id": {"type": "integer"},
            **_HOLDER,
            **_TERMS,
            **_WRITTEN,
            "warnings": _WARNINGS,
        },
    },
    "GrantList": {
        "type": "object",
        "required": ["grants"],
        "properties": {
            "grants": {"type": "array", "items": {"$ref": "#/components/schemas/Grant"}},
            "next": {"type": "integer", "description": "`after` of the next page; absent: this is the last"},
        },
    },
    "PersonalDraft": {
        "type": "object",
        "required": ["personal"],
        "properties": {"personal": {**_NAMES, "description": "These and no others"}},
        "additionalProperties": False,
    },
    "Personal": {
        "type": "object",
        "required": ["type", "personal"],
        "properties": {"type": _STRING, "personal": _NAMES, "modifiedAt": _TIME, "modifiedBy": _STRING},
    },
    "PersonalList": {
        "type": "object",
        "required": ["types"],
        "properties": {"types": {"type": "array", "items": {"$ref": "#/components/schemas/Personal"}}},
    },
    "AccessQuestion": {
        "type": "object",
        "required": ["request"],
        "properties": {
            "key": {**_STRING, "description": "The prefix of a key; absent: nobody in particular"},
            "organisation": {
                **_STRING,
                "description": "Instead of a key: somebody of this organisation",
            },
            "role": {
                "enum": ["administrator", "staff", "operator", "partner", "service"],
                "description": "In the organisation; absent: operator for operators, else partner",
            },
            "request": {
                "type": "object",
                "required": ["method", "path"],
                "properties": {
                    "method": _STRING,
                    "path": {**_STRING, "description": "With its parameters"},
                    "headers": {"type": "object", "additionalProperties": _STRING},
                    "body": {"description": "Of a creation: the entity"},
                },
                "additionalProperties": False,
            },
        },
        "additionalProperties": False,
    },
    "AccessStep": {
        "type": "object",
        "required": ["code", "text"],
        "properties": {
            "code": {"enum": [str(one) for one in Code]},
            "text": {**_STRING, "description": "The same in English"},
            "ok": {
                "type": "boolean",
                "description": "Whether it speaks for the request; absent: neither",
            },
            "grant": {"type": "integer", "description": "0: what comes with the role"},
            "operation": {"enum": [str(one) for one in Operation]},
            "attribute": _STRING,
            "why": {
                "type": "array",
                "items": {"enum": [str(one) for one in Why]},
                "description": "What keeps the grant from being about it",
            },
        },
    },
    "AccessExplanation": {
        "type": "object",
        "required": ["allowed", "status", "reasons", "steps", "grants", "hidden"],
        "properties": {
            "allowed": {"type": "boolean"},
            "status": {"type": "integer", "description": "Of the refusal; 200 where it is allowed"},
            "principal": {"type": "object", "properties": {"name": _STRING, "role": _STRING}},
            "tenant": _STRING,
            "operation": {"type": "string", "description": "The operation of the API"},
            "permission": _STRING,
            "grants": {
                "type": "array",
                "items": {"type": "integer"},
                "description": "That allow it; 0 stands for what comes with the role",
            },
            "hidden": {"type": "array", "items": _STRING, "description": "Attributes that behave as absent"},
            "reasons": {"type": "array", "items": _STRING, "description": "The texts of the steps"},
            "steps": {"type": "array", "items": {"$ref": "#/components/schemas/AccessStep"}},
        },
    },
}

_BOX = [[139.4, 35.7], [139.5, 35.7], [139.5, 35.8], [139.4, 35.8], [139.4, 35.7]]
TERMS: dict[str, Any] = {
    "operations": ["read", "subscribe"],
    "types": ["AirQualityObserved"],
    "attributes": ["pm25", "location"],
    "area": {"type": "Polygon", "coordinates": [_BOX]},
    "validUntil": "2027-04-01T00:00:00Z",
    "label": "school routes, 2026",
}
ORDER = {"organisation": "public", **TERMS}
GRANT = {
    "id": 1,
    **ORDER,
    "personal": False,
    "createdAt": "2026-11-23T00:00:00Z",
    "createdBy": "key:abcdefgh",
    "modifiedAt": "2026-11-23T00:00:00Z",
}
PERSONAL = {
    "type": "ParkingPermit",
    "personal": ["holder"],
    "modifiedAt": "2026-11-23T00:00:00Z",
    "modifiedBy": "key:abcdefgh",
}
QUESTION = {
    "request": {"method": "GET", "path": "/ngsi-ld/v1/entities?type=AirQualityObserved&q=pm25>35"},
}
EXPLANATION = {
    "allowed": True,
    "status": 200,
    "principal": {"name": "anyone", "role": "anonymous"},
    "tenant": "default",
    "operation": "queryEntities",
    "permission": "entities:read",
    "grants": [1],
    "hidden": [],
    "reasons": ["the role anonymous has the permission entities:read", "grant 1 is about this"],
    "steps": [
        {"code": "permission", "text": "the role anonymous has the permission entities:read", "ok": True},
        {"code": "grantApplies", "text": "grant 1 is about this", "ok": True, "grant": 1},
    ],
}
