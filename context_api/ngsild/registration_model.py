"""Context source registrations in memory: names expanded, times as integers (clauses 5.2.8 to 5.2.11)."""

from enum import StrEnum
from typing import Any

import msgspec

from context_api.ngsild.model import Iri, Micros


class Mode(StrEnum):
    """How a context source takes part in operations (clause 4.3.6)."""

    INCLUSIVE = "inclusive"
    EXCLUSIVE = "exclusive"
    REDIRECT = "redirect"
    AUXILIARY = "auxiliary"


PROXIED = frozenset((Mode.EXCLUSIVE, Mode.REDIRECT))
"""Modes in which the broker itself holds nothing of what is registered."""
DEFAULT_OPERATIONS = ("federationOps",)


class EntityInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """Entities of these types (of all of them), of one id or of ids with a pattern in them."""

    types: tuple[Iri, ...]
    id: str | None = None
    """Wins over the pattern."""
    id_pattern: str | None = None


class Information(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a source may have; no entities: any, no attributes: any."""

    entities: tuple[EntityInfo, ...] = ()
    properties: tuple[Iri, ...] = ()
    relationships: tuple[Iri, ...] = ()

    @property
    def attributes(self) -> frozenset[Iri]:
        """Properties and relationships: matching does not tell them apart."""
        return frozenset(self.properties + self.relationships)


class Interval(msgspec.Struct, frozen=True, omit_defaults=True):
    """A period of time, both ends included."""

    start_at: Micros
    end_at: Micros | None = None
    """None: it goes on."""


class Management(msgspec.Struct, frozen=True, omit_defaults=True):
    """How to go about calls to the source."""

    local_only: bool | None = None
    cache_duration: str | None = None
    """ISO 8601."""
    timeout_ms: int | float | None = None
    cooldown_ms: int | float | None = None


class Registration(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A context source registration (clause 5.2.9)."""

    id: str
    endpoint: str
    information: tuple[Information, ...]
    mode: Mode = Mode.INCLUSIVE
    operations: tuple[str, ...] = ()
    """Empty: DEFAULT_OPERATIONS."""
    name: str | None = None
    description: str | None = None
    expires_at: Micros | None = None
    scopes: tuple[str, ...] = ()
    tenant: str | None = None
    """The tenant at the source."""
    alias: str | None = None
    dataset_ids: tuple[str, ...] = ()
    source_info: tuple[tuple[str, str], ...] = ()
    management: Management | None = None
    refresh_rate: str | None = None
    observation_interval: Interval | None = None
    management_interval: Interval | None = None
    location: dict[str, Any] | None = None
    observation_space: dict[str, Any] | None = None
    operation_space: dict[str, Any] | None = None
    properties: dict[Iri, Any] = {}
    """Context source properties, as they were given."""


class RegistrationTimes(msgspec.Struct, frozen=True):
    """When a registration was made and last changed."""

    created_at: Micros
    modified_at: Micros


registration_to_json = msgspec.json.Encoder().encode
registration_from_json = msgspec.json.Decoder(Registration).decode
