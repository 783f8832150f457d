"""Profiles: how the raw values of a kind of device become the attributes of a data model's entity.

A profile is data, a TOML file (see `devices/profiles/air-quality.toml`). It is parsed and checked once, its
names are expanded once; `Profile.fields` is what the hot path reads.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from adapters.codecs.registry import codec_names
from context_api.ngsild.model import Attributes, Instance, Iri, Kind

Expand = Callable[[str], Iri]
"""Term -> IRI, as an @context has it."""

ExpanderOf = Callable[[str | None], Expand]
"""URL of a built-in @context (None = the core @context) -> its Expand. Raises LookupError."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_TERM = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,127}")
_UNIT = re.compile(r"[A-Z0-9]{1,3}")
_KINDS = {"Property": Kind.PROPERTY, "GeoProperty": Kind.GEO_PROPERTY}
_ACCEPTS = ("number", "text", "boolean", "any", "geometry")
LOCATION = "location"


class ProfileError(ValueError):
    """A profile that cannot be used; the message names the profile and the member."""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One key of the payload and the attribute it becomes: value * scale + offset, in `unit_code`."""

    key: str
    attribute: str
    iri: Iri
    kind: Kind = Kind.PROPERTY
    unit_code: str | None = None
    """UN/CEFACT Recommendation 20."""
    accepts: str = "number"
    """number, text, boolean, geometry or any."""
    scale: float = 1.0
    offset: float = 0.0
    payload_unit: str | None = None
    """The unit the payload's numbers have before scale and offset; None = `unit_code`."""
    missing: tuple[Any, ...] = ()
    """Values that say "no measurement" (a probe that is not plugged in)."""

    @property
    def is_plain(self) -> bool:
        """A number that is taken as it is: what the hot path asks first."""
        return self.accepts == "number" and not self.missing and not self.is_scaled

    @property
    def is_scaled(self) -> bool:
        """The payload's number is converted."""
        return self.scale != 1.0 or self.offset != 0.0


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping, checked, with every name expanded."""

    name: str
    version: int
    entity_type: str
    types: tuple[Iri, ...]
    expand: Expand
    fields: dict[str, Field]
    plain: dict[str, Field]
    """The fields whose numbers are taken as they are."""
    context: str | None = None
    static: Attributes = msgspec.field(default_factory=dict)
    expected_interval_s: float | None = None
    codec: str | None = None
    """Reads the frames that a LoRaWAN network server did not decode (`adapters.codecs`)."""

    def entity_id(self, device_id: str) -> str:
        """Return the id of the entity that a device of this profile keeps up to date."""
        return f"urn:ngsi-ld:{self.entity_type}:{device_id}"


class _FieldFile(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    attribute: str
    kind: str = "Property"
    unit_code: str | None = None
    accepts: str = "number"
    scale: float = 1.0
    offset: float = 0.0
    payload_unit: str | None = None
    missing: tuple[Any, ...] = ()


class _ProfileFile(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    name: str
    version: int
    entity_type: str
    values: dict[str, _FieldFile]
    context: str | None = None
    expected_interval_s: float | None = None
    codec: str | None = None
    static: dict[str, Any] = msgspec.field(default_factory=dict)


def parse_profile(text: str, expander_of: ExpanderOf) -> Profile:
    """Read a profile file. Raises ProfileError."""
    try:
        file = msgspec.convert(tomllib.loads(text), _ProfileFile)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ProfileError(f"The profile cannot be read: {error}") from error
    _check(bool(_NAME.fullmatch(file.name)), file.name, "name is small letters, digits and -")
    _check(bool(_TERM.fullmatch(file.entity_type)), file.name, "entityType is a term of letters and digits")
    known = ", ".join(codec_names())
    _check(file.codec is None or file.codec in codec_names(), file.name, f"codec is one of: {known}")
    try:
        expand = expander_of(file.context)
    except LookupError as error:
        raise ProfileError(f"Profile {file.name}: there is no built-in @context {file.context}") from error
    fields = {key: _build_field(file.name, key, field, expand) for key, field in file.values.items()}
    if LOCATION not in fields:
        fields[LOCATION] = Field(
            key=LOCATION,
            attribute=LOCATION,
            iri=expand(LOCATION),
            kind=Kind.GEO_PROPERTY,
            accepts="geometry",
        )
    return Profile(
        name=file.name,
        version=file.version,
        entity_type=file.entity_type,
        types=(expand(file.entity_type),),
        expand=expand,
        fields=fields,
        plain={key: field for key, field in fields.items() if field.is_plain},
        context=file.context,
        static=static_attributes(file.static, expand),
        expected_interval_s=file.expected_interval_s,
        codec=file.codec,
    )


def static_attributes(static: Mapping[str, Any], expand: Expand) -> Attributes:
    """Turn terms and values into attributes; `{"value", "unitCode"}` and `{"object"}` are read as NGSI-LD.

    Raises ProfileError for a name that is no term.
    """
    attributes: Attributes = {}
    for term, value in static.items():
        if not _TERM.fullmatch(term):
            raise ProfileError(f"{term!r:.80} is no attribute name: letters, digits and _, at most 128")
        attributes[expand(term)] = [_static_instance(value)]
    return attributes


def _static_instance(value: Any) -> Instance:
    if not isinstance(value, dict):
        return Instance(value=value)
    if isinstance(value.get("object"), str):
        return Instance(kind=Kind.RELATIONSHIP, value=value["object"])
    if "value" in value:
        return Instance(value=value["value"], unit_code=value.get("unitCode"))
    return Instance(value=value)


def _build_field(profile: str, key: str, file: _FieldFile, expand: Expand) -> Field:
    where = f"values.{key}"
    _check(bool(_TERM.fullmatch(file.attribute)), profile, f"{where}.attribute is a term")
    _check(file.kind in _KINDS, profile, f"{where}.kind is one of {', '.join(_KINDS)}")
    _check(file.accepts in _ACCEPTS, profile, f"{where}.accepts is one of {', '.join(_ACCEPTS)}")
    for unit in (file.unit_code, file.payload_unit):
        _check(
            unit is None or bool(_UNIT.fullmatch(unit)), profile, f"{where}: {unit!r} is no UN/CEFACT code"
        )
    kind = _KINDS[file.kind]
    return Field(
        key=key,
        attribute=file.attribute,
        iri=expand(file.attribute),
        kind=kind,
        unit_code=file.unit_code,
        accepts="geometry" if kind is Kind.GEO_PROPERTY else file.accepts,
        scale=file.scale,
        offset=file.offset,
        payload_unit=file.payload_unit,
        missing=file.missing,
    )


def _check(holds: bool, profile: str, rule: str) -> None:
    if not holds:
        raise ProfileError(f"Profile {profile}: {rule}")
