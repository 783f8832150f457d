"""Expanded names as integers: terms are made once, never change and are never deleted, so they cache well."""

from collections.abc import Iterable

from context_api.ngsild.model import Iri
from context_api.store.database import Database
from context_api.store.errors import StoreRefused
from context_api.store.queries import load_queries

MAX_CACHED = 200_000
MAX_ARRAYS = 1_000
"""Lists of names whose numbers are remembered together: the types and attributes of like entities."""

_SQL = load_queries("terms")


class TermsMissing(Exception):
    """Names or numbers that this process has not seen yet."""

    def __init__(self, *, iris: Iterable[Iri] = (), keys: Iterable[str] = ()) -> None:
        super().__init__()
        self.iris = frozenset(iris)
        self.keys = frozenset(keys)


class Terms:
    """The cache. `key` is a term's number as text, which is how documents name it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._keys: dict[Iri, str] = {}
        self._iris: dict[str, Iri] = {}
        self._arrays: dict[tuple[Iri, ...], str] = {}

    def key(self, iri: Iri) -> str:
        """Give the number of a name, as text; raises TermsMissing."""
        try:
            return self._keys[iri]
        except KeyError:
            raise TermsMissing(iris=(iri,)) from None

    def iri(self, key: str) -> Iri:
        """Give the name of a number; raises TermsMissing."""
        try:
            return self._iris[key]
        except KeyError:
            raise TermsMissing(keys=(key,)) from None

    def array(self, iris: tuple[Iri, ...]) -> str:
        """Give the numbers of names as the text of a PostgreSQL array; raises TermsMissing."""
        written = self._arrays.get(iris)
        if written is None:
            written = "{" + ",".join([self.key(iri) for iri in iris]) + "}"
            if len(self._arrays) >= MAX_ARRAYS:
                self._arrays.clear()
            self._arrays[iris] = written
        return written

    def numbers(self, iris: Iterable[Iri]) -> list[int]:
        """Give the numbers of names; raises TermsMissing."""
        return [int(self.key(iri)) for iri in iris]

    def iris(self, numbers: Iterable[int]) -> tuple[Iri, ...]:
        """Give the names of numbers; raises TermsMissing."""
        return tuple([self.iri(str(number)) for number in numbers])

    def find(self, iris: Iterable[Iri]) -> list[int]:
        """Give the numbers of those names that exist, without making any: for queries."""
        wanted = list(iris)
        unknown = [iri for iri in wanted if iri not in self._keys]
        if unknown:
            with self._database.connection() as connection:
                self._remember(connection.execute(_SQL["find_terms"], [unknown]).fetchall())
        return [int(self._keys[iri]) for iri in wanted if iri in self._keys]

    def learn(self, missing: TermsMissing) -> None:
        """Make the missing names and load the missing numbers, in a transaction of their own."""
        with self._database.connection() as connection:
            iris = sorted(_storable(iri) for iri in missing.iris if iri not in self._keys)
            if iris:
                known = connection.execute(_SQL["find_terms"], [iris]).fetchall()
                absent = sorted(set(iris) - {iri for _, iri in known})
                if absent:
                    # A sequence number is spent on every conflict: hence the look before the leap.
                    connection.execute(_SQL["create_terms"], [absent])
                    known = connection.execute(_SQL["find_terms"], [iris]).fetchall()
                self._remember(known)
            if missing.keys:
                numbers = [int(key) for key in missing.keys]
                self._remember(connection.execute(_SQL["get_terms"], [numbers, MAX_CACHED // 2]).fetchall())

    def _remember(self, rows: Iterable[tuple[int, Iri]]) -> None:
        if len(self._keys) > MAX_CACHED:
            self._keys.clear()
            self._iris.clear()
        for number, iri in rows:
            key = str(number)
            self._keys[iri] = key
            self._iris[key] = iri


def _storable(iri: Iri) -> Iri:
    if "\0" in iri:
        raise StoreRefused(f"A name with the character U+0000 cannot be stored: {iri!r}")
    return iri
