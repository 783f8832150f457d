"""Topics that devices and gateways publish on. Pure."""

from dataclasses import dataclass

_NATIVE_LEVELS = 5
_TTS_LEVELS = 5
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


@dataclass(frozen=True, slots=True)
class GatewayTopic:
    """`v3/{application}@{tenant}/devices/{device}/up`; the tenant is one of The Things Stack, not ours."""

    application: str
    device: str

    @property
    def owner(self) -> str:
        """Whose device it is."""
        return self.application


Topic = NativeTopic | GatewayTopic


def parse_topic(topic: str) -> Topic | None:
    """Return whom a topic names; None for a topic of no known form."""
    if "\0" in topic:
        return None
    levels = topic.split("/")
    if len(levels) == _NATIVE_LEVELS and topic.startswith("machi/v1/") and levels[4] in _NATIVE_LEAVES:
        return NativeTopic(levels[2], levels[3])
    if len(levels) == _TTS_LEVELS and levels[0] == "v3" and levels[2] == "devices" and levels[4] == "up":
        return GatewayTopic(levels[1], levels[3])
    return None
