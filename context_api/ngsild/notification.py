"""A notification's body (clauses 5.3.1 and 5.8.6)."""

from collections.abc import Iterable, Sequence
from typing import Any

from context_api.ngsild.attributes import FORMS
from context_api.ngsild.changes import Trigger
from context_api.ngsild.contexts import Context
from context_api.ngsild.model import NULL, Attributes, Entity, Instance, Iri, Kind, Micros
from context_api.ngsild.represent import (
    as_object,
    to_concise,
    to_key_values,
    to_normalized,
    write_concise,
    write_names,
    write_normalized,
    write_simplified_value,
)
from context_api.ngsild.subscription_model import NotificationFormat, Notifying, Subscription
from context_api.ngsild.time import format_datetime
from context_api.ngsild.transition import NO_TRIGGER, Touched

_WRITERS = {
    NotificationFormat.NORMALIZED: to_normalized,
    NotificationFormat.CONCISE: to_concise,
    NotificationFormat.KEY_VALUES: to_key_values,
}
_INSTANCE_WRITERS = {
    NotificationFormat.NORMALIZED: write_normalized,
    NotificationFormat.CONCISE: write_concise,
}


def render_notification(
    subscription: Subscription,
    notification_id: str,
    entity: Entity,
    notified_at: Micros,
    context: Context,
    *,
    trigger: Trigger = NO_TRIGGER,
    touched: Sequence[Touched] = (),
    changed_at: Micros | None = None,
) -> dict[str, Any]:
    """Write the notification of one entity that changed.

    `entity` is the entity after the change or, where it was deleted (ENTITY_DELETED in `trigger`), before it.
    `touched` is looked at for deleted attributes only; `changed_at` (else `notified_at`) is when they were.
    With accept application/ld+json the entity carries the @context; else the Link header does.
    """
    deleted_at = notified_at if changed_at is None else changed_at
    notifying = subscription.notification
    deleted = [one for one in touched if one.after is None and _is_wanted(one.attribute, notifying)]
    if trigger & Trigger.ENTITY_DELETED:
        document = _write_deleted_entity(entity, context, notifying, deleted_at)
        shows_deleted = bool(subscription.effective_triggers & Trigger.ATTRIBUTE_DELETED)
        watched = subscription.watched_attributes
        deleted = [one for one in deleted if shows_deleted and (not watched or one.attribute in watched)]
    else:
        document = _WRITERS[notifying.format](
            entity, context, sys_attrs=notifying.sys_attrs, attrs=notifying.attributes or None
        )
    left = {} if trigger & Trigger.ENTITY_DELETED else entity.attributes
    document |= _write_all_deleted(deleted, left, context, notifying, deleted_at)
    if notifying.endpoint.accept == "application/ld+json":
        document["@context"] = context.source
    return {
        "id": notification_id,
        "type": "Notification",
        "subscriptionId": subscription.id,
        "notifiedAt": format_datetime(notified_at),
        "data": [document],
    }


def _is_wanted(attribute: Iri, notifying: Notifying) -> bool:
    return not notifying.attributes or attribute in notifying.attributes


def _write_deleted_entity(
    entity: Entity, context: Context, notifying: Notifying, deleted_at: Micros
) -> dict[str, Any]:
    document: dict[str, Any] = {"id": entity.id, "type": write_names(entity.types, context)}
    if notifying.sys_attrs:
        document["createdAt"] = format_datetime(entity.created_at)
        document["modifiedAt"] = format_datetime(entity.modified_at)
    document["deletedAt"] = format_datetime(deleted_at)
    return document


def _write_all_deleted(
    deleted: Iterable[Touched],
    left: Attributes,
    context: Context,
    notifying: Notifying,
    deleted_at: Micros,
) -> dict[str, Any]:
    """Show what was deleted as NGSI-LD Null, beside the instances that are left of the same attribute."""
    by_attribute: dict[Iri, list[Touched]] = {}
    for one in deleted:
        by_attribute.setdefault(one.attribute, []).append(one)
    document = {}
    for attribute, gone in by_attribute.items():
        instances = left.get(attribute, [])
        if notifying.format is NotificationFormat.KEY_VALUES:
            written = _write_simplified(gone, instances, context)
        else:
            write = _INSTANCE_WRITERS[notifying.format]
            listed = [
                as_object(one, write(attribute, one, context, notifying.sys_attrs)) for one in instances
            ]
            listed += [
                _write_deleted(one.before, notifying, deleted_at, is_alone=not instances)
                for one in gone
                if one.before is not None
            ]
            written = listed[0] if len(listed) == 1 else listed
        document[context.compact(attribute)] = written
    return document


def _write_simplified(gone: list[Touched], instances: list[Instance], context: Context) -> Any:
    if not instances and len(gone) == 1 and not gone[0].dataset_id:
        return NULL
    values = {one.dataset_id or "@none": write_simplified_value(one, context) for one in instances}
    return {"dataset": values | {one.dataset_id or "@none": NULL for one in gone}}


def _write_deleted(before: Instance, notifying: Notifying, deleted_at: Micros, *, is_alone: bool) -> Any:
    form = FORMS[before.kind]
    is_concise = notifying.format is NotificationFormat.CONCISE
    if is_concise and is_alone and not before.dataset_id and not notifying.sys_attrs:
        return NULL
    value = {"@none": NULL} if before.kind is Kind.LANGUAGE_PROPERTY else NULL
    document: dict[str, Any] = {} if is_concise else {"type": form.type}
    document[form.member] = value
    if before.dataset_id:
        document["datasetId"] = before.dataset_id
    if notifying.sys_attrs:
        times = {"createdAt": before.created_at, "modifiedAt": before.modified_at, "deletedAt": deleted_at}
        document |= {key: format_datetime(time) for key, time in times.items() if time is not None}
    return document
