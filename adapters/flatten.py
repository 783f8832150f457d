"""Nested values under dotted names, and the shapes that every JSON format of ours checks."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from adapters.json_text import check_value
from adapters.types import MAX_DEPTH, MAX_VALUES, DecodeError, RawReading, RawValue, describe


def as_object(value: Any, name: str) -> dict[str, Any]:
    """Return what has to be an object. Raises DecodeError("bad-shape")."""
    if not isinstance(value, dict):
        raise DecodeError("bad-shape", f"{name} is not an object but {describe(value)}")
    return value


def as_text(value: Any, name: str) -> str:
    """Return what has to be a text that is not empty. Raises DecodeError("bad-shape")."""
    if not isinstance(value, str) or not value:
        raise DecodeError("bad-shape", f"{name} is not a text but {describe(value)}")
    return value


def flatten(values: Mapping[str, Any], name: str) -> dict[str, RawValue]:
    """Return nested objects under dotted names: {"air": {"temperature": 1}} becomes air.temperature.

    Arrays stay whole. Raises DecodeError (too-deep, bad-text, no-values, too-many-values) naming `name`.
    """
    check_value(values, name)
    flat = dict(_walk(values, ""))
    if not flat:
        raise DecodeError("no-values", f"{name} is empty")
    return check_count(flat)


def decode_objects(document: Any, decode: Callable[[Any], RawReading]) -> list[RawReading]:
    """Return a reading per object of a payload that is one object or an array of them.

    Raises DecodeError (no-values, too-many-values) and whatever `decode` raises.
    """
    objects = document if isinstance(document, list) else [document]
    if len(objects) > MAX_VALUES:
        raise DecodeError("too-many-values", f"{len(objects)} objects; at most {MAX_VALUES} are accepted")
    readings = [decode(one) for one in objects]
    count = sum([len(reading.values) for reading in readings])
    if count == 0:
        raise DecodeError("no-values", "the payload carries no value")
    if count > MAX_VALUES:
        raise DecodeError("too-many-values", f"{count} values; at most {MAX_VALUES} are accepted")
    return readings


def check_count(values: dict[str, RawValue]) -> dict[str, RawValue]:
    """Return the values. Raises DecodeError("too-many-values")."""
    if len(values) > MAX_VALUES:
        raise DecodeError("too-many-values", f"{len(values)} values; at most {MAX_VALUES} are accepted")
    return values


def _walk(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, RawValue]]:
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and prefix.count(".") < MAX_DEPTH:
            yield from _walk(value, f"{name}.")
        else:
            yield name, RawValue(value)
