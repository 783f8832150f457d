"""Reads of history for tables by somebody who does not see everything: what is hidden is not there."""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import msgspec

from context_api.ngsild.model import Iri
from context_api.ngsild.temporal_scopes import BEGINNING
from context_api.policy.grant import Operation
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.errors import wrapped_errors
from context_api.store.history_sights import HistorySights
from context_api.store.queries import load_queries
from context_api.store.tabular import UNKNOWN, HistoryReader, Place, SeriesFound
from context_api.store.tabular_sql import to_datetime
from context_api.store.temporal_heads import read_heads
from context_api.store.terms import Terms, TermsMissing

PAGE = 5_000
"""Series that are looked at at a time."""
_SQL = load_queries("tabular")


class Asker(NamedTuple):
    """Somebody who does not see everything, and the terms of the installation."""

    access: Access
    terms: Terms


def asker_of(access: Access, database: Database) -> Asker | None:
    """Give who asks; None where everything is seen."""
    return None if access.filter is None else Asker(access, Terms(database))


def open_reader(
    url: str, tenant_id: int, zone: str, asker: Asker | None = None, **options: int
) -> HistoryReader:
    """Begin a snapshot; `asker` None: for somebody who sees everything."""
    if asker is None:
        return HistoryReader(url, tenant_id, zone, **options)
    return SeenReader(url, tenant_id, zone, asker, **options)


class SeenReader(HistoryReader):
    """A snapshot of what one principal sees."""

    def __init__(self, url: str, tenant_id: int, zone: str, asker: Asker, **options: int) -> None:
        super().__init__(url, tenant_id, zone, **options)
        self._asker = asker
        self._sights = HistorySights.of(self.connection, asker.terms, asker.access)

    @property
    def is_narrowed(self) -> bool:
        """Whether there may be more than is told."""
        return self._sights is not None

    def find_types(self) -> list[str]:
        """Give the types that grants name; where one names none, nothing can be told."""
        rights = self._asker.access.filter
        if rights is None or self._sights is None:
            return super().find_types()
        named = [one.types for one in rights.grants if Operation.HISTORY in one.operations]
        return sorted(frozenset().union(*named)) if all(named) else []

    def find_known_ids(self, ids: Sequence[str]) -> set[str]:
        """Give those of the entities that have a history which is seen."""
        known = super().find_known_ids(ids)
        if self._sights is None:
            return known
        self._look(sorted(known))
        return {one for one in known if self._sights.find(one) is not None}

    def find_series(
        self,
        *,
        ids: Sequence[str] | None,
        types: Sequence[int] | None,
        attributes: Sequence[int] | None,
        limit: int,
    ) -> list[SeriesFound]:
        """Give the series that are selected and seen, as `HistoryReader` does."""
        sights = self._sights
        if sights is None:
            return super().find_series(ids=ids, types=types, attributes=attributes, limit=limit)
        chosen = {"ids": ids, "types": types, "attributes": attributes}
        given = {name: None if each is None else list(each) for name, each in chosen.items()}
        found: list[SeriesFound] = []
        after = 0
        while len(found) < limit:
            keys = {**given, "tenant_id": self._tenant_id, "limit": PAGE, "after": after}
            rows = self._fetch("find_next_series", keys)
            self._look(list(dict.fromkeys(row[1] for row in rows)))
            for row in rows:
                sight = sights.find(row[1])
                since = None if sight is None else sight.since(row[2])
                if since is not None:
                    found.append(SeriesFound._make([*row, *UNKNOWN, since]))
            if len(rows) < PAGE:
                return self._with_extents(found) if len(found) < limit else found[:limit]
            after = rows[-1][0]
        return found[:limit]

    def get_places(self, ids: Sequence[str]) -> dict[str, Place]:
        """Give names and places of entities, where those attributes are seen; of devices nothing is told."""
        if self._sights is None:
            return super().get_places(ids)
        self._look(ids)
        terms = self.find_names(["name", "location"])
        keyed = sorted((self._seen_keys(one, terms), one) for one in ids)
        places: dict[str, Place] = {}
        for (names, located), pairs in groupby(keyed, key=itemgetter(0)):
            given = {"tenant_id": self._tenant_id, "ids": [one for _, one in pairs]}
            with wrapped_errors():
                rows = self.connection.execute(
                    _SQL["get_seen_places"],
                    {**given, "names": list(names), "places": list(located)},
                    binary=True,
                ).fetchall()
            for entity_id, *values in rows:
                decoded = [None if each is None else msgspec.json.decode(each) for each in values]
                places[entity_id] = Place(*decoded)
        return places

    def _seen_keys(self, entity_id: str, terms: dict[int, Iri]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Give the numbers of the terms by which an entity's name and place may be told."""
        sight = None if self._sights is None else self._sights.find(entity_id)
        seen = [
            (str(number), iri)
            for number, iri in sorted(terms.items())
            if sight is not None and sight.since(iri) is not None
        ]
        return (
            tuple(number for number, iri in seen if iri.endswith("name")),
            tuple(number for number, iri in seen if iri.endswith("location")),
        )

    def _with_extents(self, found: Sequence[SeriesFound]) -> list[SeriesFound]:
        ids = [one.id for one in found]
        since = [None if one.since == BEGINNING else to_datetime(one.since) for one in found]
        with wrapped_errors():
            rows = self.connection.execute(_SQL["get_seen_extent"], [ids, since], binary=True).fetchall()
        extents = {row[0]: row[1:] for row in rows}
        return [
            SeriesFound._make([*one[: -len(UNKNOWN) - 1], *extents[one.id], one.since])
            for one in found
            if one.id in extents
        ]

    def _look(self, ids: Sequence[str]) -> None:
        """Find out what is seen of entities, learning the terms that this takes."""
        if self._sights is None or not ids:
            return None
        with wrapped_errors():
            heads = read_heads(self.connection, self._asker.access, ids)
            while True:
                try:
                    return self._sights.look(heads)
                except TermsMissing as missing:
                    self._asker.terms.learn(missing)
