"""Loads a recording into history, past broker and bridge: nobody is notified, no current value changes."""

import time
from collections.abc import Iterator
from functools import partial
from threading import Event

from adapters.types import Message
from context_api.ngsild.changes import Reading
from context_api.ngsild.model import Iri, Micros
from context_api.ngsild.time import format_datetime
from context_api.store.access import Access
from context_api.store.backfill import ROWS_PER_TRANSACTION, BackfillOutcome, HistorySeries, HistoryValue
from context_api.store.database import Database
from context_api.store.store import Store
from devices.ingest import ingest
from devices.lookup import find_sources
from devices.model import Source
from devices.replay.recording import Measurement, Recording
from devices.replay.run import OnStatus, ReplaySettings, ReplayStatus, open_recording, render
from devices.shelf import Shelf


def run_backfill(
    settings: ReplaySettings, database: Database, stop: Event, on_status: OnStatus = lambda _: None
) -> ReplayStatus:
    """Load a recording, or as much as there is until `stop`; run again, it goes on where it was.

    Its devices are registered first, as for a replay. Raises MapError, OSError (the file), RegistrationError,
    ValueError (an address), StoreError.
    """
    recording, logins = open_recording(settings, on_status)
    topics = {login.topic: device for device, login in logins.items()}
    found = find_sources(database, topics, partial(Shelf, database))
    sources = {topics[topic]: source for topic, source in found.items() if isinstance(source, Source)}
    store = Store(database)
    access = store.tenant(settings.tenant, principal="backfill")
    return _Loader(recording, sources, store, access, on_status).load(stop)


class _Loader:
    """Turns measurements into values of series and loads them, some tens of thousands at a time."""

    def __init__(
        self,
        recording: Recording,
        sources: dict[str, Source],
        store: Store,
        access: Access,
        on_status: OnStatus,
    ) -> None:
        self._recording = recording
        self._sources = sources
        self._store = store
        self._access = access
        self._on_status = on_status
        self._now: Micros = time.time_ns() // 1000
        self._series: list[HistorySeries] = []
        self._numbers: dict[tuple[str, Iri], int] = {}
        self._outcome = BackfillOutcome()
        self._read = self._loaded = self._refused = 0
        self._newest: Micros | None = None

    def load(self, stop: Event) -> ReplayStatus:
        """Load everything."""
        waiting: list[HistoryValue] = []
        for measurement in self._recording.measurements():
            if stop.is_set():
                break
            waiting += self._values(measurement)
            if len(waiting) >= ROWS_PER_TRANSACTION:
                self._flush(waiting)
                waiting = []
        if waiting and not stop.is_set():
            self._flush(waiting)
        return self._status("done")

    def _values(self, measurement: Measurement) -> Iterator[HistoryValue]:
        self._read += 1
        source = self._sources.get(measurement.device)
        message = Message(topic="", payload=render(measurement))
        ingested = None if source is None else ingest(message, source, self._now)
        if ingested is None or ingested.quarantine is not None:
            self._refused += 1
            return
        self._newest = max(measurement.at, self._newest or measurement.at)
        for reading in ingested.readings:
            for name, instances in reading.attributes.items():
                for instance in instances:
                    at = measurement.at if instance.observed_at is None else instance.observed_at
                    yield HistoryValue(self._number(reading, name), at, instance)

    def _number(self, reading: Reading, name: Iri) -> int:
        """Give the number of a series; the first of its instances shows its kind and unit."""
        key = (reading.entity_id, name)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._series)
            pattern = reading.attributes[name][0]
            self._series.append(HistorySeries(reading.entity_id, reading.types, name, pattern))
        return number

    def _flush(self, values: list[HistoryValue]) -> None:
        self._outcome += self._store.backfill(self._access, self._series, values)
        self._loaded = self._read
        self._on_status(self._status("playing"))

    def _status(self, phase: str) -> ReplayStatus:
        rows = self._recording.counts
        return ReplayStatus(
            phase=phase,
            devices=len(self._sources),
            registered=len(self._sources),
            rows=rows.rows,
            left_out=rows.left_out,
            empty=rows.empty,
            missing=rows.missing,
            unreadable=rows.unreadable,
            values=rows.values,
            published=self._read,
            acknowledged=self._loaded - self._refused,
            refused=self._refused,
            recorded_until=None if self._newest is None else format_datetime(self._newest),
            outcome=self._outcome,
        )
