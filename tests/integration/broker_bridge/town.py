"""A database with registered devices, and questions to it."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import psycopg

from broker_bridge import BridgeSettings
from context_api.store.access import Access
from context_api.store.database import open_database
from context_api.store.store import Store
from deploy.embedded.ports import free_port
from devices.model import DeviceDraft, Registered
from devices.registry import DeviceRegistry

T0_MS = 1_763_856_000_000
"""2025-11-23T00:00:00Z, for messages that carry their time."""


class Town:
    """`Town(url, ["a", "b"])` registers air quality stations; everything is asked of the database itself."""

    def __init__(self, url: str, devices: Sequence[str]) -> None:
        self.url = url
        self.database = open_database(url)
        self.store = Store(self.database)
        self.access: Access = self.store.tenant("default")
        drafts = [DeviceDraft(id=name, profile="air-quality") for name in devices]
        registered = DeviceRegistry(self.database).register_many(self.access, drafts)
        self.topics = {
            one.device.id: one.credentials.topic
            for one in registered
            if isinstance(one, Registered) and one.credentials
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.database.close()

    def settings(self, mqtt_url: str, **other: Any) -> BridgeSettings:
        """Settings of a bridge that reconnects quickly."""
        defaults: dict[str, Any] = {
            "database_url": self.url,
            "mqtt_url": mqtt_url,
            "backoff_min_s": 0.05,
            "backoff_max_s": 0.3,
            "refused_retry_s": 0.5,
            "http_port": free_port(),
        }
        return BridgeSettings(**(defaults | other))

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, options="-c search_path=machi") as connection:
            return connection.execute(query.encode()).fetchall()

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.url, options="-c search_path=machi") as connection:
            connection.execute(statement.encode())

    @contextmanager
    def locked(self, table: str) -> Iterator[None]:
        """Nobody writes a table meanwhile: what needs it waits, as behind a slow disk."""
        with psycopg.connect(self.url, options="-c search_path=machi") as connection:
            connection.execute(f"lock table {table} in exclusive mode".encode())
            yield

    def series(self, device: str, attribute: str = "pm25") -> list[float]:
        """The values of one attribute in the history, by time."""
        rows = self.ask(
            "select o.value from observation o join series s on s.id = o.series_id "
            "join term t on t.id = s.attribute_id "
            f"where s.entity_id = 'urn:ngsi-ld:AirQualityObserved:{device}' "
            f"and t.iri like '%/{attribute}' order by o.at, o.value"
        )
        return [value for (value,) in rows]

    def count(self, device: str, attribute: str = "pm25") -> int:
        return len(self.series(device, attribute))

    def counters(self, device: str) -> dict[str, int]:
        """What became of the messages of a device; the equations of promise 2 are checked on the way."""
        names = ("received", "stored", "duplicate", "corrected", "ignored", "quarantined")
        columns = [f"{unit}_{name}" for unit in ("messages", "values") for name in names]
        rows = self.ask(f"select {', '.join(columns)} from device_counter where device_id = '{device}'")
        row = rows[0] if rows else (0,) * len(columns)
        for part in (row[:6], row[6:]):
            assert part[0] == sum(part[1:]), f"{device}: {dict(zip(columns, row, strict=True))}"
        return dict(zip(names, row[:6], strict=True))

    def quarantine(self) -> list[tuple[str, str]]:
        """Device and reason of every message kept aside, in the order they were."""
        return [tuple(row) for row in self.ask("select device_id, reason from quarantine order by id")]


def timed(number: int, **values: float) -> bytes:
    """A payload with a time of its own."""
    return json.dumps({"observedAt": T0_MS + number * 1000, "pm25": float(number), **values}).encode()


def untimed(number: int) -> bytes:
    """A payload that leaves its time to the arrival."""
    return json.dumps({"pm25": float(number)}).encode()
