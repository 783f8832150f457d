"""Texts of messages for people: `{{ name }}: {{ pm25 | round(1) }} ({{ pm25.observedAt | jst }})`. Pure.

A template names members of a notified entity and nothing else: no loops, no conditions, no code, so it cannot
run long or reach anything. Its size, the number of its places and the length of what it makes are bounded.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from context_api.ngsild.errors import BadRequestData

MAX_TEMPLATE_CHARS = 4_000
MAX_PLACES = 100
MAX_VALUE_CHARS = 500
MISSING = "—"
"""Stands where the entity lacks what a template names."""
JST = timezone(timedelta(hours=9), "JST")

_PLACE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_CALL = re.compile(r"(?P<name>[a-z]+)(?:\((?P<argument>[^()]*)\))?")
_PATH = re.compile(r"[\w@:/#-]+(?:\.[\w@:/#-]+)*")
_MAX_DIGITS = 10
_VALUES = ("value", "object", "languageMap", "vocab", "json", "valueList", "objectList")


class _Filter(NamedTuple):
    apply: Callable[[Any, str], Any]
    check: Callable[[str], bool]
    usage: str


class _Place(NamedTuple):
    path: tuple[str, ...]
    filters: tuple[tuple[str, str], ...]


class Template(NamedTuple):
    """A checked template: its texts, and the places between them."""

    texts: tuple[str, ...]
    places: tuple[_Place, ...]

    def render(self, entity: Mapping[str, Any]) -> str:
        """Fill in an entity, as a notification holds it (normalized, concise or simplified)."""
        filled = [_fill(place, entity) for place in self.places]
        return "".join(part for pair in zip(self.texts, [*filled, ""], strict=True) for part in pair)


def parse_template(text: str, pointer: str) -> Template:
    """Read a template. Raises BadRequestData, which says what a template may hold."""
    if len(text) > MAX_TEMPLATE_CHARS:
        raise BadRequestData(
            f"a template has at most {MAX_TEMPLATE_CHARS} characters, not {len(text)}", pointer=pointer
        )
    if "{%" in text or "{#" in text or "${" in text:
        raise BadRequestData(
            "a template has no loops, conditions or code: it names what is to be filled in, {{ pm25 }}",
            pointer=pointer,
        )
    parts = _PLACE.split(text)
    texts, inner = tuple(parts[::2]), parts[1::2]
    if len(inner) > MAX_PLACES:
        raise BadRequestData(f"a template has at most {MAX_PLACES} places, not {len(inner)}", pointer=pointer)
    if any("{{" in one or "}}" in one for one in texts):
        raise BadRequestData("{{ and }} come in pairs, with a name between them", pointer=pointer)
    return Template(texts, tuple(_parse_place(one, pointer) for one in inner))


def _parse_place(text: str, pointer: str) -> _Place:
    path, *filters = [part.strip() for part in text.split("|")]
    if not _PATH.fullmatch(path):
        raise BadRequestData(
            f"{{{{{text:.60}}}}} names no member of an entity, such as pm25 or pm25.observedAt",
            pointer=pointer,
        )
    return _Place(tuple(path.split(".")), tuple(_parse_filter(one, pointer) for one in filters))


def _parse_filter(text: str, pointer: str) -> tuple[str, str]:
    found = _CALL.fullmatch(text)
    known = _FILTERS.get(found["name"]) if found else None
    argument = ((found["argument"] or "") if found else "").strip().strip("'\"")
    if known is None or not known.check(argument):
        usages = ", ".join(one.usage for one in _FILTERS.values())
        raise BadRequestData(f"{text!r:.60} is no filter; there are {usages}", pointer=pointer)
    return found["name"] if found else "", argument


def _fill(place: _Place, entity: Mapping[str, Any]) -> str:
    value = _find(place.path, entity)
    for name, argument in place.filters:
        value = _FILTERS[name].apply(value, argument)
    return _show(value)


def _find(path: tuple[str, ...], entity: Mapping[str, Any]) -> Any:
    found: Any = entity
    for step in path:
        if isinstance(found, list):
            found = found[0] if found else None
        found = found.get(step) if isinstance(found, Mapping) else None
    return _value(found)


def _value(found: Any) -> Any:
    """An attribute's value, where the path ends at the attribute; of several instances the first."""
    if isinstance(found, list) and found and isinstance(found[0], Mapping):
        found = found[0]
    if isinstance(found, Mapping):
        return next((found[name] for name in _VALUES if name in found), found)
    return found


def _show(value: Any) -> str:
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(map(_show, value[:10]))[:MAX_VALUE_CHARS]
    return str(value)[:MAX_VALUE_CHARS]


def _round(value: Any, digits: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return f"{value:.{int(digits or 0)}f}"


def _jst(value: Any, _: str) -> Any:
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    return moment.astimezone(JST).strftime("%Y-%m-%d %H:%M") if moment.tzinfo else value


def _default(value: Any, instead: str) -> Any:
    return instead if value is None else value


_FILTERS = {
    "round": _Filter(
        _round, lambda text: text == "" or (text.isdecimal() and int(text) <= _MAX_DIGITS), "round(1)"
    ),
    "jst": _Filter(_jst, lambda text: text == "", "jst"),
    "default": _Filter(_default, lambda text: text != "", "default(…)"),
}
