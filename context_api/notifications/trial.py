"""A notification outside the queue: a subscriber's test, or a dead letter shown as it would be sent."""

import asyncio
import time
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec

from context_api.ngsild.changes import Trigger
from context_api.ngsild.model import Entity
from context_api.ngsild.query import selected_types
from context_api.ngsild.subscription import Subscription, subscription_from_json
from context_api.notifications.delivery import MessageError, add_marks
from context_api.notifications.mail import MailServer
from context_api.notifications.messages import MessageMaker
from context_api.notifications.outbound import OutboundPolicy
from context_api.notifications.periodic import encode_entity, find_matching
from context_api.notifications.retry import Verdict
from context_api.notifications.sender import Message
from context_api.notifications.senders import open_senders
from context_api.notifications.via import Aliases
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.deliveries import (
    PERIODIC,
    Lease,
    LeasedQueue,
    OutboxRow,
    SubscriptionRow,
    get_subscription_row,
)
from context_api.store.store import Store
from context_api.store.terms import Terms

TIMEOUT_S = 10.0
_NO_TYPE = "https://uri.etsi.org/ngsi-ld/default-context/Test"


@dataclass(frozen=True, kw_only=True)
class Tried:
    """How a test notification went."""

    delivered: bool
    status: int | None
    error: str | None
    duration_ms: int
    is_sample: bool
    """No entity matches: the one in it is made up."""
    headers: list[str]
    """Their names; the values may hold secrets."""
    body: bytes


class Trier:
    """Writes notifications as the notifier does; nothing it does is counted."""

    def __init__(
        self,
        database: Database,
        policy: OutboundPolicy,
        *,
        public_url: str,
        mail_server: MailServer | None = None,
    ) -> None:
        self._database = database
        self._policy = policy
        self._mail_server = mail_server
        self._public_url = public_url

    async def send(self, key: int) -> Tried:
        """Send a notification of an entity that matches now, or of a made-up one. Raises MessageError."""
        stored = await asyncio.to_thread(get_subscription_row, self._database, key)
        if stored is None:
            raise MessageError("the subscription is gone")
        maker = MessageMaker(self._database, public_url=self._public_url)
        try:
            access = await maker.find_access(stored, "test")
            entity, is_sample = await asyncio.to_thread(self._find_entity, access, stored)
            row = await asyncio.to_thread(self._write_row, entity)
            message = await maker.make(_queue_of(stored, entity.id, row), row, time.time_ns() // 1_000)
        finally:
            maker.close()
        if message is None:
            raise MessageError("there is nothing to tell")
        now = time.time_ns() // 1_000
        alias = await Aliases(self._database).of(stored.tenant)
        message = replace(message, headers=[*message.headers, (b"Machi-Test", b"1")])
        return await self._send(add_marks(message, alias, now), is_sample=is_sample)

    async def show(self, key: int, entity_id: str, row: OutboxRow) -> bytes | None:
        """Write the notification of a row as it would be sent; None where that is no longer possible."""
        stored = await asyncio.to_thread(get_subscription_row, self._database, key)
        if stored is None or row.document is None:
            return None
        maker = MessageMaker(self._database, public_url=self._public_url)
        try:
            message = await maker.make(_queue_of(stored, entity_id, row), row, time.time_ns() // 1_000)
        except MessageError:
            return None
        finally:
            maker.close()
        return None if message is None else message.body

    async def _send(self, message: Message, *, is_sample: bool) -> Tried:
        timeout_s = min(message.timeout_s or TIMEOUT_S, TIMEOUT_S)
        began = time.perf_counter()
        async with open_senders(
            self._policy, user_agent="Machi-Notifier", mail_server=self._mail_server
        ) as sender:
            attempt = await sender.send(message, timeout_s)
        return Tried(
            delivered=attempt.verdict is Verdict.DELIVERED,
            status=attempt.status,
            error=attempt.error,
            duration_ms=round((time.perf_counter() - began) * 1_000),
            is_sample=is_sample,
            headers=[name.decode("ascii") for name, _ in message.headers],
            body=message.body,
        )

    def _find_entity(self, access: Access, stored: SubscriptionRow) -> tuple[Entity, bool]:
        try:
            subscription = subscription_from_json(stored.document)
        except msgspec.MsgspecError as error:
            raise MessageError(f"cannot be read: {error}") from error
        found = find_matching(Store(self._database), access, subscription, limit=1)
        return (found[0], False) if found else (_make_up(subscription), True)

    def _write_row(self, entity: Entity) -> OutboxRow:
        now = time.time_ns() // 1_000
        return OutboxRow(
            day=datetime.now(UTC).date(),
            id=uuid.uuid4().int >> 65,
            trigger=int(Trigger.ENTITY_UPDATED),
            attempts=0,
            created_at=now,
            changed_at=now,
            kind=PERIODIC,  # it tells of no change
            document=encode_entity(Terms(self._database), entity),
        )


def _make_up(subscription: Subscription) -> Entity:
    """An entity as the subscription might select one."""
    now = time.time_ns() // 1_000
    for selector in subscription.entities:
        types = list(selected_types(selector.types)) if selector.types is not None else []
        if types or selector.ids:
            return _sample(selector.ids[0] if selector.ids else None, types[0] if types else _NO_TYPE, now)
    return _sample(None, _NO_TYPE, now)


def _sample(entity_id: str | None, type_: str, now: int) -> Entity:
    name = type_.replace("#", "/").rsplit("/", 1)[-1]
    return Entity(
        id=entity_id or f"urn:ngsi-ld:{name}:machi-test",
        types=(type_,),
        attributes={},
        created_at=now,
        modified_at=now,
    )


def _queue_of(stored: SubscriptionRow, entity_id: str, row: OutboxRow) -> LeasedQueue:
    lease = Lease(stored.key, entity_id, uuid.uuid4())
    return LeasedQueue(lease=lease, attempts=0, failing_s=None, subscription=stored, rows=(row,))
