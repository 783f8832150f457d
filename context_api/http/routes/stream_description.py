"""What the OpenAPI document says about live streams."""

from typing import Any

from context_api.http.live.filters import ACCEPTS, PARAMETERS
from context_api.http.live.sse import EVENT_STREAM
from context_api.http.live.tickets import LIFETIME_S
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
    },
    "StreamTicket": {
        "type": "object",
        "required": ["ticket", "subprotocols", "expiresAt"],
        "properties": {
            "ticket": {"type": "string"},
            "subprotocols": {
                "type": "array",
                "items": {"type": "string"},
                "description": "The second argument of `new WebSocket(url, …)`",
            },
            "expiresAt": {"type": "string", "format": "date-time"},
        },
    },
}
TICKET_EXAMPLE = {
    "ticket": "WzE3OTU0MjQ0MzAsImFiY2RlZmdoIiwiZGVmYXVsdCIsIiJd.c2lnbmF0dXJl",
    "subprotocols": [
        "machi.v1",
        "machi.ticket.WzE3OTU0MjQ0MzAsImFiY2RlZmdoIiwiZGVmYXVsdCIsIiJd.c2lnbmF0dXJl",
    ],
    "expiresAt": "2026-11-23T09:00:30Z",
}
STREAM = Operation(
    id="streamChanges",
    tag="Subscriptions",
    summary="Follow changes as they happen",
    description="Server-Sent Events with the filters of a subscription: every matching change that commits"
    " after the answer's head. Come back with `Last-Event-ID` for what you missed. From a browser use"
    " `fetch` and read the body: EventSource cannot send a key. The same path opens a WebSocket (RFC 6455)"
    " with the same contract: each event is a text message, an object with `id`, `event` and `data`;"
    " signs of life are messages too (`heartbeat`); before the connection closes, `closed` says why. A"
    " browser shows a ticket instead of a key.",
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
TICKET = Operation(
    id="createStreamTicket",
    tag="Subscriptions",
    summary="Get a ticket for a WebSocket",
    description=f"A browser cannot send headers when it opens a WebSocket. A ticket stands for those of this"
    f" request - key, tenant, @context - for {LIFETIME_S} seconds, and is shown as a subprotocol.",
    answers={201: Answer(description="The ticket", schema="StreamTicket", example=TICKET_EXAMPLE)},
    errors=(404,),
    headers=("NGSILD-Tenant", "Link"),
)
