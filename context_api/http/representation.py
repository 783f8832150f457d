"""Which representation of an entity a request asks for (clauses 6.3.7 and 6.3.11)."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from context_api.http.parameters import Query
from context_api.ngsild.errors import InvalidRequest, OperationNotSupported


class Format(StrEnum):
    """How attributes are written."""

    NORMALIZED = "normalized"
    CONCISE = "concise"
    KEY_VALUES = "keyValues"
    TEMPORAL_VALUES = "temporalValues"


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
}
ENTITY_FORMATS = (Format.NORMALIZED, Format.CONCISE, Format.KEY_VALUES)
TEMPORAL_FORMATS = (Format.NORMALIZED, Format.CONCISE, Format.TEMPORAL_VALUES)


def read_representation(query: Query, allowed: Iterable[Format] = ENTITY_FORMATS) -> Representation:
    """Read `options` and `format`; where both name a representation, `format` wins."""
    options = query.items("options")
    chosen = {name for name in options if name != "sysAttrs"}
    for name in chosen:
        _format(name, "options", allowed)
    wanted = query.text("format")
    if wanted is not None:
        return Representation(_format(wanted, "format", allowed), "sysAttrs" in options)
    formats = {_NAMES[name] for name in chosen}
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
    if name == "aggregatedValues" and Format.TEMPORAL_VALUES in allowed:
        raise OperationNotSupported("The representation aggregatedValues is not supported yet")
    found = _NAMES.get(name)
    if found is None or found not in allowed:
        accepted = ", ".join([*(text for text, each in _NAMES.items() if each in allowed), "sysAttrs"])
        raise InvalidRequest(f"{parameter} holds {name[:40]!r}; accepted: {accepted}")
    return found
