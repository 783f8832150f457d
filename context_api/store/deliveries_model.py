"""What is leased, what became of it: the structs that the store and the notifier exchange."""

import uuid
from datetime import date
from typing import Any, NamedTuple

import msgspec

from context_api.ngsild.model import Micros
from context_api.store.access import TOWN, Owner
from context_api.store.deliveries_counts import State

CHANGE, PERIODIC = 0, 1
"""Kinds of outbox rows."""


class QueueKey(NamedTuple):
    """Names a queue."""

    subscription_key: int
    entity_id: str


class Lease(NamedTuple):
    """A queue, and the right to settle it."""

    subscription_key: int
    entity_id: str
    token: uuid.UUID

    @property
    def queue(self) -> QueueKey:
        return QueueKey(self.subscription_key, self.entity_id)


class OutboxRow(msgspec.Struct, frozen=True, kw_only=True):
    """One notification that waits, with the change it tells of."""

    day: date
    id: int
    trigger: int
    attempts: int
    created_at: Micros
    changed_at: Micros | None
    document: bytes | None
    """The change's document (see codec.decode_change); None where retention has dropped the change."""
    kind: int = CHANGE
    """PERIODIC rows tell of no change: what they say is found out when they are sent."""
    change_day: date | None = None
    change_seq: int = 0
    replayed: bool = False
    """Asked for again by the subscriber: exempt from order."""
    via: str | None = None
    """Through which brokers the change came, as long as the change is kept."""


class SubscriptionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription as stored; a notifier keeps what it parses until `modified_at` moves."""

    key: int
    tenant_id: int
    tenant: str
    id: str
    document: Any
    context: Any
    is_active: bool
    expires_at: Micros | None
    modified_at: Micros
    organisation_id: int = TOWN.organisation
    owner_role: str = TOWN.role
    is_disabled: bool = False
    """Its organisation is, or is not in the tenant any more; nothing is sent as long as that is so."""

    @property
    def owner(self) -> Owner:
        """Whose it is."""
        return Owner(self.organisation_id, self.owner_role)


class LeasedQueue(msgspec.Struct, frozen=True, kw_only=True):
    """A leased queue with its first waiting rows."""

    lease: Lease
    attempts: int
    """Failures in a row of the queue's head."""
    failing_s: float | None
    """For how long nothing of it could be delivered; None if nothing failed."""
    subscription: SubscriptionRow | None
    """None: deleted."""
    rows: tuple[OutboxRow, ...]
    is_trial: bool = False
    """The endpoint has rested after failures, and this queue alone finds out whether it is well again."""


class RowResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one row; WAITING is an attempt that failed and will be repeated."""

    day: date
    id: int
    state: State
    attempted: bool = True
    error: str | None = None
    status: int | None = None
    """HTTP status of the answer, if there was one."""
    duration_ms: int | None = None


class RestResult(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of all rows of a queue that still wait, or of those older than `older_than_s`."""

    state: State
    error: str
    older_than_s: float | None = None


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a lease. If something still waits, the queue is due again after `delay_s`.

    `attempts` are the failures in a row up to now; a row delivered before them begins the failing anew.
    """

    lease: Lease
    rows: tuple[RowResult, ...] = ()
    rest: RestResult | None = None
    attempts: int = 0
    delay_s: float = 0.0
    window_s: float = 0.0
    """Throttling: what comes within this time after a delivery waits, whatever else is true."""
    endpoint_failed: bool = False
    """The endpoint did not do its part: it rests after some of these."""
    hold_s: float = 0.0
    """For how long nothing at all is to be sent to the endpoint (Retry-After, cooldown)."""
    is_trial: bool = False


class RestPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Endpoints rest after `tolerated` failures in a row: up to `first_s`, doubled up to `longest_s`."""

    tolerated: int = 5
    first_s: float = 1.0
    longest_s: float = 600.0


REST = RestPolicy()


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What a settlement did."""

    held: set[Lease]
    """The leases that were still held; the settlements of the others had no effect."""
    waiting: set[Lease]
    """Those of them whose queue still has rows."""


class DeliveryCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How deliveries stand, over all subscriptions."""

    waiting: int
    dead_lettered: int
    leased: int
    failing: int
    resting: int = 0
    """Endpoints that are left alone after failures."""
