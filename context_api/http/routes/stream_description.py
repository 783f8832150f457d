"""What the OpenAPI document says about live streams."""

from typing import Any

from context_api.http.live.filters import ACCEPTS, PARAMETERS
from context_api.http.live.sse import EVENT_STREAM
from context_api.http.operation import Answer, Operation

EXAMPLE = {
    "id": "48214",
    "event": "change",
    "data": '{"id":"urn:ngsi-ld:Notification:5b9f2c1e-7d0a-5c3b-9a51-0f6f6d1b2c3d","type":"Notification",'
    '"notifiedAt":"2026-11-23T09:00:00.100Z","data":[{"id":"urn:ngsi-ld:AirQualityObserved:aq-001",'
    '"type":"AirQualityObserved","pm25":{"type":"Property","value":12.3}}],"change":"entityUpdated"}',
}
STREAM_SCHEMAS: dict[str, Any] = {
    "StreamEvent": {
        "type": "object",
        "description": "One event of the stream, by its fields. Between events come signs of life: a comment,"
        " and the id that has been reached",
        "properties": {
            "id": {"type": "string", "description": "The number of the change, for Last-Event-ID"},
            "event": {
                "type": "string",
                "description": "`change` (a notification), `gap` (what was missed is not kept any more) or"
                " `closed` (with the reason)",
            },
            "data": {"type": "string", "description": "A JSON object"},
        },
    }
}
STREAM = Operation(
    id="streamChanges",
    tag="Subscriptions",
    summary="Follow changes as they happen",
    description="Server-Sent Events with the filters of a subscription: every matching change that commits"
    " after the answer's head. Come back with `Last-Event-ID` for what you missed. From a browser use"
    " `fetch` and read the body: EventSource cannot send a key.",
    accepts=ACCEPTS,
    overrides=PARAMETERS,
    answers={
        200: Answer(
            description="Events without end",
            schema="StreamEvent",
            example=EXAMPLE,
            media_types=(EVENT_STREAM,),
        )
    },
    errors=(403, 404, 406, 422, 504),
    headers=("NGSILD-Tenant", "Link"),
)
