"""The OpenAPI document: made from the routes, completed with what they refer to."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from context_api.http.negotiation import JSON
from context_api.http.routes.deliveries_description import DELIVERY_SCHEMAS
from context_api.http.routes.device_imports_description import IMPORT_SCHEMAS
from context_api.http.routes.health_description import HEALTH_SCHEMAS
from context_api.http.routes.history_description import HISTORY_SCHEMAS
from context_api.http.routes.ingest_description import INGEST_SCHEMAS
from context_api.http.routes.quarantine_description import QUARANTINE_SCHEMAS
from context_api.http.routes.stream_description import STREAM_SCHEMAS
from context_api.http.routes.subscription_preview import PREVIEW_SCHEMAS
from context_api.http.routes.waiting_description import WAITING_SCHEMAS
from context_api.http.schemas import SCHEMAS
from context_api.http.schemas_accounts import ACCOUNT_SCHEMAS
from context_api.http.schemas_audit import AUDIT_SCHEMAS
from context_api.http.schemas_credentials import CREDENTIAL_SCHEMAS
from context_api.http.schemas_discovery import DISCOVERY_SCHEMAS
from context_api.http.schemas_grants import GRANT_SCHEMAS
from context_api.http.schemas_indexes import INDEX_SCHEMAS
from context_api.http.schemas_limits import LIMIT_SCHEMAS
from context_api.http.schemas_login import LOGIN_SCHEMAS
from context_api.http.schemas_open_data import OPEN_DATA_SCHEMAS
from context_api.http.schemas_organisations import ORGANISATION_SCHEMAS
from context_api.http.schemas_privacy import PRIVACY_SCHEMAS
from context_api.http.schemas_system import SYSTEM_SCHEMAS
from context_api.http.schemas_temporal import TEMPORAL_SCHEMAS

TITLE = "Machi"
DESCRIPTION = """The context of a town: sensors in, one shared and trusted picture out.

Everything under `/ngsi-ld/v1` follows ETSI GS CIM 009 (NGSI-LD); `/api/v1` is Machi's own, for devices and
operation. Send your key as `Authorization: Bearer <key>`. Times are UTC; errors follow RFC 9457."""

TAGS = [
    {"name": "Entities", "description": "What the town knows now"},
    {"name": "Batches", "description": "Many entities in one request"},
    {"name": "Types", "description": "Which kinds of entities there are"},
    {"name": "Temporal", "description": "What the town knew then"},
    {"name": "Alarms", "description": "Thresholds on attributes, raised as Alert entities"},
    {"name": "History", "description": "The past as tables, for people and spreadsheets"},
    {"name": "Subscriptions", "description": "Be told when something changes"},
    {"name": "Contexts", "description": "The vocabulary"},
    {"name": "Sources", "description": "Who else knows something"},
    {"name": "Devices", "description": "Sensors and their credentials"},
    {"name": "Access", "description": "Organisations, keys, invitations, grants, and who one is"},
    {"name": "Sessions", "description": "People who log in to the console"},
    {"name": "Accounts", "description": "Their accounts"},
    {"name": "Privacy", "description": "What must not be kept"},
    {"name": "Operation", "description": "Health, counters, what went wrong"},
]

_ERRORS = {
    400: "The request or its data is wrong; `detail` says what, `pointer` where",
    401: "No key, or one that is unknown or revoked",
    403: "The query is above a limit",
    404: "It does not exist",
    406: "No acceptable representation",
    408: "The body did not arrive in time",
    409: "It exists already, or contradicts what exists",
    411: "A body and its Content-Length are needed",
    412: "Somebody else changed it meanwhile; read it again",
    413: "The body is too large",
    415: "The body's media type is not read here",
    429: "More than this caller may send; try again after Retry-After seconds",
    422: "NGSI-LD has this, and this broker does not serve it yet",
    503: "Not possible at the moment; try again after Retry-After seconds",
    504: "A remote @context cannot be had",
}
_ERROR_EXAMPLE = {
    "type": "https://uri.etsi.org/ngsi-ld/errors/BadRequestData",
    "title": "The request's data is invalid",
    "status": 400,
    "detail": "The parameter limit is -1; it must be a whole number",
}
_PARAMETERS = {
    "NGSILD-Tenant": {
        "name": "NGSILD-Tenant",
        "in": "header",
        "required": False,
        "description": "The tenant; absent: the default tenant",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"},
    },
    "If-Match": {
        "name": "If-Match",
        "in": "header",
        "required": False,
        "description": "The ETag that the resource must still have; absent: any",
        "schema": {"type": "string"},
        "example": '"3"',
    },
    "Link": {
        "name": "Link",
        "in": "header",
        "required": False,
        "description": "The @context of the request; absent: the core @context",
        "schema": {"type": "string"},
        "example": "</ngsi-ld/v1/jsonldContexts/city>; "
        'rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"',
    },
}


def build_openapi(routes: Sequence[BaseRoute], version: str) -> dict[str, Any]:
    """Make the document."""
    document: dict[str, Any] = get_openapi(
        title=TITLE, version=version, description=DESCRIPTION, routes=routes, tags=TAGS
    )
    document["components"] = {
        "schemas": {
            **SCHEMAS,
            **CREDENTIAL_SCHEMAS,
            **DISCOVERY_SCHEMAS,
            **GRANT_SCHEMAS,
            **INDEX_SCHEMAS,
            **LOGIN_SCHEMAS,
            **ACCOUNT_SCHEMAS,
            **ORGANISATION_SCHEMAS,
            **PRIVACY_SCHEMAS,
            **OPEN_DATA_SCHEMAS,
            **SYSTEM_SCHEMAS,
            **DELIVERY_SCHEMAS,
            **PREVIEW_SCHEMAS,
            **HISTORY_SCHEMAS,
            **IMPORT_SCHEMAS,
            **STREAM_SCHEMAS,
            **INGEST_SCHEMAS,
            **QUARANTINE_SCHEMAS,
            **AUDIT_SCHEMAS,
            **LIMIT_SCHEMAS,
            **HEALTH_SCHEMAS,
            **WAITING_SCHEMAS,
            **TEMPORAL_SCHEMAS,
        },
        "parameters": _PARAMETERS,
        "responses": {HTTPStatus(status).name: _error(status, text) for status, text in _ERRORS.items()},
        "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
    }
    document["security"] = [{"key": []}]
    for path in document["paths"].values():
        for operation in path.values():
            _drop_defaults(operation)
    return document


def _error(status: int, text: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    content = {"schema": schema, "example": {**_ERROR_EXAMPLE, "status": status}}
    return {"description": text, "content": {JSON: content, "application/problem+json": content}}


def _drop_defaults(operation: dict[str, Any]) -> None:
    """Remove the empty schema that FastAPI gives an answer that has no body."""
    for response in operation["responses"].values():
        content = response.get("content", {})
        if content.get(JSON) == {"schema": {}}:
            del content[JSON]
        if not content:
            response.pop("content", None)
