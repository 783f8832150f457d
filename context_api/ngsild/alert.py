"""The Alert of an alarm (Smart Data Models, dataModel.Alert), and the subscription that feeds it. Pure."""

from typing import Any

import msgspec

from context_api.ngsild.alarm import AlarmRule, AlarmState, Step, alert_id, message_of
from context_api.ngsild.contexts import Context, core_context
from context_api.ngsild.model import Entity, Micros
from context_api.ngsild.parse import parse_entity
from context_api.ngsild.subscription import Subscription, parse_subscription
from context_api.ngsild.time import format_datetime

ALARM_SCHEME = "machi-alarm:"
"""Of the endpoints that stand for alarm rules: nobody outside can write one."""
SUBSCRIPTION_PREFIX = "urn:ngsi-ld:Subscription:machi-alarm:"
_TRIGGERS = ["attributeCreated", "attributeUpdated", "attributeDeleted", "entityDeleted"]
_LOCATION = "location"


def subscription_id(rule_id: str) -> str:
    """The subscription that feeds a rule."""
    return f"{SUBSCRIPTION_PREFIX}{rule_id}"


def is_feeding(identifier: str) -> bool:
    """Whether a subscription feeds a rule: it belongs to the rule, and nobody sees or changes it."""
    return identifier.startswith(SUBSCRIPTION_PREFIX)


def feeding_subscription(rule: AlarmRule, context: Context, tenant: str, now: Micros) -> Subscription:
    """Make the subscription whose notifications are a rule's values. Raises BadRequestData."""
    which: list[dict[str, Any]] = [{"type": rule.type, "id": one} for one in rule.ids]
    if not which:
        which = [{"type": rule.type} | ({"idPattern": rule.id_pattern} if rule.id_pattern else {})]
    document = {
        "id": subscription_id(rule.id),
        "type": "Subscription",
        "subscriptionName": rule.name,
        "entities": which,
        "watchedAttributes": [rule.attribute],
        "notificationTrigger": _TRIGGERS,
        "isActive": rule.is_active,
        "notification": {
            "attributes": [rule.attribute, _LOCATION],
            "sysAttrs": True,
            "endpoint": {"uri": "https://alarm.invalid/", "accept": "application/json"},
        },
    }
    subscription = parse_subscription(document, context, now)
    notifying = subscription.notification
    endpoint = msgspec.structs.replace(notifying.endpoint, uri=f"{ALARM_SCHEME}{tenant}/{rule.id}")
    return msgspec.structs.replace(
        subscription, notification=msgspec.structs.replace(notifying, endpoint=endpoint)
    )


def alert_entity(  # noqa: PLR0917
    rule: AlarmRule, entity_id: str, state: AlarmState, step: Step, location: Any, now: Micros
) -> Entity:
    """Make the Alert as it is after a step. Its names are those of the core @context."""
    at = format_datetime(state.since)
    document: dict[str, Any] = {
        "id": alert_id(rule, entity_id),
        "type": "Alert",
        "category": _property(str(rule.category)),
        "subCategory": _property(rule.name),
        "severity": _property(str(rule.severity)),
        "description": _property(message_of(rule, entity_id, state, step)),
        "alertSource": {"type": "Relationship", "object": entity_id},
        "alarmRule": _property(rule.id),
        "alarmState": _property("cleared" if step is Step.RECOVER else "raised"),
        "dateIssued": _property({"@type": "DateTime", "@value": at}),
    }
    if state.value is not None:
        document["observedValue"] = _property(state.value)
    if step is Step.RECOVER:
        document["validTo"] = _property({"@type": "DateTime", "@value": at})
    if isinstance(location, dict):
        document[_LOCATION] = {"type": "GeoProperty", "value": location}
    return parse_entity(document, core_context(), now=now)


def _property(value: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value}
