"""The ids of entities from a template: `urn:ngsi-ld:{type}:{device}`.

A payload is a stranger's: what it puts into an id is checked against an alphabet without `:`, stands between
colons, and only beside the device's own id, so that no device can name the entity of another.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from devices.payload_rules import dig

DEFAULT = "urn:ngsi-ld:{type}:{device}"
_START = "urn:ngsi-ld:"
_PART = re.compile(r"\{([^{}]*)\}|([^{}]+)")
_LITERAL = re.compile(r"[A-Za-z0-9_.:-]+")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_MAX_CHARS = 300
_PLAIN = ("tenant", "device")
NAME_RULE = "1 to 64 of the characters A-Z a-z 0-9 _ . -"


class EntityIdError(ValueError):
    """A template that cannot be used, or a value that cannot be a part of an id."""


class Placeholder(NamedTuple):
    """What a part of an id is taken from."""

    source: str
    """tenant, device, static or payload."""
    key: str = ""


class Template(NamedTuple):
    """Texts and placeholders, in order."""

    parts: tuple[str | Placeholder, ...]

    @property
    def is_of_payload(self) -> bool:
        """Each message names its entity."""
        return bool(self.payload_keys)

    @property
    def payload_keys(self) -> tuple[str, ...]:
        """The keys of the payload that it needs."""
        return tuple(
            part.key for part in self.parts if isinstance(part, Placeholder) and part.source == "payload"
        )

    def fill(self, names: Mapping[str, Any]) -> str:
        """Return the id; `names` has tenant, device, static and payload. Raises EntityIdError."""
        return "".join([part if isinstance(part, str) else _look_up(part, names) for part in self.parts])


def parse_template(text: str, entity_type: str, *, allows_payload: bool) -> Template:
    """Read a template. Raises EntityIdError."""
    if len(text) > _MAX_CHARS or not text.startswith(_START):
        raise EntityIdError(f"an entity id begins with {_START} and has at most {_MAX_CHARS} characters")
    parts: list[str | Placeholder] = []
    end = 0
    for found in _PART.finditer(text):
        if found.start() != end:
            break
        end = found.end()
        parts.append(_literal(found[2]) if found[2] else _placeholder(found[1], entity_type))
    if end != len(text):
        raise EntityIdError(f"{text!r:.80} has a brace without its partner")
    template = Template(tuple(parts))
    _check_sources(text, template, allows_payload=allows_payload)
    return template


def _literal(text: str) -> str:
    if not _LITERAL.fullmatch(text):
        raise EntityIdError(f"{text!r:.80} cannot stand in an id; write A-Z a-z 0-9 _ . : -")
    return text


def _placeholder(inner: str, entity_type: str) -> str | Placeholder:
    if inner == "type":
        return entity_type
    source, _, key = inner.partition(".")
    if inner in _PLAIN or (source in ("static", "payload") and key):
        return Placeholder(source, key)
    raise EntityIdError(
        f"there is no placeholder {{{inner:.40}}}; there are {{type}}, {{tenant}}, {{device}},"
        " {static.NAME} and {payload.KEY}"
    )


def _check_sources(text: str, template: Template, *, allows_payload: bool) -> None:
    sources = [part.source for part in template.parts if isinstance(part, Placeholder)]
    if "device" not in sources and "static" not in sources:
        raise EntityIdError("an id needs {device} or {static.NAME}: else all devices would write one entity")
    if "payload" not in sources:
        return
    if not allows_payload:
        raise EntityIdError(
            "the main entity's id cannot come from the payload; make it a further entity under [entities]"
        )
    if "device" not in sources:
        raise EntityIdError("an id with {payload.KEY} needs {device}: else one device could write another's")
    for part in re.split(r":", text):
        if "{" in part and not (part.startswith("{") and part.endswith("}") and part.count("{") == 1):
            raise EntityIdError("with {payload.KEY}, every placeholder stands alone between colons")


def _look_up(part: Placeholder, names: Mapping[str, Any]) -> str:
    value = names[part.source]
    if part.key:
        value = value[part.key] if part.key in value else dig(value, part.key.split("."))
    if isinstance(value, Mapping):
        value = value.get("value")
    text = str(value) if type(value) in (str, int) else ""
    if not _NAME.fullmatch(text):
        where = f"{part.source}.{part.key}" if part.key else part.source
        raise EntityIdError(f"{where} is {text!r:.80}, which cannot be a part of an id: {NAME_RULE}")
    return text
