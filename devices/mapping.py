"""Raw values -> attributes, by a profile. The hot path: one look-up and one instance per value."""

import math
from collections.abc import Callable
from typing import Any

from adapters.types import RawReading, RawValue, describe, shorten
from context_api.ngsild.model import Attributes, Instance, Micros
from devices.geometry import geometry_fault
from devices.profile import Field, Profile

_MAX_KEYS = 20
_MAX_KEY_CHARS = 64
_DIGITS = 10
"""Converted numbers are rounded to this many decimals: 67.6 % is 0.676, not 0.6759999999999999."""
_NUMBERS = (int, float)


class BadValue(Exception):
    """A value that is not of the kind its field maps."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Mapping:
    """Maps the readings of one message and counts while it does."""

    __slots__ = ("_profile", "known", "latest", "mapped", "unknown", "untimed")

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self.mapped = 0
        self.known = 0
        """Values under names that the profile knows, with or without a measurement in them."""
        self.untimed = 0
        self.latest: Micros | None = None
        self.unknown: dict[str, None] = {}
        """Names that the profile does not know, in order, bounded."""

    def map_values(self, raw: RawReading) -> Attributes:
        """Return the attributes of one reading; what is not mapped is counted. Raises BadValue."""
        plain, fields = self._profile.plain, self._profile.fields
        attributes: Attributes = {}
        for key, given in raw.values.items():
            value = given.value
            field = plain.get(key)
            if field is not None and given.unit_code is None and type(value) in _NUMBERS:
                unit_code = field.unit_code
            else:
                field = fields.get(key)
                if field is None:
                    self._note_unknown(key)
                    continue
                if value is None or value in field.missing:
                    self.known += 1
                    continue
                value, unit_code = _convert(field, given)
            self.known += 1
            if field.iri in attributes:  # two names of one attribute: the first stands
                continue
            observed_at = given.observed_at if given.observed_at is not None else raw.observed_at
            self._note_time(observed_at)
            attributes[field.iri] = [
                Instance(kind=field.kind, value=value, observed_at=observed_at, unit_code=unit_code)
            ]
        self.mapped += len(attributes)
        return attributes

    def _note_time(self, observed_at: Micros | None) -> None:
        if observed_at is None:
            self.untimed += 1
        elif self.latest is None or observed_at > self.latest:
            self.latest = observed_at

    def _note_unknown(self, key: str) -> None:
        if len(self.unknown) < _MAX_KEYS:
            self.unknown[shorten(key[:_MAX_KEY_CHARS])] = None


def _convert(field: Field, given: RawValue) -> tuple[Any, str | None]:
    """Return the value and its unit, converted from the payload's unit where the profile says so."""
    value, unit_code = given.value, given.unit_code or field.unit_code
    if not _ACCEPTED[field.accepts](value):
        raise BadValue(f"{field.key!r:.80} is {_fault(field, value)}")
    if field.is_scaled and given.unit_code in (None, field.payload_unit):
        value = round(value * field.scale + field.offset, _DIGITS)
        if not math.isfinite(value):
            raise BadValue(f"{field.key!r:.80} is too large to convert")
        return value, field.unit_code
    return value, unit_code


def _fault(field: Field, value: Any) -> str:
    if field.accepts == "geometry":
        return f"no geometry: {geometry_fault(value)}"
    return f"not a {field.accepts} but {describe(value)}"


def _is_number(value: Any) -> bool:
    return type(value) in _NUMBERS


def _is_geometry(value: Any) -> bool:
    return geometry_fault(value) is None


_ACCEPTED: dict[str, Callable[[Any], bool]] = {
    "number": _is_number,
    "text": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "any": lambda _: True,
    "geometry": _is_geometry,
}
