"""From a profile's file to the profile: every rule checked, names expanded, units and ranges worked out."""

import math
import re
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from adapters.codecs.registry import UnknownCodec, codec_names, get_codec
from context_api.ngsild.model import Kind
from devices.datamodel import rules_of
from devices.entity_ids import DEFAULT, EntityIdError, Template, parse_template
from devices.field_build import FieldBuilder, check
from devices.payload_rules import FORMATS, PositionRule, TimeRule
from devices.profile import (
    DEVICE,
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
from devices.units import UnitError, conversion

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_ENTITY = re.compile(r"[a-z][A-Za-z0-9]{0,31}")
_VALIDATIONS = ("off", "warn", "reject")
_DEVICE_TYPE = "Device"
_MAX_KEY_CHARS = 200
_MAX_DEPTH = 8
_MAX_INTERVAL_S = 366 * 86_400.0
_MAX_HINTS = 20


def parse_profile(text: str, expander_of: ExpanderOf) -> Profile:
    """Read a profile file. Raises ProfileError."""
    return build_profile(load_toml(text), expander_of)


def build_profile(document: Any, expander_of: ExpanderOf, *, version: int | None = None) -> Profile:
    """Make a profile of its members; `version` overrides theirs. Raises ProfileError."""
    file = read_document(document)
    check(
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
    check(is_term(file.entity_type), "entityType", f"write a term: {TERM_RULE}")
    check(file.version >= 0, "version", "version counts from 1")
    check(file.validation in _VALIDATIONS, "validation", f"write one of {', '.join(_VALIDATIONS)}")
    interval = file.expected_interval_s
    check(
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
    check(file.format in FORMATS, "time.format", f"write one of {', '.join(FORMATS)}")
    if file.zone is not None:
        try:
            ZoneInfo(file.zone)
        except (ValueError, LookupError, OSError) as error:
            message = f"there is no time zone {file.zone!r:.60}; write an IANA name such as Asia/Tokyo"
            raise ProfileError(message, "time.zone") from error
    if file.key is None:
        check(
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
        check(bool(_ENTITY.fullmatch(name)) and name != "device", where, "name it in letters and digits")
        entity = read_members(given, EntityFile, where)
        check(is_term(entity.entity_type), f"{where}.entityType", f"write a term: {TERM_RULE}")
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
        check(
            0 < len(key) <= _MAX_KEY_CHARS and key.count(".") <= _MAX_DEPTH,
            where,
            f"a key has 1 to {_MAX_KEY_CHARS} characters and at most {_MAX_DEPTH} dots",
        )
        entry = read_members(given, FieldFile, where)
        target = _target(entry, numbers, where)
        rules = {} if file.validation == "off" else rules_of(types[target])
        fields[key] = FieldBuilder(where, entry).build(
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
        check(entry.of == "device", f"{where}.of", 'write "device", or leave it out')
        check(
            entry.entity is None, f"{where}.entity", "a value is of the device or of an entity, not of both"
        )
        return DEVICE
    if entry.entity is None:
        return MAIN
    known = ", ".join(name for name in numbers if name != "device") or "none"
    check(
        entry.entity in numbers and entry.entity != "device",
        f"{where}.entity",
        f"there is no [entities.{entry.entity:.40}]; there are: {known}",
    )
    return numbers[entry.entity]


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
