"""Subscriptions (clauses 5.2.12 to 5.2.15 and 5.8.1), in expanded names: what is kept of them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from context_api.ngsild.changes import Trigger
from context_api.ngsild.model import Iri, Micros
from context_api.ngsild.query.selector import EntitySelector
from context_api.ngsild.subscription_filters import NO_FILTERS, Filters

DEFAULT_TRIGGERS = Trigger.ATTRIBUTE_CREATED | Trigger.ATTRIBUTE_UPDATED
ATTRIBUTE_TRIGGERS = DEFAULT_TRIGGERS | Trigger.ATTRIBUTE_DELETED


class NotificationFormat(StrEnum):
    """How the entities of a notification are written (clause 5.2.14)."""

    NORMALIZED = "normalized"
    CONCISE = "concise"
    KEY_VALUES = "keyValues"


class Endpoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where notifications go (clause 5.2.15)."""

    uri: str
    accept: str = "application/json"
    receiver_info: tuple[tuple[str, str], ...] = ()
    """Extra HTTP headers, in the order they were given."""
    timeout_ms: float | None = None
    cooldown_ms: float | None = None


class Notifying(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a notification holds (clause 5.2.14)."""

    endpoint: Endpoint
    attributes: tuple[Iri, ...] = ()
    """Empty: all."""
    format: NotificationFormat = NotificationFormat.NORMALIZED
    sys_attrs: bool = False


class Subscription(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A subscription as its creator gave it."""

    id: str
    notification: Notifying
    entities: tuple[EntitySelector, ...] = ()
    """Any of them; empty: any entity with a watched attribute."""
    watched_attributes: tuple[Iri, ...] = ()
    """Empty: all."""
    filters: Filters = NO_FILTERS
    """What the entity has to be like after the change."""
    triggers: int = int(DEFAULT_TRIGGERS)
    """Bits of `Trigger`, as they were given."""
    name: str | None = None
    description: str | None = None
    is_active: bool | None = None
    """None where the creator did not say, which counts as active."""
    expires_at: Micros | None = None
    jsonld_context: str | None = None
    """The @context of its notifications, if not that of the creating request."""

    @property
    def effective_triggers(self) -> Trigger:
        """The triggers, entityUpdated replaced by what it stands for (clause 5.2.12)."""
        triggers = Trigger(self.triggers)
        return triggers | ATTRIBUTE_TRIGGERS if triggers & Trigger.ENTITY_UPDATED else triggers


class SubscriptionState(msgspec.Struct, kw_only=True):
    """What the broker knows about a subscription and its notifications (clause 5.2.14.2)."""

    is_active: bool = True
    created_at: Micros | None = None
    modified_at: Micros | None = None
    times_sent: int = 0
    times_failed: int = 0
    last_notification: Micros | None = None
    last_success: Micros | None = None
    last_failure: Micros | None = None


def subscription_to_json(subscription: Subscription) -> bytes:
    """Write a subscription as the store keeps it."""
    return msgspec.json.encode(subscription)


def subscription_from_json(stored: bytes | str | Mapping[str, Any]) -> Subscription:
    """Read a subscription that `subscription_to_json` wrote, as text or decoded."""
    if isinstance(stored, Mapping):
        return msgspec.convert(stored, Subscription)
    return msgspec.json.decode(stored, type=Subscription)
