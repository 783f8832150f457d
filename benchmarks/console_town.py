"""A town for the console's benchmark: devices of the usual kinds with one message each, and its API."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec

from adapters.types import Message
from context_api.store.database import open_database
from context_api.store.deliveries_in import Delivery
from context_api.store.keys import create_key
from context_api.store.migrate import migrate
from context_api.store.store import Store
from deploy.embedded.ports import free_port
from deploy.embedded.postgres import EmbeddedPostgres
from devices.ingest import ingest
from devices.model import DeviceDraft, Source
from devices.registry import DeviceRegistry
from devices.simulate.schedule import render, tick_at
from devices.simulate.town import SimulatedDevice, plan_devices
from devices.sources import Sources

SEED = 1
INTERVAL_S = 60.0
_BATCH = 2_000
_SECRET = b"a secret of a benchmark"
_START_S = 60.0
_SERVE = """
import json, sys
from context_api.http.server import serve
from context_api.http.settings import ApiSettings
given = json.loads(sys.argv[1])
serve(ApiSettings(**given, installation_secret=b"a secret of a benchmark", licence="CC BY 4.0"))
"""


@dataclass(frozen=True)
class ServedTown:
    """Where the API is, an administrator's key, and the ids of what there is by type."""

    url: str
    key: str
    ids: list[str]


def fill(database_url: str, count: int) -> list[str]:
    """Register so many devices and store a value of each; returns the ids of the entities."""
    database = open_database(database_url)
    try:
        store = Store(database)
        access = store.tenant("default")
        planned = {f"machi/v1/default/{each.id}/up": each for each in plan_devices(count, SEED)}
        drafts = [
            msgspec.convert(each.registration(INTERVAL_S), DeviceDraft, strict=False)
            for each in planned.values()
        ]
        registry = DeviceRegistry(database)
        for start in range(0, len(drafts), _BATCH):
            registry.register_many(access, drafts[start : start + _BATCH])
        topics = list(planned)
        for start in range(0, len(topics), _BATCH):
            found = Sources(database).find_many(topics[start : start + _BATCH])
            told = [
                _measure(topic, source, planned[topic])
                for topic, source in found.items()
                if isinstance(source, Source)
            ]
            store.ingest(access, told)
        with database.connection() as connection:
            rows = connection.execute(
                "select id from entity where id not like 'urn:ngsi-ld:Device:%' order by id"
            )
            return [str(row[0]) for row in rows]
    finally:
        database.close()


def _measure(topic: str, source: Source, device: SimulatedDevice) -> Delivery:
    now_s = time.time()
    payload = render(device, tick_at(device, now_s, INTERVAL_S, SEED), INTERVAL_S, SEED)
    arrived_at = time.time_ns() // 1000
    found = ingest(Message(topic, payload), source, arrived_at)
    return Delivery(
        device_id=device.id,
        topic=topic,
        payload=payload,
        arrived_at=arrived_at,
        readings=found.readings,
        values=found.values,
    )


@contextmanager
def serve_town(count: int) -> Iterator[ServedTown]:
    """Fill a database of its own and serve it with the built console, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "postgres") as postgres:
        migrate(postgres.url)
        ids = fill(postgres.url, count)
        database = open_database(postgres.url)
        try:
            key = create_key(database, _SECRET, label="benchmark").text
        finally:
            database.close()
        with serving(postgres.url) as url:
            yield ServedTown(url, key, ids)


@contextmanager
def serving(database_url: str) -> Iterator[str]:
    """Serve the API with access control; gives its address."""
    port = free_port()
    given = json.dumps({"database_url": database_url, "port": port, "auth": True})
    process = subprocess.Popen([sys.executable, "-c", _SERVE, given], stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url)
        yield url
    finally:
        process.terminate()
        process.wait(15)


def _wait(url: str) -> None:
    until = time.monotonic() + _START_S
    while True:
        try:
            httpx.get(f"{url}/healthz", trust_env=False)
        except httpx.TransportError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return
