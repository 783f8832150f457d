"""From a profile's file to the profile: every rule checked, names expanded, units and ranges worked out."""

import math
import re
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from adapters.codecs.registry import UnknownCodec, codec_names, get_codec
from context_api.ngsild.model import DEFAULT_DATASET, Kind
from devices.datamodel import AttributeRule, rules_of
from devices.entity_ids import DEFAULT, EntityIdError, Template, parse_template
from devices.payload_rules import FORMATS, PositionRule, TimeRule
from devices.profile import (
    DEVICE,
    LARGEST,
    LOCATION,
    MAIN,
    TERM_RULE,
    Expand,
    ExpanderOf,
    Field,
    Profile,
    ProfileError,
    Target,
    is_term,
    static_attributes,
)
from devices.profile_file import (
    EntityFile,
    FieldFile,
    ProfileFile,
    TimeFile,
    load_toml,
    read_document,
    read_members,
)
from devices.schema_check import JsonSchema, SchemaError
from devices.units import SAME, Affine, UnitError, conversion, is_unit

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_ENTITY = re.compile(r"[a-z][A-Za-z0-9]{0,31}")
_DATASET = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]{1,200}")
_KINDS = {"Property": Kind.PROPERTY, "GeoProperty": Kind.GEO_PROPERTY}
_ACCEPTS = ("number", "numeric", "text", "boolean", "any", "geometry")
_VALIDATIONS = ("off", "warn", "reject")
_OUTSIDE = ("value", "message")
_OTHERWISE = ("fault", "keep")
_DEVICE_TYPE = "Device"
_MAX_KEY_CHARS = 200
_MAX_WORDS = 200
_MAX_DEPTH = 8
_MAX_INTERVAL_S = 366 * 86_400.0
_DIGITS = 10
_MAX_HINTS = 20


def parse_profile(text: str, expander_of: ExpanderOf) -> Profile:
    """Read a profile file. Raises ProfileError."""
    return build_profile(load_toml(text), expander_of)


def build_profile(document: Any, expander_of: ExpanderOf, *, version: int | None = None) -> Profile:
    """Make a profile of its members; `version` overrides theirs. Raises ProfileError."""
    file = read_document(document)
    _check(
        bool(_NAME.fullmatch(file.name)),
        "name",
        f"{file.name!r:.80} is no name: small letters, digits and -, at most 63",
    )
    try:
        return _build(file, expander_of, file.version if version is None else version)
    except ProfileError as error:
        raise _named(file.name, error) from error


def _named(name: str, error: ProfileError) -> ProfileError:
    named = ProfileError(f"Profile {name}: {error}")
    named.member = error.member
    return named


def _build(file: ProfileFile, expander_of: ExpanderOf, version: int) -> Profile:
    _check_members(file)
    try:
        expand = expander_of(file.context)
    except LookupError as error:
        raise ProfileError(f"there is no built-in @context {file.context}", "context") from error
    targets = _build_targets(file, expand, expander_of(None))
    fields = _build_fields(file, targets, expand, expander_of(None))
    return Profile(
        name=file.name,
        version=version,
        entity_type=file.entity_type,
        types=(expand(file.entity_type),),
        expand=expand,
        template=_template(file.entity_id or DEFAULT, file.entity_type, "entityId", allows_payload=False),
        fields=fields,
        plain={key: field for key, field in fields.items() if field.is_plain},
        nested=_find_nested(fields),
        targets=tuple(targets),
        context=file.context,
        static=_static(file.static, "static", expand),
        expected_interval_s=file.expected_interval_s,
        codec=file.codec,
        zone=None if file.time is None else file.time.zone,
        time=_build_time(file.time),
        position=None
        if file.location is None
        else PositionRule(file.location.latitude, file.location.longitude),
        validation=file.validation,
        schema=_build_schema(file),
        title=file.title,
        hints=tuple(_find_hints(file, fields)[:_MAX_HINTS]),
    )


def _check_members(file: ProfileFile) -> None:
    _check(is_term(file.entity_type), "entityType", f"write a term: {TERM_RULE}")
    _check(file.version >= 0, "version", "version counts from 1")
    _check(file.validation in _VALIDATIONS, "validation", f"write one of {', '.join(_VALIDATIONS)}")
    interval = file.expected_interval_s
    _check(
        interval is None or (math.isfinite(interval) and 0 < interval <= _MAX_INTERVAL_S),
        "expectedIntervalS",
        "write seconds above 0, at most a year",
    )
    if file.codec is not None:
        try:
            get_codec(file.codec)
        except UnknownCodec as error:
            known = ", ".join(codec_names())
            raise ProfileError(f"{error}; codec is one of: {known}", "codec") from error


def _build_time(file: TimeFile | None) -> TimeRule | None:
    if file is None:
        return None
    _check(file.format in FORMATS, "time.format", f"write one of {', '.join(FORMATS)}")
    if file.zone is not None:
        try:
            ZoneInfo(file.zone)
        except (ValueError, LookupError, OSError) as error:
            message = f"there is no time zone {file.zone!r:.60}; write an IANA name such as Asia/Tokyo"
            raise ProfileError(message, "time.zone") from error
    if file.key is None:
        _check(
            file.format in ("auto", "arrival"), "time.format", "a format needs the key of the time: time.key"
        )
        return TimeRule(None, file.format, file.zone) if file.format == "arrival" else None
    return TimeRule(file.key, file.format, file.zone)


def _build_targets(file: ProfileFile, expand: Expand, core: Expand) -> list[Target]:
    """The Device entity first: `Field.target` counts from there."""
    device = parse_template(DEFAULT, _DEVICE_TYPE, allows_payload=False)
    targets = [Target(name="device", types=(core(_DEVICE_TYPE),), template=device)]
    for name, given in file.entities.items():
        where = f"entities.{name}"
        _check(bool(_ENTITY.fullmatch(name)) and name != "device", where, "name it in letters and digits")
        entity = read_members(given, EntityFile, where)
        _check(is_term(entity.entity_type), f"{where}.entityType", f"write a term: {TERM_RULE}")
        template = _template(entity.entity_id, entity.entity_type, f"{where}.entityId", allows_payload=True)
        static = _static(entity.static, f"{where}.static", expand)
        targets.append(
            Target(
                name=name,
                types=(expand(entity.entity_type),),
                template=template,
                static=static,
                is_of_payload=template.is_of_payload,
            )
        )
    return targets


def _template(text: str, entity_type: str, where: str, *, allows_payload: bool) -> Template:
    try:
        return parse_template(text, entity_type, allows_payload=allows_payload)
    except EntityIdError as error:
        raise ProfileError(str(error), where) from error


def _static(static: Mapping[str, Any], where: str, expand: Expand) -> Any:
    try:
        return static_attributes(static, expand)
    except ProfileError as error:
        raise ProfileError(str(error), where) from error


def _build_fields(file: ProfileFile, targets: list[Target], expand: Expand, core: Expand) -> dict[str, Field]:
    numbers = {target.name: number for number, target in enumerate(targets, 1)}
    types = {MAIN: file.entity_type, DEVICE: _DEVICE_TYPE}
    types |= {numbers[name]: str(entity["entityType"]) for name, entity in file.entities.items()}
    fields: dict[str, Field] = {}
    for key, given in file.values.items():
        where = f"values.{key}"
        _check(
            0 < len(key) <= _MAX_KEY_CHARS and key.count(".") <= _MAX_DEPTH,
            where,
            f"a key has 1 to {_MAX_KEY_CHARS} characters and at most {_MAX_DEPTH} dots",
        )
        entry = read_members(given, FieldFile, where)
        target = _target(entry, numbers, where)
        rules = {} if file.validation == "off" else rules_of(types[target])
        fields[key] = _Builder(where, entry).build(
            key, target, core if target == DEVICE else expand, rules.get(entry.attribute)
        )
    fields.setdefault(
        LOCATION,
        Field(
            key=LOCATION,
            attribute=LOCATION,
            iri=expand(LOCATION),
            kind=Kind.GEO_PROPERTY,
            accepts="geometry",
        ),
    )
    return fields


def _target(entry: FieldFile, numbers: Mapping[str, int], where: str) -> int:
    if entry.of is not None:
        _check(entry.of == "device", f"{where}.of", 'write "device", or leave it out')
        _check(
            entry.entity is None, f"{where}.entity", "a value is of the device or of an entity, not of both"
        )
        return DEVICE
    if entry.entity is None:
        return MAIN
    known = ", ".join(name for name in numbers if name != "device") or "none"
    _check(
        entry.entity in numbers and entry.entity != "device",
        f"{where}.entity",
        f"there is no [entities.{entry.entity:.40}]; there are: {known}",
    )
    return numbers[entry.entity]


class _Builder:
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
        _check(holds, f"{self._where}.{member}", rule)


def _shared(affine: Affine) -> Affine:
    """One object for the identity: the hot path asks by `is`."""
    return SAME if affine == SAME else affine


def _decimals(affine: Affine) -> int:
    """As many places behind the point as a small scale needs."""
    return _DIGITS if affine == SAME else max(_DIGITS, _DIGITS - math.floor(math.log10(abs(affine.scale))))


def _find_nested(fields: Mapping[str, Field]) -> dict[str, tuple[tuple[tuple[str, ...], Field], ...]]:
    """Each beginning of a dotted key may be what an adapter gives, with the rest inside its value."""
    nested: dict[str, list[tuple[tuple[str, ...], Field]]] = {}
    for key, field in fields.items():
        steps = key.split(".")
        for end in range(1, len(steps)):
            nested.setdefault(".".join(steps[:end]), []).append((tuple(steps[end:]), field))
    return {key: tuple(ways) for key, ways in nested.items() if key not in fields}


def _build_schema(file: ProfileFile) -> JsonSchema | None:
    if file.schema is None or file.validation == "off":
        return None
    try:
        return JsonSchema(file.schema)
    except SchemaError as error:
        raise ProfileError(str(error), "schema") from error


def _find_hints(file: ProfileFile, fields: Mapping[str, Field]) -> list[str]:
    """What is allowed and yet looks like a mistake."""
    hints = []
    rules = rules_of(file.entity_type)
    for key, field in fields.items():
        if field.target == MAIN and rules and field.attribute not in rules and key != LOCATION:
            hints.append(
                f"values.{key}: the data model {file.entity_type} has no {field.attribute}; it is kept as is"
            )
        rule = rules.get(field.attribute) if field.target == MAIN else None
        if rule is not None and rule.unit and field.unit_code and not _converts(field.unit_code, rule.unit):
            hints.append(
                f"values.{key}: the data model has {field.attribute} in {rule.unit}, not in {field.unit_code}"
            )
        if field.accepts == "number" and field.unit_code is None and field.words is None:
            hints.append(f"values.{key}: no unitCode; a count or a ratio is C62")
    if file.schema is not None and file.validation == "off":
        hints.append("schema: validation is off, so it is not asked")
    return hints


def _converts(source: str, target: str) -> bool:
    try:
        conversion(source, target)
    except UnitError:
        return False
    return True


def _check(holds: bool, member: str, rule: str) -> None:
    if not holds:
        raise ProfileError(rule, member)
