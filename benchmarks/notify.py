"""Notifications end to end: latency from MQTT publish to webhook, isolation, fan-out, throughput.

    python -m benchmarks.notify [--seconds 20] [--part latency|dead|fanout|sustained]

Real mosquitto, embedded PostgreSQL (durable), bridge, one notifier and the receiver as processes, loopback
only. Ratios are of one run: the bare client is httpx, sending the same bodies to the same receiver.
"""

import argparse
import asyncio
import json
import signal
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import httpx

from benchmarks import bridge_load as load
from benchmarks.notify_receiver import Receiver, Taken
from context_api.ngsild.changes import CreateEntity, UpdateAttributes
from context_api.ngsild.contexts import CORE_CONTEXT_URL, core_context
from context_api.ngsild.parse import parse_entity
from context_api.ngsild.subscription import parse_subscription
from context_api.notifications import NotifierSettings, run
from context_api.notifications.outbound import parse_networks
from context_api.store.access import Access
from context_api.store.database import Database, open_database
from context_api.store.store import Store
from deploy.embedded.ports import free_port

RATE = 1_000.0
DEVICES = 200
MATCHING = 40
"""Of so many devices each has a subscription of its own: 200 of 1,000 messages per second match."""
FAN_OUT = 1_000
BACKLOG = 6_000
CONCURRENCY = 16
_spawn = get_context("spawn")


def _serve(settings: NotifierSettings) -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _signal, _frame: stop.set())
    run(settings, stop)


@contextmanager
def _notifier(url: str) -> Iterator[BaseProcess]:
    settings = NotifierSettings(
        database_url=url, outbound_allow=parse_networks(["127.0.0.0/8"]), public_url="http://machi.example"
    )
    process = _spawn.Process(target=_serve, args=(settings,), daemon=True)
    process.start()
    try:
        yield process
    finally:
        process.terminate()
        process.join(15)


class _City:
    """Writes what the measurements need through the store."""

    def __init__(self, url: str) -> None:
        self.database: Database = open_database(url)
        self.store = Store(self.database)
        self.access: Access = self.store.tenant("default")

    def subscribe(self, name: str, url: str, selector: dict[str, Any], **members: Any) -> None:
        document = {
            "id": f"urn:ngsi-ld:Subscription:{name}",
            "type": "Subscription",
            "entities": [selector],
            "notification": {"endpoint": {"uri": url}},
            **members,
        }
        subscription = parse_subscription(document, core_context(), time.time_ns() // 1_000)
        self.store.create_subscription(self.access, subscription, CORE_CONTEXT_URL)

    def write(self, numbers: Sequence[int], value: float, *, create: bool) -> None:
        now = time.time_ns() // 1_000
        changes: list[Any] = []
        for number in numbers:
            document = {"id": f"urn:ngsi-ld:Room:{number}", "type": "Room", "t": {"value": value}}
            entity = parse_entity(document, core_context(), now=now)
            changes.append(
                CreateEntity(entity_id=entity.id, entity=entity)
                if create
                else UpdateAttributes(entity_id=entity.id, attributes=entity.attributes)
            )
        for start in range(0, len(changes), 500):
            outcomes = self.store.apply(self.access, changes[start : start + 500])
            if any(outcome.error is not None for outcome in outcomes):
                raise RuntimeError("a write failed")


def measure_latency(seconds: float, *, subscriptions: int, dead: bool) -> dict[str, Any]:
    """1,000 messages per second; those of some devices are notified, each to an endpoint path of its own."""
    with tempfile.TemporaryDirectory() as folder, load.servers(Path(folder), DEVICES) as bench:
        receiver, city = Receiver(), _City(bench.postgres.url)
        unreachable = f"http://127.0.0.1:{free_port()}/dead"
        for number in range(subscriptions):
            url = unreachable if dead and number == 0 else f"{receiver.url}/{number}"
            selector = {"type": "AirQualityObserved", "id": f"urn:ngsi-ld:AirQualityObserved:aq-{number:04d}"}
            city.subscribe(str(number), url, selector, watchedAttributes=["pm25"])
        bridge = load.start_bridge(load.bridge_settings(bench))
        with _notifier(bench.postgres.url):
            time.sleep(3)
            published, took = load.Publishing(bench, int(RATE * seconds), RATE).wait()
            expected = published * (subscriptions - int(dead)) // DEVICES
            receiver.wait_for(int(expected * 0.98), 60)
            time.sleep(2)
            taken = receiver.take()
        load.stop_bridge(bridge)
        receiver.stop()
    own = [each for each in taken if each[1] != b"/0"]
    ages = sorted(_age_ms(one) for one in own)
    written = [_age_ms((_notified_at(body), path, body)) for _, path, body in own]
    return {
        "published_per_s": round(published / took),
        "notified": len(taken),
        "p50_ms": round(statistics.median(ages), 1),
        "p99_ms": round(ages[int(len(ages) * 0.99)], 1),
        "highest_ms": round(ages[-1], 1),
        "p50_until_written_ms": round(statistics.median(written), 1),
    }


def _notified_at(body: bytes) -> float:
    """When the notifier wrote it: what was before is the bridge, the database and the lease."""
    text: str = json.loads(body)["notifiedAt"]
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _age_ms(taken: Taken) -> float:
    at, _, body = taken
    observed = json.loads(body)["data"][0]["pm25"]["observedAt"]
    return (at - datetime.fromisoformat(observed.replace("Z", "+00:00")).timestamp()) * 1_000


def measure_fan_out() -> dict[str, Any]:
    """One change, a thousand subscriptions."""
    with tempfile.TemporaryDirectory() as folder, load.servers(Path(folder), 1) as bench:
        receiver, city = Receiver(), _City(bench.postgres.url)
        city.write([1], 0.0, create=True)
        for number in range(FAN_OUT):
            city.subscribe(str(number), f"{receiver.url}/{number}", {"type": "Room"})
        with _notifier(bench.postgres.url):
            time.sleep(3)
            began = time.time()
            city.write([1], 1.0, create=False)
            committed = time.time()
            receiver.wait_for(FAN_OUT, 60)
            last = max(at for at, _, _ in receiver.take())
        receiver.stop()
    return {"write_s": round(committed - began, 2), "all_delivered_after_s": round(last - committed, 2)}


def measure_sustained() -> dict[str, Any]:
    """A backlog over twenty subscriptions, beside httpx alone with the same bodies."""
    with tempfile.TemporaryDirectory() as folder, load.servers(Path(folder), 1) as bench:
        receiver, city = Receiver(), _City(bench.postgres.url)
        for number in range(20):
            city.subscribe(str(number), f"{receiver.url}/{number}", {"type": "Room"})
        city.write(range(BACKLOG // 20), 0.0, create=True)
        with _notifier(bench.postgres.url) as process:
            receiver.wait_for(BACKLOG, 120)
            cpu_us = load.cpu_s(process.pid or 0) / BACKLOG * 1e6
        taken = receiver.take()
        times = sorted(at for at, _, _ in taken)
        ours = len(times) / (times[-1] - times[0])
        bare = asyncio.run(_send_bare(receiver.url, [body for _, _, body in taken]))
        receiver.stop()
    return {
        "notifications_per_s": round(ours),
        "bare_httpx_per_s": round(bare),
        "ratio": round(ours / bare, 2),
        "notifier_cpu_us": round(cpu_us),
    }


async def _send_bare(url: str, bodies: Sequence[bytes]) -> float:
    waiting = list(bodies)
    async with httpx.AsyncClient(trust_env=False) as client:

        async def send() -> None:
            while waiting:
                answer = await client.post(
                    f"{url}/bare", content=waiting.pop(), headers={"Content-Type": "application/json"}
                )
                answer.raise_for_status()

        began = time.perf_counter()
        await asyncio.gather(*(send() for _ in range(CONCURRENCY)))
        return len(bodies) / (time.perf_counter() - began)


def main() -> None:
    """Parse the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--part", choices=["latency", "dead", "fanout", "sustained"])
    options = parser.parse_args()
    found: dict[str, Any] = {}
    if options.part in (None, "latency"):
        found["latency"] = measure_latency(options.seconds, subscriptions=MATCHING, dead=False)
    if options.part in (None, "dead"):
        found["fifty_well"] = measure_latency(options.seconds, subscriptions=50, dead=False)
        found["one_of_fifty_dead"] = measure_latency(options.seconds, subscriptions=50, dead=True)
    if options.part in (None, "fanout"):
        found["fan_out"] = measure_fan_out()
    if options.part in (None, "sustained"):
        found["sustained"] = measure_sustained()
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
