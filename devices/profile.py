"""Profiles: how the raw values of a kind of device become the attributes of a data model's entity.

A profile is data (a TOML file). It is parsed and checked once; `Profile.fields` is what the hot path reads.
"""

from typing import Any

import msgspec

from context_api.ngsild.model import Attributes, Iri, Kind


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


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping, checked, with every name expanded."""

    name: str
    version: int
    entity_type: str
    type_iri: Iri
    fields: dict[str, Field]
    context: str | None = None
    """URL of a built-in @context; None = the core @context."""
    static: Attributes = msgspec.field(default_factory=dict)
    expected_interval_s: float | None = None

    def entity_id(self, device_id: str) -> str:
        """Return the id of the entity that a device of this profile keeps up to date."""
        return f"urn:ngsi-ld:{self.entity_type}:{device_id}"
