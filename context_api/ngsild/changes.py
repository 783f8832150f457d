"""What may happen to an entity: the change objects that every door (MQTT, HTTP) hands to `store.apply`.

A change is data. How it turns one entity into the next is `context_api.ngsild.merge`; where it is kept is
`context_api.store`. All names are expanded, all times are `Micros`.
"""

from enum import IntEnum, IntFlag

import msgspec

from context_api.ngsild.model import DEFAULT_DATASET, Attributes, Entity, Instance, Iri, Micros
from context_api.ngsild.query.types import TypeSelection


class Trigger(IntFlag):
    """What a change did, for notificationTrigger (clause 5.2.12); the bits are stored with the change."""

    ENTITY_CREATED = 1
    ENTITY_UPDATED = 2
    ENTITY_DELETED = 4
    ATTRIBUTE_CREATED = 8
    ATTRIBUTE_UPDATED = 16
    ATTRIBUTE_DELETED = 32


class Change(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The common part: which entity, and optionally the type it must have (`type` selector of clause 5.6)."""

    entity_id: str
    type_selector: TypeSelection | None = None


class CreateEntity(Change, frozen=True, kw_only=True):
    """Clause 5.6.1. Fails with AlreadyExists."""

    entity: Entity


class ReplaceEntity(Change, frozen=True, kw_only=True):
    """Clause 5.6.18. Fails with ResourceNotFound."""

    entity: Entity


class UpsertEntity(Change, frozen=True, kw_only=True):
    """One entity of a batch upsert (5.6.8): create, else replace or, with `update`, append and overwrite."""

    entity: Entity
    update: bool = False


class MergeEntity(Change, frozen=True, kw_only=True):
    """Clause 5.6.17. `urn:ngsi-ld:null` removes an attribute, an instance or a key."""

    types: tuple[Iri, ...] = ()
    scopes: tuple[str, ...] | None = None
    attributes: Attributes = msgspec.field(default_factory=dict)
    """The instances may be `patch.PartialInstance`."""
    expires_at: Micros | None = None
    remove_expiry: bool = False
    observed_at: Micros | None = None
    """Becomes observedAt of the merged attributes that had one, where the fragment gives none."""
    lang: str | None = None
    """The language of plain strings that are merged into a LanguageProperty."""


class AppendAttributes(Change, frozen=True, kw_only=True):
    """Clause 5.6.3."""

    types: tuple[Iri, ...] = ()
    scopes: tuple[str, ...] | None = None
    attributes: Attributes = msgspec.field(default_factory=dict)
    expires_at: Micros | None = None
    overwrite: bool = True


class UpdateAttributes(Change, frozen=True, kw_only=True):
    """Clause 5.6.2: replaces whole instances; unknown attributes and datasets are appended; null deletes."""

    types: tuple[Iri, ...] = ()
    scopes: tuple[str, ...] | None = None
    attributes: Attributes = msgspec.field(default_factory=dict)
    expires_at: Micros | None = None
    remove_expiry: bool = False


class PartialUpdateAttribute(Change, frozen=True, kw_only=True):
    """Clause 5.6.4: merges members into one addressed instance."""

    attribute: Iri
    fragment: "AttributeFragment"


class AttributeFragment(msgspec.Struct, frozen=True, kw_only=True):
    """What a partial update names, as `patch.PartialInstance`s: absent members stay as they are."""

    instances: tuple[Instance, ...]


class ReplaceAttribute(Change, frozen=True, kw_only=True):
    """Clause 5.6.19. Fails with ResourceNotFound if the attribute is absent."""

    attribute: Iri
    attributes: Attributes


class DeleteAttribute(Change, frozen=True, kw_only=True):
    """Clause 5.6.5."""

    attribute: Iri
    dataset_id: str = DEFAULT_DATASET
    delete_all: bool = False


class DeleteEntity(Change, frozen=True, kw_only=True):
    """Clause 5.6.6."""


class Reading(Change, frozen=True, kw_only=True, gc=False):
    """What a sensor measured, mapped onto one entity (design, promise 3: late data is history, not news).

    Unlike the HTTP changes it creates what is missing, and an attribute advances only if the reading is newer
    than min(observedAt, modifiedAt) of the instance it would replace. Instances carry `observed_at` where the
    message had a time; the others count as observed at `arrived_at` and are stored without observedAt.
    """

    types: tuple[Iri, ...]
    attributes: Attributes
    static: Attributes = msgspec.field(default_factory=dict)
    """Attributes that are written only while the entity lacks them (location, refDevice, name, …)."""
    arrived_at: Micros


class ValueOutcome(IntEnum):
    """What became of one value of a reading (design, promise 2)."""

    STORED = 0
    DUPLICATE = 1
    CORRECTED = 2


class NotUpdated(msgspec.Struct, frozen=True):
    """One entry of UpdateResult.notUpdated (clause 5.2.19)."""

    attribute: Iri
    reason: str
    registration_id: str | None = None
    """Of the context source that has the attribute for itself."""


class Outcome(msgspec.Struct, kw_only=True):
    """What became of one change; exactly as if it had been alone."""

    error: "Exception | None" = None
    """An `NgsiLdError` (see context_api.ngsild.errors) or None."""
    created: bool = False
    updated: list[Iri] = msgspec.field(default_factory=list)
    not_updated: list[NotUpdated] = msgspec.field(default_factory=list)
    values: list[ValueOutcome] = msgspec.field(default_factory=list)
    """Readings only: one per instance, in the order of `attributes`."""
    late: int = 0
    """Readings only: values that went to history without advancing the current state."""
