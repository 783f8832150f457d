"""What `Store.ingest` costs, beside the bare idempotent insert of the same values in the same run.

    python -m benchmarks.ingest_store DATABASE_URL [--devices 1000] [--rounds 20] [--subscriptions 0]

The database must be migrated and is written to. Every round is one batch: one message of 5 values from each
device, on entities of Smart Data Models size (26 attributes). CPU of PostgreSQL is that of its backends, read
from /proc, so the server has to run on this machine.
"""

import argparse
import gc
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from context_api.ngsild.changes import CreateEntity, Reading, Trigger
from context_api.ngsild.model import Entity, Instance, Kind, Micros
from context_api.ngsild.query import TypeIs
from context_api.ngsild.subscription import Endpoint, EntitySelector, Notifying, Subscription
from context_api.store.access import Access
from context_api.store.database import open_database
from context_api.store.deliveries_in import Delivery
from context_api.store.store import Store

VOCABULARY = "https://smartdatamodels.org/dataModel.Environment/"
TYPE = VOCABULARY + "AirQualityObserved"
MEASURED = [VOCABULARY + name for name in ("pm25", "pm10", "no2", "temperature", "relativeHumidity")]
STATIC = [VOCABULARY + f"fixed{number}" for number in range(20)]
TICKS_PER_S = 100


def make_entity(device: int, now: Micros) -> Entity:
    """An AirQualityObserved of 26 attributes: 5 measured, a location, 20 that hardly ever change."""
    attributes = {name: [Instance(value=1.0, unit_code="GQ", observed_at=now - 1)] for name in MEASURED}
    attributes |= {name: [Instance(value=f"some text of usual length {device}")] for name in STATIC}
    point = {"type": "Point", "coordinates": [139.468 + device / 1e5, 35.754]}
    attributes[VOCABULARY + "location"] = [Instance(kind=Kind.GEO_PROPERTY, value=point)]
    return Entity(id=f"urn:ngsi-ld:AirQualityObserved:bench-{device}", types=(TYPE,), attributes=attributes)


def make_delivery(device: int, at: Micros, number: int) -> Delivery:
    """One message of 5 values."""
    reading = Reading(
        entity_id=f"urn:ngsi-ld:AirQualityObserved:bench-{device}",
        types=(TYPE,),
        attributes={
            name: [Instance(value=number + position / 7, unit_code="GQ", observed_at=at)]
            for position, name in enumerate(MEASURED)
        },
        arrived_at=at,
    )
    return Delivery(
        device_id=f"bench-{device}", topic="t", payload=b"{}", arrived_at=at, readings=(reading,), values=5
    )


def backend_cpu_s(url: str) -> float:
    """CPU seconds used so far by all backends of the database."""
    with psycopg.connect(url, autocommit=True) as connection:
        rows = connection.execute(
            "select pid from pg_stat_activity where backend_type = 'client backend'"
            " and datname = current_database() and pid <> pg_backend_pid()"
        ).fetchall()
    return sum(_ticks(pid) for (pid,) in rows) / TICKS_PER_S


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def measure(name: str, url: str, rounds: int, messages: int, work: Callable[[int], None]) -> None:
    """Run a piece of work and print what one message of it cost."""
    work(0)
    work(1)
    before, cpu, took = backend_cpu_s(url), time.process_time(), []
    for number in range(2, rounds + 2):
        started = time.perf_counter()
        work(number)
        took.append(time.perf_counter() - started)
    python_us = (time.process_time() - cpu) / rounds / messages * 1e6
    server_us = (backend_cpu_s(url) - before) / rounds / messages * 1e6
    rate = messages / statistics.median(took)
    cost = f"python {python_us:6.1f} us   postgres {server_us:6.1f} us per message"
    print(f"{name:34} {rate:9,.0f} messages/s   {cost}")


def insert_bare(url: str, devices: int) -> Callable[[int], None]:
    """The limit: COPY into a stage and INSERT … ON CONFLICT DO NOTHING, 5 rows per message, nothing else."""
    connection = psycopg.connect(url, autocommit=True, options="-c search_path=machi,public")
    connection.execute(
        "create temp table stage (series_id integer, at timestamptz, value float8, recorded_at timestamptz)"
        " on commit delete rows"
    )

    def work(number: int) -> None:
        at = datetime.now(UTC)
        with connection.transaction(), connection.cursor() as cursor:
            with cursor.copy("copy stage from stdin (format binary)") as copy:
                copy.set_types(["int4", "timestamptz", "float8", "timestamptz"])
                for series in range(devices * 5):
                    copy.write_row((1_000_000 + series, at, float(number), at))
            cursor.execute(
                "insert into observation (series_id, at, value, recorded_at)"
                " select series_id, at, value, recorded_at from stage on conflict do nothing"
            )

    return work


def subscribe(store: Store, access: Access, count: int) -> None:
    """Subscriptions on other types, which a write must not pay for."""
    for number in range(count):
        store.create_subscription(
            access,
            Subscription(
                id=f"urn:ngsi-ld:Subscription:bench-{time.time_ns()}-{number}",
                notification=Notifying(endpoint=Endpoint(uri="http://127.0.0.1:9/")),
                entities=(EntitySelector(types=TypeIs(f"{VOCABULARY}Other{number}")),),
                triggers=Trigger.ATTRIBUTE_UPDATED,
            ),
            None,
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("url")
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--subscriptions", type=int, default=0)
    options = parser.parse_args(arguments)
    # As the bridge does: a batch makes many short-lived containers, none of them in a cycle. With Python's
    # default threshold of 700 the collector takes as long as everything else.
    gc.set_threshold(50_000, 20, 50)
    database = open_database(options.url, pool_max=1)
    store = Store(database)
    access = store.tenant("default")
    now = time.time_ns() // 1000
    entities = [make_entity(device, now) for device in range(options.devices)]
    store.apply(access, [CreateEntity(entity_id=entity.id, entity=entity) for entity in entities])
    subscribe(store, access, options.subscriptions)

    batches = [
        [make_delivery(device, now + number * 1_000_000, number) for device in range(options.devices)]
        for number in range(options.rounds + 2)
    ]
    measure(
        "bare idempotent insert, 5 rows",
        options.url,
        options.rounds,
        options.devices,
        insert_bare(options.url, options.devices),
    )
    measure(
        "Store.ingest, 5 values",
        options.url,
        options.rounds,
        options.devices,
        lambda n: _ingest(store, access, batches[n]),
    )
    measure(
        "Store.ingest, redelivered",
        options.url,
        options.rounds,
        options.devices,
        lambda n: _ingest(store, access, batches[n]),
    )
    database.close()


def _ingest(store: Store, access: Access, deliveries: list[Delivery]) -> None:
    store.ingest(access, deliveries)


if __name__ == "__main__":
    main()
