"""Component schemas and examples: sessions of the console, one's own account."""

from typing import Any

_STRING = {"type": "string"}
_NAME = {"type": ["string", "null"]}
_DATETIME = {"type": "string", "format": "date-time"}
_PASSWORD = {"type": "string", "maxLength": 256}
_CODE = {"type": "string", "maxLength": 100}
_STATE = {
    "enum": ["none", "totp", "password", "enrol", "open"],
    "description": "`open`: logged in. Else what comes next: `totp`, a code of the app; `password`, a "
    "password of one's own; `enrol`, an authenticator app. `none`: nobody is logged in",
}

LOGIN_SCHEMAS: dict[str, Any] = {
    "LoginDraft": {
        "type": "object",
        "required": ["name", "password"],
        "properties": {"name": {**_STRING, "maxLength": 200}, "password": _PASSWORD},
        "additionalProperties": False,
    },
    "CodeDraft": {
        "type": "object",
        "required": ["code"],
        "properties": {"code": {**_CODE, "description": "Of the app, or a recovery code"}},
        "additionalProperties": False,
    },
    "PasswordDraft": {
        "type": "object",
        "required": ["new"],
        "properties": {
            "current": {**_PASSWORD, "description": "Needed where the state is `open`"},
            "new": {**_PASSWORD, "minLength": 12},
        },
        "additionalProperties": False,
    },
    "PasswordProof": {
        "type": "object",
        "properties": {"password": {**_PASSWORD, "description": "Needed where the state is `open`"}},
        "additionalProperties": False,
    },
    "ResetRedemption": {
        "type": "object",
        "required": ["name", "code", "password"],
        "properties": {
            "name": {**_STRING, "maxLength": 200},
            "code": _CODE,
            "password": {**_PASSWORD, "minLength": 12},
        },
        "additionalProperties": False,
    },
    "Session": {
        "type": "object",
        "required": ["state", "ways"],
        "properties": {
            "state": _STATE,
            "csrfToken": {**_STRING, "description": "To be sent as X-CSRF-Token with every change"},
            "name": {**_STRING, "description": "How the audit trail calls this person"},
            "shown": {**_STRING, "description": "How people call them"},
            "role": _STRING,
            "organisation": _STRING,
            "tenants": {
                "type": ["array", "null"],
                "items": _STRING,
                "description": "null: every tenant",
            },
            "provider": {**_NAME, "description": "Who vouches for them; null: a local account"},
            "idleS": {"type": "number", "description": "Seconds without a request after which it is over"},
            "endsAt": _DATETIME,
            "ways": {
                "type": "object",
                "required": ["password", "providers"],
                "properties": {
                    "password": {"type": "boolean"},
                    "providers": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["id", "name", "start"],
                            "properties": {"id": _STRING, "name": _STRING, "start": _STRING},
                        },
                    },
                },
                "description": "How one can log in",
            },
            "recoveryCodes": {"type": "array", "items": _STRING, "description": "Shown this once"},
        },
    },
    "SessionEnd": {
        "type": "object",
        "properties": {
            "providerLogout": {
                **_NAME,
                "description": "Where the browser goes to end the session at the provider, too",
            }
        },
    },
    "SessionList": {
        "type": "object",
        "required": ["sessions"],
        "properties": {
            "sessions": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["id", "current", "createdAt", "seenAt", "endsAt"],
                    "properties": {
                        "id": _STRING,
                        "current": {"type": "boolean"},
                        "state": _STATE,
                        "provider": _NAME,
                        "address": _STRING,
                        "browser": _STRING,
                        "createdAt": _DATETIME,
                        "seenAt": {**_DATETIME, "description": "To the minute"},
                        "endsAt": _DATETIME,
                    },
                },
            }
        },
    },
    "Enrolment": {
        "type": "object",
        "required": ["secret", "uri", "svg"],
        "properties": {
            "secret": {**_STRING, "description": "Base32, to be typed in"},
            "uri": {**_STRING, "description": "otpauth://totp/…, what the picture holds"},
            "svg": {**_STRING, "description": "The picture (QR code) for the app's camera"},
        },
    },
    "AuthenticatorApp": {
        "type": "object",
        "required": ["hasApp", "isRequired", "recoveryCodes"],
        "properties": {
            "hasApp": {"type": "boolean", "description": "Whether each login asks for a code of it"},
            "isRequired": {"type": "boolean", "description": "Whether this installation demands one of you"},
            "recoveryCodes": {"type": "integer", "description": "Not used yet"},
        },
    },
    "RecoveryCodes": {
        "type": "object",
        "required": ["recoveryCodes"],
        "properties": {"recoveryCodes": {"type": "array", "items": _STRING}},
    },
}

LOGIN_DRAFT = {"name": "hanako", "password": "a sentence of one's own"}
CODE_DRAFT = {"code": "492039"}
PASSWORD_DRAFT = {"current": "a sentence of one's own", "new": "another sentence of one's own"}
PASSWORD_PROOF = {"password": "a sentence of one's own"}
RESET_REDEMPTION = {
    "name": "hanako",
    "code": "k3f9-qa7x-2mvd-8hpe",
    "password": "a sentence of one's own",
}
WAYS = {
    "password": True,
    "providers": [
        {"id": "town", "name": "職員認証", "start": "/api/v1/session/oidc/start?provider=town"},
    ],
}
SESSION = {
    "state": "open",
    "csrfToken": "Zk8…",
    "name": "user:7",
    "shown": "東村山 花子",
    "role": "staff",
    "organisation": "town",
    "tenants": ["default"],
    "provider": None,
    "idleS": 3600,
    "endsAt": "2026-11-23T21:00:00Z",
    "ways": WAYS,
}
SESSION_END = {"providerLogout": None}
SESSION_LIST = {
    "sessions": [
        {
            "id": "12",
            "current": True,
            "state": "open",
            "provider": None,
            "address": "203.0.113.7",
            "browser": "Mozilla/5.0 …",
            "createdAt": "2026-11-23T09:00:00Z",
            "seenAt": "2026-11-23T10:12:00Z",
            "endsAt": "2026-11-23T21:00:00Z",
        }
    ]
}
ENROLMENT = {"secret": "JBSWY3DPEHPK3PXP…", "uri": "otpauth://totp/Machi:hanako?secret=…", "svg": "<svg …/>"}
APP = {"hasApp": True, "isRequired": True, "recoveryCodes": 9}
RECOVERY_CODES = {"recoveryCodes": ["k3f9-qa7x-2mvd-8hpe", "…"]}
