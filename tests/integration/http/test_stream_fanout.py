"""Streams of several workers: one reads the database for all; with or without Redis they tell the same."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import redis

from context_api.http.settings import ApiSettings
from deploy.embedded.ports import free_port
from deploy.embedded.redis import EmbeddedRedis
from tests.integration.http.conftest import serving
from tests.integration.http.event_source import Event, Listener, listening
from tests.integration.http.test_stream import create, sensor
from tests.integration.http.web_socket import socket_listening
from tests.support.waiting import wait_until

ASKED = {"type": "Sensor", "format": "keyValues", "attrs": "pm25"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    running = EmbeddedRedis(tmp_path / "redis", port=free_port())
    running.start()
    yield running
    running.stop()


class Workers:
    """One that has no Redis, and two that share one; to each a stream of either kind."""

    def __init__(self, stack: ExitStack, settings: ApiSettings, redis_url: str) -> None:
        settings = replace(settings, stream_age_s=3_600.0)
        shared = replace(settings, redis_url=redis_url)
        given = (settings, shared, shared)
        self.polling, *self.sharing = (stack.enter_context(serving(one)) for one in given)
        self.value = 0
        create(self.polling, sensor(1, 0), sensor(2, 0))
        self.streams: list[Listener] = []
        for api in (self.polling, *self.sharing):
            self.streams.append(stack.enter_context(listening(api, **ASKED)))
            self.streams.append(stack.enter_context(socket_listening(api, None, None, **ASKED)))

    def write(self, count: int = 1) -> None:
        for _ in range(count):
            self.value += 1
            create(self.polling, sensor(self.value % 2 + 1, self.value))

    def changes(self, source: str) -> list[float]:
        """How many changes the workers that share had from there."""
        return [counted(api, source) for api in self.sharing]

    def write_until_one_follows(self) -> None:
        """Until one of them has changes by Redis: the other reads the database for it."""
        before = self.changes("redis")

        def is_following() -> bool | None:
            self.write()
            now = self.changes("redis")
            return True if max(n - b for n, b in zip(now, before, strict=True)) >= 5 else None

        wait_until(is_following)

    def told(self) -> list[list[Event]]:
        """What every stream was told, up to the last change."""
        return [one.until(lambda event: event.data["data"][0]["pm25"] == self.value) for one in self.streams]


def counted(api: httpx.Client, source: str) -> float:
    name = f'machi_stream_changes_total{{source="{source}"}}'
    lines = api.get("/metrics").text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


@pytest.mark.parametrize("blow", ["stopped", "flushed"])
def test_all_workers_tell_the_same_whatever_becomes_of_redis(
    settings: ApiSettings, server: EmbeddedRedis, blow: str
) -> None:
    with ExitStack() as stack:
        workers = Workers(stack, settings, server.url)
        workers.write_until_one_follows()
        if blow == "stopped":
            server.stop()
            before = sum(workers.changes("database"))
            workers.write(30)
            # Without Redis both read the database
            wait_until(lambda: True if sum(workers.changes("database")) >= before + 60 else None)
            server.start()
        else:
            with redis.Redis.from_url(server.url) as client:
                for _ in range(10):
                    workers.write(3)
                    client.flushall()
        workers.write_until_one_follows()
        workers.write(20)
        first, *others = workers.told()
    assert [event.data["data"][0]["pm25"] for event in first] == list(range(1, workers.value + 1))
    expected = [(event.id, event.data["id"], event.data["data"]) for event in first]
    for told in others:
        assert [(event.id, event.data["id"], event.data["data"]) for event in told] == expected


def test_when_the_publisher_goes_another_reads_on(settings: ApiSettings, server: EmbeddedRedis) -> None:
    """Also into a Redis that holds entries of before, and with tenants that come and go."""
    shared = replace(settings, stream_age_s=3_600.0, redis_url=server.url)
    with ExitStack() as stack:
        first = ExitStack()
        workers = [first.enter_context(serving(shared))]
        create(workers[0], sensor(1, 0))
        create(workers[0], sensor(1, 0), tenant="north")
        leading = first.enter_context(listening(workers[0], **ASKED))
        workers += [stack.enter_context(serving(shared)) for _ in range(2)]
        streams = [stack.enter_context(listening(one, **ASKED)) for one in workers[1:]]
        north = stack.enter_context(listening(workers[1], {"NGSILD-Tenant": "north"}, **ASKED))
        for value in range(1, 41):
            create(workers[1], sensor(1, value))
            create(workers[1], sensor(1, -value), tenant="north")
        values = [[event.data["data"][0]["pm25"] for event in one.take(40)] for one in (leading, *streams)]
        assert values == [list(range(1, 41))] * 3
        first.close()
        for value in range(41, 81):
            create(workers[1], sensor(1, value))
        values = [[event.data["data"][0]["pm25"] for event in one.take(40)] for one in streams]
        assert values == [list(range(41, 81))] * 2
        assert [event.data["data"][0]["pm25"] for event in north.take(40)] == [-n for n in range(1, 41)]


def test_a_single_worker_asks_redis_to_keep_nothing(settings: ApiSettings, server: EmbeddedRedis) -> None:
    shared = replace(settings, stream_age_s=3_600.0, redis_url=server.url)
    with serving(shared) as api, redis.Redis.from_url(server.url) as client:
        create(api, sensor(1, 0))
        with listening(api, **ASKED) as stream:
            wait_until(lambda: True if client.keys("*:publisher") else None)
            for value in range(1, 6):
                create(api, sensor(1, value))
            assert len(stream.take(5)) == 5
            assert client.keys("*:tenant:*") == []
        wait_until(lambda: True if not client.keys("*:publisher") else None)
