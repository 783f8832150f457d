"""Topic -> source, cached: the registry as the bridge sees it."""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from functools import partial
from threading import Event, Lock

from context_api.store import devices as store
from context_api.store.database import Database
from context_api.store.listen import listen
from devices.lookup import ProfilesOf, find_sources
from devices.model import FoundSource, Source
from devices.shelf import Shelf

CACHED_SOURCES = 50_000


class Sources:
    """A bounded cache of sources, kept true by NOTIFY machi_device (`watch`); threads may share it."""

    def __init__(
        self,
        database: Database,
        *,
        size: int = CACHED_SOURCES,
        profiles_of: ProfilesOf | None = None,
    ) -> None:
        self._database = database
        self._size = size
        self._profiles_of = partial(Shelf, database) if profiles_of is None else profiles_of
        self._lock = Lock()
        self._cache: OrderedDict[str, Source] = OrderedDict()
        self._topics: dict[str, set[str]] = {}
        """`{tenant}/{device}` -> the cached topics that lead to it."""
        self._changes = 0
        """Counts invalidations: what was read from the database before one is not cached after it."""

    def find(self, topic: str) -> FoundSource:
        """Return who speaks on a topic. Raises StoreUnavailable."""
        return self.find_many((topic,))[topic]

    def find_many(self, topics: Collection[str]) -> dict[str, FoundSource]:
        """Return the sources of a batch's topics, with few queries for all that the cache lacks.

        Unknown topics are asked for every time: a device registered a moment ago is never refused by a stale
        answer. Raises StoreUnavailable.
        """
        found: dict[str, FoundSource] = {}
        with self._lock:
            changes = self._changes
            for topic in topics:
                if (source := self._cache.get(topic)) is not None:
                    self._cache.move_to_end(topic)
                    found[topic] = source
        missing = [topic for topic in topics if topic not in found]
        if missing:
            looked_up = find_sources(self._database, missing, self._profiles_of)
            found.update(looked_up)
            self._remember(looked_up, changes)
        return found

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._changes += 1
            self._cache.clear()
            self._topics.clear()

    def forget(self, tenant_and_device: str) -> None:
        """Forget one device, named `{tenant}/{device}`."""
        with self._lock:
            self._changes += 1
            for topic in self._topics.pop(tenant_and_device, ()):
                self._cache.pop(topic, None)

    def watch(self, stop: Event) -> None:
        """Listen for changes of devices until `stop`; run it in a thread. Reconnects by itself."""
        listen(self._database.url, [store.CHANNEL_DEVICE], self._on_notify, stop)

    def _on_notify(self, _channel: str, payload: str) -> None:
        if payload == store.ALL_DEVICES:
            self.clear()
        else:
            self.forget(payload)

    def _remember(self, found: Mapping[str, FoundSource], changes: int) -> None:
        with self._lock:
            if changes != self._changes:
                return
            for topic, source in found.items():
                if isinstance(source, Source):
                    self._cache[topic] = source
                    self._topics.setdefault(_device_key(source), set()).add(topic)
            while len(self._cache) > self._size:
                topic, source = self._cache.popitem(last=False)
                self._drop_topic(topic, source)

    def _drop_topic(self, topic: str, source: Source) -> None:
        topics = self._topics.get(_device_key(source), set())
        topics.discard(topic)
        if not topics:
            self._topics.pop(_device_key(source), None)


def _device_key(source: Source) -> str:
    return f"{source.tenant}/{source.device_id}"
