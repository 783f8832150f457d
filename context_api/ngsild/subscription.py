"""Subscription documents: as a partner sends them, as we serve them (clauses 5.2.12 to 5.2.15)."""

import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from context_api.ngsild.changes import Trigger
from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import BadRequestData, OperationNotSupported
from context_api.ngsild.model import Iri, Micros
from context_api.ngsild.names import check_text, check_uri, shown
from context_api.ngsild.parse import parse_attribute_name
from context_api.ngsild.query.pattern import parse_id_pattern
from context_api.ngsild.query.selector import EntitySelector
from context_api.ngsild.query.types import parse_type_selection, write_type_selection
from context_api.ngsild.subscription_filters import MEMBERS as FILTERS
from context_api.ngsild.subscription_filters import read_filters, render_filters
from context_api.ngsild.subscription_model import (
    DEFAULT_TRIGGERS,
    Endpoint,
    NotificationFormat,
    Notifying,
    Subscription,
    SubscriptionState,
    subscription_from_json,
    subscription_to_json,
)
from context_api.ngsild.time import format_datetime, parse_datetime

__all__ = [
    "Endpoint",
    "EntitySelector",
    "NotificationFormat",
    "Notifying",
    "Subscription",
    "SubscriptionState",
    "find_status",
    "parse_subscription",
    "render_subscription",
    "subscription_from_json",
    "subscription_to_json",
]

MAX_LISTED = 1_000
"""Elements of a list in a subscription."""

TRIGGERS: dict[str, Trigger] = {
    "entityCreated": Trigger.ENTITY_CREATED,
    "entityUpdated": Trigger.ENTITY_UPDATED,
    "entityDeleted": Trigger.ENTITY_DELETED,
    "attributeCreated": Trigger.ATTRIBUTE_CREATED,
    "attributeUpdated": Trigger.ATTRIBUTE_UPDATED,
    "attributeDeleted": Trigger.ATTRIBUTE_DELETED,
}

_SERVED = frozenset(
    (
        "id",
        "type",
        "subscriptionName",
        "description",
        "entities",
        "watchedAttributes",
        "notificationTrigger",
        "isActive",
        "expiresAt",
        "notification",
        "jsonldContext",
        *FILTERS,
    )
)
_OUTPUT = frozenset(("status", "createdAt", "modifiedAt", "@context"))
_LATER = frozenset(
    (
        "csf",
        "temporalQ",
        "timeInterval",
        "throttling",
        "lang",
        "datasetId",
        "jsonKeys",
        "localOnly",
        "splitEntities",
        "ngsildConformance",
    )
)
_NOTIFICATION_SERVED = frozenset(("endpoint", "attributes", "format", "sysAttrs"))
_NOTIFICATION_OUTPUT = frozenset(
    ("status", "timesSent", "timesFailed", "lastNotification", "lastSuccess", "lastFailure")
)
_NOTIFICATION_LATER = frozenset(("pick", "omit", "join", "joinLevel", "showChanges"))
_ENDPOINT_SERVED = frozenset(("uri", "accept", "receiverInfo", "timeout", "cooldown"))
_ENDPOINT_LATER = frozenset(("notifierInfo",))
_SELECTOR_SERVED = frozenset(("type", "id", "idPattern"))

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\uffff]*")
_HTTP_URI = re.compile(r"https?://[^/?#\s]+(?:[/?#]\S*)?", re.IGNORECASE)
_FORMATS = {
    "normalized": NotificationFormat.NORMALIZED,
    "concise": NotificationFormat.CONCISE,
    "keyValues": NotificationFormat.KEY_VALUES,
    "simplified": NotificationFormat.KEY_VALUES,
}


def parse_subscription(
    document: Any, context: Context, now: Micros, *, default_id: str | None = None
) -> Subscription:
    """Read a subscription that is to be created.

    Without an id in the document it gets `default_id`, else one made up. Raises BadRequestData for what is
    wrong, and OperationNotSupported, naming the member, for what this broker does not serve.
    """
    if not isinstance(document, dict):
        raise BadRequestData("a subscription is a JSON object", pointer="")
    _check_members(document, _SERVED, _LATER, _OUTPUT, "")
    if document.get("type") != "Subscription":
        raise BadRequestData('a subscription has the type "Subscription"', pointer="/type")
    entities = _read_list(document, "entities", "", lambda one, at: _read_selector(one, context, at))
    watched = _read_list(document, "watchedAttributes", "", lambda one, at: _read_name(one, context, at))
    if not entities and not watched:
        raise BadRequestData("a subscription needs entities or watchedAttributes", pointer="")
    if "notification" not in document:
        raise BadRequestData("a subscription needs a notification", pointer="/notification")
    subscription_id = document.get("id")
    if subscription_id is None:
        subscription_id = default_id or f"urn:ngsi-ld:Subscription:{uuid.uuid4()}"
    return Subscription(
        id=check_uri(subscription_id, "a subscription's id", "/id"),
        notification=_read_notification(document["notification"], context, "/notification"),
        entities=entities,
        watched_attributes=watched,
        filters=read_filters(document, context),
        triggers=_read_triggers(document),
        name=_read_text(document, "subscriptionName", ""),
        description=_read_text(document, "description", ""),
        is_active=_read_flag(document, "isActive", ""),
        expires_at=_read_expiry(document, now),
        jsonld_context=_read_context_url(document),
    )


def render_subscription(
    subscription: Subscription,
    state: SubscriptionState,
    context: Context,
    *,
    now: Micros,
    sys_attrs: bool = False,
) -> dict[str, Any]:
    """Write a subscription as it is served, with its status and what became of its notifications."""
    document: dict[str, Any] = {"id": subscription.id, "type": "Subscription"}
    optional: dict[str, Any] = {
        "subscriptionName": subscription.name,
        "description": subscription.description,
        "entities": [_render_selector(one, context) for one in subscription.entities] or None,
        "watchedAttributes": list(map(context.compact, subscription.watched_attributes)) or None,
    }
    document |= {key: value for key, value in optional.items() if value is not None}
    document |= render_filters(subscription.filters, context)
    document["notificationTrigger"] = [name for name, bit in TRIGGERS.items() if bit & subscription.triggers]
    if subscription.is_active is not None:
        document["isActive"] = subscription.is_active and state.is_active
    if subscription.expires_at is not None:
        document["expiresAt"] = format_datetime(subscription.expires_at)
    if subscription.jsonld_context is not None:
        document["jsonldContext"] = subscription.jsonld_context
    document["status"] = find_status(subscription, state, now)
    document["notification"] = _render_notification(subscription.notification, state, context)
    if sys_attrs:
        document |= _render_times({"createdAt": state.created_at, "modifiedAt": state.modified_at})
    return document


def find_status(subscription: Subscription, state: SubscriptionState, now: Micros) -> str:
    """Tell the status of a subscription: active, paused or expired (clause 5.2.12)."""
    if subscription.expires_at is not None and subscription.expires_at <= now:
        return "expired"
    return "active" if state.is_active and subscription.is_active is not False else "paused"


def _render_selector(selector: EntitySelector, context: Context) -> dict[str, Any]:
    document: dict[str, Any] = {"type": write_type_selection(selector.types, context.compact)}
    if selector.ids:
        document["id"] = selector.ids[0] if len(selector.ids) == 1 else list(selector.ids)
    if selector.id_pattern is not None:
        document["idPattern"] = selector.id_pattern
    return document


def _render_notification(
    notification: Notifying, state: SubscriptionState, context: Context
) -> dict[str, Any]:
    document: dict[str, Any] = {}
    if notification.attributes:
        document["attributes"] = list(map(context.compact, notification.attributes))
    document["format"] = str(notification.format)
    if notification.sys_attrs:
        document["sysAttrs"] = True
    document["endpoint"] = _render_endpoint(notification.endpoint)
    if state.times_sent:
        has_failed = (state.last_failure or 0) > (state.last_success or 0)
        document["status"] = "failed" if has_failed else "ok"
        document["timesSent"] = state.times_sent
        document["timesFailed"] = state.times_failed
        document |= _render_times(
            {
                "lastNotification": state.last_notification,
                "lastSuccess": state.last_success,
                "lastFailure": state.last_failure,
            }
        )
    return document


def _render_endpoint(endpoint: Endpoint) -> dict[str, Any]:
    document: dict[str, Any] = {"uri": endpoint.uri, "accept": endpoint.accept}
    if endpoint.receiver_info:
        document["receiverInfo"] = [{"key": key, "value": value} for key, value in endpoint.receiver_info]
    if endpoint.timeout_ms is not None:
        document["timeout"] = endpoint.timeout_ms
    if endpoint.cooldown_ms is not None:
        document["cooldown"] = endpoint.cooldown_ms
    return document


def _render_times(times: Mapping[str, Micros | None]) -> dict[str, str]:
    return {name: format_datetime(time) for name, time in times.items() if time is not None}


def _check_members(
    document: Mapping[str, Any],
    served: frozenset[str],
    later: frozenset[str],
    ignored: frozenset[str],
    pointer: str,
) -> None:
    for member in document:
        where = f"{pointer}/{member}"
        if member in later:
            raise OperationNotSupported(f"{member} is not served by this broker yet", pointer=where)
        if member not in served and member not in ignored:
            raise BadRequestData(
                f"{shown(member)} is no member here; there are {', '.join(sorted(served))}", pointer=where
            )


_Element = TypeVar("_Element")


def _read_list(
    document: Mapping[str, Any], member: str, pointer: str, read: Callable[[Any, str], _Element]
) -> tuple[_Element, ...]:
    if member not in document:
        return ()
    value = document[member]
    where = f"{pointer}/{member}"
    if not isinstance(value, list) or not 0 < len(value) <= MAX_LISTED:
        raise BadRequestData(f"{member} is an array of 1 to {MAX_LISTED} elements", pointer=where)
    return tuple(read(one, f"{where}/{index}") for index, one in enumerate(value))


def _read_name(value: Any, context: Context, pointer: str) -> Iri:
    if not isinstance(value, str):
        raise BadRequestData(f"an attribute's name is a string, not {shown(value)}", pointer=pointer)
    try:
        return parse_attribute_name(value, context)
    except BadRequestData as error:
        raise BadRequestData(error.detail, pointer=pointer) from error


def _read_selector(value: Any, context: Context, pointer: str) -> EntitySelector:
    if not isinstance(value, dict):
        raise BadRequestData("an entity selector is an object with a type", pointer=pointer)
    _check_members(value, _SELECTOR_SERVED, frozenset(), frozenset(), pointer)
    types = value.get("type")
    if not isinstance(types, str) or not types:
        raise BadRequestData('an entity selector needs a type ("*" for any)', pointer=f"{pointer}/type")
    ids = value.get("id")
    listed = ids if isinstance(ids, list) else [] if ids is None else [ids]
    if ids == [] or len(listed) > MAX_LISTED:
        raise BadRequestData(f"id is a URI or an array of 1 to {MAX_LISTED}", pointer=f"{pointer}/id")
    id_pattern = value.get("idPattern")
    where = f"{pointer}/idPattern"
    return EntitySelector(
        types=parse_type_selection(types, context),
        ids=tuple(check_uri(one, "an entity's id", f"{pointer}/id") for one in listed),
        id_pattern=parse_id_pattern(id_pattern, pointer=where) if id_pattern is not None else None,
    )


def _read_triggers(document: Mapping[str, Any]) -> int:
    names = _read_list(document, "notificationTrigger", "", lambda one, _: one)
    if not names:
        return int(DEFAULT_TRIGGERS)
    triggers = 0
    for name in names:
        if not isinstance(name, str) or name not in TRIGGERS:
            raise BadRequestData(
                f"a trigger is one of {', '.join(TRIGGERS)}, not {shown(name)}",
                pointer="/notificationTrigger",
            )
        triggers |= TRIGGERS[name]
    return int(triggers)


def _read_text(document: Mapping[str, Any], member: str, pointer: str) -> str | None:
    value = document.get(member)
    if value is None:
        return None
    if not isinstance(value, str):
        raise BadRequestData(f"{member} is a string", pointer=f"{pointer}/{member}")
    return check_text(value, f"{pointer}/{member}")


def _read_flag(document: Mapping[str, Any], member: str, pointer: str) -> bool | None:
    value = document.get(member)
    if value is not None and not isinstance(value, bool):
        raise BadRequestData(f"{member} is true or false", pointer=f"{pointer}/{member}")
    return value


def _read_expiry(document: Mapping[str, Any], now: Micros) -> Micros | None:
    if "expiresAt" not in document:
        return None
    expires_at = parse_datetime(document["expiresAt"], pointer="/expiresAt")
    if expires_at <= now:
        raise BadRequestData("expiresAt lies in the past", pointer="/expiresAt")
    return expires_at


def _read_context_url(document: Mapping[str, Any]) -> str | None:
    url = document.get("jsonldContext")
    if url is not None and (not isinstance(url, str) or not _HTTP_URI.fullmatch(url)):
        raise BadRequestData("jsonldContext is the URL of a @context", pointer="/jsonldContext")
    return url


def _read_notification(value: Any, context: Context, pointer: str) -> Notifying:
    if not isinstance(value, dict):
        raise BadRequestData("notification is an object with an endpoint", pointer=pointer)
    defaults = {"showChanges": False, "join": "@none"}
    harmless = {member for member, default in defaults.items() if value.get(member) == default}
    later = _NOTIFICATION_LATER - harmless
    _check_members(value, _NOTIFICATION_SERVED, later, _NOTIFICATION_OUTPUT | harmless, pointer)
    if "endpoint" not in value:
        raise BadRequestData("a notification needs an endpoint", pointer=f"{pointer}/endpoint")
    written = value.get("format", "normalized")
    if not isinstance(written, str) or written not in _FORMATS:
        raise BadRequestData(f"format is one of {', '.join(_FORMATS)}", pointer=f"{pointer}/format")
    return Notifying(
        endpoint=_read_endpoint(value["endpoint"], f"{pointer}/endpoint"),
        attributes=_read_list(value, "attributes", pointer, lambda one, at: _read_name(one, context, at)),
        format=_FORMATS[written],
        sys_attrs=_read_flag(value, "sysAttrs", pointer) or False,
    )


def _read_endpoint(value: Any, pointer: str) -> Endpoint:
    if not isinstance(value, dict):
        raise BadRequestData("endpoint is an object with a uri", pointer=pointer)
    _check_members(value, _ENDPOINT_SERVED, _ENDPOINT_LATER, frozenset(), pointer)
    return Endpoint(
        uri=_read_endpoint_uri(value.get("uri"), f"{pointer}/uri"),
        accept=_read_accept(value.get("accept"), f"{pointer}/accept"),
        receiver_info=_read_list(value, "receiverInfo", pointer, _read_header),
        timeout_ms=_read_duration(value, "timeout", pointer),
        cooldown_ms=_read_duration(value, "cooldown", pointer),
    )


def _read_endpoint_uri(value: Any, pointer: str) -> str:
    uri = check_uri(value, "an endpoint's uri", pointer)
    if uri.lower().startswith(("mqtt://", "mqtts://")):
        raise OperationNotSupported("MQTT endpoints are not served by this broker yet", pointer=pointer)
    if not _HTTP_URI.fullmatch(uri):
        raise BadRequestData("an endpoint's uri is an http or https URL", pointer=pointer)
    return uri


def _read_accept(value: Any, pointer: str) -> str:
    if value is None:
        return "application/json"
    if value == "application/geo+json":
        raise OperationNotSupported("GeoJSON notifications are not served yet", pointer=pointer)
    if value not in {"application/json", "application/ld+json"}:
        raise BadRequestData("accept is application/json or application/ld+json", pointer=pointer)
    return str(value)


def _read_header(value: Any, pointer: str) -> tuple[str, str]:
    if not isinstance(value, dict) or value.keys() != {"key", "value"}:
        raise BadRequestData("an element of receiverInfo has a key and a value", pointer=pointer)
    name, text = value["key"], value["value"]
    if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
        raise BadRequestData(f"{shown(name)} is no name of an HTTP header", pointer=f"{pointer}/key")
    if not isinstance(text, str) or not _HEADER_VALUE.fullmatch(text):
        raise BadRequestData("the value of an HTTP header is one line of text", pointer=f"{pointer}/value")
    return name, text


def _read_duration(document: Mapping[str, Any], member: str, pointer: str) -> float | None:
    value = document.get(member)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e12:
        raise BadRequestData(f"{member} is a number of milliseconds, above 0", pointer=f"{pointer}/{member}")
    return value
