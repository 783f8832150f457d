"""What the routes of a subscription's deliveries accept and answer."""

from typing import Any

from context_api.http.negotiation import JSON
from context_api.http.operation import Answer, Operation, RequestBody
from context_api.http.parameters import Parameter

TAG = "Subscriptions"
DEFAULT_LIMIT = 50
MAX_LIMIT = 1_000
MAX_ID = 2**63 - 1
MAX_HOURS = 192
MAX_IDS = 1_000
MAX_WAITING = 2**31 - 1
STATES = {"waiting": 0, "delivered": 1, "deadLettered": 2, "cancelled": 3, "coalesced": 4}

_JSON_ONLY = (JSON,)
_ID = "urn:ngsi-ld:Subscription:air"
_PATH = {"subscription_id": _ID}
_LIMIT = Parameter(
    description="Entries per page",
    schema={"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    example=20,
)
_BEFORE = Parameter(
    description="Only entries with a smaller id: the `next` of the page before",
    schema={"type": "integer", "minimum": 1, "maximum": MAX_ID},
    example=4711,
)

OVERVIEW = {
    "id": _ID,
    "organisation": "town",
    "status": "active",
    "reason": None,
    "counts": {
        "matched": 1200,
        "delivered": 1190,
        "coalesced": 0,
        "waiting": 8,
        "deadLettered": 2,
        "cancelled": 0,
    },
    "deadLettersNotKept": 0,
    "waitingLimit": 100000,
    "overLimitAt": None,
    "lastSuccess": "2026-11-23T00:00:03Z",
    "lastFailure": "2026-11-22T23:58:00Z",
    "lastError": "HTTP 503 Service Unavailable",
    "endpoint": {"state": "ok", "failuresInARow": 0, "restsUntil": None},
}
DELIVERY = {
    "id": 4711,
    "state": "delivered",
    "kind": "change",
    "entityId": "urn:ngsi-ld:AirQualityObserved:aq-001",
    "sequence": 90210,
    "createdAt": "2026-11-23T00:00:03.120Z",
    "settledAt": "2026-11-23T00:00:03.150Z",
    "latencyMs": 30,
    "requestMs": 12,
    "attempts": 1,
    "status": 204,
    "error": None,
    "replayed": False,
}
_DEAD_LETTER = {
    **DELIVERY,
    "state": "deadLettered",
    "latencyMs": None,
    "attempts": 97,
    "status": 500,
    "error": "given up after 24.0 h: HTTP 500 Internal Server Error",
}
_NOTIFICATION = {
    "id": "urn:ngsi-ld:Notification:5d8c9d0e-1d53-5c0e-9d5c-3f5a8a1c7b42",
    "type": "Notification",
    "subscriptionId": _ID,
    "notifiedAt": "2026-11-23T00:00:03.120Z",
    "data": [{"id": "urn:ngsi-ld:AirQualityObserved:aq-001", "type": "AirQualityObserved"}],
}
_TESTED = {
    "delivered": True,
    "status": 204,
    "error": None,
    "requestMs": 21,
    "isSample": False,
    "headers": ["Content-Type", "Link", "Via", "Machi-Signature", "Machi-Test"],
    "notification": _NOTIFICATION,
}
_STATISTICS = {
    "hours": [
        {
            "at": "2026-11-23T00:00:00Z",
            "delivered": 1190,
            "failedAttempts": 3,
            "deadLettered": 0,
            "coalesced": 0,
            "cancelled": 0,
        }
    ],
    "latencyMs": {"p50": 32, "p95": 64, "p99": 128},
    "waiting": 8,
    "oldestWaiting": "2026-11-23T00:00:01Z",
}

_STRING = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_BOOLEAN = {"type": "boolean"}
_MAYBE_STRING = {"type": ["string", "null"]}
_MAYBE_COUNT = {"type": ["integer", "null"], "minimum": 0}


def _object(required: list[str], /, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties}


def _all(**properties: Any) -> dict[str, Any]:
    """All members are there, but the document leaves those out of its examples that are null."""
    required = [name for name, schema in properties.items() if "null" not in schema.get("type", ())]
    return _object(required, **properties)


def _list_of(name: str, of: str) -> dict[str, Any]:
    items = {"type": "array", "items": {"$ref": f"#/components/schemas/{of}"}}
    return _all(**{name: items, "next": {"type": ["integer", "string", "null"]}})


DELIVERY_SCHEMAS: dict[str, Any] = {
    "SubscriptionOverview": _all(
        id=_STRING,
        organisation=_STRING,
        status={"enum": ["active", "paused", "expired", "disabled", "denied"]},
        reason=_MAYBE_STRING,
        counts=_all(
            **dict.fromkeys(
                ("matched", "delivered", "coalesced", "waiting", "deadLettered", "cancelled"), _COUNT
            )
        ),
        deadLettersNotKept=_COUNT,
        waitingLimit=_COUNT,
        overLimitAt=_MAYBE_STRING,
        lastSuccess=_MAYBE_STRING,
        lastFailure=_MAYBE_STRING,
        lastError=_MAYBE_STRING,
        endpoint=_all(
            state={"enum": ["ok", "failing", "resting"]}, failuresInARow=_COUNT, restsUntil=_MAYBE_STRING
        ),
    ),
    "SubscriptionOverviewList": _list_of("subscriptions", "SubscriptionOverview"),
    "SubscriptionSettings": _object([], waitingLimit=_MAYBE_COUNT),
    "NotificationDelivery": _all(
        id=_COUNT,
        state={"enum": list(STATES)},
        kind={"enum": ["change", "periodic"]},
        entityId=_MAYBE_STRING,
        sequence=_MAYBE_COUNT,
        createdAt=_STRING,
        settledAt=_MAYBE_STRING,
        latencyMs=_MAYBE_COUNT,
        requestMs=_MAYBE_COUNT,
        attempts=_COUNT,
        status=_MAYBE_COUNT,
        error=_MAYBE_STRING,
        replayed=_BOOLEAN,
    ),
    "NotificationDeliveryList": _list_of("deliveries", "NotificationDelivery"),
    "DeadLetterList": _list_of("deadLetters", "NotificationDelivery"),
    "DeadLetter": _object(
        ["id"],
        id=_COUNT,
        entityId=_MAYBE_STRING,
        sequence=_MAYBE_COUNT,
        notification={"type": ["object", "string", "null"]},
    ),
    "ReplayOrder": _object(
        [], ids={"type": "array", "items": {**_COUNT, "maximum": MAX_ID}, "maxItems": MAX_IDS, "minItems": 1}
    ),
    "Replayed": _all(replayed=_COUNT),
    "CatchUpOrder": _object(
        [],
        since={"type": "string", "format": "date-time"},
        sequence={**_COUNT, "maximum": MAX_ID},
        cursor=_STRING,
    ),
    "CaughtUp": _all(scanned=_COUNT, queued=_COUNT, next=_MAYBE_STRING),
    "PauseOrder": _object([], reason={"type": "string", "minLength": 1, "maxLength": 500}),
    "TestedNotification": _object(
        ["delivered", "requestMs", "isSample", "headers"],
        delivered=_BOOLEAN,
        status=_MAYBE_COUNT,
        error=_MAYBE_STRING,
        requestMs=_COUNT,
        isSample=_BOOLEAN,
        headers={"type": "array", "items": _STRING},
        notification={"type": ["object", "string", "null"]},
    ),
    "DeliveryStatistics": _all(
        hours={
            "type": "array",
            "items": _all(
                at=_STRING,
                delivered=_COUNT,
                failedAttempts=_COUNT,
                deadLettered=_COUNT,
                coalesced=_COUNT,
                cancelled=_COUNT,
            ),
        },
        latencyMs={"type": "object", "additionalProperties": {"type": "number"}},
        waiting=_COUNT,
        oldestWaiting=_MAYBE_STRING,
    ),
}

LIST = Operation(
    id="listSubscriptionOverviews",
    tag=TAG,
    summary="List subscriptions with how they stand",
    description="By id; `next` is the `after` of the next page.",
    accepts=("limit", "after"),
    overrides={"limit": _LIMIT, "after": Parameter(description="Entries after this id", example=_ID)},
    answers={
        200: Answer(
            description="A page",
            schema="SubscriptionOverviewList",
            example={"subscriptions": [OVERVIEW], "next": None},
        )
    },
    errors=(403, 404, 406),
)
OVERVIEW_OF = Operation(
    id="getSubscriptionOverview",
    tag=TAG,
    summary="See how a subscription stands",
    description="matched = delivered + coalesced + waiting + deadLettered + cancelled, at every moment.",
    path_examples=_PATH,
    answers={
        200: Answer(description="How it stands", schema="SubscriptionOverview", example=OVERVIEW),
    },
    errors=(400, 404, 406),
)
CHANGE = Operation(
    id="changeSubscriptionSettings",
    tag=TAG,
    summary="Set how many notifications may wait",
    description="Above it the newest of each entity is kept, the rest coalesced. null: the installation's.",
    path_examples=_PATH,
    body=RequestBody(schema="SubscriptionSettings", example={"waitingLimit": 10000}, media_types=_JSON_ONLY),
    answers={200: Answer(description="How it stands", schema="SubscriptionOverview", example=OVERVIEW)},
    errors=(404, 406),
)
DELIVERIES = Operation(
    id="listDeliveries",
    tag=TAG,
    summary="List a subscription's notifications",
    description="The newest first, eight days back. `next` is the `before` of the next page.",
    path_examples=_PATH,
    accepts=("state", "limit", "before"),
    overrides={
        "state": Parameter(
            description="Only these states",
            schema={"type": "array", "items": {"enum": list(STATES)}},
            example=["waiting"],
            is_list=True,
        ),
        "limit": _LIMIT,
        "before": _BEFORE,
    },
    answers={
        200: Answer(
            description="A page",
            schema="NotificationDeliveryList",
            example={"deliveries": [DELIVERY], "next": None},
        )
    },
    errors=(403, 404, 406),
)
DEAD_LETTERS = Operation(
    id="listDeadLetters",
    tag=TAG,
    summary="List notifications that were given up",
    description="The newest first. They keep what they tell of, eight days long, and can be replayed.",
    path_examples=_PATH,
    accepts=("limit", "before"),
    overrides={"limit": _LIMIT, "before": _BEFORE},
    answers={
        200: Answer(
            description="A page",
            schema="DeadLetterList",
            example={"deadLetters": [_DEAD_LETTER], "next": None},
        )
    },
    errors=(403, 404, 406),
)
DEAD_LETTER = Operation(
    id="getDeadLetter",
    tag=TAG,
    summary="Inspect a dead letter",
    description="With the notification as it would be sent now; null where it can no longer be written.",
    path_examples={**_PATH, "delivery_id": "4711"},
    answers={
        200: Answer(
            description="The dead letter",
            schema="DeadLetter",
            example={
                "id": 4711,
                "entityId": DELIVERY["entityId"],
                "sequence": 90210,
                "notification": _NOTIFICATION,
            },
        )
    },
    errors=(400, 404, 406),
)
REPLAY = Operation(
    id="replayDeadLetters",
    tag=TAG,
    summary="Send dead letters again",
    description="Those named by `ids`, or all. They keep their notification ids and are exempt from order.",
    path_examples=_PATH,
    body=RequestBody(schema="ReplayOrder", example={"ids": [4711]}, media_types=_JSON_ONLY),
    answers={202: Answer(description="They are on their way", schema="Replayed", example={"replayed": 1})},
    errors=(404, 406),
)
CATCH_UP = Operation(
    id="catchUp",
    tag=TAG,
    summary="Be told again of what changed since a time or a sequence",
    description="Matches the changes that are kept (two days) anew, those too that came while it was paused."
    " A call takes a bounded step; where `next` is given, go on with it as `cursor`.",
    path_examples=_PATH,
    body=RequestBody(
        schema="CatchUpOrder", example={"since": "2026-11-23T00:00:00Z"}, media_types=_JSON_ONLY
    ),
    answers={
        202: Answer(
            description="What matched is on its way",
            schema="CaughtUp",
            example={"scanned": 5000, "queued": 120, "next": "20261123.95210.0.1795392000000000.98300"},
        )
    },
    errors=(404, 406, 409),
)
TEST = Operation(
    id="testSubscription",
    tag=TAG,
    summary="Send a test notification",
    description="A real, signed request with an entity that matches, or a made-up one. Nothing is counted.",
    path_examples=_PATH,
    answers={200: Answer(description="How it went", schema="TestedNotification", example=_TESTED)},
    errors=(400, 404, 406, 409),
)
PAUSE = Operation(
    id="pauseSubscription",
    tag=TAG,
    summary="Pause a subscription",
    description="No change that commits after the answer matches; what waits is kept as long as retries are.",
    path_examples=_PATH,
    body=RequestBody(schema="PauseOrder", example={"reason": "maintenance"}, media_types=_JSON_ONLY),
    answers={200: Answer(description="How it stands", schema="SubscriptionOverview", example=OVERVIEW)},
    errors=(404, 406),
)
RESUME = Operation(
    id="resumeSubscription",
    tag=TAG,
    summary="Resume a subscription",
    description="What waits is sent at once. Ask for a catch-up to be told of what changed meanwhile.",
    path_examples=_PATH,
    answers={200: Answer(description="How it stands", schema="SubscriptionOverview", example=OVERVIEW)},
    errors=(400, 404, 406),
)
STATISTICS = Operation(
    id="getDeliveryStatistics",
    tag=TAG,
    summary="Get latency and failures by hour",
    description="Percentiles are exact to a quarter: latencies are kept in steps.",
    path_examples=_PATH,
    accepts=("hours",),
    overrides={
        "hours": Parameter(
            description="How far back",
            schema={"type": "integer", "minimum": 1, "maximum": MAX_HOURS, "default": 24},
            example=24,
        )
    },
    answers={
        200: Answer(description="The last hours", schema="DeliveryStatistics", example=_STATISTICS),
    },
    errors=(403, 404, 406),
)
