"""The history of an entity (EntityTemporal, clause 5.2.20) in memory."""

import msgspec

from context_api.ngsild.model import Instance, Iri, Micros


class TemporalInstance(msgspec.Struct, kw_only=True):
    """One instance of an attribute at one time (clause 4.5.7).

    `instance.created_at` and `.modified_at` are not looked at: the times of the history row count.
    """

    instance_id: str
    """A URI."""
    instance: Instance
    at: Micros
    """observedAt where the instance has one, else when it was written."""
    recorded_at: Micros
    """createdAt of the instance."""
    modified_at: Micros | None = None
    """When the instance was corrected; None: never, it is served as recorded_at."""
    deleted_at: Micros | None = None
    """Set where the instance says that the attribute was deleted; it has no value then."""


class TemporalEntity(msgspec.Struct, kw_only=True):
    """An entity's history, or the part of it that was asked for."""

    id: str
    types: tuple[Iri, ...]
    scopes: tuple[str, ...] = ()
    series: dict[Iri, list[TemporalInstance]]
    """Attribute -> its instances, in the order they are served."""
    created_at: Micros | None = None
    modified_at: Micros | None = None
    deleted_at: Micros | None = None
