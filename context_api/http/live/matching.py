"""Which streams a committed change touches, and what they are told: rules, without a connection."""

import time
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import orjson
import structlog

from context_api.http.live.events import CHANGE, Event
from context_api.matching import SubscriptionIndex
from context_api.matching.seen import Seen, see_change
from context_api.ngsild.changes import Trigger
from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import NgsiLdError
from context_api.ngsild.model import Entity, Micros
from context_api.ngsild.notification import render_notification
from context_api.ngsild.subscription import Subscription
from context_api.ngsild.transition import Transition
from context_api.store.changes import ChangeRow
from context_api.store.codec import CommittedChange, decode_change
from context_api.store.deliveries_again import restore_transition
from context_api.store.errors import StoreRefused
from context_api.store.owners import Sight
from context_api.store.terms import Terms, TermsMissing

Signature = tuple[Any, ...]
_NAMESPACE = uuid.UUID("0b6d1f0e-4f0e-5d5f-8a55-2f3d5b0c9a11")
log = structlog.get_logger("stream")


class Feed(msgspec.Struct, frozen=True, eq=False):
    """What one or many clients listen to: a filter, and how it is told."""

    key: int
    tenant_id: int
    tenant: str
    subscription: Subscription
    context: Context
    look: bytes
    """Equal where the same change is written the same."""
    asked: bytes
    """Equal where the same was asked."""
    sight: Sight | None = None
    """What its clients see, one object for all who see the same; None: everything."""
    signature: Signature | None = None
    """Of the sight: equal where the same is seen."""


def describe_look(subscription: Subscription, context: Context) -> bytes:
    """Give what decides how a change is written."""
    shown = (
        subscription.notification,
        subscription.lang,
        subscription.dataset_ids,
        subscription.watched_attributes,  # what of a deleted entity is told depends on these two
        subscription.triggers,
        context.source,
    )
    return msgspec.json.encode(shown, order="deterministic")


class Matcher:
    """Turns rows into events; for one thread."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms

    def match(
        self,
        rows: Iterable[ChangeRow],
        indexes: Mapping[int, SubscriptionIndex],
        feeds: Mapping[int, Feed],
    ) -> list[tuple[int, Event]]:
        """Give the key of a feed and its event, in the order of the changes; each look is written once."""
        told: list[tuple[int, Event]] = []
        for row in rows:
            index = indexes.get(row.tenant_id)
            if index is None or row.document is None:
                continue
            try:
                told += self._match_one(row, row.document, index, feeds)
            except (NgsiLdError, StoreRefused, msgspec.MsgspecError):
                log.exception("change_not_streamed", sequence=row.seq)
        return told

    def _match_one(
        self, row: ChangeRow, document: bytes, index: SubscriptionIndex, feeds: Mapping[int, Feed]
    ) -> list[tuple[int, Event]]:
        change = self._decode(document)
        before, transition = restore_transition(change, Trigger(row.trigger), row.at)
        now = time.time_ns() // 1_000
        written: dict[tuple[bytes, Sight | None], Event | None] = {}
        told: list[tuple[int, Event]] = []
        for match in index.match(before, transition.after, transition, now):
            feed = feeds[match.subscription_key]
            key = (feed.look, feed.sight)
            if key not in written:
                seen: Seen | None = Seen(before, transition)
                if feed.sight is not None:
                    seen = see_change(feed.sight, before, transition, now)
                written[key] = None if seen is None else _write(feed, row, *seen, now)
            event = written[key]
            if event is not None:
                told.append((feed.key, event))
        return told

    def _decode(self, document: bytes) -> CommittedChange:
        while True:
            try:
                return decode_change(self._terms, document)
            except TermsMissing as missing:
                self._terms.learn(missing)


def _write(
    feed: Feed, row: ChangeRow, before: Entity | None, transition: Transition, now: Micros
) -> Event | None:
    """Write a notification as a subscription would; None where nothing of the entity was asked for."""
    is_deleted = transition.after is None
    entity = before if transition.after is None else transition.after
    if entity is None:
        return None
    body = render_notification(
        feed.subscription,
        f"urn:ngsi-ld:Notification:{uuid.uuid5(_NAMESPACE, f'{feed.tenant}|{row.seq}|{row.at}')}",
        entity,
        now,
        feed.context,
        trigger=Trigger.ENTITY_DELETED if is_deleted else Trigger(0),
        touched=transition.touched,
        changed_at=row.at,
    )
    if body is None:
        return None
    del body["subscriptionId"]
    body["change"] = _name(transition.trigger)
    return Event(row.seq, CHANGE, orjson.dumps(body))


def _name(trigger: Trigger) -> str:
    if trigger & Trigger.ENTITY_DELETED:
        return "entityDeleted"
    return "entityCreated" if trigger & Trigger.ENTITY_CREATED else "entityUpdated"
