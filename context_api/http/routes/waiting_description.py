"""How the routes of groups and waiting devices are described: operations, schemas, examples."""

from typing import Any

from context_api.http.negotiation import JSON
from context_api.http.operation import Answer, Operation, RequestBody
from context_api.http.parameters import Parameter
from devices.waiting import MAX_DEVICES

_JSON_ONLY = (JSON,)
DEFAULT_LIMIT, MAX_LIMIT = 100, 1_000
_COUNT = {"type": "integer", "minimum": 0}
_TIME = {"type": "string", "format": "date-time"}
_STRING = {"type": "string"}
_POINT = {
    "type": "object",
    "required": ["type", "coordinates"],
    "properties": {
        "type": {"const": "Point"},
        "coordinates": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 3},
    },
}
GROUP_DRAFT: dict[str, Any] = {
    "profile": "air-quality",
    "prefix": "aq-",
    "maxDevices": 50,
    "expiresAt": "2026-12-24T00:00:00Z",
}
GROUP: dict[str, Any] = GROUP_DRAFT | {
    "id": "schools",
    "adapter": "native",
    "application": "schools@default",
    "createdAt": "2026-11-23T00:00:00Z",
    "devices": {"waiting": 1, "approved": 0, "rejected": 0},
}
CREATED: dict[str, Any] = GROUP | {
    "mqtt": {
        "username": "default/schools",
        "password": "k2v4…",
        "topic": "machi/v1/schools@default/{device}/up",
        "active": True,
    }
}
WAITING: dict[str, Any] = {
    "group": "schools",
    "name": "aq-101",
    "state": "waiting",
    "profile": "air-quality",
    "messages": 3,
    "bytes": 84,
    "firstSeen": "2026-11-23T00:00:00Z",
    "lastSeen": "2026-11-23T00:02:00Z",
    "sample": '{"pm25": 12.3}',
}
APPROVAL: dict[str, Any] = {
    "deviceId": "aq-101",
    "location": {"type": "Point", "coordinates": [139.4657, 35.7598]},
}
APPROVED: dict[str, Any] = {
    "id": "aq-101",
    "entityId": "urn:ngsi-ld:AirQualityObserved:aq-101",
    "mqtt": {
        "username": "default/aq-101",
        "password": "k2v4…",
        "topic": "machi/v1/default/aq-101/up",
        "active": True,
    },
    "replayed": {"stored": 3},
}
_MQTT: dict[str, Any] = {
    "type": "object",
    "description": "Shown this once",
    "properties": {
        "username": _STRING,
        "password": _STRING,
        "topic": _STRING,
        "active": {"type": "boolean", "description": "The broker knows it already"},
    },
}
_TERMS: dict[str, Any] = {
    "profile": {"type": "string", "description": "of devices that are approved without naming another"},
    "prefix": {"type": "string", "maxLength": 64, "description": "names must begin with it to wait"},
    "maxDevices": {"type": "integer", "minimum": 1, "maximum": MAX_DEVICES},
    "expiresAt": {**_TIME, "description": "from then on nobody is taken in"},
}
_STATES = ["waiting", "approved", "rejected"]
WAITING_SCHEMAS: dict[str, Any] = {
    "DeviceGroupDraft": {"type": "object", "additionalProperties": False, "properties": _TERMS},
    "DeviceGroup": {
        "type": "object",
        "required": ["id", "prefix", "maxDevices", "createdAt", "devices"],
        "properties": {
            "id": _STRING,
            "adapter": _STRING,
            "application": {"type": ["string", "null"]},
            "profile": {"type": ["string", "null"]},
            "prefix": _STRING,
            "maxDevices": _COUNT,
            "expiresAt": {"type": ["string", "null"], "format": "date-time"},
            "createdAt": _TIME,
            "devices": {"type": "object", "properties": dict.fromkeys(_STATES, _COUNT)},
            "mqtt": _MQTT,
        },
    },
    "DeviceGroupList": {
        "type": "object",
        "required": ["groups"],
        "properties": {"groups": {"type": "array", "items": {"$ref": "#/components/schemas/DeviceGroup"}}},
    },
    "WaitingDeviceList": {
        "type": "object",
        "required": ["devices"],
        "properties": {
            "devices": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["group", "name", "state", "messages", "firstSeen", "lastSeen"],
                    "properties": {
                        "group": _STRING,
                        "name": _STRING,
                        "state": {"enum": _STATES},
                        "deviceId": _STRING,
                        "profile": {"type": ["string", "null"]},
                        "messages": {**_COUNT, "description": "kept"},
                        "bytes": _COUNT,
                        "firstSeen": _TIME,
                        "lastSeen": _TIME,
                        "sample": {"type": ["string", "null"], "description": "the first message"},
                    },
                },
            },
            "next": {"type": "string", "description": "give it as `after` for what follows"},
        },
    },
    "DeviceApproval": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "deviceId": {"type": "string", "description": "absent: the name it came with"},
            "profile": _STRING,
            "name": _STRING,
            "location": _POINT,
            "static": {"type": "object"},
            "expectedIntervalS": {"type": "number", "exclusiveMinimum": 0},
            "tags": {"type": "array", "items": _STRING},
        },
    },
    "ApprovedDevice": {
        "type": "object",
        "required": ["id", "entityId", "replayed"],
        "properties": {
            "id": _STRING,
            "entityId": _STRING,
            "mqtt": _MQTT,
            "replayed": {"type": "object", "additionalProperties": _COUNT},
        },
    },
    "RejectedDevice": {
        "type": "object",
        "required": ["discarded"],
        "properties": {"discarded": {**_COUNT, "description": "messages"}},
    },
}
_ERRORS = (400, 403, 404, 406)
_GROUP_PATH = {"group_id": "schools"}
_WAITING_PATH = {"group_id": "schools", "name": "aq-101"}

LIST_GROUPS = Operation(
    id="listDeviceGroups",
    tag="Devices",
    summary="List the groups whose unknown devices may wait",
    answers={200: Answer(description="The groups", schema="DeviceGroupList", example={"groups": [GROUP]})},
    errors=_ERRORS,
)
PUT_GROUP = Operation(
    id="putDeviceGroup",
    tag="Devices",
    summary="Let unknown devices of a group or a gateway wait for approval",
    description="Of a gateway, its id is the group's. Else a key is made, shown this once: whoever has it "
    "publishes on `machi/v1/{group}@{tenant}/{device}/up` or pushes to `/api/v1/ingest/{group}?device=NAME`.",
    path_examples=_GROUP_PATH,
    body=RequestBody(schema="DeviceGroupDraft", example=GROUP_DRAFT, media_types=_JSON_ONLY),
    answers={
        200: Answer(description="The terms are changed", schema="DeviceGroup", example=GROUP),
        201: Answer(description="The group is made", schema="DeviceGroup", example=CREATED),
    },
    errors=(*_ERRORS, 409),
)
DELETE_GROUP = Operation(
    id="deleteDeviceGroup",
    tag="Devices",
    summary="Let no unknown device of a group wait any more",
    description="A key that was made for it is void. Devices that were approved stay.",
    path_examples=_GROUP_PATH,
    answers={204: Answer(description="Closed")},
    errors=_ERRORS,
)
LIST = Operation(
    id="listWaitingDevices",
    tag="Devices",
    summary="List devices that wait for approval",
    description="By group and name, with the first message of each; `next` is the `after` of the next page.",
    accepts=("limit", "after", "group", "state"),
    overrides={
        "limit": Parameter(
            description="Devices per page",
            schema={"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
            example=20,
        ),
        "after": Parameter(description="Those after group/name", example="schools/aq-101"),
        "group": Parameter(description="Those of this group", example="schools"),
        "state": Parameter(
            description="waiting where absent",
            schema={"type": "string", "enum": _STATES},
            example="waiting",
        ),
    },
    answers={200: Answer(description="Devices", schema="WaitingDeviceList", example={"devices": [WAITING]})},
    errors=_ERRORS,
)
APPROVE = Operation(
    id="approveDevice",
    tag="Devices",
    summary="Approve a device that waits",
    description="It is registered, with credentials of its own unless it stands behind a network server, and "
    "what was kept of it is replayed in order.",
    path_examples=_WAITING_PATH,
    body=RequestBody(schema="DeviceApproval", example=APPROVAL, media_types=_JSON_ONLY),
    answers={201: Answer(description="Registered", schema="ApprovedDevice", example=APPROVED)},
    errors=(*_ERRORS, 409),
)
REJECT = Operation(
    id="rejectDevice",
    tag="Devices",
    summary="Reject a device that waits",
    description="What was kept of it is discarded; what comes of it is counted and not kept.",
    path_examples=_WAITING_PATH,
    answers={200: Answer(description="Rejected", schema="RejectedDevice", example={"discarded": 3})},
    errors=(*_ERRORS, 409),
)
