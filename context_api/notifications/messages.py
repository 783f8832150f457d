"""From an outbox row to the message that is sent: reads the change, finds the @context, writes the body."""

import asyncio
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import msgspec
import orjson

from context_api.ngsild.changes import Trigger
from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import NgsiLdError, TooManyResults
from context_api.ngsild.linked import MAX_LINKED, Walk
from context_api.ngsild.model import Entity, Instance, Iri, Micros
from context_api.ngsild.notification import render_notification, walk_linked
from context_api.ngsild.query.predicate import matches
from context_api.ngsild.subscription import Subscription, subscription_from_json
from context_api.ngsild.transition import NO_TRIGGER, Touched
from context_api.notifications.contexts import StoredContexts, link_of
from context_api.notifications.delivery import MessageError
from context_api.notifications.headers import build_headers, choose_form
from context_api.notifications.sender import Message
from context_api.notifications.sights import OwnerSights
from context_api.notifications.texts import write_text
from context_api.policy.grant import Operation
from context_api.store.access import Access
from context_api.store.codec import CommittedChange, decode_change
from context_api.store.database import Database
from context_api.store.deliveries import CHANGE, LeasedQueue, OutboxRow, SubscriptionRow
from context_api.store.errors import StoreError
from context_api.store.owners import Sight
from context_api.store.reading import get_entities
from context_api.store.terms import Terms, TermsMissing
from context_api.tracing import ReadingTrace, find_trace

R = TypeVar("R")

PARSED_MAX = 10_000
_NAMESPACE = uuid.UUID("6f2f4d0a-1d53-5c0e-9d5c-3f5a8a1c7b42")


class MessageMaker:
    """Writes messages in the event loop; what the database has to be asked for is asked in a thread."""

    def __init__(self, database: Database, *, public_url: str, trace_ratio: float = 0.0) -> None:
        self._database = database
        self._trace_ratio = trace_ratio
        self._terms = Terms(database)
        self._contexts = StoredContexts(database)
        self._public_url = public_url.rstrip("/")
        self._sights = OwnerSights(database)
        self._parsed: OrderedDict[int, tuple[Micros, Subscription]] = OrderedDict()
        # One thread: the caches above are filled by one at a time
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="messages")

    def forget_contexts(self) -> None:
        """Read @contexts anew: one of their documents changed."""
        self._contexts.forget()

    def forget_rights(self) -> None:
        """Read the rights of owners anew: some have changed."""
        self._sights.forget()

    def endpoint_of(self, queue: LeasedQueue) -> str:
        """The URL that a queue leads to; empty where there is no subscription that can be read."""
        if queue.subscription is None:
            return ""
        try:
            return self._parse(queue.subscription).notification.endpoint.uri
        except msgspec.MsgspecError:
            return ""

    async def make(self, queue: LeasedQueue, row: OutboxRow, notified_at: Micros) -> Message | None:
        """Write the notification of a row; the same row gives the same id every time. Raises MessageError.

        None where nothing of the entity was asked for, where it does not link to what was asked for, or where
        the owner of the subscription may not, or no longer, see what changed.
        """
        if queue.subscription is None or row.document is None:
            raise MessageError("the subscription or the change is gone")
        try:
            subscription = self._parse(queue.subscription)
            change = await self._read_change(row.document)
            sight = await self._find_sight(queue.subscription)
            if sight is not None and row.kind == CHANGE:  # other rows hold what was seen already
                masked = self._sights.mask(
                    subscription, queue.subscription, row, change, sight=sight, now=notified_at
                )
                if masked is None:
                    return None
                change = masked
            access = _access_of(queue.subscription, sight, "notifier")
            if not await self._passes(subscription, access, change):
                return None
            context = await self._find_context(subscription, queue.subscription)
            walk = await self._follow(subscription, access, change)
        except (NgsiLdError, StoreError, msgspec.MsgspecError) as error:
            raise MessageError(f"cannot be written: {error}") from error
        stored = queue.subscription
        return self._write(subscription, stored, row, change, context=context, walk=walk, now=notified_at)

    async def find_access(self, stored: SubscriptionRow, principal: str) -> Access:
        """Give the access by which the entities of its notifications are read. Raises StoreError."""
        return _access_of(stored, await self._find_sight(stored), principal)

    def close(self) -> None:
        """Wait for what is being looked up."""
        self._thread.shutdown(wait=True)

    def _write(
        self,
        subscription: Subscription,
        stored: SubscriptionRow,
        row: OutboxRow,
        change: CommittedChange,
        *,
        context: Context,
        walk: Walk | None,
        now: Micros,
    ) -> Message | None:
        endpoint = subscription.notification.endpoint
        form = choose_form(endpoint, link_of(context, self._public_url))
        body = render_notification(
            subscription,
            _notification_id(stored, row),
            change.entity,
            now,
            context,
            trigger=_trigger(change, row),
            touched=_touched(change),
            changed_at=row.changed_at,
            walk=walk,
            names_context=form.link is None,
        )
        if body is None:
            return None
        text = write_text(endpoint, body)
        headers = build_headers(
            form.content_type if text is None else text.content_type,
            link=form.link,
            tenant=stored.tenant,
            receiver_info=endpoint.receiver_info,
            is_mqtt=endpoint.is_mqtt,
        )
        return Message(
            endpoint.uri,
            headers,
            orjson.dumps(body) if text is None else text.body,
            subject="" if text is None else text.subject,
            timeout_s=endpoint.timeout_ms / 1_000 if endpoint.timeout_ms else None,
            cooldown_s=(endpoint.cooldown_ms or 0.0) / 1_000,
            secrets=endpoint.secrets,
            mqtt_version=endpoint.mqtt_version,
            mqtt_qos=endpoint.mqtt_qos,
            trace=self._find_trace(change),
        )

    def _find_trace(self, change: CommittedChange) -> ReadingTrace | None:
        if not self._trace_ratio:
            return None
        return find_trace(change.entity.id, change.entity.attributes, self._trace_ratio)

    async def _find_sight(self, stored: SubscriptionRow) -> Sight | None:
        known = self._sights.recall(stored)
        return known[0] if known is not None else await self._in_thread(partial(self._sights.find, stored))

    async def _follow(
        self, subscription: Subscription, access: Access, change: CommittedChange
    ) -> Walk | None:
        """Look for the linked entities that the notification is to hold, as they are now."""
        trigger = Trigger.ENTITY_DELETED if change.deleted_at is not None else NO_TRIGGER
        walk = walk_linked(subscription, change.entity, trigger)
        if walk is None:
            return None
        while missing := walk.wanted():
            walk.add(await self._in_thread(partial(self._get_entities, access, missing)))
        return walk

    async def _passes(self, subscription: Subscription, access: Access, change: CommittedChange) -> bool:
        """Judge a q about linked entities, as they are now: a write cannot wait for what others hold."""
        q = subscription.filters.q
        if q is None or not subscription.filters.follows_links:
            return True
        resolve = partial(self._get_entities, access)
        return await self._in_thread(partial(matches, q, change.entity, resolve))

    def _get_entities(self, access: Access, ids: Sequence[str]) -> dict[str, Entity]:
        if len(ids) > MAX_LINKED:
            raise TooManyResults(f"the entity links to more than {MAX_LINKED} others")
        while True:
            try:
                return get_entities(self._database, self._terms, access, ids, time.time_ns() // 1_000)
            except TermsMissing as missing:
                self._terms.learn(missing)

    def _parse(self, stored: SubscriptionRow) -> Subscription:
        known = self._parsed.get(stored.key)
        if known is not None and known[0] == stored.modified_at:
            return known[1]
        subscription = subscription_from_json(stored.document)
        self._parsed[stored.key] = (stored.modified_at, subscription)
        while len(self._parsed) > PARSED_MAX:
            self._parsed.popitem(last=False)
        return subscription

    async def _read_change(self, document: bytes) -> CommittedChange:
        while True:
            try:
                return decode_change(self._terms, document)
            except TermsMissing as missing:
                await self._in_thread(partial(self._terms.learn, missing))

    async def _find_context(self, subscription: Subscription, stored: SubscriptionRow) -> Context:
        source = subscription.jsonld_context or stored.context
        known = self._contexts.find(source)
        return known if known is not None else await self._in_thread(partial(self._contexts.load, source))

    async def _in_thread(self, call: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)


def _access_of(stored: SubscriptionRow, sight: Sight | None, principal: str) -> Access:
    """Give the access by which entities are read for a notification: with its owner's rights."""
    rights = None if sight is None else sight.rights
    return Access(stored.tenant, stored.tenant_id, principal, rights, operation=Operation.SUBSCRIBE)


def _trigger(change: CommittedChange, row: OutboxRow) -> Trigger:
    return Trigger.ENTITY_DELETED if change.deleted_at is not None else Trigger(row.trigger)


def _touched(change: CommittedChange) -> list[Touched]:
    """What the change replaced or deleted, with what stands in its place."""
    return [
        Touched(attribute, dataset_id, before, _find(change, attribute, dataset_id))
        for attribute, instances in change.former.items()
        for dataset_id, before in instances.items()
    ]


def _find(change: CommittedChange, attribute: Iri, dataset_id: str) -> Instance | None:
    for instance in change.entity.attributes.get(attribute, ()):
        if instance.dataset_id == dataset_id:
            return instance
    return None


def _notification_id(stored: SubscriptionRow, row: OutboxRow) -> str:
    """Made from what names the change for ever, so that it is the same when it is replayed or caught up on.

    A number alone may come again after a restored backup.
    """
    told = f"{row.change_day}|{row.change_seq}" if row.change_seq else f"{row.day}|{row.id}"
    name = f"{stored.tenant}|{stored.id}|{told}|{row.changed_at}"
    return f"urn:ngsi-ld:Notification:{uuid.uuid5(_NAMESPACE, name)}"
