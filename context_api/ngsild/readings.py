"""A sensor's reading on an entity: late data is history, not news (design, promise 3).

The hottest code of the house: plain loops, and only what a reading touches is copied.
"""

from collections.abc import Sequence

from context_api.ngsild.changes import Outcome, Reading, Trigger
from context_api.ngsild.model import Attributes, Entity, Instance, Iri, Kind, Micros
from context_api.ngsild.transition import (
    CREATED,
    NO_TRIGGER,
    Removed,
    Touched,
    Transition,
    is_expired,
    put_instance,
    same_content,
)

_ATTRIBUTE_CREATED = Trigger.ENTITY_UPDATED | Trigger.ATTRIBUTE_CREATED
_ATTRIBUTE_UPDATED = Trigger.ENTITY_UPDATED | Trigger.ATTRIBUTE_UPDATED


def apply_reading(
    current: Entity | None, reading: Reading, now: Micros, removed: Removed, fresh: Sequence[bool]
) -> Transition:
    """Advance an entity by what a sensor measured; create what is missing.

    `fresh` says, for each instance in the order of `reading.attributes`, whether its value is new to history
    (stored or corrected, not a duplicate); only those count. A value advances its attribute if its time is
    newer than min(observedAt, modifiedAt) of the instance there, or corrects it if it has the very same
    time; in the place of a deleted one it must be newer than the deletion. The others are counted in
    `outcome.late`. The time of a value without observedAt is its arrival, which becomes its modifiedAt.
    `outcome.values` is for the store to fill.
    """
    living = current
    if current is not None and current.expires_at is not None and current.expires_at <= now:
        living = None
    step = _Step(living, reading, now, removed)
    position = 0
    for name, instances in reading.attributes.items():
        for instance in instances:
            if fresh[position] and not step.advance_plain(name, instance):
                step.advance(name, instance)
            position += 1
    if reading.static and step.newest is not None and (step.touched or living is not None):
        step.add_static()
    return step.finish(current)


class _Step:
    """One entity on its way from before a reading to after it."""

    __slots__ = (
        "_attributes", "_late", "_living", "_now", "_plain", "_reading", "_removed", "newest", "touched",
    )  # fmt: skip

    def __init__(self, living: Entity | None, reading: Reading, now: Micros, removed: Removed) -> None:
        self._living = living
        self._reading = reading
        self._now = now
        self._removed = removed
        self._attributes: Attributes = dict(living.attributes) if living is not None else {}
        self._late = 0
        self._plain = 0
        self.touched: list[Touched] = []
        self.newest: Micros | None = None
        """The time of the newest value that was new to history."""

    def advance_plain(self, name: Iri, instance: Instance) -> bool:
        """Do what `advance` does for a newer value of a plain attribute: nearly always. False: it is none."""
        listed = self._attributes.get(name)
        if listed is None or len(listed) != 1:
            return False
        former = listed[0]
        at, before = instance.observed_at, former.observed_at
        if (
            at is None
            or before is None
            or at <= before
            or former.dataset_id != instance.dataset_id
            or former.expires_at is not None
            or instance.expires_at is not None
            or former.sub is not None
            or instance.sub is not None
            or instance.kind is not former.kind
            or instance.kind is Kind.GEO_PROPERTY
        ):
            return False
        written: Instance = instance.__copy__()  # type: ignore[attr-defined]  # half the time of copy()
        written.created_at = former.created_at
        written.modified_at = self._now
        self._attributes[name] = [written]
        self.touched.append(Touched(name, instance.dataset_id, former, written))
        self._plain += 1
        if self.newest is None or at > self.newest:
            self.newest = at
        return True

    def advance(self, name: Iri, instance: Instance) -> None:
        """Let a value take its place, or count it as late."""
        at = instance.observed_at
        written_at = self._now
        if at is None:
            at = self._reading.arrived_at
            # Its time is its arrival: those that arrived while it waited for its commit are newer
            written_at = min(at, written_at)
        if self.newest is None or at > self.newest:
            self.newest = at
        dataset_id = instance.dataset_id
        listed = self._attributes.get(name)
        former: Instance | None = None
        if listed is not None:
            for one in listed:
                if one.dataset_id == dataset_id:
                    former = None if is_expired(one, self._now) else one
                    break
        if former is None:
            is_late = self._is_deleted(name, dataset_id, at)
        else:
            is_late = not self._is_newer(former, instance, at)
        if is_late:
            self._late += 1
        else:
            self._write(name, instance, former, listed, written_at)

    def _is_newer(self, former: Instance, instance: Instance, at: Micros) -> bool:
        """Whether a value of the time `at` may take the place of the former."""
        floor = former.modified_at
        if floor is None:
            floor = self._living.modified_at if self._living is not None else 0
        observed_at = former.observed_at
        if at == (floor if observed_at is None else observed_at):
            # The same moment, told anew: history keeps the later content, and so does the present
            return not same_content(former, instance)
        return at > (floor if observed_at is None else min(floor, observed_at))

    def _is_deleted(self, name: Iri, dataset_id: str, at: Micros) -> bool:
        """Whether a value is not newer than the deletion of its entity or attribute."""
        deleted_at = self._removed.entity
        if deleted_at is not None and at <= deleted_at:
            return True
        tombstones = self._removed.attributes.get(name)
        tombstone = tombstones.get(dataset_id) if tombstones is not None else None
        return tombstone is not None and at <= tombstone

    def _write(
        self,
        name: Iri,
        instance: Instance,
        former: Instance | None,
        listed: list[Instance] | None,
        written_at: Micros,
    ) -> None:
        written: Instance = instance.__copy__()  # type: ignore[attr-defined]  # half the time of copy()
        written.created_at = former.created_at if former is not None else written_at
        written.modified_at = written_at
        if listed is None or (former is not None and len(listed) == 1):
            self._attributes[name] = [written]
        else:
            self._attributes[name] = put_instance(listed, written)
        self.touched.append(Touched(name, instance.dataset_id, former, written))

    def add_static(self) -> None:
        """Write what a device's registration says of its entity, where the entity lacks it."""
        for name, instances in self._reading.static.items():
            if name in self._attributes:
                continue
            for instance in instances:
                if not self._is_deleted(name, instance.dataset_id, self.newest or 0):
                    self._write(name, instance, None, self._attributes.get(name), self._now)

    def finish(self, current: Entity | None) -> Transition:
        """Put the next state and its description together."""
        outcome = Outcome(updated=[one.attribute for one in self.touched], late=self._late)
        if not self.touched:
            return Transition(current, outcome, self.touched, NO_TRIGGER)
        former = self._living
        if former is None:
            outcome.created = True
            return Transition(self._begin(), outcome, self.touched, CREATED)
        types = former.types
        for name in self._reading.types:
            if name not in types:
                types = (*types, name)
        after = Entity(
            id=former.id,
            types=types,
            attributes=self._attributes,
            scopes=former.scopes,
            created_at=former.created_at,
            modified_at=self._now,
            expires_at=former.expires_at,
        )
        if self._plain == len(self.touched):
            return Transition(after, outcome, self.touched, _ATTRIBUTE_UPDATED, types is former.types)
        return Transition(after, outcome, self.touched, self._trigger())

    def _begin(self) -> Entity:
        return Entity(
            id=self._reading.entity_id,
            types=self._reading.types,
            attributes=self._attributes,
            created_at=self._now,
            modified_at=self._now,
        )

    def _trigger(self) -> Trigger:
        has_created = has_updated = False
        for one in self.touched:
            if one.before is None:
                has_created = True
            else:
                has_updated = True
        if has_created and has_updated:
            return _ATTRIBUTE_CREATED | _ATTRIBUTE_UPDATED
        return _ATTRIBUTE_CREATED if has_created else _ATTRIBUTE_UPDATED
