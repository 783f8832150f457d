"""Periodic notifications (clause 5.8.6): all entities that match when they are sent, changed or not."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import orjson

from context_api.ngsild.changes import Trigger
from context_api.ngsild.model import Entity, Micros
from context_api.ngsild.query import EntityQuery
from context_api.ngsild.query.scope import parse_scope_query
from context_api.ngsild.subscription import Subscription, subscription_from_json
from context_api.notifications.delivery import MakeMessage, MessageError
from context_api.notifications.sender import Message
from context_api.store.access import Access
from context_api.store.codec import encode_change, encode_fixed, encode_live, live_names
from context_api.store.database import Database
from context_api.store.deliveries import PERIODIC, LeasedQueue, OutboxRow, SubscriptionRow
from context_api.store.errors import StoreError
from context_api.store.store import Store
from context_api.store.terms import Terms, TermsMissing

MAX_ENTITIES = 1_000
"""In one periodic notification, by id; a subscription to more has to be narrowed."""


FindAccess = Callable[[SubscriptionRow, str], Awaitable[Access]]
"""Gives the access by which entities are read for a subscription, with its owner's rights."""


class PeriodicMaker:
    """Writes periodic notifications; hands all others to `make`."""

    def __init__(self, database: Database, make: MakeMessage, find_access: FindAccess) -> None:
        self._store = Store(database)
        self._terms = Terms(database)
        self._make = make
        self._find_access = find_access

    async def make(self, queue: LeasedQueue, row: OutboxRow, notified_at: Micros) -> Message | None:
        """Write the notification of a row; None where no entity matches. Raises MessageError."""
        stored = queue.subscription
        if row.kind != PERIODIC or stored is None:
            return await self._make(queue, row, notified_at)
        try:
            subscription = subscription_from_json(stored.document)
            access = await self._find_access(stored, "periodic")
            documents = await asyncio.to_thread(self._find, access, subscription)
        except (StoreError, msgspec.MsgspecError) as error:
            raise MessageError(f"cannot be written: {error}") from error
        messages = []
        for document in documents:
            one = msgspec.structs.replace(
                row, document=document, trigger=int(Trigger.ENTITY_UPDATED), changed_at=row.created_at
            )
            message = await self._make(queue, one, notified_at)
            if message is not None:
                messages.append(message)
        return join_messages(messages)

    def _find(self, access: Access, subscription: Subscription) -> list[bytes]:
        """The matching entities, written as changes are."""
        return [encode_entity(self._terms, one) for one in find_matching(self._store, access, subscription)]


def encode_entity(terms: Terms, entity: Entity) -> bytes:
    """Write an entity as the document of a change that left it so; blocks on the database for unknown names.

    Raises StoreError.
    """
    while True:
        try:
            live = encode_live(terms, entity, live_names(entity))
            return encode_change(terms, entity, encode_fixed(terms, entity), live, None, [])
        except TermsMissing as missing:
            terms.learn(missing)


def find_matching(
    store: Store, access: Access, subscription: Subscription, limit: int = MAX_ENTITIES
) -> list[Entity]:
    """Give the entities that a subscription would notify of now, by id."""
    return store.query_entities(access, query_of(subscription, limit)).items


def query_of(subscription: Subscription, limit: int, *, count: bool = False) -> EntityQuery:
    """Give the query whose answer is what a subscription would notify of now."""
    filters = subscription.filters
    return EntityQuery(
        any_of=subscription.entities,
        attrs=() if subscription.entities else subscription.watched_attributes,
        q=filters.q,
        geo=filters.geo,
        scopes=None if filters.scope_text is None else parse_scope_query(filters.scope_text),
        limit=limit,
        count=count,
    )


def join_messages(messages: Sequence[Message]) -> Message | None:
    """Make one notification of several that differ in their data only."""
    if not messages:
        return None
    first = orjson.loads(messages[0].body)
    for other in messages[1:]:
        _append(first, orjson.loads(other.body)["data"])
    return replace(messages[0], body=orjson.dumps(first))


def _append(notification: dict[str, Any], data: Any) -> None:
    if isinstance(data, dict):  # GeoJSON: a FeatureCollection
        notification["data"]["features"] += data["features"]
    else:
        notification["data"] += data
