"""The Alert entities of devices. Pure."""

from typing import Any

from context_api.ngsild.contexts import core_context
from context_api.ngsild.model import Entity, Micros
from context_api.ngsild.parse import parse_entity
from context_api.ngsild.time import format_datetime
from context_api.store.liveness import Watched

SILENT = "silent"
TOGETHER = "silent-together"
"""Silent along with most others: one Alert tells of all of them."""
BAD_PAYLOAD = "bad-payload"
RATE_LIMITED = "rate-limited"
RULE_PREFIX = "rule:"
TOGETHER_ID = "urn:ngsi-ld:Alert:device:silent-together"
_SEVERITIES = {SILENT: "high", TOGETHER: "critical", BAD_PAYLOAD: "medium", RATE_LIMITED: "medium"}
_NAMES = {SILENT: "silentDevice", TOGETHER: "silentDevices", RATE_LIMITED: "rateLimitedDevice"}


def is_fault(kind: str) -> bool:
    """Tell whether what is raised makes a device faulty."""
    return kind == BAD_PAYLOAD or kind.startswith(RULE_PREFIX)


def device_alert(watched: Watched, kind: str, detail: str, *, is_raised: bool, now: Micros) -> Entity:
    """Make the Alert of one device as it is now."""
    document = _document(
        f"urn:ngsi-ld:Alert:device:{watched.device_id}:{kind}", kind, detail, is_raised=is_raised, now=now
    )
    document["alertSource"] = {
        "type": "Relationship",
        "object": f"urn:ngsi-ld:Device:{watched.device_id}",
    }
    if watched.location is not None:
        document["location"] = {"type": "GeoProperty", "value": watched.location}
    return parse_entity(document, core_context(), now=now)


def together_alert(detail: str, *, is_raised: bool, now: Micros) -> Entity:
    """Make the one Alert of many devices."""
    document = _document(TOGETHER_ID, TOGETHER, detail, is_raised=is_raised, now=now)
    return parse_entity(document, core_context(), now=now)


def _document(alert_id: str, kind: str, detail: str, *, is_raised: bool, now: Micros) -> dict[str, Any]:
    at = {"@type": "DateTime", "@value": format_datetime(now)}
    document: dict[str, Any] = {
        "id": alert_id,
        "type": "Alert",
        "category": _property("environment"),
        "subCategory": _property(_NAMES.get(kind, "faultyDevice")),
        "severity": _property(_SEVERITIES.get(kind, "medium")),
        "description": _property(detail),
        "alarmState": _property("raised" if is_raised else "cleared"),
        "dateIssued": _property(at),
    }
    if not is_raised:
        document["validTo"] = _property(at)
    return document


def _property(value: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value}
