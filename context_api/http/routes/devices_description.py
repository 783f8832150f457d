"""The routes of devices as data: what they accept and answer."""

from context_api.http.negotiation import JSON, MERGE_PATCH
from context_api.http.operation import Answer, Operation, RequestBody
from context_api.http.parameters import Parameter
from context_api.http.schemas_devices import (
    CHANGE,
    DEVICE,
    DEVICE_DRAFT,
    DEVICE_PATCH,
    HARDWARE_DRAFT,
    LISTED_DEVICE,
    REGISTERED,
    STATES,
)
from context_api.store.device_listing import MAX_OFFSET, SORT_KEYS

JSON_ONLY = (JSON,)
PATCH_TYPES = (MERGE_PATCH, JSON)
DEFAULT_RADIUS_M = 1_000
MAX_RADIUS_M = 20_000_000

_PATH = {"device_id": "aq-001"}
_TAG = {"ETag": "The device's revision: for If-Match"}
_TIME = {"type": "string", "format": "date-time"}
_FILTERS = {
    "text": Parameter(
        description="Words in the id, name, serial number, owner or tags; case, width and kana do not matter",
        example="本町",
    ),
    "state": Parameter(
        description="Devices in one of these states; absent: all but the retired ones",
        schema={"type": "array", "items": {"type": "string", "enum": STATES}},
        example=["silent", "faulty"],
        is_list=True,
    ),
    "kind": Parameter(
        description="Devices, or gateways",
        schema={"type": "string", "enum": ["device", "gateway"]},
        example="device",
    ),
    "owner": Parameter(description="Devices of this organisation", example="higashimurayama-kankyo"),
    "tag": Parameter(
        description="Devices that have all of these tags",
        schema={"type": "array", "items": {"type": "string"}},
        example=["station"],
        is_list=True,
    ),
    "gateway": Parameter(description="Devices behind this gateway", example="tts"),
    "near": Parameter(
        description="Devices around a place: longitude,latitude, as GeoJSON has them",
        example="139.4657,35.7598",
    ),
    "radius": Parameter(
        description=f"With near: metres; absent: {DEFAULT_RADIUS_M}",
        schema={"type": "integer", "minimum": 1, "maximum": MAX_RADIUS_M},
        example=500,
    ),
    "bbox": Parameter(
        description="Devices within west,south,east,north", example="139.44,35.74,139.50,35.78"
    ),
    "lastSeenAfter": Parameter(
        description="Heard of at this time or later", schema=_TIME, example="2026-11-23T00:00:00Z"
    ),
    "lastSeenBefore": Parameter(
        description="Not heard of since this time, or never", schema=_TIME, example="2026-11-23T00:00:00Z"
    ),
    "sort": Parameter(
        description="The order; with - the other way round. What lacks the member comes last",
        schema={"type": "string", "enum": [sign + key for key in SORT_KEYS for sign in ("", "-")]},
        example="-lastSeen",
    ),
    "after": Parameter(description="Entries after this id, in the order by id", example="aq-001"),
    "offset": Parameter(
        description="Entries to skip, in any order",
        schema={"type": "integer", "minimum": 0, "maximum": MAX_OFFSET},
        example=0,
    ),
}

REGISTER = Operation(
    id="registerDevice",
    tag="Devices",
    summary="Register a device",
    description="The answer holds the MQTT credentials, this once. They open only the device's own topic."
    " The id of a retired device may be registered again: same entity and history, new credentials.",
    body=RequestBody(schema="DeviceDraft", example=DEVICE_DRAFT, media_types=JSON_ONLY),
    answers={
        201: Answer(
            description="Registered",
            schema="RegisteredDevice",
            example=REGISTERED,
            headers={"Location": "The device's path", **_TAG},
        )
    },
    errors=(406, 409),
)
LIST = Operation(
    id="listDevices",
    tag="Devices",
    summary="List and search devices",
    description="By id, `next` is the `after` of the next page; in another order pages go by `offset`.",
    accepts=("limit", "profile", *_FILTERS),
    overrides=_FILTERS,
    answers={
        200: Answer(
            description="A page of devices",
            schema="DeviceList",
            example={"devices": [LISTED_DEVICE], "total": 1, "next": None},
        )
    },
    errors=(403, 404, 406),
)
GET = Operation(
    id="getDevice",
    tag="Devices",
    summary="Get a device: its state, its health and its counters",
    description="received = stored + duplicate + corrected + ignored + quarantined, for messages and values."
    " Battery, signal and firmware are the newest that its entities tell of.",
    path_examples=_PATH,
    answers={200: Answer(description="The device", schema="Device", example=DEVICE, headers=_TAG)},
    errors=(400, 404, 406),
)
EDIT = Operation(
    id="editDevice",
    tag="Devices",
    summary="Edit a device",
    description="A JSON merge patch (RFC 7396). With If-Match only if nobody changed the device since."
    " Profile, location and static attributes count for the very next message; id and kind stay.",
    path_examples=_PATH,
    body=RequestBody(schema="DevicePatch", example=DEVICE_PATCH, media_types=PATCH_TYPES),
    answers={
        200: Answer(description="The device as it is now", schema="Device", example=DEVICE, headers=_TAG)
    },
    errors=(404, 406, 412),
    headers=("NGSILD-Tenant", "If-Match"),
)
RETIRE = Operation(
    id="retireDevice",
    tag="Devices",
    summary="Retire a device",
    description="Its credentials are void at once; its entity and history stay.",
    path_examples=_PATH,
    answers={204: Answer(description="Retired")},
    errors=(400, 404),
)
REPLACE_HARDWARE = Operation(
    id="replaceDeviceHardware",
    tag="Devices",
    summary="Replace the hardware of a device",
    description="Same id, entity and history; new credentials, shown this once. The former ones are void at"
    " once. The change is marked in the history of the Device entity (serialNumber) and of the entity that it"
    " measures (refDevice).",
    path_examples=_PATH,
    body=RequestBody(schema="HardwareDraft", example=HARDWARE_DRAFT, media_types=JSON_ONLY),
    answers={
        200: Answer(
            description="Replaced",
            schema="RegisteredDevice",
            example=REGISTERED | {"serial": "SN-30112"},
            headers=_TAG,
        )
    },
    errors=(404, 406, 412),
)
CHANGES = Operation(
    id="listDeviceChanges",
    tag="Devices",
    summary="Say who changed what of a device",
    description="The newest first; `next` is the `before` of the next page. Of a retired device too."
    " The newest 1,000 are kept.",
    path_examples=_PATH,
    accepts=("limit", "before"),
    overrides={
        "before": Parameter(
            description="Changes below this number", schema={"type": "integer", "minimum": 1}, example=12
        )
    },
    answers={
        200: Answer(
            description="A page of changes",
            schema="DeviceChangeList",
            example={"changes": [CHANGE], "total": 2, "next": None},
        )
    },
    errors=(403, 404, 406),
)
