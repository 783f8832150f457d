"""Subscriptions in the database, and the epoch rule: one counts from the moment its creation was answered."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.errors import AlreadyExists, ResourceNotFound
from context_api.ngsild.model import Micros
from context_api.ngsild.subscription import (
    Subscription,
    SubscriptionState,
    subscription_from_json,
    subscription_to_json,
)
from context_api.store.access import TOWN, Access, Owner
from context_api.store.audit import record_act
from context_api.store.batch import EPOCH_LOCK
from context_api.store.codec import encode_json
from context_api.store.database import Database
from context_api.store.owners import narrowed, owner_of
from context_api.store.packing import pack_time
from context_api.store.queries import load_queries

_SQL = load_queries("subscriptions")


class StoredSubscription(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription with what the broker knows about it."""

    key: int
    subscription: Subscription
    state: SubscriptionState
    context: Any
    """The @context of the request that created it: a URL, an object, or a list of those."""
    status_reason: str | None = None
    owner: Owner = TOWN
    is_disabled: bool = False
    """Whether its organisation is, or is not in the tenant any more: then it rests."""


def create_subscription(
    database: Database, access: Access, subscription: Subscription, context: Any, now: Micros
) -> int:
    """Store a subscription and return its key; every change committed after this returns is matched by it.

    Raises AlreadyExists.
    """
    with _changing(database, access) as connection:
        row = connection.execute(
            _SQL["create_subscription"],
            [
                access.tenant_id,
                subscription.id,
                _pack(subscription),
                encode_json(context).decode(),
                subscription.is_active is not False,
                pack_time(now),
                pack_time(now),
                None if subscription.expires_at is None else pack_time(subscription.expires_at),
                *owner_of(access),
            ],
        ).fetchone()
        if row is None:
            raise AlreadyExists(f"the subscription {subscription.id} exists already")
        key: int = row[0]
        connection.execute(_SQL["create_counter"], [key])
        after = _described(subscription)
        record_act(connection, access, "create", "subscription", subscription.id, after=after)
    return key


def get_subscription(database: Database, access: Access, subscription_id: str) -> StoredSubscription:
    """Raises ResourceNotFound."""
    with database.connection() as connection:
        row = connection.execute(
            _SQL["get_subscription"], _one(access, subscription_id), binary=True
        ).fetchone()
    if row is None:
        raise _unknown(subscription_id)
    return _from_row(row)


def is_sending(database: Database, key: int) -> bool:
    """Whether notifications of a subscription are under way at this moment."""
    with database.connection() as connection:
        row = connection.execute(_SQL["is_sending"], [key]).fetchone()
    return row is not None and row[0]


def list_subscriptions(
    database: Database, access: Access, *, limit: int, offset: int = 0
) -> tuple[list[StoredSubscription], int]:
    """A page in the order of creation, and how many there are in all."""
    own = {"tenant_id": access.tenant_id, **narrowed(access)}
    with database.connection() as connection:
        rows = connection.execute(
            _SQL["list_subscriptions"], {**own, "limit": limit, "offset": offset}, binary=True
        ).fetchall()
        count = connection.execute(_SQL["count_subscriptions"], own).fetchone()
    return [_from_row(row) for row in rows], count[0] if count is not None else 0


def update_subscription(
    database: Database,
    access: Access,
    subscription_id: str,
    change: Callable[[Subscription], Subscription],
    now: Micros,
    *,
    is_active: bool | None = None,
) -> None:
    """Let `change` make of a subscription what it is to be; changes committed after this are matched by it.

    `is_active` resumes or pauses, also what the broker itself has paused. What failed before is tried again
    at once. Raises ResourceNotFound and whatever `change` raises.
    """
    with _changing(database, access) as connection:
        row = connection.execute(
            _SQL["lock_subscription"], _one(access, subscription_id), binary=True
        ).fetchone()
        if row is None:
            raise _unknown(subscription_id)
        key: int = row[0]
        former = subscription_from_json(row[1])
        changed = change(former)
        values = {
            "key": key,
            "document": _pack(changed),
            "is_active": is_active,
            "expires_at": None if changed.expires_at is None else pack_time(changed.expires_at),
            "now": pack_time(now),
        }
        connection.execute(_SQL["update_subscription"], values)
        connection.execute(_SQL["hurry_failing"], [key])
        connection.execute(_SQL["wake_notifiers"])
        before, after = _described(former), _described(changed) | {"isActive": is_active}
        record_act(connection, access, "change", "subscription", subscription_id, before=before, after=after)


def delete_subscription(database: Database, access: Access, subscription_id: str) -> None:
    """Once this has returned, no change is matched any more; what waits is cancelled by the notifier.

    Raises ResourceNotFound.
    """
    with _changing(database, access) as connection:
        deleted = connection.execute(_SQL["delete_subscription"], _one(access, subscription_id))
        if deleted.rowcount == 0:
            raise _unknown(subscription_id)
        record_act(connection, access, "delete", "subscription", subscription_id)


@contextmanager
def _changing(database: Database, access: Access) -> Iterator[Connection[TupleRow]]:
    """Hold the tenant's epoch alone: all writers before have committed, all after see what is done here."""
    with database.transaction() as connection:
        connection.execute(_SQL["lock_epoch"], [EPOCH_LOCK, access.tenant_id])
        yield connection
        connection.execute(_SQL["bump_epoch"], [access.tenant_id])


def _described(subscription: Subscription) -> dict[str, Any]:
    """Say for the audit trail where notifications go: the machine, no more, for the rest may be secret."""
    parts = urlsplit(subscription.notification.endpoint.uri)
    place = parts.path.rpartition("@")[2] if parts.scheme == "mailto" else parts.hostname
    return {"endpoint": f"{parts.scheme}:{place}", "expiresAt": subscription.expires_at}


def _one(access: Access, subscription_id: str) -> dict[str, object]:
    return {"tenant_id": access.tenant_id, "id": subscription_id, **narrowed(access)}


def _pack(subscription: Subscription) -> str:
    # Not as it is: jsonb would make an integer of a huge number in its q
    return encode_json(msgspec.json.decode(subscription_to_json(subscription))).decode()


def _from_row(row: TupleRow) -> StoredSubscription:
    key, document, context, is_active, reason, created, modified, *counted = row
    sent, failed, last, success, failure, organisation, role, is_disabled = counted
    return StoredSubscription(
        key=key,
        subscription=subscription_from_json(document),
        context=msgspec.json.decode(context),
        status_reason=reason,
        owner=Owner(organisation, role),
        is_disabled=is_disabled,
        state=SubscriptionState(
            is_active=is_active,
            created_at=created,
            modified_at=modified,
            times_sent=sent,
            times_failed=failed,
            last_notification=last,
            last_success=success,
            last_failure=failure,
        ),
    )


def _unknown(subscription_id: str) -> ResourceNotFound:
    return ResourceNotFound(f"the subscription {subscription_id} does not exist")
