"""From readings to rows of history, and which of them are known to be new there.

By all that the locked entity tells, a value newer than the present of its attribute is new to history too:
PostgreSQL writes it without looking, in half the time. Seldom that is wrong, since history can be written and
loaded beside the present. Then the unique index says so, and the transaction is done again, wary.
"""

from collections.abc import Collection, Mapping, Sequence

from context_api.ngsild.changes import Reading
from context_api.ngsild.model import Instance, Iri, Micros
from context_api.ngsild.transition import find_instance
from context_api.store.history import Observations
from context_api.store.observations import encode_observation
from context_api.store.series import SeriesOfTransaction
from context_api.store.states import EntityState
from context_api.store.terms import Terms

FOREVER: Micros = 2**63
"""Later than every time."""
WARY_TRANSACTIONS = 100
"""So many look into history for everything, after one that met what it did not expect."""

Missing = tuple[str, Iri, Instance]
"""An entity's attribute that has no series yet, and its instance."""


def by_entity(readings: Sequence[tuple[Reading, str]]) -> list[int]:
    """Give the positions of readings, those of an entity together and in their order."""
    groups: dict[str, list[int]] = {}
    for position, (reading, _) in enumerate(readings):
        groups.setdefault(reading.entity_id, []).append(position)
    return [position for group in groups.values() for position in group]


class Caution:
    """Whether transactions look into history even for what ought to be new there. Threads may share it."""

    def __init__(self, transactions: int = WARY_TRANSACTIONS) -> None:
        self._transactions = transactions
        self._left = 0

    def note_surprise(self) -> None:
        """A row was there that nobody expected, or the database was away: what was sent may come again."""
        self._left = self._transactions

    def begin(self) -> bool:
        """Tell whether the transaction that begins has to look."""
        left = self._left
        self._left = max(0, left - 1)
        return left > 0


class Observing:
    """Makes the rows of one transaction's readings."""

    def __init__(
        self, terms: Terms, series: SeriesOfTransaction, states: Mapping[str, EntityState], *, is_wary: bool
    ) -> None:
        self._terms = terms
        self._series = series
        self._states = states
        self._is_wary = is_wary

    def observe(
        self,
        readings: Sequence[tuple[Reading, str]],
        times: Sequence[Micros],
        made: Collection[int] = frozenset(),
    ) -> tuple[Observations, list[Missing]]:
        """Give a row for each value, in order, and what has no series. `made` are series without history."""
        found = Observations()
        missing: list[Missing] = []
        newest: dict[int, Micros] = {}
        terms = self._terms
        add_id, add_at, add_observed = found.series_ids.append, found.ats.append, found.observed.append
        add_value, add_body = found.values.append, found.bodies.append
        count = 0
        for (reading, author), now in zip(readings, times, strict=True):
            entity_id = reading.entity_id
            known = self._series.of(entity_id)
            before = count
            for name, instances in reading.attributes.items():
                for instance in instances:
                    series = known.get((name, instance.dataset_id))
                    if series is None:
                        missing.append((entity_id, name, instance))
                        continue
                    value, body = encode_observation(terms, instance, series)
                    series_id = series[0]
                    at = instance.observed_at
                    add_observed(at is not None)
                    if at is None:
                        at = reading.arrived_at
                    last = newest.get(series_id)
                    if last is None:
                        last = -FOREVER if series_id in made else self._find_newest(entity_id, name, instance)
                        newest[series_id] = last
                    if at > last:
                        newest[series_id] = at
                    else:
                        found.unsure.append(count)
                    add_id(series_id)
                    add_at(at)
                    add_value(value)
                    add_body(body)
                    count += 1
            found.recorded += [now] * (count - before)
            found.authors += [author] * (count - before)
        found.deleted = [None] * count
        return found, missing

    def _find_newest(self, entity_id: str, name: Iri, instance: Instance) -> Micros:
        """Give the time after which the history of an instance ought to have nothing."""
        current = self._states[entity_id].current
        if current is None or self._is_wary:
            return FOREVER
        standing = find_instance(current.attributes.get(name), instance.dataset_id)
        return FOREVER if standing is None or standing.observed_at is None else standing.observed_at
