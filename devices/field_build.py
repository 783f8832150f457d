"""One entry of a profile's `values` -> the field that the hot path reads: units, ranges, words."""

import math
import re
from collections.abc import Mapping
from typing import Any

from context_api.ngsild.model import DEFAULT_DATASET, Kind
from devices.datamodel import AttributeRule
from devices.profile import LARGEST, TERM_RULE, Expand, Field, ProfileError, is_term
from devices.profile_file import FieldFile
from devices.units import SAME, Affine, UnitError, conversion, is_unit

_DATASET = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]{1,200}")
_KINDS = {"Property": Kind.PROPERTY, "GeoProperty": Kind.GEO_PROPERTY}
_ACCEPTS = ("number", "numeric", "text", "boolean", "any", "geometry")
_OUTSIDE = ("value", "message")
_OTHERWISE = ("fault", "keep")
_MAX_WORDS = 200
_DIGITS = 10


class FieldBuilder:
    """One entry of `values`; `where` leads every fault."""

    def __init__(self, where: str, entry: FieldFile) -> None:
        self._where = where
        self._entry = entry

    def build(self, key: str, target: int, expand: Expand, rule: AttributeRule | None) -> Field:
        entry = self._entry
        self._check_words()
        for member, unit in (("unitCode", entry.unit_code), ("payloadUnit", entry.payload_unit)):
            self._check(
                unit is None or is_unit(unit),
                member,
                f"{unit!r} is no UN/CEFACT code that is known here; CEL, P1, GQ, … are (see the guide)",
            )
        raw, affine = self._affines()
        minimum, maximum = self._range()
        rule = self._rule_in_unit(rule)
        accepts = (
            "geometry"
            if entry.kind == "GeoProperty"
            else entry.accepts or ("any" if entry.words else "number")
        )
        low, high = -LARGEST, LARGEST
        if rule is not None:
            low, high = (max(low, rule.min), min(high, rule.max)) if rule.takes_numbers else (high, low)
        return Field(
            key=key,
            attribute=entry.attribute,
            iri=expand(entry.attribute),
            kind=_KINDS[entry.kind],
            unit_code=entry.unit_code,
            accepts=accepts,
            takes_numbers=accepts in ("number", "numeric") and entry.words is None,
            raw=raw,
            affine=affine,
            payload_unit=entry.payload_unit,
            decimals=_decimals(affine),
            missing=entry.missing,
            words=self._words(),
            ignores_case=entry.ignore_case,
            keeps_other=entry.otherwise == "keep",
            dataset_id=entry.dataset_id or DEFAULT_DATASET,
            target=target,
            low=max(low, -LARGEST if minimum is None else minimum),
            high=min(high, LARGEST if maximum is None else maximum),
            minimum=minimum,
            maximum=maximum,
            quarantines_message=entry.outside == "message",
            rule=rule,
        )

    def _check_words(self) -> None:
        entry = self._entry
        self._check(is_term(entry.attribute), "attribute", f"write a term: {TERM_RULE}")
        choices: tuple[tuple[str, str | None, tuple[str, ...]], ...] = (
            ("kind", entry.kind, tuple(_KINDS)),
            ("accepts", entry.accepts, _ACCEPTS),
            ("outside", entry.outside, _OUTSIDE),
            ("otherwise", entry.otherwise, _OTHERWISE),
        )
        for member, given, known in choices:
            self._check(given is None or given in known, member, f"write one of {', '.join(known)}")
        dataset = entry.dataset_id
        self._check(
            dataset is None or bool(_DATASET.fullmatch(dataset)),
            "datasetId",
            "write a URI, such as urn:ngsi-ld:Dataset:roof",
        )

    def _affines(self) -> tuple[Affine, Affine]:
        entry = self._entry
        for member, number in (("scale", entry.scale), ("offset", entry.offset)):
            self._check(math.isfinite(number), member, "write a finite number")
        self._check(entry.scale != 0, "scale", "a scale of 0 makes every value the same")
        raw = _shared(Affine(entry.scale, entry.offset))
        if entry.payload_unit is None:
            return raw, raw
        self._check(
            entry.unit_code is not None, "payloadUnit", "payloadUnit needs unitCode, the unit to convert to"
        )
        try:
            return raw, _shared(raw.then(conversion(entry.payload_unit, entry.unit_code or "")))
        except UnitError as error:
            raise ProfileError(str(error), f"{self._where}.payloadUnit") from error

    def _range(self) -> tuple[float | None, float | None]:
        minimum, maximum = self._entry.min, self._entry.max
        for member, bound in (("min", minimum), ("max", maximum)):
            self._check(bound is None or math.isfinite(bound), member, "write a finite number")
        self._check(
            minimum is None or maximum is None or minimum <= maximum,
            "min",
            f"min {minimum} is above max {maximum}",
        )
        return minimum, maximum

    def _rule_in_unit(self, rule: AttributeRule | None) -> AttributeRule | None:
        """The model's range in the field's unit; without one, where the units do not become each other."""
        unit = self._entry.unit_code
        if rule is None or rule.unit is None or unit in (None, rule.unit):
            return rule
        try:
            there = conversion(rule.unit, unit or "")
        except UnitError:
            return AttributeRule(kinds=rule.kinds, words=rule.words)
        low, high = sorted(bound * there.scale + there.offset for bound in (rule.min, rule.max))
        return AttributeRule(kinds=rule.kinds, min=low, max=high, unit=unit, words=rule.words)

    def _words(self) -> Mapping[str, Any] | None:
        words = self._entry.words
        if words is None:
            return None
        self._check(0 < len(words) <= _MAX_WORDS, "map", f"a map has 1 to {_MAX_WORDS} entries")
        for word, value in words.items():
            self._check(
                type(value) in (str, int, float, bool),
                "map",
                f"{word!r:.40} becomes a text, a number or a boolean",
            )
        return {word.casefold(): value for word, value in words.items()} if self._entry.ignore_case else words

    def _check(self, holds: bool, member: str, rule: str) -> None:
        check(holds, f"{self._where}.{member}", rule)


def _shared(affine: Affine) -> Affine:
    """One object for the identity: the hot path asks by `is`."""
    return SAME if affine == SAME else affine


def _decimals(affine: Affine) -> int:
    """As many places behind the point as a small scale needs."""
    return _DIGITS if affine == SAME else max(_DIGITS, _DIGITS - math.floor(math.log10(abs(affine.scale))))


def check(holds: bool, member: str, rule: str) -> None:
    """Refuse a profile by a member's rule. Raises ProfileError."""
    if not holds:
        raise ProfileError(rule, member)
