"""Component schemas and examples: organisations, keys, invitations, tenants, who one is."""

from typing import Any

_TEXT = {"type": "string", "maxLength": 200}
_MAYBE = {"type": ["string", "null"]}
_TIME = {"type": "string", "format": "date-time"}
_MAYBE_TIME = {"type": ["string", "null"], "format": "date-time"}
_ROLE = {"enum": ["administrator", "staff", "operator", "partner", "service"]}
_KIND = {"enum": ["town", "operator", "partner", "public"]}
_TENANTS = {"type": "array", "items": {"type": "string"}, "maxItems": 1000}
_OPENED = {
    "type": ["array", "null"],
    "items": {"type": "string"},
    "description": "null: every tenant, those to come as well",
}
_DAYS = {"type": "integer", "minimum": 1, "maximum": 36500}
_NAME = {"type": "string", "pattern": "^[a-z0-9](-?[a-z0-9]){0,62}$"}
_TEXTS: dict[str, Any] = {"nameJa": _TEXT, "nameEn": _TEXT, "contact": _TEXT}
_KEY: dict[str, Any] = {
    "prefix": {"type": "string", "description": "The part that is no secret, and names the key"},
    "shown": {"type": "string"},
    "organisation": {"type": "string"},
    "role": _ROLE,
    "tenants": _OPENED,
    "label": {"type": "string"},
    "state": {"enum": ["valid", "rotated", "expired", "revoked", "disabled"]},
    "createdAt": _TIME,
    "createdBy": {"type": "string"},
    "expiresAt": {**_MAYBE_TIME, "description": "null: never"},
    "lastUsedAt": {**_MAYBE_TIME, "description": "To the minute"},
    "revokedAt": _MAYBE_TIME,
    "successor": {**_MAYBE, "description": "The prefix of the key that took its place"},
}
_INVITATION: dict[str, Any] = {
    "prefix": {"type": "string"},
    "organisation": {"type": "string"},
    "role": _ROLE,
    "tenants": {**_OPENED, "description": "What the key is narrowed to; null: all of its organisation's"},
    "label": {"type": "string"},
    "keyDays": {"type": ["integer", "null"]},
    "state": {"enum": ["open", "accepted", "revoked", "expired"]},
    "createdAt": _TIME,
    "createdBy": {"type": "string"},
    "expiresAt": _TIME,
    "acceptedAt": _MAYBE_TIME,
    "key": {**_MAYBE, "description": "The prefix of the key it was exchanged for"},
}


def _object(properties: dict[str, Any], *required: str, is_open: bool = True) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "object", "required": list(required), "properties": properties}
    return made if is_open else {**made, "additionalProperties": False}


def _draft(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return _object(properties, *required, is_open=False)


def _list(name: str, member: str) -> dict[str, Any]:
    items = {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}
    return _object({member: items}, member)


ORGANISATION_SCHEMAS: dict[str, Any] = {
    "Organisation": _object(
        {
            "name": _NAME,
            "number": {
                "type": "integer",
                "description": "By which limits and the audit trail name it",
            },
            **_TEXTS,
            "kind": _KIND,
            "tenants": _OPENED,
            "keys": {"type": "integer", "description": "Its valid keys"},
            "createdAt": _TIME,
            "createdBy": {"type": "string"},
            "modifiedAt": _TIME,
            "disabledAt": _MAYBE_TIME,
        },
        "name",
        "kind",
    ),
    "OrganisationDraft": _draft(
        {"name": _NAME, "kind": {"enum": ["town", "operator", "partner"]}, **_TEXTS, "tenants": _TENANTS},
        "name",
        "kind",
    ),
    "OrganisationChange": _draft({**_TEXTS, "tenants": _TENANTS, "disabled": {"type": "boolean"}}),
    "OrganisationList": _list("Organisation", "organisations"),
    "ApiKey": _object(_KEY, "prefix", "organisation", "role", "state"),
    "NewApiKey": _object(
        {**_KEY, "key": {"type": "string", "description": "The key: it is shown this once"}}, "key", "prefix"
    ),
    "ApiKeyList": _list("ApiKey", "keys"),
    "ApiKeyDraft": _draft(
        {
            "role": _ROLE,
            "organisation": {**_TEXT, "description": "Absent: your own"},
            "tenants": {**_TENANTS, "description": "Absent: all that you may give of its organisation's"},
            "label": _TEXT,
            "expiresAt": _TIME,
            "days": {**_DAYS, "description": "In the place of expiresAt"},
        },
        "role",
    ),
    "ApiKeyRotation": _draft(
        {
            "overlapHours": {
                "type": "number",
                "minimum": 0,
                "maximum": 720,
                "default": 24,
                "description": "For how long the old key opens what it did",
            },
            "expiresAt": _TIME,
            "days": _DAYS,
        }
    ),
    "Invitation": _object(_INVITATION, "prefix", "organisation", "role", "state", "expiresAt"),
    "NewInvitation": _object(
        {**_INVITATION, "code": {"type": "string", "description": "It is shown this once"}}, "code", "prefix"
    ),
    "InvitationList": _list("Invitation", "invitations"),
    "InvitationDraft": _draft(
        {
            "role": {**_ROLE, "description": "Absent: operator for operators, else partner"},
            "tenants": _TENANTS,
            "label": _TEXT,
            "hours": {"type": "number", "exclusiveMinimum": 0, "maximum": 720, "default": 72},
            "keyDays": _DAYS,
        }
    ),
    "InvitationAcceptance": _draft({"code": _TEXT, "label": _TEXT}, "code"),
    "Me": _object(
        {
            "name": {"type": "string", "description": "How the audit trail calls you"},
            "role": {"type": "string"},
            "organisation": {
                "type": ["object", "null"],
                "properties": {"name": _NAME, "nameJa": _TEXT, "nameEn": _TEXT, "kind": _KIND},
            },
            "tenants": _OPENED,
            "key": {"anyOf": [{"$ref": "#/components/schemas/ApiKey"}, {"type": "null"}]},
            "permissions": {"type": "array", "items": {"type": "string"}},
        },
        "name",
        "role",
        "organisation",
        "tenants",
        "permissions",
    ),
    "Tenant": _object({"name": {"type": "string"}, "createdAt": _TIME}, "name"),
    "TenantDraft": _draft(
        {"name": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"}}, "name"
    ),
    "TenantList": _list("Tenant", "tenants"),
}

ORGANISATION_DRAFT: dict[str, Any] = {
    "name": "kitayama-sensors",
    "kind": "operator",
    "nameJa": "北山センサー",
    "nameEn": "Kitayama Sensors",
    "contact": "ops@kitayama.example",
    "tenants": ["default"],
}
ORGANISATION: dict[str, Any] = {
    **ORGANISATION_DRAFT,
    "number": 3,
    "keys": 2,
    "createdAt": "2026-11-23T00:00:00Z",
    "createdBy": "key:jq3xk2ab",
    "modifiedAt": "2026-11-23T00:00:00Z",
    "disabledAt": None,
}
ORGANISATION_CHANGE = {"contact": "desk@kitayama.example"}
KEY_DRAFT = {"role": "operator", "organisation": "kitayama-sensors", "label": "site 3", "days": 180}
KEY: dict[str, Any] = {
    "prefix": "abcdefgh",
    "shown": "machi_abcdefgh_…",
    "organisation": "kitayama-sensors",
    "role": "operator",
    "tenants": ["default"],
    "label": "site 3",
    "state": "valid",
    "createdAt": "2026-11-23T00:00:00Z",
    "createdBy": "key:jq3xk2ab",
    "expiresAt": "2027-05-22T00:00:00Z",
    "lastUsedAt": None,
    "revokedAt": None,
    "successor": None,
}
NEW_KEY = {**KEY, "key": "machi_abcdefgh_…"}
ROTATION = {"overlapHours": 24}
INVITATION_DRAFT = {"label": "first key", "hours": 72}
INVITATION: dict[str, Any] = {
    "prefix": "bcdefghi",
    "organisation": "kitayama-sensors",
    "role": "operator",
    "tenants": None,
    "label": "first key",
    "keyDays": None,
    "state": "open",
    "createdAt": "2026-11-23T00:00:00Z",
    "createdBy": "key:jq3xk2ab",
    "expiresAt": "2026-11-26T00:00:00Z",
    "acceptedAt": None,
    "key": None,
}
NEW_INVITATION = {**INVITATION, "code": "machi_invite_bcdefghi_…"}
ACCEPTANCE = {"code": "machi_invite_bcdefghi_…", "label": "our gateway"}
ME: dict[str, Any] = {
    "name": "key:abcdefgh",
    "role": "operator",
    "organisation": {
        "name": "kitayama-sensors",
        "nameJa": "北山センサー",
        "nameEn": "Kitayama Sensors",
        "kind": "operator",
    },
    "tenants": ["default"],
    "key": KEY,
    "permissions": ["devices:read", "devices:write", "entities:read", "identity"],
}
TENANT = {"name": "default", "createdAt": "2026-11-23T00:00:00Z"}
