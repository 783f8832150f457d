"""The language filter (clause 4.15): LanguageProperties as plain strings of one language."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.model import Attributes, Entity, Instance, Kind

MAX_RANGES = 50
_RANGE = re.compile(
    r"(\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)(?:\s*;\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?"
)
_ANY = "*"
_NONE = "@none"


class Languages(NamedTuple):
    """Language ranges in lower case, the preferred one first."""

    ranges: tuple[str, ...]


class LocalizedInstance(Instance, kw_only=True, gc=False):
    """A LanguageProperty that became a Property; `lang` names the language of its value."""

    lang: str


def parse_languages(text: str) -> Languages:
    """Read a list of language ranges with weights (RFC 3282). Raises BadRequestData."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > MAX_RANGES:
        raise BadRequestData(f"lang has at most {MAX_RANGES} languages")
    weighted = []
    for part in parts:
        found = _RANGE.fullmatch(part)
        if found is None:
            raise BadRequestData(f"lang holds {part[:60]!r}; a language is written as en, fr-CH;q=0.8 or *")
        weighted.append((float(found[2] or 1), found[1].lower()))
    weighted.sort(key=lambda one: -one[0])  # stable: the order of the list decides between equals
    return Languages(tuple(language for weight, language in weighted if weight > 0))


def localize(entity: Entity, languages: Languages) -> Entity:
    """Turn the LanguageProperties of an entity, and those below its attributes, into Properties."""
    attributes = _localize_all(entity.attributes, languages)
    return (
        entity if attributes is entity.attributes else msgspec.structs.replace(entity, attributes=attributes)
    )


def _localize_all(attributes: Attributes, languages: Languages) -> Attributes:
    """Give the same map where there is nothing to turn."""
    changed: Attributes = {}
    for name, instances in attributes.items():
        localized = [_localize(one, languages) for one in instances]
        if any(new is not old for new, old in zip(localized, instances, strict=True)):
            changed[name] = localized
    return {**attributes, **changed} if changed else attributes


def _localize(instance: Instance, languages: Languages) -> Instance:
    sub = instance.sub if instance.sub is None else _localize_all(instance.sub, languages)
    if instance.kind is not Kind.LANGUAGE_PROPERTY or not isinstance(instance.value, dict):
        return instance if sub is instance.sub else msgspec.structs.replace(instance, sub=sub)
    tag = choose_language(list(instance.value), languages)
    members: dict[str, Any] = {
        field: getattr(instance, field) for field in instance.__struct_fields__ if field != "value_type"
    }
    members |= {"kind": Kind.PROPERTY, "value": instance.value[tag], "value_type": None, "sub": sub}
    return LocalizedInstance(**members, lang=tag)


def choose_language(tags: Sequence[str], languages: Languages) -> str:
    """Choose one of at least one tag: look-up by RFC 4647, then a more specific tag, `@none`, the first."""
    known = {tag.lower(): tag for tag in reversed(tags)}
    for wanted in languages.ranges:
        if wanted == _ANY:
            break
        found = _look_up(wanted, known)
        if found is not None:
            return found
    return known.get(_NONE, tags[0])


def _look_up(wanted: str, known: dict[str, str]) -> str | None:
    shorter = wanted
    while shorter:
        if shorter in known:
            return known[shorter]
        shorter = shorter.rpartition("-")[0]
        if len(shorter) > 2 and shorter[-2] == "-":  # a single letter begins a group, it never ends a tag
            shorter = shorter[:-2]
    return next((tag for lower, tag in known.items() if lower.startswith(f"{wanted}-")), None)
