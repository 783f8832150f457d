"""A preview as it is served: JSON's objects."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from adapters.types import RawReading, RawValue
from context_api.ngsild.contexts import build_context, builtin_document, core_context
from context_api.ngsild.contexts.context import Context
from context_api.ngsild.model import Attributes
from context_api.ngsild.represent import to_key_values, to_normalized
from context_api.ngsild.time import format_datetime
from devices.model import Ingested
from devices.preview import Preview

_MAX_READINGS = 20


def describe_preview(found: Preview) -> dict[str, Any]:
    """Write a preview."""
    ingested = found.ingested
    context = context_of(found.context)
    reason = ingested.quarantine
    return {
        "outcome": _outcome(ingested),
        "reason": ingested.ignored if reason is None else reason.reason,
        "detail": None if reason is None else reason.detail,
        "entities": [
            {"normalized": to_normalized(entity, context), "keyValues": to_key_values(entity, context)}
            for entity in found.entities
        ],
        "readings": [
            {
                "entityId": reading.entity_id,
                "attributes": sorted(context.compact(name) for name in reading.attributes),
                "observedAt": _observed_at(reading.attributes),
            }
            for reading in ingested.readings[:_MAX_READINGS]
        ],
        "values": _counted(ingested),
        "ignoredKeys": list(ingested.ignored_keys),
        "converted": msgspec.to_builtins(found.converted),
        "findings": [one._asdict() for one in ingested.findings],
        "hints": list(found.hints),
        "decoded": [_decoded(raw) for raw in found.decoded[:_MAX_READINGS]],
    }


def context_of(url: str | None) -> Context:
    """Return the @context of a profile."""
    document = None if url is None else builtin_document(url)
    return core_context() if document is None else build_context([document], str(url))


def _outcome(ingested: Ingested) -> str:
    if ingested.readings:
        return "stored" if ingested.quarantine is None else "partly-quarantined"
    return "ignored" if ingested.quarantine is None else "quarantined"


def _counted(ingested: Ingested) -> Mapping[str, int]:
    stored = sum(len(held) for reading in ingested.readings for held in reading.attributes.values())
    rest = ingested.values - stored - ingested.ignored_values
    return {
        "received": ingested.values,
        "stored": stored,
        "ignored": ingested.ignored_values,
        "quarantined": rest if ingested.quarantine is not None else 0,
    }


def _observed_at(attributes: Attributes) -> str | None:
    times = {one.observed_at for held in attributes.values() for one in held}
    latest = max((at for at in times if at is not None), default=None)
    return None if latest is None else format_datetime(latest)


def _decoded(raw: RawReading) -> dict[str, Any]:
    shown: dict[str, Any] = {"values": {key: _value(given) for key, given in _first(raw.values)}}
    if raw.device is not None:
        shown["device"] = raw.device
    if raw.observed_at is not None:
        shown["observedAt"] = format_datetime(raw.observed_at)
    return shown


def _first(values: Mapping[str, RawValue]) -> Sequence[tuple[str, RawValue]]:
    return list(values.items())[:200]


def _value(given: RawValue) -> dict[str, Any]:
    shown: dict[str, Any] = {"value": given.value}
    if given.unit_code is not None:
        shown["unitCode"] = given.unit_code
    if given.observed_at is not None:
        shown["observedAt"] = format_datetime(given.observed_at)
    return shown
