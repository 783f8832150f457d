"""What the data models say of attributes: kinds of values, ranges, words, units. Compact files of our own.

A file per entity type stands in `datamodels/`, in the names of the Smart Data Models. The rules are looked up
once, when a profile is built; the hot path compares numbers.
"""

import math
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

_KINDS: Mapping[str, tuple[type, ...]] = {
    "number": (int, float),
    "integer": (int,),
    "text": (str,),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
}


class AttributeRule(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What an attribute's value may be."""

    kinds: tuple[str, ...] = msgspec.field(name="kind", default=("number",))
    min: float = -math.inf
    max: float = math.inf
    unit: str | None = None
    """The unit that min and max are in; None: they hold in any (a count, an angle)."""
    words: tuple[str, ...] = ()

    @property
    def takes_numbers(self) -> bool:
        """Whether any number within the range is right."""
        return "number" in self.kinds

    def fault(self, value: Any) -> str | None:
        """Say how a value breaks the rule; None if it does not."""
        kind = type(value)
        if not any(kind in _KINDS[name] for name in self.kinds):
            return f"is of the kind {_kind_of(value)}; the data model wants {' or '.join(self.kinds)}"
        if kind in _KINDS["number"] and not self.min <= value <= self.max:
            bound, limit = ("below", self.min) if value < self.min else ("above", self.max)
            return f"is {value:.12g}, {bound} the data model's {limit:g}"
        if self.words and kind is str and value not in self.words:
            return f"is {value!r:.60}; the data model has {', '.join(self.words)}"
        return None


def rules_of(entity_type: str) -> Mapping[str, AttributeRule]:
    """Return the rules of a type by attribute; none for a type that has no file."""
    return _models().get(entity_type, {})


def modelled_types() -> list[str]:
    """Return the types that have rules, sorted."""
    return sorted(_models())


@cache
def _models() -> Mapping[str, Mapping[str, AttributeRule]]:
    models = {}
    for path in files("devices.datamodels").iterdir():
        if path.name.endswith(".toml"):
            given = tomllib.loads(path.read_text(encoding="utf-8"))
            entries = {name: _rule(entry) for name, entry in given["attributes"].items()}
            models[path.name.removesuffix(".toml")] = entries
    return models


def _rule(entry: Mapping[str, Any]) -> AttributeRule:
    kind = entry.get("kind", "number")
    return msgspec.convert({**entry, "kind": [kind] if isinstance(kind, str) else kind}, AttributeRule)


def _kind_of(value: Any) -> str:
    return next((name for name, kinds in _KINDS.items() if type(value) in kinds), "nothing")
