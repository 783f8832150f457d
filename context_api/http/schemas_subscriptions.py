"""Component schemas and examples: subscriptions (clauses 5.2.12 to 5.2.15)."""

from typing import Any

from context_api.ngsild.subscription_endpoint import ACCEPTED, MASK
from context_api.ngsild.subscription_members import TRIGGERS

_STRING = {"type": "string"}
_FLAG = {"type": "boolean"}
_URI = {"type": "string", "format": "uri"}
_DATETIME = {"type": "string", "format": "date-time"}
_NAMES = {"type": "array", "minItems": 1, "items": _STRING}
_ABOVE_ZERO = {"type": "number", "exclusiveMinimum": 0}


def _object(required: list[str], /, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties}


_PAIRS = {"type": "array", "minItems": 1, "items": _object(["key", "value"], key=_STRING, value=_STRING)}
_SELECTOR = _object(
    ["type"], type=_STRING, id={"anyOf": [_URI, {"type": "array", "items": _URI}]}, idPattern=_STRING
)
_ENDPOINT = _object(
    ["uri"],
    uri=_URI,
    accept={"enum": list(ACCEPTED)},
    receiverInfo=_PAIRS,
    notifierInfo=_PAIRS,
    timeout={**_ABOVE_ZERO, "description": "ms"},
    cooldown={**_ABOVE_ZERO, "description": "ms"},
    secrets={
        "type": "array",
        "minItems": 1,
        "maxItems": 2,
        "items": _STRING,
        "description": f"To sign with, the newest first; served as {MASK}",
    },
)
_GIVEN = {
    "id": _URI,
    "type": {"const": "Subscription"},
    "subscriptionName": _STRING,
    "description": _STRING,
    "entities": {"type": "array", "minItems": 1, "items": _SELECTOR},
    "watchedAttributes": _NAMES,
    "notificationTrigger": {"type": "array", "minItems": 1, "items": {"enum": list(TRIGGERS)}},
    "q": _STRING,
    "expandValues": {"anyOf": [_STRING, _NAMES]},
    "geoQ": _object(
        ["georel", "geometry", "coordinates"],
        georel=_STRING,
        geometry=_STRING,
        coordinates={},
        geoproperty=_STRING,
    ),
    "scopeQ": _STRING,
    "timeInterval": {**_ABOVE_ZERO, "description": "s"},
    "throttling": {**_ABOVE_ZERO, "description": "s"},
    "isActive": _FLAG,
    "expiresAt": _DATETIME,
    "jsonldContext": _URI,
    "lang": _STRING,
    "datasetId": _NAMES,
    "ngsildConformance": _STRING,
    "jsonKeys": {"anyOf": [_STRING, _NAMES]},
    "csf": _STRING,
    "localOnly": _FLAG,
    "splitEntities": _FLAG,
    "notification": _object(
        ["endpoint"],
        attributes=_NAMES,
        pick=_NAMES,
        omit=_NAMES,
        format={"enum": ["normalized", "concise", "keyValues", "simplified"]},
        sysAttrs=_FLAG,
        showChanges=_FLAG,
        join={"enum": ["flat", "inline", "@none"]},
        joinLevel={"type": "integer", "minimum": 1},
        endpoint=_ENDPOINT,
    ),
}

SUBSCRIPTION_ID = "urn:ngsi-ld:Subscription:pm25"
SUBSCRIPTION = {
    "id": SUBSCRIPTION_ID,
    "type": "Subscription",
    "entities": [{"type": "AirQualityObserved"}],
    "watchedAttributes": ["pm25"],
    "q": "pm25>35",
    "notification": {
        "attributes": ["pm25"],
        "format": "keyValues",
        "endpoint": {"uri": "https://partner.example/notify", "accept": "application/json"},
    },
}
MQTT_SUBSCRIPTION = {
    "type": "Subscription",
    "entities": [{"type": "FloodMonitoring"}],
    "watchedAttributes": ["waterLevel"],
    "notification": {
        "format": "concise",
        "showChanges": True,
        "endpoint": {
            "uri": "mqtts://partner:password@broker.example/town/water",
            "notifierInfo": [
                {"key": "MQTT-Version", "value": "mqtt5.0"},
                {"key": "MQTT-QoS", "value": "1"},
            ],
        },
    },
}

SUBSCRIPTION_SCHEMAS: dict[str, Any] = {
    "SubscriptionDraft": {
        **_object(["type", "notification"], **_GIVEN),
        "examples": [SUBSCRIPTION, MQTT_SUBSCRIPTION],
    },
    "SubscriptionFragment": {"type": "object", "minProperties": 1},
    "Subscription": _object(
        ["id", "type"], **_GIVEN, status={"enum": ["active", "paused", "expired"]}, createdAt=_DATETIME
    ),
    "SubscriptionList": {"type": "array", "items": {"$ref": "#/components/schemas/Subscription"}},
}
