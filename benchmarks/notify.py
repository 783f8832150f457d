"""Notifications end to end: latency from MQTT publish to webhook, isolation, fan-out, throughput.

    python -m benchmarks.notify [--seconds 20] [--part latency|dead|fanout|sustained] [--rounds 12]

Whether a dead endpoint disturbs the others is asked in short turns (all well, one refuses, one hangs) with
the same servers, in another order each round: what else runs on the machine moves p99 by more than that.

Real mosquitto, embedded PostgreSQL (durable), bridge, one notifier and the receiver as processes, loopback
only. Ratios are of one run: the bare client is httpx, sending the same bodies to the same receiver.
"""

import argparse
import asyncio
import itertools
import json
import signal
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
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
from context_api.store.deliveries_view import find_key, get_statistics
from context_api.store.store import Store
from deploy.embedded.ports import free_port

RATE = 1_000.0
DEVICES = 200
MATCHING = 40
"""Of so many devices each has a subscription of its own: 200 of 1,000 messages per second match."""
ENDPOINTS = 50
ROUNDS = 12
TIMEOUT_MS = 500
KINDS = ("well", "refusing", "hanging")
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

    def subscribe_device(self, number: int, url: str, **endpoint: Any) -> None:
        """One device's notifications to an endpoint."""
        selector = {"type": "AirQualityObserved", "id": f"urn:ngsi-ld:AirQualityObserved:aq-{number:04d}"}
        notification = {"endpoint": {"uri": url, **endpoint}}
        self.subscribe(str(number), url, selector, watchedAttributes=["pm25"], notification=notification)

    def unsubscribe(self, name: str) -> int:
        """How many requests of it had failed."""
        identifier = f"urn:ngsi-ld:Subscription:{name}"
        key = find_key(self.database, self.access, identifier)
        failed = sum(hour.failed for hour in get_statistics(self.database, key, 2).hours)
        self.store.delete_subscription(self.access, identifier)
        return failed

    def transactions(self) -> int:
        """How many the database has committed, by whoever."""
        with self.database.connection() as connection:
            row = connection.execute(
                "select xact_commit from pg_stat_database where datname = current_database()"
            ).fetchone()
        return 0 if row is None else int(row[0])

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


def measure_latency(seconds: float) -> dict[str, Any]:
    """1,000 messages per second; those of some devices are notified, each to an endpoint path of its own."""
    with tempfile.TemporaryDirectory() as folder, load.servers(Path(folder), DEVICES) as bench:
        receiver, city = Receiver(), _City(bench.postgres.url)
        for number in range(MATCHING):
            city.subscribe_device(number, f"{receiver.url}/{number}")
        bridge = load.start_bridge(load.bridge_settings(bench))
        with _notifier(bench.postgres.url):
            time.sleep(3)
            published, took = load.Publishing(bench, int(RATE * seconds), RATE).wait()
            receiver.wait_for(int(published * MATCHING // DEVICES * 0.98), 60)
            time.sleep(2)
            taken = receiver.take()
        load.stop_bridge(bridge)
        receiver.stop()
    ages = sorted(_age_ms(one) for one in taken)
    written = [_age_ms((_notified_at(body), path, body)) for _, path, body in taken]
    return {
        "published_per_s": round(published / took),
        "notified": len(taken),
        "p50_ms": round(statistics.median(ages), 1),
        "p99_ms": round(_p99(ages), 1),
        "highest_ms": round(ages[-1], 1),
        "p50_until_written_ms": round(statistics.median(written), 1),
    }


@dataclass
class _Turns:
    """What the turns of one kind showed, of all endpoints but the one in question."""

    ages_ms: list[float] = field(default_factory=list)
    p99s_ms: list[float] = field(default_factory=list)
    failed: int = 0
    cpu_s: float = 0.0
    transactions: int = 0

    def show(self) -> dict[str, Any]:
        return {
            "notified": len(self.ages_ms),
            "p50_ms": round(statistics.median(self.ages_ms), 1),
            "p99_ms": round(_p99(self.ages_ms), 1),
            "p99_of_turns_ms": [round(p99) for p99 in self.p99s_ms],
            "failed_requests": self.failed,
            "notifier_cpu_s": round(self.cpu_s, 2),
            "transactions": self.transactions,
        }


def measure_isolation(seconds: float, rounds: int = ROUNDS) -> dict[str, Any]:
    """The others' latency while all of fifty endpoints answer, one refuses or one hangs, in turns."""
    turns = {kind: _Turns() for kind in KINDS}
    # Each kind follows each other one as often: what a turn leaves behind falls on all alike
    orders = list(itertools.permutations(KINDS))
    with (
        tempfile.TemporaryDirectory() as folder,
        load.servers(Path(folder), DEVICES) as bench,
        socket.create_server(("127.0.0.1", 0), backlog=1_024) as hanging,
    ):
        receiver, city = Receiver(), _City(bench.postgres.url)
        for number in range(1, ENDPOINTS):
            city.subscribe_device(number, f"{receiver.url}/{number}")
        bases = {
            "well": receiver.url,
            "refusing": f"http://127.0.0.1:{free_port()}",
            "hanging": f"http://127.0.0.1:{hanging.getsockname()[1]}",  # connects, is never accepted
        }
        bridge = load.start_bridge(load.bridge_settings(bench))
        with _notifier(bench.postgres.url) as process:
            time.sleep(3)
            servers = (bench, city, receiver, process)
            _take_turn(*servers, seconds=2.0, url=f"{receiver.url}/0", turn=_Turns())
            for number in range(rounds):
                for kind in orders[number % len(orders)]:
                    # A path of its own: none rests from the turn before
                    url = f"{bases[kind]}/0?{number}"
                    _take_turn(*servers, seconds=seconds / rounds, url=url, turn=turns[kind])
                told = "  ".join(f"{kind} {turns[kind].p99s_ms[-1]:.0f} ms" for kind in KINDS)
                print(f"round {number + 1} of {rounds}: p99 of the others: {told}", file=sys.stderr)
        load.stop_bridge(bridge)
        receiver.stop()
    well = turns["well"]
    return {
        **{kind: turn.show() for kind, turn in turns.items()},
        "p99_to_well": {kind: round(_p99(turns[kind].ages_ms) / _p99(well.ages_ms), 2) for kind in KINDS[1:]},
        "median_p99_to_well": {
            kind: round(statistics.median(turns[kind].p99s_ms) / statistics.median(well.p99s_ms), 2)
            for kind in KINDS[1:]
        },
        "ratio_of_a_round": {kind: _spread(well.p99s_ms, turns[kind].p99s_ms) for kind in KINDS[1:]},
    }


def _spread(well: Sequence[float], dead: Sequence[float]) -> dict[str, float]:
    """The quartiles of dead to well within a round, whose turns share what else the machine does."""
    low, median, high = statistics.quantiles((d / w for w, d in zip(well, dead, strict=True)), n=4)
    return {"quarter": round(low, 2), "median": round(median, 2), "three_quarters": round(high, 2)}


def _take_turn(
    bench: load.Bench,
    city: _City,
    receiver: Receiver,
    process: BaseProcess,
    *,
    seconds: float,
    url: str,
    turn: _Turns,
) -> None:
    # A short timeout, so that one that hangs fails and is tried again within its turn
    city.subscribe_device(0, url, timeout=TIMEOUT_MS)
    answering = ENDPOINTS if url.startswith(receiver.url) else ENDPOINTS - 1
    time.sleep(0.5)
    cpu_s, transactions = load.cpu_s(process.pid or 0), city.transactions()
    published, _ = load.Publishing(bench, int(RATE * seconds), RATE).wait()
    receiver.wait_for(published * answering // DEVICES, 60)
    time.sleep(0.5)
    turn.cpu_s += load.cpu_s(process.pid or 0) - cpu_s
    turn.transactions += city.transactions() - transactions
    taken = [each for each in receiver.take() if not each[1].startswith(b"/0")]
    ages = [_age_ms(one) for one in taken]
    turn.ages_ms += ages
    turn.p99s_ms.append(_p99(ages))
    turn.failed += city.unsubscribe("0")


def _p99(values: Sequence[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]


def _notified_at(body: bytes) -> float:
    """When the notifier wrote it: what was before is the bridge, the database and the lease."""
    text: str = json.loads(body)["notifiedAt"]
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _age_ms(taken: Taken) -> float:
    at, _, body = taken
    observed = json.loads(body)["data"][0]["pm25"]["observedAt"]
    return (at - datetime.fromisoformat(observed.replace("Z", "+00:00")).timestamp()) * 1_000


def measure_fan_out(count: int = FAN_OUT) -> dict[str, Any]:
    """One change, a thousand subscriptions (or `count`)."""
    with tempfile.TemporaryDirectory() as folder, load.servers(Path(folder), 1) as bench:
        receiver, city = Receiver(), _City(bench.postgres.url)
        city.write([1], 0.0, create=True)
        for number in range(count):
            city.subscribe(str(number), f"{receiver.url}/{number}", {"type": "Room"})
        with _notifier(bench.postgres.url):
            time.sleep(3)
            began = time.time()
            city.write([1], 1.0, create=False)
            committed = time.time()
            receiver.wait_for(count, 60)
            last = max(at for at, _, _ in receiver.take())
        receiver.stop()
    return {"write_s": round(committed - began, 2), "all_delivered_after_s": round(last - committed, 2)}


def measure_sustained(backlog: int = BACKLOG) -> dict[str, Any]:
    """A backlog over twenty subscriptions, beside httpx alone with the same bodies."""
    with tempfile.TemporaryDirectory() as folder, load.servers(Path(folder), 1) as bench:
        receiver, city = Receiver(), _City(bench.postgres.url)
        for number in range(20):
            city.subscribe(str(number), f"{receiver.url}/{number}", {"type": "Room"})
        city.write(range(backlog // 20), 0.0, create=True)
        with _notifier(bench.postgres.url) as process:
            receiver.wait_for(backlog, 120)
            cpu_us = load.cpu_s(process.pid or 0) / backlog * 1e6
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
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of the part dead, three turns each")
    parser.add_argument("--part", choices=["latency", "dead", "fanout", "sustained"])
    options = parser.parse_args()
    found: dict[str, Any] = {}
    if options.part in (None, "latency"):
        found["latency"] = measure_latency(options.seconds)
    if options.part in (None, "dead"):
        found["one_of_fifty"] = measure_isolation(options.seconds, options.rounds)
    if options.part in (None, "fanout"):
        found["fan_out"] = measure_fan_out()
    if options.part in (None, "sustained"):
        found["sustained"] = measure_sustained()
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
