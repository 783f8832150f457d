"""Component schemas and examples: secrets and certificates of devices, and what a broker asks (EMQX)."""

from typing import Any

_STRING = {"type": "string"}
_NAME = {"type": ["string", "null"]}
_DATETIME = {"type": "string", "format": "date-time"}
_MAYBE_DATETIME = {"type": ["string", "null"], "format": "date-time"}

CREDENTIAL_SCHEMAS: dict[str, Any] = {
    "CredentialDraft": {
        "type": "object",
        "properties": {
            "label": {**_STRING, "minLength": 1, "maxLength": 100, "description": "For people"},
            "overlapS": {
                "type": "number",
                "minimum": 0,
                "maximum": 31_622_400,
                "description": "The device's other secrets end after so many seconds; absent: when revoked",
            },
        },
        "additionalProperties": False,
    },
    "Credential": {
        "type": "object",
        "required": ["id", "username", "createdAt"],
        "properties": {
            "id": _STRING,
            "username": _STRING,
            "prefix": {**_NAME, "description": "The first characters of the password"},
            "label": _NAME,
            "createdAt": _DATETIME,
            "expiresAt": {**_MAYBE_DATETIME, "description": "null: when it is revoked"},
            "lastUsedAt": {
                **_MAYBE_DATETIME,
                "description": "To the minute, where Machi itself checked it; Mosquitto tells nobody",
            },
        },
    },
    "IssuedCredential": {
        "allOf": [
            {"$ref": "#/components/schemas/Credential"},
            {
                "type": "object",
                "required": ["password", "active"],
                "properties": {
                    "password": {**_STRING, "description": "Shown this once"},
                    "active": {"type": "boolean", "description": "Whether the broker knows it already"},
                    "url": _STRING,
                },
            },
        ]
    },
    "CredentialList": {
        "type": "object",
        "required": ["credentials"],
        "properties": {
            "credentials": {"type": "array", "items": {"$ref": "#/components/schemas/Credential"}}
        },
    },
    "CertificateDraft": {
        "type": "object",
        "required": ["csr"],
        "properties": {
            "csr": {
                **_STRING,
                "maxLength": 16_384,
                "description": "A signing request (PKCS #10, PEM). Only its public key counts; the name in "
                "the certificate is the device's",
            },
            "days": {"type": "integer", "minimum": 1, "maximum": 3_650, "default": 730},
            "label": {**_STRING, "minLength": 1, "maxLength": 100},
        },
        "additionalProperties": False,
    },
    "Certificate": {
        "type": "object",
        "required": ["serial", "username", "fingerprint", "notBefore", "notAfter", "createdAt"],
        "properties": {
            "serial": {**_STRING, "description": "Hexadecimal"},
            "username": {**_STRING, "description": "Its common name"},
            "fingerprint": {**_STRING, "description": "SHA-256, hexadecimal"},
            "label": _NAME,
            "notBefore": _DATETIME,
            "notAfter": _DATETIME,
            "createdAt": _DATETIME,
        },
    },
    "IssuedCertificate": {
        "allOf": [
            {"$ref": "#/components/schemas/Certificate"},
            {
                "type": "object",
                "required": ["certificate", "authority"],
                "properties": {
                    "certificate": {**_STRING, "description": "PEM"},
                    "authority": {**_STRING, "description": "PEM: whom the device has to trust"},
                },
            },
        ]
    },
    "CertificateList": {
        "type": "object",
        "required": ["certificates"],
        "properties": {
            "certificates": {"type": "array", "items": {"$ref": "#/components/schemas/Certificate"}}
        },
    },
    "Authority": {
        "type": "object",
        "required": ["certificate", "fingerprint", "notAfter"],
        "properties": {"certificate": _STRING, "fingerprint": _STRING, "notAfter": _DATETIME},
    },
    "BrokerLogin": {
        "type": "object",
        "required": ["username"],
        "properties": {
            "clientid": _STRING,
            "username": _STRING,
            "password": _STRING,
            "peerhost": _STRING,
            "cert_common_name": _STRING,
            "cert_pem": _STRING,
        },
    },
    "BrokerAnswer": {
        "type": "object",
        "required": ["result"],
        "properties": {
            "result": {"enum": ["allow", "deny"]},
            "is_superuser": {"const": False},
            "expire_at": {"type": "integer", "description": "Seconds since 1970"},
            "acl": {"type": "array", "items": {"type": "object"}},
        },
    },
    "BrokerQuestion": {
        "type": "object",
        "required": ["username", "action", "topic"],
        "properties": {
            "clientid": _STRING,
            "username": _STRING,
            "action": {"enum": ["publish", "subscribe"]},
            "topic": _STRING,
            "qos": {},
            "retain": {},
            "peerhost": _STRING,
        },
    },
}

CREDENTIAL_DRAFT = {"label": "new firmware", "overlapS": 604_800}
CREDENTIAL = {
    "id": "42",
    "username": "v1/default/aq-001",
    "prefix": "k3f9qa",
    "label": "new firmware",
    "createdAt": "2026-11-23T00:00:00Z",
    "expiresAt": "2026-12-01T00:00:00Z",
    "lastUsedAt": "2026-11-23T08:15:00Z",
}
ISSUED_CREDENTIAL = {
    **CREDENTIAL,
    "password": "k3f9qa…",
    "active": True,
    "url": "mqtts://machi.example.jp:8883",
}
CERTIFICATE_DRAFT = {
    "csr": "-----BEGIN CERTIFICATE REQUEST-----\n…\n-----END CERTIFICATE REQUEST-----\n",
    "days": 730,
    "label": "station 7",
}
CERTIFICATE = {
    "serial": "5b0c2f7a9d3e41c8",
    "username": "default/aq-001",
    "fingerprint": "9f2c…",
    "label": "station 7",
    "notBefore": "2026-11-22T23:00:00Z",
    "notAfter": "2028-11-22T00:00:00Z",
    "createdAt": "2026-11-23T00:00:00Z",
}
_PEM = "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n"
ISSUED_CERTIFICATE = {**CERTIFICATE, "certificate": _PEM, "authority": _PEM}
AUTHORITY = {"certificate": _PEM, "fingerprint": "1c44…", "notAfter": "2046-11-18T00:00:00Z"}
BROKER_LOGIN = {
    "clientid": "default/aq-001",
    "username": "default/aq-001",
    "password": "k3f9qa…",
    "peerhost": "203.0.113.7",
}
BROKER_ANSWER = {
    "result": "allow",
    "is_superuser": False,
    "acl": [
        {"permission": "allow", "action": "publish", "topic": "machi/v1/default/aq-001/up"},
        {"permission": "deny", "action": "all", "topic": "#"},
    ],
}
BROKER_QUESTION = {
    "clientid": "default/aq-001",
    "username": "default/aq-001",
    "action": "publish",
    "topic": "machi/v1/default/aq-002/up",
}
