"""How the routes of the quarantine are described: operations, schemas, examples."""

from typing import Any

from context_api.http.negotiation import JSON
from context_api.http.operation import Answer, Operation, RequestBody
from context_api.http.parameters import Parameter
from devices.quarantine import MAX_REPLAYED

_JSON_ONLY = (JSON,)
DEFAULT_LIMIT = 100
MAX_ID = 2**63 - 1
_COUNT = {"type": "integer", "minimum": 0}
_TIME = {"type": "string", "format": "date-time"}
_STRING = {"type": "string"}

MESSAGE: dict[str, Any] = {
    "id": 1,
    "deviceId": "aq-001",
    "topic": "machi/v1/default/aq-001/up",
    "payload": "{oops",
    "payloadEncoding": "utf-8",
    "payloadSize": 5,
    "reason": "bad-json",
    "detail": "the payload is not JSON",
    "values": 0,
    "arrivedAt": "2026-11-23T00:00:00Z",
    "replayedAt": None,
    "outcome": None,
}
INSPECTED: dict[str, Any] = MESSAGE | {
    "payloadHex": "7b6f6f7073",
    "isComplete": True,
    "retained": False,
    "now": {
        "result": "quarantined",
        "reason": "bad-json",
        "detail": "the payload is not JSON",
        "values": 0,
        "readings": [],
    },
}
REASONS: dict[str, Any] = {
    "reasons": [
        {
            "reason": "bad-json",
            "messages": 3,
            "devices": 1,
            "bytes": 15,
            "firstAt": "2026-11-23T00:00:00Z",
            "lastAt": "2026-11-23T00:02:00Z",
        }
    ],
    "dropped": [
        {
            "reason": "bad-json",
            "cause": "age",
            "messages": 2,
            "bytes": 10,
            "lastAt": "2026-11-23T00:00:00Z",
        }
    ],
}
REPLAYED: dict[str, Any] = {
    "counts": {"stored": 1},
    "messages": [{"id": 1, "deviceId": "aq-001", "result": "stored"}],
    "next": None,
}
_SELECTION: dict[str, Any] = {
    "ids": {
        "type": "array",
        "items": {"type": "integer", "minimum": 1, "maximum": MAX_ID},
        "minItems": 1,
        "maxItems": MAX_REPLAYED,
    },
    "device": {"type": "string", "minLength": 1},
    "reason": {"type": "string", "minLength": 1},
    "since": _TIME,
    "until": _TIME,
    "after": {
        "type": "integer",
        "minimum": 0,
        "maximum": MAX_ID,
        "description": "the `next` of a former answer",
    },
    "limit": {"type": "integer", "minimum": 1, "maximum": MAX_REPLAYED},
}
_NULLABLE_TIME = {"type": ["string", "null"], "format": "date-time"}
_MEMBERS: dict[str, Any] = {
    "id": _COUNT,
    "deviceId": {"type": "string", "description": "empty where the topic names none that is known"},
    "topic": _STRING,
    "payload": {"type": "string", "description": "As text where it is UTF-8, else base64"},
    "payloadEncoding": {"enum": ["utf-8", "base64"]},
    "payloadSize": _COUNT,
    "reason": _STRING,
    "detail": _STRING,
    "values": {**_COUNT, "description": "counted as quarantined"},
    "arrivedAt": _TIME,
    "replayedAt": _NULLABLE_TIME,
    "outcome": {"type": ["string", "null"], "description": "What a replay made of it"},
}
_REQUIRED = ["id", "topic", "reason", "detail", "arrivedAt"]


def _object(required: list[str], properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties}


def _list_of(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


QUARANTINE_SCHEMAS: dict[str, Any] = {
    "QuarantinedMessage": _object(_REQUIRED, _MEMBERS),
    "QuarantineList": _object(
        ["messages"], {"messages": _list_of({"$ref": "#/components/schemas/QuarantinedMessage"})}
    ),
    "InspectedMessage": _object(
        [*_REQUIRED, "now"],
        {
            **_MEMBERS,
            "payloadHex": _STRING,
            "isComplete": {"type": "boolean", "description": "false: only its beginning was kept"},
            "retained": {"type": "boolean"},
            "now": _object(
                ["result", "values", "readings"],
                {
                    "result": {"enum": ["stored", "ignored", "quarantined"]},
                    "reason": _STRING,
                    "detail": _STRING,
                    "values": _COUNT,
                    "readings": _list_of(
                        _object(
                            ["entityId", "attributes"],
                            {"entityId": _STRING, "attributes": {"type": "object"}},
                        )
                    ),
                },
            ),
        },
    ),
    "QuarantineReasons": _object(
        ["reasons", "dropped"],
        {
            "reasons": _list_of(
                _object(
                    ["reason", "messages", "devices", "bytes", "firstAt", "lastAt"],
                    {
                        "reason": _STRING,
                        "messages": _COUNT,
                        "devices": _COUNT,
                        "bytes": _COUNT,
                        "firstAt": _TIME,
                        "lastAt": _TIME,
                    },
                )
            ),
            "dropped": _list_of(
                _object(
                    ["reason", "cause", "messages", "bytes", "lastAt"],
                    {
                        "reason": _STRING,
                        "cause": {"enum": ["age", "count", "bytes", "discarded"]},
                        "messages": _COUNT,
                        "bytes": _COUNT,
                        "lastAt": _TIME,
                    },
                )
            ),
        },
    ),
    "QuarantineSelection": {
        "type": "object",
        "description": "Either `ids`, or what they have in common (at least one of the others)",
        "additionalProperties": False,
        "minProperties": 1,
        "properties": _SELECTION,
    },
    "QuarantineReplay": _object(
        ["counts", "messages"],
        {
            "counts": {"type": "object", "additionalProperties": _COUNT},
            "messages": _list_of(
                _object(
                    ["id", "result"],
                    {
                        "id": _COUNT,
                        "deviceId": _STRING,
                        "result": {
                            "enum": [
                                "stored",
                                "corrected",
                                "duplicate",
                                "ignored",
                                "quarantined",
                                "cut",
                                "gone",
                            ]
                        },
                        "reason": _STRING,
                        "detail": _STRING,
                    },
                )
            ),
            "next": {"type": ["integer", "null"], "description": "there are more: give it as `after`"},
        },
    ),
    "QuarantineDiscard": _object(["discarded"], {"discarded": _COUNT, "next": {"type": ["integer", "null"]}}),
}

_FILTERS = {
    "device": Parameter(description="Messages of this device", example="aq-001"),
    "reason": Parameter(description="Messages put aside for this reason", example="bad-json"),
    "since": Parameter(
        description="Messages that arrived at this time or later",
        schema=_TIME,
        example="2026-11-23T00:00:00Z",
    ),
    "until": Parameter(
        description="Messages that arrived before this time", schema=_TIME, example="2026-11-24T00:00:00Z"
    ),
}
LIST = Operation(
    id="listQuarantine",
    tag="Operation",
    summary="List quarantined messages",
    description="The newest first. To go on, give the last id as `before`.",
    accepts=("limit", "before", "device", "reason", "since", "until", "replayed"),
    overrides={
        **_FILTERS,
        "limit": Parameter(
            description="Messages per page",
            schema={"type": "integer", "minimum": 1, "maximum": 1000, "default": DEFAULT_LIMIT},
            example=20,
        ),
        "before": Parameter(
            description="Messages with a smaller id",
            schema={"type": "integer", "minimum": 1, "maximum": MAX_ID},
            example=1000,
        ),
        "replayed": Parameter(
            description="true: those that left by a replay; absent: those that wait",
            schema={"type": "boolean", "default": False},
            example=False,
        ),
    },
    answers={200: Answer(description="Messages", schema="QuarantineList", example={"messages": [MESSAGE]})},
    errors=(400, 403, 404, 406),
)
COUNT = Operation(
    id="countQuarantine",
    tag="Operation",
    summary="Count quarantined messages by reason",
    description="`dropped` counts what left without a replay: too old, too many, too large, or discarded.",
    accepts=("device", "since", "until"),
    overrides=_FILTERS,
    answers={200: Answer(description="The reasons", schema="QuarantineReasons", example=REASONS)},
    errors=(400, 403, 404, 406),
)
GET = Operation(
    id="getQuarantinedMessage",
    tag="Operation",
    summary="Look into a quarantined message",
    description="`now` says what it would become with the profile and the devices of this moment.",
    path_examples={"message_id": "1"},
    answers={200: Answer(description="The message", schema="InspectedMessage", example=INSPECTED)},
    errors=(400, 403, 404, 406),
)
_SELECT = RequestBody(
    schema="QuarantineSelection",
    example={"device": "aq-001", "reason": "no-known-key"},
    media_types=_JSON_ONLY,
)
REPLAY = Operation(
    id="replayQuarantine",
    tag="Operation",
    summary="Replay quarantined messages",
    description=f"The oldest first, at most {MAX_REPLAYED} per request. What is good now is stored under the "
    "times it came with, leaves the quarantine, and counts as what it became. Once more changes nothing.",
    body=_SELECT,
    answers={200: Answer(description="What became of each", schema="QuarantineReplay", example=REPLAYED)},
    errors=(400, 403, 404, 406),
)
DISCARD = Operation(
    id="discardQuarantine",
    tag="Operation",
    summary="Discard quarantined messages",
    description="For good, with their payloads. The counters of the devices stay: they were received.",
    body=_SELECT,
    answers={
        200: Answer(
            description="How many", schema="QuarantineDiscard", example={"discarded": 1, "next": None}
        )
    },
    errors=(400, 403, 404, 406),
)
