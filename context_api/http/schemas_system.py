"""Component schema and example of the state of the installation."""

from typing import Any

_TEXT = {"type": "string"}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_TIME = {"type": "string", "format": "date-time"}
_TIME_OR_NULL = {"type": ["string", "null"], "format": "date-time"}
_NUMBER = {"type": "number"}
_NUMBER_OR_NULL = {"type": ["number", "null"]}
_COUNT = {"type": "integer", "minimum": 0}
_COUNT_OR_NULL = {"type": ["integer", "null"], "minimum": 0}
_STATES = {"type": "object", "additionalProperties": _COUNT}


def _all_of(properties: dict[str, Any], description: str | None = None) -> dict[str, Any]:
    """An object whose members are all there, but those that may be null: examples leave them out."""
    said = {} if description is None else {"description": description}
    required = [name for name, schema in properties.items() if "null" not in schema.get("type", ())]
    return {"type": "object", **said, "required": required, "properties": properties}


_RATES = {"type": "array", "items": _all_of({"at": _TIME, "perSecond": _NUMBER_OR_NULL})}

SYSTEM_SCHEMAS: dict[str, Any] = {
    "SystemProcess": _all_of(
        {
            "process": {**_TEXT, "description": "api, bridge, notifier or worker"},
            "instance": {
                **_TEXT_OR_NULL,
                "description": "null: this one, or one that is missing",
            },
            "state": {
                "type": "string",
                "enum": ["working", "troubled", "silent"],
                "description": "silent: no sign of life for ten seconds",
            },
            "detail": _TEXT,
            "ageS": {**_NUMBER_OR_NULL, "description": "Since its last sign of life"},
            "since": _TIME_OR_NULL,
            "version": _TEXT_OR_NULL,
            "figures": {"type": "object", "description": "What it says of its own work"},
        }
    ),
    "SystemJob": _all_of(
        {
            "job": _TEXT,
            "intervalS": _NUMBER,
            "lastAt": _TIME,
            "durationMs": _COUNT,
            "doneAt": _TIME_OR_NULL,
            "failedAt": _TIME_OR_NULL,
            "failures": {**_COUNT, "description": "Since the worker that leads began"},
            "runs": _COUNT,
            "detail": {**_TEXT, "description": "What it did when it last had something to say"},
            "error": {**_TEXT_OR_NULL, "description": "Of the last run; null: it ended well"},
        }
    ),
    "System": _all_of(
        {
            "at": {**_TIME, "description": "When this was seen, by the clock of the database"},
            "ready": {"type": "boolean", "description": "As /readyz says it"},
            "processes": {"type": "array", "items": {"$ref": "#/components/schemas/SystemProcess"}},
            "broker": _all_of(
                {
                    "state": {"type": "string", "enum": ["working", "troubled", "unknown"]},
                    "detail": _TEXT,
                },
                "What the bridges say of it; unknown: none is at work",
            ),
            "database": _all_of(
                {
                    "version": _TEXT,
                    "timescale": _TEXT_OR_NULL,
                    "edition": {"type": ["string", "null"], "enum": ["apache", "community", None]},
                    "since": _TIME,
                    "connections": _COUNT,
                    "connectionsMax": _COUNT,
                    "answerMs": _NUMBER,
                }
            ),
            "redis": {"type": "string", "enum": ["none", "working", "silent"]},
            "ingest": _all_of(
                {
                    "perSecond": {**_NUMBER_OR_NULL, "description": "Over the newest minute at most"},
                    "lastHour": _COUNT_OR_NULL,
                    "lastDay": _COUNT_OR_NULL,
                    "byMinute": {**_RATES, "description": "The last hour"},
                    "byQuarter": {**_RATES, "description": "The last day, by quarter of an hour"},
                },
                "Messages of devices by all doors; null: not sampled yet",
            ),
            "late": _all_of(
                {
                    "messagesPerS": {**_NUMBER_OR_NULL, "description": "By MQTT alone"},
                    "commitS": {**_NUMBER_OR_NULL, "description": "From arrival to commit"},
                    "readingAgeS": {
                        **_NUMBER_OR_NULL,
                        "description": "From its time to its commit, of readings",
                    },
                    "inFlight": {**_COUNT_OR_NULL, "description": "Messages taken and not committed"},
                    "silentS": {**_NUMBER_OR_NULL, "description": "Since the last message"},
                },
                "Of the bridges, over ten seconds; null: nothing to tell",
            ),
            "disk": {
                **_all_of(
                    {
                        "at": _TIME,
                        "databaseBytes": _COUNT,
                        "freeBytes": {**_COUNT_OR_NULL, "description": "null: the database is elsewhere"},
                        "parts": {"type": "object", "additionalProperties": _COUNT},
                        "bytesPerDay": {"type": ["integer", "null"]},
                        "growthSince": _TIME_OR_NULL,
                        "growthDays": _COUNT,
                        "fullInDays": _NUMBER_OR_NULL,
                    },
                    "null: not sampled yet",
                ),
                "type": ["object", "null"],
            },
            "quarantine": _all_of(
                {"messages": _COUNT_OR_NULL, "messagesMax": _COUNT, "lastDay": _COUNT_OR_NULL},
                "Counted once a minute, up to messagesMax",
            ),
            "deliveries": _all_of(
                {
                    "waiting": _COUNT,
                    "deadLettered": {**_COUNT, "description": "Since ever"},
                    "resting": {**_COUNT, "description": "Endpoints that are left alone after failures"},
                    "paused": {**_COUNT, "description": "Subscriptions that were stopped"},
                }
            ),
            "jobs": {"type": "array", "items": {"$ref": "#/components/schemas/SystemJob"}},
            "indexes": {**_STATES, "description": "Declared indexes by state"},
            "imports": {**_STATES, "description": "Imports of devices under way, by state"},
            "aggregates": _all_of({"until": _TIME_OR_NULL, "dirty": _COUNT}),
        }
    ),
}

_PROCESS = {
    "process": "bridge",
    "instance": "bridge",
    "state": "working",
    "detail": "",
    "ageS": 0.8,
    "since": "2026-11-20T00:00:00Z",
    "version": "0.1.0",
    "figures": {
        "messagesPerS": 12.5,
        "commitS": 0.012,
        "readingAgeS": 1.4,
        "inFlight": 3,
        "silentS": 0.1,
        "broker": "ok",
    },
}
_RATE = {"at": "2026-11-23T00:00:00Z", "perSecond": 12.4}
SYSTEM: dict[str, Any] = {
    "at": "2026-11-23T00:00:00Z",
    "ready": True,
    "processes": [_PROCESS],
    "broker": {"state": "working", "detail": ""},
    "database": {
        "version": "17.6",
        "timescale": "2.22.1",
        "edition": "community",
        "since": "2026-11-20T00:00:00Z",
        "connections": 21,
        "connectionsMax": 100,
        "answerMs": 0.9,
    },
    "redis": "working",
    "ingest": {
        "perSecond": 12.4,
        "lastHour": 44_700,
        "lastDay": 1_070_000,
        "byMinute": [_RATE],
        "byQuarter": [_RATE],
    },
    "late": {"messagesPerS": 12.5, "commitS": 0.012, "readingAgeS": 1.4, "inFlight": 3, "silentS": 0.1},
    "disk": {
        "at": "2026-11-23T00:00:00Z",
        "databaseBytes": 2_400_000_000,
        "freeBytes": 80_000_000_000,
        "parts": {"history": 1_900_000_000, "aggregates": 210_000_000, "other": 290_000_000},
        "bytesPerDay": 120_000_000,
        "growthSince": "2026-11-16T00:00:00Z",
        "growthDays": 7,
        "fullInDays": 666.7,
    },
    "quarantine": {"messages": 12, "messagesMax": 100_000, "lastDay": 3},
    "deliveries": {"waiting": 0, "deadLettered": 2, "resting": 0, "paused": 0},
    "jobs": [
        {
            "job": "retention",
            "intervalS": 3_600,
            "lastAt": "2026-11-23T00:00:00Z",
            "durationMs": 240,
            "doneAt": "2026-11-23T00:00:00Z",
            "failedAt": None,
            "failures": 0,
            "runs": 71,
            "detail": "",
            "error": None,
        }
    ],
    "indexes": {"ready": 2},
    "imports": {},
    "aggregates": {"until": "2026-11-22T23:00:00Z", "dirty": 0},
}
