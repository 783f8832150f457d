"""The schemas and examples of alarm rules."""

from typing import Any

from context_api.ngsild.alarm import MAX_FOR_S, MAX_NAME_CHARS, Category, Phase, Severity

RULE_DRAFT: dict[str, Any] = {
    "id": "pm25-high",
    "name": "PM2.5 注意",
    "type": "AirQualityObserved",
    "attribute": "pm25",
    "above": 35,
    "hysteresis": 5,
    "forSeconds": 600,
    "severity": "high",
    "message": "{{ name }}: {{ value | round(1) }} µg/m³ ({{ alertSource }})",
}
RULE: dict[str, Any] = RULE_DRAFT | {
    "above": 35.0,
    "hysteresis": 5.0,
    "forSeconds": 600.0,
    "category": "environment",
    "recoveryMessage": "{{ name }}: {{ attribute }} {{ value }}, 復旧 / recovered ({{ alertSource }})",
    "isActive": True,
    "createdAt": "2026-11-23T00:00:00Z",
    "modifiedAt": "2026-11-23T00:00:00Z",
}
STATE: dict[str, Any] = {
    "entity": "urn:ngsi-ld:AirQualityObserved:aq-001",
    "alert": "urn:ngsi-ld:Alert:pm25-high:urn:ngsi-ld:AirQualityObserved:aq-001",
    "state": "raised",
    "since": "2026-11-23T00:10:00Z",
    "value": 41.2,
    "at": "2026-11-23T00:12:00Z",
}
_TIME = {"type": "string", "format": "date-time"}
_DRAFT: dict[str, Any] = {
    "id": {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,64}$"},
    "name": {"type": "string", "minLength": 1, "maxLength": MAX_NAME_CHARS},
    "type": {"type": "string", "minLength": 1, "description": "of the entities: a short name or an IRI"},
    "attribute": {"type": "string", "minLength": 1, "description": "the number that is watched"},
    "above": {"type": "number", "description": "raised by values above this"},
    "below": {
        "type": "number",
        "description": "raised by values below this; with above: outside of the range",
    },
    "hysteresis": {"type": "number", "minimum": 0, "description": "over only when so far back inside"},
    "forSeconds": {
        "type": "number",
        "minimum": 0,
        "maximum": MAX_FOR_S,
        "description": "so long it has to hold before the alarm is raised",
    },
    "ids": {"type": "array", "items": {"type": "string"}, "description": "these entities only"},
    "idPattern": {"type": "string", "description": "entities whose ids match only"},
    "severity": {"type": "string", "enum": list(map(str, Severity))},
    "category": {"type": "string", "enum": list(map(str, Category))},
    "message": {"type": "string", "description": "the Alert's description, a template"},
    "recoveryMessage": {"type": "string", "description": "the same when it is over"},
    "isActive": {"type": "boolean"},
}
SCHEMAS: dict[str, Any] = {
    "AlarmRuleDraft": {
        "type": "object",
        "required": ["id", "name", "type", "attribute"],
        "additionalProperties": False,
        "properties": _DRAFT,
    },
    "AlarmRule": {
        "type": "object",
        "required": ["id", "name", "type", "attribute", "createdAt", "modifiedAt"],
        "properties": {**_DRAFT, "createdAt": _TIME, "modifiedAt": _TIME},
    },
    "AlarmRuleList": {
        "type": "object",
        "required": ["rules"],
        "properties": {
            "rules": {"type": "array", "items": {"$ref": "#/components/schemas/AlarmRule"}},
            "next": {"type": "string", "description": "give it as `after` for what follows"},
        },
    },
    "AlarmRuleSwitch": {
        "type": "object",
        "required": ["isActive"],
        "additionalProperties": False,
        "properties": {"isActive": {"type": "boolean"}},
    },
    "AlarmStateList": {
        "type": "object",
        "required": ["states"],
        "properties": {
            "states": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["entity", "alert", "state", "since", "at"],
                    "properties": {
                        "entity": {"type": "string"},
                        "alert": {"type": "string", "description": "the id of its Alert entity"},
                        "state": {"type": "string", "enum": list(map(str, Phase))},
                        "since": _TIME,
                        "value": {"type": "number"},
                        "at": _TIME,
                    },
                },
            },
            "next": {"type": "string", "description": "give it as `after` for what follows"},
        },
    },
}
