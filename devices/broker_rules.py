"""Who may publish and subscribe where, as rules: the same for every broker. Pure."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from context_api.store.device_credentials import Speaker
from context_api.store.devices import DeviceKind
from devices.gateways import gateway_filters

_PUBLISHED = ("up", "ack", "state")
_SHARED = "$share/"


class Action(StrEnum):
    """What a client wants to do with a topic."""

    READ = "read"
    WRITE = "write"


class Allowed(NamedTuple):
    """One thing that a client may do. What no rule allows is forbidden."""

    action: Action
    topic: str
    """A topic, or a filter: then every topic that it matches, and every narrower filter."""


def rules_of(speaker: Speaker) -> list[Allowed]:
    """Return what a device or a gateway may do."""
    own = f"machi/v1/{speaker.tenant}/{speaker.device_id}"
    rules = [Allowed(Action.WRITE, f"{own}/{leaf}") for leaf in _PUBLISHED]
    rules.append(Allowed(Action.READ, f"{own}/down"))
    if speaker.kind is DeviceKind.GATEWAY and speaker.application is not None:
        filters = gateway_filters(speaker.adapter, speaker.application)
        rules += [Allowed(Action.WRITE, topic) for topic in filters]
    return rules


def read_rules(texts: Sequence[str]) -> list[Allowed]:
    """Read a service's rules, such as "read machi/v1/+/+/up"."""
    return [Allowed(Action(verb), topic) for verb, _, topic in (text.partition(" ") for text in texts)]


def is_allowed(rules: Sequence[Allowed], action: Action, topic: str) -> bool:
    """Whether a client may publish on a topic, or subscribe to a filter."""
    if action is Action.WRITE and ("+" in topic or "#" in topic):
        return False
    if action is Action.READ and topic.startswith(_SHARED):
        topic = topic.split("/", 2)[2] if topic.count("/") >= 2 else ""
    return any(rule.action is action and is_topic_matched(rule.topic, topic) for rule in rules)


def is_topic_matched(pattern: str, topic: str) -> bool:
    """Whether a topic, or every topic of a narrower filter, matches a filter (MQTT 5, section 4.7)."""
    wanted, given = pattern.split("/"), topic.split("/")
    if given[0].startswith("$") and wanted[0] in ("+", "#"):
        return False
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index >= len(given) or given[index] == "#":
            return False
        if level not in ("+", given[index]):
            return False
    return len(wanted) == len(given)
