"""How a change turns one entity into the next: pure, and the only place that knows (clause 5.6)."""

import msgspec

from context_api.ngsild.changes import Outcome, Trigger
from context_api.ngsild.model import Entity, Instance, Iri, Micros


class Removed(msgspec.Struct):
    """Tombstones: when an entity, or an attribute instance of it, was last deleted (design, promise 3)."""

    entity: Micros | None = None
    attributes: dict[Iri, dict[str, Micros]] = {}
    """Attribute -> datasetId -> time."""


class Touched(msgspec.Struct):
    """One attribute instance that a change created (before is None), updated or deleted (after is None)."""

    attribute: Iri
    dataset_id: str
    before: Instance | None
    after: Instance | None


class Transition(msgspec.Struct):
    """What a change made of an entity.

    `after` is None where the entity is gone or was never there. A change that failed, or that changed
    nothing, leaves `touched` empty, `trigger` zero and `after` the very object that came in.
    """

    after: Entity | None
    outcome: Outcome
    touched: list[Touched]
    trigger: Trigger
