"""Topic -> source, cached: the registry as the bridge sees it."""

from collections.abc import Collection
from threading import Event
from typing import TYPE_CHECKING

from devices.model import Source, UnknownSource

if TYPE_CHECKING:
    from context_api.store.database import Database

CACHED_SOURCES = 50_000


class Sources:
    """A bounded cache of sources, kept true by NOTIFY machi_device (`watch`)."""

    def __init__(self, database: "Database", *, size: int = CACHED_SOURCES) -> None:
        self._database = database
        self._size = size

    def find(self, topic: str) -> Source | UnknownSource:
        """Return who speaks on a topic; asks the database if the cache does not know."""
        return self.find_many((topic,))[topic]

    def find_many(self, topics: Collection[str]) -> dict[str, Source | UnknownSource]:
        """Return the sources of a batch's topics, with one query for all that the cache lacks.

        Unknown topics are asked for every time: a device registered a moment ago is never refused by a stale
        answer. Raises StoreUnavailable.
        """
        raise NotImplementedError

    def clear(self) -> None:
        """Forget everything (after a lost database connection)."""
        raise NotImplementedError

    def watch(self, stop: Event) -> None:
        """Listen for changes of devices until `stop`; run it in a thread. Reconnects by itself."""
        raise NotImplementedError
