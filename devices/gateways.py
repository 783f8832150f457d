"""Gateways: which topics each adapter's network server, agent or hub publishes on. Pure.

A form is an MQTT topic with `{application}`, which tells one gateway from another, and `{device}`, the
gateway's name for a device; `+` stands for any level. `{device}` as the last level takes all that follow.
"""

from typing import NamedTuple

_APPLICATION, _DEVICE, _ANY = "{application}", "{device}", "+"
_OWN = "bridge"
"""Zigbee2MQTT's own topics stand beside its devices'."""
_SUFFIXES = ("availability", "set", "get")


class GatewayTopic(NamedTuple):
    """Whom a topic of a gateway names; `device` is empty where the gateway speaks of itself."""

    adapter: str
    application: str
    device: str

    @property
    def owner(self) -> str:
        """Whose device it is."""
        return self.application


FORMS: dict[str, tuple[str, ...]] = {
    "native": ("machi/v1/{application}/{device}/up",),
    "tts_v3": (
        "v3/{application}/devices/{device}/up",
        "v3/{application}/devices/{device}/up/normalized",
        "v3/{application}/devices/{device}/join",
        "v3/{application}/devices/{device}/location/solved",
    ),
    "chirpstack_v4": ("application/{application}/device/{device}/event/+",),
    "ultralight": (
        "ul/{application}/{device}/attrs",
        "ul/{application}/{device}/attrs/+",
        "/ul/{application}/{device}/attrs",
        "/ul/{application}/{device}/attrs/+",
    ),
    "iotagent_json": (
        "json/{application}/{device}/attrs",
        "json/{application}/{device}/attrs/+",
        "/json/{application}/{device}/attrs",
        "/json/{application}/{device}/attrs/+",
    ),
    "tasmota": ("tele/{application}/{device}/+",),
    "zigbee2mqtt": ("zigbee2mqtt/{application}/{device}",),
}
"""The topics of each adapter that speaks for devices behind a gateway, by the adapter's name."""


def gateway_filters(adapter: str, application: str) -> list[str]:
    """Return the MQTT filters of all topics that one gateway may publish on."""
    return [_filter(form).replace(_APPLICATION, application) for form in FORMS[adapter]]


def subscription_filters() -> list[str]:
    """Return the MQTT filters of all topics of all gateways; a group's look like those of any device."""
    forms = [form for adapter, forms in FORMS.items() if adapter != "native" for form in forms]
    return [_filter(form).replace(_APPLICATION, _ANY) for form in forms]


def parse_gateway_topic(topic: str) -> GatewayTopic | None:
    """Return whom a topic of a gateway names; None for a topic of no known form."""
    levels = topic.split("/")
    for adapter, form in _BY_START.get(levels[0] or "/" + levels[min(1, len(levels) - 1)], ()):
        found = _match(levels, form)
        if found is not None and (adapter != "native" or "@" in found[0]):  # else it is a tenant's own device
            return GatewayTopic(adapter, *found)
    return None


def _filter(form: str) -> str:
    return f"{form[: -len(_DEVICE)]}#" if form.endswith(_DEVICE) else form.replace(_DEVICE, _ANY)


def _match(levels: list[str], form: list[str]) -> tuple[str, str] | None:
    if form[-1] == _DEVICE and len(levels) >= len(form):
        levels = [*levels[: len(form) - 1], _device(levels[len(form) - 1 :])]
    elif len(levels) != len(form):
        return None
    application = device = ""
    for level, wanted in zip(levels, form, strict=True):
        if wanted == _APPLICATION:
            application = level
        elif wanted == _DEVICE:
            device = level
        elif wanted not in (_ANY, level):
            return None
    return (application, device) if application else None


def _device(levels: list[str]) -> str:
    """A name that may hold slashes, without what follows it; empty for the hub's own topics."""
    if levels[0] == _OWN:
        return ""
    return "/".join(levels[:-1] if len(levels) > 1 and levels[-1] in _SUFFIXES else levels)


def _start(form: str) -> str:
    first, _, rest = form.partition("/")
    return first or "/" + rest.partition("/")[0]


_BY_START: dict[str, list[tuple[str, list[str]]]] = {}
for _adapter, _forms in FORMS.items():
    for _form in _forms:
        _BY_START.setdefault(_start(_form), []).append((_adapter, _form.split("/")))
