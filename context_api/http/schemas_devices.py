"""The schemas and examples of devices."""

from typing import Any, get_args

from context_api.store.devices import DeviceState

STATES: list[str] = list(get_args(DeviceState))

_STRING: dict[str, Any] = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_TIME = {"type": "string", "format": "date-time"}


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "type": [schema["type"], "null"]}


_COUNTED = ("received", "stored", "duplicate", "corrected", "ignored", "quarantined")
_COUNTS = _object([], **dict.fromkeys(_COUNTED, _COUNT))
_POINT = _object(
    ["type", "coordinates"],
    type={"const": "Point"},
    coordinates={
        "type": "array",
        "prefixItems": [
            {"type": "number", "minimum": -180, "maximum": 180},
            {"type": "number", "minimum": -90, "maximum": 90},
        ],
        "items": {"type": "number"},
        "minItems": 2,
        "maxItems": 3,
    },
)
_TAGS = {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 64}, "maxItems": 32}
_INSTALLED = {"type": "string", "description": "A date, or a time with its zone"}
_DRAFT: dict[str, Any] = {
    "profile": {"type": "string", "description": "One of GET /api/v1/profiles"},
    "name": {"type": "string", "minLength": 1, "maxLength": 200},
    "location": _POINT,
    "expectedIntervalS": {"type": "number", "exclusiveMinimum": 0},
    "static": {"type": "object", "description": "Attributes that hold still"},
    "adapter": _STRING,
    "application": _STRING,
    "gateway": _STRING,
    "gatewayDevice": _STRING,
    "owner": {"type": "string", "description": "The id of an organisation", "maxLength": 200},
    "tags": _TAGS,
    "serial": {"type": "string", "description": "Of the hardware", "minLength": 1, "maxLength": 100},
    "notes": {"type": "string", "minLength": 1, "maxLength": 4_000},
    "installedAt": _INSTALLED,
    "codecParameters": {"type": "object", "description": "What the codec needs to know of this device"},
    "messagesPerMinute": {"type": "integer", "minimum": 1, "maximum": 1_000_000},
}
_DEVICE = _object(
    ["id", "kind", "state"],
    id=_STRING,
    kind={"enum": ["device", "gateway"]},
    state={"enum": STATES},
    stateSince=_TIME,
    stateReason=_or_null(_STRING),
    **{
        name: _or_null(_STRING)
        for name in ("profile", "entityId", "name", "application", "gateway", "gatewayDevice", "owner")
    },
    deviceEntityId={"type": "string", "format": "uri", "description": "The Device entity"},
    location=_or_null({"type": "object"}),
    static={"type": "object"},
    expectedIntervalS=_or_null({"type": "number"}),
    adapter=_STRING,
    tags=_TAGS,
    serial=_or_null(_STRING),
    notes=_or_null(_STRING),
    installedAt=_or_null(_TIME),
    codecParameters={"type": "object"},
    messagesPerMinute=_or_null(_COUNT),
    lastSeen=_or_null(_TIME),
    battery={"description": "The share that is left, 0 to 1; null: it never told"},
    signal={"description": "RSSI, mostly in dBm"},
    firmware={},
    revision=_COUNT,
    createdAt=_TIME,
    modifiedAt=_TIME,
    retiredAt=_or_null(_TIME),
    messages=_COUNTS,
    values=_COUNTS,
    hardware={
        "type": "array",
        "description": "What was in place before, the newest first",
        "items": _object(
            ["removedAt", "by"],
            serial=_or_null(_STRING),
            installedAt=_or_null(_TIME),
            removedAt=_TIME,
            reason=_or_null(_STRING),
            by=_STRING,
        ),
    },
    findings={
        "type": "array",
        "description": "Values that broke a rule of the profile or of the data model, the latest first",
        "items": _object(
            ["attribute", "reason", "values", "lastAt", "lastDetail"],
            attribute=_STRING,
            reason={"enum": ["out-of-range", "unknown-word", "model-violation"]},
            values=_COUNT,
            firstAt=_TIME,
            lastAt=_TIME,
            lastDetail=_STRING,
        ),
    },
)
DEVICE_SCHEMAS: dict[str, Any] = {
    "DeviceDraft": _object(
        ["id"],
        id={"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,64}$"},
        kind={"enum": ["device", "gateway"]},
        **_DRAFT,
    ),
    "DevicePatch": {
        "type": "object",
        "description": "A JSON merge patch (RFC 7396): null takes a member away",
        "properties": {
            name: {key: value for key, value in schema.items() if key == "description"}
            for name, schema in _DRAFT.items()
        },
    },
    "HardwareDraft": _object(
        [],
        serial=_or_null(_DRAFT["serial"]),
        reason=_or_null({"type": "string", "minLength": 1, "maxLength": 500}),
        installedAt=_or_null(_INSTALLED),
        gatewayDevice=_or_null(_STRING),
    ),
    "Device": _DEVICE,
    "RegisteredDevice": _object(
        ["id", "entityId"],
        id=_STRING,
        entityId=_or_null(_STRING),
        deviceEntityId=_STRING,
        serial=_or_null(_STRING),
        mqtt={
            "type": ["object", "null"],
            "description": "Shown this once",
            "required": ["username", "password", "topic"],
            "properties": {"username": _STRING, "password": _STRING, "topic": _STRING, "url": _STRING},
        },
    ),
    "DeviceList": _object(
        ["devices", "total"],
        devices={"type": "array", "items": {"$ref": "#/components/schemas/Device"}},
        total=_COUNT,
        next=_or_null(_STRING),
    ),
    "DeviceChangeList": _object(
        ["changes", "total"],
        changes={
            "type": "array",
            "items": _object(
                ["number", "at", "by", "action", "before", "after"],
                number=_COUNT,
                at=_TIME,
                by=_STRING,
                action={"enum": ["registered", "edited", "state", "hardware-replaced", "retired"]},
                before={"type": "object"},
                after={"type": "object"},
                reason=_or_null(_STRING),
            ),
        },
        total=_COUNT,
        next=_or_null(_COUNT),
    ),
}

_ENTITY_ID = "urn:ngsi-ld:AirQualityObserved:aq-001"
_DEVICE_ENTITY_ID = "urn:ngsi-ld:Device:aq-001"
_PLACE = {"type": "Point", "coordinates": [139.4657, 35.7598]}
DEVICE_DRAFT: dict[str, Any] = {
    "id": "aq-001",
    "profile": "air-quality",
    "name": "本町一丁目",
    "location": _PLACE,
    "owner": "higashimurayama-kankyo",
    "tags": ["station", "2026"],
    "serial": "SN-20417",
}
DEVICE_PATCH = {"name": "本町二丁目", "tags": ["station"], "notes": None}
HARDWARE_DRAFT = {"serial": "SN-30112", "reason": "落雷 / struck by lightning"}
REGISTERED: dict[str, Any] = {
    "id": "aq-001",
    "entityId": _ENTITY_ID,
    "deviceEntityId": _DEVICE_ENTITY_ID,
    "serial": "SN-20417",
    "mqtt": {
        "username": "default/aq-001",
        "password": "shown once",
        "topic": "machi/v1/default/aq-001/up",
        "url": "mqtt://127.0.0.1:1883",
    },
}
_EXAMPLE_COUNTS = {"received": 5, "stored": 4, "duplicate": 1, "corrected": 0, "ignored": 0, "quarantined": 0}
LISTED_DEVICE: dict[str, Any] = {
    "id": "aq-001",
    "kind": "device",
    "state": "active",
    "stateSince": "2026-11-23T00:00:04Z",
    "stateReason": "first message",
    "profile": "air-quality",
    "entityId": _ENTITY_ID,
    "deviceEntityId": _DEVICE_ENTITY_ID,
    "name": "本町一丁目",
    "location": _PLACE,
    "owner": "higashimurayama-kankyo",
    "tags": ["station", "2026"],
    "serial": "SN-20417",
    "lastSeen": "2026-11-23T00:01:00Z",
    "battery": 0.87,
    "signal": -71,
    "firmware": "1.4.2",
    "revision": 1,
    "createdAt": "2026-11-23T00:00:00Z",
    "modifiedAt": "2026-11-23T00:00:00Z",
    "retiredAt": None,
}
DEVICE: dict[str, Any] = {
    **LISTED_DEVICE,
    "messages": _EXAMPLE_COUNTS,
    "values": _EXAMPLE_COUNTS,
    "hardware": [
        {
            "serial": "SN-11006",
            "installedAt": "2024-04-01T00:00:00Z",
            "removedAt": "2026-11-22T02:00:00Z",
            "reason": "落雷 / struck by lightning",
            "by": "operator",
        }
    ],
}
CHANGE: dict[str, Any] = {
    "number": 2,
    "at": "2026-11-23T01:00:00Z",
    "by": "operator",
    "action": "edited",
    "before": {"name": "本町一丁目"},
    "after": {"name": "本町二丁目"},
    "reason": None,
}
