"""Component schemas and examples: accounts of people, as administrators see them."""

from typing import Any

_STRING = {"type": "string"}
_MAYBE_DATETIME = {"type": ["string", "null"], "format": "date-time"}
_NAME = {"type": "string", "pattern": "^[a-z0-9][a-z0-9._@+-]{0,127}$"}
_ROLE = {"enum": ["administrator", "staff", "operator", "partner"]}
_TENANTS = {
    "type": ["array", "null"],
    "items": _STRING,
    "maxItems": 200,
    "description": "Fewer than the organisation's; null: all of them",
}
_SHOWN = {"type": "string", "maxLength": 200, "description": "How people call them"}

ACCOUNT_SCHEMAS: dict[str, Any] = {
    "AccountDraft": {
        "type": "object",
        "required": ["name", "role"],
        "properties": {
            "name": {**_NAME, "description": "What they type in to log in; never changes"},
            "shown": _SHOWN,
            "organisation": {**_STRING, "default": "town"},
            "role": _ROLE,
            "tenants": _TENANTS,
        },
        "additionalProperties": False,
    },
    "AccountChange": {
        "type": "object",
        "minProperties": 1,
        "properties": {
            "shown": _SHOWN,
            "organisation": _STRING,
            "role": _ROLE,
            "tenants": _TENANTS,
            "disabled": {"type": "boolean", "description": "true: nobody logs in, and all sessions end"},
        },
        "additionalProperties": False,
    },
    "AccountReset": {
        "type": "object",
        "properties": {
            "app": {
                "type": "boolean",
                "default": False,
                "description": "Take the authenticator app away as well: the telephone is gone",
            }
        },
        "additionalProperties": False,
    },
    "Account": {
        "type": "object",
        "required": ["id", "name", "role", "organisation", "createdAt"],
        "properties": {
            "id": _STRING,
            "name": _NAME,
            "shown": _SHOWN,
            "organisation": _STRING,
            "role": _ROLE,
            "tenants": _TENANTS,
            "hasPassword": {"type": "boolean"},
            "mustChangePassword": {"type": "boolean"},
            "hasApp": {"type": "boolean", "description": "Whether an authenticator app is asked for"},
            "recoveryCodes": {"type": "integer", "description": "Not used yet"},
            "codeUntil": {**_MAYBE_DATETIME, "description": "A code that sets a password is good until then"},
            "createdAt": {"type": "string", "format": "date-time"},
            "createdBy": _STRING,
            "loggedInAt": _MAYBE_DATETIME,
            "disabledAt": _MAYBE_DATETIME,
        },
    },
    "AccountWithCode": {
        "allOf": [
            {"$ref": "#/components/schemas/Account"},
            {
                "type": "object",
                "required": ["code"],
                "properties": {"code": {**_STRING, "description": "Sets a password, once; shown this once"}},
            },
        ]
    },
    "AccountList": {
        "type": "object",
        "required": ["accounts"],
        "properties": {
            "accounts": {"type": "array", "items": {"$ref": "#/components/schemas/Account"}},
            "next": {"type": ["string", "null"], "description": "`after` of the next page"},
        },
    },
}

ACCOUNT_DRAFT = {"name": "hanako", "shown": "東村山 花子", "organisation": "town", "role": "staff"}
ACCOUNT_CHANGE = {"role": "operator", "tenants": ["default"]}
ACCOUNT_RESET = {"app": False}
ACCOUNT = {
    "id": "7",
    "name": "hanako",
    "shown": "東村山 花子",
    "organisation": "town",
    "role": "staff",
    "tenants": None,
    "hasPassword": True,
    "mustChangePassword": False,
    "hasApp": True,
    "recoveryCodes": 10,
    "codeUntil": None,
    "createdAt": "2026-11-23T00:00:00Z",
    "createdBy": "user:1",
    "loggedInAt": "2026-11-23T09:00:00Z",
    "disabledAt": None,
}
ACCOUNT_WITH_CODE = {**ACCOUNT, "hasPassword": False, "code": "k3f9-qa7x-2mvd-8hpe"}
