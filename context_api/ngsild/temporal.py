"""The history of an entity (EntityTemporal, clause 5.2.20) in memory: columns, as most of it is numbers."""

from typing import Any

import msgspec

from context_api.ngsild.model import NULL, Instance, Iri, Kind, Micros

SCOPE: Iri = "https://uri.etsi.org/ngsi-ld/scope"
"""Under this name history holds the scopes, as a Property (clause 4.5.6)."""


class TemporalInstance(msgspec.Struct, kw_only=True):
    """One instance of an attribute at one time (clause 4.5.7)."""

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


class Track(msgspec.Struct, kw_only=True):
    """Instances of one attribute and datasetId in the order of time, as columns of one length.

    `kind` and `unit_code` are those of all instances but `others`.
    """

    attribute: Iri
    dataset_id: str
    kind: Kind
    unit_code: str | None
    id_prefix: str
    """What the instanceIds begin with; the time at which an instance stands follows."""
    times: list[Micros]
    """observedAt, else when it was written."""
    values: list[Any]
    """A number each; meaningless where the position is in `others` or `deleted`."""
    others: dict[int, Instance] = {}
    """Position -> the instance, where it is more than a number of the series' kind and unit."""
    unobserved: frozenset[int] = frozenset()
    """Positions without observedAt."""
    recorded: list[Micros] | None = None
    """createdAt; None: not asked for."""
    modified: list[Micros | None] | None = None
    """modifiedAt where it is not createdAt; None: not asked for."""
    deleted: dict[int, Micros] = {}
    """Position -> deletedAt, where the instance says that the attribute was deleted."""
    moved: dict[Micros, str] = {}
    """Time -> what follows `id_prefix`, where a correction moved an instance in time."""

    def is_plain(self) -> bool:
        """Whether all instances are observed numbers under their own ids."""
        return not (self.others or self.unobserved or self.deleted or self.moved)

    def instance_id(self, position: int) -> str:
        """Give the instanceId of a position."""
        at = self.times[position]
        return self.id_prefix + (self.moved.get(at) or str(at))

    def instance(self, position: int) -> Instance:
        """Give the instance of a position, without its system times; a deletion has NGSI-LD Null."""
        other = self.others.get(position)
        if position in self.deleted:
            kind = self.kind if other is None else other.kind
            observed_at = None if position in self.unobserved else self.times[position]
            return Instance(
                kind=kind,
                value=null_value(self.attribute, kind),
                dataset_id=self.dataset_id,
                observed_at=observed_at,
            )
        if other is not None:
            return other
        return Instance(
            kind=self.kind,
            value=self.values[position],
            unit_code=self.unit_code,
            dataset_id=self.dataset_id,
            observed_at=None if position in self.unobserved else self.times[position],
        )

    def modified_at(self, position: int) -> Micros | None:
        """Give when an instance was corrected."""
        return None if self.modified is None else self.modified[position]


def null_value(attribute: Iri, kind: Kind) -> Any:
    """Give what a deletion has for a value (clauses 4.5.7 and 4.5.18)."""
    if attribute == SCOPE:
        return []
    return {"@none": NULL} if kind is Kind.LANGUAGE_PROPERTY else NULL


class History(msgspec.Struct, kw_only=True):
    """An entity's history, or the part of it that was asked for."""

    id: str
    types: tuple[Iri, ...]
    scopes: tuple[str, ...] = ()
    """Those the entity has now, where history does not know when they began."""
    tracks: list[Track]
    created_at: Micros | None = None
    modified_at: Micros | None = None
    deleted_at: Micros | None = None
    expires_at: Micros | None = None

    @property
    def series(self) -> dict[Iri, list[TemporalInstance]]:
        """Give the instances one by one: attribute -> instances in the order of their time."""
        series: dict[Iri, list[TemporalInstance]] = {}
        for track in self.tracks:
            series.setdefault(track.attribute, []).extend(
                TemporalInstance(
                    instance_id=track.instance_id(position),
                    instance=track.instance(position),
                    at=at,
                    recorded_at=at if track.recorded is None else track.recorded[position],
                    modified_at=track.modified_at(position),
                    deleted_at=track.deleted.get(position),
                )
                for position, at in enumerate(track.times)
            )
        for instances in series.values():
            instances.sort(key=lambda one: one.at)
        return series
