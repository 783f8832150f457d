"""How the routes of the watch over devices are described: operations, schemas, examples."""

from typing import Any

from context_api.http.negotiation import JSON
from context_api.http.operation import Answer, Operation, RequestBody

_TIME = {"type": "string", "format": "date-time"}
_NUMBER = {"type": "number"}
RULE: dict[str, Any] = {
    "id": "pm25-stuck",
    "attribute": "pm25",
    "profile": "air-quality",
    "stuckValues": 30,
    "maxStep": 400,
    "minimum": 0,
    "maximum": 1000,
}
MAINTENANCE: dict[str, Any] = {"until": "2026-11-24T00:00:00Z", "reason": "new batteries", "raised": []}
_RULE: dict[str, Any] = {
    "id": {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,64}$"},
    "attribute": {"type": "string", "minLength": 1, "description": "a short name or an IRI"},
    "profile": {"type": "string", "description": "devices of this profile; absent: all"},
    "devices": {"type": "array", "items": {"type": "string"}, "description": "these devices only"},
    "stuckValues": {
        "type": "integer",
        "minimum": 2,
        "maximum": 1000,
        "description": "so many equal values after each other",
    },
    "stuckSeconds": {"type": "number", "exclusiveMinimum": 0, "description": "one value for so long"},
    "maxStep": {"type": "number", "exclusiveMinimum": 0, "description": "from one value to the next"},
    "minimum": _NUMBER,
    "maximum": _NUMBER,
    "share": {
        "type": "number",
        "minimum": 0,
        "exclusiveMaximum": 1,
        "description": "of the newest values, more than this out of range; absent: 0.5",
    },
    "window": {
        "type": "integer",
        "minimum": 2,
        "maximum": 1000,
        "description": "how many of the newest values are looked at; absent: 20",
    },
    "isActive": {"type": "boolean"},
}
HEALTH_SCHEMAS: dict[str, Any] = {
    "HealthRule": {
        "type": "object",
        "required": ["id", "attribute"],
        "additionalProperties": False,
        "properties": _RULE,
    },
    "HealthRuleList": {
        "type": "object",
        "required": ["rules"],
        "properties": {"rules": {"type": "array", "items": {"$ref": "#/components/schemas/HealthRule"}}},
    },
    "MaintenanceDraft": {
        "type": "object",
        "required": ["until"],
        "additionalProperties": False,
        "properties": {"until": _TIME, "reason": {"type": "string", "maxLength": 200}},
    },
    "Maintenance": {
        "type": "object",
        "required": ["raised"],
        "properties": {
            "until": {"type": ["string", "null"], "format": "date-time"},
            "reason": {"type": ["string", "null"]},
            "raised": {
                "type": "array",
                "items": {"type": "string"},
                "description": "silent, silent-together, bad-payload, rate-limited, rule:{id}",
            },
        },
    },
}
_JSON_ONLY = (JSON,)
_ERRORS = (400, 403, 404, 406)
_RULE_PATH = {"rule_id": "pm25-stuck"}
_DEVICE_PATH = {"device_id": "aq-001"}

LIST_RULES = Operation(
    id="listHealthRules",
    tag="Devices",
    summary="List health rules",
    answers={200: Answer(description="The rules", schema="HealthRuleList", example={"rules": [RULE]})},
    errors=_ERRORS,
)
PUT_RULE = Operation(
    id="putHealthRule",
    tag="Devices",
    summary="Make or replace a health rule",
    description="What cannot be true of an attribute: one value again and again, a jump, a range. A device "
    "whose newest values break it becomes faulty and an Alert is raised; both end when the values are well.",
    path_examples=_RULE_PATH,
    body=RequestBody(schema="HealthRule", example=RULE, media_types=_JSON_ONLY),
    answers={
        200: Answer(description="Replaced", schema="HealthRule", example=RULE),
        201: Answer(description="Made", schema="HealthRule", example=RULE),
    },
    errors=_ERRORS,
)
DELETE_RULE = Operation(
    id="deleteHealthRule",
    tag="Devices",
    summary="Delete a health rule",
    description="What it raised is cleared.",
    path_examples=_RULE_PATH,
    answers={204: Answer(description="Deleted")},
    errors=_ERRORS,
)
GET_MAINTENANCE = Operation(
    id="getMaintenance",
    tag="Devices",
    summary="Get the planned maintenance of a device, and what it has raised",
    path_examples=_DEVICE_PATH,
    answers={200: Answer(description="The plan", schema="Maintenance", example=MAINTENANCE)},
    errors=_ERRORS,
)
PUT_MAINTENANCE = Operation(
    id="putMaintenance",
    tag="Devices",
    summary="Plan maintenance of a device",
    description="Until then it raises no alarm and becomes neither silent nor faulty.",
    path_examples=_DEVICE_PATH,
    body=RequestBody(
        schema="MaintenanceDraft",
        example={"until": "2026-11-24T00:00:00Z", "reason": "new batteries"},
        media_types=_JSON_ONLY,
    ),
    answers={200: Answer(description="The plan", schema="Maintenance", example=MAINTENANCE)},
    errors=_ERRORS,
)
DELETE_MAINTENANCE = Operation(
    id="deleteMaintenance",
    tag="Devices",
    summary="End the maintenance of a device",
    path_examples=_DEVICE_PATH,
    answers={204: Answer(description="Ended")},
    errors=_ERRORS,
)
