"""Subscription documents: as a partner sends and changes them, as they are served (clause 5.2.12)."""

import uuid
from collections.abc import Mapping
from typing import Any

import msgspec

from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.model import NULL, Micros
from context_api.ngsild.names import check_uri
from context_api.ngsild.query.selector import EntitySelector
from context_api.ngsild.query.types import write_type_selection
from context_api.ngsild.subscription_endpoint import unmask_endpoint
from context_api.ngsild.subscription_filters import MEMBERS as FILTERS
from context_api.ngsild.subscription_filters import read_filters, render_filters
from context_api.ngsild.subscription_members import TRIGGERS, make_readers
from context_api.ngsild.subscription_model import (
    Endpoint,
    NotificationFormat,
    Notifying,
    Subscription,
    SubscriptionState,
    subscription_from_json,
    subscription_to_json,
)
from context_api.ngsild.subscription_notifying import render_notifying
from context_api.ngsild.subscription_readers import read_members, read_object, write_number
from context_api.ngsild.time import format_datetime

__all__ = [
    "Endpoint",
    "EntitySelector",
    "Fragment",
    "NotificationFormat",
    "Notifying",
    "Subscription",
    "SubscriptionState",
    "change_subscription",
    "find_status",
    "parse_fragment",
    "parse_subscription",
    "render_subscription",
    "subscription_from_json",
    "subscription_to_json",
]

_OUTPUT = frozenset(("status", "createdAt", "modifiedAt", "@context"))
_MANDATORY = ("type", "notification")
_DEFAULTS: dict[str, Any] = {one.name: one.default for one in msgspec.structs.fields(Subscription)}


class Fragment(msgspec.Struct, frozen=True, kw_only=True):
    """What an update asks for, read in the @context that came with it."""

    id: str | None
    fields: dict[str, Any]
    """New values of fields of `Subscription`."""
    filters: dict[str, Any]
    """The members of the document that filter; a removed one is NGSI-LD Null."""
    context: Context


def parse_subscription(
    document: Any, context: Context, now: Micros, *, default_id: str | None = None
) -> Subscription:
    """Read a subscription that is to be created.

    Without an id in the document it gets `default_id`, else one made up. Raises BadRequestData for what is
    wrong, and OperationNotSupported, naming the member, for what this broker does not serve.
    """
    if not isinstance(document, dict):
        raise BadRequestData("a subscription is a JSON object", pointer="")
    readers = make_readers(context, now)
    _check_members(document, readers)
    if "type" not in document:
        raise BadRequestData('a subscription has the type "Subscription"', pointer="/type")
    fields = read_members(document, readers, "")
    if "notification" not in fields:
        raise BadRequestData("a subscription needs a notification", pointer="/notification")
    subscription_id = document.get("id")
    if subscription_id is None:
        subscription_id = default_id or f"urn:ngsi-ld:Subscription:{uuid.uuid4()}"
    subscription = Subscription(
        id=check_uri(subscription_id, "a subscription's id", "/id"),
        filters=read_filters(document, context),
        **fields,
    )
    _check_rules(subscription)
    return _unmask(subscription, None)


def parse_fragment(document: Any, context: Context, now: Micros) -> Fragment:
    """Read an update of a subscription (clause 5.8.2): its members replace, NGSI-LD Null removes.

    Raises BadRequestData, also where a mandatory member is removed; the rules that members have to keep
    together are checked by `change_subscription`.
    """
    if not isinstance(document, dict) or not document:
        raise BadRequestData("an update of a subscription is a JSON object with members", pointer="")
    readers = make_readers(context, now)
    removed = {name for name, value in document.items() if value is None or value == NULL}
    kept = {name: value for name, value in document.items() if name not in removed}
    _check_members(document, readers, removed)
    for member in _MANDATORY:
        if member in removed:
            raise BadRequestData(f"a subscription needs its {member}", pointer=f"/{member}")
    fields = read_members(kept, readers, "")
    for name in removed & readers.keys():
        field = readers[name][0]
        fields[field] = _DEFAULTS[field]
    filters = {name: NULL if name in removed else document[name] for name in document.keys() & FILTERS}
    return Fragment(id=document.get("id"), fields=fields, filters=filters, context=context)


def change_subscription(current: Subscription, fragment: Fragment) -> Subscription:
    """Give a subscription as an update leaves it. Raises BadRequestData."""
    if fragment.id not in (None, current.id):
        raise BadRequestData("the id of a subscription cannot be changed", pointer="/id")
    filters = read_filters(fragment.filters, fragment.context, current.filters)
    changed = msgspec.structs.replace(current, filters=filters, **fragment.fields)
    _check_rules(changed)
    return _unmask(changed, current)


def render_subscription(
    subscription: Subscription,
    state: SubscriptionState,
    context: Context,
    *,
    now: Micros,
    sys_attrs: bool = False,
) -> dict[str, Any]:
    """Write a subscription as it is served: with its status and what became of its notifications.

    Secrets are masked.
    """
    document: dict[str, Any] = {"id": subscription.id, "type": "Subscription"}
    document |= {
        key: value for key, value in _render_members(subscription, context).items() if value is not None
    }
    if subscription.is_active is not None:
        document["isActive"] = subscription.is_active and state.is_active
    document["status"] = find_status(subscription, state, now)
    document["notification"] = render_notifying(subscription.notification, context) | _render_state(state)
    if sys_attrs:
        document |= _render_times({"createdAt": state.created_at, "modifiedAt": state.modified_at})
    return document


def find_status(subscription: Subscription, state: SubscriptionState, now: Micros) -> str:
    """Tell the status of a subscription: active, paused or expired (clause 5.2.12)."""
    if subscription.expires_at is not None and subscription.expires_at <= now:
        return "expired"
    return "active" if state.is_active and subscription.is_active is not False else "paused"


def _render_members(subscription: Subscription, context: Context) -> dict[str, Any]:
    """Write what was given; None stands for what was not."""
    triggers = [name for name, bit in TRIGGERS.items() if bit & subscription.triggers]
    expires_at = subscription.expires_at
    return {
        "subscriptionName": subscription.name,
        "description": subscription.description,
        "entities": [_render_selector(one, context) for one in subscription.entities] or None,
        "watchedAttributes": list(map(context.compact, subscription.watched_attributes)) or None,
        **render_filters(subscription.filters, context),
        "notificationTrigger": triggers,
        "timeInterval": write_number(subscription.interval_s),
        "throttling": write_number(subscription.throttling_s),
        "expiresAt": None if expires_at is None else format_datetime(expires_at),
        "lang": subscription.lang,
        "datasetId": list(subscription.dataset_ids) or None,
        "ngsildConformance": subscription.conformance,
        "jsonKeys": list(subscription.json_keys) or None,
        "csf": subscription.csf_text,
        "localOnly": subscription.local_only,
        "splitEntities": subscription.split_entities,
        "jsonldContext": subscription.jsonld_context,
    }


def _render_selector(selector: EntitySelector, context: Context) -> dict[str, Any]:
    document: dict[str, Any] = {"type": write_type_selection(selector.types, context.compact)}
    if selector.ids:
        document["id"] = selector.ids[0] if len(selector.ids) == 1 else list(selector.ids)
    if selector.id_pattern is not None:
        document["idPattern"] = selector.id_pattern
    return document


def _render_state(state: SubscriptionState) -> dict[str, Any]:
    if not state.times_sent:
        return {}
    has_failed = (state.last_failure or 0) > (state.last_success or 0)
    return {
        "status": "failed" if has_failed else "ok",
        "timesSent": state.times_sent,
        "timesFailed": state.times_failed,
        **_render_times(
            {
                "lastNotification": state.last_notification,
                "lastSuccess": state.last_success,
                "lastFailure": state.last_failure,
            }
        ),
    }


def _render_times(times: Mapping[str, Micros | None]) -> dict[str, str]:
    return {name: format_datetime(time) for name, time in times.items() if time is not None}


def _check_members(
    document: Mapping[str, Any], readers: Mapping[str, Any], removed: frozenset[str] | set[str] = frozenset()
) -> None:
    if "temporalQ" in document:
        raise BadRequestData(
            "temporalQ belongs to subscriptions to context source registrations; to entities it is nothing",
            pointer="/temporalQ",
        )
    read_object(document, {"id", "type", *readers, *FILTERS}, _OUTPUT, "")
    if "type" in document.keys() - removed and document["type"] != "Subscription":
        raise BadRequestData('a subscription has the type "Subscription"', pointer="/type")


def _check_rules(subscription: Subscription) -> None:
    """Check what members ask of each other (clause 5.2.12). Raises BadRequestData."""
    is_periodic = subscription.interval_s is not None
    if is_periodic and subscription.throttling_s is not None:
        raise BadRequestData("timeInterval excludes throttling", pointer="/throttling")
    if is_periodic and subscription.watched_attributes:
        raise BadRequestData("timeInterval excludes watchedAttributes", pointer="/watchedAttributes")
    if subscription.local_only or subscription.entities:
        return
    if is_periodic:
        raise BadRequestData("timeInterval needs entities", pointer="/entities")
    if not subscription.watched_attributes:
        raise BadRequestData("a subscription needs entities or watchedAttributes", pointer="")


def _unmask(subscription: Subscription, stored: Subscription | None) -> Subscription:
    notifying = subscription.notification
    endpoint = unmask_endpoint(
        notifying.endpoint,
        None if stored is None else stored.notification.endpoint,
        "/notification/endpoint",
    )
    if endpoint is notifying.endpoint:
        return subscription
    return msgspec.structs.replace(
        subscription, notification=msgspec.structs.replace(notifying, endpoint=endpoint)
    )
