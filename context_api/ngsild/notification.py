"""A notification's body (clauses 5.3.1 and 5.8.6)."""

from collections.abc import Iterable, Sequence
from typing import Any

from context_api.ngsild.attributes import FORMS
from context_api.ngsild.changes import Trigger
from context_api.ngsild.contexts import Context
from context_api.ngsild.model import NULL, Entity, Instance, Iri, Kind, Micros
from context_api.ngsild.represent import to_concise, to_key_values, to_normalized, write_names
from context_api.ngsild.subscription_model import NotificationFormat, Notifying, Subscription
from context_api.ngsild.time import format_datetime
from context_api.ngsild.transition import NO_TRIGGER, Touched

_WRITERS = {
    NotificationFormat.NORMALIZED: to_normalized,
    NotificationFormat.CONCISE: to_concise,
    NotificationFormat.KEY_VALUES: to_key_values,
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
    _add_deleted(document, deleted, context, notifying, deleted_at)
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


def _add_deleted(
    document: dict[str, Any],
    deleted: Iterable[Touched],
    context: Context,
    notifying: Notifying,
    deleted_at: Micros,
) -> None:
    """Show what was deleted as NGSI-LD Null, beside the instances that are left."""
    for one in deleted:
        if one.before is None:
            continue
        name = context.compact(one.attribute)
        if notifying.format is NotificationFormat.KEY_VALUES:
            _add_simplified(document, name, one)
            continue
        written = _write_deleted(one.before, one.dataset_id, notifying, deleted_at)
        present = document.get(name)
        if present is None:
            document[name] = written
        else:
            document[name] = [*(present if isinstance(present, list) else [present]), written]


def _add_simplified(document: dict[str, Any], name: str, one: Touched) -> None:
    present = document.get(name)
    if present is None and not one.dataset_id:
        document[name] = NULL
        return
    is_dataset = isinstance(present, dict) and isinstance(present.get("dataset"), dict)
    values = present["dataset"] if is_dataset and present is not None else {}
    if present is not None and not is_dataset:
        values = {"@none": present}
    document[name] = {"dataset": {**values, (one.dataset_id or "@none"): NULL}}


def _write_deleted(before: Instance, dataset_id: str, notifying: Notifying, deleted_at: Micros) -> Any:
    form = FORMS[before.kind]
    is_plain = not dataset_id and not notifying.sys_attrs
    if notifying.format is NotificationFormat.CONCISE and is_plain:
        return NULL
    value = {"@none": NULL} if before.kind is Kind.LANGUAGE_PROPERTY else NULL
    document: dict[str, Any] = {"type": form.type, form.member: value}
    if notifying.format is NotificationFormat.CONCISE:
        del document["type"]
    if dataset_id:
        document["datasetId"] = dataset_id
    if notifying.sys_attrs:
        times = {"createdAt": before.created_at, "modifiedAt": before.modified_at, "deletedAt": deleted_at}
        document |= {key: format_datetime(time) for key, time in times.items() if time is not None}
    return document
