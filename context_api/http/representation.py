"""Which representation of an entity a request asks for (clauses 6.3.7 and 6.3.11)."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from context_api.http.parameters import Query
from context_api.ngsild.errors import InvalidRequest


class Format(StrEnum):
    """How attributes are written."""

    NORMALIZED = "normalized"
    CONCISE = "concise"
    KEY_VALUES = "keyValues"
    TEMPORAL_VALUES = "temporalValues"
    AGGREGATED_VALUES = "aggregatedValues"


class Representation(NamedTuple):
    """The format, and whether system times are served."""

    format: Format = Format.NORMALIZED
    sys_attrs: bool = False


_NAMES = {
    "normalized": Format.NORMALIZED,
    "concise": Format.CONCISE,
    "keyValues": Format.KEY_VALUES,
    "simplified": Format.KEY_VALUES,
    "temporalValues": Format.TEMPORAL_VALUES,
    "aggregatedValues": Format.AGGREGATED_VALUES,
}
ENTITY_FORMATS = (Format.NORMALIZED, Format.CONCISE, Format.KEY_VALUES)
TEMPORAL_FORMATS = (Format.NORMALIZED, Format.CONCISE, Format.TEMPORAL_VALUES, Format.AGGREGATED_VALUES)


def read_representation(query: Query, allowed: Iterable[Format] = ENTITY_FORMATS) -> Representation:
    """Read `options` and `format`; where both name a representation, `format` wins."""
    options = query.items("options")
    chosen = {name for name in options if name != "sysAttrs"}
    formats = {_format(name, "options", allowed) for name in chosen}
    wanted = query.text("format")
    if wanted is not None:
        return Representation(_format(wanted, "format", allowed), "sysAttrs" in options)
    if len(formats) > 1:
        raise InvalidRequest(f"The options {', '.join(sorted(chosen))} exclude each other")
    return Representation(formats.pop() if formats else Format.NORMALIZED, "sysAttrs" in options)


def read_options(query: Query, allowed: Iterable[str]) -> frozenset[str]:
    """Read `options` of an operation that has nothing to represent (noOverwrite and the like)."""
    options = frozenset(query.items("options"))
    unknown = sorted(options - set(allowed))
    if unknown:
        raise InvalidRequest(
            f"The option {unknown[0][:40]!r} is unknown here; accepted: {', '.join(allowed)}"
        )
    return options


def _format(name: str, parameter: str, allowed: Iterable[Format]) -> Format:
    found = _NAMES.get(name)
    if name == "simplified" and Format.TEMPORAL_VALUES in allowed:
        found = Format.TEMPORAL_VALUES  # what is simplified of a history (clause 4.5.9)
    if found is None or found not in allowed:
        accepted = ", ".join([*(text for text, each in _NAMES.items() if each in allowed), "sysAttrs"])
        raise InvalidRequest(f"{parameter} holds {name[:40]!r}; accepted: {accepted}")
    return found
