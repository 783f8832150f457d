"""Raw values -> attributes, by a profile. The hot path: one look-up and one instance per value.

A value that is faulty by itself (out of its range, a word that nobody knows) is left out and noted as a
finding, or takes its message to quarantine, as the profile says; one of the wrong kind always does.
"""

from collections.abc import Callable
from typing import Any

from adapters.types import RawReading, RawValue, describe, shorten
from context_api.ngsild.model import DEFAULT_DATASET, Attributes, Instance, Micros
from context_api.store.deliveries_in import Finding
from devices.geometry import geometry_fault
from devices.payload_rules import as_number, dig
from devices.profile import LARGEST, MAIN, Field, Profile
from devices.units import SAME, UnitError, conversion, is_unit

OUT_OF_RANGE = "out-of-range"
UNKNOWN_WORD = "unknown-word"
MODEL_VIOLATION = "model-violation"
BAD_VALUE = "bad-value"
_MAX_KEYS = 20
_MAX_KEY_CHARS = 64
_MAX_FINDINGS = 50
_NUMBERS = (int, float)


class BadValue(Exception):
    """A value that takes its message to quarantine."""

    def __init__(self, detail: str, reason: str = BAD_VALUE, attribute: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.reason = reason
        self.findings = () if attribute is None else (Finding(attribute, reason, shorten(detail)),)


class Faulty(Exception):
    """A value that is left out."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Mapping:
    """Maps the readings of one message and counts while it does."""

    __slots__ = (
        "_profile",
        "extra",
        "faulty",
        "findings",
        "first_fault",
        "known",
        "latest",
        "mapped",
        "others",
        "unknown",
        "untimed",
    )

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self.mapped = 0
        self.known = 0
        """Values under names that the profile knows, with or without a measurement in them."""
        self.untimed = 0
        self.latest: Micros | None = None
        self.unknown: dict[str, None] = {}
        """Names that the profile does not know, in order, bounded."""
        self.extra = 0
        """Values beyond one per key: what a nested value held."""
        self.faulty = 0
        """Values that were left out because they are faulty."""
        self.first_fault = "", ""
        self.findings: dict[tuple[str, str], Finding] = {}
        self.others: dict[int, Attributes] | None = None
        """Attributes of further entities, of the reading that was mapped last, by their target."""

    def map_values(self, raw: RawReading) -> Attributes:
        """Return the attributes of one reading; what is not mapped is counted. Raises BadValue."""
        profile = self._profile
        plain = profile.plain
        self.others = None
        attributes: Attributes = {}
        for key, given in raw.values.items():
            value = given.value
            field = plain.get(key)
            if (
                field is None
                or (given.unit_code is not None and given.unit_code != field.unit_code)
                or type(value) not in _NUMBERS
                or not field.low <= value <= field.high
                or field.iri in attributes
            ):
                self._map_with_care(key, given, raw, attributes)
                continue
            self.known += 1
            observed_at = given.observed_at
            if observed_at is None:
                observed_at = raw.observed_at
            if observed_at is None:
                self.untimed += 1
            elif self.latest is None or observed_at > self.latest:
                self.latest = observed_at
            self.mapped += 1
            attributes[field.iri] = [
                Instance(kind=field.kind, value=value, observed_at=observed_at, unit_code=field.unit_code)
            ]
        if profile.schema is not None:
            self._check_schema(profile, attributes)
        return attributes

    def _map_with_care(self, key: str, given: RawValue, raw: RawReading, attributes: Attributes) -> None:
        """Everything but plain numbers within their range."""
        field = self._profile.fields.get(key)
        if field is not None:
            self._map_field(field, given, raw, attributes)
            return
        found = 0
        for path, nested in self._profile.nested.get(key, ()):
            value = dig(given.value, path)
            if value is not None:
                found += 1
                self._map_field(nested, RawValue(value, given.unit_code, given.observed_at), raw, attributes)
        if found:
            self.extra += found - 1
        else:
            self._note_unknown(key)

    def _map_field(self, field: Field, given: RawValue, raw: RawReading, attributes: Attributes) -> None:
        self.known += 1
        if given.value is None or given.value in field.missing:
            return
        try:
            value, unit_code = convert(field, given)
            if not (field.takes_numbers and type(value) in _NUMBERS and field.low <= value <= field.high):
                self._judge(field, value, unit_code)
        except Faulty as fault:
            if field.quarantines_message:
                raise BadValue(fault.detail, fault.reason, field.attribute) from fault
            if not self.faulty:
                self.first_fault = fault.reason, fault.detail
            self.faulty += 1
            self._note_finding(field.attribute, fault.reason, fault.detail)
            return
        observed_at = given.observed_at if given.observed_at is not None else raw.observed_at
        instance = Instance(
            kind=field.kind,
            value=value,
            observed_at=observed_at,
            dataset_id=field.dataset_id,
            unit_code=unit_code,
        )
        if _add(self._attributes_of(field, attributes), field, instance):
            self.mapped += 1
            self._note_time(observed_at)

    def _attributes_of(self, field: Field, attributes: Attributes) -> Attributes:
        if field.target == MAIN:
            return attributes
        if self.others is None:
            self.others = {}
        return self.others.setdefault(field.target, {})

    def _judge(self, field: Field, value: Any, unit_code: str | None) -> None:
        """Hold a value against the profile's range, then against the data model. Raises Faulty, BadValue."""
        if unit_code != field.unit_code:
            return  # a unit that we cannot convert: no range of ours is in it
        if type(value) in _NUMBERS:
            for bound, is_broken, word in (
                (field.minimum, field.minimum is not None and value < field.minimum, "below"),
                (field.maximum, field.maximum is not None and value > field.maximum, "above"),
            ):
                if is_broken:
                    raise Faulty(OUT_OF_RANGE, f"{field.key!r:.80} is {value:.12g}, {word} {bound:g}")
        fault = None if field.rule is None else field.rule.fault(value)
        if fault is not None:
            self._violate(field.attribute, f"{field.attribute} {fault}")

    def _violate(self, attribute: str, detail: str) -> None:
        if self._profile.validation == "reject":
            raise BadValue(detail, MODEL_VIOLATION, attribute)
        self._note_finding(attribute, MODEL_VIOLATION, detail)

    def _check_schema(self, profile: Profile, attributes: Attributes) -> None:
        if profile.schema is None or not attributes:
            return
        terms = {field.iri: field.attribute for field in profile.fields.values()}
        values = {terms[iri]: instances[0].value for iri, instances in attributes.items()}
        found = profile.schema.fault(values)
        if found is not None:
            self._violate(found[0], f"{found[0]} {found[1]}" if found[0] else found[1])

    def _note_finding(self, attribute: str, reason: str, detail: str) -> None:
        found = self.findings.get((attribute, reason))
        if found is None and len(self.findings) >= _MAX_FINDINGS:
            return
        self.findings[attribute, reason] = Finding(
            attribute, reason, shorten(detail), 1 if found is None else found.values + 1
        )

    def _note_time(self, observed_at: Micros | None) -> None:
        if observed_at is None:
            self.untimed += 1
        elif self.latest is None or observed_at > self.latest:
            self.latest = observed_at

    def _note_unknown(self, key: str) -> None:
        if len(self.unknown) < _MAX_KEYS:
            self.unknown[shorten(key[:_MAX_KEY_CHARS])] = None


def _add(attributes: Attributes, field: Field, instance: Instance) -> bool:
    """Add an instance, the default one in front; of two names of one attribute the first stands."""
    instances = attributes.get(field.iri)
    if instances is None:
        attributes[field.iri] = [instance]
        return True
    if any(one.dataset_id == field.dataset_id for one in instances):
        return False
    instances.insert(0 if field.dataset_id == DEFAULT_DATASET else len(instances), instance)
    return True


def convert(field: Field, given: RawValue) -> tuple[Any, str | None]:
    """Return the value and its unit, in the words and the unit of the profile. Raises BadValue, Faulty."""
    if field.takes_numbers and type(given.value) in _NUMBERS:
        return _convert_number(field, given.value, given.unit_code)
    if field.words is not None:
        return _translate(field, given.value), field.unit_code
    value: Any = as_number(given.value) if field.accepts == "numeric" else given.value
    if not _ACCEPTED[field.accepts](value):
        raise BadValue(f"{field.key!r:.80} is {_fault(field, given.value)}")
    if type(value) not in _NUMBERS:
        return value, given.unit_code or field.unit_code
    return _convert_number(field, value, given.unit_code)


def _convert_number(field: Field, value: float, unit: str | None) -> tuple[float, str | None]:
    """From the unit that the payload names to the one the profile expects, then to the attribute's."""
    expected = field.payload_unit or field.unit_code
    if unit is None or expected is None or unit == expected:
        affine = field.affine
        if affine is SAME:
            return _finite(field, value), field.unit_code or unit
        return round(_finite(field, value * affine.scale + affine.offset), field.decimals), field.unit_code
    if not is_unit(unit):
        return _finite(field, value), unit
    try:
        there = conversion(unit, expected)
    except UnitError as error:
        raise BadValue(f"{field.key!r:.80}: {error}") from error
    whole = there.then(field.affine)
    return round(_finite(field, value * whole.scale + whole.offset), field.decimals), field.unit_code


def _finite(field: Field, value: float) -> float:
    if not -LARGEST <= value <= LARGEST:  # NaN is not within either
        raise BadValue(f"{field.key!r:.80} is too large, or no number")
    return value


def _translate(field: Field, value: Any) -> Any:
    words = field.words or {}
    text = value if isinstance(value, str) else _written(value)
    if text is not None:
        folded = text.casefold() if field.ignores_case else text
        if folded in words:
            return words[folded]
        if field.keeps_other:
            return value
    known = ", ".join(list(words)[:10])
    raise Faulty(UNKNOWN_WORD, f"{field.key!r:.80} is {describe(value)}; the profile's map has {known}")


def _written(value: Any) -> str | None:
    """A number or a boolean as a map's entry writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value) if isinstance(value, int | float) else None


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
    "numeric": _is_number,
    "text": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "any": lambda _: True,
    "geometry": _is_geometry,
}
