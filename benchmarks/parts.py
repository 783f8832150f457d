"""The parts of the report: each runs its benchmarks once and gives their figures.

Every figure that can stand beside a limit does, and the limit is measured in the same run: these machines
change their speed within minutes, a ratio hardly does.
"""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import access, api, bridge_drain, bridge_rate, export, history, ingest, matching, notify
from benchmarks.figures import Figure, at_least, at_most
from context_api.store.database import open_database
from context_api.store.migrate import migrate
from deploy.embedded.postgres import EmbeddedPostgres


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    backlog: int
    """Messages that wait for the bridge."""
    rate: int
    """Messages per second of the steady load."""
    seconds: int
    """Of a steady load."""
    entities: int
    """In the API's database."""
    subscriptions: int
    series: int
    days: int
    """Of history, one value a minute of each series."""
    rows: int
    """Of the export."""
    fan_out: int = notify.FAN_OUT
    """Subscriptions that one change is told to."""
    notifications: int = notify.BACKLOG
    repeats: int = 20
    """Of each question about history."""
    with_memory: bool = True
    """Measure the memory of an API worker under the largest bodies as well."""


FULL = Size(
    backlog=300_000,
    rate=5_000,
    seconds=60,
    entities=100_000,
    subscriptions=10_000,
    series=1_000,
    days=4,
    rows=2_000_000,
)
QUICK = Size(
    backlog=5_000,
    rate=500,
    seconds=4,
    entities=1_000,
    subscriptions=200,
    series=20,
    days=2,
    rows=20_000,
    fan_out=50,
    notifications=500,
    repeats=2,
    with_memory=False,
)
"""Shows that everything runs and that the counts balance; its figures say little."""


def measure_ingestion(size: Size) -> list[Figure]:
    """Messages: a backlog beside paho alone and the bare insert, a steady rate, counts that balance."""
    drained = bridge_drain.measure(size.backlog, devices=1_000)
    steady = bridge_rate.measure(size.rate, size.seconds, devices=1_000, kill=None)
    if steady["values_stored"] != steady["values_published"]:
        raise RuntimeError(f"published and stored differ: {steady}")
    rate = drained["bridge_drain_per_s"]
    cpu = {f"{name}_us": value for name, value in drained["cpu_us_per_message"].items()}
    name = f"Backlog of {size.backlog:,} messages of 5 values"
    steady_rate = f"Steady {size.rate:,} messages/s"
    return [
        Figure(
            name, rate, "messages/s", drained["bare_drain_per_s"], ">= 0.45 x limit",
            drained["ratio_to_bare_drain"] >= 0.45, cpu, "paho alone",
        ),
        Figure(f"{name}, beside the insert", rate, "messages/s", drained["bare_insert_per_s"],
               limit_name="bare idempotent insert"),
        at_most(f"{name}: bridge, highest memory", drained["bridge_rss_mb"]["highest"], "MB", 300),
        at_most(f"{steady_rate}: publish to commit, p99", steady["age_p99_warm_ms"], "ms", 250),
        at_most(f"{steady_rate}: bridge, highest memory",
                steady["bridge_rss_mb"]["highest"], "MB", 300),
    ]  # fmt: skip


def measure_decoding(_: Size) -> list[Figure]:
    """One message of five values, decoded and mapped."""
    return ingest.figures()


def measure_notifications(size: Size) -> list[Figure]:
    """From MQTT to the webhook, one change to a thousand, a backlog beside httpx alone."""
    latency = notify.measure_latency(size.seconds)
    fan_out = notify.measure_fan_out(size.fan_out)
    sustained = notify.measure_sustained(size.notifications)
    all_told = f"One change to {size.fan_out:,} subscriptions, all delivered"
    return [
        at_most("MQTT publish to webhook, p50", latency["p50_ms"], "ms", 60),
        at_most("MQTT publish to webhook, p99", latency["p99_ms"], "ms", 300),
        at_most(all_told, fan_out["all_delivered_after_s"], "s", 2),
        at_least(
            "Notifications from a backlog", sustained["notifications_per_s"], "notifications/s",
            sustained["bare_httpx_per_s"], part=0.4, limit_name="bare httpx loop",
        ),
    ]  # fmt: skip


def measure_matching(size: Size) -> list[Figure]:
    """What subscriptions that do not match add to a write."""

    def measure(url: str) -> list[Figure]:
        migrate(url)
        database = open_database(url)
        try:
            found = matching.measure(database, size.subscriptions - matching.MATCHING, 200)
        finally:
            database.close()
        many, few = found["write_ms_many"], found["write_ms_few"]
        name = f"A write with {size.subscriptions:,} subscriptions of which 10 match"
        return [Figure(name, many, "ms", few, "<= 2 x limit", many <= 2 * few, limit_name="with 10")]

    return _with_postgres(measure)


def measure_api(size: Size) -> list[Figure]:
    """The NGSI-LD API (needs wrk)."""
    return api.measure(size.entities, max(1, size.seconds // 15), runs=1, with_memory=size.with_memory)


def measure_access(size: Size) -> list[Figure]:
    """What access control adds to a request: off, an administrator, one grant of everything (needs wrk)."""
    return access.measure(min(size.entities, 20_000), 1, max(1, size.repeats // 2))


def measure_history(size: Size) -> list[Figure]:
    """Reads of history beside the best SQL, and an export beside COPY."""

    def measure(url: str) -> list[Figure]:
        migrate(url)
        return history.run(url, series=size.series, days=size.days, year=2, runs=size.repeats)

    return _with_postgres(measure) + export.measure(size.rows, size.series, 1)[0]


def _with_postgres(measure: Callable[[str], list[Figure]]) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "postgres") as postgres:
        return measure(postgres.url)


PARTS: Mapping[str, Callable[[Size], list[Figure]]] = {
    "decoding": measure_decoding,
    "ingestion": measure_ingestion,
    "notifications": measure_notifications,
    "matching": measure_matching,
    "api": measure_api,
    "access": measure_access,
    "history": measure_history,
}


def title(name: str) -> str:
    """Say what a part measures: the first sentence of its docstring."""
    text: Any = PARTS[name].__doc__
    return str(text).partition("\n")[0].strip().removesuffix(".")
