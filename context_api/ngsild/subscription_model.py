"""Subscriptions (clauses 5.2.12 to 5.2.15 and 5.8.1), in expanded names: what is kept of them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from context_api.ngsild.changes import Trigger
from context_api.ngsild.linked import Join
from context_api.ngsild.model import Iri, Micros
from context_api.ngsild.projection import WHOLE, Names, Projection, join_names
from context_api.ngsild.query.selector import EntitySelector
from context_api.ngsild.subscription_filters import NO_FILTERS, Filters

DEFAULT_TRIGGERS = Trigger.ATTRIBUTE_CREATED | Trigger.ATTRIBUTE_UPDATED
ATTRIBUTE_TRIGGERS = DEFAULT_TRIGGERS | Trigger.ATTRIBUTE_DELETED


MQTT_VERSION = "MQTT-Version"
MQTT_QOS = "MQTT-QoS"
TEMPLATE = "Machi-Template"
"""Members of notifierInfo that are ours: what people read instead of JSON, …"""
SUBJECT = "Machi-Subject"
"""… the subject of mails, …"""
STYLE = "Machi-Style"
"""… and `slack` for the webhooks of chat rooms."""


class NotificationFormat(StrEnum):
    """How the entities of a notification are written (clause 5.2.14)."""

    NORMALIZED = "normalized"
    CONCISE = "concise"
    KEY_VALUES = "keyValues"
    SIMPLIFIED = "simplified"
    """Another name of keyValues, served as it was given."""

    @property
    def is_simplified(self) -> bool:
        """Whether values stand alone."""
        return self in (NotificationFormat.KEY_VALUES, NotificationFormat.SIMPLIFIED)


class MqttVersion(StrEnum):
    """A version of MQTT as notifierInfo names it (table 7.2-1)."""

    V311 = "mqtt3.1.1"
    V5 = "mqtt5.0"


class Endpoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where notifications go (clause 5.2.15)."""

    uri: str
    """http, https, mqtt, mqtts or mailto; only the MQTT ones may carry credentials."""
    accept: str = "application/json"
    receiver_info: tuple[tuple[str, str], ...] = ()
    """Extra HTTP headers, or members of an MQTT message's metadata, in the order they were given."""
    notifier_info: tuple[tuple[str, str], ...] = ()
    """MQTT-Version, MQTT-QoS and whatever else was given, in that order."""
    timeout_ms: float | None = None
    cooldown_ms: float | None = None
    secrets: tuple[str, ...] = ()
    """Up to two secrets that notifications are signed with, the newest first: an extension of ours."""

    @property
    def is_mqtt(self) -> bool:
        """Whether notifications go out as MQTT messages (clause 7.2)."""
        return self.uri.lower().startswith(("mqtt://", "mqtts://"))

    @property
    def is_mail(self) -> bool:
        """Whether notifications go out as e-mail."""
        return self.uri.lower().startswith("mailto:")

    @property
    def template(self) -> str | None:
        """The template of what people read (`ngsild.template`)."""
        return dict(self.notifier_info).get(TEMPLATE)

    @property
    def subject(self) -> str | None:
        """The template of a mail's subject."""
        return dict(self.notifier_info).get(SUBJECT)

    @property
    def style(self) -> str | None:
        """How a chat room takes its messages."""
        return dict(self.notifier_info).get(STYLE)

    @property
    def mqtt_version(self) -> MqttVersion:
        """The version of MQTT that is spoken."""
        return MqttVersion(dict(self.notifier_info).get(MQTT_VERSION, MqttVersion.V5))

    @property
    def mqtt_qos(self) -> int:
        """The quality of service of MQTT messages: 0, 1 or 2."""
        return int(dict(self.notifier_info).get(MQTT_QOS, "0"))


class Notifying(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a notification holds (clause 5.2.14)."""

    endpoint: Endpoint
    attributes: tuple[Iri, ...] = ()
    """Empty: all."""
    pick: tuple[Names, ...] = ()
    """What is kept of an entity, in the parts that were given. Empty: all."""
    omit: tuple[Names, ...] = ()
    """What is left out of it."""
    format: NotificationFormat = NotificationFormat.NORMALIZED
    sys_attrs: bool = False
    show_changes: bool = False
    """Whether former values are told (previousValue, previousObject, …)."""
    join: Join | None = None
    """How linked entities are added."""
    join_level: int | None = None
    """How many links are followed; None: one."""

    @property
    def projection(self) -> Projection:
        """What `pick` and `omit` leave."""
        if not self.pick and not self.omit:
            return WHOLE
        return Projection(
            join_names(self.pick) if self.pick else None, join_names(self.omit) if self.omit else None
        )


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
    interval_s: float | None = None
    """timeInterval: notified every so many seconds, changes or not. It is then matched with no change."""
    throttling_s: float | None = None
    """So many seconds at least lie between two notifications."""
    lang: str | None = None
    """The languages that LanguageProperties are notified in, as given (clause 4.15)."""
    dataset_ids: tuple[str, ...] = ()
    """The instances that are notified, `@none` for the default one. Empty: all."""
    conformance: str | None = None
    """ngsildConformance: the version of NGSI-LD that notifications are written in (clause 4.3.6.8)."""
    json_keys: tuple[str, ...] = ()
    csf_text: str | None = None
    """The filter of context sources as it was given; all entities here are local, so it excludes none."""
    local_only: bool | None = None
    split_entities: bool | None = None

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
