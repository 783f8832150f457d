"""Profiles: how the raw values of a kind of device become the attributes of a data model's entity.

A profile is data (see `profile_file`). It is checked, its names are expanded and its units worked out once
(`profile_build`); what stands here is what the hot path reads.
"""

import sys
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from context_api.ngsild.model import DEFAULT_DATASET, Attributes, Instance, Iri, Kind
from devices.datamodel import AttributeRule
from devices.entity_ids import Template
from devices.payload_rules import PositionRule, TimeRule
from devices.units import SAME, Affine

Expand = Callable[[str], Iri]
"""Term -> IRI, as an @context has it."""

ExpanderOf = Callable[[str | None], Expand]
"""URL of a built-in @context (None = the core @context) -> its Expand. Raises LookupError."""

LOCATION = "location"
LARGEST = sys.float_info.max
MAIN, DEVICE = 0, 1
"""Targets of a field: the profile's entity, the Device entity; from 2 on, the profile's further ones."""
TERM_RULE = "letters, digits and _, the first a letter, at most 128"


class ProfileError(ValueError):
    """A profile that cannot be used; the message says what and how to mend it, `member` says where."""

    def __init__(self, message: str, member: str = "") -> None:
        super().__init__(f"{member}: {message}" if member else message)
        self.member = member


class SchemaCheck(Protocol):
    """A JSON Schema that a town adds."""

    def fault(self, values: dict[str, Any]) -> tuple[str, str] | None:
        """Return the attribute that breaks it and how, or None."""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One key of the payload and the attribute it becomes."""

    key: str
    """Nested members by dots: `air.temperature`, `readings.0.value`."""
    attribute: str
    iri: Iri
    kind: Kind = Kind.PROPERTY
    unit_code: str | None = None
    """UN/CEFACT Recommendation 20."""
    accepts: str = "number"
    """number, numeric (a text that is a number too), text, boolean, geometry or any."""
    takes_numbers: bool = False
    """A number needs no other look at its kind: `accepts` takes it and no `words` translate it."""
    raw: Affine = SAME
    """From the payload's number to one in `payload_unit`."""
    affine: Affine = SAME
    """From the payload's number to one in `unit_code`, in one step."""
    payload_unit: str | None = None
    """The unit of the payload's numbers once `raw` is applied; None = `unit_code`."""
    decimals: int = 10
    """Converted numbers are rounded to so many: 67.6 % is 0.676, not 0.6759999999999999."""
    missing: tuple[Any, ...] = ()
    """Values that say "no measurement" (a probe that is not plugged in)."""
    words: Mapping[str, Any] | None = None
    """Payload value, written as text -> the attribute's value."""
    ignores_case: bool = False
    keeps_other: bool = False
    """A value that `words` does not have is kept as it is; else it is a fault."""
    dataset_id: str = DEFAULT_DATASET
    target: int = MAIN
    low: float = -LARGEST
    high: float = LARGEST
    """What the hot path asks: the narrower of the two ranges below; nothing infinite is within, and nothing
    at all where the data model takes no numbers."""
    minimum: float | None = None
    maximum: float | None = None
    """The profile's own range, in `unit_code`."""
    quarantines_message: bool = False
    """A value beyond the range, or an unknown word, takes its whole message along; else only itself."""
    rule: AttributeRule | None = None
    """What the data model says of the attribute."""

    @property
    def is_plain(self) -> bool:
        """A number that is taken as it is: what the hot path asks first."""
        return (
            self.takes_numbers
            and not self.missing
            and self.affine.is_identity
            and self.payload_unit in (None, self.unit_code)
            and self.target == MAIN
            and not self.dataset_id
        )


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A further entity that a message keeps up to date."""

    name: str
    types: tuple[Iri, ...]
    template: Template
    static: Attributes = msgspec.field(default_factory=dict)
    is_of_payload: bool = False
    """Each message names the entity."""


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping, checked, with every name expanded."""

    name: str
    version: int
    entity_type: str
    types: tuple[Iri, ...]
    expand: Expand
    template: Template
    """Of the entity's id."""
    fields: dict[str, Field]
    plain: dict[str, Field]
    """The fields whose numbers are taken as they are."""
    nested: dict[str, tuple[tuple[tuple[str, ...], Field], ...]] = msgspec.field(default_factory=dict)
    """A payload key -> the ways on from it into its object or array, each to a field."""
    targets: tuple[Target, ...] = ()
    """By `Field.target`: the Device entity stands at 1 - 1, the further ones after it."""
    context: str | None = None
    static: Attributes = msgspec.field(default_factory=dict)
    expected_interval_s: float | None = None
    codec: str | None = None
    """Reads the frames that a LoRaWAN network server did not decode (`adapters.codecs`)."""
    zone: str | None = None
    """IANA name of the zone of times that name none."""
    time: TimeRule | None = None
    position: PositionRule | None = None
    validation: str = "warn"
    """off, warn or reject: what happens to a value that breaks the data model."""
    schema: SchemaCheck | None = None
    title: str | None = None
    hints: tuple[str, ...] = ()
    """What is allowed and yet looks like a mistake: for whoever writes the profile."""

    def entity_id(self, device_id: str, tenant: str = "", static: Mapping[str, Any] | None = None) -> str:
        """Return the id of the entity that a device of this profile keeps up to date.

        Raises EntityIdError where the device's static attributes do not give what the id needs.
        """
        return self.template.fill({"tenant": tenant, "device": device_id, "static": static or {}})


def static_attributes(static: Mapping[str, Any], expand: Expand) -> Attributes:
    """Turn terms and values into attributes; `{"value", "unitCode"}` and `{"object"}` are read as NGSI-LD.

    Raises ProfileError for a name that is no term.
    """
    attributes: Attributes = {}
    for term, value in static.items():
        if not is_term(term):
            raise ProfileError(f"{term!r:.80} is no attribute name: letters, digits and _, at most 128")
        attributes[expand(term)] = [_static_instance(value)]
    return attributes


def is_term(name: str) -> bool:
    """Whether a name may be an attribute's or a type's (TERM_RULE)."""
    return name[:1].isalpha() and name.isascii() and name.replace("_", "a").isalnum() and len(name) <= 128


def _static_instance(value: Any) -> Instance:
    if not isinstance(value, dict):
        return Instance(value=value)
    if isinstance(value.get("object"), str):
        return Instance(kind=Kind.RELATIONSHIP, value=value["object"])
    if "value" in value:
        return Instance(value=value["value"], unit_code=value.get("unitCode"))
    return Instance(value=value)
