"""Component schemas and examples: types, attributes, @contexts, registrations, identity."""

from typing import Any

_STRING = {"type": "string"}
_URI = {"type": "string", "format": "uri"}
_DATETIME = {"type": "string", "format": "date-time"}
_COUNT = {"type": "integer", "minimum": 0}
_STRINGS = {"type": "array", "items": _STRING}
_NAMES = {"type": "array", "minItems": 1, "items": _STRING}


def _object(required: list[str], /, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties}


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _array_of(name: str) -> dict[str, Any]:
    return {"type": "array", "items": _reference(name)}


_INTERVAL = _object(["startAt"], startAt=_DATETIME, endAt=_DATETIME)
_PAIR = _object(["key", "value"], key=_STRING, value=_STRING)
_REGISTRATION = {
    "id": _URI,
    "type": {"const": "ContextSourceRegistration"},
    "registrationName": _STRING,
    "description": _STRING,
    "information": {
        "type": "array",
        "minItems": 1,
        "items": _object(
            [],
            entities={
                "type": "array",
                "minItems": 1,
                "items": _object(
                    ["type"],
                    type={"oneOf": [_STRING, {"type": "array", "items": _STRING, "minItems": 1}]},
                    id=_URI,
                    idPattern=_STRING,
                ),
            },
            propertyNames=_NAMES,
            relationshipNames=_NAMES,
        ),
    },
    "endpoint": _URI,
    "mode": {"enum": ["inclusive", "exclusive", "redirect", "auxiliary"]},
    "operations": _NAMES,
    "expiresAt": _DATETIME,
    "observationInterval": _INTERVAL,
    "managementInterval": _INTERVAL,
    "tenant": _STRING,
    "contextSourceAlias": _STRING,
    "contextSourceInfo": {"type": "array", "minItems": 1, "items": _PAIR},
}

DISCOVERY_SCHEMAS: dict[str, Any] = {
    "EntityTypes": {"anyOf": [_reference("EntityTypeList"), _array_of("EntityType")]},
    "EntityType": _object(
        ["id", "type", "typeName", "attributeNames"],
        id=_URI,
        type={"const": "EntityType"},
        typeName=_STRING,
        attributeNames=_STRINGS,
    ),
    "EntityTypeInfo": _object(
        ["id", "type", "typeName", "entityCount", "attributeDetails"],
        id=_URI,
        type={"const": "EntityTypeInfo"},
        typeName=_STRING,
        entityCount=_COUNT,
        attributeDetails={
            "type": "array",
            "items": _object(
                ["id", "type", "attributeName", "attributeTypes"],
                id=_URI,
                type={"const": "Attribute"},
                attributeName=_STRING,
                attributeTypes=_STRINGS,
            ),
        },
    ),
    "Attributes": {"anyOf": [_reference("AttributeList"), _array_of("AttributeTypes")]},
    "AttributeList": _object(
        ["id", "type", "attributeList"],
        id=_URI,
        type={"const": "AttributeList"},
        attributeList=_STRINGS,
    ),
    "AttributeTypes": _object(
        ["id", "type", "attributeName", "typeNames"],
        id=_URI,
        type={"const": "Attribute"},
        attributeName=_STRING,
        typeNames=_STRINGS,
    ),
    "AttributeInfo": _object(
        ["id", "type", "attributeName", "attributeCount", "attributeTypes", "typeNames"],
        id=_URI,
        type={"const": "Attribute"},
        attributeName=_STRING,
        attributeCount=_COUNT,
        attributeTypes=_STRINGS,
        typeNames=_STRINGS,
    ),
    "ContextInfo": _object(
        ["URL", "localId", "kind", "createdAt"],
        URL=_STRING,
        localId=_STRING,
        kind={"enum": ["Cached", "Hosted", "ImplicitlyCreated"]},
        createdAt=_DATETIME,
        lastUsage=_DATETIME,
        expiresAt=_DATETIME,
    ),
    "ContextList": {"anyOf": [_STRINGS, _array_of("ContextInfo")]},
    "ContextOrInfo": {"anyOf": [_reference("ContextDocument"), _reference("ContextInfo")]},
    "RegistrationDraft": _object(["type", "information", "endpoint"], **_REGISTRATION),
    "RegistrationFragment": {"type": "object", "minProperties": 1},
    "Registration": _object(["id", "type", "information", "endpoint"], **_REGISTRATION),
    "RegistrationList": _array_of("Registration"),
    "ContextSourceIdentity": _object(
        ["id", "type", "contextSourceAlias", "contextSourceUptime", "contextSourceTimeAt"],
        id=_URI,
        type={"const": "ContextSourceIdentity"},
        contextSourceAlias=_STRING,
        contextSourceUptime=_STRING,
        contextSourceTimeAt=_DATETIME,
    ),
}

_VOCABULARY = "https://uri.etsi.org/ngsi-ld/default-context/"
TYPE_LIST = {
    "id": "urn:ngsi-ld:EntityTypeList:a1",
    "type": "EntityTypeList",
    "typeList": ["AirQualityObserved", "WeatherObserved"],
}
TYPE_INFO = {
    "id": f"{_VOCABULARY}AirQualityObserved",
    "type": "EntityTypeInfo",
    "typeName": "AirQualityObserved",
    "entityCount": 12,
    "attributeDetails": [
        {
            "id": f"{_VOCABULARY}pm25",
            "type": "Attribute",
            "attributeName": "pm25",
            "attributeTypes": ["Property"],
        }
    ],
}
ATTRIBUTE_LIST = {
    "id": "urn:ngsi-ld:AttributeList:a1",
    "type": "AttributeList",
    "attributeList": ["location", "pm25"],
}
ATTRIBUTE_INFO = {
    "id": f"{_VOCABULARY}pm25",
    "type": "Attribute",
    "attributeName": "pm25",
    "attributeCount": 12,
    "attributeTypes": ["Property"],
    "typeNames": ["AirQualityObserved"],
}
CONTEXT_ID = "0d4fbc0e-6c1c-4d0a-9d0b-1f2f6a1b2c3d"
CONTEXT_INFO = {
    "URL": f"https://machi.example/ngsi-ld/v1/jsonldContexts/{CONTEXT_ID}",
    "localId": CONTEXT_ID,
    "kind": "Hosted",
    "createdAt": "2026-11-23T00:00:00Z",
}
REGISTRATION_ID = "urn:ngsi-ld:ContextSourceRegistration:neighbour"
REGISTRATION = {
    "id": REGISTRATION_ID,
    "type": "ContextSourceRegistration",
    "information": [
        {"entities": [{"type": "AirQualityObserved"}], "propertyNames": ["pm25"]},
    ],
    "endpoint": "https://neighbour.example",
    "mode": "inclusive",
    "operations": ["retrieveOps"],
}
IDENTITY = {
    "id": "urn:ngsi-ld:ContextSourceIdentity:machi-3f2a9c0d1e4b5a67",
    "type": "ContextSourceIdentity",
    "contextSourceAlias": "machi-3f2a9c0d1e4b5a67",
    "contextSourceUptime": "PT3600S",
    "contextSourceTimeAt": "2026-11-23T00:00:00Z",
}
