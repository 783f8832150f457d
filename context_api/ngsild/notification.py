"""A notification's body (clauses 5.3.1 and 5.8.6)."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from context_api.ngsild.attributes import FORMS
from context_api.ngsild.changes import Trigger
from context_api.ngsild.contexts import Context
from context_api.ngsild.downgrade import CURRENT_MINOR, downgrade, parse_version
from context_api.ngsild.geojson import LOCATION, to_feature, to_feature_collection
from context_api.ngsild.language import localize, parse_languages
from context_api.ngsild.linked import Join, Walk
from context_api.ngsild.model import DEFAULT_DATASET, NULL, Attributes, Entity, Instance, Iri, Kind, Micros
from context_api.ngsild.presentation import Presentation, present, walk_from
from context_api.ngsild.represent import (
    Document,
    as_object,
    to_concise,
    to_key_values,
    to_normalized,
    write_concise,
    write_names,
    write_normalized,
    write_simplified_value,
    write_value,
)
from context_api.ngsild.subscription_model import NotificationFormat, Subscription
from context_api.ngsild.time import format_datetime
from context_api.ngsild.transition import NO_TRIGGER, Touched, same_content

GEO_JSON = "application/geo+json"

_WRITERS = {
    NotificationFormat.NORMALIZED: to_normalized,
    NotificationFormat.CONCISE: to_concise,
    NotificationFormat.KEY_VALUES: to_key_values,
    NotificationFormat.SIMPLIFIED: to_key_values,
}
_INSTANCE_WRITERS = {
    NotificationFormat.NORMALIZED: write_normalized,
    NotificationFormat.CONCISE: write_concise,
}


def present_for(subscription: Subscription) -> Presentation:
    """Say how the entities of a subscription's notifications are written."""
    notifying = subscription.notification
    datasets = subscription.dataset_ids
    version = subscription.conformance
    return Presentation(
        write=_WRITERS[notifying.format],
        sys_attrs=notifying.sys_attrs,
        attrs=frozenset(notifying.attributes) or None,
        projection=notifying.projection,
        languages=None if subscription.lang is None else parse_languages(subscription.lang),
        datasets=frozenset(DEFAULT_DATASET if one == "@none" else one for one in datasets) or None,
        join=notifying.join,
        join_level=notifying.join_level or 1,
        minor=CURRENT_MINOR if version is None else parse_version(version) or 0,
    )


def walk_linked(subscription: Subscription, entity: Entity, trigger: Trigger = NO_TRIGGER) -> Walk | None:
    """Begin to look for the linked entities that a notification is to hold; None where it holds none."""
    if subscription.notification.join is None or trigger & Trigger.ENTITY_DELETED:
        return None
    return walk_from([entity], present_for(subscription))


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
    walk: Walk | None = None,
    names_context: bool = False,
) -> dict[str, Any] | None:
    """Write the notification of one entity that changed; None where nothing of it was asked for.

    `entity` is the entity after the change or, where it was deleted (ENTITY_DELETED in `trigger`), before it.
    `touched` is looked at for what was deleted or replaced; `changed_at` (else `notified_at`) is when.
    A `walk` of `walk_linked` that has come to its end holds the linked entities. With `names_context` the
    documents carry the @context; else the Link header does.
    """
    writer = _Writer(
        subscription, context, deleted_at=notified_at if changed_at is None else changed_at, touched=touched
    )
    documents = writer.write(entity, bool(trigger & Trigger.ENTITY_DELETED), walk)
    if not documents:
        return None
    data: Any = documents
    if subscription.notification.endpoint.accept == GEO_JSON:
        data = to_feature_collection(documents)
    if names_context:
        for document in [data] if isinstance(data, dict) else data:
            document["@context"] = context.source
    return {
        "id": notification_id,
        "type": "Notification",
        "subscriptionId": subscription.id,
        "notifiedAt": format_datetime(notified_at),
        "data": data,
    }


class _Writer:
    """Writes one changed entity."""

    def __init__(
        self, subscription: Subscription, context: Context, *, deleted_at: Micros, touched: Sequence[Touched]
    ) -> None:
        self._subscription = subscription
        self._notifying = subscription.notification
        self._context = context
        self._presentation = present_for(subscription)
        self._deleted_at = deleted_at
        self._touched = [one for one in touched if self._is_wanted(one)]

    def write(self, entity: Entity, is_deleted: bool, walk: Walk | None) -> list[Document]:
        """Write the entity, then those that it links to where they stand beside it."""
        document = self._write_gone(entity) if is_deleted else self._write_changed(entity, walk)
        documents = [document] if document else []
        asked = self._presentation
        if self._notifying.endpoint.accept == GEO_JSON:
            left = msgspec.structs.replace(entity, attributes={}) if is_deleted else entity
            documents = [to_feature(left, one) for one in documents]
            asked = asked._replace(geometry_property=LOCATION)
        if walk is not None and asked.join is Join.FLAT:
            documents += present([], asked, self._context, walk).documents
        return documents

    def _write_changed(self, entity: Entity, walk: Walk | None) -> Document:
        inside = self._presentation
        if inside.join is Join.FLAT:
            inside = inside._replace(join=None)
        written = present([entity], inside, self._context, walk).documents
        document = written[0] if written else {}
        deleted = [one for one in self._touched if one.after is None]
        document |= self._write_deleted(deleted, self._shape(entity).attributes)
        if self._notifying.show_changes:
            self._add_previous(document, entity)
        return document

    def _write_gone(self, entity: Entity) -> Document:
        """Write an entity that was deleted: its attributes only where somebody asked for them."""
        document: Document = {}
        if self._presentation.projection.keeps_member("id"):
            document["id"] = entity.id
        if self._presentation.projection.keeps_member("type"):
            document["type"] = write_names(entity.types, self._context)
        if self._notifying.sys_attrs:
            document["createdAt"] = format_datetime(entity.created_at)
            document["modifiedAt"] = format_datetime(entity.modified_at)
        document["deletedAt"] = format_datetime(self._deleted_at)
        watched = self._subscription.watched_attributes
        shows = self._subscription.effective_triggers & Trigger.ATTRIBUTE_DELETED
        deleted = [
            one
            for one in self._touched
            if one.after is None
            and (self._notifying.show_changes or (shows and (not watched or one.attribute in watched)))
        ]
        return document | self._write_deleted(deleted, {})

    def _is_wanted(self, one: Touched) -> bool:
        asked = self._presentation
        return (
            (asked.attrs is None or one.attribute in asked.attrs)
            and (asked.datasets is None or one.dataset_id in asked.datasets)
            and asked.projection.keeps(one.attribute)
        )

    def _shape(self, entity: Entity) -> Entity:
        """Give an entity as it is written: in one language, as an earlier version knew it."""
        asked = self._presentation
        if asked.datasets is not None:
            kept = {
                name: [one for one in instances if one.dataset_id in asked.datasets]
                for name, instances in entity.attributes.items()
            }
            entity = msgspec.structs.replace(entity, attributes=kept)
        lower = downgrade(entity, asked.minor, self._context)
        return lower if asked.languages is None else localize(lower, asked.languages)

    def _write_deleted(self, deleted: Iterable[Touched], left: Attributes) -> Document:
        """Show what was deleted as NGSI-LD Null, beside the instances that are left of the same attribute."""
        by_attribute: dict[Iri, list[Touched]] = {}
        for one in deleted:
            by_attribute.setdefault(one.attribute, []).append(one)
        document = {}
        for attribute, gone in by_attribute.items():
            instances = left.get(attribute, [])
            if self._notifying.format.is_simplified:
                written = _write_simplified(gone, instances, self._context)
            else:
                written = self._write_attribute(attribute, gone, instances)
            document[self._context.compact(attribute)] = written
        return document

    def _write_attribute(self, attribute: Iri, gone: list[Touched], instances: list[Instance]) -> Any:
        notifying, first = self._notifying, gone[0].before
        tells_more = notifying.sys_attrs or notifying.show_changes
        if first is not None and len(gone) > 1 and not instances and not tells_more:
            # All of it is gone: its name says enough (clause 5.8.6)
            default = msgspec.structs.replace(first, dataset_id=DEFAULT_DATASET)
            return self._write_null(attribute, default, is_alone=True)
        write = _INSTANCE_WRITERS[self._notifying.format]
        listed: list[Any] = [
            as_object(one, write(attribute, one, self._context, self._notifying.sys_attrs))
            for one in instances
        ]
        listed += [
            self._write_null(attribute, one.before, is_alone=len(gone) == 1 and not instances)
            for one in gone
            if one.before is not None
        ]
        return listed[0] if len(listed) == 1 else listed

    def _write_null(self, attribute: Iri, before: Instance, *, is_alone: bool) -> Any:
        notifying = self._notifying
        is_concise = notifying.format is NotificationFormat.CONCISE
        is_bare = not notifying.sys_attrs and not notifying.show_changes and not before.dataset_id
        if is_concise and is_alone and is_bare:
            return NULL
        form = FORMS[before.kind]
        value = {"@none": NULL} if before.kind is Kind.LANGUAGE_PROPERTY else NULL
        document: Document = {} if is_concise else {"type": form.type}
        document[form.member] = value
        if before.dataset_id:
            document["datasetId"] = before.dataset_id
        if notifying.show_changes:
            document |= self._write_previous(attribute, before)
        if notifying.sys_attrs:
            times = {
                "createdAt": before.created_at,
                "modifiedAt": before.modified_at,
                "deletedAt": self._deleted_at,
            }
            document |= {key: format_datetime(time) for key, time in times.items() if time is not None}
        return document

    def _add_previous(self, document: Document, entity: Entity) -> None:
        """Add former values to the instances that replaced others."""
        instances = self._shape(entity).attributes
        for one in self._touched:
            if one.before is None or one.after is None or same_content(one.before, one.after):
                continue
            key = self._context.compact(one.attribute)
            listed = instances.get(one.attribute, [])
            datasets = [each.dataset_id for each in listed]
            if one.dataset_id not in datasets or key not in document:
                continue
            position = datasets.index(one.dataset_id)
            written = document[key]
            at_place = written[position] if isinstance(written, list) and len(listed) > 1 else written
            shown = as_object(listed[position], at_place) | self._write_previous(one.attribute, one.before)
            if at_place is written:
                document[key] = shown
            else:
                written[position] = shown

    def _write_previous(self, attribute: Iri, before: Instance) -> Document:
        former = Entity(id="", types=(), attributes={attribute: [before]}, created_at=0, modified_at=0)
        shaped = self._shape(former).attributes[attribute][0]
        member = FORMS[shaped.kind].member
        is_normalized = self._notifying.format is NotificationFormat.NORMALIZED
        value = write_value(shaped, self._context, is_normalized=is_normalized)
        return {f"previous{member[0].upper()}{member[1:]}": value}


def _write_simplified(gone: list[Touched], instances: list[Instance], context: Context) -> Any:
    if not instances and (len(gone) > 1 or not gone[0].dataset_id):
        return NULL
    values = {one.dataset_id or "@none": write_simplified_value(one, context) for one in instances}
    return {"dataset": values | {one.dataset_id or "@none": NULL for one in gone}}
