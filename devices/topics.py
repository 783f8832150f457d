"""Topics that devices and gateways publish on. Pure."""

from dataclasses import dataclass

from devices.gateways import GatewayTopic, parse_gateway_topic, subscription_filters

_NATIVE_LEVELS = 5
_NATIVE_LEAVES = ("up", "ack", "state")


@dataclass(frozen=True, slots=True)
class NativeTopic:
    """`machi/v1/{tenant}/{device}/up` (or ack, state)."""

    tenant: str
    device: str

    @property
    def owner(self) -> str:
        """Whose device it is."""
        return self.tenant


Topic = NativeTopic | GatewayTopic

SUBSCRIPTIONS = ("machi/v1/+/+/up", *subscription_filters())
"""What the bridge listens to."""


def parse_topic(topic: str) -> Topic | None:
    """Return whom a topic names; None for a topic of no known form."""
    if "\0" in topic:
        return None
    levels = topic.split("/")
    if len(levels) == _NATIVE_LEVELS and topic.startswith("machi/v1/") and levels[4] in _NATIVE_LEAVES:
        if "@" in levels[2]:  # no tenant's name has one: a group's key (devices.waiting)
            return GatewayTopic("native", levels[2], levels[3]) if levels[4] == "up" else None
        return NativeTopic(levels[2], levels[3])
    return parse_gateway_topic(topic)
