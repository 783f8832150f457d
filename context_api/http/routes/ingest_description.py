"""How the routes of messages are described: operations, schemas, examples."""

from typing import Any

from context_api.http.operation import Answer, Operation, RequestBody
from context_api.http.parameters import Parameter

_COUNT = {"type": "integer", "minimum": 0}
INGESTED: dict[str, Any] = {
    "result": "stored",
    "device": "aq-001",
    "values": {"received": 2, "stored": 2, "duplicate": 0, "corrected": 0, "ignored": 0, "quarantined": 0},
}
_PUT_ASIDE: dict[str, Any] = {
    "result": "quarantined",
    "device": "aq-001",
    "values": {"received": 0, "stored": 0, "duplicate": 0, "corrected": 0, "ignored": 0, "quarantined": 0},
    "reason": "bad-json",
    "detail": "the payload is not JSON",
}
INGEST_SCHEMAS: dict[str, Any] = {
    "DeviceMessage": {"description": "What the device's adapter reads: JSON, CBOR, UltraLight, …"},
    "Ingested": {
        "type": "object",
        "required": ["result", "device", "values"],
        "properties": {
            "result": {"enum": ["stored", "corrected", "duplicate", "ignored", "quarantined"]},
            "device": {"type": ["string", "null"], "description": "Whom it is counted for"},
            "values": {
                "type": "object",
                "description": "received = stored + duplicate + corrected + ignored + quarantined",
                "required": list(INGESTED["values"]),
                "properties": dict.fromkeys(INGESTED["values"], _COUNT),
            },
            "reason": {"type": "string", "description": "Why it was ignored or put aside"},
            "detail": {"type": "string"},
        },
    },
}
_MEASURE = {"observedAt": "2026-11-23T09:00:00+09:00", "pm25": 12.3, "temperature": 18.4}
_ANY = ("application/json", "application/cbor", "application/octet-stream", "text/plain")
_ANSWERS = {
    200: Answer(
        description="Committed: stored, corrected, a duplicate, or ignored",
        schema="Ingested",
        example=INGESTED,
    ),
    202: Answer(
        description="Committed, and put aside in the quarantine: look there, mend, replay",
        schema="Ingested",
        example=_PUT_ASIDE,
    ),
}
_ERRORS = (400, 401, 403, 404, 406, 429)
_FIWARE_PARAMETERS = {
    "k": Parameter(
        description="The API key: the gateway's application", example="4jggokgpepnvsb2uv4s40d59ov"
    ),
    "i": Parameter(description="The id of the device", example="sensor01"),
    "t": Parameter(description="The time of the measure", example="2026-11-23T09:00:00Z"),
    "d": Parameter(description="The payload, UltraLight 2.0", example="t|15|k|abc"),
    "getCmd": Parameter(description="Ignored: there are no commands to fetch", example="0"),
}

PUSH = Operation(
    id="pushMessage",
    tag="Devices",
    summary="Push a message of a device or a gateway",
    description="Basic authentication with the user name and password of MQTT, the password as a Bearer "
    "token, or an API key. The body is what the device would publish by MQTT, at most 1 MiB, of any media "
    "type; for a gateway it is the webhook of its network server. The answer comes after the commit. A "
    "message that carries its time is stored once however often it comes; one without is, with "
    "Idempotency-Key.",
    path_examples={"device_id": "aq-001"},
    accepts=("device", "event"),
    overrides={
        "device": Parameter(
            description="For a gateway whose payload does not say it: the gateway's name for the device",
            example="sensor01",
        ),
        "event": Parameter(description="For ChirpStack: the event, as it adds it itself", example="up"),
    },
    body=RequestBody(schema="DeviceMessage", example=_MEASURE, media_types=_ANY),
    answers=_ANSWERS,
    errors=_ERRORS,
)
FIWARE = {
    door: Operation(
        id=f"pushFiware{name}",
        tag="Devices",
        summary=f"Push a measure as to the FIWARE IoT Agent {agent}",
        description="`k` names the gateway by its application. Basic authentication with the gateway's "
        "password, or, with MACHI_FIWARE_KEYS=on, `k` alone as with the IoT Agent.",
        accepts=("k", "i", "t", "getCmd"),
        overrides=_FIWARE_PARAMETERS,
        body=RequestBody(schema="DeviceMessage", example=example, media_types=_ANY),
        answers=_ANSWERS,
        errors=_ERRORS,
    )
    for door, name, agent, example in (
        ("json", "Json", "JSON", {"t": 15, "k": "abc"}),
        ("d", "UltraLight", "UltraLight 2.0", "t|15|k|abc"),
    )
}
FIWARE_ATTRIBUTE = {
    door: Operation(
        id=f"{operation.id}Attribute",
        tag="Devices",
        summary=f"{operation.summary}, one attribute",
        description="The body is the value.",
        path_examples={"attribute": "t"},
        accepts=("k", "i"),
        overrides=_FIWARE_PARAMETERS,
        body=RequestBody(schema="DeviceMessage", example=15, media_types=_ANY),
        answers=_ANSWERS,
        errors=_ERRORS,
    )
    for door, operation in FIWARE.items()
}
FIWARE_GET = Operation(
    id="pushFiwareUltraLightByGet",
    tag="Devices",
    summary="Push an UltraLight measure by GET, as to the FIWARE IoT Agent",
    description="Each request is a measure: without `t` it is stored at the time of its arrival.",
    accepts=("k", "i", "t", "d", "getCmd"),
    overrides=_FIWARE_PARAMETERS,
    answers=_ANSWERS,
    errors=_ERRORS,
)
