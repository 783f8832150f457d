"""Component schemas and examples of the OpenAPI document."""

from typing import Any

from context_api.http.problem_codes import ProblemCode
from context_api.http.schemas_alarms import SCHEMAS as ALARM_SCHEMAS
from context_api.http.schemas_devices import DEVICE_SCHEMAS
from context_api.http.schemas_profiles import PROFILE_SCHEMAS
from context_api.http.schemas_retention import RETENTION_SCHEMAS
from context_api.http.schemas_subscriptions import SUBSCRIPTION_SCHEMAS

_STRING = {"type": "string"}
_URI = {"type": "string", "format": "uri"}
_DATETIME = {"type": "string", "format": "date-time"}
_COUNT = {"type": "integer", "minimum": 0}
_POINT = {
    "type": "object",
    "required": ["type", "coordinates"],
    "properties": {
        "type": {"const": "Point"},
        "coordinates": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 3},
    },
}


def _object(required: list[str], /, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties}


def _array_of(name: str) -> dict[str, Any]:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}


_ENTITY_TYPE = {"oneOf": [_STRING, {"type": "array", "items": _STRING, "minItems": 1}]}
_TEXTS = {"oneOf": [_STRING, {"type": "array", "items": _STRING, "minItems": 1}]}

SCHEMAS: dict[str, Any] = {
    "Problem": _object(
        ["type", "title", "status", "detail"],
        type=_STRING,
        title=_STRING,
        status={"type": "integer"},
        detail=_STRING,
        pointer={"type": "string", "description": "JSON pointer into the document that was sent"},
        code={
            "type": "string",
            "enum": [code.value for code in ProblemCode],
            "description": "Which of the well known troubles it is; most have none, and more may come",
        },
    ),
    "Entity": _object(["id", "type"], id=_URI, type=_ENTITY_TYPE),
    "EntityFragment": {"type": "object", "minProperties": 1},
    "EntityList": {
        "oneOf": [
            {"type": "array", "items": {"type": "object"}},
            _object(["type", "features"], type={"const": "FeatureCollection"}, features={"type": "array"}),
        ]
    },
    "EntityOrList": {
        "description": "With pick and omit, an entity may come without its id or type",
        "oneOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}],
    },
    "Query": _object(
        ["type"],
        type={"const": "Query"},
        entities={
            "type": "array",
            "minItems": 1,
            "items": _object(["type"], type=_STRING, id=_TEXTS, idPattern=_STRING),
        },
        attrs=_TEXTS,
        pick=_TEXTS,
        omit=_TEXTS,
        q=_STRING,
        expandValues=_TEXTS,
        geoQ=_object(
            ["georel", "geometry", "coordinates"],
            georel=_STRING,
            geometry=_STRING,
            coordinates={"type": "array"},
            geoproperty=_STRING,
        ),
        scopeQ=_STRING,
        csf=_STRING,
        lang=_STRING,
        datasetId=_TEXTS,
        join={"enum": ["inline", "flat", "@none"]},
        joinLevel={"type": "integer", "minimum": 1},
        containedBy=_TEXTS,
        geometryProperty=_STRING,
        splitEntities={"type": "boolean"},
        ordering=_object(
            ["orderBy"],
            orderBy=_TEXTS,
            coordinates={"type": "array"},
            geometry=_STRING,
            collation=_STRING,
        ),
    ),
    "EntityBatch": {**_array_of("Entity"), "minItems": 1},
    "FragmentBatch": {"type": "array", "items": _object(["id"], id=_URI), "minItems": 1},
    "IdBatch": {"type": "array", "items": _URI, "minItems": 1},
    "IdList": {"type": "array", "items": _URI},
    "AttributeFragment": {"type": "object", "minProperties": 1},
    "BatchOperationResult": _object(
        ["success", "errors"],
        success={"type": "array", "items": _STRING},
        errors={
            "type": "array",
            "items": _object(
                ["entityId", "error"],
                entityId={"type": "string", "description": "As sent; empty where none was"},
                registrationId={**_URI, "description": "Of the context source that has it for itself"},
                error={"$ref": "#/components/schemas/Problem"},
            ),
        },
    ),
    "EntityTemporal": _object(["id", "type"], id=_URI, type=_ENTITY_TYPE),
    "EntityTypeList": _object(
        ["id", "type", "typeList"],
        id=_URI,
        type={"const": "EntityTypeList"},
        typeList={"type": "array", "items": _STRING},
    ),
    "UpdateResult": _object(
        ["updated", "notUpdated"],
        updated={"type": "array", "items": _STRING},
        notUpdated={
            "type": "array",
            "items": _object(
                ["attributeName", "reason"], attributeName=_STRING, reason=_STRING, registrationId=_URI
            ),
        },
    ),
    **PROFILE_SCHEMAS,
    **RETENTION_SCHEMAS,
    **ALARM_SCHEMAS,
    **DEVICE_SCHEMAS,
    **SUBSCRIPTION_SCHEMAS,
    "ContextDocument": _object(["@context"], **{"@context": {}}),
    "Health": _object(["status"], status={"const": "ok"}),
    "Readiness": _object(
        ["ready", "reasons"],
        ready={"type": "boolean"},
        reasons={"type": "array", "items": _STRING},
        processes={"type": "array", "items": {"type": "object"}},
    ),
    "Metrics": _STRING,
    "Page": _STRING,
    "OpenApi": {"type": "object"},
}

ENTITY_ID = "urn:ngsi-ld:AirQualityObserved:aq-001"
ENTITY = {
    "id": ENTITY_ID,
    "type": "AirQualityObserved",
    "pm25": {
        "type": "Property",
        "value": 12.3,
        "unitCode": "GQ",
        "observedAt": "2026-11-23T00:00:00Z",
    },
    "location": {
        "type": "GeoProperty",
        "value": {"type": "Point", "coordinates": [139.4657, 35.7598]},
    },
}
FRAGMENT = {
    "pm25": {"type": "Property", "value": 11.8, "unitCode": "GQ", "observedAt": "2026-11-23T00:01:00Z"}
}
TEMPORAL = {
    "id": ENTITY_ID,
    "type": "AirQualityObserved",
    "pm25": {"type": "Property", "values": [[12.3, "2026-11-23T00:00:00Z"], [11.8, "2026-11-23T00:01:00Z"]]},
}
CONTEXT = {"@context": {"pm25": "https://smartdatamodels.org/dataModel.Environment/pm25"}}
